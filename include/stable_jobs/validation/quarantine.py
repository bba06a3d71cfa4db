"""Rows that are quarantined, and deliveries that are held."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import TYPE_CHECKING, Protocol

from stable_jobs.contracts import checks
from stable_jobs.contracts.model import Contract, Rule, Scope, Severity
from stable_jobs.errors import StepError
from stable_jobs.regions import NATION
from stable_jobs.store.engine import quote_literal, read_parquet_sql
from stable_jobs.store.outcomes import DeliveryOutcome, RuleResult
from stable_jobs.validation.run import Run, count_rows, run_rules

if TYPE_CHECKING:
    import duckdb


# --- Quarantine ---
# The quarantine: every staged row that broke a critical row rule, with all the rules it broke.
#
# Reads the temporary relations of a validation: `staged` (the view over all deliveries' staged rows),
# `failures (rule_id, row_id)`, `known_regions (code)` and `registered_codes (code, region)`.
# Set-based throughout: at any number of rows.


class Counted(Protocol):
    """A delivery whose rows are counted: its number, slot and extract, and the rows that were promised."""

    @property
    def id(self) -> int:
        """Stands in every row of it."""

    @property
    def extract(self) -> str:
        """The extract of the delivery."""

    @property
    def region_code(self) -> str:
        """Its slot; `000000` for all."""

    @property
    def rows(self) -> int | None:
        """By its manifest; None where it says nothing."""


IS_REGION_KNOWN = "(region_code IS NOT NULL AND region_code IN (SELECT code FROM known_regions))"
HOME_REGION = (
    f"CASE WHEN delivery_region <> '{NATION}' THEN delivery_region "
    f"WHEN {IS_REGION_KNOWN} THEN region_code ELSE '{NATION}' END"
)
"""The region a row counts for: its delivery's; in a file for all its own, `000000` if that is unreadable."""


@dataclass(frozen=True)
class Part:
    """A delivery's rows of one region: `received = accepted + quarantined`.

    tolerated: of the quarantined ones those that do not count against the contract's tolerance.
    """

    delivery_id: int
    slot: str
    region_code: str
    received: int
    accepted: int
    quarantined: int
    tolerated: int = 0


def write_quarantine(con: duckdb.DuckDBPyConnection, contract: Contract, path: str) -> int:
    """Write the quarantine as Parquet, also when it is empty, and return its rows.

    Columns: the staged ones, then `rules` (sorted ids), `home_region`, `is_unit_known`. Sorted by delivery
    and row.
    """
    rows = _quarantined_rows(contract)
    con.execute(f"COPY ({rows}) TO {quote_literal(path)} (FORMAT parquet, COMPRESSION zstd)")
    return count_rows(con, read_parquet_sql([path]))


def _quarantined_rows(contract: Contract) -> str:
    return f"""
        WITH broken AS (
            SELECT row_id, list_sort(list(rule_id)) AS rules FROM failures
            WHERE rule_id IN ({_ids(contract.rules)}) GROUP BY row_id
        )
        SELECT staged.*, broken.rules, {HOME_REGION} AS home_region,
               {_is_unit_known(contract)} AS is_unit_known
        FROM staged JOIN broken USING (row_id) ORDER BY delivery_id, row_no
    """  # noqa: S608 - constants and quoted rule ids


def _ids(rules: Sequence[Rule]) -> str:
    """The critical row rules as SQL literals; NULL, which equals nothing, where there are none."""
    critical = [r.id for r in rules if r.severity is Severity.CRITICAL and r.scope is Scope.ROW]
    return ", ".join(map(quote_literal, critical)) or "NULL"


def _is_unit_known(contract: Contract) -> str:
    """Whether the row says whose it is: then its unit is unknown, else the row counts against the region.

    Of a region's own file the file says in which region; only in a file for all must the row say it.
    """
    is_code_valid = f"coalesce({checks.unit_code('uscc')} OR {checks.registered('uscc')}, false)"
    by_subject = {
        "region": "false",
        "enterprise": is_code_valid,
        "unit": f"({is_code_valid} AND {HOME_REGION} <> '{NATION}')",
    }
    return by_subject[contract.subject]


def count_parts(
    con: duckdb.DuckDBPyConnection,
    deliveries: Sequence[Counted],
    quarantine: str,
    rules: Sequence[Rule] = (),
) -> tuple[Part, ...]:
    """Each delivery's rows per region, from the files themselves; StepError where a row is lost or made.

    Accepted are the staged rows without a quarantined one of the same id, quarantined those of the file.
    A delivery for all regions always has a part `000000`: the rows that belong to no region, maybe none.
    """
    counted = _counted(con, quarantine, rules)
    slots = {(d.id, d.region_code): (0, 0, 0, 0) for d in deliveries}
    slot_of = {d.id: d.region_code for d in deliveries}
    parts = tuple(
        Part(delivery, slot_of[delivery], region, *counts)
        for (delivery, region), counts in sorted({**slots, **counted}.items())
    )
    for delivery in deliveries:
        _assert_balanced(delivery, [p for p in parts if p.delivery_id == delivery.id])
    return parts


def _counted(
    con: duckdb.DuckDBPyConnection, quarantine: str, rules: Sequence[Rule]
) -> Mapping[tuple[int, str], tuple[int, int, int, int]]:
    quarantined = read_parquet_sql([quarantine])
    tolerated = ", ".join(quote_literal(rule.id) for rule in rules if rule.is_tolerated)
    is_tolerated = f"is_unit_known AND list_has_all([{tolerated}]::VARCHAR[], rules)"
    query = f"""
        WITH kept AS (
            SELECT delivery_id, {HOME_REGION} AS home_region, count(*) AS received,
                   count(*) FILTER (row_id NOT IN (SELECT row_id FROM {quarantined})) AS accepted
            FROM staged GROUP BY ALL
        ), kept_out AS (
            SELECT delivery_id, home_region, count(*) AS quarantined,
                   count(*) FILTER ({is_tolerated}) AS tolerated
            FROM {quarantined} GROUP BY ALL
        )
        SELECT delivery_id, home_region, coalesce(received, 0), coalesce(accepted, 0),
               coalesce(quarantined, 0), coalesce(tolerated, 0)
        FROM kept FULL JOIN kept_out USING (delivery_id, home_region)
    """  # noqa: S608 - constants and a quoted path
    return {(row[0], row[1]): (row[2], row[3], row[4], row[5]) for row in con.execute(query).fetchall()}


def _assert_balanced(delivery: Counted, parts: Sequence[Part]) -> None:
    received = sum(p.received for p in parts)
    kept = sum(p.accepted + p.quarantined for p in parts)
    sent = received if delivery.rows is None else delivery.rows
    if not sent == received == kept:
        raise StepError(
            f"{delivery.extract} delivery {delivery.id} ({delivery.region_code}): {sent} rows sent, "
            f"{received} staged, {kept} accepted or quarantined. Rows must not be lost: run the step again"
        )


# --- Holds ---
# The contract's rules about a whole delivery: they hold it, or one region's part of a delivery for all.
#
# The rules run over a small table `deliveries` with one row per judged part: `row_id, delivery_id,
# delivery_region, rows, previous_rows, quarantined, tolerance`. A file of one region is one part. A file for
# all regions is judged as a whole (`000000`) and region by region, so that one region's bad rows hold that
# region only; against the last accepted rows a region of it is judged only where the rows are of units: a
# list of a few enterprises may shrink in one county without anything being wrong.

DELIVERIES = """
    CREATE OR REPLACE TEMP TABLE deliveries AS SELECT
        unnest(?::BIGINT[]) AS row_id, unnest(?::BIGINT[]) AS delivery_id,
        unnest(?::VARCHAR[]) AS delivery_region, unnest(?::BIGINT[]) AS "rows",
        unnest(?::BIGINT[]) AS previous_rows, unnest(?::BIGINT[]) AS quarantined,
        CAST(unnest(?::VARCHAR[]) AS DECIMAL(18,6)) AS tolerance
"""


@dataclass(frozen=True)
class Judged:
    """One row of the table `deliveries`. `previous_rows` is None where there is nothing to compare with.

    quarantined: those that count against the tolerance. tolerance: the share of them that the sender's
    contract allows.
    """

    delivery_id: int
    region_code: str
    rows: int
    previous_rows: int | None
    quarantined: int
    tolerance: Decimal


@dataclass(frozen=True)
class Judgement:
    """The delivery rules' results, and per part the critical ones it broke, in the contract's order."""

    results: tuple[RuleResult, ...]
    broken: Mapping[tuple[int, str], tuple[str, ...]]
    judged: Mapping[tuple[int, str], Judged]


def with_vanished(
    parts: Sequence[Part], contract: Contract, previous_rows: Mapping[str, int]
) -> tuple[Part, ...]:
    """The parts, and an empty one for each region that a file for all units no longer has.

    Without it such a region would be taken as having no row, which in some extracts means a good thing.
    """
    if contract.subject != "unit":
        return tuple(parts)
    there = {p.region_code for p in parts} | {NATION}
    gone = [region for region in sorted(previous_rows) if region not in there]
    files = sorted({p.delivery_id for p in parts if p.slot == NATION})
    return (*parts, *(Part(file, NATION, region, 0, 0, 0) for file in files for region in gone))


def judged_parts(
    parts: Iterable[Part], contract: Contract, previous_rows: Mapping[str, int], business_date: date
) -> tuple[Judged, ...]:
    """The parts that are judged, each by the terms of its slot.

    previous_rows: rows of each region's last accepted delivery of an earlier date.
    """
    ordered = sorted(parts, key=lambda p: (p.delivery_id, p.region_code))
    own = {p.slot for p in ordered}
    return tuple(
        judged
        for _, group in groupby(ordered, key=lambda p: p.delivery_id)
        for judged in _of_delivery(list(group), contract, previous_rows, own, business_date)
    )


def _of_delivery(
    parts: Sequence[Part], contract: Contract, previous: Mapping[str, int], own: set[str], on: date
) -> Iterator[Judged]:
    first = parts[0]
    tolerance = contract.for_region(first.slot, on).tolerance
    if first.slot == NATION:
        yield _whole(parts, previous, own, tolerance)
    for part in parts:
        if part.region_code != NATION or part.slot != NATION:
            is_compared = part.slot != NATION or contract.subject == "unit"
            before = previous.get(part.region_code) if is_compared else None
            counted = part.quarantined - part.tolerated
            yield Judged(part.delivery_id, part.region_code, part.received, before, counted, tolerance)


def _whole(parts: Sequence[Part], previous: Mapping[str, int], own: set[str], tolerance: Decimal) -> Judged:
    """A file for all, against what was last accepted for the regions that sent none of their own."""
    rows, quarantined = sum(p.received for p in parts), sum(p.quarantined - p.tolerated for p in parts)
    before = [n for region, n in previous.items() if region == NATION or region not in own]
    return Judged(parts[0].delivery_id, NATION, rows, sum(before) if before else None, quarantined, tolerance)


def judge(
    con: duckdb.DuckDBPyConnection,
    contract: Contract,
    business_date: date,
    parts: Sequence[Judged],
    run: Run = run_rules,
) -> Judgement:
    """Run the contract's delivery rules over the parts; adds to `failures`, which has none of them yet."""
    rules = [r for r in contract.rules if r.scope is Scope.DELIVERY]
    rows = [(n, *map(_plain, astuple(part))) for n, part in enumerate(parts)]
    con.execute(DELIVERIES, [list(column) for column in zip(*rows, strict=True)])
    run(con, rules, "deliveries", business_date)
    failed = _failed(con, rules)
    by_part = {(p.delivery_id, p.region_code): p for p in parts}
    critical = [r.id for r in rules if r.severity is Severity.CRITICAL]
    broken = {key: tuple(r for r in critical if (r, *key) in failed) for key in by_part}
    return Judgement(tuple(_results(rules, parts, failed)), broken, by_part)


def _plain(value: object) -> object:
    return str(value) if isinstance(value, Decimal) else value


def _failed(con: duckdb.DuckDBPyConnection, rules: Sequence[Rule]) -> set[tuple[str, int, str]]:
    """(rule, delivery, region) of every part that broke a delivery rule."""
    found = con.execute(
        "SELECT rule_id, delivery_id, delivery_region FROM failures JOIN deliveries USING (row_id) "
        "WHERE list_contains(?, rule_id)",
        [[r.id for r in rules]],
    )
    return {(row[0], row[1], row[2]) for row in found.fetchall()}


def _results(
    rules: Sequence[Rule], parts: Sequence[Judged], failed: set[tuple[str, int, str]]
) -> Iterator[RuleResult]:
    regions = sorted({p.region_code for p in parts})
    for rule in rules:
        for region in regions:
            keys = [(rule.id, p.delivery_id, region) for p in parts if p.region_code == region]
            broke = sum(key in failed for key in keys)
            yield RuleResult(rule.id, rule.severity.value, rule.scope.value, region, len(keys), broke)


def outcome_of(part: Part, judgement: Judgement, released: frozenset[str]) -> DeliveryOutcome:
    """The outcome of a part. `released`: rules from which a person released this delivery's bytes.

    The rule named is the first that nobody released it from; if all were released, the first of them, which
    the catalog then takes as released.
    """
    key = part.delivery_id, part.region_code
    broken = judgement.broken.get(key, ())
    held = next((rule for rule in broken if rule not in released), broken[0] if broken else None)
    detail = None
    if held is not None:
        judged = judgement.judged[key]
        detail = {
            "rows": judged.rows,
            "previous_rows": judged.previous_rows,
            "quarantined": judged.quarantined,
            "rules": list(broken),
        }
    return DeliveryOutcome(*key, part.received, part.accepted, part.quarantined, held, detail)
