"""Two eligibility tables side by side: one case per kind of change."""

from decimal import Decimal
from typing import Any

import pytest

from stable_jobs.compare import changes, summary

COLUMNS = {
    "region_code": "string",
    "uscc": "string",
    "scheme": "string",
    "unit_name": "string",
    "decision": "string",
    "reasons": "string",
    "is_taken": "boolean",
    "entitlement": "decimal(18, 2)",
    "payable": "decimal(18, 2)",
}
PAID = {"decision": "eligible", "reasons": "", "is_taken": True, "entitlement": "10.00", "payable": "10.00"}
UNDECIDED = {
    "decision": "undecided",
    "reasons": "size_known_unknown",
    "is_taken": False,
    "entitlement": None,
    "payable": None,
}


@pytest.fixture
def compared() -> Any:
    import ibis
    import pyarrow as pa

    connection = ibis.duckdb.connect()
    schema = ibis.schema(COLUMNS).to_pyarrow()

    def run(before: dict[str, Any] | None, after: dict[str, Any] | None) -> tuple[list[Any], list[Any]]:
        key = {"region_code": "610100", "uscc": "U", "scheme": "general", "unit_name": "甲"}
        rows = [[] if side is None else [_typed({**key, **side})] for side in (before, after)]
        tables = [ibis.memtable(pa.Table.from_pylist(side, schema=schema)) for side in rows]
        listed = changes(*tables)
        return connection.to_pyarrow(listed).to_pylist(), connection.to_pyarrow(summary(listed)).to_pylist()

    return run


def _typed(row: dict[str, Any]) -> dict[str, Any]:
    money = ("entitlement", "payable")
    return {k: Decimal(v) if k in money and v is not None else v for k, v in row.items()}


@pytest.mark.parametrize(
    ("before", "after", "change", "difference"),
    [
        pytest.param(None, PAID, "appeared", "10.00", id="a unit appears with its money"),
        pytest.param(PAID, None, "gone", "-10.00", id="a unit goes with its money"),
        pytest.param(UNDECIDED, PAID, "changed", "10.00", id="undecided becomes eligible"),
        pytest.param(PAID, {**PAID, "payable": "4.00"}, "changed", "-6.00", id="only the amount changes"),
        pytest.param(PAID, {**PAID, "payable": None}, "changed", "-10.00", id="an amount becomes unknown"),
        pytest.param(
            UNDECIDED, {**UNDECIDED, "reasons": "in_time"}, "changed", "0.00", id="only the reasons change"
        ),
        pytest.param(
            PAID, {**PAID, "is_taken": False}, "changed", "-10.00", id="the other scheme is taken instead"
        ),
        pytest.param(None, {**PAID, "is_taken": False}, "appeared", "0.00", id="a row that is not taken"),
    ],
)
def test_a_difference_is_one_row_and_is_counted(
    compared: Any, before: Any, after: Any, change: str, difference: str
) -> None:
    listed, summed = compared(before, after)

    assert [(r["change"], r["payable_difference"]) for r in listed] == [(change, Decimal(difference))]
    assert [(r["region_code"], r["change"], r["rows"], r["payable_difference"]) for r in summed] == [
        ("610100", change, 1, Decimal(difference))
    ]
    assert [r["payable_after"] - r["payable_before"] for r in summed] == [Decimal(difference)]


@pytest.mark.parametrize("row", [pytest.param(PAID, id="known"), pytest.param(UNDECIDED, id="with nulls")])
def test_equal_rows_are_not_listed(compared: Any, row: Any) -> None:
    assert compared(row, row) == ([], [])


def test_both_sides_are_shown(compared: Any) -> None:
    (row,), _ = compared(UNDECIDED, PAID)

    assert (row["reasons_before"], row["reasons_after"]) == ("size_known_unknown", "")
    assert (row["decision_before"], row["decision_after"]) == ("undecided", "eligible")
