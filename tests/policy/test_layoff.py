"""The layoff rate: six formulas, caps by size, the small unit, and every way not to know."""
# One case a line reads as a table.
# ruff: noqa: E501

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from tests.policy.builder import LIAOYUAN, QIQIHAR, XIAN, Row, World
from tests.policy.cases import Build, Case, check, decide_cases, params, test_regions

ONE, TWO = "130100", "130200"
SLOTS = (XIAN, LIAOYUAN, QIQIHAR, ONE, TWO)
BEFORE, JANUARY, LAST = 201812, 201901, 201912


def claims(region: str, claimants: int, **row: object) -> Build:
    return lambda world, uscc: world.claim(uscc, region, claimants, **row)


def heads(region: str, before: int | None, last: int | None, *more: Build) -> Build:
    """December Y-2 and December Y-1 instead of the unit's own; None: no row."""

    def build(world: World, uscc: str) -> None:
        for month, count in ((BEFORE, before), (LAST, last)):
            world.drop("monthly_headcount", uscc, month=month)
            if count is not None:
                world.heads(uscc, region, {month: count})
        for one in more:
            one(world, uscc)

    return build


def quarantines(extract: str, **where: object) -> Build:
    return lambda world, uscc: world.quarantine_rows(extract, uscc, **where)


def of(count: int, size: str | None = "small", **unit: object) -> dict[str, object]:
    return {"heads": count, "size": size, **unit}


def rate(value: str, formula: str) -> dict[str, object]:
    return {"layoff_rate": Decimal(value), "layoff_formula": formula}


def missing(cause: str, extract: str = "monthly_headcount") -> frozenset[tuple[str, str, str]]:
    return frozenset({("layoff_rate_unknown", extract, cause)})


NONE = {"layoff_rate": None, "layoff_formula": None}

CASES = [
    Case("small 10 % exactly", "", claims(XIAN, 10), columns=rate("0.100000", "F4")),
    Case("small above 10 %", "layoff_rate", claims(XIAN, 11), columns=rate("0.110000", "F4")),
    Case("medium 5.5 % exactly", "", claims(XIAN, 11), unit=of(200, "medium"), columns=rate("0.055000", "F4")),
    Case("medium above 5.5 %", "layoff_rate", claims(XIAN, 12), unit=of(200, "medium")),
    Case("large below 3.3 %", "", claims(XIAN, 32), unit=of(1000, "large", industry_code="5211"), columns={"lane": "application"}),
    Case("large 3.3 % exactly", "layoff_rate", claims(XIAN, 33), unit=of(1000, "large")),
    Case("30 heads, 20 % exactly", "", claims(XIAN, 6), unit=of(30), columns=rate("0.200000", "F4")),
    Case("30 heads, above 20 %", "layoff_rate", claims(XIAN, 7), unit=of(30)),
    Case("31 heads, below 20 %", "layoff_rate", claims(XIAN, 6), unit=of(31)),
    Case("30 heads of a large firm", "", claims(XIAN, 6), unit=of(30, "large")),
    Case("no claim is no layoff", "", columns=rate("0.000000", "F4") | {"claimants": 0}),
    Case("claims of another year do not count", "", claims(XIAN, 90, year=2018), columns={"claimants": 0}),
    Case("rounded half-up to six places", "", claims(XIAN, 1), unit=of(7), columns=rate("0.142857", "F4")),
    Case("rounded up", "", claims(XIAN, 1), unit=of(6), columns=rate("0.166667", "F4")),
    Case("size unknown, within every cap", "size_known_unknown", claims(XIAN, 3), unit=of(100, None)),
    Case("size unknown, within some caps", "layoff_rate_unknown;size_known_unknown", claims(XIAN, 4), unit=of(100, None),
         owed=missing("missing", "enterprise_sizes") | {("size_known_unknown", "enterprise_sizes", "missing")}),
    Case("size unknown, within none", "layoff_rate;size_known_unknown", claims(XIAN, 11), unit=of(100, None)),
    Case("size unknown, 30 heads", "size_known_unknown", claims(XIAN, 6), unit=of(30, None)),
    Case("no headcount at all", "layoff_rate_unknown", lambda w, u: w.drop("monthly_headcount", u),
         columns=NONE | {"headcount": None}, owed=missing("missing")),
    Case("no December Y-1: whose cap is unknown, within both", "", heads(XIAN, 100, None, claims(XIAN, 10)), columns={"headcount": None}),
    Case("no December Y-1: within one cap", "layoff_rate_unknown", heads(XIAN, 100, None, claims(XIAN, 11))),
    Case("no December Y-1: within none", "layoff_rate", heads(XIAN, 100, None, claims(XIAN, 21))),
    Case("a headcount quarantined", "layoff_rate_unknown", quarantines("monthly_headcount", month=BEFORE),
         columns=NONE | {"headcount": None}, owed=missing("quarantined")),
    Case("fails, and a headcount quarantined", "layoff_rate_unknown",
         lambda w, u: (w.claim(u, XIAN, 50), w.quarantine_rows("monthly_headcount", u, month=201905))),
    Case("a claim quarantined", "layoff_rate_unknown", lambda w, u: w.quarantine("benefit_claims", uscc=u, region_code=XIAN),
         columns={"claimants": None}, owed=missing("quarantined", "benefit_claims")),
    Case("F1 reads no claim", "applied", lambda w, u: w.quarantine("benefit_claims", uscc=u, region_code=LIAOYUAN), LIAOYUAN,
         columns={"claimants": None}),
    Case("F1 at the cap", "applied", heads(LIAOYUAN, 200, 189), LIAOYUAN, columns=rate("0.055000", "F1")),
    Case("F1 above the cap", "layoff_rate;applied", heads(LIAOYUAN, 200, 188), LIAOYUAN, columns=rate("0.060000", "F1")),
    Case("F1: growth counts as 0", "applied", heads(LIAOYUAN, 100, 130), LIAOYUAN, columns=rate("0.000000", "F1")),
    Case("F1: December Y-2 missing", "layoff_rate_unknown;applied", heads(LIAOYUAN, None, 100), LIAOYUAN, columns=NONE),
    Case("F1: nobody before", "layoff_rate_unknown;applied", heads(LIAOYUAN, 0, 0), LIAOYUAN, columns=NONE),
    Case("F1 fails, F2 passes: 5 of 20", "", heads(QIQIHAR, 20, 15, claims(QIQIHAR, 2)), QIQIHAR, columns=rate("0.100000", "F2")),
    Case("F1 and F2 fail: the lower is shown", "layoff_rate", heads(QIQIHAR, 20, 15, claims(QIQIHAR, 6)), QIQIHAR, columns=rate("0.250000", "F1")),
    Case("F1 passes: shown first though F2 is lower", "", heads(QIQIHAR, 20, 18), QIQIHAR, columns=rate("0.100000", "F1")),
    Case("F1 unknown, F2 fails", "layoff_rate_unknown", heads(QIQIHAR, 100, None, claims(QIQIHAR, 30)), QIQIHAR,
         columns=rate("0.300000", "F2"), owed=missing("missing")),
    Case("F5 and F6 unknown: optional columns empty", "layoff_rate_unknown", lambda w, u: (w.claim(u, ONE, 0), w.heads(u, ONE, {202004: 90})), ONE,
         columns=NONE, owed=missing("missing", "benefit_claims")),
    Case("F5 passes, F6 unknown", "", lambda w, u: (w.claim(u, ONE, 0, layoffs=5), w.heads(u, ONE, {202004: 90})), ONE,
         columns=rate("0.047619", "F5")),
    Case("F5 fails, F6 passes", "", heads(ONE, 100, 90, lambda w, u: (w.claim(u, ONE, 0, layoffs=10, natural_attrition=9), w.heads(u, ONE, {202004: 90}))), ONE,
         columns=rate("0.010000", "F6")),
    Case("F5 fails, F6 unknown", "layoff_rate_unknown", lambda w, u: (w.claim(u, ONE, 0, layoffs=10), w.heads(u, ONE, {202004: 90})), ONE),
    Case("new unit: January stands in", "", heads(TWO, None, 95), TWO, unit={"insured_since": date(2019, 1, 1)}, columns=rate("0.050000", "F1")),
    Case("not new by a day: December Y-2 is missing", "layoff_rate_unknown", heads(TWO, None, 95), TWO, unit={"insured_since": date(2018, 12, 31)}),
    Case("new unit: no January either", "layoff_rate_unknown",
         heads(TWO, None, 95, lambda w, u: w.drop("monthly_headcount", u, month=JANUARY)), TWO, unit={"insured_since": date(2019, 2, 1)}),
    Case("new unit where no stand-in is set", "layoff_rate_unknown", heads(QIQIHAR, None, 95), QIQIHAR,
         unit={"insured_since": date(2019, 2, 1)}),
    Case("a rate above 999.999999 is shown as that", "layoff_rate", claims(XIAN, 5000), unit=of(1) , columns=rate("999.999999", "F4")),
]  # fmt: skip


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Row]]:
    """All cases, decided in one night; large units of Xi'an have applied."""

    def prepare(world: World) -> None:
        for row in world.rows[("insured_units", XIAN)]:
            world.apply(row["uscc"], XIAN)

    return decide_cases(CASES, tmp_path_factory.mktemp("night"), test_regions(), SLOTS, prepare)


@pytest.mark.parametrize(("number", "case"), params(CASES))
def test_case(tables: dict[str, list[Row]], number: int, case: Case) -> None:
    check(tables, number, case)
