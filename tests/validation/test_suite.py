from dataclasses import replace
from datetime import date

import pytest

from stable_jobs.contracts.model import Rule, Scope, Severity
from stable_jobs.errors import ContractError
from stable_jobs.validation.run import as_query, expectation_for, substitute
from tests.validation.staged_rows import D, query_rule, rule

pytestmark = pytest.mark.xdist_group("great_expectations")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("{business_date}", "2020-05-11", id="date alone"),
        pytest.param("{policy_year}", 2020, id="year alone is a number"),
        pytest.param("{policy_year}-01", "2020-01", id="year in a text"),
        pytest.param("DATE '{business_date}' {batch}", "DATE '2020-05-11' {batch}", id="batch stays"),
        pytest.param(
            {"a": ["{policy_year}", {"b": "{business_date}"}]}, {"a": [2020, {"b": "2020-05-11"}]}, id="deep"
        ),
        pytest.param(("{policy_year}", 1, None, True), [2020, 1, None, True], id="other values stay"),
        pytest.param("{{2}} 100%", "{{2}} 100%", id="braces and percent signs stay"),
    ],
)
def test_substitute(
    value: str | dict[str, list[str | dict[str, str]]] | tuple[str, int, None, bool],
    expected: str | int | dict[str, list[int | dict[str, str]]] | list[int | None],
) -> None:
    assert substitute(value, D) == expected


@pytest.mark.parametrize(
    ("made", "partition"),
    [
        pytest.param(
            rule("x", "ExpectColumnValuesToBeUnique", column="uscc"), '"delivery_id", "uscc"', id="column"
        ),
        pytest.param(
            rule("x", "ExpectCompoundColumnsToBeUnique", column_list=["uscc", "month"]),
            '"delivery_id", "uscc", "month"',
            id="compound",
        ),
        pytest.param(
            rule("x", "ExpectCompoundColumnsToBeUnique", column_list=["delivery_id", "uscc"]),
            '"delivery_id", "uscc"',
            id="delivery named already",
        ),
        pytest.param(
            replace(
                rule("x", "ExpectCompoundColumnsToBeUnique", column_list=["region_code", "uscc"]),
                scope=Scope.UNIT,
            ),
            '"region_code", "uscc"',
            id="units have no delivery",
        ),
        pytest.param(
            rule("x", "ExpectColumnValuesToBeUnique", column='a"b'), '"delivery_id", "a""b"', id="quoted"
        ),
    ],
)
def test_a_key_is_unique_within_its_delivery(made: Rule, partition: str) -> None:
    assert f"GROUP BY {partition} HAVING" in (as_query(made, D) or "")


def test_a_map_expectation_has_no_query_of_its_own() -> None:
    assert as_query(rule("x", "ExpectColumnValuesToNotBeNull", column="uscc"), D) is None


def test_an_expectation_carries_the_rules_id_and_severity_and_the_dates() -> None:
    from great_expectations.expectations.core.unexpected_rows_expectation import UnexpectedRowsExpectation

    made = query_rule(
        "x.y.z", "SELECT * FROM {batch} WHERE on_date > '{business_date}'", severity=Severity.INFO
    )
    expectation = expectation_for(made, date(2021, 1, 2))
    assert expectation.meta == {"rule": "x.y.z"}
    assert expectation.severity == "info"
    assert isinstance(expectation, UnexpectedRowsExpectation)
    assert expectation.unexpected_rows_query == "SELECT * FROM {batch} WHERE on_date > '2021-01-02'"


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(rule("x.y.z", "ExpectTheImpossible", column="uscc"), id="no such expectation"),
        pytest.param(rule("x.y.z", "ExpectColumnValuesToNotBeNull"), id="an argument is missing"),
        pytest.param(
            rule("x.y.z", "ExpectColumnValuesToNotBeNull", column="uscc", colour=1), id="one too many"
        ),
        pytest.param(query_rule("x.y.z", "SELECT * FROM {batch} WHERE a = '{'"), id="an unpaired brace"),
    ],
)
def test_what_great_expectations_refuses_is_a_fault_of_the_contract(broken: Rule) -> None:
    with pytest.raises(ContractError, match=r"x\.y\.z.*next: correct the rule"):
        expectation_for(broken, D)
