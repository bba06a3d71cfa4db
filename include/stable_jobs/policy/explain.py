"""Why one enterprise was or was not paid on a night: every test with its inputs, rows, threshold and law."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from stable_jobs.contracts.model import Contract
from stable_jobs.errors import StepError, UsageError
from stable_jobs.policy.catalogue import CATALOGUE
from stable_jobs.policy.evidence import Source, Subject, sources
from stable_jobs.policy.extracts import InputFile, Inputs
from stable_jobs.policy.layoff import laid_off
from stable_jobs.policy.load import Policies
from stable_jobs.policy.parameters import resolve
from stable_jobs.policy.reads import AMOUNT_EXTRACTS, AMOUNTS, READS
from stable_jobs.policy.reasons import BY_CODE
from stable_jobs.policy.regional import region_table
from stable_jobs.policy.situation import ROW, setting, settled
from stable_jobs.policy.table import parameter_table
from stable_jobs.policy.tests import TESTS
from stable_jobs.policy.verdict import judged
from stable_jobs.policy.working import Hold, rows_of, working_tables
from stable_jobs.regions import upward
from stable_jobs.store.catalog import delivery_by_id, find_snapshot
from stable_jobs.store.lake import Lake
from stable_jobs.store.tables import snapshots

if TYPE_CHECKING:
    import duckdb
    from ibis.backends import BaseBackend
    from sqlalchemy import Connection, RowMapping


@dataclass(frozen=True)
class Threshold:
    """One parameter as it held. `region`: the level that set it; `reference`: its clause; empty: not set."""

    name: str
    meaning_zh: str
    meaning_en: str
    value: str
    region: str
    reference: str
    is_demo: bool


@dataclass(frozen=True)
class LegalTest:
    """One test. `outcome`: pass, fail or unknown; `reason` is the code where it does not pass."""

    test: str
    outcome: str
    reason: str
    reference: str
    inputs: Mapping[str, str]
    thresholds: tuple[Threshold, ...]
    sources: tuple[Source, ...]


@dataclass(frozen=True)
class RowExplained:
    """One row of the eligibility table. `size`: the size its parameters were taken for; empty: unknown."""

    region_code: str
    region_zh: str
    region_en: str
    scheme: str
    decision: str
    is_taken: bool
    reasons: str
    tests: tuple[LegalTest, ...]
    amounts: Mapping[str, str]
    rates: tuple[Threshold, ...]
    amount_sources: tuple[Source, ...]


@dataclass(frozen=True)
class Explanation:
    """One enterprise on one night. `held`: regions of the night where it may be insured and nothing
    was decided."""

    uscc: str
    unit_name: str
    business_date: date
    rows: tuple[RowExplained, ...]
    held: tuple[Mapping[str, Any], ...]


def explain(
    con: duckdb.DuckDBPyConnection,
    conn: Connection,
    lake: Lake,
    contracts: Mapping[str, Contract],
    policies: Policies,
    uscc: str,
    business_date: date,
    region: str | None = None,
) -> Explanation:
    """Explain an enterprise in each region it is insured in, or in `region` alone.

    Works from the newest registered decision of the date and the very files it read. UsageError if there is
    no decision or no such unit; StepError if policies or code no longer give what was registered.
    """
    import ibis

    made = _newest(conn, business_date)
    backend = ibis.duckdb.from_connection(con)
    inputs = Inputs(_files(lake, made["inputs"]), contracts)
    facts = _of(backend, conn, lake, made, "unit_facts", uscc, region)
    table = rows_of(_of(backend, conn, lake, made, "eligibility", uscc, region))
    found = rows_of(facts.select("region_code", "uscc", "unit_name", "parent_uscc"))
    if not found:
        raise UsageError(
            f"{uscc} is not an accepted unit on {business_date}" + (f" in {region}" if region else "")
        )
    held = _held(backend, conn, lake, made, {row["region_code"] for row in found})
    with working_tables(backend) as hold:
        wide = _situations(
            backend, inputs, policies, facts, {r["region_code"] for r in table}, business_date, hold
        )
        subjects = tuple(_subject(row) for row in found)
        behind = sources(backend, inputs, subjects, lambda i: delivery_by_id(conn, i).file_name, hold)
    rows = tuple(_row(policies, row, _matching(wide, row), behind, business_date) for row in table)
    return Explanation(uscc, found[0]["unit_name"], business_date, rows, held)


def _newest(conn: Connection, on: date) -> RowMapping:
    from sqlalchemy import select

    table = snapshots
    query = select(table).where((table.c.kind == "eligibility") & (table.c.business_date == on))
    made = conn.execute(query.order_by(table.c.id.desc()).limit(1)).mappings().one_or_none()
    if made is None:
        raise UsageError(f"no decision for {on}; run `stable-jobs night --date {on}` first")
    return made


def _files(lake: Lake, made_from: Mapping[str, Any]) -> tuple[InputFile, ...]:
    return tuple(
        InputFile(extract, region, delivery, lake.path(staged), lake.path(quarantine), tuple(held))
        for extract, region, delivery, staged, quarantine, held in made_from["in_force"]
    )


def _read(backend: BaseBackend, conn: Connection, lake: Lake, made: RowMapping, kind: str) -> Any:
    snapshot = find_snapshot(conn, kind, made["fingerprint"])
    if snapshot is None:
        raise StepError(f"the catalog has an eligibility of {made['business_date']} without its {kind}")
    return backend.read_parquet(lake.path(snapshot.name))


def _of(
    backend: BaseBackend, conn: Connection, lake: Lake, made: RowMapping, kind: str, uscc: str,
    region: str | None,
) -> Any:  # fmt: skip
    t = _read(backend, conn, lake, made, kind)
    t = t.filter(t.uscc == uscc)
    return t if region is None else t.filter(t.region_code == region)


def _held(
    backend: BaseBackend, conn: Connection, lake: Lake, made: RowMapping, regions: set[str]
) -> tuple[Mapping[str, Any], ...]:
    rows = rows_of(_read(backend, conn, lake, made, "held"))
    return tuple(row for row in rows if row["region_code"] in regions)


def _situations(
    backend: BaseBackend, inputs: Inputs, policies: Policies, facts: Any, regions: set[str], on: date,
    hold: Hold,
) -> list[dict[str, Any]]:  # fmt: skip
    """The wide rows of the enterprise, computed again as in the decision."""
    if not regions:
        return []
    parameters = parameter_table(policies, on, sorted(regions))
    scene = setting(
        hold(facts), hold(region_table(backend, inputs, policies, parameters, on)), parameters, on
    )
    results = hold(settled(scene))
    results = hold(results.join(laid_off(scene.wide(results), on), ROW))
    wide = hold(scene.wide(results))
    again = hold(judged(wide)).select(*ROW, again="reasons", months_paid="months_paid")
    return rows_of(wide.join(again, ROW))


def _matching(wide: list[dict[str, Any]], row: Mapping[str, Any]) -> dict[str, Any]:
    found = [w for w in wide if all(w[k] == row[k] for k in ROW)]
    if len(found) != 1 or found[0]["again"] != row["reasons"]:
        raise StepError(
            f"{row['uscc']} in {row['region_code']}: policies or program changed since that night; "
            f"run `stable-jobs night --date {row['business_date']}` again"
        )
    return found[0]


def _subject(row: Mapping[str, Any]) -> Subject:
    return Subject(row["uscc"], row["region_code"], row["parent_uscc"], upward(row["region_code"]))


def _row(
    policies: Policies, row: Mapping[str, Any], wide: Mapping[str, Any],
    behind: Mapping[tuple[str, str], tuple[Source, ...]], on: date,
) -> RowExplained:  # fmt: skip
    region, scheme = row["region_code"], row["scheme"]
    policy = policies.regions[region]
    size = wide["policy_size"]
    rates = ("refund_rate",) if scheme == "general" else ("benefit_months",)
    return RowExplained(
        region_code=region,
        region_zh=policy.name_zh,
        region_en=policy.name_en,
        scheme=scheme,
        decision=row["decision"],
        is_taken=row["is_taken"],
        reasons=row["reasons"],
        tests=tuple(_line(policies, name, row, wide, behind, on) for name in TESTS),
        amounts={name: _text(row[name]) for name in AMOUNTS},
        rates=tuple(_threshold(policies, region, scheme, name, size, on) for name in rates),
        amount_sources=tuple(s for e in AMOUNT_EXTRACTS for s in behind[(region, e)]),
    )


def _line(
    policies: Policies, test: str, row: Mapping[str, Any], wide: Mapping[str, Any],
    behind: Mapping[tuple[str, str], tuple[Source, ...]], on: date,
) -> LegalTest:  # fmt: skip
    reads, meets = READS[test], row[f"meets_{test}"]
    outcome = "unknown" if meets is None else "pass" if meets else "fail"
    region, scheme = row["region_code"], row["scheme"]
    return LegalTest(
        test=test,
        outcome=outcome,
        reason={"pass": "", "fail": test, "unknown": f"{test}_unknown"}[outcome],
        reference=BY_CODE[test].reference,
        inputs={name: _text(wide[name]) for name in reads.inputs},
        thresholds=tuple(
            _threshold(policies, region, scheme, name, wide["policy_size"], on) for name in reads.parameters
        ),
        sources=tuple(s for e in reads.extracts for s in behind[(region, e)]),
    )


def _threshold(
    policies: Policies, region: str, scheme: str, name: str, size: str | None, on: date
) -> Threshold:
    parameter = CATALOGUE[name]
    if parameter.by_size and size is None:
        return Threshold(name, parameter.meaning_zh, parameter.meaning_en, "", region, "", False)
    found = resolve(policies, region, scheme, name, on, size if parameter.by_size else None)
    source = found.source
    return Threshold(
        name=name,
        meaning_zh=parameter.meaning_zh,
        meaning_en=parameter.meaning_en,
        value=_text(found.value),
        region=found.region,
        reference="" if source is None else source.reference,
        is_demo=source is not None and source.demo,
    )


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
