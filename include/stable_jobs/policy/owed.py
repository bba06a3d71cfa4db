"""Obstacles to a decision: the suspended regions, and the work list of what the departments owe."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import reduce
from typing import TYPE_CHECKING, Any

from stable_jobs.contracts.model import Contract
from stable_jobs.messages.decision import CAUSE
from stable_jobs.policy.extracts import LISTED_BY_CODE, Extracts, Inputs, rows_of
from stable_jobs.policy.load import Policies
from stable_jobs.policy.parameters import (
    Row,
    parameter_table,
    participating_regions,
    province_fault,
    region_faults,
    typed_table,
)
from stable_jobs.policy.situation import ROW, Setting
from stable_jobs.policy.verdict import TESTS, differs, uses_claims
from stable_jobs.regions import NATION, is_province

if TYPE_CHECKING:
    import ibis.expr.types as ir


# --- Suspended regions ---
# Regions for which nothing is decided tonight, and why. A region is suspended, never the night (design:
# section 6).

HELD_COLUMNS = {
    "region_code": "string",
    "reason": "string",
    "department": "string",
    "extract": "string",
    "detail": "string",
}
ALWAYS = (
    "insured_units",
    "monthly_headcount",
    "benefit_claims",
    "premium_payments",
    "taxpayers",
    "fund_balances",
    "prior_refunds",
    "payee_accounts",
    "exclusion_list",
    "enterprise_sizes",
)
NOT_ONE_UNREADABLE = ("exclusion_list", "prior_refunds")
"""One quarantined row whose unit cannot be read holds its region: it may be about any unit there."""


def regions_of_night(extracts: Extracts, policies: Policies, on: date) -> tuple[str, ...]:
    """The participating regions, to be decided or suspended: a province only where it insures somebody."""
    insuring = _senders(extracts)
    participating = participating_regions(policies, on)
    return tuple(code for code in participating if not is_province(code) or code in insuring)


def suspended_regions(extracts: Extracts, policies: Policies, on: date) -> tuple[Row, ...]:
    """One row per region and reason: `region_code, reason, department, extract, detail`, sorted."""
    regions = regions_of_night(extracts, policies, on)
    rows = parameter_table(policies, on, regions)
    faults = region_faults(policies, on)
    found = [_row(extracts.inputs, region, "bad_parameters", "", why) for region, why in faults.items()]
    senders = _senders(extracts) - {*regions, *faults}
    found += [_without_parameters(extracts.inputs, policies, region, on) for region in sorted(senders)]
    found += _missing(extracts.inputs, _needed(regions, rows))
    found += _unreadable(extracts, regions)
    return tuple(sorted(found, key=lambda r: tuple(str(r[c]) for c in HELD_COLUMNS)))


def needed_extracts(policies: Policies, on: date) -> dict[str, tuple[str, ...]]:
    """Region taking part → the extracts that its parameters need on that date.

    For no province is waited: only what it sends says whether it insures anybody.
    """
    regions = tuple(code for code in participating_regions(policies, on) if not is_province(code))
    return _needed(regions, parameter_table(policies, on, regions))


def _needed(regions: tuple[str, ...], rows: tuple[Row, ...]) -> dict[str, tuple[str, ...]]:
    by_region: dict[str, list[Row]] = {}
    for row in rows:
        by_region.setdefault(row["region_code"], []).append(row)
    return {region: required_extracts(by_region[region]) for region in regions}


def _row(inputs: Inputs, region: str, reason: str, extract: str, detail: str) -> Row:
    department = inputs.contracts[extract].department if extract else ""
    return dict(zip(HELD_COLUMNS, (region, reason, department, extract, detail), strict=True))


def _without_parameters(inputs: Inputs, policies: Policies, region: str, on: date) -> Row:
    """A region that sent what only a region taking part sends, and has no parameters for the policy year, or
    not all of them."""
    why = province_fault(policies, region, on) if is_province(region) else None
    if why is not None:
        return _row(inputs, region, "bad_parameters", "", why)
    return _row(inputs, region, "no_parameters", "", "no parameters for the policy year")


def _senders(extracts: Extracts) -> set[str]:
    """Regions with units, or with deliveries that only a region taking part sends.

    A province may send lists of enterprises for those whom its cities insure; a delivery of its own units
    that is held is one all the same.
    """
    subjects = {e: c.subject for e, c in extracts.inputs.contracts.items()}
    sent = {(f.extract, f.region_code) for f in extracts.inputs.files}
    cities = {r for e, r in sent if subjects[e] != "region" and not is_province(r)}
    held = extracts.inputs.held_deliveries
    provinces = {r for e, r in (*sent, *held) if subjects.get(e) == "unit" and is_province(r)}
    return (cities | provinces | _insuring(extracts)) - {NATION}


def _insuring(extracts: Extracts) -> set[str]:
    good = extracts.accepted("insured_units").select("region_code")
    bad = extracts.quarantined("insured_units")
    known = bad.filter(bad.is_unit_known).select(region_code="home_region")
    return {row["region_code"] for row in rows_of(good.union(known).distinct())} - {None}


def _missing(inputs: Inputs, needed: Mapping[str, tuple[str, ...]]) -> Iterator[Row]:
    for region, extracts in needed.items():
        for extract in extracts:
            if not inputs.covers(extract, region):
                is_held = (extract, region) in inputs.held_deliveries
                reason = "held_delivery" if is_held else "missing_delivery"
                yield _row(inputs, region, reason, extract, "no accepted delivery within its acceptable age")


def required_extracts(rows: list[Row]) -> tuple[str, ...]:
    """The extracts that a region's parameters need. rows: of the parameter table of that region."""
    applies = any(r["lane"] == "application" for r in rows)
    is_difficult = any(r["scheme"] == "difficult" for r in rows)
    has_order = any(r["place_last"] > 1 for r in rows)
    extra = {
        "applications": applies,
        "benefit_standards": is_difficult or has_order,
        "priority_list": is_difficult or has_order,
    }
    return ALWAYS + tuple(name for name, is_needed in extra.items() if is_needed)


def _unreadable(extracts: Extracts, regions: tuple[str, ...]) -> Iterator[Row]:
    for extract in NOT_ONE_UNREADABLE:
        counts = _unreadable_rows(extracts, extract)
        for home, rows in sorted(counts.items(), key=lambda item: str(item[0])):
            detail = f"{rows} quarantined row(s) whose enterprise cannot be read"
            everywhere = home is None or home == NATION
            for region in regions if everywhere else {home} & set(regions):
                yield _row(extracts.inputs, str(region), "unreadable_unit", extract, detail)


def _unreadable_rows(extracts: Extracts, extract: str) -> Mapping[Any, int]:
    rows = extracts.quarantined(extract)
    rows = rows.filter(~rows.is_unit_known.fill_null(False))
    counted = rows.group_by("home_region").aggregate(unreadable=rows.count())
    return {row["home_region"]: row["unreadable"] for row in rows_of(counted)}


# --- The work list ---
# The work list: the data that each row lacks that cannot be decided or priced, and the department
# that owes it.

OWED_COLUMNS = (
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
    return long.order_by("region_code", "uscc", long.scheme.desc(), "reason").select(*OWED_COLUMNS)


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
