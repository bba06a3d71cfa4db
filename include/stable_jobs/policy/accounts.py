"""Whose account the money may go to: names compared after NFKC and without blanks."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from stable_jobs.policy.working import Hold

if TYPE_CHECKING:
    import ibis.expr.types as ir

BLANKS = (
    "["
    + r"\s\x{0B}\x{1C}-\x{1F}\x{85}\x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}"
    + "]+"
)
UNIT = ("region_code", "uscc")
ACCOUNT = ("account_name", "account_no", "bank_code", "bank_name")


@cache
def _plain_name() -> Any:
    import ibis
    import pyarrow.compute as pc

    @ibis.udf.scalar.pyarrow(name="plain_name", signature=(("string",), "string"))  # type: ignore[untyped-decorator]  # ibis has no types
    def plain_name(text: Any) -> Any:
        normal = pc.utf8_normalize(text, form="NFKC")
        return pc.replace_substring_regex(normal, pattern=BLANKS, replacement="")

    return plain_name


def plain_name(name: Any) -> Any:
    """A name as it is compared (domain: section 3): NFKC, all blanks removed. A column in, a column out."""
    return _plain_name()(name)


def is_same_name(a: Any, b: Any) -> Any:
    """Whether two names are compared equal; what is written alike is not normalised first."""
    return (a == b).ifelse(True, plain_name(a) == plain_name(b))


def account_facts(units: ir.Table, corporate: ir.Table, tax: ir.Table, hold: Hold) -> ir.Table:
    """One row per unit that has an account: `account_source` and the account's four columns.

    A verified corporate account in the unit's own name; else the account premiums are paid from,
    complete, not reported failed by finance, and in the unit's name unless it is an individual business.
    Of several the lowest number is taken, so that a rerun takes the same.
    """
    first = hold(_first(_corporate(units, corporate)))
    others = _with_unit(tax.anti_join(first, UNIT), units)
    return first.union(_first(_premium(others, corporate)))


def _first(accounts: ir.Table) -> ir.Table:
    import ibis

    place = ibis.row_number().over(group_by=UNIT, order_by=[accounts.account_no, accounts.bank_code])
    placed = accounts.mutate(place=place)
    return placed.filter(placed.place == 0).drop("place")


def _corporate(units: ir.Table, corporate: ir.Table) -> ir.Table:
    named = _with_unit(corporate.filter(corporate.account_status == "verified"), units)
    return _accounts(named.filter(is_same_name(named.account_name, named.unit_name)), "corporate")


def _premium(named: ir.Table, corporate: ir.Table) -> ir.Table:
    failed = corporate.filter(corporate.account_status == "failed").select(*UNIT, "account_no").distinct()
    whole = named.filter(named.account_no.notnull() & named.bank_code.notnull())
    whole = whole.anti_join(failed, [*UNIT, "account_no"])
    is_own = is_same_name(whole.account_name, whole.unit_name)
    return _accounts(whole.filter((whole.legal_form == "individual_business") | is_own), "premium")


def _with_unit(rows: ir.Table, units: ir.Table) -> ir.Table:
    return rows.inner_join(units.select(*UNIT, "legal_form", "unit_name"), UNIT)


def _accounts(rows: ir.Table, source: str) -> ir.Table:
    import ibis

    return rows.select(*UNIT, *ACCOUNT, account_source=ibis.literal(source))
