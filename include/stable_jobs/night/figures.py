"""The figures of a night by region, and regions whose lists do not add up to their decision."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, text

from stable_jobs.errors import StepsMissing
from stable_jobs.lists.lists import FAULT
from stable_jobs.night.context import NightContext
from stable_jobs.policy.determine import Decision, decided_on
from stable_jobs.policy.owed import HELD_COLUMNS
from stable_jobs.store.catalog import Snapshot, fingerprint, register_snapshot, snapshot_by_id
from stable_jobs.store.engine import quote_literal, read_parquet_sql

# --- Regions that are not listed ---
# Regions whose lists do not add up to their decision: held like those for which nothing was decided.
#
# That is no department's fault but ours. The finding is registered beside the decision, so that every
# step after them, in this process or another, holds the region: no list, no notice, no payment.

# ruff: noqa: S608 - every path and text in SQL goes through quote_literal


KIND = "held_by_lists"


@dataclass(frozen=True)
class _Found:
    """The last finding of a decision's lists: region → the count or total that does not add up."""

    snapshot: Snapshot
    faults: Mapping[str, str]


def hold_unlisted(night: NightContext, decision: Decision, faults: Mapping[str, str]) -> None:
    """Register the lists' finding: region → what does not add up. Earlier findings stay."""
    with night.database.connect() as connection:
        before = _last(connection, decision)
    if dict(faults) == (dict(before.faults) if before else {}):
        return
    name, rows = _write(night, decision, faults)
    made_from = {
        "decision": decision.eligibility.fingerprint,
        "faults": dict(faults),
        "after": None if before is None else before.snapshot.id,
    }
    content = night.lake.keep(name)
    with night.database.begin() as connection:
        register_snapshot(
            connection, kind=KIND, business_date=night.business_date, fingerprint=fingerprint(**made_from),
            name=name, rows=rows, inputs=made_from, content=content,
        )  # fmt: skip


def after_lists(connection: Connection, decision: Decision) -> Decision:
    """The decision, with the regions that its lists hold among those that are held."""
    found = _last(connection, decision)
    return decision if found is None else replace(decision, held=found.snapshot)


def require_listed(night: NightContext, decision: Decision) -> None:
    """StepsMissing, for the end of a night, naming each region whose lists do not add up."""
    with night.database.connect() as connection:
        found = _last(connection, decision)
    if found is not None and found.faults:
        said = "; ".join(f"region {code}: {fault}" for code, fault in sorted(found.faults.items()))
        raise StepsMissing(
            f"lists that do not add up: {said}; nothing of it was published, announced or paid, and the other"
            " regions went on; next: give this sentence and the report to whoever keeps the program"
        )


def _last(connection: Connection, decision: Decision) -> _Found | None:
    query = """
        SELECT id, inputs -> 'faults' AS faults FROM snapshots
        WHERE kind = :kind AND inputs ->> 'decision' = :decision ORDER BY id DESC LIMIT 1
    """
    values = {"kind": KIND, "decision": decision.eligibility.fingerprint}
    row = connection.execute(text(query), values).one_or_none()
    return None if row is None else _Found(snapshot_by_id(connection, row.id), row.faults)


def _write(night: NightContext, decision: Decision, faults: Mapping[str, str]) -> tuple[str, int]:
    """A file of the lake like the decision's `held`, with these regions: its name and rows."""
    name, held = night.lake.new_name(KIND), quote_literal(night.lake.path(decision.held.name))
    columns = ", ".join(HELD_COLUMNS)
    more = [
        f" UNION ALL SELECT {quote_literal(code)}, '{FAULT}', '', '', {quote_literal(fault)}"
        for code, fault in sorted(faults.items())
    ]
    rows = f"SELECT {columns} FROM read_parquet({held}){''.join(more)}"
    target = quote_literal(night.lake.path(name))
    night.duck.execute(f"COPY (SELECT * FROM ({rows}) ORDER BY ALL) TO {target} (FORMAT parquet)")
    return name, decision.held.rows + len(faults)


# --- Figures ---
# The figures of a night, region by region: the table that the command line prints.


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
        """
    ).fetchall()
    return {code: RegionFigures(code, *figures) for code, *figures in rows}


def _held(night: NightContext, decision: Decision) -> dict[str, tuple[str, ...]]:
    source = read_parquet_sql([night.lake.path(decision.held.name)])
    rows = night.duck.execute(
        f"""
        SELECT region_code, list_sort(list(reason || ' ' || CASE WHEN coalesce(extract, '') = ''
            THEN coalesce(detail, '') ELSE department || '/' || extract END))
        FROM {source} GROUP BY region_code
        """
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
        f"SELECT home_region, count(*) FROM {source} WHERE delivery_id IN ({ids}) GROUP BY ALL"
    )
    return dict(rows.fetchall())
