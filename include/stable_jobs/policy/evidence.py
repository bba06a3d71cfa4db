"""The rows behind one enterprise's decision: file, row number, values, quarantined or not; accounts
masked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stable_jobs.contracts.model import Column, Contract
from stable_jobs.policy.crosswalk import crosswalk, renamed
from stable_jobs.policy.extracts import Inputs, accepted, quarantined
from stable_jobs.policy.working import Hold, rows_of

if TYPE_CHECKING:
    import ibis.expr.types as ir
    from ibis.backends import BaseBackend

MASK = "****"
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


@dataclass(frozen=True)
class Subject:
    """Whose rows: a unit, its parent for a size, and the levels whose fund or benefit it may have."""

    uscc: str
    region_code: str
    parent_uscc: str | None
    levels: tuple[str, ...]


def sources(
    backend: BaseBackend,
    inputs: Inputs,
    subjects: tuple[Subject, ...],
    file_name: Callable[[int], str],
    hold: Hold,
) -> dict[tuple[str, str], tuple[Source, ...]]:
    """(region, extract) → the rows of that unit, accepted first, in the order of the files.

    file_name: the name of a delivery's file. Old numbers are replaced as in the decision.
    """
    units = hold(accepted(backend, inputs, "insured_units"))
    walk = hold(crosswalk(units))
    return {
        (subject.region_code, extract): tuple(
            _source(row, contract, file_name) for row in _rows(backend, inputs, extract, walk, subject)
        )
        for subject in subjects
        for extract, contract in inputs.contracts.items()
    }


def _rows(
    backend: BaseBackend, inputs: Inputs, extract: str, walk: ir.Table, subject: Subject
) -> list[dict[str, Any]]:
    good, bad = accepted(backend, inputs, extract), quarantined(backend, inputs, extract)
    if extract in REGIONAL:
        parts = [t.filter(t.region_code.isin(subject.levels)) for t in (good, bad)]
    else:
        parts = [
            _of(good, walk, subject, extract, "region_code"),
            _of(bad, walk, subject, extract, "home_region"),
        ]
    return [row for part in parts for row in rows_of(part.order_by("row_id"))]


def _of(rows: ir.Table, walk: ir.Table, subject: Subject, extract: str, region: str) -> ir.Table:
    wanted = [subject.uscc]
    if extract == "enterprise_sizes" and subject.parent_uscc is not None:
        wanted.append(subject.parent_uscc)
    if extract == "insured_units":
        return rows.filter(rows.uscc.isin(wanted) & (rows[region] == subject.region_code))
    rows = renamed(rows, walk, region=region)
    mine = rows.uscc.isin(wanted)
    return rows.filter(mine if extract in ENTERPRISE else mine & (rows[region] == subject.region_code))


def _source(row: Mapping[str, Any], contract: Contract, file_name: Callable[[int], str]) -> Source:
    values = {c.name: masked(c, row[c.name]) for c in contract.columns if row[c.name] is not None}
    return Source(
        extract=contract.extract,
        department=contract.department,
        delivery_id=row["delivery_id"],
        file_name=file_name(row["delivery_id"]),
        row_no=row["row_no"],
        rules=tuple(row.get("rules") or ()),
        values=values,
    )


def masked(column: Column, value: object) -> str:
    """The value as text; of a sensitive one only the last four characters, and those only of more than
    eight."""
    text = str(value)
    if not column.is_sensitive:
        return text
    return MASK + text[-4:] if len(text) > 8 and text.isascii() else MASK
