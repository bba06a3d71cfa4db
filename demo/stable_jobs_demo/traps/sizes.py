"""Size: missing, quarantined, in conflict; of the parent for a branch; finance and labour dispatch."""

from __future__ import annotations

from typing import Any

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
    apply,
    by_city,
    chain,
    lose,
    on,
    parent,
    put,
    put_day,
    send,
    use_strange_parent,
)

Array = npt.NDArray[Any]
UNKNOWN = ("size_known_unknown",)
LANE_UNKNOWN = ("size_known_unknown", "applied_unknown")
ONE_LANE, TWO_LANES = (L, N, Z), (Q, X)
ELSEWHERE = {L: N, N: Z, Z: N, Q: N, X: N}


def size_row(size: Any, days: int = -50, *, uscc: Any = None, elsewhere: bool = False) -> Change:
    """One more row of economy's, of the unit or of `uscc`; `elsewhere`: in another city's file."""

    def change(scene: Scene, i: Array) -> None:
        values: dict[str, Any] = {"size_class": size, "basis": "statistics", "determined_on": on(days)}
        slot = ELSEWHERE[scene.city.code] if elsewhere else ""
        if uscc is not None:
            values["uscc"] = uscc
        if elsewhere:
            values["region_code"] = slot
        send("enterprise_sizes", to=slot, **values)(scene, i)

    return change


def branch(size: Any, *, elsewhere: bool = False, own: str = "micro") -> Change:
    """A branch with a size of its own, and a parent of another (None: economy has no row of the parent)."""
    rows = () if size is None else (size_row(size, uscc=parent, elsewhere=elsewhere),)
    return chain(use_strange_parent, put(size_class=own), *rows)


def old_parent_code(scene: Scene, i: Array) -> None:
    """Pairs: a large head office, and a branch without a size that names it by its old number."""
    block, offices, branches = scene.block, i[::2], i[1::2]
    apply(scene, i)
    block.registration_no[offices] = block.spare_registration_no[offices]
    block.size_class[offices] = block.declared_size[i] = "large"
    block.size_class[branches] = ""
    block.parent[branches] = block.spare_registration_no[offices[: len(branches)]]


BAD = Raw("中小型")
MISSING = put(size_class="")
QUARANTINED = chain(MISSING, size_row(BAD))
BETWEEN = by_city(
    L=lose(9, 200, ""), N=lose(4, 100, ""), Z=lose(9, 200, ""), Q=lose(9, 200, ""), X=lose(8, 200, "")
)
"""Layoffs that pass the small cap and fail the large one; size left empty."""
CONFLICT = chain(
    put(size_class="small"), put_day("determined_on", -60), size_row("medium", -60, elsewhere=True)
)
LARGE_PARENT = chain(branch("large"), put(declared_size="large"))
LARGE_PARENT_ELSEWHERE = chain(branch("large", elsewhere=True), put(declared_size="large"))
DISPATCH = put(is_dispatch=True)

TRAPS = (
    Trap(
        "size_missing",
        "a missing size is unknown, never small",
        MISSING,
        UNKNOWN,
        cities=ONE_LANE,
        share=0.004,
        in_tiers=True,
    ),
    Trap(
        "size_missing_two_lanes",
        "and then the lane is unknown where large firms apply",
        MISSING,
        LANE_UNKNOWN,
        cities=TWO_LANES,
        share=0.004,
        in_tiers=True,
    ),
    Trap(
        "size_missing_signed",
        "a signed application serves whatever the lane",
        chain(MISSING, apply),
        UNKNOWN,
        cities=TWO_LANES,
    ),
    Trap(
        "size_missing_between_caps",
        "no size, and the layoff test turns on it",
        BETWEEN,
        ("layoff_rate_unknown", "size_known_unknown"),
        cities=ONE_LANE,
    ),
    Trap("size_quarantined", "a quarantined size row is unknown", QUARANTINED, UNKNOWN, cities=ONE_LANE),
    Trap(
        "size_quarantined_two_lanes",
        "and then the lane is unknown",
        QUARANTINED,
        LANE_UNKNOWN,
        cities=TWO_LANES,
    ),
    Trap("size_conflict", "two sizes of one day, in two cities' files", CONFLICT, UNKNOWN, cities=ONE_LANE),
    Trap(
        "size_newer_elsewhere",
        "the newest determination counts, whoever sent it",
        chain(put(size_class="small"), put_day("determined_on", -60), size_row("large", -10, elsewhere=True)),
        ("applied",),
        cities=TWO_LANES,
    ),
    Trap(
        "size_older_elsewhere",
        "an older one does not",
        chain(put(size_class="small"), put_day("determined_on", -10), size_row("large", -60, elsewhere=True)),
    ),
    Trap(
        "large_without_application",
        "a large firm must apply",
        put(size_class="large"),
        ("applied",),
        cities=TWO_LANES,
    ),
    Trap(
        "branch_large_parent",
        "a branch takes its parent's size: the large cap",
        chain(LARGE_PARENT, chain(BETWEEN, put(size_class="small"))),
        ("layoff_rate",),
        cities=ONE_LANE,
    ),
    Trap("branch_large_parent_lane", "and its lane", LARGE_PARENT, ("applied",), cities=TWO_LANES),
    Trap(
        "branch_large_parent_elsewhere",
        "wherever the parent was sized",
        chain(LARGE_PARENT_ELSEWHERE, chain(BETWEEN, put(size_class="small"))),
        ("layoff_rate",),
        cities=ONE_LANE,
    ),
    Trap("branch_large_parent_passes", "a branch of a large firm that passes", chain(LARGE_PARENT, apply)),
    Trap(
        "branch_small_parent",
        "a branch of a small firm, itself entered as large",
        chain(branch("small", own="large"), put(declared_size="small")),
    ),
    Trap(
        "branch_parent_quarantined",
        "a quarantined parent row is unknown, not absent",
        chain(branch(BAD), put(declared_size="micro")),
        UNKNOWN,
        cities=ONE_LANE,
    ),
    Trap("branch_parent_quarantined_two_lanes", "the lane too", branch(BAD), LANE_UNKNOWN, cities=TWO_LANES),
    Trap("branch_parent_absent", "economy does not know the parent: its own size", branch(None)),
    Trap("branch_parent_old_code", "a parent named by its 15-digit number", old_parent_code, units=40),
    Trap("branch_both_absent", "nor the branch", branch(None, own=""), UNKNOWN, cities=ONE_LANE),
    Trap(
        "branch_parent_conflict",
        "two sizes of the parent on one day",
        chain(branch("small"), size_row("large", uscc=parent, elsewhere=True)),
        UNKNOWN,
        cities=ONE_LANE,
    ),
    Trap(
        "finance_section",
        "section J counts as large here, and must apply",
        put(industry_code="6620"),
        ("applied",),
        cities=(X,),
    ),
    Trap("finance_section_applied", "and has applied", chain(put(industry_code="6930"), apply), cities=(X,)),
    Trap(
        "finance_section_elsewhere",
        "section J is like any other there",
        put(industry_code="6620"),
        cities=(L, N, Z, Q),
    ),
    Trap("dispatch", "labour dispatch always applies", DISPATCH, ("applied",), cities=(N, Q, X)),
    Trap(
        "dispatch_by_industry",
        "by its industry too",
        put(industry_code="7263"),
        ("applied",),
        cities=(N, Q, X),
    ),
    Trap("dispatch_applied", "and has applied", chain(DISPATCH, apply)),
)
