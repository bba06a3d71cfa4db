"""The figures of a night, region by region: the table that the command line prints."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from stable_jobs.night.context import NightContext
from stable_jobs.night.unlisted import after_lists
from stable_jobs.policy.determine import Decision, decided_on
from stable_jobs.store.engine import quote_literal, read_parquet_sql


@dataclass(frozen=True)
class RegionFigures:
    """One region. enterprises, employees and payable (yuan) are of the taken rows; `held`: why, if it is.

    `quarantined`: rows of the deliveries in force that broke a critical rule, over all extracts.
    """

    code: str
    enterprises: int
    employees: int
    payable: Decimal
    undecided: int
    ineligible: int
    quarantined: int = 0
    held: tuple[str, ...] = ()
    name_zh: str = ""
    name_en: str = ""


def region_figures(
    night: NightContext, decision: Decision, quarantined: dict[str, int]
) -> list[RegionFigures]:
    """Every region that was decided or held, by code."""
    decided = _decided(night, decision)
    with night.database.connect() as connection:
        held = _held(night, after_lists(connection, decision))
    decided = {code: one for code, one in decided.items() if code not in held}
    codes = sorted({*decided, *held})
    return [
        replace(
            decided.get(code, _none(code)),
            **_names(night, code),
            quarantined=quarantined.get(code, 0),
            held=held.get(code, ()),
        )
        for code in codes
    ]


def _none(code: str) -> RegionFigures:
    return RegionFigures(code, 0, 0, Decimal("0.00"), 0, 0)


def _names(night: NightContext, code: str) -> dict[str, Any]:
    policy = night.policies.regions.get(code)
    return {} if policy is None else {"name_zh": policy.name_zh, "name_en": policy.name_en}


def _decided(night: NightContext, decision: Decision) -> dict[str, RegionFigures]:
    rows = night.duck.execute(
        f"""
        SELECT region_code, count(*) FILTER (is_taken),
            CAST(coalesce(sum(headcount) FILTER (is_taken), 0) AS BIGINT),
            CAST(coalesce(sum(payable) FILTER (is_taken), 0) AS DECIMAL(38, 2)),
            count(*) FILTER (decision = 'undecided' AND scheme = 'general'),
            count(*) FILTER (decision = 'ineligible' AND scheme = 'general')
        FROM {read_parquet_sql([night.lake.path(decision.eligibility.name)])} GROUP BY region_code
        """  # noqa: S608 - the path is quoted
    ).fetchall()
    return {code: RegionFigures(code, *figures) for code, *figures in rows}


def _held(night: NightContext, decision: Decision) -> dict[str, tuple[str, ...]]:
    source = read_parquet_sql([night.lake.path(decision.held.name)])
    rows = night.duck.execute(
        f"""
        SELECT region_code, list_sort(list(reason || ' ' || CASE WHEN coalesce(extract, '') = ''
            THEN coalesce(detail, '') ELSE department || '/' || extract END))
        FROM {source} GROUP BY region_code
        """  # noqa: S608 - the path is quoted
    ).fetchall()
    return {code: tuple(reasons) for code, reasons in rows}


def quarantined_rows(night: NightContext, decision: Decision) -> dict[str, int]:
    """Region → quarantined rows of the deliveries that the decision was made from, over all extracts."""
    with night.database.connect() as connection:
        in_force = decided_on(connection, decision).in_force
    paths = sorted({night.lake.path(one.quarantine_name) for one in in_force})
    if not paths:
        return {}
    ids = ", ".join(str(one.delivery_id) for one in in_force)
    source = f"read_parquet([{', '.join(map(quote_literal, paths))}], union_by_name=true)"
    rows = night.duck.execute(
        f"SELECT home_region, count(*) FROM {source} WHERE delivery_id IN ({ids}) GROUP BY ALL"  # noqa: S608 - quoted
    )
    return dict(rows.fetchall())
