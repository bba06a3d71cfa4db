"""Nights that Hypothesis draws: four units of two regions, what each is told, what finance reports."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from tests.ledger.conftest import CODES, Night, refund, unit

A, B = "610100", "610300"
UNITS = ((A, CODES[0], 0), (A, CODES[1], 1), (B, CODES[0], 2), (B, CODES[2], 0))
"""Region, code, review level. One firm is insured in both regions."""
LATER_CODES = {code: (CODES[10 + place], CODES[20 + place]) for place, code in enumerate(CODES[:3])}
"""The codes that may take the place of a unit's first one."""
FIRST_CODES = {code: first for first, later in LATER_CODES.items() for code in (first, *later)}
POOL = "610000"
PLENTY = Decimal(10**9)
Plan = dict[str, Any]
Change = tuple[str, str, str]
"""Region, old code, new code."""
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
        "codes": st.tuples(*[st.sampled_from([0, 0, 0, 1, 2])] * 4),
        "is_crosswalk_given": st.booleans(),
        "stopping": st.sampled_from(["", "", "two_regions"]),
    }
)
SAME = {"codes": (0, 0, 0, 0), "is_crosswalk_given": False, "stopping": ""}
"""Of a plan that is made by hand: every unit under its first code, no doubt stops anybody."""


def made(on: date, plan: Plan, joined: Collection[Change]) -> Night:
    """The night of a drawn plan. joined: changes of codes given before, which it may leave out."""
    clears = on + timedelta(days=8 if plan["days"] else 0)
    terms = {"working_days": plan["days"], "notice_ends_on": clears, "pooling_region": POOL}
    terms |= {"refund_budget": plan["budget"], "stopping_doubts": plan["stopping"]}
    going = [code for code in (A, B) if code != plan["absent"]]
    decided = [code for code in going if code != plan["held"]]
    changes = _changes(plan, decided, joined)
    known = {*changes, *joined}
    return Night(
        on,
        tuple(_unit(place, plan) for place in range(4) if _is_told(place, plan, decided)),
        tuple(
            _reported(on, place, name, plan, known)
            for place, name in plan["refunds"]
            if UNITS[place][0] in going
        ),
        {code: terms | _held(code, plan) for code in going},
        codes=tuple(sorted(changes)),
    )


def _held(region: str, plan: Plan) -> dict[str, bool]:
    is_suspended = region == plan["held"]
    return {"is_suspended": is_suspended, "is_silent": is_suspended and plan["is_silent"]}


def code_of(place: int, plan: Plan) -> str:
    """What a unit is called tonight."""
    first = UNITS[place][1]
    return (first, *LATER_CODES[first])[plan["codes"][place]]


def _changes(plan: Plan, decided: list[str], joined: Collection[Change]) -> set[Change]:
    changes = {
        (UNITS[place][0], UNITS[place][1], code_of(place, plan))
        for place in range(4) if _is_told(place, plan, decided) and plan["codes"][place]
    }  # fmt: skip
    return {one for one in changes if plan["is_crosswalk_given"] or one not in joined}


def _is_told(place: int, plan: Plan, decided: list[str]) -> bool:
    return UNITS[place][0] in decided and SAYS[plan["says"][place]] is not None


def _unit(place: int, plan: Plan) -> dict[str, Any]:
    region, first, level = UNITS[place]
    code, name = code_of(place, plan), f"单位{first[-6:]}"
    own = {
        "unit_name": name,
        "account_name": name,
        "region_code": region,
        "review_level": level,
        "priority": 1 + place % 2,
    }
    own |= {"account_no": f"62{place}{plan['accounts'][place]}"}
    own |= {"premium_base": Decimal(10_000)}
    return unit(code, **own | (SAYS[plan["says"][place]] or {}))


def _reported(on: date, place: int, name: str, plan: Plan, known: Collection[Change]) -> dict[str, Any]:
    """Under tonight's code, where a crosswalk joins it with the first one; else under that."""
    region, first, _ = UNITS[place]
    tonight = code_of(place, plan)
    code = tonight if (region, first, tonight) in known else first
    values: dict[str, Any] = {
        "region_code": region,
        "policy_year": on.year,
        "voucher_no": f"{name}-{first}",
    } | REFUNDS[name]
    if "payment_reference" in values:
        named = UNITS[(place + values["payment_reference"]) % 4]
        values["payment_reference"] = f"{on.year % 100}-{named[0]}-{named[1]}-01-01"
    return refund(code, **values)
