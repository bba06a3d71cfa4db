"""Reasons: people write them for good and many read them. No account number, and a limited length."""

from __future__ import annotations

import re
import unicodedata

from stable_jobs.credit_code import is_credit_code, is_identity_number, is_registration_no
from stable_jobs.errors import UsageError
from stable_jobs.regions import is_known
from stable_jobs.rendering.text import visible

LONGEST_REASON = 500
CUT = "…（已截断 cut）"
MASKED = "（账号已隐去 account number masked）"
NO_REASON = "（未说明理由 no reason given）"
ACCOUNT_DIGITS = 12
"""The shortest account numbers of banks; a telephone number is shorter."""
CODE = re.compile(r"(?<![0-9A-Z])(?:[0-9A-Z]{18}|[0-9]{15})(?![0-9A-Z])")
NUMBER = re.compile(r"[0-9]{3,}(?:[ \-‐-―−._·/]{1,3}[0-9]{3,})*(?:[ \-‐-―−._·/]{1,3}[0-9]{1,2}(?![0-9]))?")
DAY = re.compile(r"(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])")


def shows_account(text: str) -> bool:
    """Whether the text has a number as long as a bank's account, also in groups, full width or other digits.

    Unit codes, dates and region codes are none.
    """
    return bool(_accounts(_plain(text)))


def check_reason(text: str, what: str = "the reason") -> str:
    """The reason without the blanks around it; UsageError for an account number and for too long a text."""
    reason = text.strip()
    if "\0" in reason:
        raise UsageError(f"{what} is text: this one has a NUL character")
    if shows_account(reason):
        raise UsageError(
            f"{what} shows an account number: it is kept for good and read by many; leave it out"
        )
    if len(reason) > LONGEST_REASON:
        raise UsageError(f"{what} has at most {LONGEST_REASON} characters, this one has {len(reason)}")
    return reason


def kept_reason(text: object) -> str:
    """The reason that is kept of an accepted answer: account numbers masked, cut, and both visible."""
    lines = ("" if text is None else str(text)).replace("\r\n", "\n").strip().split("\n")
    reason = "\n".join(visible(line) for line in lines)
    accounts = _accounts(_plain(reason))
    if accounts:
        plain, kept, at = _plain(reason), "", 0
        for first, last in accounts:
            number = plain[first:last]
            kept += plain[at:first] + re.sub("[0-9]", "*", number[:-4]) + number[-4:]
            at = last
        reason = kept + plain[at:]
    rest = MASKED if accounts else ""
    if len(reason) + len(rest) > LONGEST_REASON:
        rest = CUT + rest
        reason = reason[: LONGEST_REASON - len(rest)]
    return reason + rest


def _plain(text: str) -> str:
    """Every digit as ASCII writes it."""
    normal = unicodedata.normalize("NFKC", text)
    return "".join(
        str(unicodedata.decimal(c)) if unicodedata.decimal(c, None) is not None else c for c in normal
    )


def _accounts(plain: str) -> list[tuple[int, int]]:
    """Where account numbers stand."""
    rest = CODE.sub(lambda found: "§" * len(found[0]) if _is_code(found[0]) else found[0], plain)
    return [found.span() for found in NUMBER.finditer(rest) if _is_account(found[0])]


def _is_code(token: str) -> bool:
    """A unit's code; one with a letter also where its check character is wrong: no account has a letter."""
    if is_identity_number(token):
        return False
    if len(token) == 15:
        return is_registration_no(token) and is_known(token[:6])
    return is_credit_code(token) or (is_known(token[2:8]) and not token.isdigit())


def _is_account(number: str) -> bool:
    """Groups of digits in a row, of which dates are not counted."""
    longest = running = 0
    for group in re.findall("[0-9]+", number):
        running = 0 if DAY.fullmatch(group) else running + len(group)
        longest = max(longest, running)
    return longest >= ACCOUNT_DIGITS
