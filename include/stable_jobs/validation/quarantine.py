"""The quarantine: every staged row that broke a critical row rule, with all the rules it broke.

Reads the temporary relations of a validation: `staged` (the view over all deliveries' staged rows),
`failures (rule_id, row_id)`, `known_regions (code)` and `registered_codes (code, region)`.
Set-based throughout: at any number of rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from stable_jobs.contracts import checks
from stable_jobs.contracts.model import Contract, Rule, Scope, Severity
from stable_jobs.errors import StepError
from stable_jobs.regions import NATION
from stable_jobs.store.engine import quote_literal, read_parquet_sql
from stable_jobs.validation.run import count_rows

if TYPE_CHECKING:
    import duckdb


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

    Columns: the staged ones, then `rules` (sorted ids), `home_region`, `is_unit_known`. Sorted by row_id.
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
        FROM staged JOIN broken USING (row_id) ORDER BY row_id
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
