"""Texts of one answered row as values; Unreadable where a text is none. The same for XML and CSV."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from functools import lru_cache

from stable_jobs.bank.answers.model import Unreadable, bank_text
from stable_jobs.money import round_half_up
from stable_jobs.settings import SHANGHAI

MOST_ID = 35
MOST_CODE = 35
"""Characters of a reason's code: ISO 20022 Max35Text."""
END_TO_END_ID = re.compile(r"[0-9]{2}-[0-9]{6}-[0-9A-Z]{15,18}-[0-9]{2,3}-[0-9]{2,3}", re.ASCII)
"""Year, region, unit, payment, attempt. What looks otherwise may be an account number: it is not kept."""
AMOUNT = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,5})?", re.ASCII)
GROUPED = re.compile(r"[0-9]{1,3}(?:,[0-9]{3}){1,4}(?:\.[0-9]{1,2})?", re.ASCII)
ISO_DAY = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:Z|[+-][0-9]{2}:[0-9]{2})?", re.ASCII)
ISO_MOMENT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]([0-9]{2}:[0-9]{2}:[0-9]{2})(?:[.,][0-9]+)?"
    r"\s?(Z|[+-][0-9]{2}:?[0-9]{2})?",
    re.ASCII,
)


def read_id(text: str | None) -> str:
    """An end-to-end id of ours."""
    plain = (text or "").strip()
    if len(plain) > MOST_ID or not END_TO_END_ID.fullmatch(plain):
        raise Unreadable("answer.id", plain)
    return plain


def read_amount(text: str) -> Decimal:
    """Yuan as a person may write it: `1234.5`, `1,234.50`, full-width; above 0 and in whole fen."""
    plain = unicodedata.normalize("NFKC", text).strip()
    if GROUPED.fullmatch(plain):
        plain = plain.replace(",", "")
    return read_iso_amount(plain)


def read_iso_amount(text: str) -> Decimal:
    """Yuan as ISO 20022 writes it: `1234.5`, `1234.50000`; above 0 and in whole fen."""
    amount = Decimal(text) if AMOUNT.fullmatch(text) else Decimal(0)
    if amount <= 0 or amount != round_half_up(amount):
        raise Unreadable("answer.amount", text)
    return round_half_up(amount)


def read_code(text: str | None) -> str | None:
    """A reason's code as the bank gives it; None for an empty one."""
    return bank_text(text or "", MOST_CODE) or None


def read_text(text: str | None) -> str | None:
    """A reason in the bank's words; None for an empty one."""
    return bank_text(text or "") or None


def read_day(text: str, date_format: str) -> date | None:
    """A date as the bank's profile writes it (strptime); None for an empty one."""
    plain = unicodedata.normalize("NFKC", text).strip()
    return _day(plain, date_format) if plain else None


@lru_cache(maxsize=1024)
def _day(text: str, date_format: str) -> date:
    try:
        if ISO_MOMENT.fullmatch(text):
            return _local_day(text)
        return datetime.strptime(text, date_format).date()  # noqa: DTZ007 - a day, no instant
    except (ValueError, OverflowError):
        raise Unreadable("answer.date", text, f"a date as {date_format}") from None


def read_iso_day(text: str) -> date:
    """The day in Asia/Shanghai of an ISO 8601 date and time; without an offset it is local.

    A plain date is used as it is, without an offset that an XML date may have.
    """
    try:
        if "T" in text:
            return _local_day(text)
        found = ISO_DAY.fullmatch(text)
        return date.fromisoformat(found[1] if found else "")
    except (ValueError, OverflowError):
        raise Unreadable("answer.date", text, "a date as 2020-05-19") from None


def _local_day(text: str) -> date:
    """ValueError or OverflowError for a moment that is none."""
    found = ISO_MOMENT.fullmatch(text)
    if found is None:
        raise ValueError(text)
    day, clock, offset = found.groups()
    moment = datetime.fromisoformat(f"{day}T{clock}")
    if offset is None:
        return moment.date()
    return moment.replace(tzinfo=_zone(offset)).astimezone(SHANGHAI).date()


def _zone(offset: str) -> timezone:
    if offset == "Z":
        return UTC
    apart = timedelta(hours=int(offset[1:3]), minutes=int(offset[-2:]))
    return timezone(-apart if offset[0] == "-" else apart)
