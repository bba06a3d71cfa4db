"""The account to which the money may go: names and numbers are compared in one form, from every source."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from stable_jobs.accounts import SEPARATORS
from stable_jobs.names import BLANKS, STANDARD
from stable_jobs.policy.extracts import Working

if TYPE_CHECKING:
    import ibis.expr.types as ir

UNIT = ("region_code", "uscc")
ACCOUNT = ("account_name", "account_no", "bank_code", "bank_name")


@cache
def _plain_name() -> Any:
    import ibis
    import pyarrow.compute as pc

    @ibis.udf.scalar.pyarrow(name="plain_name", signature=(("string",), "string"))  # type: ignore[untyped-decorator]  # ibis has no types
    def plain_name(text: Any) -> Any:
        normal = pc.utf8_normalize(text, form="NFKC")
        return pc.replace_substring_regex(normal, pattern=f"[{BLANKS}]+", replacement="")

    return plain_name


def plain_name(name: ir.StringValue) -> ir.StringValue:
    """A name as `names.comparable_name` has it (domain: section 3). A column in, a column out."""
    return _plain_name()(name.translate("".join(STANDARD), "".join(STANDARD.values())))


def account_key(number: ir.StringValue) -> ir.StringValue:
    """A number as `accounts.account_key` has it, of what was cleaned when read. A column in, a column out."""
    return number.upper().re_replace(f"[{SEPARATORS}]", "").re_replace("^0+", "")


def is_same_name(a: ir.StringValue, b: ir.StringValue) -> ir.BooleanValue:
    """Whether two names are equal in comparison; names written alike are not normalised first."""
    return (a == b).ifelse(True, plain_name(a) == plain_name(b))


def account_facts(units: ir.Table, corporate: ir.Table, tax: ir.Table, working: Working) -> ir.Table:
    """One row per unit that has an account: `account_source` and the account's four columns.

    A verified corporate account in the unit's own name; else the account premiums are paid from,
    complete with number, bank code and name, not reported failed by finance however it is written, and in the
    unit's name unless it is an individual business.
    Of several the lowest number is taken, so that a rerun takes the same.
    """
    first = working.materialize(_first(_corporate(units, corporate)))
    others = _with_unit(tax.anti_join(first, UNIT), units)
    return first.union(_first(_premium(others, corporate)))


def _first(accounts: ir.Table) -> ir.Table:
    import ibis

    place = ibis.row_number().over(group_by=UNIT, order_by=[accounts.account_no, accounts.bank_code])
    placed = accounts.mutate(place=place)
    return placed.filter(placed.place == 0).drop("place")


def _corporate(units: ir.Table, corporate: ir.Table) -> ir.Table:
    named = _with_unit(corporate.filter(corporate.account_status == "verified"), units)
    is_own = ~is_blank(named.account_name) & is_same_name(named.account_name, named.unit_name)
    return _accounts(named.filter(is_own), "corporate")


def _premium(named: ir.Table, corporate: ir.Table) -> ir.Table:
    numbered = _numbered(named, corporate)
    whole = numbered.filter(~is_blank(numbered.account_name))
    is_own = is_same_name(whole.account_name, whole.unit_name)
    return _accounts(whole.filter((whole.legal_form == "individual_business") | is_own), "premium")


def nameless(corporate: ir.Table, tax: ir.Table) -> ir.Table:
    """`is_account_nameless`, true, of every unit whose premium account lacks nothing but its name."""
    import ibis

    numbered = _numbered(tax, corporate)
    nobodys = numbered.filter(is_blank(numbered.account_name)).select(*UNIT).distinct()
    return nobodys.mutate(is_account_nameless=ibis.literal(True))


def _numbered(tax: ir.Table, corporate: ir.Table) -> ir.Table:
    """Premium accounts with number and bank code that finance does not report failed, however written."""
    failed = corporate.filter(corporate.account_status == "failed")
    failed = failed.select(*UNIT, key=account_key(failed.account_no)).distinct()
    whole = tax.filter(tax.account_no.notnull() & tax.bank_code.notnull())
    return whole.mutate(key=account_key(whole.account_no)).anti_join(failed, [*UNIT, "key"])


def is_blank(name: ir.StringValue) -> ir.BooleanValue:
    """Whether a name is empty or blank: no payment can go to such a name. A column in, a column out."""
    return ~name.fill_null("").re_search(f"[^{BLANKS}]")


def _with_unit(rows: ir.Table, units: ir.Table) -> ir.Table:
    return rows.inner_join(units.select(*UNIT, "legal_form", "unit_name"), UNIT)


def _accounts(rows: ir.Table, source: str) -> ir.Table:
    import ibis

    return rows.select(*UNIT, *ACCOUNT, account_source=ibis.literal(source))
