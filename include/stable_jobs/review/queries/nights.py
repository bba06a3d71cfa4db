"""Which nights there are, how each stands, and what a night came to, region by region."""

# ruff: noqa: S608 - every path in SQL goes through read_parquet_sql

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from sqlalchemy import Connection, text

from stable_jobs.night.unlisted import after_lists
from stable_jobs.policy.determine import Decision, decision_by_id
from stable_jobs.report.parts import Reconciliation
from stable_jobs.store.engine import read_parquet_sql

if TYPE_CHECKING:
    import duckdb

    from stable_jobs.store.lake import Lake


@dataclass(frozen=True)
class Night:
    """A business date that was decided. held: regions; waiting: batches formed that wait for people."""

    business_date: date
    decision_id: int
    held: int
    waiting: int

    @property
    def state(self) -> str:
        """One of `messages.night.NIGHT_STATE`: what asks for a person comes first."""
        return "held" if self.held else "waiting" if self.waiting else "published"


@dataclass(frozen=True)
class RegionNight:
    """One region in one night. Units, but payable: yuan. `eligible` counts units once; `payable_units` those
    that get something. `held`: (reason, department, extract), the reason of `words.HELD`; a held region has
    no figures.
    """

    region_code: str
    eligible: int = 0
    ineligible: int = 0
    undecided: int = 0
    payable_units: int = 0
    payable: Decimal = Decimal("0.00")
    held: tuple[tuple[str, str, str], ...] = ()

    @property
    def units(self) -> tuple[tuple[str, int], ...]:
        """Parts of a bar, by their code in `words.SEGMENT`."""
        return tuple((code, getattr(self, code)) for code in ("eligible", "ineligible", "undecided"))


NIGHTS = """
    WITH newest AS (
        SELECT DISTINCT ON (business_date) business_date, id, fingerprint FROM snapshots
        WHERE kind = 'eligibility' ORDER BY business_date, id DESC
    )
    SELECT n.business_date, n.id AS decision_id, coalesce((
               SELECT l.rows FROM snapshots l WHERE l.kind = 'held_by_lists'
               AND l.inputs ->> 'decision' = n.fingerprint ORDER BY l.id DESC LIMIT 1), h.rows, 0) AS held,
           (SELECT count(*) FROM batches b WHERE b.business_date = n.business_date AND b.state = 'formed')
               AS waiting
    FROM newest n LEFT JOIN snapshots h ON h.kind = 'held' AND h.fingerprint = n.fingerprint
    ORDER BY n.business_date
"""


def nights(connection: Connection) -> list[Night]:
    """Every decided business date, oldest first, by its newest decision."""
    return [Night(**row) for row in connection.execute(text(NIGHTS)).mappings()]


def decision_of(connection: Connection, on: date) -> Decision | None:
    """The newest decision of a business date; None if it was never decided."""
    found = connection.scalar(
        text("SELECT max(id) FROM snapshots WHERE kind = 'eligibility' AND business_date = :on"), {"on": on}
    )
    return None if found is None else after_lists(connection, decision_by_id(connection, found))


def region_nights(
    duck: duckdb.DuckDBPyConnection, lake: Lake, decision: Decision
) -> Mapping[str, RegionNight]:
    """Every region that was decided or held, by code."""
    decided = duck.execute(f"""
        SELECT region_code, count(*) FILTER (best = 2), count(*) FILTER (best = 0),
               count(*) FILTER (best = 1), count(*) FILTER (payable > 0), sum(payable)::DECIMAL(38, 2)
        FROM (
            SELECT region_code, uscc,
                   max(CASE decision WHEN 'eligible' THEN 2 WHEN 'undecided' THEN 1 ELSE 0 END) AS best,
                   coalesce(sum(payable) FILTER (is_taken), 0) AS payable
            FROM {_table(lake, decision.eligibility.name)} GROUP BY region_code, uscc
        ) GROUP BY region_code ORDER BY region_code
    """).fetchall()
    causes: dict[str, tuple[tuple[str, str, str], ...]] = {}
    for code, *cause in duck.execute(f"""
        SELECT region_code, reason, coalesce(department, ''), coalesce(extract, '')
        FROM {_table(lake, decision.held.name)} ORDER BY ALL
    """).fetchall():
        causes[code] = (*causes.get(code, ()), (cause[0], cause[1], cause[2]))
    found = {code: RegionNight(code, held=of) for code, of in causes.items()}
    found |= {row[0]: RegionNight(*row) for row in decided if row[0] not in causes}
    return dict(sorted(found.items()))


def balance(duck: duckdb.DuckDBPyConnection, lake: Lake, decision: Decision) -> tuple[tuple[str, int], ...]:
    """Units in, readable, decided, eligible: the first stages of the funnel, over all regions."""
    row = duck.execute(f"""
        SELECT sum(units_in)::BIGINT, sum(units_quarantined)::BIGINT, sum(units_undecided)::BIGINT,
               sum(CASE WHEN is_held THEN units_in - units_quarantined ELSE 0 END)::BIGINT,
               sum(units_eligible)::BIGINT
        FROM {_table(lake, decision.reconciliation.name)}
    """).fetchone()
    units, quarantined, undecided, held, eligible = (number or 0 for number in row or (0,) * 5)
    readable = units - quarantined
    left = (units, readable, readable - held - undecided, eligible)
    return tuple(zip(Reconciliation.STAGES, left, strict=True))


def batch_states(connection: Connection, on: date) -> Mapping[str, Mapping[str, int]]:
    """Region → state of a batch → how many batches of that date are in it."""
    found: dict[str, dict[str, int]] = {}
    asked = "SELECT region_code, state, count(*) FROM batches WHERE business_date = :on GROUP BY 1, 2"
    for code, state, count in connection.execute(text(asked), {"on": on}):
        found.setdefault(code, {})[state] = count
    return found


def _table(lake: Lake, name: str) -> str:
    return read_parquet_sql([lake.path(name)])
