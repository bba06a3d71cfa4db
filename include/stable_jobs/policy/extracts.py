"""The night's inputs as tables of the engine, and the rows among them that cannot be counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from stable_jobs.contracts.model import Contract, Kind
from stable_jobs.regions import NATION
from stable_jobs.store.working import Working

if TYPE_CHECKING:
    import ibis.expr.types as ir


# --- Inputs ---
# The night's inputs as tables of the engine: accepted rows of the deliveries in force, and quarantined ones.
#
# Rows of a file for all regions give way to a region's own file, and do not count for a region whose
# part is held.

TYPES = {
    Kind.TEXT: "string",
    Kind.CODE: "string",
    Kind.INTEGER: "int64",
    Kind.MONEY: "decimal(18,2)",
    Kind.DATE: "date",
    Kind.OPEN_DATE: "date",
    Kind.TIMESTAMP: "timestamp",
    Kind.MONTH: "int32",
    Kind.BOOLEAN: "boolean",
    Kind.ENUM: "string",
}
HEAD = {"row_id": "int64", "delivery_id": "int64", "row_no": "int64", "delivery_region": "string"}
QUARANTINE = {"rules": "array<string>", "home_region": "string", "is_unit_known": "boolean"}


@dataclass(frozen=True)
class InputFile:
    """One delivery in force: its slot, and where its staged rows and its validation's quarantine are."""

    extract: str
    region_code: str
    delivery_id: int
    staged: str
    quarantine: str
    held_parts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Inputs:
    """All inputs of a decision. `contracts`: by extract, as of the business date.

    `held_deliveries`: (extract, region) whose delivery came but is not accepted, unlike a
    missing one. `paid_by_us`: the ledger's file (paid.py); None: nothing was paid by us. `registered`:
    (region, code) that two people registered though the code rule refuses it.
    """

    files: tuple[InputFile, ...]
    contracts: Mapping[str, Contract]
    held_deliveries: frozenset[tuple[str, str]] = field(default_factory=frozenset)
    paid_by_us: str | None = None
    registered: tuple[tuple[str, str], ...] = ()

    @cached_property
    def _by_extract(self) -> Mapping[str, tuple[InputFile, ...]]:
        return {e: tuple(f for f in self.files if f.extract == e) for e in self.contracts}

    def of(self, extract: str) -> tuple[InputFile, ...]:
        """The files in force of one extract."""
        return self._by_extract[extract]

    def covers(self, extract: str, region: str) -> bool:
        """Whether an accepted delivery counts for the region: its own, or its part of one for all."""
        return any(
            f.region_code == region or (f.region_code == NATION and region not in f.held_parts)
            for f in self.of(extract)
        )


class Extracts:
    """The inputs as tables of one engine. The reading of each extract is written once, as a view.

    working: where the views are, and what others compute once. They are dropped with it.
    """

    def __init__(self, inputs: Inputs, working: Working) -> None:
        self.inputs, self.working = inputs, working
        self._known: dict[tuple[str, str], ir.Table] = {}

    def accepted(self, extract: str) -> ir.Table:
        """Rows in force that broke no critical rule: the staged columns without `raw` and `unreadable`."""
        return self._once("accepted", extract)

    def quarantined(self, extract: str) -> ir.Table:
        """Rows in force that broke a critical rule, with `rules`, `home_region` and `is_unit_known`."""
        return self._once("quarantined", extract)

    def _once(self, kind: str, extract: str) -> ir.Table:
        if (kind, extract) not in self._known:
            rows = self._accepted(extract) if kind == "accepted" else self._quarantined(extract)
            self._known[kind, extract] = self.working.named(rows)
        return self._known[kind, extract]

    def _accepted(self, extract: str) -> ir.Table:
        files = self.inputs.of(extract)
        staged = self.working.files([f.staged for f in files], HEAD | self._columns(extract))
        broken = self.working.files([f.quarantine for f in files], {"row_id": "int64"})
        rows = staged.anti_join(broken, "row_id")
        return self._in_force(rows, extract, rows.region_code)

    def _quarantined(self, extract: str) -> ir.Table:
        files = self.inputs.of(extract)
        columns = HEAD | self._columns(extract) | QUARANTINE
        rows = self.working.files([f.quarantine for f in files], columns)
        rows = rows.filter(rows.delivery_id.isin([f.delivery_id for f in files]))
        return self._in_force(rows, extract, rows.home_region)

    def _in_force(self, rows: ir.Table, extract: str, region: ir.StringValue) -> ir.Table:
        """Drop the rows of a file for all that belong to a region with its own file, or with a held part."""
        files = self.inputs.of(extract)
        own = {f.region_code for f in files if f.region_code != NATION}
        own = own if self.inputs.contracts[extract].row_region == "own" else set()
        gone = sorted(own | {code for f in files for code in f.held_parts})
        if not gone or all(f.region_code != NATION for f in files):
            return rows
        return rows.filter(~((rows.delivery_region == NATION) & region.isin(gone)).fill_null(False))

    def _columns(self, extract: str) -> dict[str, str]:
        return {column.name: TYPES[column.kind] for column in self.inputs.contracts[extract].columns}


# ---- expressions and small results ----


def step(table: ir.Table, **columns: ir.Value) -> ir.Table:
    """The table with these columns, computed once; later columns name them.

    A plain `mutate` is merged into the next one by writing the expressions out again wherever they are used;
    a dozen such steps grow the query a hundredfold.
    """
    return table.mutate(**columns).view()


def rows_of(table: ir.Table) -> list[dict[str, Any]]:
    """A small result (counts, lists, an explanation) as plain rows, never the units of a night."""
    return list(table.to_pyarrow().to_pylist())


def count_of(table: ir.Table) -> int:
    """How many rows a table has."""
    return int(rows_of(table.aggregate(rows=table.count()))[0]["rows"])


# --- Doubtful rows ---
# Rows that exist and cannot be counted, assigned to the unit they may be about: not absent, but unknown.
#
# A quarantined row of the unit; rows under an old 15-digit registration number (原注册号) that is another
# unit's own key; and for a unit that has no code but an old number, every extract that lists by codes. An old
# number that is nobody else's is replaced by the code that took its place. Source: domain, sections 3 and 9.

# ---- Old numbers ----

OLD_LENGTH = 15


def clashes(units: ir.Table, keys: ir.Table) -> ir.Table:
    """`clash_region, clash_number, clash_uscc`: old numbers of a unit that are another unit's own key.

    units: accepted rows of insured_units. keys: `region_code, uscc` of every unit, quarantined ones too.
    The owner of the rows under such a number is unknown.
    """
    old = units.filter((units.registration_no.length() == OLD_LENGTH) & (units.registration_no != units.uscc))
    claimed = old.select(clash_region="region_code", clash_number="registration_no", clash_uscc="uscc")
    own = keys.filter(keys.uscc.length() == OLD_LENGTH).distinct()
    return claimed.semi_join(
        own, [claimed.clash_region == own.region_code, claimed.clash_number == own.uscc]
    ).distinct()


def crosswalk(units: ir.Table, clashing: ir.Table) -> ir.Table:
    """`old_region, old_number, new_uscc`: one row per number that exactly one unit of the region has.

    units: accepted rows of insured_units. Two codes for one number, or a number that is another unit's key
    (`clashes`): not replaced.
    """
    known = units.filter(units.registration_no.length() == OLD_LENGTH)
    grouped = known.group_by(old_region=known.region_code, old_number=known.registration_no).aggregate(
        new_uscc=known.uscc.min(), codes=known.uscc.nunique()
    )
    one = grouped.filter(grouped.codes == 1).drop("codes")
    is_theirs = [one.old_region == clashing.clash_region, one.old_number == clashing.clash_number]
    return one.anti_join(clashing, is_theirs)


def renamed(rows: ir.Table, walk: ir.Table, column: str = "uscc", region: str = "region_code") -> ir.Table:
    """The rows with `column` replaced where it is an old number of the same region; no row more or less."""
    is_old = rows[column].length() == OLD_LENGTH
    found = rows.left_join(walk, [is_old, rows[region] == walk.old_region, rows[column] == walk.old_number])
    return found.mutate(**{column: found.new_uscc.fill_null(found[column])}).drop(*walk.columns)


def either(clashing: ir.Table, rows: ir.Table) -> ir.Table:
    """`region_code, uscc` of both units of every clashing number under which there are rows.

    rows: with `region_code` and `uscc` as sent. May repeat.
    """
    hit = clashing.semi_join(
        rows, [clashing.clash_region == rows.region_code, clashing.clash_number == rows.uscc]
    )
    one = hit.select(region_code="clash_region", uscc="clash_uscc")
    return one.union(hit.select(region_code="clash_region", uscc="clash_number"))


# ---- Quarantined rows ----

UNIT_EXTRACTS = (
    "monthly_headcount",
    "benefit_claims",
    "premium_payments",
    "taxpayers",
    "payee_accounts",
    "prior_refunds",
    "applications",
)
"""Extracts whose rows are about one unit; insured_units says which units there are."""
DOUBTED_ENTERPRISES = ("exclusion_list", "enterprise_sizes")
"""Extracts about enterprises whose quarantined rows leave something unknown."""
LISTED_BY_CODE = ("exclusion_list", "prior_refunds", "applications")
"""The extracts that list by codes, where absence means none. They cannot name a unit known by old number."""


def unaccepted(extracts: Extracts) -> ir.Table:
    """`extract, region_code, uscc` as sent, of every quarantined row whose unit or enterprise can be read.

    Of insured_units, the extracts about units and those about enterprises. A row counts for the region it was
    sent for, whatever region it names itself.
    """
    import ibis

    rows = {e: extracts.quarantined(e) for e in ("insured_units", *UNIT_EXTRACTS, *DOUBTED_ENTERPRISES)}
    readable = {e: t.filter(t.is_unit_known) for e, t in rows.items()}
    return ibis.union(
        *(
            t.select(extract=ibis.literal(e), region_code="home_region", uscc="uscc")
            for e, t in readable.items()
        )
    )


def doubted_units(broken: ir.Table, walk: ir.Table) -> ir.Table:
    """`region_code, uscc` and one flag `doubt_<extract>` each: a row of the unit was quarantined there.

    broken: `unaccepted`. insured_units too: a unit may have an accepted row and a quarantined one.
    """
    named = renamed(broken.filter(broken.extract.isin(UNIT_EXTRACTS)), walk)
    both = named.union(broken.filter(broken.extract == "insured_units"))
    return _flags(both, "doubt", (*UNIT_EXTRACTS, "insured_units"))


def clashing_units(clashing: ir.Table, sent: ir.Table) -> ir.Table:
    """`region_code, uscc` and one flag `clash_<extract>` each: rows of that extract stand under an old number
    of the unit that is another's own key, or under its own key that is another's old number.

    sent: `extract, region_code, uscc` of what stands under such numbers, accepted or quarantined, our
    ledger's payments with prior_refunds. It may hold more and repeat.
    """
    sent = sent.distinct()
    hit = clashing.inner_join(
        sent, [clashing.clash_region == sent.region_code, clashing.clash_number == sent.uscc]
    )
    one = hit.select(region_code="clash_region", uscc="clash_uscc", extract="extract")
    other = hit.select(region_code="clash_region", uscc="clash_number", extract="extract")
    return _flags(one.union(other), "clash", UNIT_EXTRACTS)


def _flags(rows: ir.Table, prefix: str, extracts: tuple[str, ...]) -> ir.Table:
    flags = {f"{prefix}_{e}": (rows.extract == e).any() for e in extracts}
    return rows.group_by("region_code", "uscc").aggregate(**flags)


def all_keys(units: ir.Table, broken: ir.Table) -> ir.Table:
    """`region_code, uscc` of every unit that labor sent, accepted or quarantined with a readable code.

    broken: `unaccepted`.
    """
    sent = broken.filter(broken.extract == "insured_units")
    return units.select("region_code", "uscc").union(sent.select("region_code", "uscc"))


def doubted_enterprises(broken: ir.Table, walk: ir.Table, extract: str) -> ir.Table:
    """`uscc` of every readable quarantined row of an extract about enterprises; may repeat.

    broken: `unaccepted`. An old number in a file for all whose region cannot be read may be that of a unit in
    any region.
    """
    rows = broken.filter(broken.extract == extract)
    named = renamed(rows, walk).select("uscc")
    homeless = rows.filter((rows.region_code == NATION) & (rows.uscc.length() == OLD_LENGTH))
    anywhere = walk.semi_join(homeless, [walk.old_number == homeless.uscc])
    return named.union(anywhere.select(uscc=anywhere.new_uscc))


def clashing_enterprises(broken: ir.Table, clashing: ir.Table, rows: ir.Table, extract: str) -> ir.Table:
    """`uscc` of both enterprises of a clashing number under which the extract has rows; may repeat.

    broken: `unaccepted`; rows: the extract's accepted ones. Whoever has the number as its code has it
    everywhere.
    """
    under = rows.select("region_code", "uscc")
    under = under.union(broken.filter(broken.extract == extract).select("region_code", "uscc"))
    own = clashing.semi_join(under, [clashing.clash_number == under.uscc]).select(uscc="clash_number")
    return either(clashing, under).select("uscc").union(own)
