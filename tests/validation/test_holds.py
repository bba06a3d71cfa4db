from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

import duckdb
import pytest

from stable_jobs.contracts.model import Contract, Scope, SendingRegion, Terms
from stable_jobs.validation.quarantine import (
    Judged,
    Judgement,
    Part,
    judge,
    judged_parts,
    outcome_of,
    with_vanished,
)
from stable_jobs.validation.run import FAILURES
from tests.validation.staged_rows import CONTRACT, NANCHANG, NATION, XIAN, D, query_rule

pytestmark = pytest.mark.xdist_group("great_expectations")

LIMIT = CONTRACT.tolerance
LIST = replace(CONTRACT, subject="enterprise")
XIAN_FILE = Part(1, XIAN, XIAN, 10, 9, 1)
FILE_FOR_ALL = (
    Part(2, NATION, NATION, 2, 0, 2),
    Part(2, NATION, NANCHANG, 6, 6, 0),
    Part(2, NATION, XIAN, 4, 3, 1),
)


@pytest.mark.parametrize(
    ("parts", "contract", "previous", "expected"),
    [
        pytest.param([XIAN_FILE], CONTRACT, {}, [Judged(1, XIAN, 10, None, 1, LIMIT)], id="first delivery"),
        pytest.param(
            [XIAN_FILE],
            CONTRACT,
            {XIAN: 20, NANCHANG: 5},
            [Judged(1, XIAN, 10, 20, 1, LIMIT)],
            id="against its own",
        ),
        pytest.param(
            [XIAN_FILE], LIST, {XIAN: 20}, [Judged(1, XIAN, 10, 20, 1, LIMIT)], id="a region's list, too"
        ),
        pytest.param(
            FILE_FOR_ALL,
            CONTRACT,
            {},
            [
                Judged(2, NATION, 12, None, 3, LIMIT),
                Judged(2, NANCHANG, 6, None, 0, LIMIT),
                Judged(2, XIAN, 4, None, 1, LIMIT),
            ],
            id="a file for all: whole and by region",
        ),
        pytest.param(
            FILE_FOR_ALL,
            CONTRACT,
            {NATION: 1, NANCHANG: 7, XIAN: 20},
            [
                Judged(2, NATION, 12, 28, 3, LIMIT),
                Judged(2, NANCHANG, 6, 7, 0, LIMIT),
                Judged(2, XIAN, 4, 20, 1, LIMIT),
            ],
            id="units are compared by region",
        ),
        pytest.param(
            FILE_FOR_ALL,
            LIST,
            {NATION: 1, NANCHANG: 7, XIAN: 20},
            [
                Judged(2, NATION, 12, 28, 3, LIMIT),
                Judged(2, NANCHANG, 6, None, 0, LIMIT),
                Judged(2, XIAN, 4, None, 1, LIMIT),
            ],
            id="lists are compared as a whole only",
        ),
        pytest.param(
            [XIAN_FILE, *FILE_FOR_ALL],
            LIST,
            {NANCHANG: 7, XIAN: 20},
            [
                Judged(1, XIAN, 10, 20, 1, LIMIT),
                Judged(2, NATION, 12, 7, 3, LIMIT),
                Judged(2, NANCHANG, 6, None, 0, LIMIT),
                Judged(2, XIAN, 4, None, 1, LIMIT),
            ],
            id="a region with its own file does not count for the file for all",
        ),
    ],
)
def test_what_is_judged(
    parts: Sequence[Part],
    contract: Contract,
    previous: dict[str, int],
    expected: list[Judged],
) -> None:
    assert list(judged_parts(parts, contract, previous, D)) == expected


@pytest.mark.parametrize(
    ("parts", "contract", "gone"),
    [
        pytest.param(FILE_FOR_ALL[:2], CONTRACT, [Part(2, NATION, XIAN, 0, 0, 0)], id="of a file for all"),
        pytest.param([XIAN_FILE, *FILE_FOR_ALL[:2]], CONTRACT, [], id="not if it sent its own"),
        pytest.param([Part(3, NANCHANG, NANCHANG, 1, 1, 0)], CONTRACT, [], id="not where no file is for all"),
        pytest.param(FILE_FOR_ALL[:2], LIST, [], id="not of a list of enterprises"),
        pytest.param(FILE_FOR_ALL, CONTRACT, [], id="not if it is there"),
    ],
)
def test_a_region_that_vanished_is_a_part_without_rows(
    parts: Sequence[Part], contract: Contract, gone: list[Part]
) -> None:
    assert list(with_vanished(parts, contract, {NATION: 2, NANCHANG: 6, XIAN: 4})) == [*parts, *gone]


def test_the_rules_run_over_every_part_and_critical_ones_hold_it(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(FAILURES)
    parts = [
        Judged(1, XIAN, 10, 100, 3, LIMIT),
        Judged(2, NATION, 12, None, 2, LIMIT),
        Judged(2, NANCHANG, 6, 8, 0, LIMIT),
        Judged(2, XIAN, 5, 10, 1, LIMIT),
    ]
    found = judge(con, CONTRACT, D, parts)
    assert found.broken == {
        (1, XIAN): ("refunds.rows.drop", "refunds.rows.tolerance"),
        (2, NATION): (),
        (2, NANCHANG): (),
        (2, XIAN): (),
    }
    counted = {(r.rule_id, r.region_code): (r.evaluated, r.failed) for r in found.results}
    assert counted == {
        ("refunds.rows.change", NATION): (1, 0),
        ("refunds.rows.change", NANCHANG): (1, 0),
        ("refunds.rows.change", XIAN): (2, 2),
        ("refunds.rows.drop", NATION): (1, 0),
        ("refunds.rows.drop", NANCHANG): (1, 0),
        ("refunds.rows.drop", XIAN): (2, 1),
        ("refunds.rows.tolerance", NATION): (1, 0),
        ("refunds.rows.tolerance", NANCHANG): (1, 0),
        ("refunds.rows.tolerance", XIAN): (2, 1),
    }


@pytest.mark.parametrize(
    ("rows", "previous", "quarantined", "held"),
    [
        pytest.param(100, None, 20, (), id="tolerance met exactly"),
        pytest.param(100, None, 21, ("refunds.rows.tolerance",), id="tolerance passed by one row"),
        pytest.param(41, 100, 0, (), id="one row above the drop"),
        pytest.param(40, 100, 0, ("refunds.rows.drop",), id="the drop exactly"),
        pytest.param(0, None, 0, (), id="an empty first file"),
        pytest.param(0, 1, 0, ("refunds.rows.drop",), id="everything gone"),
    ],
)
def test_both_sides_of_each_threshold(
    con: duckdb.DuckDBPyConnection,
    rows: int,
    previous: int | None,
    quarantined: int,
    held: tuple[str, ...],
) -> None:
    con.execute(FAILURES)
    assert judge(con, CONTRACT, D, [Judged(1, XIAN, rows, previous, quarantined, LIMIT)]).broken == {
        (1, XIAN): held
    }


def test_a_delivery_rule_reads_nothing_of_row_rules_with_the_same_row_ids(
    con: duckdb.DuckDBPyConnection,
) -> None:
    con.execute(FAILURES)
    con.execute("INSERT INTO failures VALUES ('refunds.uscc.required', 0)")
    found = judge(con, CONTRACT, D, [Judged(1, XIAN, 10, None, 0, LIMIT)])
    assert found.broken == {(1, XIAN): ()}


def test_a_contract_without_delivery_rules_holds_nothing(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(FAILURES)
    rules = tuple(r for r in CONTRACT.rules if r.scope is Scope.ROW)
    found = judge(con, replace(CONTRACT, rules=rules), D, [Judged(1, XIAN, 10, 100, 10, LIMIT)])
    assert (found.results, found.broken) == ((), {(1, XIAN): ()})


BROKEN = Judgement((), {(1, XIAN): ("a", "b")}, {(1, XIAN): Judged(1, XIAN, 10, 100, 1, LIMIT)})


@pytest.mark.parametrize(
    ("released", "held"),
    [
        pytest.param(frozenset(), "a", id="nothing released: the first"),
        pytest.param(frozenset({"a"}), "b", id="released from one: the other"),
        pytest.param(frozenset({"b"}), "a", id="released from the second only"),
        pytest.param(frozenset({"a", "b"}), "a", id="released from all: the catalog takes it as released"),
    ],
)
def test_which_rule_holds(released: frozenset[str], held: str) -> None:
    outcome = outcome_of(XIAN_FILE, BROKEN, released)
    assert outcome.held_rule == held
    assert outcome.held_detail == {"rows": 10, "previous_rows": 100, "quarantined": 1, "rules": ["a", "b"]}
    assert (outcome.received, outcome.accepted, outcome.quarantined) == (10, 9, 1)


def test_a_part_that_broke_nothing_is_not_held() -> None:
    outcome = outcome_of(XIAN_FILE, Judgement((), {(1, XIAN): ()}, {}), frozenset())
    assert (outcome.held_rule, outcome.held_detail) == (None, None)


def test_a_warning_never_holds(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(FAILURES)
    made = query_rule("w", "SELECT * FROM {batch}", scope=Scope.DELIVERY, severity=CONTRACT.rules[4].severity)
    assert judge(con, replace(CONTRACT, rules=(made,)), D, [Judged(1, XIAN, 1, None, 0, LIMIT)]).broken == {
        (1, XIAN): ()
    }


BY_REGION = replace(
    CONTRACT,
    sending_regions=(
        SendingRegion(XIAN, date(2020, 1, 1), "来函", Terms(tolerance=Decimal("0.3"))),
        SendingRegion(NANCHANG, date(2020, 5, 12), "来函", Terms(tolerance=Decimal("0.9"))),
        SendingRegion(NATION, date(2020, 1, 1), "来函", Terms(tolerance=Decimal("0.25"))),
    ),
)


@pytest.mark.parametrize(
    ("part", "limit"),
    [
        pytest.param(XIAN_FILE, "0.3", id="the region's own"),
        pytest.param(Part(1, "610124", "610124", 10, 9, 1), "0.3", id="a county's, from its city"),
        pytest.param(Part(1, NANCHANG, NANCHANG, 10, 9, 1), "0.25", id="not in force yet: from 000000"),
    ],
)
def test_each_slot_is_judged_by_its_own_tolerance(part: Part, limit: str) -> None:
    assert [one.tolerance for one in judged_parts([part], BY_REGION, {}, D)] == [Decimal(limit)]


def test_a_file_for_all_is_judged_by_its_own_tolerance_in_every_region() -> None:
    found = judged_parts(FILE_FOR_ALL, BY_REGION, {}, D)
    assert {one.region_code: one.tolerance for one in found} == dict.fromkeys(
        (NATION, NANCHANG, XIAN), Decimal("0.25")
    )


@pytest.mark.parametrize(
    ("limit", "quarantined", "held"),
    [
        pytest.param("0.3", 30, (), id="met exactly"),
        pytest.param("0.3", 31, ("refunds.rows.tolerance",), id="passed by one row"),
        pytest.param("0", 1, ("refunds.rows.tolerance",), id="none at all"),
        pytest.param("1", 100, (), id="any"),
        pytest.param("0.305", 30, (), id="half a per cent"),
        pytest.param("0.305", 31, ("refunds.rows.tolerance",), id="half a per cent, passed"),
    ],
)
def test_both_sides_of_a_region_s_tolerance(
    con: duckdb.DuckDBPyConnection, limit: str, quarantined: int, held: tuple[str, ...]
) -> None:
    con.execute(FAILURES)
    judged = Judged(1, XIAN, 100, None, quarantined, Decimal(limit))
    assert judge(con, CONTRACT, D, [judged]).broken == {(1, XIAN): held}
