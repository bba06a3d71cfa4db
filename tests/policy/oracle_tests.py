"""The oracle's twelve tests and its verdict, in the order of the eligibility table."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tests.policy.oracle import Books, Truth, all_of, is_old, levels
from tests.policy.oracle_units import ZERO, Facts, Unit

Found = dict[str, Any]
COMPARED = ("decision", "reasons", "entitlement", "already_paid", "payable", "is_taken")


def truths(u: Unit) -> dict[str, Truth]:
    """Every test's outcome."""
    return {
        "in_scope": _in_scope(u),
        "active": _active(u),
        "paid_months": _paid_months(u),
        "no_arrears": _no_arrears(u),
        "layoff_rate": u.layoff,
        "headcount_held": _held(u),
        "size_known": True if u.size is not None else None,
        "not_excluded": _not_excluded(u),
        "account_known": True if u.facts.account is not None else None,
        "fund_able": _fund_able(u),
        "in_time": _in_time(u),
        "applied": _applied(u),
    }


def _sure(u: Unit, extract: str) -> Truth:
    return None if u.facts.doubt(extract) else True


def _in_scope(u: Unit) -> Truth:
    form = u.row["legal_form"]
    return all_of(None if form is None else form in u.p("in_scope_forms"), _sure(u, "insured_units"))


def _active(u: Unit) -> Truth:
    insured = u.row["insured_since"] <= u.on and u.row["insured_status"] == "active"
    status = {r["taxpayer_status"] for r in u.facts.rows("taxpayers")}
    lost = {"cancelled"} if u.p("abnormal_taxpayer_passes") else {"cancelled", "abnormal"}
    taxed = None if not status else not status & lost
    return all_of(insured, taxed, _sure(u, "taxpayers"), _sure(u, "insured_units"))


def _paid_months(u: Unit) -> Truth:
    if u.facts.doubt("premium_payments") or u.months_paid is None:
        return None
    return bool(u.months_paid >= u.p("min_paid_months"))


def _no_arrears(u: Unit) -> Truth:
    rows = u.facts.rows("taxpayers")
    none = None if not rows else sum(r["arrears_amount"] for r in rows) == 0
    return all_of(none, _sure(u, "taxpayers"))


def _held(u: Unit) -> Truth:
    drop, year = u.p("headcount_held_max_drop"), u.on.year
    if drop is None:
        return True
    counts, last = u.facts.counts, u.facts.year_counts
    if counts is None or not last:
        return None
    if u.on.month == 1:
        newest = counts.get((year - 1) * 100 + 12)
    else:
        months = [m for m in counts if year * 100 < m <= year * 100 + u.on.month]
        newest = counts[max(months)] if months else None
    return None if newest is None else bool(newest * len(last) >= (1 - drop) * sum(last))


def _not_excluded(u: Unit) -> Truth:
    is_listed = bool(u.facts.listed & set(u.p("exclusion_lists")))
    doubtful = is_old(u.facts.uscc) or ("exclusion_list", u.facts.uscc) in u.books.doubts
    return all_of(not is_listed, None if doubtful else True)


def _fund_able(u: Unit) -> Truth:
    minimum, pooled = u.p("fund_min_reserve_months"), u.p("pooling_region")
    if minimum is None:
        return True
    chain = (str(pooled),) if pooled is not None else tuple(levels(u.facts.region))
    fund, is_doubted = u.books.place("fund_balances", u.facts.region, chain)
    if fund is None:
        return None
    balance, payout = fund["rolling_balance"], fund["annual_payout"]
    is_able = balance > 0 if payout == 0 else balance * 12 >= minimum * payout
    return all_of(bool(is_able), None if is_doubted else True)


def _in_time(u: Unit) -> Truth:
    deadline, application = u.p("deadline"), u.application
    by_now = bool(u.on <= deadline)
    if u.lane == "no_application":
        return by_now
    if application is not None and application["submitted_at"].date() > deadline:
        return False
    if u.facts.doubt("applications"):
        return None
    if by_now:
        return True
    if not u.books.covers("applications", u.facts.region):
        return None
    if application is None:
        return False
    return True if u.lane == "application" else None


def _applied(u: Unit) -> Truth:
    if u.lane == "no_application":
        return True
    if u.facts.doubt("applications") or not u.books.covers("applications", u.facts.region):
        return None
    signed = u.application is not None and u.application["commitment_signed"]
    if u.lane is None:
        return True if signed and not _differs(u) else None
    return False if not signed else None if _differs(u) else True


def _differs(u: Unit) -> bool:
    tolerance, a = u.p("declared_tolerance"), u.application
    if tolerance is None or a is None:
        return False
    if u.headcount is not None and abs(a["declared_headcount"] - u.headcount) > tolerance * u.headcount:
        return True
    size = u.facts.economy_size
    return not u.is_by_reference and size is not None and a["declared_size"] != size


def found(u: Unit) -> Found:
    """What the eligibility row must say, but which row is taken."""
    outcome = truths(u)
    reasons = ";".join(t if v is False else f"{t}_unknown" for t, v in outcome.items() if not v)
    decision = {True: "eligible", False: "ineligible", None: "undecided"}[all_of(*outcome.values())]
    entitlement, paid = u.entitlement, u.facts.already_paid
    left: Decimal | None = None
    if entitlement is not None and paid is not None:
        left = max(ZERO, entitlement - paid)
    return {
        "decision": decision,
        "reasons": reasons,
        "entitlement": entitlement,
        "already_paid": paid,
        "payable": {"eligible": left, "ineligible": ZERO, "undecided": None}[decision],
    }


def decide(books: Books) -> dict[tuple[str, str, str], Found]:
    """(region, uscc, scheme) → what the eligibility row must say, of every region that is decided."""
    going = {r for r in books.world.participating if not books.is_held(r)}
    decided: dict[tuple[str, str, str], Found] = {}
    for row in books.units:
        region = row["region_code"]
        if region not in going:
            continue
        facts = Facts(books, row)
        schemes = [s for s in books.schemes(region) if s == "general" or "recovering" in facts.categories]
        rows = {s: found(Unit(facts, s)) for s in schemes}
        taken = _taken(rows)
        for s, one in rows.items():
            decided[region, row["uscc"], s] = one | {"is_taken": s == taken}
    return decided


def _taken(rows: dict[str, Found]) -> str | None:
    able = {
        s: f["entitlement"]
        for s, f in rows.items()
        if f["decision"] == "eligible" and f["entitlement"] is not None
    }
    return max(able, key=lambda s: (able[s], s == "general"), default=None)
