"""The oracle's twelve tests and its verdict, in the order of the eligibility table."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from stable_jobs.policy.load import Policies
from stable_jobs.policy.parameters import schemes_open
from tests.policy.builder import Row, World
from tests.policy.oracle import Books, Truth, Unit, all_of, unless

Found = dict[str, Any]


def truths(u: Unit) -> dict[str, Truth]:
    """Every test's outcome."""
    return {
        "in_scope": None if u.row["legal_form"] is None else u.row["legal_form"] in u.p("in_scope_forms"),
        "active": _active(u),
        "paid_months": unless(
            u.doubt("premium_payments"),
            None if u.months_paid is None else u.months_paid >= u.p("min_paid_months"),
        ),
        "no_arrears": _no_arrears(u),
        "layoff_rate": u.layoff[0],
        "headcount_held": _held(u),
        "size_known": True if u.size is not None else None,
        "not_excluded": _not_excluded(u),
        "account_known": True if u.account is not None else None,
        "fund_able": _fund_able(u),
        "in_time": _in_time(u),
        "applied": _applied(u),
    }


def _active(u: Unit) -> Truth:
    insured = u.row["insured_since"] <= u.on and u.row["insured_status"] == "active"
    status = [r["taxpayer_status"] for r in u.rows("taxpayers")]
    lost = {"cancelled"} if u.p("abnormal_taxpayer_passes") else {"cancelled", "abnormal"}
    taxed = None if not status else status[0] not in lost
    return all_of(insured, taxed, unless(u.doubt("taxpayers"), True))


def _no_arrears(u: Unit) -> Truth:
    rows = u.rows("taxpayers")
    none = None if not rows else rows[0]["arrears_amount"] == 0
    return all_of(none, unless(u.doubt("taxpayers"), True))


def _held(u: Unit) -> Truth:
    drop = u.p("headcount_held_max_drop")
    if drop is None:
        return True
    current = [m for m in u.counts if u.on.year * 100 < m <= u.on.year * 100 + u.on.month]
    if u.doubt("monthly_headcount") or not current or not u.year_counts:
        return None
    average = Decimal(sum(u.year_counts)) / len(u.year_counts)
    return bool(u.counts[max(current)] >= average * (1 - drop))


def _not_excluded(u: Unit) -> Truth:
    rows = [
        r for r in u.books.of("exclusion_list", u.row["uscc"]) if r["list_type"] in u.p("exclusion_lists")
    ]
    listed = any(r["listed_on"] <= u.on and (r["removed_on"] is None or u.on < r["removed_on"]) for r in rows)
    return all_of(not listed, unless(u.books.doubt("exclusion_list", u.row["uscc"]), True))


def _fund_able(u: Unit) -> Truth:
    minimum, fund = u.p("fund_min_reserve_months"), u.books.of_region("fund_balances", u.row["region_code"])
    return minimum is None or fund["rolling_balance"] * 12 >= minimum * fund["annual_payout"]


def _in_time(u: Unit) -> Truth:
    deadline, application = u.p("deadline"), u.application
    if u.lane == "no_application":
        return u.on <= deadline
    if u.doubt("applications"):
        return None
    applied_on = u.on if application is None else application["submitted_at"].date()
    if u.lane == "application" or u.on <= deadline:
        return applied_on <= deadline or (u.lane is None and u.on <= deadline)
    return None if applied_on <= deadline else False


def _applied(u: Unit) -> Truth:
    if u.lane == "no_application":
        return True
    if u.doubt("applications"):
        return None
    signed = u.application is not None and u.application["commitment_signed"]
    if u.lane is None:
        return True if signed and not _differs(u) else None
    return False if not signed else None if _differs(u) else True


def _differs(u: Unit) -> bool:
    tolerance, a = u.p("declared_tolerance"), u.application
    if tolerance is None or a is None:
        return False
    gap = u.headcount is not None and abs(a["declared_headcount"] - u.headcount) > tolerance * u.headcount
    return gap or (u.economy_size is not None and a["declared_size"] != u.economy_size)


def _priority(u: Unit) -> int:
    order = u.p("priority_order") or ()
    rows = u.books.of("priority_list", u.row["uscc"])
    now = {
        r["category"]
        for r in rows
        if r["valid_from"] <= u.on and (r["valid_to"] is None or u.on <= r["valid_to"])
    }
    return next((i for i, c in enumerate(order, start=1) if c in now), len(order) + 1)


def found(u: Unit) -> Found:
    """The columns of the eligibility table that the policy decides, but which row is taken."""
    outcome = truths(u)
    reasons = ";".join(t if v is False else f"{t}_unknown" for t, v in outcome.items() if not v)
    decision = {True: "eligible", False: "ineligible", None: "undecided"}[all_of(*outcome.values())]
    left = (
        None
        if None in (u.entitlement, u.already_paid)
        else max(Decimal("0.00"), u.entitlement - u.already_paid)
    )
    is_general = u.scheme == "general"
    return {
        "decision": decision,
        "reasons": reasons,
        "lane": u.lane,
        "size_class": u.size,
        "headcount": u.headcount,
        "claimants": u.claims["claimants"],
        "layoff_formula": u.layoff[1],
        "layoff_rate": u.layoff[2],
        "months_paid": u.months_paid,
        "premium_base": u.base,
        "refund_rate": u.of_size("refund_rate") if is_general else None,
        "entitlement": u.entitlement,
        "already_paid": u.already_paid,
        "payable": {"eligible": left, "ineligible": Decimal("0.00"), "undecided": None}[decision],
        "account_source": u.account,
        "priority": _priority(u),
    }


def decide(world: World, policies: Policies, on: date) -> dict[tuple[str, str, str], Found]:
    """(region, uscc, scheme) → what the eligibility row must say."""
    books = Books(world)
    units = [r for (e, _), rows in books.good.items() if e == "insured_units" for r in rows]
    decided: dict[tuple[str, str, str], Found] = {}
    for row in units:
        region = row["region_code"]
        rows = {
            s: found(Unit(books, policies, row, s, on))
            for s in schemes_open(policies, region, on)
            if _has(books, row, s, on)
        }
        taken = _taken(rows)
        decided |= {(region, row["uscc"], s): f | {"is_taken": s == taken} for s, f in rows.items()}
    return decided


def _has(books: Books, row: Row, scheme: str, on: date) -> bool:
    listed = [r for r in books.of("priority_list", row["uscc"]) if r["category"] == "recovering"]
    return scheme == "general" or any(
        r["valid_from"] <= on and (r["valid_to"] is None or on <= r["valid_to"]) for r in listed
    )


def _taken(rows: dict[str, Found]) -> str | None:
    able = {
        s: f["entitlement"]
        for s, f in rows.items()
        if f["decision"] == "eligible" and f["entitlement"] is not None
    }
    return max(able, key=lambda s: (able[s], s == "general"), default=None)
