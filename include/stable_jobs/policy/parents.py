"""Parents of branches whose size economy may know and could not say tonight (domain: section 9)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stable_jobs.contracts import checks
from stable_jobs.policy.crosswalk import OLD_LENGTH
from stable_jobs.policy.extracts import Extracts, Inputs, rows_of
from stable_jobs.policy.table import typed_table
from stable_jobs.regions import NATION

if TYPE_CHECKING:
    import ibis.expr.types as ir

EXTRACT = "enterprise_sizes"


def unknowable(extracts: Extracts, facts: ir.Table, clashing: ir.Table, regions: tuple[str, ...]) -> ir.Table:
    """`unsized_uscc, unsized_cause`, one row per parent that may have a size nobody could send.

    `parent_code`: no code at all by the code rule; `clash`: an old number that two units share; `missing`: it
    is insured, or registered, in a region whose sizes are not in force.
    """
    import ibis

    named = facts.filter(facts.parent_uscc.notnull()).select(unsized_uscc=facts.parent_uscc).distinct()
    inputs = extracts.inputs
    t = extracts.working.materialize(named)
    broken = _broken(extracts, t)
    t = t.left_join(broken, t.unsized_uscc == broken.broken_uscc)
    insured = facts.select(insured_uscc=facts.uscc).distinct()
    t = t.left_join(insured, t.unsized_uscc == insured.insured_uscc)
    silent = _insured_in_silence(facts, inputs)
    t = t.left_join(silent, t.unsized_uscc == silent.silent_uscc)
    shared = clashing.select(shared_number="clash_number").distinct()
    t = t.left_join(shared, t.unsized_uscc == shared.shared_number)
    t = _registered_in(t, _places(facts, inputs, regions), _is_covered_at_large(inputs))
    cause = ibis.cases(
        (t.broken_uscc.notnull() & t.insured_uscc.isnull(), "parent_code"),
        (t.shared_number.notnull(), "clash"),
        (t.silent_uscc.notnull() | ~t.is_covered, "missing"),
        else_=ibis.null("string"),
    )
    t = t.select("unsized_uscc", unsized_cause=cause)
    return t.filter(t.unsized_cause.notnull())


def _broken(extracts: Extracts, named: ir.Table) -> ir.Table:
    """`broken_uscc`: codes that the code rule refuses and nobody registered; few. named: a working table."""
    query = (
        f"SELECT unsized_uscc FROM {named.get_name()} "  # noqa: S608 - a working table's name
        f"WHERE NOT coalesce({checks.unit_code('unsized_uscc')}, false)"
    )
    registered = {code for _, code in extracts.inputs.registered}
    found = [row[0] for row in extracts.working.backend.raw_sql(query).fetchall()]
    rows = [{"broken_uscc": code} for code in sorted(found) if code not in registered]
    return typed_table(rows, {"broken_uscc": "string"})


def _insured_in_silence(facts: ir.Table, inputs: Inputs) -> ir.Table:
    """Enterprises insured in a region whose sizes are not in force."""
    uncovered = [r for r in _insuring(facts) if not inputs.covers(EXTRACT, r)]
    rows = facts.filter(facts.region_code.isin(uncovered)) if uncovered else facts.limit(0)
    return rows.select(silent_uscc=rows.uscc).distinct()


def _insuring(facts: ir.Table) -> list[str]:
    return sorted(row["region_code"] for row in rows_of(facts.select("region_code").distinct()))


def _is_covered_at_large(inputs: Inputs) -> bool:
    """Whether a file for all speaks of places that are no region of this night."""
    return any(f.region_code == NATION for f in inputs.of(EXTRACT))


def _places(facts: ir.Table, inputs: Inputs, regions: tuple[str, ...]) -> ir.Table:
    """`place, is_covered`: every region of this night and whether its sizes are in force."""
    slots = {f.region_code for f in inputs.files} | {r for f in inputs.files for r in f.held_regions}
    known = sorted({*regions, *slots, *_insuring(facts)} - {NATION})
    rows = [{"place": r, "is_covered": inputs.covers(EXTRACT, r)} for r in known]
    return typed_table(rows, {"place": "string", "is_covered": "boolean"})


def _registered_in(t: Any, places: ir.Table, at_large: bool) -> Any:
    """With `is_covered`: whether sizes are in force of the nearest region, upward, of the code's division.

    Characters 3 to 8 of a credit code, the first six of an old number.
    """
    import ibis

    is_old = t.unsized_uscc.length() == OLD_LENGTH
    t = t.mutate(division=is_old.ifelse(t.unsized_uscc.substr(0, 6), t.unsized_uscc.substr(2, 6)))
    for digits in (6, 4, 2):
        level = places.rename(**{f"place_{digits}": "place", f"covered_{digits}": "is_covered"})
        above = t.division.substr(0, digits) + "0" * (6 - digits)
        t = t.left_join(level, above == level[f"place_{digits}"])
    found = ibis.coalesce(t.covered_6, t.covered_4, t.covered_2, ibis.literal(at_large))
    return t.mutate(is_covered=found)
