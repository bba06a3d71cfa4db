"""Events that befell some units between the first night and a later one, each declared with its outcome.

An event is declared like a trap: what it shows, a change, and the reasons that follow by design. Its days
are the day after the first night, so that it lies between the two whatever the later night is. The last ones
change no fact: a day that the first night's traps were built around has passed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stable_jobs_demo import codes
from stable_jobs_demo.draw import general_fen
from stable_jobs_demo.traps.base import (
    ALL,
    Change,
    L,
    N,
    Q,
    Scene,
    X,
    Z,
    chain,
    nothing,
    on,
    put,
    put_day,
    send,
    serial,
)
from stable_jobs_demo.traps.lists import listed

Array = npt.NDArray[np.int64]
ORDINARY = "ordinary"
SHARE = {L: 2, Q: 3, N: 5, Z: 5, X: 6}
"""Units of a city that an event which says no number befalls."""


@dataclass(frozen=True)
class Event:
    """Something that befell units of one class (a trap's name, or `ORDINARY`) between the nights.

    general, difficult: reason codes from then on, in test order; difficult None: as general. is_every: all
    units of the class, else the city's share. keeps_notice: what was publicised in the first night still
    holds: decision, scheme and amount are the same.
    """

    name: str
    why: str
    change: Change
    of: str = ORDINARY
    general: tuple[str, ...] = ()
    difficult: tuple[str, ...] | None = None
    cities: tuple[str, ...] = ALL
    is_every: bool = False
    keeps_notice: bool = False


def correct_june(numerator: int, denominator: int) -> Change:
    """Tax corrects what the unit itself paid for June of Y-1."""

    def change(scene: Scene, i: Array) -> None:
        employer = scene.block.employer
        employer[i, 5] = employer[i, 5] * numerator // denominator

    return change


def move_account(scene: Scene, i: Array) -> None:
    """A new number at the same bank, in finance's records."""
    scene.block.payee_no[i] = codes.account_numbers(scene.block.application_serial[i], 0, 3)


def pay_outside(numerator: int, denominator: int) -> Change:
    """Finance reports a share of the general refund as paid, under no reference of ours."""

    def change(scene: Scene, i: Array) -> None:
        block, year = scene.block, scene.moment.year
        fen = general_fen(block, year) * numerator // denominator
        send(
            "prior_refunds",
            policy_year=year,
            scheme="general",
            amount=lambda s, unit: int(fen[unit]),
            paid_date=on(1),
            voucher_no=serial("PE"),
            payment_reference=None,
        )(scene, i)
        block.already_paid[i] = fen[i]

    return change


def withdraw(extract: str) -> Change:
    """The units' extra rows of that extract are sent no more."""

    def change(scene: Scene, i: Array) -> None:
        gone = set(scene.block.code_in(extract)[i])
        scene.block.extras[:] = [
            extra
            for extra in scene.block.extras
            if extra.extract != extract or extra.values["uscc"] not in gone
        ]

    return change


def stop_recovering(scene: Scene, i: Array) -> None:
    """The row of the recovering list is still sent; it ended on the first night."""
    send("priority_list", category="recovering", valid_from=_since, valid_to=on(0))(scene, i)
    scene.block.is_recovering[i] = False


def _since(scene: Scene, unit: int) -> object:
    return scene.moment.recovering_since


def start_recovering(scene: Scene, i: Array) -> None:
    """The row that was sent ahead is in force, and regular from now on."""
    withdraw("priority_list")(scene, i)
    scene.block.recovering_from[i] = np.datetime64(scene.moment.day(1))
    scene.block.is_recovering[i] = True


def _day_passed(
    name: str, why: str, of: str, general: tuple[str, ...] = (), cities: tuple[str, ...] = ALL
) -> Event:
    return Event(name, why, nothing, of, general, cities=cities, is_every=True)


SIZED = chain(put(size_class="small"), put_day("determined_on", 1))
RECEIVED = put(month_sent=True, knows_premium=True)
EXCLUDED, APPLIED = ("not_excluded",), ("applied",)

EVENTS: tuple[Event, ...] = (
    Event("listed_since", "on an exclusion list since", listed("judgment_defaulter", 1), general=EXCLUDED),
    Event(
        "deregistered_since",
        "deregistered since",
        put(insured_status="deregistered"),
        general=("active",),
    ),
    Event("premium_corrected_up", "one month's premium was more: a larger amount", correct_june(3, 2)),
    Event("premium_corrected_down", "one month's premium was less: a smaller amount", correct_june(1, 2)),
    Event("account_moved", "another account, the same amount", move_account, keeps_notice=True),
    Event("paid_outside_part", "two fifths were paid outside: the rest is due", pay_outside(2, 5)),
    Event("paid_outside_whole", "all was paid outside: nothing is due", pay_outside(1, 1)),
    Event("taxpayer_arrived", "the missing row arrived", put(sends_taxpayer=True), "taxpayer_missing"),
    Event(
        "taxpayer_mended",
        "the quarantined row was sent anew",
        chain(withdraw("taxpayers"), put(sends_taxpayer=True)),
        "taxpayer_quarantined",
    ),
    Event("size_arrived", "the missing size arrived", SIZED, "size_missing", cities=(L, N, Z)),
    Event("size_arrived_lane", "and with it the lane", SIZED, "size_missing_two_lanes", cities=(Q, X)),
    Event("payee_arrived", "the missing account arrived", put(sends_payee=True), "account_none"),
    Event("payments_arrived", "the missing payments arrived", RECEIVED, "no_payment"),
    _day_passed("listing_began", "the listing is in force", "listed_the_day_after", EXCLUDED),
    _day_passed("listing_ended", "the listing is over", "removed_the_day_after"),
    _day_passed("insurance_began", "the unit is insured by now", "insured_tomorrow"),
    _day_passed("application_counts", "the application is in by now", "applied_tomorrow", cities=(L, X)),
    Event(
        "recovery_ended",
        "off the recovering list: the general scheme is left",
        stop_recovering,
        "recovering_last_day",
        cities=(L, X),
        is_every=True,
    ),
    Event(
        "recovery_began",
        "on the recovering list by now: the difficult scheme is better",
        start_recovering,
        "recovering_from_tomorrow",
        cities=(X,),
        is_every=True,
    ),
    Event(
        "recovery_began_no_application",
        "on the recovering list by now, and has not applied for it",
        start_recovering,
        "recovering_from_tomorrow",
        difficult=APPLIED,
        cities=(L,),
        is_every=True,
    ),
    Event("region_mended", "its deliveries can be read: decided for the first time", nothing, cities=()),
    Event(
        "region_mended_recovering",
        "recovering, and applied for the general scheme alone",
        nothing,
        difficult=APPLIED,
        cities=(),
    ),
    Event(
        "region_mended_listed",
        "recovering, on an exclusion list, and applied for the general scheme alone",
        nothing,
        general=EXCLUDED,
        difficult=(*EXCLUDED, *APPLIED),
        cities=(),
    ),
)
"""Every event, in a fixed order; a unit's `event` is a place in it, -1 none."""


def event_number(name: str) -> int:
    """An event's place."""
    return next(number for number, event in enumerate(EVENTS) if event.name == name)
