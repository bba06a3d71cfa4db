"""Old registration numbers, rows of nobody, and units whose own row is quarantined."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from stable_jobs_demo.block import Extra, Raw
from stable_jobs_demo.traps.base import EVERYONE, Change, L, N, Q, Scene, Trap, X, Z, chain, on, put, send

Array = npt.NDArray[Any]
TAX = ("premium_payments", "taxpayers")
OTHERS = (
    "monthly_headcount",
    "benefit_claims",
    "payee_accounts",
    "enterprise_sizes",
    "applications",
    "prior_refunds",
)
TAX_UNKNOWN = ("active_unknown", "paid_months_unknown", "no_arrears_unknown")


def old_code(*extracts: str) -> Change:
    """These extracts still use the 15-digit number."""

    def change(scene: Scene, i: Array) -> None:
        for extract in extracts:
            scene.block.alias(extract)[i] = scene.block.spare_registration_no[i]

    return change


def crosswalk(scene: Scene, i: Array) -> None:
    """Labor knows the old number."""
    scene.block.registration_no[i] = scene.block.spare_registration_no[i]


def only_old_code(scene: Scene, i: Array) -> None:
    """The unit itself is known by its 15-digit number."""
    scene.block.uscc[i] = scene.block.spare_registration_no[i]


def only_labor_old(scene: Scene, i: Array) -> None:
    """Labor has the 15-digit number, tax the new code, and nothing joins them."""
    new = scene.block.uscc[i].copy()
    only_old_code(scene, i)
    for extract in TAX:
        scene.block.alias(extract)[i] = new


def ambiguous(scene: Scene, i: Array) -> None:
    """Two codes claim one old number; tax uses the number once."""
    block = scene.block
    first = i[np.minimum(np.arange(len(i)) // 2 * 2, (len(i) - 2) // 2 * 2)]
    block.registration_no[i] = block.spare_registration_no[first]
    is_first = first == i
    for extract in TAX:
        block.alias(extract)[i] = block.registration_no[i]
    block.sends_taxpayer[i[~is_first]] = False
    block.month_sent[i[~is_first]] = False


def bad_unit(**wrong: Any) -> Change:
    """The unit's own row breaks a rule, and nothing else is said about it."""

    def change(scene: Scene, i: Array) -> None:
        _silence(scene, i)
        for unit in i.tolist():
            scene.block.extras.append(Extra("insured_units", unit_row(scene, unit) | wrong))

    return change


def twice(scene: Scene, i: Array) -> None:
    """Labor sends the unit's row two times: the key is not unique, both are quarantined."""
    bad_unit()(scene, i)
    bad_unit()(scene, i)


def _silence(scene: Scene, i: Array) -> None:
    block = scene.block
    for name in ("sends_unit", "sends_taxpayer", "sends_payee", "month_sent", "applies_general"):
        getattr(block, name)[i] = False
    block.heads[i] = block.claimants[i] = -1
    block.size_class[i] = ""


def unit_row(scene: Scene, unit: int) -> dict[str, Any]:
    """The labor row of one unit, to be spoiled."""
    block = scene.block
    row = {
        "uscc": block.uscc[unit],
        "region_code": scene.city.code,
        "insured_since": block.insured_since[unit].astype(object),
        "is_labour_dispatch": False,
        "parent_uscc": None,
        "registration_no": None,
    }
    same = ("unit_name", "unit_no", "legal_form", "industry_code", "insured_status")
    return row | {name: getattr(block, name)[unit] for name in same}


def stranger(scene: Scene, unit: int) -> Any:
    """A code that no unit has."""
    return scene.strangers[unit]


def fee(scene: Scene, unit: int) -> int:
    """March of last year."""
    return (scene.moment.year - 1) * 100 + 3


ORPHANS = chain(
    send(
        "premium_payments",
        uscc=stranger,
        fee_month=fee,
        payment_kind="regular",
        employer_amount=123_456,
        employee_amount=65_433,
        paid_date=lambda scene, unit: date(scene.moment.year - 1, 3, 20),
    ),
    send("monthly_headcount", uscc=stranger, month=fee, insured_count=12),
    send(
        "payee_accounts",
        uscc=stranger,
        account_name="不在参保名册有限公司",
        account_no=lambda scene, unit: f"62226666{int(scene.block.application_serial[unit]):011d}",
        bank_code=lambda scene, unit: scene.block.payee_bank[unit],
        bank_name="中国银行",
        account_status="verified",
    ),
    send(
        "exclusion_list",
        to=EVERYONE,
        uscc=stranger,
        list_type="zombie",
        listed_on=on(-10),
        removed_on=None,
        authority="国有资产监督管理委员会",
    ),
)

NO_LIST = ("not_excluded_unknown",)
NO_APPLICATION = ("in_time_unknown", "applied_unknown")
"""Reasons of a unit with an old number only: the exclusion list names units by code, and so do
the applications where units apply."""
OLD_CODE = chain(only_old_code, put(knows_already=False))
OLD_CODE_TAX_NEW = chain(only_labor_old, put(knows_already=False, knows_premium=False))
OLD_CODES = (
    Trap("own_code_old", "a unit whose own code has 15 digits", OLD_CODE, NO_LIST, cities=(N, Q, X)),
    Trap(
        "own_code_old_applies",
        "and must apply",
        OLD_CODE,
        (*NO_LIST, *NO_APPLICATION),
        cities=(L, Z),
    ),
    Trap(
        "own_code_old_tax_new",
        "and tax has 18",
        OLD_CODE_TAX_NEW,
        (*TAX_UNKNOWN, *NO_LIST),
        cities=(N, Q, X),
    ),
    Trap(
        "own_code_old_tax_new_applies",
        "and tax has 18, and it must apply",
        OLD_CODE_TAX_NEW,
        (*TAX_UNKNOWN, *NO_LIST, *NO_APPLICATION),
        cities=(L, Z),
    ),
)

TRAPS = (
    Trap("crosswalk", "15 digits in tax, joined by labor's old number", chain(crosswalk, old_code(*TAX))),
    Trap(
        "crosswalk_everywhere", "15 digits in all other extracts", chain(crosswalk, old_code(*TAX, *OTHERS))
    ),
    Trap(
        "crosswalk_excluded",
        "15 digits on the exclusion list",
        chain(
            crosswalk,
            send(
                "exclusion_list",
                to=EVERYONE,
                list_type="zombie",
                listed_on=on(-99),
                removed_on=None,
                authority="国有资产监督管理委员会",
                uscc=lambda scene, unit: scene.block.spare_registration_no[unit],
            ),
        ),
        ("not_excluded",),
    ),
    Trap(
        "no_crosswalk",
        "15 digits in tax and no old number: unknown",
        chain(old_code(*TAX), put(knows_premium=False)),
        TAX_UNKNOWN,
    ),
    Trap(
        "crosswalk_ambiguous",
        "two codes with one old number: not joined",
        chain(ambiguous, put(knows_premium=False)),
        TAX_UNKNOWN,
        cities=(N, Z, Q, X),
    ),
    *OLD_CODES,
    Trap("orphans", "rows of enterprises that are insured nowhere change nothing", ORPHANS, cities=(N, Z, X)),
    Trap(
        "unit_quarantined_status",
        "the unit's own row is quarantined",
        bad_unit(insured_status=Raw("参保中")),
        is_unit=False,
        cities=(N, Z, X),
    ),
    Trap(
        "unit_quarantined_date",
        "the unit's own row is quarantined",
        bad_unit(insured_since=Raw("2013年春")),
        is_unit=False,
        cities=(N, Z, X),
    ),
    Trap("unit_quarantined_twice", "sent two times", twice, is_unit=False, cities=(N, Z, X)),
)
