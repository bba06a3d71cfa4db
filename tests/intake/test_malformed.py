"""Malformed deliveries, from the dropped file to the catalog: refused, with all that the sender must know."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from stable_jobs.intake.connectors import FIELDS
from stable_jobs.messages.refusals import REFUSALS, expected_of, found_of
from stable_jobs.store.catalog import deliveries_for, snapshot_by_id
from tests.intake.conftest import COLUMNS, REGION, Desk, csv_bytes, row, workbook
from tests.intake.malformed import ACCOUNT, SHEET, Drop
from tests.intake.malformed_bytes import BYTES
from tests.intake.malformed_manifests import MANIFESTS
from tests.intake.malformed_rows import ROWS
from tests.intake.malformed_workbooks import WORKBOOKS
from tests.latin import english

SENT = {*FIELDS, "tax", "labor", "payments", "taxpayers", "Sheet", "NaN", "note"}
"""Fields, codes and words of the sender, which stand in Chinese as they were sent."""
MALFORMED = [*BYTES, *ROWS, *MANIFESTS, *WORKBOOKS]


@pytest.mark.parametrize(("drop", "terms", "rule", "expected", "found", "at"), MALFORMED)
def test_refused_with_all_that_the_sender_must_know(
    desk: Desk, drop: Drop, terms: dict[str, Any], rule: str, expected: str, found: str, at: int | None
) -> None:
    desk = desk.under(**terms)
    drop(desk)

    [problem], staged = desk.run()

    assert problem.rule == rule
    assert (problem.department, problem.extract, problem.region) == ("tax", "payments", REGION)
    assert (problem.row, problem.owes) == (at, "tax")
    assert expected in problem.expected
    assert found in problem.found
    assert problem.expected and problem.found and problem.what_en and problem.next_step_en  # noqa: PT018 - one thought
    assert ACCOUNT not in problem.sentence()
    said = f"{expected_of(problem.expected).zh} {found_of(rule, problem.found).zh}"
    assert set(english(said)) <= SENT
    assert staged == []


def test_every_refusal_is_in_the_table() -> None:
    """Names and links are the connector's: tests/intake/connectors. Kept bytes: below."""
    covered = {rule for param in MALFORMED for rule in [param.values[2]]}
    elsewhere = {
        "delivery.name",
        "delivery.missing_file",
        "delivery.no_access",
        "delivery.kept_bytes",
    }

    assert set(REFUSALS) - covered == elsewhere
    assert len(MALFORMED) >= 60


def test_refusal_is_kept_in_the_catalog_and_the_bytes_in_the_lake(desk: Desk) -> None:
    path = desk.drop(csv_bytes(row())[:-1] + b",x\n")

    [problem], _ = desk.run()

    with desk.engine.connect() as connection:
        [delivery] = deliveries_for(connection, desk.on)
    assert (delivery.status, delivery.problem) == ("refused", problem.as_dict())
    assert Path(desk.lake.landing_path(delivery.sha256)).read_bytes() == path.read_bytes()


@pytest.mark.parametrize("changed", [b"", b"other bytes"], ids=["emptied", "rewritten"])
def test_bytes_changed_in_the_lake_are_refused_until_collected_anew(desk: Desk, changed: bytes) -> None:
    content = csv_bytes(row())
    desk.drop(content)
    desk.collect()
    kept = Path(desk.lake.landing_path(sha256(content).hexdigest()))
    kept.chmod(0o600)
    kept.write_bytes(changed)

    [problem] = desk.stage().problems

    assert (problem.rule, problem.region, problem.owes) == ("delivery.kept_bytes", REGION, "tax")
    assert sha256(content).hexdigest() in problem.expected

    problems, [delivery] = desk.run()

    assert (problems, delivery.status) == ([], "staged")
    assert kept.read_bytes() == content


def test_one_refused_file_does_not_stop_the_others(desk: Desk) -> None:
    desk.drop(b"", "220400.csv")
    desk.drop(csv_bytes(row()))
    desk.drop(b"\xff", "620100.csv")

    problems, staged = desk.run()

    assert [p.region for p in problems] == ["220400", "620100"]
    assert [d.region_code for d in staged] == [REGION]


UNREADABLE = {
    "amount": ["12元", "1.234", "x", "1,2"],
    "heads": ["1.5", "x", "١٢"],
    "paid_date": ["2020-02-30", "11.5.2020", "x"],
    "removed_on": ["9999-99-99", "x"],
    "submitted_at": ["2020-05-11", "25:00", "x"],
    "fee_month": ["202013", "x"],
    "is_signed": ["Y", "x"],
    "status": ["未知", "x"],
    "account_no": ["6.2E+18"],
    "unit_name": ["#N/A"],
}
CELLS = [
    pytest.param(name, text, id=f"{name}-{text}") for name, texts in UNREADABLE.items() for text in texts
]


@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
@pytest.mark.parametrize(("name", "text"), CELLS)
def test_unreadable_value_keeps_its_row(desk: Desk, name: str, text: str, file_format: str) -> None:
    quoted = f'"{text}"' if file_format == "csv" else text
    bad = row(**{name: quoted})
    content = csv_bytes(row(), bad) if file_format == "csv" else workbook([*SHEET, bad])
    desk.drop(content, f"{REGION}.{file_format}", rows=2, control_total="2469.00")

    problems, [delivery] = desk.run()

    assert problems == []
    with desk.engine.connect() as connection:
        path = desk.lake.path(snapshot_by_id(connection, delivery.staged_snapshot_id or 0).name)
    found = desk.con.execute(
        f"SELECT {name}, unreadable, raw FROM read_parquet('{path}') ORDER BY row_no"
    ).fetchall()
    assert found[0][1:] == (None, None)
    assert found[1][:2] == (None, f";{name};")
    assert json.loads(found[1][2]) == {name: text}


def test_kinds_with_an_unreadable_value_are_all_in_the_table() -> None:
    kinds = {column.kind for column in COLUMNS}

    assert {column.kind for column in COLUMNS if column.name in UNREADABLE} == kinds
