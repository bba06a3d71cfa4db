"""Regions whose lists do not add up to their decision: held like those for which nothing was decided.

That is no department's fault but ours. The finding is registered beside the decision, so that every
step after them, in this process or another, holds the region: no list, no notice, no payment.
"""

# ruff: noqa: S608 - every path and text in SQL goes through quote_literal

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sqlalchemy import Connection, text

from stable_jobs.errors import StepsMissing
from stable_jobs.lists.lists import FAULT
from stable_jobs.night.context import NightContext
from stable_jobs.policy.determine import Decision
from stable_jobs.policy.suspended import COLUMNS
from stable_jobs.store.catalog import Snapshot, fingerprint, register_snapshot, snapshot_by_id
from stable_jobs.store.engine import quote_literal

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
    columns = ", ".join(COLUMNS)
    more = [
        f" UNION ALL SELECT {quote_literal(code)}, '{FAULT}', '', '', {quote_literal(fault)}"
        for code, fault in sorted(faults.items())
    ]
    rows = f"SELECT {columns} FROM read_parquet({held}){''.join(more)}"
    target = quote_literal(night.lake.path(name))
    night.duck.execute(f"COPY (SELECT * FROM ({rows}) ORDER BY ALL) TO {target} (FORMAT parquet)")
    return name, decision.held.rows + len(faults)
