"""The layoff rate on both sides of each threshold, and the headcount it stands on."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from stable_jobs_demo.block import Raw
from stable_jobs_demo.traps.base import (
    Change,
    L,
    N,
    Q,
    Scene,
    Trap,
    X,
    Z,
    by_city,
    chain,
    heads,
    lose,
    put,
    send,
    use_strange_parent,
)

Array = npt.NDArray[Any]
FAILS, UNKNOWN = ("layoff_rate",), ("layoff_rate_unknown",)


def at_cap(extra: int, *, large: bool) -> Change:
    """Layoffs of exactly the city's cap, plus `extra`."""

    def change(scene: Scene, i: Array) -> None:
        lost, of = scene.city.large_cap if large else scene.city.small_cap
        lose(lost + extra, of, "large" if large else "small")(scene, i)

    return change


def months(*counts: int) -> Change:
    """Headcounts of Y-1's twelve months one by one."""

    def change(scene: Scene, i: Array) -> None:
        scene.block.heads[i, 1:13] = np.array(counts, dtype=np.int64)
        scene.block.heads[i, 0] = scene.block.heads[i, 13] = counts[-1]
        scene.block.reprice(i)

    return change


def spoil(column: int, text: str) -> Change:
    """One headcount row breaks a rule: the headcount is unknown."""

    def change(scene: Scene, i: Array) -> None:
        month = int(scene.moment.head_months[column])
        scene.block.heads[i, column] = -1
        send("monthly_headcount", month=month, insured_count=Raw(text))(scene, i)
        scene.block.knows_headcount[i] = False

    return change


def bad_claims(text: str) -> Change:
    """The row of claims breaks a rule."""
    return chain(
        put(claimants=-1),
        send(
            "benefit_claims",
            year=lambda scene, unit: scene.moment.year - 1,
            claimants=Raw(text),
            layoffs=None,
            natural_attrition=None,
        ),
    )


def insure_last(month: int) -> Change:
    """Insured since the second day of that month of last year; no headcount and no premium before it."""

    def change(scene: Scene, i: Array) -> None:
        block = scene.block
        block.insured_since[i] = np.datetime64(date(scene.moment.year - 1, month, 2))
        block.heads[i, :month] = -1
        block.month_sent[i, : month - 1] = False

    return change


NO_ROWS = put(heads=-1)
SMALL_OVER_SME = by_city(
    L=lose(7, 37, "micro"),
    Q=lose(7, 37, "micro"),
    N=lose(6, 30, "micro"),
    Z=lose(6, 30, "micro"),
    X=lose(6, 30, "micro"),
)
THIRTY_ONE = by_city(
    L=lose(7, 38, "small"),
    Q=lose(7, 38, "small"),
    N=lose(4, 31, "small"),
    Z=lose(4, 31, "small"),
    X=lose(4, 31, "small"),
)
FROM_NOBODY = chain(heads(40, before=0), put(size_class="small"))
NOBODY = chain(heads(0), put(employer=9_001, employee=9_000))

TRAPS = (
    Trap("cap_equal", "exactly the cap passes (≤)", at_cap(0, large=False)),
    Trap("cap_over", "one head more fails", at_cap(1, large=False), FAILS, share=0.015, in_tiers=True),
    Trap("medium_cap_equal", "medium firms keep 5.5 %", lose(11, 200, "medium"), cities=(X,)),
    Trap("medium_cap_over", "medium firms keep 5.5 %", lose(12, 200, "medium"), FAILS, cities=(X,)),
    Trap("large_cap_equal", "exactly the cap of a large firm fails (<)", at_cap(0, large=True), FAILS),
    Trap("large_cap_under", "one head less passes", at_cap(-1, large=True)),
    Trap("small_unit_thirty", "30 heads take the small-unit cap", SMALL_OVER_SME),
    Trap("small_unit_thirty_one", "31 heads do not", THIRTY_ONE, FAILS),
    Trap("small_unit_cap_equal", "exactly 20 % passes", lose(4, 20, "micro")),
    Trap("small_unit_cap_over", "25 % does not", lose(5, 20, "micro"), FAILS, share=0.02, in_tiers=True),
    Trap(
        "small_unit_of_large_parent",
        "the small-unit cap holds whatever the size",
        chain(
            use_strange_parent,
            lose(2, 20, "large"),
            put(size_class="micro", declared_size="large"),
            send(
                "enterprise_sizes",
                uscc=lambda scene, unit: scene.block.parent[unit],
                size_class="large",
                basis="statistics",
                determined_on=lambda scene, unit: scene.moment.day(-50),
            ),
        ),
    ),
    Trap(
        "second_formula",
        "F1 fails, F2 passes: any one is enough",
        lose(12, 200, "small", claimants=3),
        cities=(Q,),
    ),
    Trap(
        "only_first_formula",
        "F1 passes, F2 fails",
        chain(heads(200), put(claimants=20, size_class="small")),
        cities=(Q,),
    ),
    Trap(
        "average_rounds_up",
        "30.5 heads are 31: not a small unit",
        chain(months(30, 31, 30, 31, 30, 31, 30, 31, 30, 31, 30, 31), put(claimants=4, size_class="small")),
        FAILS,
        cities=(N, Z),
    ),
    Trap(
        "average_rounds_down",
        "30.4 heads are 30: a small unit",
        chain(months(30, 30, 30, 31, 30, 31, 30, 31, 30, 31, 30, 31), put(claimants=4, size_class="small")),
        cities=(N, Z),
    ),
    Trap(
        "average_of_six_months",
        "the average is over the months that have a row",
        chain(
            months(-1, -1, -1, -1, -1, -1, 40, 40, 40, 40, 40, 40),
            put(claimants=2, size_class="small"),
            put(employer=130_001, employee=70_000),
        ),
        cities=(N, Z, X),
    ),
    Trap("growth", "a negative rate counts as 0", heads(60, before=40), cities=(L, Q)),
    Trap(
        "december_before_missing",
        "no December of Y-2: unknown for a unit insured earlier",
        chain(heads(40, before=-1), put(claimants=0, size_class="small")),
        UNKNOWN,
        cities=(L, Q),
    ),
    Trap(
        "january_stands_in",
        "insured in January of last year: January stands in for December of Y-2",
        chain(heads(24, before=-1), put(claimants=0, size_class="small"), insure_last(1)),
        cities=(L,),
    ),
    Trap(
        "january_does_not_stand_in",
        "the same where the region sets no stand-in: unknown",
        chain(heads(24, before=-1), put(claimants=0, size_class="small"), insure_last(1)),
        UNKNOWN,
        cities=(Q,),
    ),
    Trap(
        "denominator_zero",
        "nobody to divide by: unknown",
        by_city(L=FROM_NOBODY, Q=FROM_NOBODY, N=NOBODY, X=NOBODY),
        UNKNOWN,
        cities=(L, N, Q, X),
    ),
    Trap(
        "no_headcount", "no headcount row at all", NO_ROWS, UNKNOWN, cities=(N, X), share=0.002, in_tiers=True
    ),
    Trap(
        "headcount_quarantined", "a quarantined month: unknown", spoil(6, "-5"), UNKNOWN, cities=(L, N, Q, X)
    ),
    Trap(
        "headcount_quarantined_this_month",
        "whichever month it is",
        spoil(13, "约20人"),
        UNKNOWN,
        cities=(L, N, Q, X),
    ),
    Trap(
        "headcount_quarantined_held",
        "two tests read the headcount",
        spoil(6, "-5"),
        ("layoff_rate_unknown", "headcount_held_unknown"),
        cities=(Z,),
    ),
    Trap(
        "claims_quarantined",
        "quarantined claims are not none",
        bad_claims("三人"),
        UNKNOWN,
        cities=(N, Z, Q, X),
    ),
    Trap("claims_quarantined_unread", "F1 does not read claims", bad_claims("-3"), cities=(L,)),
    Trap(
        "headcount_halved",
        "more than half gone since last year",
        chain(heads(40, now=19), put(claimants=0, size_class="small")),
        ("headcount_held",),
        cities=(Z,),
    ),
    Trap(
        "headcount_exactly_half",
        "exactly half is not more than half",
        chain(heads(40, now=20), put(claimants=0, size_class="small")),
        cities=(Z,),
    ),
    Trap(
        "no_current_month", "no month of this year", heads(now=-1), ("headcount_held_unknown",), cities=(Z,)
    ),
    Trap("no_current_month_unread", "only where the region asks", heads(now=-1), cities=(L, N, Q, X)),
    Trap(
        "new_unit",
        "insured last spring: too few months, and no December of Y-2",
        insure_last(3),
        ("paid_months",),
        cities=(N, X),
        share=0.01,
    ),
)
