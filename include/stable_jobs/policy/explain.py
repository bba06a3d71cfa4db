"""Explain enterprises of one night from what it registered: the statements written once, run for each.

Of the newest registered decision of the date, and of the very files that it read. Writing a statement from
an Ibis expression takes longer than running it for one enterprise. So the enterprise stands in it as
variables of the connection, which the engine reads when it plans: as good as values there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from threading import Lock
from typing import TYPE_CHECKING, Any

from stable_jobs.contracts.checks import mask
from stable_jobs.contracts.model import Contract
from stable_jobs.errors import StepError, UsageError
from stable_jobs.policy.explanation import Behind, Explanation, RowExplained, Source, row_explained
from stable_jobs.policy.extracts import (
    OLD_LENGTH,
    Extracts,
    InputFile,
    Inputs,
    all_keys,
    clashes,
    crosswalk,
    renamed,
    rows_of,
    unaccepted,
)
from stable_jobs.policy.layoff import READS, laid_off
from stable_jobs.policy.load import Policies
from stable_jobs.policy.parameters import parameter_table
from stable_jobs.policy.situation import ROW, Setting, region_table, resolved_rows, setting
from stable_jobs.policy.verdict import judged
from stable_jobs.regions import upward
from stable_jobs.store.catalog import delivery_by_id, find_snapshot
from stable_jobs.store.lake import Lake
from stable_jobs.store.tables import snapshots
from stable_jobs.store.working import Working

if TYPE_CHECKING:
    import duckdb
    import ibis.expr.types as ir
    from ibis.backends import BaseBackend
    from sqlalchemy import Connection, RowMapping

# ---- Statements about one enterprise ----

TYPES = {
    "uscc": "string",
    "region": "string",
    "wanted": "array<string>",
    "codes": "array<string>",
    "levels": "array<string>",
}
"""The types of the values in a question: the unit's code and region; its code and its parent's; those and the
old numbers under which they may stand; the regions from its own upward."""


def asked(name: str) -> ir.Value:
    """The value of that name in an Ibis expression, whatever it is when the statement runs."""
    import ibis

    @ibis.udf.scalar.builtin(name="getvariable", signature=(("string",), TYPES[name]))  # type: ignore[untyped-decorator]  # ibis ships no type for it
    def variable(key: str) -> Any:
        """DuckDB's own function."""

    return variable(f"asked_{name}")


def ask(con: duckdb.DuckDBPyConnection, name: str, value: str | Sequence[str]) -> None:
    """Give the value to the statements that this connection runs next."""
    assert name in TYPES
    con.execute(f"SET VARIABLE asked_{name} = $1", [value if isinstance(value, str) else list(value)])


def rows(con: duckdb.DuckDBPyConnection, statement: str) -> list[dict[str, Any]]:
    """The result of a statement, as plain rows."""
    found = con.execute(statement)
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


class Written(Working):
    """Working tables written down instead of made; `run` makes them for what is asked."""

    def __init__(self, backend: BaseBackend) -> None:
        super().__init__(backend)
        self._statements: list[str] = []

    def materialize(self, table: ir.Table) -> ir.Table:
        """An empty working table for others to build on; its rows come with `run`."""
        empty = self.empty(table.schema())
        query = self.backend.compile(table)
        self._statements.append(f"CREATE OR REPLACE TEMP TABLE {empty.get_name()} AS {query}")
        return empty

    def run(self, con: duckdb.DuckDBPyConnection) -> None:
        """Make every table, in the order in which they were written. con: the backend's own connection."""
        for statement in self._statements:
            con.execute(statement)


# ---- The rows behind a decision: file, row number, values, quarantined or not; accounts masked ----

ENTERPRISE = ("enterprise_sizes", "exclusion_list", "priority_list")
REGIONAL = ("fund_balances", "benefit_standards")


def old_numbers(extracts: Extracts) -> ir.Table:
    """`registration_no`: the old numbers of the enterprises wanted, under which rows of theirs may stand."""
    units = extracts.accepted("insured_units")
    own = asked("wanted").contains(units.uscc) & (units.registration_no.length() == OLD_LENGTH)
    return units.filter(own).select("registration_no").distinct()


def walk_of(extracts: Extracts) -> ir.Table:
    """The crosswalk of the numbers asked about, as the decision's own has them."""
    units = extracts.accepted("insured_units")
    known = units.filter(asked("codes").contains(units.registration_no))
    keys = all_keys(units, unaccepted(extracts))
    return crosswalk(known, clashes(known, keys.filter(asked("codes").contains(keys.uscc))))


def source_rows(extracts: Extracts, extract: str, walk: ir.Table) -> tuple[ir.Table, ir.Table]:
    """Rows of the unit asked about, accepted and quarantined.

    Old numbers are replaced as in the decision.
    """
    good, bad = extracts.accepted(extract), extracts.quarantined(extract)
    if extract in REGIONAL:
        good, bad = (t.filter(asked("levels").contains(t.region_code)) for t in (good, bad))
    else:
        good, bad = _of(good, walk, extract, "region_code"), _of(bad, walk, extract, "home_region")
    return good, bad


def _of(rows: ir.Table, walk: ir.Table, extract: str, region: str) -> ir.Table:
    here = rows[region] == asked("region")
    if extract == "insured_units":
        return rows.filter((rows.uscc == asked("uscc")) & here)
    rows = rows.filter(asked("codes").contains(rows.uscc))
    rows = renamed(rows if extract in ENTERPRISE else rows.filter(here), walk, region=region)
    if extract == "enterprise_sizes":
        return rows.filter(asked("wanted").contains(rows.uscc))
    return rows.filter(rows.uscc == asked("uscc"))


def sources(
    rows: Iterable[Mapping[str, Any]], contract: Contract, file_name: Callable[[int], str]
) -> tuple[Source, ...]:
    """Rows as found, for people. file_name: the name of a delivery's file."""
    return tuple(_source(row, contract, file_name) for row in rows)


def _source(row: Mapping[str, Any], contract: Contract, file_name: Callable[[int], str]) -> Source:
    values = {
        c.name: mask(contract, c, str(row[c.name])) for c in contract.columns if row[c.name] is not None
    }
    return Source(
        extract=contract.extract,
        department=contract.department,
        delivery_id=row["delivery_id"],
        file_name=file_name(row["delivery_id"]),
        row_no=row["row_no"],
        rules=tuple(row.get("rules") or ()),
        values=values,
    )


# ---- The night ----


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
        files = _files(lake, self._made["inputs"])
        extracts = Extracts(Inputs(files, contracts), self._lasting)
        self._sent = {(file.extract, file.region_code): file.delivery_id for file in files}
        self._held = rows_of(tables["held"])
        own = {
            kind: table.filter(table.uscc == asked("uscc"))
            for kind, table in tables.items()
            if kind != "held"
        }
        self._units = self._written(
            own["unit_facts"].select("region_code", "uscc", "unit_name", "parent_uscc")
        )
        here = {kind: table.filter(table.region_code == asked("region")) for kind, table in own.items()}
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
                (row for statement in both for row in self._rows_sent(extract, statement)),
                self._contracts[extract],
                file_name,
            )
            for extract, both in self._sources.items()
        }

    def _rows_sent(self, extract: str, statement: str) -> list[dict[str, Any]]:
        """Rows in the order of deliveries and rows, each with the number of the delivery in force of its
        slot: its file may have been staged for an earlier delivery of the same bytes."""
        found = [
            {**row, "delivery_id": self._sent[extract, row["delivery_region"]]}
            for row in rows(self._con, statement)
        ]
        return sorted(found, key=lambda row: (row["delivery_id"], row["row_no"]))

    def _situations(self, extracts: Extracts, table: ir.Table, facts: ir.Table) -> ir.Table:
        """The wide rows of the enterprise, computed again as in the decision."""
        regions = sorted(row["region_code"] for row in rows_of(table.select("region_code").distinct()))
        parameters = parameter_table(self._policies, self._on, regions)
        given = self._lasting.materialize(region_table(extracts, self._policies, parameters, self._on))
        materialize = self._working.materialize
        scene = setting(materialize(facts), given, parameters, self._on)
        scene = Setting(scene.facts, scene.region, self._lasting.materialize(scene.sizes), scene.on)
        results = materialize(resolved_rows(scene))
        results = materialize(results.join(laid_off(scene.wide(results, *READS), self._on), ROW))
        wide = materialize(scene.wide(results))
        again = materialize(judged(wide)).select(*ROW, again="reasons", months_paid="months_paid")
        return wide.join(again, ROW)

    def _written(self, table: ir.Table) -> str:
        return str(self._backend.compile(table))

    def _registered(self, conn: Connection, lake: Lake, kind: str) -> ir.Table:
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
