"""Money: decimals in yuan with two places, and shares. No float touches it."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")
EMPTY_SECTION = re.compile("(?<=亿)(?=.仟[^万]*$)|(?<=万亿)(?=.仟)")
"""Where a whole section of four zeros stands before a thousand, and cn2an writes nothing."""


def round_half_up(amount: Decimal) -> Decimal:
    """Round to the fen, half away from zero.

    Source: the county of Pengze's published refunds of 2023, which only half-up reproduces.
    """
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


def format_yuan(amount: Decimal) -> str:
    """`39790000` → `39,790,000.00`."""
    return f"{round_half_up(amount):,}"


def share(part: Decimal) -> str:
    """A part of one as people write it, exactly: `0.05` → `5%`, `0.005` → `0.5%`."""
    return f"{(part * 100).normalize():f}%"


def to_capitals(amount: Decimal) -> str:
    """Chinese capitals for an application sheet (大写): `1234.56` → `壹仟贰佰叁拾肆元伍角陆分`.

    amount: yuan, 0 ≤ amount < 10**16, at most two places; ValueError otherwise. 整 stands after 元, not after
    角 (where it may) or 分; several zeros together are written once. 100,007,000 is `壹亿零柒仟元整`:
    without its zero it reads like 170,000,000.
    Source: 正确填写票据和结算凭证的基本规定, annex of 支付结算办法 (People's Bank of China, 1997).
    """
    import cn2an

    if not amount.is_finite() or amount < 0 or amount >= 10**16 or amount != round_half_up(amount):
        raise ValueError(f"not an amount in yuan and fen that can be written in capitals: {amount}")
    return EMPTY_SECTION.sub("零", str(cn2an.an2cn(str(round_half_up(amount)), "rmb")))
