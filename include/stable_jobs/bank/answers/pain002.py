"""ISO 20022 pain.002 (customer payment status report), read as a stream.

A status stands for the message, for a payment block or for a transaction. What names transactions speaks for
them; a status above them that names none becomes a Whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from stable_jobs.bank.answers.model import AnswerProblem, Heading, Item, Outcome, Whole
from stable_jobs.bank.answers.pain002_entry import (
    NOTHING,
    PARTLY,
    Reason,
    contradict,
    judged,
    reason_of,
    row_of,
    status_of,
    text_of,
)
from stable_jobs.bank.answers.problems import Unreadable, problem, refused
from stable_jobs.bank.answers.reasons import Agreed
from stable_jobs.bank.answers.text import bank_text
from stable_jobs.bank.answers.xml_source import Source, check_encoding

if TYPE_CHECKING:
    from lxml.etree import XMLSyntaxError
    from lxml.etree import _Element as Element

NAMESPACE = re.compile(r"urn:iso:std:iso:20022:tech:xsd:pain\.002\.001\.(?:03|1[0-5])", re.ASCII)
REPORT = "CstmrPmtStsRpt"
GROUP, PAYMENT, TRANSACTION = "OrgnlGrpInfAndSts", "OrgnlPmtInfAndSts", "TxInfAndSts"
PARENTS = {
    GROUP: (REPORT, "Document"),
    PAYMENT: (REPORT, "Document"),
    TRANSACTION: (PAYMENT, REPORT, "Document"),
}
"""Where an entry stands: its parent, the parent's parent, …"""
FREE = "SplmtryData"
"""Below it a bank may put anything; nothing of it is read."""
MOST_ID = 35


def read_pain002(file: Path, agreed: Agreed | None = None) -> Iterator[Item]:
    """Rows, problems and statuses of a whole, as they come. AnswerRefused where it is no pain.002.

    agreed: the bank's own reasons, by what they mean.
    """
    from lxml import etree

    check_encoding(file)
    report = _Report(agreed or {})
    with file.open("rb") as opened:
        source = Source(opened)
        entries = etree.iterparse(
            source, tag=[f"{{*}}{name}" for name in PARENTS], encoding="utf-8", remove_comments=True,
            remove_pis=True, resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False,
        )  # fmt: skip
        try:
            for _, element in entries:
                if report.has_place_for(element):
                    yield from report.items(element)
                    _drop(element)
                    source.entry_ended()
        except etree.XMLSyntaxError as error:
            raise _not_xml(error) from None
    yield from report.end(entries.root)


def _not_xml(error: XMLSyntaxError) -> Exception:
    from lxml import etree

    is_encoding = error.code == etree.ErrorTypes.ERR_INVALID_ENCODING
    rule = "answer.encoding" if is_encoding else "answer.not_xml"
    return refused(rule, f"line {error.lineno}: {error.msg}")


def _drop(element: Element) -> None:
    """Free what was read: the entry's content, and all that stands before it."""
    element.clear()
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]


def _local(element: Element | None) -> str:
    return "" if element is None else str(element.tag).rpartition("}")[2]


class _Report:
    """How far the reader is: the namespace, the message answered, and what is said above the next row."""

    def __init__(self, agreed: Agreed) -> None:
        self.agreed = agreed
        self.namespace = ""
        self.message_id: str | None = None
        self.group: Outcome | None = None
        self.group_fault: str | None = None
        self.group_reason = NOTHING
        self.block: Element | None = None
        self.payment: Outcome | None = None
        self.inherited: tuple[Outcome | None, Reason] = (None, NOTHING)
        self.rows = 0
        self.has_spoken = False

    def items(self, element: Element) -> Iterator[Item]:
        """What one entry says."""
        name = _local(element)
        if name == GROUP:
            yield from self._group(element)
        elif name == PAYMENT:
            yield from self._end_payment(element)
        else:
            yield from self._start_payment(element.getparent())
            self.rows += 1
            self.has_spoken = True
            above = self.group, self.payment
            yield row_of(self.namespace, element, self.rows, above, self.inherited, self.agreed)

    def end(self, root: Element | None) -> Iterator[Item]:
        """The message's own status, where nothing below it said anything."""
        if self.message_id is None:
            self._take_namespace(root)
            raise refused("answer.structure", f"no {GROUP}")
        if self.group is not None and not self.has_spoken:
            reason = self.group_reason
            yield Whole(self.message_id, None, self.group, reason.code, reason.words, self.group_fault)

    def has_place_for(self, element: Element) -> bool:
        """False below supplementary data. AnswerRefused where pain.002 has no such entry."""
        name = _local(element)
        above = list(element.iterancestors())
        if any(_local(ancestor) == FREE for ancestor in above):
            return False
        self._take_namespace(above[-1] if above else element)
        expected = [f"{{{self.namespace}}}{step}" for step in (name, *PARENTS[name])]
        is_late = (name == GROUP) != (self.message_id is None)
        if is_late or [str(step.tag) for step in (element, *above)] != expected:
            raise refused("answer.structure", f"{name} in {_local(element.getparent()) or 'no place'}")
        return True

    def _take_namespace(self, root: Element | None) -> None:
        if not self.namespace:
            tag = "no element" if root is None else str(root.tag)
            namespace, _, name = tag.removeprefix("{").partition("}")
            if not NAMESPACE.fullmatch(namespace) or name != "Document":
                raise refused("answer.message", tag)
            self.namespace = namespace

    def _group(self, element: Element) -> Iterator[Item]:
        kind = self._text(element, "OrgnlMsgNmId") or "none"
        if not kind.startswith("pain.001"):
            raise refused("answer.message", f"OrgnlMsgNmId {kind}", "an answer to a pain.001")
        self.message_id = self._id(element, "OrgnlMsgId")
        report = element.getparent()
        own = None if report is None else self._text(report, "GrpHdr/MsgId")
        yield Heading(None if own is None else bank_text(own), self.message_id)
        said, problems = self._status(element, "GrpSts")
        self.group_reason = reason_of(self.namespace, element, of_whole=True)
        self.group, self.group_fault = judged(said, self.group_reason, self.agreed)
        yield from problems

    def _start_payment(self, block: Element | None) -> Iterator[Item]:
        if block is not None and block is not self.block:
            self.block = block
            said, problems = self._status(block, "PmtInfSts")
            reason = self._reason_above(block)
            self.payment, _ = judged(said, reason, self.agreed)
            has_own = self._text(block, "PmtInfSts") is not None
            self.inherited = self.payment if has_own else self.group, reason
            yield from problems

    def _end_payment(self, element: Element) -> Iterator[Item]:
        if element is self.block:
            return
        said, problems = self._status(element, "PmtInfSts")
        yield from problems
        reason = self._reason_above(element)
        outcome, fault = judged(said, reason, self.agreed)
        if contradict(outcome, self.group):
            yield problem("answer.contradicts_whole", self._text(element, "PmtInfSts") or "")
        elif outcome is not None:
            ids = self.message_id or "", self._id(element, "OrgnlPmtInfId")
            yield Whole(*ids, outcome, reason.code, reason.words, fault)
        self.has_spoken = self.has_spoken or self._text(element, "PmtInfSts") is not None

    def _reason_above(self, block: Element) -> Reason:
        """The block's own reason, else the message's."""
        own = reason_of(self.namespace, block, of_whole=True)
        return own if own.codes or own.words else self.group_reason

    def _status(self, element: Element, name: str) -> tuple[Outcome | None, list[AnswerProblem]]:
        """None where nothing is said of all; an unknown status is a problem without a row."""
        code = self._text(element, name)
        if code is None or code == PARTLY:
            return None, []
        try:
            return status_of(code), []
        except Unreadable as wrong:
            return None, [problem(wrong.rule, f"{name} {wrong.found}")]

    def _id(self, element: Element, steps: str) -> str:
        found = self._text(element, steps)
        if found is None or len(found) > MOST_ID:
            raise refused("answer.structure", f"{steps}: {found or 'none'}", "an id of at most 35 characters")
        return bank_text(found)

    def _text(self, element: Element, steps: str) -> str | None:
        return text_of(self.namespace, element, steps)
