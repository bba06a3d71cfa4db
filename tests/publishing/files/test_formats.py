"""The three formats of one list: bytes that do not vary, read by other libraries, sums by the file itself."""

from __future__ import annotations

import csv
import io
import zipfile
from decimal import Decimal
from pathlib import Path
from types import ModuleType

import duckdb
import openpyxl
import pytest
from python_calamine import CalamineWorkbook

from stable_jobs.publishing.files import csv_file, parquet_file, workbook
from stable_jobs.publishing.table import Column, Kind, ListTable, Sum, money_total

NAMES = [
    "=1+1",
    " leading",
    'a,b"c"',
    "_x0041_",
    "a&b<c>",
    "https://example.org",
    "0012",
    "1e5",
    "甲" * 40_000,
]


def table(con: duckdb.DuckDBPyConnection, names: list[str | None], is_for_people: bool = True) -> ListTable:
    con.execute("CREATE OR REPLACE TEMP TABLE units (n BIGINT, unit_name VARCHAR, payable DECIMAL(18, 2))")
    con.execute(
        "INSERT INTO units SELECT place - 1, name, 10.10 * (place - 1)"
        " FROM unnest(?::VARCHAR[]) WITH ORDINALITY AS named(name, place)",
        [names],
    )
    columns = (
        Column("unit_name", "单位名称 Unit name", Kind.TEXT, "unit_name"),
        Column("n", "人数 Headcount", Kind.COUNT, "nullif(n, 1)"),
        Column("payable", "金额（元） Amount (yuan)", Kind.MONEY, "payable"),
    )
    return ListTable(
        name="sample", title="样表 Sample", columns=columns, source="FROM units", order="n DESC",
        formats=("csv", "xlsx", "parquet"), expected=Sum(len(names), None), total_sql=money_total("payable"),
        notes=("注 note",), is_for_people=is_for_people,
    )  # fmt: skip


@pytest.mark.parametrize("names", [pytest.param(NAMES, id="hostile"), pytest.param([], id="empty")])
@pytest.mark.parametrize("form", [csv_file, workbook, parquet_file], ids=["csv", "xlsx", "parquet"])
def test_sums_by_the_file_itself(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, form: ModuleType, names: list[str]
) -> None:
    sample = table(con, list(names))
    form.write(con, sample, tmp_path / "x")
    expected = Sum(len(names), sum((Decimal("10.10") * n for n in range(len(names))), Decimal(0)))
    assert form.measure(con, sample, tmp_path / "x") == expected


@pytest.mark.parametrize("form", [csv_file, workbook, parquet_file], ids=["csv", "xlsx", "parquet"])
def test_the_same_rows_give_the_same_bytes(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, form: ModuleType
) -> None:
    sample = table(con, [f"单位{n}" for n in range(5000)])
    for name in ("one", "two"):
        form.write(con, sample, tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_csv_for_people(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    csv_file.write(con, table(con, ["甲", None, 'a,"b"\r\nc']), tmp_path / "x.csv")
    content = (tmp_path / "x.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    text = content.decode("utf-8-sig")
    assert text.count("\r\n") == text.count("\n") == 4
    assert list(csv.reader(io.StringIO(text, newline=""), strict=True))[1:] == [
        ['a,"b"⟨U+000D⟩⟨U+000A⟩c', "2", "20.20"], ["", "", "10.10"], ["甲", "0", "0.00"],
    ]  # fmt: skip
    assert [p.name for p in tmp_path.iterdir() if p.is_file()] == ["x.csv"]


def test_csv_for_machines(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    csv_file.write(con, table(con, ["甲"], is_for_people=False), tmp_path / "x.csv")
    assert (tmp_path / "x.csv").read_bytes() == "unit_name,n,payable\n甲,0,0.00\n".encode()


def test_workbook_as_others_read_it(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    sample = table(con, list(NAMES))
    workbook.write(con, sample, tmp_path / "x.xlsx")
    expected = [
        n.replace("_x0041_", "_x005F_x0041_") if len(n) < 99 else "甲" * 16_000 + "…〔截断 cut〕"
        for n in NAMES
    ]
    sheet = openpyxl.load_workbook(tmp_path / "x.xlsx").active
    assert [row[0].value for row in sheet.iter_rows(min_row=5)] == expected[::-1]
    assert [row[2].value for row in sheet.iter_rows(min_row=5)] == [
        float(Decimal("10.10") * n) for n in range(8, -1, -1)
    ]
    assert [row[1].value for row in sheet.iter_rows(min_row=5)] == [8, 7, 6, 5, 4, 3, 2, None, 0]
    assert (sheet.dimensions, sheet.auto_filter.ref, sheet.freeze_panes) == ("A1:C13", "A4:C13", "A5")
    assert [c.number_format for c in sheet[6]] == ["@", "#,##0", "#,##0.00"]
    other = CalamineWorkbook.from_path(str(tmp_path / "x.xlsx")).get_sheet_by_index(0).to_python()
    assert [row[0] for row in other[4:]][1:] == [
        ("_x0041_" if "_x0041_" in n else n) for n in expected[::-1]
    ][1:]


def test_empty_workbook(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    workbook.write(con, table(con, []), tmp_path / "x.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "x.xlsx").active
    assert [[c.value for c in row] for row in sheet.iter_rows()] == [
        ["样表 Sample", None, None], ["注 note", None, None], [None] * 3,
        ["单位名称 Unit name", "人数 Headcount", "金额（元） Amount (yuan)"],
    ]  # fmt: skip


def test_workbook_has_no_clock(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    workbook.write(con, table(con, ["甲"]), tmp_path / "x.xlsx")
    with zipfile.ZipFile(tmp_path / "x.xlsx") as book:
        assert {entry.date_time[0] for entry in book.infolist()} == {1980}
        assert b"2000-01-01T00:00:00Z" in book.read("docProps/core.xml")
        assert b"externalLink" not in b"".join(book.read(name) for name in book.namelist())


SHEET = "xl/worksheets/sheet1.xml"


def test_a_lost_row_is_noticed(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """The sums are the file's own: a workbook from which a row was taken says one less."""
    sample = table(con, ["甲", "乙", "丙"])
    workbook.write(con, sample, tmp_path / "x.xlsx")
    with zipfile.ZipFile(tmp_path / "x.xlsx") as book, zipfile.ZipFile(tmp_path / "y.xlsx", "w") as other:
        for name in book.namelist():
            content = book.read(name)
            cut = content.index(b'<row r="6"') if name == SHEET else 0
            end = content.index(b'<row r="7"') if name == SHEET else 0
            other.writestr(name, content[:cut] + content[end:])
    assert workbook.measure(con, sample, tmp_path / "y.xlsx") == Sum(2, Decimal("20.20"))


def test_parquet_is_exact(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    parquet_file.write(con, table(con, ["=1\x00", ""]), tmp_path / "x.parquet")
    found = con.execute(f"FROM '{tmp_path}/x.parquet'").fetchall()
    assert found == [("", None, Decimal("10.10")), ("=1\x00", 0, Decimal("0.00"))]
