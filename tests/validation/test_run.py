import random
import re
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import duckdb
import pytest
from duckdb import DuckDBPyConnection

from stable_jobs.contracts.model import Rule
from stable_jobs.errors import StepError
from stable_jobs.validation.run import FAILURES, RESULT_FORMAT, _validate, run_rules
from tests.validation.staged_rows import D, query_rule, rule

pytestmark = pytest.mark.xdist_group("great_expectations")

NAMES = ("a%:b'1", "A-2", "x;y", '"q"', "长城", "", "a%:b'12", None)


def made_up_rows(count: int = 2000, seed: int = 5) -> list[dict[str, Any]]:
    """Rows with every kind of value, nulls and repeats, in the order of `COLUMNS`."""
    pick = random.Random(seed)
    return [
        {
            "row_id": n,
            "delivery_id": n % 3,
            "name": pick.choice(NAMES),
            "amount": pick.choice([None, pick.randint(-200, 2000) * Decimal("0.75")]),
            "year": pick.choice([None, *range(2015, 2024)]),
            "on_date": pick.choice([None, D + timedelta(pick.randint(-3, 3))]),
            "until": pick.choice([None, D + timedelta(pick.randint(-3, 3))]),
            "flag": pick.choice([None, True, False]),
        }
        for n in range(count)
    ]


COLUMNS = {
    "row_id": "BIGINT",
    "delivery_id": "BIGINT",
    "name": "VARCHAR",
    "amount": "DECIMAL(18,2)",
    "year": "BIGINT",
    "on_date": "DATE",
    "until": "DATE",
    "flag": "BOOLEAN",
}
ROWS = made_up_rows()


@pytest.fixture
def table(con: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    columns = {name: [row[name] for row in ROWS] for name in COLUMNS}
    listed = ", ".join(f"unnest(?::{kind}[]) AS {name}" for name, kind in COLUMNS.items())
    con.execute(f"CREATE TEMP TABLE t AS SELECT {listed}", list(columns.values()))
    con.execute(FAILURES)
    return con


def failing(con: DuckDBPyConnection, rule_id: str) -> list[int]:
    found = con.execute("SELECT row_id FROM failures WHERE rule_id = ? ORDER BY row_id", [rule_id]).fetchall()
    return [row[0] for row in found]


def repeated(*names: str) -> Callable[[dict[str, Any]], bool]:
    """The rows that share their delivery and these values with another row, empty values aside."""
    keys = [(r["delivery_id"], *(r[n] for n in names)) for r in ROWS]
    count = Counter(keys)
    return lambda row: count[key := (row["delivery_id"], *(row[n] for n in names))] > 1 and None not in key


def given(name: str, breaks: Callable[[Any], object]) -> Callable[[dict[str, Any]], object]:
    """Rows where the column has a value and it breaks the rule."""
    return lambda row: row[name] is not None and breaks(row[name])


RULES: dict[str, tuple[Rule, Callable[[dict[str, Any]], object]]] = {
    "not null": (rule("a", "ExpectColumnValuesToNotBeNull", column="name"), lambda r: r["name"] is None),
    "regex with quote, colon and percent": (
        rule("b", "ExpectColumnValuesToMatchRegex", column="name", regex=r"^a%:b'[0-9]{1}$"),
        given("name", lambda v: not re.fullmatch(r"a%:b'[0-9]", v)),
    ),
    "not regex": (
        rule("c", "ExpectColumnValuesToNotMatchRegex", column="name", regex="^.*;.*$"),
        given("name", lambda v: ";" in v),
    ),
    "between decimals, ends included": (
        rule("d", "ExpectColumnValuesToBeBetween", column="amount", min_value=0, max_value=1000),
        given("amount", lambda v: not 0 <= v <= 1000),
    ),
    "between years": (
        rule("e", "ExpectColumnValuesToBeBetween", column="year", min_value=2018, max_value="{policy_year}"),
        given("year", lambda v: not 2018 <= v <= 2020),
    ),
    "not after the business date": (
        rule("f", "ExpectColumnValuesToBeBetween", column="on_date", max_value="{business_date}"),
        given("on_date", lambda v: v > D),
    ),
    "in a set with quotes": (
        rule("g", "ExpectColumnValuesToBeInSet", column="name", value_set=["a%:b'1", "长城"]),
        given("name", lambda v: v not in ("a%:b'1", "长城")),
    ),
    "in a set of booleans": (
        rule("h", "ExpectColumnValuesToBeInSet", column="flag", value_set=[True]),
        given("flag", lambda v: v is not True),
    ),
    "length in characters": (
        rule("i", "ExpectColumnValueLengthsToBeBetween", column="name", min_value=1, max_value=3),
        given("name", lambda v: not 1 <= len(v) <= 3),
    ),
    "pair in order": (
        rule(
            "j",
            "ExpectColumnPairValuesAToBeGreaterThanB",
            column_A="until",
            column_B="on_date",
            or_equal=True,
            ignore_row_if="either_value_is_missing",
        ),
        lambda r: None not in (r["until"], r["on_date"]) and r["until"] < r["on_date"],
    ),
    "unique": (rule("k", "ExpectColumnValuesToBeUnique", column="amount"), repeated("amount")),
    "compound unique": (
        rule("l", "ExpectCompoundColumnsToBeUnique", column_list=["delivery_id", "name", "year", "on_date"]),
        repeated("name", "year", "on_date"),
    ),
    "rows of a query": (
        query_rule("m", "SELECT * FROM {batch} WHERE name LIKE 'a%' AND on_date > DATE '{business_date}'"),
        lambda r: (r["name"] or "").startswith("a") and r["on_date"] is not None and r["on_date"] > D,
    ),
    "rows of a query over the batch twice, with a join": (
        query_rule(
            "n",
            "SELECT * FROM {batch} WHERE year IN (SELECT c.year "
            "FROM (SELECT DISTINCT year FROM {batch}) AS c "
            "ANTI JOIN range(2016, 2030) AS k(y) ON k.y = c.year)",
        ),
        lambda r: r["year"] == 2015,
    ),
    "nothing fails": (query_rule("o", "SELECT * FROM {batch} WHERE year > 3000"), lambda r: False),
    "the same query under another id": (
        query_rule("p", "SELECT * FROM {batch} WHERE year > 3000 OR flag"),
        lambda r: r["flag"] is True,
    ),
    "a query with a brace": (
        query_rule("q", "SELECT * FROM {batch} WHERE regexp_matches(name, '^.{{3}}$')"),
        lambda r: len(r["name"] or "") == 3,
    ),
}


def test_every_expectation_counts_and_points_as_plain_python_does(table: duckdb.DuckDBPyConnection) -> None:
    rules = [made for made, _ in RULES.values()]
    counts = {c.rule.id: c for c in run_rules(table, rules, "t", D)}
    for name, (made, breaks) in RULES.items():
        expected = [row["row_id"] for row in ROWS if breaks(row)]
        assert (counts[made.id].evaluated, counts[made.id].failed) == (len(ROWS), len(expected)), name
        assert failing(table, made.id) == expected, name
    assert [name for name, (made, _) in RULES.items() if not counts[made.id].failed] == ["nothing fails"]


def test_counts_come_in_the_rules_order_and_none_without_rules(table: duckdb.DuckDBPyConnection) -> None:
    rules = [RULES["pair in order"][0], RULES["not null"][0]]
    assert [c.rule.id for c in run_rules(table, rules, "t", D)] == ["j", "a"]
    assert run_rules(table, [], "t", D) == ()


def test_an_empty_table_breaks_nothing(table: duckdb.DuckDBPyConnection) -> None:
    table.execute("DELETE FROM t")
    assert {
        (c.evaluated, c.failed) for c in run_rules(table, [made for made, _ in RULES.values()], "t", D)
    } == {(0, 0)}


@pytest.mark.parametrize(
    "made",
    [
        pytest.param(rule("x", "ExpectColumnValuesToNotBeNull", column="gap"), id="a map expectation"),
        pytest.param(query_rule("x", "SELECT * FROM {batch} WHERE gap IS NULL"), id="a query"),
        pytest.param(rule("x", "ExpectColumnValuesToBeUnique", column="twin"), id="a key"),
    ],
)
def test_twenty_five_thousand_failing_rows_are_all_kept(con: duckdb.DuckDBPyConnection, made: Rule) -> None:
    con.execute("""
        CREATE TEMP TABLE t AS
        SELECT range AS row_id, 1 AS delivery_id, CASE WHEN range >= 25000 THEN 1 END AS gap,
               CASE WHEN range < 25000 THEN range // 2 ELSE range END AS twin
        FROM range(25010)
    """)
    con.execute(FAILURES)
    assert [c.failed for c in run_rules(con, [made], "t", D)] == [25000]
    assert failing(con, "x") == list(range(25000))


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(rule("x", "ExpectColumnValuesToNotBeNull", column="absent"), id="no such column"),
        pytest.param(
            rule("x", "ExpectColumnValuesToMatchRegex", column="name", regex="("), id="a wrong regex"
        ),
        pytest.param(query_rule("x", "SELECT * FROM {batch} WHERE absent"), id="a query that does not bind"),
        pytest.param(
            query_rule("x", "SELECT * FROM {batch} WHERE name ~ 'a{2}'"), id="a brace that is not doubled"
        ),
        pytest.param(
            query_rule("x", "SELECT * FROM {batch} WHERE CAST(name AS INTEGER) > 1"), id="a failing cast"
        ),
    ],
)
def test_a_rule_that_breaks_is_an_error_and_never_the_departments(
    table: duckdb.DuckDBPyConnection, broken: Rule
) -> None:
    with pytest.raises(StepError, match=r"rule x \(\w+\) broke: "):
        run_rules(table, [broken], "t", D)


def test_an_expectation_that_points_at_no_row_cannot_be_a_rule(table: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(StepError, match=r"rule x: .* does not say which rows fail"):
        run_rules(table, [rule("x", "ExpectTableRowCountToBeBetween", min_value=9999)], "t", D)


def test_a_count_that_is_not_the_number_of_rows_found_is_an_error(table: duckdb.DuckDBPyConnection) -> None:
    """GX leaves a row condition out of its failing-rows query."""
    from great_expectations.expectations.row_conditions import Column

    made = rule("x", "ExpectColumnValuesToNotBeNull", column="name", row_condition=Column("year") == 2018)
    with pytest.raises(StepError, match=r"rule x .*counted \d+ failing rows, its query gives \d+"):
        run_rules(table, [made], "t", D)


@pytest.mark.parametrize("change", [pytest.param(-1, id="one too few"), pytest.param(1, id="one too many")])
@pytest.mark.parametrize("name", ["not null", "rows of a query", "compound unique"])
def test_a_planted_wrong_count_is_an_error(
    table: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch, name: str, change: int
) -> None:
    def planted(
        *arguments: Any,
    ) -> Mapping[str, Any]:
        results = _validate(*arguments)
        for result in results.values():
            for key in {"unexpected_count", "observed_value"} & set(result.result):
                result.result[key] += change
        return results

    monkeypatch.setattr("stable_jobs.validation.run._validate", planted)
    with pytest.raises(StepError, match="the quarantine would be wrong"):
        run_rules(table, [RULES[name][0]], "t", D)


def test_no_value_leaves_the_engine(table: duckdb.DuckDBPyConnection) -> None:
    table.execute("UPDATE t SET name = '6222021234567890' WHERE row_id < 100")
    made = [RULES[name][0] for name in ("not regex", "in a set with quotes", "rows of a query", "unique")]
    spoiled = [*made, rule("z", "ExpectColumnValuesToMatchRegex", column="name", regex="^x$")]
    results = _validate(table, spoiled, "t", D)
    assert RESULT_FORMAT["result_format"] == "BASIC"
    assert not any("6222021234567890" in str(result.to_json_dict()) for result in results.values())


def test_great_expectations_says_nothing(
    table: duckdb.DuckDBPyConnection, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    run_rules(table, [made for made, _ in RULES.values()], "t", D)
    assert capfd.readouterr() == ("", "")
    assert caplog.records == []


def test_two_tables_one_after_the_other_do_not_mix(table: duckdb.DuckDBPyConnection) -> None:
    table.execute("CREATE TEMP TABLE u AS SELECT 1 AS row_id, 'x' AS other")
    made = rule("z", "ExpectColumnValuesToBeInSet", column="other", value_set=["y"])
    run_rules(table, [RULES["not null"][0]], "t", date(2020, 5, 11))
    assert [c.failed for c in run_rules(table, [made], "u", D)] == [1]
