"""Explain enterprises of one night from what it registered: the statements written once, run for each.

Of the newest registered decision of the date, and of the very files that it read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from threading import Lock
from typing import TYPE_CHECKING, Any

from stable_jobs.contracts.model import Contract
from stable_jobs.errors import StepError, UsageError
from stable_jobs.policy.asked import Written, ask, rows
from stable_jobs.policy.asked import asked as asked_about
from stable_jobs.policy.evidence import old_numbers, source_rows, sources, walk_of
from stable_jobs.policy.explanation import Behind, Explanation, RowExplained, row_explained
from stable_jobs.policy.extracts import Extracts, InputFile, Inputs, Working, rows_of
from stable_jobs.policy.layoff import READS, laid_off
from stable_jobs.policy.load import Policies
from stable_jobs.policy.regional import region_table
from stable_jobs.policy.situation import ROW, Setting, setting, settled
from stable_jobs.policy.table import parameter_table
from stable_jobs.policy.verdict import judged
from stable_jobs.regions import upward
from stable_jobs.store.catalog import delivery_by_id, find_snapshot
from stable_jobs.store.lake import Lake
from stable_jobs.store.tables import snapshots

if TYPE_CHECKING:
    import duckdb
    from sqlalchemy import Connection, RowMapping


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

    UsageError if there is no decision or no such unit; StepError if policies or code no longer give what was
    registered.
    """
    with con.cursor() as own:
        night = ExplainedNight(own, conn, lake, contracts, policies, business_date)
        return night.explain(conn, uscc, region)


class ExplainedNight:
    """A night whose enterprises can be explained, one at a time; any thread may ask.

    con: of its own, for its working tables; as long as it is used. UsageError if there is no decision,
    PolicyError where the policies no longer have a parameter that it needs.
    """

    def __init__(
        self, con: duckdb.DuckDBPyConnection, conn: Connection, lake: Lake,
        contracts: Mapping[str, Contract], policies: Policies, business_date: date,
    ) -> None:  # fmt: skip
        import ibis

        self._lock = Lock()
        self._con, self._contracts, self._policies, self._on = con, contracts, policies, business_date
        self._backend = ibis.duckdb.from_connection(con)
        self._lasting = Working(self._backend)
        self._made = _newest(conn, business_date)
        tables = {kind: self._registered(conn, lake, kind) for kind in ("eligibility", "unit_facts", "held")}
        extracts = Extracts(Inputs(_files(lake, self._made["inputs"]), contracts), self._lasting)
        self._held = rows_of(tables["held"])
        own = {
            kind: table.filter(table.uscc == asked_about("uscc"))
            for kind, table in tables.items()
            if kind != "held"
        }
        self._units = self._written(
            own["unit_facts"].select("region_code", "uscc", "unit_name", "parent_uscc")
        )
        here = {kind: table.filter(table.region_code == asked_about("region")) for kind, table in own.items()}
        self._table = self._written(here["eligibility"])
        # Views and tables that last as long as the connection, and those that are made for each enterprise.
        self._working = Written(self._backend)
        self._wide = self._written(self._situations(extracts, tables["eligibility"], here["unit_facts"]))
        self._numbers = self._written(old_numbers(extracts))
        self._walk = Written(self._backend)
        walk = self._walk.materialize(walk_of(extracts))
        self._sources = {
            extract: tuple(map(self._written, source_rows(extracts, extract, walk))) for extract in contracts
        }

    @property
    def decision_id(self) -> int:
        """The decision that is explained."""
        return int(self._made["id"])

    def explain(self, conn: Connection, uscc: str, region: str | None = None) -> Explanation:
        """Explain one enterprise, in each region it is insured in or in one. Errors as `explain`'s."""
        with self._lock:
            ask(self._con, "uscc", uscc)
            found = [u for u in rows(self._con, self._units) if region in (None, u["region_code"])]
            if not found:
                raise UsageError(
                    f"{uscc} is not an accepted unit on {self._on}" + (f" in {region}" if region else "")
                )
            explained = [row for unit in found for row in self._explain_unit(conn, unit)]
        regions = {unit["region_code"] for unit in found}
        held = tuple(row for row in self._held if row["region_code"] in regions)
        return Explanation(uscc, found[0]["unit_name"], self._on, tuple(explained), held)

    def _explain_unit(self, conn: Connection, unit: Mapping[str, Any]) -> list[RowExplained]:
        region = unit["region_code"]
        ask(self._con, "region", region)
        ask(self._con, "levels", upward(region))
        table = rows(self._con, self._table)
        if not table:
            return []
        self._working.run(self._con)
        wide = rows(self._con, self._wide)
        behind = self._behind(unit, lambda number: delivery_by_id(conn, number).file_name)
        return [row_explained(self._policies, row, _matching(wide, row), behind, self._on) for row in table]

    def _behind(self, unit: Mapping[str, Any], file_name: Callable[[int], str]) -> Behind:
        wanted = [code for code in (unit["uscc"], unit["parent_uscc"]) if code is not None]
        ask(self._con, "wanted", wanted)
        ask(
            self._con, "codes", [*wanted, *(row["registration_no"] for row in rows(self._con, self._numbers))]
        )
        self._walk.run(self._con)
        return {
            extract: sources(
                (row for statement in both for row in rows(self._con, statement)),
                self._contracts[extract],
                file_name,
            )
            for extract, both in self._sources.items()
        }

    def _situations(self, extracts: Extracts, table: Any, facts: Any) -> Any:
        """The wide rows of the enterprise, computed again as in the decision."""
        regions = sorted(row["region_code"] for row in rows_of(table.select("region_code").distinct()))
        parameters = parameter_table(self._policies, self._on, regions)
        given = self._lasting.materialize(region_table(extracts, self._policies, parameters, self._on))
        materialize = self._working.materialize
        scene = setting(materialize(facts), given, parameters, self._on)
        scene = Setting(scene.facts, scene.region, self._lasting.materialize(scene.sizes), scene.on)
        results = materialize(settled(scene))
        results = materialize(results.join(laid_off(scene.wide(results, *READS), self._on), ROW))
        wide = materialize(scene.wide(results))
        again = materialize(judged(wide)).select(*ROW, again="reasons", months_paid="months_paid")
        return wide.join(again, ROW)

    def _written(self, table: Any) -> str:
        return str(self._backend.compile(table))

    def _registered(self, conn: Connection, lake: Lake, kind: str) -> Any:
        snapshot = find_snapshot(conn, kind, self._made["fingerprint"])
        if snapshot is None:
            raise StepError(f"the catalog has an eligibility of {self._on} without its {kind}")
        return self._backend.read_parquet(lake.path(snapshot.name))


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


def _matching(wide: list[dict[str, Any]], row: Mapping[str, Any]) -> dict[str, Any]:
    found = [w for w in wide if all(w[k] == row[k] for k in ROW)]
    if len(found) != 1 or found[0]["again"] != row["reasons"]:
        raise StepError(
            f"{row['uscc']} in {row['region_code']}: policies or program changed since that night; "
            f"run `stable-jobs night --date {row['business_date']}` again"
        )
    return found[0]
