"""Each place where Spark's SQL means something else than DuckDB's: the product's expressions mean one thing.

A case is an expression over one table of hostile values. All of them are one query for each engine. Beside a
case stands, where Spark itself would say something else, its own SQL with its own answer: such a case would
fail without what `store.spark` sets and `store.spark_backend` translates.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pytest
from ibis.backends import BaseBackend

from stable_jobs.accounts import BLANKS, SEPARATORS
from stable_jobs.names import STANDARD
from stable_jobs.policy.aggregates import Months, different
from stable_jobs.policy.facts import account_key, is_blank, is_same_name, plain_name
from stable_jobs.policy.verdict import EXACT, general_entitlement
from tests.policy.builder import clock

pytestmark = pytest.mark.spark
Pair = tuple[BaseBackend, BaseBackend]
Rows = list[dict[str, Any]]

COLUMNS = {
    "id": "int64",
    "grp": "string",
    "a": "int64",
    "b": "int64",
    "big": "int64",
    "month": "int64",
    "flag": "boolean",
    "money": "decimal(18,2)",
    "rate": "decimal(9,4)",
    "premium_base": "decimal(18,2)",
    "refund_rate": "decimal(9,4)",
    "text": "string",
    "other": "string",
    "day": "date",
    "moment": "timestamp",
    "forms": "array<string>",
}
TEXTS = [
    "a", "B", "Z", "é", "中", "\ue000", "\uffee", "𠀀x", "a ", "A", "", None, "ＡＢ（株）", "㈱甲", "①②",
    "ﬁrm", "ｶﾞ",
    "（甲）—乙", "甲　乙", *(f"x{c}y" for c in sorted(STANDARD)),
]  # fmt: skip
MONEY = ["811.45", "0.05", "0.05", "0.04", "1.15", "9999999999999999.99", "-0.05", None]
RATES = ["0.3", "0.5", "0.1", "0.1", "0.3", "0.5555", "0.5", "0.5"]
MOMENTS = [clock(2020, 5, 11, 23, 59, 59), clock(2020, 5, 12), clock(1991, 7, 1, 0, 30), None]


def rows() -> Rows:
    """Hostile values, each with each group and some nulls."""
    made = []
    for i, text in enumerate(TEXTS):
        money = None if MONEY[i % 8] is None else Decimal(str(MONEY[i % 8]))
        made.append(
            {
                "id": i, "grp": f"g{i % 3}", "a": [7, -7, 0, None, 2**40][i % 5], "b": [2, 3, -2, 1][i % 4],
                "big": [2**53 + 1, 2**62, -(2**53) - 1, None][i % 4], "month": 201901 + i % 12,
                "flag": [True, False, None, None][i % 4] if i % 3 else None,
                "money": money, "premium_base": money,
                "rate": Decimal(RATES[i % 8]), "refund_rate": Decimal(RATES[i % 8]),
                "text": text, "other": TEXTS[(i * 7) % len(TEXTS)],
                "day": [date(2020, 5, 11), date(1900, 1, 1), date(9998, 12, 31), None][i % 4],
                "moment": MOMENTS[i % 4], "forms": [["enterprise", "B"], [], None, ["a ", None]][i % 4],
            }
        )  # fmt: skip
    return made


def table() -> ir.Table:
    schema = ibis.schema(COLUMNS)
    return ibis.memtable(pa.Table.from_pylist(rows(), schema=schema.to_pyarrow()), schema=schema)


def in_memory(columns: dict[str, list[Any]]) -> ir.Table:
    return ibis.memtable(pa.table(columns))


def place(t: ir.Table, *by: ir.Value) -> ir.IntegerValue:
    return ibis.row_number().over(group_by="grp", order_by=[*by, t.id])


ROW_BY_ROW: dict[str, Callable[[ir.Table], ir.Value]] = {
    "integers divide downward": lambda t: t.a // t.b,
    "what is left of a division": lambda t: t.month % 100,
    "half up in integers": lambda t: (2 * t.a.abs() + 3) // 6,
    "nothing is divided by zero": lambda t: (t.a > 0).ifelse(t.b // t.a, None),
    "integers beyond a float": lambda t: t.big,
    "an integer with nulls": lambda t: t.a,
    "empty values come last, upward": lambda t: place(t, t.text),
    "empty values come last, downward": lambda t: place(t, t.text.desc()),
    "booleans in order": lambda t: place(t, t.flag.desc()),
    "texts by their bytes": lambda t: t.text < t.other,
    "a blank at the end counts": lambda t: t.text == t.other,
    "products of decimals are exact": lambda t: (
        (t.money.cast(EXACT) * t.rate.cast(EXACT)).round(4).cast("decimal(38,4)")
    ),
    "half away from zero to the fen": lambda t: (t.money.cast(EXACT) * t.rate.cast(EXACT)).round(2),
    "an entitlement": general_entitlement,
    "sums of decimals": lambda t: (t.money + t.money).cast("decimal(38,2)"),
    "length in characters": lambda t: t.text.length(),
    "a part of a text": lambda t: t.text.substr(1, 2),
    "the head of a text": lambda t: t.text.substr(0, 4) + "00",
    "upper case of what a bank takes": lambda t: ("a1b2" + t.id.cast("string")).upper(),
    "an account number in one form": lambda t: account_key(
        "0-0." + t.a.abs().cast("string") + "a－　·" + t.id.cast("string")
    ),
    "a blank name": lambda t: is_blank(t.text),
    "a name in one form": lambda t: plain_name(t.text),
    "two names alike": lambda t: is_same_name(t.text, t.other),
    "in a list": lambda t: t.forms.contains(t.text),
    "equal or both empty": lambda t: t.text.identical_to(t.other),
    "the least of some": lambda t: ibis.least(t.a, t.b, t.big),
    "and, or, not of the unknown": lambda t: ibis.or_(~t.flag, t.a > 0) & (t.b > 0),
    "the first that holds": lambda t: ibis.cases((t.flag, "yes"), (~t.flag, "no"), else_="unknown"),
    "an empty value with a type": lambda t: t.flag.ifelse(None, t.a).cast("int64"),
    "a bit for a month": lambda t: Months(2019, 2019).bit(t.month),
    "bits counted": lambda t: different(t.big),
    "the day of a moment": lambda t: t.moment.date(),
    "the year of a day": lambda t: t.day.year(),
    "days before and after": lambda t: t.day <= date(2020, 5, 11),
    "a number as text": lambda t: t.a.cast("string").fill_null("-"),
    "one of several": lambda t: t.text.isin(["a", "中"]).fill_null(False),
}
BY_GROUP: dict[str, Callable[[ir.Table], ir.Value]] = {
    "rows": lambda t: t.count(),
    "rows for which it is true": lambda t: t.count(where=t.flag),
    "rows for which nothing is known": lambda t: t.count(where=t.flag & t.flag.isnull()),
    "different ones": lambda t: t.month.nunique(where=t.b > 0),
    "any": lambda t: t.flag.any(),
    "a sum of some": lambda t: t.money.sum(where=t.b > 0).fill_null(0).cast("decimal(38,2)"),
    "a sum of none": lambda t: t.money.sum(where=t.b > 9).cast("decimal(38,2)"),
    "the greatest text": lambda t: t.text.max(),
    "the least text": lambda t: t.text.min(),
    "the value at the newest": lambda t: t.a.argmax(t.id, where=t.a.notnull()),
    "a mask of months": lambda t: Months(2019, 2019).bit(t.month).bit_or(where=t.b > 0),
    "a mask of no month": lambda t: Months(2019, 2019).bit(t.month).bit_or(where=t.b > 9),
}


@pytest.fixture(scope="module")
def row_by_row(engines: Pair) -> tuple[Rows, Rows]:
    """Every case for every row, by DuckDB and by Spark."""
    t = table()
    asked = t.select("id", **{name: case(t) for name, case in ROW_BY_ROW.items()}).order_by("id")
    one, other = (engine.to_pyarrow(asked).to_pylist() for engine in engines)
    return one, other


@pytest.fixture(scope="module")
def by_group(engines: Pair) -> tuple[Rows, Rows]:
    """Every case for every group, and for a group that has no row of a kind."""
    t = table()
    asked = t.group_by("grp").aggregate(**{name: case(t) for name, case in BY_GROUP.items()}).order_by("grp")
    one, other = (engine.to_pyarrow(asked).to_pylist() for engine in engines)
    return one, other


@pytest.mark.parametrize("name", ROW_BY_ROW)
def test_a_row_says_the_same(row_by_row: tuple[Rows, Rows], name: str) -> None:
    expected, found = ([(row["id"], row[name]) for row in side] for side in row_by_row)
    assert len(expected) == len(TEXTS)
    assert found == expected


@pytest.mark.parametrize("name", BY_GROUP)
def test_a_group_says_the_same(by_group: tuple[Rows, Rows], name: str) -> None:
    expected, found = ([(row["grp"], row[name]) for row in side] for side in by_group)
    assert len(expected) == 3
    assert found == expected


SPARKS_OWN = {
    "a count of nothing known": (
        "SELECT sum(CAST(f AS BIGINT)) FROM VALUES (CAST(NULL AS BOOLEAN)) AS t(f)", None,
        "SELECT count_if(f) FROM VALUES (CAST(NULL AS BOOLEAN)) AS t(f)", 0,
    ),
    "an unknown value in a list": (
        "SELECT coalesce(array_contains(array('a'), CAST(NULL AS STRING)), false)", False,
        "SELECT array_contains(array('a'), CAST(NULL AS STRING))", None,
    ),
    "empty values without a word about them": (
        "SELECT first(x) FROM (SELECT * FROM VALUES (1), (NULL) AS t(x) ORDER BY x)", None,
        "SELECT first(x) FROM (SELECT * FROM VALUES (1), (NULL) AS t(x) ORDER BY x NULLS LAST)", 1,
    ),
    "division of integers": ("SELECT 7 / 2", 3.5, "SELECT CAST(FLOOR(7 / 2) AS BIGINT)", 3),
}  # fmt: skip
"""What Spark, or Ibis's own translation for it, says; and what is asked instead."""


@pytest.mark.parametrize("name", SPARKS_OWN)
def test_spark_itself_says_something_else(engines: Pair, name: str) -> None:
    """So that a translation here is seen to be needed: once it is not, it can go."""
    own, says, asked, wanted = SPARKS_OWN[name]
    session = engines[1]._session
    assert session.sql(own).first()[0] == says
    assert session.sql(asked).first()[0] == wanted


def test_without_the_setting_a_product_loses_places(engines: Pair) -> None:
    """Spark's rule gives a product of two DECIMAL(24,4) six places, where eight are exact."""
    session = engines[1]._session
    asked = "SELECT CAST('0.0001' AS DECIMAL(24,4)) * CAST('0.0001' AS DECIMAL(24,4))"
    name = "spark.sql.decimalOperations.allowPrecisionLoss"
    try:
        session.conf.set(name, "true")
        assert session.sql(asked).first()[0] == Decimal("0")
    finally:
        session.conf.set(name, "false")
    assert session.sql(asked).first()[0] == Decimal("0.00000001")


TOO_LARGE = {
    "a decimal": lambda t: t.x.cast(EXACT) * t.x.cast(EXACT),
    "an integer": lambda t: t.x * 4,
    "a cast": lambda t: t.x.cast("int32"),
}


@pytest.mark.parametrize("name", TOO_LARGE)
def test_what_does_not_fit_is_an_error_on_both(engines: Pair, name: str) -> None:
    """Never an empty value: that would be one that a department owes."""
    t = in_memory({"x": [2**62]})
    asked = t.select(y=TOO_LARGE[name](t))
    for engine in engines:
        with pytest.raises(Exception, match=r"(?i)overflow|out of range|NUMERIC_VALUE|cast"):
            engine.to_pyarrow(asked)


def test_every_blank_and_separator(engines: Pair) -> None:
    """The classes of characters are written for RE2; Java reads them as the same characters."""
    points = [*range(1, 0x300), *range(0x580, 0x5C0), *range(0x1680, 0x1810), *range(0x2000, 0x2300),
        *range(0x2E00, 0x2E50), *range(0x3000, 0x3100), *range(0xFE30, 0xFE70),
        *range(0xFF00, 0xFF70)]  # fmt: skip
    t = in_memory({"c": [chr(point) for point in points]})
    asked = t.select("c", blank=t.c.re_search(f"[{BLANKS}]"), separator=t.c.re_search(f"[{SEPARATORS}]"))
    expected, found = (engine.to_pyarrow(asked.order_by("c")).to_pylist() for engine in engines)
    assert sum(row["separator"] for row in expected) > 40
    assert found == expected


def test_a_debt_of_each_reason_is_a_row(engines: Pair) -> None:
    """An array of structures, some of them empty, as rows."""
    t = in_memory({"id": [1, 2]})
    kind = "struct<reason: string, cause: string>"
    one = ibis.struct({"reason": "a", "cause": t.id.cast("string")}, type=kind)
    every = ibis.array([one, (t.id == 1).ifelse(one, None)])
    long = t.select("id", debt=every.unnest())
    long = long.filter(long.debt.notnull())
    asked = long.select("id", reason=long.debt["reason"], cause=long.debt["cause"]).order_by("id")
    expected, found = (engine.to_pyarrow(asked).to_pylist() for engine in engines)
    assert found == expected
    assert len(found) == 3
