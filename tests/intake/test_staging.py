"""Staging: every row of a file, in its order, under its id; one snapshot per delivery, code and contract."""

from __future__ import annotations

import csv
import json
import random
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stable_jobs.errors import DeliveryRefused
from stable_jobs.intake.connectors import DroppedFiles
from stable_jobs.intake.landing import collect_department
from stable_jobs.intake.staging import stage_delivery, stage_department
from stable_jobs.settings import SHANGHAI
from stable_jobs.store.catalog import (
    Delivery,
    current_deliveries,
    deliveries_for,
    resent,
    snapshot_by_id,
    superseded,
)
from stable_jobs.store.lake import Lake
from tests.intake.conftest import CONTRACT, DATES, HEADERS, REGION, STAGED, Bench, Desk, csv_bytes, lines, row

UTF8 = replace(CONTRACT, encoding="utf-8", null_words=())
LAYOUT = (
    ["row_id", "delivery_id", "row_no", "delivery_region"]
    + [c.name for c in CONTRACT.columns]
    + ["raw", "unreadable"]
)
TYPES = ["BIGINT"] * 3 + ["VARCHAR"] * 4 + ["DECIMAL(18,2)", "BIGINT", "DATE", "DATE", "TIMESTAMP", "INTEGER"]
TYPES += ["BOOLEAN", "VARCHAR", "VARCHAR", "VARCHAR"]

ENCODINGS = [
    pytest.param("gb18030", id="gb18030"),
    pytest.param("utf-8", id="utf-8"),
    pytest.param("utf-8-sig", id="utf-8 with bom"),
]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["lf", "crlf", "cr"])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_encodings_and_line_ends(bench: Bench, encoding: str, end: str) -> None:
    content = csv_bytes(row(), row(heads="13"), encoding=encoding, end=end)

    first, second = bench.stage(content, replace(CONTRACT, encoding=encoding))

    assert {name: first[name] for name in STAGED} == STAGED
    assert (first["status"], first["is_signed"], second["heads"]) == ("regular", True, 13)


def test_layout_types_and_ids(bench: Bench) -> None:
    staged = stage_delivery(bench.con, bench.lake, CONTRACT, bench.delivery(csv_bytes(row(), row())))
    table = f"read_parquet('{bench.lake.path(staged.name)}')"

    described = bench.con.execute(f"DESCRIBE SELECT * FROM {table}").fetchall()
    assert [d[0] for d in described] == LAYOUT
    assert [d[1] for d in described] == TYPES
    assert staged.rows == 2
    assert bench.con.execute(
        f"SELECT row_id, delivery_id, row_no, delivery_region FROM {table}"
    ).fetchall() == [
        (70_000_000_001, 7, 1, REGION),
        (70_000_000_002, 7, 2, REGION),
    ]


@pytest.mark.parametrize("seed", range(3))
def test_columns_in_any_order(bench: Bench, seed: int) -> None:
    places = list(range(len(HEADERS)))
    random.Random(seed).shuffle(places)
    content = csv_bytes([row()[i] for i in places], header=tuple(HEADERS[i] for i in places))

    [found] = bench.stage(content)

    assert list(found) == LAYOUT
    assert {name: found[name] for name in STAGED} == STAGED


@pytest.mark.parametrize(
    ("text", "names"),
    [
        pytest.param(lines(row()).rstrip("\n"), 1, id="no line end at the end"),
        pytest.param(lines(row()) + "\n\n", 1, id="blank lines at the end"),
        pytest.param(lines(row()) + "\n" + lines(row(), header=()).lstrip("\n"), 2, id="blank line between"),
        pytest.param(lines([f'"{field}"' for field in row()]), 1, id="all quoted"),
        pytest.param(lines(row(), header=tuple(f'"{h}"' for h in HEADERS)), 1, id="quoted header"),
        pytest.param(lines(["", *row()[1:]], ['""', *row()[1:]]), 2, id="empty and quoted empty"),
        pytest.param(lines([""] * len(HEADERS)), 1, id="all fields empty"),
    ],
)
def test_rows_are_counted(bench: Bench, text: str, names: int) -> None:
    assert len(bench.stage(text.encode("gb18030"))) == names


@pytest.mark.parametrize(
    "text",
    [
        "a,b",
        'say "hi"',
        "two\nlines",
        "two\r\nlines",
        "'; DROP TABLE x; --",
        "\\",
        "\\N",
        "#",
        "NaN",
        "1E+5 plus",
        "\x02no such text\x03",
        "🏭",
        "㐀𠀀",
    ],
    ids=repr,
)
def test_hostile_names_stay_as_sent(bench: Bench, text: str) -> None:
    quoted = '"' + text.replace('"', '""') + '"'

    [found] = bench.stage(csv_bytes(row(unit_name=quoted)))

    assert found["unit_name"] == text
    assert found["raw"] is None


def test_a_hostile_header_and_name_of_a_contract_are_quoted(bench: Bench) -> None:
    column = replace(CONTRACT.columns[1], name="a\"b'c", header="名',\"称")
    contract = replace(CONTRACT, columns=(column,), control_total=())
    content = '"名\',""称"\n无\n'.encode("gb18030")

    [found] = bench.stage(content, contract)

    assert found["a\"b'c"] is None
    assert json.loads(found["raw"]) == {"a\"b'c": "无"}


TEXTS = st.text(
    st.characters(exclude_categories=["Cs"]) | st.sampled_from(list("\",'\n\r\\;| \t\x00０９，　无")),
    max_size=12,
)


def as_csv(rows: list[list[str]]) -> bytes:
    out = StringIO(newline="")
    csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows([HEADERS, *rows])
    return out.getvalue().encode("utf-8")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.lists(TEXTS, min_size=11, max_size=11), min_size=1, max_size=6))
def test_no_row_and_no_text_is_lost(bench: Bench, rows: list[list[str]]) -> None:
    """Whatever is sent: as many rows, in order, and each text is the value, in raw, or empty."""
    found = bench.stage(as_csv(rows), replace(UTF8, rows_required=False))

    assert [f["row_no"] for f in found] == list(range(1, len(rows) + 1))
    for sent, staged in zip(rows, found, strict=True):
        raw = json.loads(staged["raw"]) if staged["raw"] else {}
        for column, text in zip(CONTRACT.columns, sent, strict=True):
            assert raw.get(column.name, _written(staged[column.name], column.labels, text)) == text


def _written(value: Any, labels: Any, text: str) -> str:
    """What a value that is staged as sent was sent as."""
    if value is None:
        return ""
    if labels:
        return next(str(k) for k, v in labels.items() if v == str(value).lower())
    return text if isinstance(value, Decimal) and Decimal(text) == value else str(value)


@pytest.mark.parametrize(
    ("amounts", "stated"),
    [
        pytest.param(["0.10", "0.20"], "0.30", id="no binary fractions"),
        pytest.param(["5.00", "-5.00"], "0.00", id="negative"),
        pytest.param(["9999999999999999.99", "0.01"], "10000000000000000.00", id="beyond one amount"),
        pytest.param(["1.00", ""], "1.00", id="empty counts nothing"),
        pytest.param(["1.00", "x"], "7.00", id="an unreadable amount makes the sum unknown"),
    ],
)
def test_control_total(bench: Bench, amounts: list[str], stated: str) -> None:
    content = csv_bytes(*(row(amount=amount) for amount in amounts))

    assert len(bench.stage(content, control_total=Decimal(stated), rows=2)) == 2


def test_control_total_over_two_columns(bench: Bench) -> None:
    second = replace(CONTRACT.columns[3], name="employee_amount", header="个人缴费金额")
    contract = replace(
        CONTRACT, columns=(*CONTRACT.columns, second), control_total=("amount", "employee_amount")
    )
    content = csv_bytes([*row(), "0.50"], header=(*HEADERS, second.header))

    assert bench.stage(content, contract, control_total=Decimal("1235.00"))
    with pytest.raises(DeliveryRefused, match=r"manifest\.control_total"):
        bench.stage(content, contract, control_total=Decimal("1234.50"))


def test_no_rows_where_none_are_required(bench: Bench) -> None:
    assert bench.stage(csv_bytes(), replace(CONTRACT, rows_required=False), rows=0) == []


def test_a_lake_that_is_no_folder(bench: Bench, con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    import fsspec

    con.register_filesystem(fsspec.filesystem("memory"))
    remote = Bench(Lake("memory://intake"), con, tmp_path)

    [found] = remote.stage(csv_bytes(row()))

    assert found["heads"] == 12


def test_scratch_files_are_gone_afterwards(bench: Bench, tmp_path: Path) -> None:
    bench.stage(csv_bytes(row()))
    with pytest.raises(DeliveryRefused):
        bench.stage(csv_bytes(row()[:-1]))

    assert list((tmp_path / "home" / "tmp").glob("staging-*")) == []


def test_a_broken_engine_is_no_refusal(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk must stop the step, not be laid at the department's door."""
    delivery = bench.delivery(csv_bytes(row()))
    monkeypatch.setattr(bench.lake, "new_name", lambda kind: f"landing/{delivery.sha256}/{kind}.parquet")

    with pytest.raises((duckdb.IOException, OSError)):
        stage_delivery(bench.con, bench.lake, CONTRACT, delivery)


def test_another_contract_stages_again_and_the_same_does_not(desk: Desk) -> None:
    desk.drop(csv_bytes(row()))
    [first] = desk.run()[1]
    [same] = desk.stage().staged
    [other] = desk.under(fingerprint="1" * 64).stage().staged
    [back] = desk.stage().staged

    assert same.staged_snapshot_id == first.staged_snapshot_id == back.staged_snapshot_id
    assert other.staged_snapshot_id != first.staged_snapshot_id


def test_a_crash_between_writing_and_registering_leaves_the_delivery_to_stage(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.drop(csv_bytes(row()))
    desk.collect()
    with monkeypatch.context() as patch:
        patch.setattr("stable_jobs.intake.staging.register_snapshot", _crash)
        with pytest.raises(RuntimeError, match="pulled the plug"):
            desk.stage()

    [staged] = desk.stage().staged
    assert staged.status == "staged"


def _crash(*_: object, **__: object) -> None:
    raise RuntimeError("pulled the plug")


GOOD_FILE, RAGGED = csv_bytes(row()), csv_bytes(row()[:-1])


def resend(desk: Desk, *contents: bytes) -> None:
    """The files of one slot, in the order in which they were sent, each of other bytes."""
    for number, content in enumerate(contents, start=1):
        name = f"{REGION}.csv" if number == 1 else f"{REGION}.{number}.csv"
        desk.drop(content.replace(b"1234.50", f"{number}.00".encode()), name, control_total=f"{number}.00")


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        pytest.param([GOOD_FILE] * 60, [60], id="the newest alone"),
        pytest.param([GOOD_FILE, GOOD_FILE, RAGGED], [3, 2], id="the newest is refused"),
        pytest.param([GOOD_FILE, RAGGED, GOOD_FILE, RAGGED, RAGGED], [5, 4, 3], id="until one can be read"),
        pytest.param([RAGGED, RAGGED], [2, 1], id="none can be read"),
    ],
)
def test_of_a_slot_only_what_can_count_is_read(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, sent: list[bytes], read: list[int]
) -> None:
    resend(desk, *sent)
    opened: list[int] = []

    def counted(con: Any, lake: Lake, contract: Any, delivery: Any) -> Any:
        opened.append(delivery.sequence)
        return stage_delivery(con, lake, contract, delivery)

    monkeypatch.setattr("stable_jobs.intake.staging.stage_delivery", counted)

    first = desk.run()

    assert opened == read
    assert [one.sequence for one in first[1]] == ([] if sent[read[-1] - 1] == RAGGED else read[-1:])
    assert desk.run() == ([], first[1])
    assert opened == read


def test_a_night_as_known_then_reads_what_counted_then(desk: Desk) -> None:
    resend(desk, GOOD_FILE)
    early, late = (datetime(2020, 5, 11, hour, tzinfo=SHANGHAI) for hour in (9, 21))
    places = (desk.engine, desk.lake, DroppedFiles(desk.landing), desk.contracts, desk.on)
    collect_department(*places, early)
    resend(desk, GOOD_FILE, GOOD_FILE)
    collect_department(*places, late)
    assert [one.sequence for one in desk.stage().staged] == [2]

    then = stage_department(desk.engine, desk.con, desk.lake, desk.contracts, desk.on, early)

    assert [one.sequence for one in then.staged] == [1]
    with desk.engine.connect() as connection:
        for moment, sequence in ((early, 1), (None, 2)):
            [current] = current_deliveries(connection, desk.on, "payments", moment)
            assert current.sequence == sequence


def test_an_older_file_that_nobody_read_is_replaced_and_not_missing(desk: Desk) -> None:
    resend(desk, GOOD_FILE, GOOD_FILE, RAGGED)
    desk.run()
    with desk.engine.connect() as connection:
        found = deliveries_for(connection, desk.on)

    assert [one.status for one in found] == ["landed", "staged", "refused"]
    assert superseded(found) == {found[0].id}


def again(desk: Desk, **changed: Any) -> tuple[Desk, list[Delivery]]:
    """The same file for the next date; its desk, and what was staged."""
    tomorrow = replace(desk, on=next(DATES), **changed)
    tomorrow.drop(csv_bytes(row()))
    return tomorrow, tomorrow.run()[1]


def test_the_same_bytes_are_read_once_for_every_date(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.drop(csv_bytes(row()))
    [first] = desk.run()[1]
    monkeypatch.setattr("stable_jobs.intake.staging.stage_delivery", _crash)
    tomorrow, [second] = again(desk)

    assert (second.id, second.status) != (first.id, "landed")
    assert second.staged_snapshot_id == first.staged_snapshot_id
    with desk.engine.connect() as connection:
        assert resent(connection, [first]) == {}
        assert resent(connection, [second]) == {REGION: second.id}
    assert tomorrow.run() == ([], [second])


def test_the_same_bytes_for_another_slot_are_read_again(desk: Desk) -> None:
    desk.drop(csv_bytes(row()))
    [first] = desk.run()[1]
    tomorrow = replace(desk, on=next(DATES))
    tomorrow.drop(csv_bytes(row()), "610124.csv")
    [second] = tomorrow.run()[1]

    assert second.staged_snapshot_id != first.staged_snapshot_id


def test_the_same_bytes_must_keep_what_a_new_manifest_promises(desk: Desk) -> None:
    desk.drop(csv_bytes(row()))
    desk.run()
    tomorrow = replace(desk, on=next(DATES))
    tomorrow.drop(csv_bytes(row()), rows=2)
    [problem], staged = tomorrow.run()

    assert (problem.rule, staged) == ("delivery.manifest.rows", [])


@pytest.mark.parametrize("is_lost", [False, True], ids=["changed", "gone"])
def test_a_staged_file_that_was_changed_is_noticed_and_staged_again(
    desk: Desk, caplog: pytest.LogCaptureFixture, is_lost: bool
) -> None:
    desk.drop(csv_bytes(row()))
    [first] = desk.run()[1]
    name = staged_name(desk, first)
    path = Path(desk.lake.path(name))
    good = path.read_bytes()
    path.chmod(0o600)
    path.unlink() if is_lost else path.write_bytes(good[:-1] + b"?")
    _, [second] = again(desk)

    assert staged_name(desk, second) != name
    assert f"delivery {second.id} is staged again from its landed bytes" in caplog.text
    _, [third] = again(desk)
    assert third.staged_snapshot_id == second.staged_snapshot_id


def staged_name(desk: Desk, delivery: Delivery) -> str:
    assert delivery.staged_snapshot_id is not None
    with desk.engine.connect() as connection:
        return snapshot_by_id(connection, delivery.staged_snapshot_id).name
