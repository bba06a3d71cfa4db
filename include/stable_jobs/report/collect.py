"""The night's validation report: the facts of the catalog and of the decision about one business date.

`collect_report` gathers, `report.build` arranges, `report.render` writes. Failing rows are masked, so that no
account and no person is shown.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from sqlalchemy import Connection, text

from stable_jobs.contracts.model import Contract
from stable_jobs.report.build import ExtractFacts, NightFacts, SuspensionFact, build_report
from stable_jobs.report.comparison import ComparisonFacts
from stable_jobs.report.data import NightReport, OrphanLine, Sample
from stable_jobs.report.deliveries import Known, delivery_lines
from stable_jobs.report.parts import NO_POLICY, DoubtLine, PolicyFacts, Reconciliation, place_of
from stable_jobs.report.samples import Row, masked_samples
from stable_jobs.store import catalog
from stable_jobs.store.catalog import Delivery, InForce, Snapshot, Validation
from stable_jobs.store.engine import read_parquet_sql
from stable_jobs.store.lake import Lake
from stable_jobs.validation.validate import unit_extract
from stable_jobs.words import Words

if TYPE_CHECKING:
    import duckdb
    from sqlalchemy import Engine


@dataclass(frozen=True)
class Night:
    """The results of the earlier steps for the report. Snapshots are those of the decision.

    `validations`: tonight's, those of unit rules (`<extract>:unit`) too. `in_force`: the decision's inputs;
    `held_deliveries`: the (extract, region) that were held then, whatever was released since.
    `names`: region names by code. `versions`: by the codes of `messages.night.VERSION`. Deliveries that
    came or were released after `known_at` are left out, as the validations left them out.
    """

    business_date: date
    contracts: Mapping[str, Contract]
    validations: Sequence[Validation]
    in_force: Sequence[InForce]
    held: Snapshot
    reconciliation: Snapshot
    orphans: Snapshot
    names: Mapping[str, Words]
    is_demo: bool
    versions: Mapping[str, str]
    held_deliveries: frozenset[tuple[str, str]] = frozenset()
    known_at: datetime | None = None
    comparison: ComparisonFacts | None = None
    """None: it did not run."""
    policy: PolicyFacts = NO_POLICY
    """Changed values and totals that people are to look at."""


def collect_report(con: duckdb.DuckDBPyConnection, engine: Engine, lake: Lake, night: Night) -> NightReport:
    """Read the catalog, the decision's snapshots and masked samples; writes nothing."""
    orphans = _orphans(con, lake, night)
    extracts = [_extract(con, engine, lake, night, c, orphans) for c in night.contracts.values()]
    held = [SuspensionFact(**row) for row in _rows(con, lake, night.held)]
    return build_report(
        NightFacts(
            business_date=night.business_date,
            is_demo=night.is_demo,
            versions=night.versions,
            names=night.names,
            extracts=extracts,
            held=held,
            reconciliation={
                row["region_code"]: _reconciliation(row, {one.region_code for one in held})
                for row in _rows(con, lake, night.reconciliation)
            },
            comparison=night.comparison,
            doubts=_doubts(engine, night),
            policy=night.policy,
        )
    )


def _doubts(engine: Engine, night: Night) -> tuple[DoubtLine, ...]:
    """A night as known then promised nothing: the ledger has no word on it."""
    if night.known_at is not None:
        return ()
    with engine.connect() as connection:
        return doubt_lines(connection, night.business_date, night.names)


def _extract(
    con: duckdb.DuckDBPyConnection,
    engine: Engine,
    lake: Lake,
    night: Night,
    contract: Contract,
    orphans: Sequence[Row],
) -> ExtractFacts:
    with engine.connect() as connection:
        deliveries = _deliveries(connection, night, contract)
        stand_ins = [f for f in night.in_force if f.extract == contract.extract and f.is_stand_in]
        earlier = [catalog.delivery_by_id(connection, f.delivery_id) for f in stand_ins]
        names = (contract.extract, unit_extract(contract.extract))
        history = [p for n in names for p in catalog.results_history(connection, n, night.business_date)]
        releases = [r for r in catalog.releases_shown(connection) if not _is_later(r.released_at, night)]
    validations = [v for v in night.validations if v.extract in names]
    outcomes = [o for v in validations for o in v.outcomes]
    known = Known(contract, night.names, outcomes, releases, night.held_deliveries)
    return ExtractFacts(
        contract=contract,
        deliveries=delivery_lines(known, deliveries, earlier),
        results=[result for v in validations for result in v.results],
        history=history,
        samples=_samples(con, engine, lake, night, contract, deliveries),
        orphans=[_orphan_line(row, night.names) for row in orphans if row["extract"] == contract.extract],
    )


def _deliveries(connection: Connection, night: Night, contract: Contract) -> list[Delivery]:
    return catalog.deliveries_for(
        connection, night.business_date, extract=contract.extract, known_at=night.known_at
    )


def _is_later(moment: datetime, night: Night) -> bool:
    return night.known_at is not None and moment > night.known_at


def _samples(
    con: duckdb.DuckDBPyConnection,
    engine: Engine,
    lake: Lake,
    night: Night,
    contract: Contract,
    deliveries: Sequence[Delivery],
) -> dict[str, list[Sample]]:
    validation = next((v for v in night.validations if v.extract == contract.extract), None)
    if validation is None:
        return {}
    files = {d.id: d.file_name for d in deliveries}
    found = masked_samples(con, engine, lake, contract, validation)
    return {
        rule: [_sample(row, files[row["delivery_id"]], night.names) for row in rows]
        for rule, rows in found.items()
    }


def _sample(row: Row, file_name: str, names: Mapping[str, Words]) -> Sample:
    values = tuple((v["column"], v["header"], v["text"]) for v in row["values"])
    return Sample(file_name, place_of(row["region_code"], names), row["row_no"], values)


def _orphans(con: duckdb.DuckDBPyConnection, lake: Lake, night: Night) -> list[Row]:
    """Per extract and region: codes, rows and yuan that match no unit, and the region's accepted rows."""
    sql = f"""
        SELECT extract, region_code, count(DISTINCT uscc) AS uscc_count, CAST(sum(rows) AS BIGINT) AS rows,
               CAST(sum(amount) AS DECIMAL(38, 2)) AS amount
        FROM {read_parquet_sql([lake.path(night.orphans.name)])} GROUP BY ALL ORDER BY ALL
    """  # noqa: S608  # a quoted path
    found = _query(con, sql)
    accepted = {e: _accepted(con, lake, night, e) for e in {row["extract"] for row in found}}
    return [{**row, "accepted": accepted[row["extract"]].get(row["region_code"], 0)} for row in found]


def _accepted(
    con: duckdb.DuckDBPyConnection, lake: Lake, night: Night, extract: str
) -> Mapping[str | None, int]:
    """Accepted rows in force by the region they carry: staged less quarantined, a stand-in's too.

    Rows of a file for all regions that a region's own file supersedes are still in the count, so that a share
    is at most too small by that much.
    """
    files = [f for f in night.in_force if f.extract == extract]
    staged = read_parquet_sql([lake.path(f.staged_name) for f in files])
    broken = read_parquet_sql(sorted({lake.path(f.quarantine_name) for f in files}))
    ids = ", ".join(str(f.delivery_id) for f in files)
    sql = f"""
        WITH part AS (
            SELECT region_code, count(*) AS n FROM {staged} GROUP BY ALL
            UNION ALL
            SELECT region_code, -count(*) FROM {broken} WHERE delivery_id IN ({ids}) GROUP BY ALL
        )
        SELECT region_code, CAST(sum(n) AS BIGINT) AS rows FROM part GROUP BY ALL
    """  # noqa: S608  # quoted paths and integers
    rows = _query(con, sql)
    return {row["region_code"]: row["rows"] for row in rows}


def _orphan_line(row: Row, names: Mapping[str, Words]) -> OrphanLine:
    place = place_of(row["region_code"] or "000000", names)
    return OrphanLine(place, row["uscc_count"], row["rows"], row["accepted"], row["amount"])


def _reconciliation(row: Row, held: Collection[str]) -> Reconciliation:
    """The snapshot's line. Of a held region no unit is decided: its units stand under `units_held`.

    held: every region that is, for its lists too.
    """
    values = {k: v for k, v in row.items() if k not in ("region_code", "is_held")}
    if not row["is_held"] and row["region_code"] not in held:
        return Reconciliation(**values, units_held=0)
    values |= dict.fromkeys(("units_eligible", "units_ineligible", "units_undecided"), 0)
    return Reconciliation(**values, units_held=row["units_in"] - row["units_quarantined"])


def _rows(con: duckdb.DuckDBPyConnection, lake: Lake, snapshot: Snapshot) -> list[Row]:
    """A small snapshot whole: one row per region or cause."""
    sql = f"SELECT * FROM {read_parquet_sql([lake.path(snapshot.name)])} ORDER BY ALL"  # noqa: S608  # quoted
    return _query(con, sql)


def _query(con: duckdb.DuckDBPyConnection, sql: str) -> list[Row]:
    result = con.execute(sql)
    names = [column[0] for column in result.description or ()]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


# --- what the ledger doubts ---


def doubt_lines(connection: Connection, on: date, names: Mapping[str, Words]) -> tuple[DoubtLine, ...]:
    """The doubts of each region's newest night on that date, without later ones."""
    found = connection.execute(text(QUERY), {"on": on})
    return tuple(DoubtLine(place_of(region, names), kind, count) for region, kind, count in found)


QUERY = """
    WITH nights AS MATERIALIZED (
        SELECT DISTINCT ON (region_code) region_code, event_id FROM region_nights
        WHERE business_date = :on ORDER BY region_code, id DESC
    )
    SELECT n.region_code, d.kind, count(*)
    FROM doubts d JOIN entitlements e ON e.id = d.entitlement_id
    JOIN nights n ON n.region_code = e.region_code AND d.event_id <= n.event_id
    LEFT JOIN doubt_rulings k ON k.doubt_id = d.id AND k.event_id <= n.event_id
    WHERE k.doubt_id IS NULL AND e.policy_year = extract(year FROM CAST(:on AS date))
    GROUP BY n.region_code, d.kind
    UNION ALL
    SELECT n.region_code, 'disagreement', count(*)
    FROM disagreements d JOIN nights n ON n.region_code = d.region_code AND n.event_id = d.event_id
    GROUP BY n.region_code
    ORDER BY 1, 2
"""
