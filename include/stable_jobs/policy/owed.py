"""The work list: the data that each row lacks that cannot be decided or priced, and the department
that owes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING

from stable_jobs.contracts.model import Contract
from stable_jobs.messages.decision import CAUSE
from stable_jobs.policy.doubts import LISTED_BY_CODE
from stable_jobs.policy.parameters import typed_table
from stable_jobs.policy.situation import ROW, Setting
from stable_jobs.policy.tests import TESTS, differs, uses_claims

if TYPE_CHECKING:
    import ibis.expr.types as ir

COLUMNS = (
    "region_code", "uscc", "unit_name", "scheme", "reason", "department", "extract", "cause",
    "detail_zh", "detail_en",
)  # fmt: skip

DECLARED = {
    "zh": ("申报人数 ", "，记录 ", "；申报划型 ", "，记录 "),
    "en": ("declared headcount ", ", recorded ", "; declared size ", ", recorded "),
}


DEBT = "struct<reason: string, extract: string, cause: string>"


@dataclass(frozen=True)
class Debt:
    """Why a reason stands: the first debt of a reason whose `when` is true is the one that is owed.

    `cause` is a word or a column of such words.
    """

    extract: str
    cause: str | ir.StringValue
    when: bool | ir.BooleanValue


def debts(t: ir.Table) -> Mapping[str, tuple[Debt, ...]]:
    """Per reason code what may be owed, most telling first; the last holds where none before does."""
    heads = _doubt_first(t, "monthly_headcount", t.is_headcount_conflict.fill_null(False))
    clashing = Debt("insured_units", "clash", t.clash_benefit_claims & uses_claims(t))
    claims = Debt("benefit_claims", "quarantined", t.doubt_benefit_claims & uses_claims(t))
    size = _size(t, t.policy_size.isnull())
    laneless = _size(t, t.lane.isnull())
    tax = _doubt_first(t, "taxpayers")
    units = Debt("insured_units", "quarantined", t.doubt_insured_units)
    applications = _doubt_first(t, "applications")
    refunds = _doubt_first(t, "prior_refunds")
    return {
        "in_scope_unknown": (units, Debt("insured_units", "missing", True)),
        "active_unknown": (units, *tax),
        "paid_months_unknown": _doubt_first(t, "premium_payments"),
        "no_arrears_unknown": tax,
        "layoff_rate_unknown": (*heads[:-1], clashing, claims, *_layoff_inputs(t), *size, heads[-1]),
        "headcount_held_unknown": heads,
        "size_known_unknown": (*_by_reference(t, heads), *size),
        "not_excluded_unknown": _doubt_first(t, "exclusion_list"),
        "account_known_unknown": _account(t),
        "fund_able_unknown": (Debt("fund_balances", t.fund_cause.fill_null("missing"), True),),
        "in_time_unknown": (*applications[:-1], *laneless, applications[-1]),
        "applied_unknown": (
            *applications[:-1],
            Debt("applications", "missing", ~t.has_applications),
            Debt("applications", "differs", differs(t)),
            *laneless,
            applications[-1],
        ),
        "already_paid_unknown": (*refunds[:-1], Debt("prior_refunds", "too_large", True)),
        "entitlement_unknown": _unpriced(t, heads),
    }


def _doubt_first(t: ir.Table, extract: str, conflict: ir.BooleanValue | None = None) -> tuple[Debt, ...]:
    """Labor's debt if its numbers do not say whose the rows are, then the extract's own department's."""
    clash = Debt("insured_units", "clash", t[f"clash_{extract}"])
    old = (Debt("insured_units", "old_number", t.is_old_key),) if extract in LISTED_BY_CODE else ()
    middle = () if conflict is None else (Debt(extract, "conflict", conflict),)
    doubt = Debt(extract, "quarantined", t[f"doubt_{extract}"])
    return (clash, *old, doubt, *middle, Debt(extract, "missing", True))


def _size(t: ir.Table, when: ir.BooleanValue) -> tuple[Debt, ...]:
    """Labor's where the unit's or its parent's number says nothing, else economy's."""
    cause = t.size_cause.fill_null("missing")
    numbers = tuple(Debt("insured_units", c, when & (cause == c)) for c in ("clash", "parent_code"))
    return (*numbers, Debt("enterprise_sizes", cause, when))


def _unpriced(t: ir.Table, heads: tuple[Debt, ...]) -> tuple[Debt, ...]:
    """The general scheme's amount rests on the premium, the difficult one's on benefit and headcount."""
    is_general = t.scheme == "general"
    benefit = Debt("benefit_standards", t.benefit_cause, ~is_general & t.benefit_cause.notnull())
    large = Debt("benefit_standards", "too_large", ~is_general & t.headcount.notnull())
    premium = Debt("premium_payments", "too_large", is_general)
    return (premium, benefit, large, *heads)


def _layoff_inputs(t: ir.Table) -> tuple[Debt, ...]:
    """A headcount that a formula in use needs, then an optional column of benefit_claims."""
    no_base = (
        t.place_F1.notnull() | t.place_F2.notnull() | t.place_F6.notnull()
    ) & t.december_before.isnull()
    no_last = (t.place_F1.notnull() | t.place_F5.notnull() | t.place_F6.notnull()) & t.december_last.isnull()
    no_year = (t.place_F3.notnull() | t.place_F4.notnull()) & t.year_sum.isnull()
    no_layoffs = t.place_F5.notnull() & t.layoffs.isnull()
    no_attrition = t.place_F6.notnull() & t.natural_attrition.isnull()
    return (
        Debt("monthly_headcount", "missing", no_base | no_last | no_year),
        Debt("benefit_claims", "missing", no_layoffs | no_attrition),
    )


def _by_reference(t: ir.Table, heads: tuple[Debt, ...]) -> tuple[Debt, ...]:
    """A unit by reference needs a headcount, not a size."""
    return tuple(Debt(d.extract, d.cause, t.is_by_reference & d.when) for d in heads)


def _account(t: ir.Table) -> tuple[Debt, ...]:
    return (
        Debt("insured_units", "clash", t.clash_payee_accounts | t.clash_taxpayers),
        Debt("payee_accounts", "quarantined", t.doubt_payee_accounts),
        Debt("taxpayers", "quarantined", t.doubt_taxpayers),
        Debt("taxpayers", "missing", t.is_account_nameless),
        Debt("payee_accounts", "differs", t.payee_rows > 0),
        Debt("payee_accounts", "missing", True),
    )


def open_rows(scene: Setting, results: ir.Table, decided: ir.Table) -> ir.Table:
    """The wide rows of what is undecided, or eligible without a known amount, with their tests and
    amounts."""
    is_unpriced = (decided.decision == "eligible") & (
        decided.entitlement.isnull() | decided.already_paid.isnull()
    )
    rows = decided.filter((decided.decision == "undecided") | is_unpriced)
    tests = [f"meets_{name}" for name in TESTS]
    rows = rows.select(*ROW, "decision", "entitlement", "already_paid", *tests)
    return scene.wide(results.semi_join(rows, ROW)).join(rows, ROW)


def owed(t: ir.Table, contracts: Mapping[str, Contract]) -> ir.Table:
    """One row per reason of every undecided row, and of every eligible one whose amount is not known.

    t: open rows. Columns: `COLUMNS`; sorted by all keys.
    """
    import ibis

    every = ibis.array([_debt(t, reason, options) for reason, options in debts(t).items()])
    declared = {f"declared_{lang}": _declared(t, lang) for lang in ("zh", "en")}
    long = t.select(*ROW, "unit_name", debt=every.unnest(), **declared)
    long = long.filter(long.debt.notnull())
    long = long.select(
        *ROW, "unit_name", *declared, **{part: long.debt[part] for part in ("reason", "extract", "cause")}
    )
    long = long.join(_extracts(contracts), "extract").join(_causes(), "cause")
    is_declared = (long.cause == "differs") & (long.extract == "applications")
    detail = {
        f"detail_{lang}": is_declared.ifelse(
            long[f"declared_{lang}"], long[f"title_{lang}"] + ": " + long[f"cause_{lang}"]
        )
        for lang in ("zh", "en")
    }
    long = long.mutate(**detail)
    return long.order_by("region_code", "uscc", long.scheme.desc(), "reason").select(*COLUMNS)


def _debt(t: ir.Table, reason: str, options: tuple[Debt, ...]) -> ir.StructValue:
    """`reason, extract, cause` of the first debt that holds, where the reason stands; else empty."""
    import ibis

    found = ibis.cases(
        *(
            (
                ibis.literal(True) if o.when is True else o.when,
                ibis.struct({"reason": reason, "extract": o.extract, "cause": o.cause}, type=DEBT),
            )
            for o in options
        ),
        else_=None,
    )
    return _stands(t, reason).ifelse(found, None)


def _stands(t: ir.Table, reason: str) -> ir.BooleanValue:
    test = reason.removesuffix("_unknown")
    if test in TESTS:
        return (t.decision == "undecided") & t[f"meets_{test}"].isnull()
    amount = t.already_paid if test == "already_paid" else t.entitlement
    return (t.decision == "eligible") & amount.isnull()


def _extracts(contracts: Mapping[str, Contract]) -> ir.Table:
    columns = dict.fromkeys(("extract", "department", "title_zh", "title_en"), "string")
    return typed_table([{c: getattr(k, c) for c in columns} for k in contracts.values()], columns)


def _causes() -> ir.Table:
    columns = dict.fromkeys(("cause", "cause_zh", "cause_en"), "string")
    return typed_table(
        [dict(zip(columns, (cause, one.zh, one.en), strict=True)) for cause, one in CAUSE.items()], columns
    )


def _declared(t: ir.Table, lang: str) -> ir.StringValue:
    """Both values, declared and recorded."""
    parts = (t.declared_headcount, t.headcount, t.declared_size, t.economy_size)
    texts = (w + p.cast("string").fill_null("-") for w, p in zip(DECLARED[lang], parts, strict=True))
    return reduce(lambda a, b: a + b, texts)
