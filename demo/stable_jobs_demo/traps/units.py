"""Scope, status, taxpayer and arrears; names and codes that are hard to carry."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from stable_jobs_demo.block import Raw
from stable_jobs_demo.names import ENDINGS, HOSTILE
from stable_jobs_demo.traps.base import ALL, Change, L, N, Q, Scene, Trap, X, Z, chain, on, put, put_day, send

Array = npt.NDArray[Any]


def rename(form: str) -> Change:
    """A legal form, and a name that ends as its kind does."""

    def change(scene: Scene, i: Array) -> None:
        block = scene.block
        block.legal_form[i] = form
        block.unit_name[i] = [
            name.removesuffix("有限公司").removesuffix("有限责任公司") + ENDINGS[form][0]
            for name in block.unit_name[i]
        ]
        block.tax_account_name[i] = block.payee_name[i] = block.unit_name[i]

    return change


def hostile(scene: Scene, i: Array) -> None:
    """Names that break what is not escaped, a different one for each unit."""
    start = ALL.index(scene.city.code) * len(i)
    chosen = [HOSTILE[(start + k) % len(HOSTILE)] for k in range(len(i))]
    block = scene.block
    block.unit_name[i] = block.tax_account_name[i] = block.payee_name[i] = np.array(chosen, dtype=object)


BAD_TAXPAYER = chain(
    put(sends_taxpayer=False),
    send(
        "taxpayers",
        taxpayer_status=Raw("待核实"),
        credit_rating="B",
        arrears_amount=0,
        account_name=None,
        account_no=None,
        bank_code=None,
        bank_name=None,
    ),
)
BY_REFERENCE = (
    "law_firm",
    "accounting_firm",
    "social_organisation",
    "foundation",
    "social_service",
    "individual_business",
)

TRAPS = (
    Trap("institution", "institutions are out of scope", rename("institution"), ("in_scope",), share=0.006),
    Trap(
        "government", "government bodies are out of scope", rename("government"), ("in_scope",), share=0.003
    ),
    Trap("legal_form_missing", "an empty legal form is unknown", put(legal_form=""), ("in_scope_unknown",)),
    *(
        Trap(
            f"by_reference_{form}",
            "in scope by reference, needs no size",
            chain(rename(form), put(size_class="")),
        )
        for form in BY_REFERENCE
    ),
    Trap(
        "suspended",
        "a suspended unit is not active",
        put(insured_status="suspended"),
        ("active",),
        share=0.012,
        in_tiers=True,
    ),
    Trap(
        "deregistered", "nor a deregistered one", put(insured_status="deregistered"), ("active",), share=0.012
    ),
    Trap("insured_tomorrow", "insured from the day after", put_day("insured_since", 1), ("active",)),
    Trap(
        "insured_today",
        "insured from the business date on",
        put_day("insured_since", 0),
        cities=(N, Z, X),
    ),
    Trap(
        "taxpayer_cancelled",
        "a cancelled taxpayer is not active",
        put(taxpayer_status="cancelled"),
        ("active",),
        share=0.012,
        in_tiers=True,
    ),
    Trap("taxpayer_abnormal", "an abnormal taxpayer passes", put(taxpayer_status="abnormal")),
    Trap(
        "taxpayer_missing",
        "no taxpayer row: status and arrears unknown",
        put(sends_taxpayer=False),
        ("active_unknown", "no_arrears_unknown"),
        share=0.004,
        in_tiers=True,
    ),
    Trap(
        "suspended_taxpayer_missing",
        "a failure stands beside an unknown",
        chain(put(insured_status="suspended"), put(sends_taxpayer=False)),
        ("active", "no_arrears_unknown"),
    ),
    Trap(
        "taxpayer_quarantined",
        "a quarantined taxpayer row is unknown, not absent; the account reads it too",
        BAD_TAXPAYER,
        ("active_unknown", "no_arrears_unknown", "account_known_unknown"),
    ),
    Trap(
        "suspended_taxpayer_quarantined",
        "suspended on an accepted row stays failed",
        chain(put(insured_status="suspended"), BAD_TAXPAYER),
        ("active", "no_arrears_unknown", "account_known_unknown"),
    ),
    Trap(
        "arrears",
        "premium of last year unpaid",
        put(arrears=432_150),
        ("no_arrears",),
        share=0.015,
        in_tiers=True,
    ),
    Trap("arrears_one_fen", "one fen is in arrears", put(arrears=1), ("no_arrears",)),
    Trap(
        "several_reasons",
        "a unit sees all its reasons, in test order",
        chain(
            rename("institution"),
            put(insured_status="deregistered", arrears=100, size_class="small"),
            send(
                "exclusion_list",
                to="000000",
                list_type="serious_dishonesty",
                listed_on=on(-90),
                removed_on=None,
                authority="市场监督管理局",
            ),
        ),
        ("in_scope", "active", "no_arrears", "not_excluded"),
    ),
    Trap("hostile_name", "names that break what is not escaped", hostile, cities=(L, N, Z, Q, X), units=40),
)
