"""Labels on lists, Chinese beside English."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from stable_jobs.messages import decision, ledger, night
from stable_jobs.store.engine import quote_literal
from stable_jobs.words import Words

BEFORE_ALL = "公示、审批、预算前 before notice, approval and budget"
DEMONSTRATION = "演示参数 demonstration parameters"


def both_of(codes: Mapping[str, Words]) -> dict[str, str]:
    """Code → its label in a list: Chinese, then English."""
    return {code: one.both for code, one in codes.items()}


def said_in(language: str, codes: Mapping[str, Words]) -> dict[str, str]:
    """Code → what it is called in `zh` or `en` alone."""
    return {code: one.of(language) for code, one in codes.items()}


def names_of(codes: Mapping[str, Words]) -> dict[str, str]:
    """The same for names that begin with a capital on a page: in a list they do not."""
    return {code: f"{one.zh} {one.en[:1].lower()}{one.en[1:]}" for code, one in codes.items()}


SCHEMES = both_of(decision.SCHEME_IN_LISTS)
SIZES = names_of(decision.SIZE)
SOURCES = names_of(ledger.ACCOUNT_SOURCE)
DECISIONS = names_of({code: decision.SEGMENT[code] for code in ("eligible", "ineligible", "undecided")})
CHANGES = names_of({code: decision.SEGMENT[code] for code in ("appeared", "gone", "changed")})
DEPARTMENTS = {code: f"{one.zh} {code}" for code, one in night.DEPARTMENT.items() if code != "policy"}


def where(names: tuple[str, str], region_code: str, business_date: date) -> str:
    """The region, Chinese and English, and the date, on one line."""
    place = f"{names[0]} {names[1]} {region_code}".strip()
    return f"{place} · 业务日期 business date {business_date.isoformat()}"


def labelled(sql: str, labels: Mapping[str, str]) -> str:
    """SQL for the label of a code; a code without one stays as it is, NULL stays NULL."""
    cases = " ".join(
        f"WHEN {quote_literal(code)} THEN {quote_literal(label)}" for code, label in labels.items()
    )
    return f"CASE {sql} {cases} ELSE {sql} END" if cases else sql


def sentences(sql: str, labels: Mapping[str, str], between: str) -> str:
    """SQL for a cell of codes (`one;two`) in words, in its order."""
    each = f"list_transform(string_split({sql}, ';'), lambda r: {labelled('r', labels)})"
    return f"array_to_string({each}, {quote_literal(between)})"


def position(sql: str, labels: Mapping[str, str]) -> str:
    """SQL for the place of a code among the labels; unknown ones come last."""
    codes = ", ".join(map(quote_literal, labels))
    return f"coalesce(list_position([{codes}], {sql}), {len(labels) + 1})"
