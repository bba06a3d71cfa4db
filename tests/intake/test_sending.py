"""Bureaus differ: what a contract says of one sending region is what is taken from it, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import pytest

from stable_jobs.contracts.model import SendingRegion, Terms
from stable_jobs.store.catalog import deliveries_for
from tests.intake.conftest import CONTRACT, HEADERS, REGION, Desk, csv_bytes, row, workbook

PROVINCE, COUNTY, NEIGHBOUR, NATION = "610000", "610124", "610300", "000000"
BEFORE = date(2020, 1, 1)
Headers = Mapping[str, str]


def entry(
    region: str = REGION, headers: Headers | None = None, on: date = BEFORE, **terms: Any
) -> SendingRegion:
    return SendingRegion(region, on, "来函", Terms(**terms), headers or {})


def header(**changed: str) -> tuple[str, ...]:
    """The header with some columns' names changed."""
    return tuple(changed.get(c.name, c.header) for c in CONTRACT.columns)


def found(desk: Desk) -> list[tuple[str, str]]:
    """(region, rule by which it was refused or `staged`), from the catalog."""
    with desk.engine.connect() as connection:
        sent = deliveries_for(connection, desk.on)
    return [(d.region_code, d.problem["rule"] if d.problem else d.status) for d in sent]


UTF8, MARKED = (csv_bytes(row(), encoding=name) for name in ("utf-8", "utf-8-sig"))
GB = csv_bytes(row())
REFUSED, STAGED = "delivery.encoding", "staged"


@pytest.mark.parametrize(
    ("common", "entries", "content", "own", "neighbour"),
    [
        pytest.param("gb18030", [entry(encoding="utf-8")], UTF8, STAGED, REFUSED, id="UTF-8 without mark"),
        pytest.param("gb18030", [entry(encoding="utf-8-sig")], MARKED, STAGED, REFUSED, id="Excel's mark"),
        pytest.param("utf-8", [entry(encoding="gb18030")], GB, STAGED, REFUSED, id="GB18030"),
        pytest.param("utf-8", [entry(encoding="utf-8-sig")], MARKED, STAGED, REFUSED, id="mark, else none"),
        pytest.param(
            "gb18030", [entry(encoding="utf-8")], GB, REFUSED, STAGED, id="no more as the contract says"
        ),
        pytest.param("gb18030", [entry(encoding="utf-8")], MARKED, REFUSED, REFUSED, id="nothing is guessed"),
        pytest.param(
            "gb18030", [entry(PROVINCE, encoding="utf-8")], UTF8, STAGED, STAGED, id="a whole province"
        ),
        pytest.param("gb18030", [entry(NATION, encoding="utf-8")], UTF8, STAGED, STAGED, id="from 000000"),
        pytest.param(
            "gb18030",
            [entry(encoding="utf-8-sig"), entry(PROVINCE, encoding="utf-8")],
            UTF8,
            REFUSED,
            STAGED,
            id="the city otherwise than its province",
        ),
        pytest.param(
            "gb18030",
            [entry(encoding="utf-8", on=date(2119, 1, 1))],
            UTF8,
            REFUSED,
            REFUSED,
            id="not in force yet",
        ),
    ],
)
def test_encodings(
    desk: Desk, common: str, entries: list[Any], content: bytes, own: str, neighbour: str
) -> None:
    desk = desk.under(encoding=common, sending_regions=tuple(entries))
    for region in (REGION, NEIGHBOUR):
        desk.drop(content, f"{region}.csv")

    desk.run()

    assert found(desk) == [(REGION, own), (NEIGHBOUR, neighbour)]


@pytest.mark.parametrize(
    ("region", "status"),
    [
        pytest.param(REGION, STAGED, id="the city"),
        pytest.param(COUNTY, STAGED, id="its county"),
        pytest.param(NATION, REFUSED, id="the file for all has its own terms"),
        pytest.param(PROVINCE, REFUSED, id="nor does the province have them"),
    ],
)
def test_the_slot_says_whose_terms_hold(desk: Desk, region: str, status: str) -> None:
    desk = desk.under(sending_regions=(entry(encoding="utf-8"),))
    desk.drop(UTF8, f"{region}.csv")

    desk.run()

    assert found(desk) == [(region, status)]


@pytest.mark.parametrize(
    ("formats", "name", "status", "expected"),
    [
        pytest.param(("csv",), "610100.xlsx", "delivery.format", "csv", id="no workbook any more"),
        pytest.param(("xlsx",), "610100.csv", "delivery.format", "xlsx", id="workbooks only"),
        pytest.param(("xlsx",), "610100.xlsx", STAGED, None, id="a workbook, as agreed"),
        pytest.param(("csv",), "610300.xlsx", STAGED, None, id="the neighbour sends workbooks as before"),
    ],
)
def test_formats(desk: Desk, formats: tuple[str, ...], name: str, status: str, expected: str | None) -> None:
    desk = desk.under(sending_regions=(entry(formats=formats),))
    desk.drop(workbook([list(HEADERS), row()]) if name.endswith("xlsx") else GB, name)

    problems, _ = desk.run()

    assert found(desk) == [(name[:6], status)]
    assert [problem.expected for problem in problems] == ([expected] if expected else [])


@pytest.mark.parametrize(
    ("words", "text", "own", "neighbour"),
    [
        pytest.param(("-",), "-", None, "-", id="a word of its own"),
        pytest.param(("-",), "无", "无", None, id="instead of the contract's"),
        pytest.param((), "NULL", "NULL", None, id="none at all"),
    ],
)
def test_null_words(
    desk: Desk, words: tuple[str, ...], text: str, own: str | None, neighbour: str | None
) -> None:
    desk = desk.under(sending_regions=(entry(null_words=words),))
    for region in (REGION, NEIGHBOUR):
        desk.drop(csv_bytes(row(unit_name=text)), f"{region}.csv")

    desk.run()

    assert names(desk) == [own, neighbour]


def names(desk: Desk) -> list[str | None]:
    """What is staged as the unit's name, by region."""
    query = "SELECT s.name FROM deliveries d JOIN snapshots s ON s.id = d.staged_snapshot_id"
    with desk.engine.connect() as connection:
        found = connection.exec_driver_sql(
            f"{query} WHERE d.business_date = '{desk.on}' ORDER BY region_code"
        )
        files = [desk.lake.path(name) for (name,) in found]
    query = "SELECT unit_name FROM read_parquet(?) ORDER BY delivery_region"
    return [name for (name,) in desk.con.execute(query, [files]).fetchall()]


ALIAS = {"unit_name": "企业名称", "amount": "缴费额"}


@pytest.mark.parametrize(
    ("sent", "status", "expected"),
    [
        pytest.param(header(**ALIAS), STAGED, None, id="as agreed"),
        pytest.param(
            HEADERS, "delivery.header.missing", "企业名称、缴费额", id="the contract's own: not taken"
        ),
        pytest.param(
            header(unit_name="企业名称"), "delivery.header.missing", "缴费额", id="one of the two only"
        ),
        pytest.param(
            (*header(**ALIAS), "单位名称"), "delivery.header.extra", "11 columns", id="both stand in the file"
        ),
        pytest.param(
            header(**{**ALIAS, "heads": "缴费额"}),
            "delivery.header.duplicate",
            "each column once",
            id="the header twice",
        ),
    ],
)
@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
def test_headers(
    desk: Desk, file_format: str, sent: tuple[str, ...], status: str, expected: str | None
) -> None:
    desk = desk.under(sending_regions=(entry(headers=ALIAS),))
    fields = [*row(), "x"][: len(sent)]
    content = csv_bytes(fields, header=sent) if file_format == "csv" else workbook([list(sent), fields])
    desk.drop(content, f"{REGION}.{file_format}")

    problems, staged = desk.run()

    assert found(desk) == [(REGION, status)]
    assert [problem.expected for problem in problems] == ([expected] if expected else [])
    if staged:
        assert names(desk) == ["西安（示例）有限公司"]


def test_the_neighbour_s_headers_are_the_contract_s(desk: Desk) -> None:
    desk = desk.under(sending_regions=(entry(headers=ALIAS),))
    desk.drop(GB, f"{NEIGHBOUR}.csv")
    desk.drop(csv_bytes(row(), header=header(**ALIAS)), "610400.csv")

    desk.run()

    assert found(desk) == [(NEIGHBOUR, STAGED), ("610400", "delivery.header.missing")]


@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
def test_what_was_refused_is_taken_once_the_contract_takes_it(desk: Desk, file_format: str) -> None:
    """Nobody sends it again: the same bytes, the same manifest."""
    content = UTF8 if file_format == "csv" else workbook([list(HEADERS), row()])
    desk = desk.under(formats=("csv",))
    desk.drop(content, f"{REGION}.{file_format}")
    before = desk.run()
    again = desk.run()
    allowing = desk.under(sending_regions=(entry(encoding="utf-8", formats=("csv", "xlsx")),))

    problems, staged = allowing.run()

    assert [p.rule for p in before[0]] == [REFUSED if file_format == "csv" else "delivery.format"]
    assert (again[1], [p.rule for p in problems], len(staged)) == ([], [], 1)


@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
def test_what_was_taken_is_refused_once_the_contract_does_not_take_it_and_back_again(
    desk: Desk, file_format: str
) -> None:
    content = GB if file_format == "csv" else workbook([list(HEADERS), row()])
    desk.drop(content, f"{REGION}.{file_format}")
    strict = desk.under(sending_regions=(entry(encoding="utf-8", formats=("csv",)),))
    rule = REFUSED if file_format == "csv" else "delivery.format"

    runs = []
    for one in (desk, strict, strict, desk):
        one.run()
        runs.append(found(one))

    assert runs == [[(REGION, STAGED)], [(REGION, rule)], [(REGION, rule)], [(REGION, STAGED)]]


def test_a_refused_file_is_read_once_by_the_same_contract(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.drop(UTF8)
    desk.run()
    monkeypatch.setattr("stable_jobs.intake.staging._register", lambda *_: pytest.fail("read again"))

    assert desk.run() == ([], [])


@pytest.mark.parametrize(
    ("change", "again"),
    [
        pytest.param(entry(null_words=("-",)), [REGION], id="null words of one region"),
        pytest.param(entry(PROVINCE, null_words=("-",)), [REGION, NEIGHBOUR], id="of a province"),
        pytest.param(entry(due_hours=30), [], id="due time: no file is read again"),
        pytest.param(entry(tolerance=CONTRACT.tolerance * 2), [], id="tolerance: no file is read again"),
        pytest.param(entry(null_words=("-",), on=date(2119, 1, 1)), [], id="not in force yet"),
        pytest.param(entry(encoding="gb18030"), [], id="what held anyway"),
    ],
)
def test_a_change_reads_the_files_again_that_it_concerns(
    desk: Desk, change: SendingRegion, again: list[str]
) -> None:
    for region in (REGION, NEIGHBOUR):
        desk.drop(GB, f"{region}.csv")
    before = {d.region_code: d.staged_snapshot_id for d in desk.run()[1]}

    after = {d.region_code: d.staged_snapshot_id for d in desk.under(sending_regions=(change,)).run()[1]}

    assert [region for region in sorted(before) if before[region] != after[region]] == again


def test_the_day_on_which_it_begins(desk: Desk) -> None:
    desk = desk.under(sending_regions=(entry(encoding="utf-8", on=desk.on + timedelta(days=1)),))
    desk.drop(UTF8)
    desk.run()

    assert found(desk) == [(REGION, REFUSED)]
