"""The account that money goes to."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from stable_jobs_demo.block import Raw
from stable_jobs_demo.traps.base import Scene, Trap, chain, put, send
from stable_jobs_demo.traps.units import rename

Array = npt.NDArray[Any]
UNKNOWN = ("account_known_unknown",)


def same_account(scene: Scene, i: Array) -> None:
    """The account premiums are paid from is the one that finance found wrong."""
    scene.block.tax_account_no[i] = scene.block.payee_no[i]


def spelled_otherwise(scene: Scene, i: Array) -> None:
    """The bank writes the name in half width and with blanks."""
    names = [name.replace("有限", "（中国）有限") for name in scene.block.unit_name[i]]
    scene.block.unit_name[i] = scene.block.tax_account_name[i] = names
    scene.block.payee_name[i] = [name.replace("（", " (").replace("）", ") ") for name in names]


def bad_payee(scene: Scene, i: Array) -> None:
    """Finance's row has a bank code with a wrong check digit."""
    block = scene.block
    block.sends_payee[i] = False
    send(
        "payee_accounts",
        account_name=lambda s, unit: s.block.payee_name[unit],
        account_no=lambda s, unit: s.block.payee_no[unit],
        bank_code=lambda s, unit: Raw(f"{(int(s.block.payee_bank[unit]) // 10 * 10) + _wrong(s, unit)}"),
        bank_name=lambda s, unit: s.block.payee_bank_name[unit],
        account_status="verified",
    )(scene, i)


def _wrong(scene: Scene, unit: int) -> int:
    return (int(scene.block.payee_bank[unit]) + 1) % 10


NO_PAYEE = put(sends_payee=False)
OTHER_NAME = put(tax_account_name="另一家名称不同的有限公司")
NO_TAX_ACCOUNT = put(tax_account_name="", tax_account_no="", tax_bank="", tax_bank_name="")

TRAPS = (
    Trap(
        "account_failed",
        "finance's account failed: the one premiums are paid from",
        put(payee_status="failed"),
    ),
    Trap("account_missing", "no account from finance: the same", NO_PAYEE),
    Trap(
        "account_other_name",
        "a verified account of another name does not count",
        put(payee_name="别家商贸有限公司"),
    ),
    Trap(
        "account_same_failed",
        "the one premiums are paid from is the failed one",
        chain(put(payee_status="failed"), same_account),
        UNKNOWN,
    ),
    Trap(
        "account_individual",
        "an individual business may pay from another name",
        chain(rename("individual_business"), put(size_class=""), NO_PAYEE, put(tax_account_name="王小明")),
    ),
    Trap("account_enterprise_other_name", "an enterprise may not", chain(NO_PAYEE, OTHER_NAME), UNKNOWN),
    Trap("account_no_bank", "an account without a bank code", chain(NO_PAYEE, put(tax_bank="")), UNKNOWN),
    Trap(
        "account_none",
        "no account at all",
        chain(NO_PAYEE, NO_TAX_ACCOUNT),
        UNKNOWN,
        share=0.004,
        in_tiers=True,
    ),
    Trap("account_spelling", "equal after NFKC and without blanks", spelled_otherwise),
    Trap(
        "account_quarantined",
        "a quarantined account is unknown, though another stands by",
        bad_payee,
        UNKNOWN,
    ),
)
