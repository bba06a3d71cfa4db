"""Exclusion lists and the recovering list, on both sides of their days."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from stable_jobs_demo.block import Raw
from stable_jobs_demo.traps.base import (
    EVERYONE,
    Change,
    L,
    N,
    Q,
    Scene,
    Trap,
    X,
    Z,
    chain,
    on,
    put_day,
    recovering,
    send,
)

Array = npt.NDArray[Any]
FAILS, UNKNOWN = ("not_excluded",), ("not_excluded_unknown",)
AUTHORITY = {
    "serious_dishonesty": "市场监督管理局",
    "judgment_defaulter": "中级人民法院",
    "wage_arrears": "劳动保障监察支队",
    "zombie": "国有资产监督管理委员会",
    "obsolete_capacity": "工业和信息化局",
    "environmental_penalty": "生态环境局",
}


def listed(kind: str, since: Any, until: Any = None) -> Change:
    """On a list from a day on, until the day before `until`."""
    days: dict[str, Any] = {
        "listed_on": since if isinstance(since, Raw) else on(since),
        "removed_on": None if until is None else on(until),
    }
    return send("exclusion_list", to=EVERYONE, list_type=kind, authority=AUTHORITY[kind], **days)


def recovering_between(since: int, until: int | None) -> Change:
    """A row of the recovering list that is not in force."""
    days: dict[str, Any] = {"valid_from": on(since), "valid_to": None if until is None else on(until)}
    return send("priority_list", category="recovering", **days)


def use_twins(start: int) -> Change:
    """The codes of the same enterprises in each city that uses this, from place `start`."""

    def change(scene: Scene, i: Array) -> None:
        scene.block.uscc[i] = scene.twins[start : start + len(i)]
        scene.block.size_class[i] = "small"

    return change


def excluded_in_lanzhou(scene: Scene, i: Array) -> None:
    """Lanzhou's development office lists the enterprise; it is insured in Qiqihar too."""
    if scene.city.code == Z:
        listed("serious_dishonesty", -200)(scene, i)


TRAPS = (
    *(
        Trap(
            f"excluded_{kind}",
            "on a list that the region uses",
            listed(kind, -150),
            FAILS,
            share=0.002,
            in_tiers=kind == "serious_dishonesty",
        )
        for kind in AUTHORITY
        if kind != "environmental_penalty"
    ),
    Trap(
        "excluded_environmental",
        "on a list that the region uses",
        listed("environmental_penalty", -150),
        FAILS,
        cities=(L, N, Z, X),
    ),
    Trap(
        "list_not_used", "Qiqihar does not use that list", listed("environmental_penalty", -150), cities=(Q,)
    ),
    Trap("listed_on_the_day", "listed_on ≤ business date", listed("wage_arrears", 0), FAILS),
    Trap("listed_the_day_after", "not yet", listed("wage_arrears", 1)),
    Trap(
        "removed_on_the_day", "business date < removed_on does not hold any more", listed("zombie", -100, 0)
    ),
    Trap("removed_the_day_after", "still on it", listed("zombie", -100, 1), FAILS),
    Trap(
        "listed_twice_one_open",
        "one row is over, one in force",
        chain(listed("wage_arrears", -300, -100), listed("wage_arrears", -40)),
        FAILS,
    ),
    Trap(
        "exclusion_quarantined",
        "a quarantined listing is not no listing",
        listed("judgment_defaulter", Raw("2020年13月")),
        UNKNOWN,
    ),
    Trap(
        "excluded_and_quarantined",
        "a listing in force stays a failure",
        chain(listed("judgment_defaulter", Raw("未知")), listed("zombie", -90)),
        FAILS,
    ),
    Trap(
        "two_cities", "one enterprise insured in two cities: two units", use_twins(0), cities=(N, X), units=24
    ),
    Trap(
        "two_cities_excluded",
        "listed by one city, excluded in both",
        chain(use_twins(40), excluded_in_lanzhou),
        FAILS,
        cities=(Z, Q),
        units=24,
    ),
    Trap("recovering", "both schemes, the difficult one is better", recovering, cities=(L, X)),
    Trap(
        "recovering_last_day",
        "valid_to is the last day",
        chain(recovering, put_day("recovering_to", 0)),
        cities=(L, X),
    ),
    Trap(
        "recovering_until_yesterday", "no difficult row any more", recovering_between(-90, -1), cities=(L, X)
    ),
    Trap("recovering_from_tomorrow", "no difficult row yet", recovering_between(1, None), cities=(L, X)),
    Trap(
        "recovering_where_closed",
        "the scheme is not open here",
        recovering_between(-60, None),
        cities=(N, Z, Q),
    ),
)
