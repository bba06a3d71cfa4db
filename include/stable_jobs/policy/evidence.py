"""The rows behind one enterprise's decision: file, row number, values, quarantined or not; accounts
masked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stable_jobs.contracts.masking import mask
from stable_jobs.contracts.model import Contract
from stable_jobs.policy.asked import asked
from stable_jobs.policy.crosswalk import OLD_LENGTH, clashes, crosswalk, renamed
from stable_jobs.policy.doubts import all_keys, unaccepted
from stable_jobs.policy.extracts import Extracts

if TYPE_CHECKING:
    import ibis.expr.types as ir

ENTERPRISE = ("enterprise_sizes", "exclusion_list", "priority_list")
REGIONAL = ("fund_balances", "benefit_standards")


@dataclass(frozen=True)
class Source:
    """One row as a department sent it. `rules`: the critical rules it broke; empty: accepted."""

    extract: str
    department: str
    delivery_id: int
    file_name: str
    row_no: int
    rules: tuple[str, ...]
    values: Mapping[str, str]


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
    """Rows of the unit asked about, accepted and quarantined, in the order of the files.

    Old numbers are replaced as in the decision.
    """
    good, bad = extracts.accepted(extract), extracts.quarantined(extract)
    if extract in REGIONAL:
        good, bad = (t.filter(asked("levels").contains(t.region_code)) for t in (good, bad))
    else:
        good, bad = _of(good, walk, extract, "region_code"), _of(bad, walk, extract, "home_region")
    return good.order_by("row_id"), bad.order_by("row_id")


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
