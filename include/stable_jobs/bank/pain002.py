"""ISO 20022 pain.002 (customer payment status report), read as a stream.

A status is for the message, for a payment block or for a transaction. One that names transactions is for
them; a status above them that names none becomes a Whole. Source of the statuses and of what may not
contradict: ISO 20022 external code sets, and the message's rules GroupStatusAccepted and
GroupStatusRejected.

The parser gets the file in pieces, and the file is refused where it could harm us: no document type, so no
entity of any kind; UTF-8 only, so that this cannot be hidden; and no entry of the message longer than any
honest one, so that the tree in memory stays small whatever the file holds.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import IO, NamedTuple

from lxml import etree
from lxml.etree import _Element as Element

from stable_jobs.bank.answers import (
    AnswerHead,
    AnswerProblem,
    Item,
    Outcome,
    Row,
    Unreadable,
    Whole,
    bank_text,
    problem,
    read_code,
    read_id,
    read_iso_amount,
    read_iso_day,
    read_text,
    refused,
)
from stable_jobs.bank.banks import Agreed, verdict

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


def _not_xml(error: etree.XMLSyntaxError) -> Exception:
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
        """The rows of one entry."""
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
        """The message's own status, if nothing below it has one."""
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
        yield AnswerHead(None if own is None else bank_text(own), self.message_id)
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


# --- one entry: its statuses, reasons, amount and day as values ---


SETTLED = ("ACSC", "ACCC")
UNDER_WAY = ("RCVD", "PDNG", "PATC", "ACTC", "ACCP", "ACFC", "ACFW", "ACPD", "ACSP", "ACWC", "ACWP")
OUTCOMES: Mapping[str, Outcome] = {
    **dict.fromkeys(SETTLED, "paid"),
    **dict.fromkeys(UNDER_WAY, "pending"),
    "RJCT": "returned",
}
"""Others (cancelled, blocked, …) say neither that money moved nor that it may move again: refused."""
PARTLY = "PART"
"""Of a group: each transaction has a status of its own."""
YUAN = "CNY"
AMOUNTS = ("OrgnlTxRef/Amt/InstdAmt", "OrgnlTxRef/IntrBkSttlmAmt")
OTHER_AMOUNT = "OrgnlTxRef/Amt/EqvtAmt"
DAYS = ("OrgnlTxRef/IntrBkSttlmDt", "AccptncDtTm")


class Reason(NamedTuple):
    """Why the bank says what it says. codes: all it gives, ISO or its own; code: the first one."""

    codes: tuple[str, ...] = ()
    code: str | None = None
    words: str | None = None
    of_whole: bool = False


NOTHING = Reason()


@lru_cache(maxsize=256)
def path(namespace: str, steps: str) -> str:
    """`a/b` with the namespace in each step, as lxml finds elements."""
    return "/".join(f"{{{namespace}}}{step}" for step in steps.split("/"))


def text_of(namespace: str, element: Element, steps: str) -> str | None:
    """The text there, stripped; None where there is none."""
    found = element.findtext(path(namespace, steps))
    return (found.strip() or None) if found else None


def status_of(code: str) -> Outcome:
    """Unreadable for a status that is none of ours to act on."""
    if code not in OUTCOMES:
        raise Unreadable("answer.status", code)
    return OUTCOMES[code]


def contradict(first: Outcome | None, second: Outcome | None) -> bool:
    """True where one says paid and the other returned."""
    return {first, second} == {"paid", "returned"}


def judged(outcome: Outcome | None, reason: Reason, agreed: Agreed) -> tuple[Outcome | None, str | None]:
    """A reject by its reason: `duplicate` where the bank has the payment, else with whose fault it is."""
    if outcome != "returned":
        return outcome, None
    found = verdict(reason.codes, reason.words, agreed, of_whole=reason.of_whole)
    return ("duplicate", None) if found == "duplicate" else (outcome, found)


def reason_of(namespace: str, element: Element, *, of_whole: bool = False) -> Reason:
    """Every reason's code (ISO or the bank's own), and all their words in order."""
    codes: list[str | None] = []
    words: list[str] = []
    for reason in element.iterfind(path(namespace, "StsRsnInf")):
        codes.append(text_of(namespace, reason, "Rsn/Cd") or text_of(namespace, reason, "Rsn/Prtry"))
        words.extend(part.text or "" for part in reason.iterfind(path(namespace, "AddtlInf")))
    found = tuple(filter(None, codes))
    return Reason(found, read_code(next(iter(found), None)), read_text(" ".join(words)), of_whole)


def row_of(
    namespace: str,
    element: Element,
    row_no: int,
    above: Sequence[Outcome | None],
    inherited: tuple[Outcome | None, Reason],
    agreed: Agreed,
) -> Row | AnswerProblem:
    """A transaction as a row. above: statuses it must not contradict.

    inherited: its own status, if it has none, and its own reason, if it is rejected without one.
    """
    end_to_end_id = None
    try:
        end_to_end_id = read_id(text_of(namespace, element, "OrgnlEndToEndId"))
        outcome = _outcome(namespace, element, above, inherited[0])
        reason = reason_of(namespace, element)
        if outcome in ("returned", "duplicate") and not _speaks(reason):
            has_own = text_of(namespace, element, "TxSts") is not None
            reason = reason if has_own and not _speaks(inherited[1]) else inherited[1]
        known, fault = judged(outcome, reason, agreed)
        amount, day = _amount(namespace, element), _booked_on(namespace, element)
        return Row(row_no, end_to_end_id, known or outcome, reason.code, reason.words, amount, day, fault)
    except Unreadable as wrong:
        return problem(
            wrong.rule, wrong.found, row_no=row_no, end_to_end_id=end_to_end_id, expected=wrong.expected
        )


def _speaks(reason: Reason) -> bool:
    return bool(reason.codes or reason.words)


def _outcome(
    namespace: str, element: Element, above: Sequence[Outcome | None], inherited: Outcome | None
) -> Outcome:
    code = text_of(namespace, element, "TxSts")
    if code is None:
        if inherited is None:
            raise Unreadable("answer.status", "none")
        return inherited
    outcome = status_of(code)
    if any(contradict(outcome, status) for status in above):
        raise Unreadable("answer.contradicts_whole", code)
    return outcome


def _amount(namespace: str, element: Element) -> Decimal | None:
    """The amount that we instructed, else the settled one; None if the bank repeats neither."""
    for steps in AMOUNTS:
        found = element.find(path(namespace, steps))
        if found is not None:
            if found.get("Ccy") != YUAN:
                raise Unreadable("answer.currency", found.get("Ccy") or "none")
            return read_iso_amount((found.text or "").strip())
    if element.find(path(namespace, OTHER_AMOUNT)) is not None:
        raise Unreadable("answer.currency", "an equivalent amount")
    return None


def _booked_on(namespace: str, element: Element) -> date | None:
    found = next(filter(None, (text_of(namespace, element, steps) for steps in DAYS)), None)
    return None if found is None else read_iso_day(found)


# --- the bytes ---


MOST_ENTRY = 4 * 1024 * 1024
"""Bytes between the end of one entry and the end of the next; a transaction takes some 700."""
FORBIDDEN = (b"<!DOCTYPE", b"<!ENTITY")
LONGEST = max(map(len, FORBIDDEN)) - 1
OTHER_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
DECLARED = re.compile(rb"""\s*<\?xml[^>]*?\sencoding\s*=\s*["']([^"']*)["']""")
START = 512


class Source:
    """The source that `iterparse` reads. `entry_ended` says that the bytes read so far have been used."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._tail = b""
        self._since_entry = 0

    def entry_ended(self) -> None:
        """One more entry is read and dropped from the tree."""
        self._since_entry = 0

    def read(self, size: int = -1) -> bytes:
        """The next piece; AnswerRefused for a declaration or an entry without an end."""
        piece = self._file.read(size)
        if any(mark in self._tail + piece for mark in FORBIDDEN):
            raise refused("answer.doctype", "a document type or entity declaration")
        self._tail = piece[-LONGEST:] if len(piece) >= LONGEST else (self._tail + piece)[-LONGEST:]
        self._since_entry += len(piece)
        if self._since_entry > MOST_ENTRY:
            raise refused("answer.structure", f"more than {MOST_ENTRY} bytes without an entry")
        return piece


def check_encoding(path: Path) -> None:
    """AnswerRefused unless the file claims to be UTF-8, as ISO 20022 asks for."""
    with path.open("rb") as file:
        start = file.read(START)
    if start.startswith(OTHER_MARKS) or b"\0" in start:
        raise refused("answer.encoding", "UTF-16 or UTF-32")
    declared = DECLARED.match(start.removeprefix(codecs.BOM_UTF8))
    if declared and declared[1].lower() not in (b"utf-8", b"us-ascii"):
        raise refused("answer.encoding", declared[1].decode("ascii", "replace"))
