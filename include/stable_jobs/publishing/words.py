"""Labels on lists, Chinese beside English."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from stable_jobs.store.engine import quote_literal

BEFORE_ALL = "公示、审批、预算前 before notice, approval and budget"
DEMONSTRATION = "演示参数 demonstration parameters"

SCHEMES = {"general": "一般 general", "difficult": "困难 difficult"}
SIZES = {"large": "大型 large", "medium": "中型 medium", "small": "小型 small", "micro": "微型 micro"}
SOURCES = {
    "corporate": "对公账户 corporate account",
    "premium": "缴费账户 premium account",
    "person": "人工更正 corrected by people",
}
DECISIONS = {"eligible": "符合 eligible", "ineligible": "不符合 ineligible", "undecided": "待定 undecided"}
CHANGES = {"appeared": "新增 appeared", "gone": "消失 gone", "changed": "变化 changed"}
DEPARTMENTS = {
    "labor": "人社 labor",
    "tax": "税务 tax",
    "finance": "财政 finance",
    "development": "发改 development",
    "economy": "经信 economy",
}


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
