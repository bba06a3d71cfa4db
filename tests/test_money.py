"""Money: half-up rounding, figures, and Chinese capitals beside an independent reading of them."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stable_jobs.money import format_yuan, round_half_up, to_capitals

CAPITALS = [
    pytest.param("0.00", "零元整", id="nothing"),
    pytest.param("0.05", "伍分", id="fen only"),
    pytest.param("0.10", "壹角", id="jiao only"),
    pytest.param("0.15", "壹角伍分", id="jiao and fen"),
    pytest.param("1.00", "壹元整", id="one yuan"),
    pytest.param("10.00", "壹拾元整", id="ten is one ten"),
    pytest.param("10.05", "壹拾元零伍分", id="zero jiao before fen"),
    pytest.param("15.50", "壹拾伍元伍角", id="fen zero"),
    pytest.param("101.00", "壹佰零壹元整", id="zero inside"),
    pytest.param("325.04", "叁佰贰拾伍元零肆分", id="the regulation's example of a zero jiao"),
    pytest.param("1234.56", "壹仟贰佰叁拾肆元伍角陆分", id="every place"),
    pytest.param("1409.50", "壹仟肆佰零玖元伍角", id="the regulation's example of one zero"),
    pytest.param("1680.32", "壹仟陆佰捌拾元叁角贰分", id="zero yuan place, zero left out as allowed"),
    pytest.param("6007.14", "陆仟零柒元壹角肆分", id="two zeros are written once"),
    pytest.param("16409.02", "壹万陆仟肆佰零玖元零贰分", id="the regulation's example of both zeros"),
    pytest.param("107000.53", "壹拾万柒仟元伍角叁分", id="zero before thousands left out as allowed"),
    pytest.param("10000.00", "壹万元整", id="ten thousand"),
    pytest.param("10001.00", "壹万零壹元整", id="three zeros once"),
    pytest.param("10010.00", "壹万零壹拾元整", id="zero over the ten thousand"),
    pytest.param("100000.00", "壹拾万元整", id="hundred thousand"),
    pytest.param("10010000.10", "壹仟零壹万元壹角", id="zero inside the ten thousands"),
    pytest.param("39790000.00", "叁仟玖佰柒拾玖万元整", id="a city's total"),
    pytest.param("100000000.00", "壹亿元整", id="nine digits"),
    pytest.param("100000001.00", "壹亿零壹元整", id="nine digits, one zero for seven"),
    pytest.param("100010000.00", "壹亿零壹万元整", id="zero between hundred million and ten thousand"),
    pytest.param(
        "123456789.12", "壹亿贰仟叁佰肆拾伍万陆仟柒佰捌拾玖元壹角贰分", id="nine digits, every place"
    ),
    pytest.param("1000100000.00", "壹拾亿零壹拾万元整", id="ten digits"),
    pytest.param("0.01", "壹分", id="the smallest"),
    pytest.param("0.50", "伍角", id="half a yuan, jiao without fen"),
    pytest.param("0.99", "玖角玖分", id="one fen below a yuan"),
    pytest.param("1.01", "壹元零壹分", id="one yuan, fen without jiao"),
    pytest.param("20.00", "贰拾元整", id="tens without ones"),
    pytest.param("110.00", "壹佰壹拾元整", id="ten after a hundred"),
    pytest.param("1001.00", "壹仟零壹元整", id="two zeros inside, once"),
    pytest.param("1010.00", "壹仟零壹拾元整", id="zero hundreds"),
    pytest.param("1100.00", "壹仟壹佰元整", id="zeros at the end are not written"),
    pytest.param("5000.05", "伍仟元零伍分", id="only thousands and fen"),
    pytest.param("10500.00", "壹万零伍佰元整", id="zero thousands after ten thousand"),
    pytest.param("20000.50", "贰万元伍角", id="ten thousands and jiao"),
    pytest.param("30003.03", "叁万零叁元零叁分", id="zeros on both sides of the yuan"),
    pytest.param("105000.00", "壹拾万伍仟元整", id="zero ten thousands place, thousands follow"),
    pytest.param("1000000.00", "壹佰万元整", id="a million"),
    pytest.param("1020304.05", "壹佰零贰万零叁佰零肆元零伍分", id="every second place is zero"),
    pytest.param("10000000.01", "壹仟万元零壹分", id="ten million and a fen"),
    pytest.param("12000000.00", "壹仟贰佰万元整", id="twelve million"),
    pytest.param("100000000.01", "壹亿元零壹分", id="nine digits and a fen"),
    pytest.param("100000010.00", "壹亿零壹拾元整", id="nine digits, tens only"),
    pytest.param("100000100.00", "壹亿零壹佰元整", id="nine digits, hundreds only"),
    pytest.param("100007000.00", "壹亿零柒仟元整", id="not to be read as 170 million"),
    pytest.param("100007349.27", "壹亿零柒仟叁佰肆拾玖元贰角柒分", id="empty ten thousands before thousands"),
    pytest.param("170000000.00", "壹亿柒仟万元整", id="170 million"),
    pytest.param("170007000.00", "壹亿柒仟万柒仟元整", id="thousands in both sections"),
    pytest.param("101010101.00", "壹亿零壹佰零壹万零壹佰零壹元整", id="nine digits, zeros in every section"),
    pytest.param("305060708.09", "叁亿零伍佰零陆万零柒佰零捌元零玖分", id="nine digits, a zero before each"),
    pytest.param("900000000.90", "玖亿元玖角", id="nine digits, jiao without fen"),
    pytest.param(
        "999999999.99", "玖亿玖仟玖佰玖拾玖万玖仟玖佰玖拾玖元玖角玖分", id="the largest of nine digits"
    ),
    pytest.param(
        "1000020802609.44",
        "壹万亿零贰仟零捌拾万贰仟陆佰零玖元肆角肆分",
        id="empty hundred millions before thousands",
    ),
    pytest.param("1000000000001.00", "壹万亿零壹元整", id="thirteen digits"),
    pytest.param(
        "9999999999999999.99",
        "玖仟玖佰玖拾玖万玖仟玖佰玖拾玖亿玖仟玖佰玖拾玖万玖仟玖佰玖拾玖元玖角玖分",
        id="the largest",
    ),
]


@pytest.mark.parametrize(("amount", "capitals"), CAPITALS)
def test_capitals(amount: str, capitals: str) -> None:
    assert to_capitals(Decimal(amount)) == capitals


DIGITS = "零壹贰叁肆伍陆柒捌玖"
UNITS = {"仟": 1000, "佰": 100, "拾": 10}


def read_capitals(text: str) -> Decimal:
    """The amount a clerk reads: each sign by its own worth, section by section."""
    yuan, _, rest = text.rpartition("元") if "元" in text else ("", "", text)
    jiao, fen = re.search(r"(.)角", rest), re.search(r"(.)分", rest)
    hundredths = sum(DIGITS.index(m[1]) * worth for m, worth in ((jiao, 10), (fen, 1)) if m)
    return Decimal(_section(yuan, "亿", 10**8)) + Decimal(hundredths) / 100


def _section(text: str, unit: str, worth: int) -> int:
    if not unit:
        return sum(
            DIGITS.index(d) * UNITS.get(u, 1)
            for d, u in re.findall(r"([壹贰叁肆伍陆柒捌玖])([仟佰拾]?)", text)
        )
    high, found, low = text.rpartition(unit)
    following = {"亿": ("万", 10**4), "万": ("", 1)}[unit]
    upper = _section(high, "万", 10**4) if found else 0
    return upper * worth + _section(low, *following)


def required_zeros(amount: Decimal) -> int:
    """How many zeros must stand in the capitals: one for each run of zeros between two digits of the yuan.

    The rule lets one be left out that ends a section of four and has a thousand behind it, but not where the
    whole section is empty; and one stands for jiao between yuan and fen.
    """
    whole = str(int(amount))
    gaps = [gap for gap in re.finditer("0+", whole) if gap.end() < len(whole)]
    ends = [len(whole) - gap.end() for gap in gaps]
    optional = [end % 4 == 0 and len(gap[0]) < 4 for gap, end in zip(gaps, ends, strict=True)]
    jiao, fen = divmod(int(amount * 100) % 100, 10)
    return optional.count(False) + (amount > 1 and jiao == 0 and fen > 0)


@given(st.decimals(min_value=0, max_value=Decimal("9999999999999999.99"), places=2))
@example(Decimal("1000000000000000.00"))
@example(Decimal("100000000000.01"))
@example(Decimal("100007000.00"))
@example(Decimal("1000020802609.44"))
def test_capitals_read_back(amount: Decimal) -> None:
    capitals = to_capitals(amount)
    assert read_capitals(capitals) == amount
    assert "零零" not in capitals
    assert not re.search("零[元万亿仟佰拾角分]", capitals) or amount == 0
    assert capitals.count("零") == required_zeros(amount) or amount == 0
    assert capitals.endswith("整") == (amount == int(amount))


@pytest.mark.parametrize(
    "amount", ["-0.01", "10000000000000000", "1.001", "NaN", "Infinity"], ids=lambda a: f"refused {a}"
)
def test_capitals_refused(amount: str) -> None:
    with pytest.raises(ValueError, match="in capitals"):
        to_capitals(Decimal(amount))


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        pytest.param("0.005", "0.01", id="half goes up"),
        pytest.param("0.0049", "0.00", id="below half"),
        pytest.param("2.675", "2.68", id="no float in the way"),
        pytest.param("1.115", "1.12", id="half after an odd digit"),
        pytest.param("1.125", "1.13", id="half after an even digit"),
        pytest.param("-0.005", "-0.01", id="away from zero"),
        pytest.param("12", "12.00", id="whole yuan"),
    ],
)
def test_round_half_up(amount: str, expected: str) -> None:
    assert str(round_half_up(Decimal(amount))) == expected


@pytest.mark.parametrize(
    ("amount", "expected"),
    [("39790000", "39,790,000.00"), ("0", "0.00"), ("-1234.5", "-1,234.50"), ("999.995", "1,000.00")],
)
def test_format_yuan(amount: str, expected: str) -> None:
    assert format_yuan(Decimal(amount)) == expected
