"""Applications: none, late, unsigned, the newest, declared unlike recorded; deadlines."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt

from stable_jobs_demo.block import Raw
from stable_jobs_demo.city import DEADLINE
from stable_jobs_demo.traps.base import (
    Change,
    L,
    Scene,
    Trap,
    X,
    Z,
    apply,
    at,
    chain,
    heads,
    put,
    recovering,
    send,
    serial,
)

Array = npt.NDArray[Any]
FAILS = ("applied",)


def submitted(when: datetime) -> Change:
    """The application's instant, the same whatever the business date."""
    return put(submitted_at=np.datetime64(when, "s"))


def another(when: Any, *, signed: bool, scheme: str = "general", key: str = "S") -> Change:
    """One more application."""
    return send(
        "applications",
        application_no=serial(key),
        channel="counter",
        submitted_at=when,
        scheme=scheme,
        declared_headcount=_heads,
        declared_size=lambda scene, unit: scene.block.size_class[unit] or "small",
        commitment_signed=signed,
    )


def _heads(scene: Scene, unit: int) -> int:
    """The level of the year; the traps that use it have even heads."""
    return int(scene.block.heads[unit, 6])


def last_april_days(scene: Scene, unit: int) -> datetime:
    """The day before Lanzhou's deadline, after every ordinary application."""
    return datetime.combine(DEADLINE, time(9)) - timedelta(days=1)


NONE = put(applies_general=False)
LARGE = chain(put(size_class="large"), apply)
"""Large firms apply in Xi'an, and everybody in Liaoyuan."""
EVEN = chain(heads(20), put(claimants=0, size_class="small"))

TRAPS = (
    Trap(
        "not_applied", "no application where all apply", NONE, FAILS, cities=(L,), share=0.15, in_tiers=True
    ),
    Trap(
        "not_applied_late",
        "no application, and the deadline is over",
        NONE,
        ("in_time", "applied"),
        cities=(Z,),
        share=0.03,
        in_tiers=True,
    ),
    Trap("unsigned", "no signed commitment", put(is_signed=False), FAILS, cities=(L, Z), share=0.005),
    Trap(
        "deadline_day",
        "on the last day, in its last second",
        submitted(datetime.combine(DEADLINE, datetime.max.time()).replace(microsecond=0)),
        cities=(Z,),
    ),
    Trap(
        "deadline_missed",
        "in the first second after it",
        submitted(datetime(DEADLINE.year, DEADLINE.month + 1, 1)),  # noqa: DTZ001 -- wall clock
        ("in_time",),
        cities=(Z,),
    ),
    Trap(
        "applied_today",
        "until the end of the business date",
        chain(LARGE, NONE, another(at(0, 23, 59, 59), signed=True)),
        cities=(L, X),
    ),
    Trap(
        "applied_tomorrow",
        "the day after does not count yet",
        chain(LARGE, NONE, another(at(1, 0, 0, 0), signed=True)),
        FAILS,
        cities=(L, X),
    ),
    Trap(
        "newest_unsigned",
        "the newest application counts",
        chain(EVEN, another(last_april_days, signed=False)),
        FAILS,
        cities=(L, Z),
    ),
    Trap(
        "newest_signed",
        "the newest application counts",
        chain(EVEN, put(is_signed=False), another(last_april_days, signed=True)),
        cities=(L, Z),
    ),
    Trap(
        "other_scheme",
        "an application for the other scheme is none for this one",
        chain(LARGE, NONE, put(applies_difficult=True)),
        FAILS,
        cities=(L, X),
    ),
    Trap(
        "application_quarantined",
        "a quarantined application is not none",
        chain(NONE, another(Raw("昨天"), signed=True)),
        ("in_time_unknown", "applied_unknown"),
        cities=(L, Z),
    ),
    Trap(
        "declared_heads_differ",
        "declared headcount beyond the tolerance",
        chain(EVEN, put(declared_headcount=23)),
        ("applied_unknown",),
        cities=(Z,),
    ),
    Trap(
        "declared_heads_differ_low",
        "on the other side",
        chain(EVEN, put(declared_headcount=17)),
        ("applied_unknown",),
        cities=(Z,),
    ),
    Trap(
        "declared_heads_within", "exactly the tolerance", chain(EVEN, put(declared_headcount=22)), cities=(Z,)
    ),
    Trap(
        "declared_size_differs",
        "declared another size",
        chain(EVEN, put(declared_size="micro")),
        ("applied_unknown",),
        cities=(Z,),
    ),
    Trap(
        "declared_not_compared",
        "a region without tolerance compares nothing",
        chain(LARGE, put(declared_headcount=90, declared_size="micro")),
        cities=(L, X),
    ),
    Trap(
        "difficult_application_only",
        "eligible for the difficult scheme alone",
        chain(LARGE, recovering, NONE),
        FAILS,
        (),
        cities=(L, X),
    ),
    Trap(
        "general_application_only",
        "recovering, and applied for the general scheme alone",
        chain(LARGE, recovering, put(applies_difficult=False)),
        (),
        FAILS,
        cities=(L, X),
    ),
    Trap(
        "recovering_ineligible",
        "recovering, and in arrears",
        chain(recovering, put(arrears=50_000)),
        ("no_arrears",),
        cities=(L, X),
    ),
)
