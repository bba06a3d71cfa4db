"""One entry of a pain.002: its statuses, reasons, amount and day as values.

Source of the statuses and of what may not contradict: ISO 20022 external code sets, and the message's rules
GroupStatusAccepted and GroupStatusRejected.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from stable_jobs.bank.answers.model import AnswerProblem, Outcome, Row
from stable_jobs.bank.answers.problems import Unreadable, problem
from stable_jobs.bank.answers.reasons import Agreed, verdict
from stable_jobs.bank.answers.values import read_code, read_id, read_iso_amount, read_iso_day, read_text

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

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
    """What we instructed, else what was settled; None where the bank repeats neither."""
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
