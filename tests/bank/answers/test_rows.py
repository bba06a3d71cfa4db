"""Each payment line once: what a file says twice, and what it contradicts itself about."""

from __future__ import annotations

from pathlib import Path

import pytest

from stable_jobs.bank.answers.rows import gather
from tests.bank.answers.messages import ONE, THREE, TWO, payment, read, reason, report, transaction

OTHER = '<InstdAmt Ccy="CNY">1</InstdAmt>'


@pytest.mark.parametrize(
    ("rows", "kept", "left"),
    [
        pytest.param([(ONE, "ACSC"), (TWO, "RJCT")], [1, 2], [], id="two lines"),
        pytest.param([(ONE, "ACSC"), (ONE, "ACSC")], [1], [(2, "answer.repeated")], id="the same twice"),
        pytest.param([(ONE, "ACSC"), (ONE, "ACCC")], [1], [(2, "answer.repeated")], id="paid in other words"),
        pytest.param(
            [(ONE, "ACSP"), (ONE, "ACSC")], [2], [(1, "answer.repeated")], id="under way, then paid"
        ),
        pytest.param(
            [(ONE, "RJCT"), (ONE, "PDNG")], [1], [(2, "answer.repeated")], id="returned, then pending"
        ),
        pytest.param(
            [(ONE, "DUPL"), (ONE, "ACSC")], [2], [(1, "answer.repeated")], id="duplicate, then paid"
        ),
        pytest.param(
            [(ONE, "RJCT"), (ONE, "DUPL")], [1], [(2, "answer.repeated")], id="returned, then duplicate"
        ),
        pytest.param(
            [(ONE, "PDNG"), (ONE, "DUPL")], [2], [(1, "answer.repeated")], id="under way, then duplicate"
        ),
        pytest.param([(ONE, "PDNG"), (ONE, "ACSP")], [1], [(2, "answer.repeated")], id="pending twice"),
        pytest.param(
            [(ONE, "ACSC"), (TWO, "ACSC"), (ONE, "RJCT")],
            [2],
            [(1, "answer.contradiction"), (3, "answer.contradiction")],
            id="paid and returned",
        ),
        pytest.param(
            [(ONE, "PDNG"), (ONE, "ACSC"), (ONE, "RJCT"), (THREE, "ACSC")],
            [4],
            [(n, "answer.contradiction") for n in (1, 2, 3)],
            id="pending, paid and returned",
        ),
    ],
)
def test_each_line_once(
    tmp_path: Path, rows: list[tuple[str, str]], kept: list[int], left: list[tuple[int, str]]
) -> None:
    reject = {"status": "RJCT", "reason": reason("<Cd>AM05</Cd>")}
    told = (transaction(i, **(reject if status == "DUPL" else {"status": status})) for i, status in rows)
    answer = read(tmp_path, report(payment(*told)))

    assert answer.rows.column("row_no").to_pylist() == kept
    assert [(p.row_no, p.rule) for p in answer.problems] == left
    assert answer.received == len(rows)


def test_two_amounts_contradict(tmp_path: Path) -> None:
    answer = read(tmp_path, report(payment(transaction(), transaction(amount=OTHER))))

    assert [p.found for p in answer.problems] == ["paid 1234.50", "paid 1.00"]
    assert answer.rows.num_rows == 0


def test_columns_keep_their_types_without_rows(tmp_path: Path) -> None:
    empty, filled = (read(tmp_path, report(payment(transaction(status=s)))).rows for s in ("XXXX", "ACSC"))

    assert empty.num_rows == 0
    assert empty.schema == filled.schema
    assert [str(kind) for kind in filled.schema.types] == [
        "int64", "string", "string", "string", "string", "decimal128(18, 2)", "date32[day]",
        "string",
    ]  # fmt: skip


def test_problems_stand_in_the_order_of_the_file(tmp_path: Path) -> None:
    rows = (transaction(ONE), transaction("x"), transaction(ONE), transaction("y"))

    answer = read(tmp_path, report(payment(*rows), status="XXXX"))

    assert [p.row_no for p in answer.problems] == [None, 2, 3, 4]
    assert answer.received == gather("csv", [*answer.problems]).received + 1
