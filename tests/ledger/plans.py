"""Nights that Hypothesis draws: four units of two regions, what each is told, what finance reports."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from tests.ledger.conftest import CODES, Night, refund, unit

A, B = "610100", "610300"
UNITS = ((A, CODES[0], 0), (A, CODES[1], 1), (B, CODES[0], 2), (B, CODES[2], 0))
"""Region, code, review level. One firm is insured in both regions."""
POOL = "610000"
PLENTY = Decimal(10**9)
Plan = dict[str, Any]
SAYS: dict[str, dict[str, Any] | None] = {
    "100": {},
    "150": {"entitlement": Decimal(150)},
    "60": {"entitlement": Decimal(60)},
    "difficult 300": {"entitlement": Decimal(300), "scheme": "difficult"},
    "difficult 100": {"scheme": "difficult"},
    "0": {"entitlement": Decimal(0)},
    "paid unknown": {"is_paid_known": False},
    "reviewed by two": {"review_level": 2},
    "excluded": {"decision": "ineligible", "reasons": "not_excluded"},
    "never was eligible": {"decision": "ineligible", "reasons": "layoff_rate", "is_revoked": True},
    "size unknown": {"decision": "undecided", "reasons": "size_known_unknown", "account_no": None},
    "account unknown": {"decision": "undecided", "reasons": "account_known_unknown", "account_no": None},
    "gone": None,
}
REFUNDS: dict[str, dict[str, Any]] = {
    "100 alike": {"amount": Decimal(100)},
    "30 beside": {"amount": Decimal(30)},
    "130 beside": {"amount": Decimal(130)},
    "own": {"amount": Decimal(100), "payment_reference": 0},
    "own, another amount": {"amount": Decimal(70), "payment_reference": 0},
    "the neighbour's": {"amount": Decimal(100), "payment_reference": 1},
}
said = st.sampled_from(["100", "100", "100", "150", *SAYS])
reported = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from(["100 alike", "100 alike", *REFUNDS])),
    min_size=1,
    max_size=3,
    unique=True,
)
plans = st.fixed_dictionaries(
    {
        "says": st.tuples(said, said, said, said),
        "accounts": st.tuples(*[st.sampled_from([0, 0, 0, 1])] * 4),
        "refunds": st.one_of(st.just([]), reported),
        "days": st.sampled_from([0, 0, 5]),
        "held": st.sampled_from(["", "", "", "", A, B]),
        "is_silent": st.booleans(),
        "absent": st.sampled_from(["", "", "", "", B]),
        "budget": st.sampled_from([PLENTY, PLENTY, Decimal(250)]),
    }
)


def made(on: date, plan: Plan) -> Night:
    """The night of a drawn plan."""
    clears = on + timedelta(days=8 if plan["days"] else 0)
    terms = {"working_days": plan["days"], "clears_on": clears, "pooling_region": POOL}
    terms |= {"refund_budget": plan["budget"]}
    going = [code for code in (A, B) if code != plan["absent"]]
    decided = [code for code in going if code != plan["held"]]
    return Night(
        on,
        tuple(_unit(place, plan) for place in range(4) if _is_told(place, plan, decided)),
        tuple(_reported(on, place, name) for place, name in plan["refunds"] if UNITS[place][0] in going),
        {code: terms | _held(code, plan) for code in going},
    )


def _held(region: str, plan: Plan) -> dict[str, bool]:
    is_held = region == plan["held"]
    return {"is_held": is_held, "is_silent": is_held and plan["is_silent"]}


def _is_told(place: int, plan: Plan, decided: list[str]) -> bool:
    return UNITS[place][0] in decided and SAYS[plan["says"][place]] is not None


def _unit(place: int, plan: Plan) -> dict[str, Any]:
    region, code, level = UNITS[place]
    own = {"region_code": region, "review_level": level, "priority": 1 + place % 2}
    own |= {"account_no": f"62{place}{plan['accounts'][place]}"}
    return unit(code, **own | (SAYS[plan["says"][place]] or {}))


def _reported(on: date, place: int, name: str) -> dict[str, Any]:
    region, code, _ = UNITS[place]
    values = {"region_code": region, "policy_year": on.year, "voucher_no": f"{name}-{code}"} | REFUNDS[name]
    if "payment_reference" in values:
        named = UNITS[(place + values["payment_reference"]) % 4]
        values["payment_reference"] = f"{on.year % 100}-{named[0]}-{named[1]}-01-01"
    return refund(code, **values)
