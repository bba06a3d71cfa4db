"""The three formats of one list: bytes that do not vary, read by other libraries, sums by the file itself.

Of other people's text: what is made visible, what gets an apostrophe, what is cut.
"""

from __future__ import annotations

import csv
import io
import zipfile
from decimal import Decimal
from pathlib import Path

import duckdb
import openpyxl
import pytest
from python_calamine import CalamineWorkbook

from stable_jobs.publishing.files import (
    FORMATS,
    cell,
    inert,
    measure_workbook,
    visible,
    write_csv,
    write_parquet,
    write_workbook,
)
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
@pytest.mark.parametrize("form", FORMATS)
def test_sums_by_the_file_itself(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, form: str, names: list[str]
) -> None:
    sample = table(con, list(names))
    write, measure = FORMATS[form]
    write(con, sample, tmp_path / "x")
    expected = Sum(len(names), sum((Decimal("10.10") * n for n in range(len(names))), Decimal(0)))
    assert measure(con, sample, tmp_path / "x") == expected


@pytest.mark.parametrize("form", FORMATS)
def test_the_same_rows_give_the_same_bytes(con: duckdb.DuckDBPyConnection, tmp_path: Path, form: str) -> None:
    sample = table(con, [f"单位{n}" for n in range(5000)])
    for name in ("one", "two"):
        FORMATS[form][0](con, sample, tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_csv_for_people(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    write_csv(con, table(con, ["甲", None, 'a,"b"\r\nc']), tmp_path / "x.csv")
    content = (tmp_path / "x.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    text = content.decode("utf-8-sig")
    assert text.count("\r\n") == text.count("\n") == 4
    assert list(csv.reader(io.StringIO(text, newline=""), strict=True))[1:] == [
        ['a,"b"⟨U+000D⟩⟨U+000A⟩c', "2", "20.20"], ["", "", "10.10"], ["甲", "0", "0.00"],
    ]  # fmt: skip
    assert [p.name for p in tmp_path.iterdir() if p.is_file()] == ["x.csv"]


def test_csv_for_machines(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    write_csv(con, table(con, ["甲"], is_for_people=False), tmp_path / "x.csv")
    assert (tmp_path / "x.csv").read_bytes() == "unit_name,n,payable\n甲,0,0.00\n".encode()


def test_workbook_as_others_read_it(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    sample = table(con, list(NAMES))
    write_workbook(con, sample, tmp_path / "x.xlsx")
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
    write_workbook(con, table(con, []), tmp_path / "x.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "x.xlsx").active
    assert [[c.value for c in row] for row in sheet.iter_rows()] == [
        ["样表 Sample", None, None], ["注 note", None, None], [None] * 3,
        ["单位名称 Unit name", "人数 Headcount", "金额（元） Amount (yuan)"],
    ]  # fmt: skip


def test_workbook_has_no_clock(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    write_workbook(con, table(con, ["甲"]), tmp_path / "x.xlsx")
    with zipfile.ZipFile(tmp_path / "x.xlsx") as book:
        assert {entry.date_time[0] for entry in book.infolist()} == {1980}
        assert b"2000-01-01T00:00:00Z" in book.read("docProps/core.xml")
        assert b"externalLink" not in b"".join(book.read(name) for name in book.namelist())


SHEET = "xl/worksheets/sheet1.xml"


def test_a_lost_row_is_noticed(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """The sums are the file's own: a workbook from which a row was taken says one less."""
    sample = table(con, ["甲", "乙", "丙"])
    write_workbook(con, sample, tmp_path / "x.xlsx")
    with zipfile.ZipFile(tmp_path / "x.xlsx") as book, zipfile.ZipFile(tmp_path / "y.xlsx", "w") as other:
        for name in book.namelist():
            content = book.read(name)
            cut = content.index(b'<row r="6"') if name == SHEET else 0
            end = content.index(b'<row r="7"') if name == SHEET else 0
            other.writestr(name, content[:cut] + content[end:])
    assert measure_workbook(con, sample, tmp_path / "y.xlsx") == Sum(2, Decimal("20.20"))


def test_parquet_is_exact(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    write_parquet(con, table(con, ["=1\x00", ""]), tmp_path / "x.parquet")
    found = con.execute(f"FROM '{tmp_path}/x.parquet'").fetchall()
    assert found == [("", None, Decimal("10.10")), ("=1\x00", 0, Decimal("0.00"))]


# --- other people's text ---


def ask(con: duckdb.DuckDBPyConnection, sql: str, value: str | None) -> str | None:
    found: str | None
    ((found,),) = con.execute(f"SELECT {sql} FROM (SELECT ?::VARCHAR AS v)", [value]).fetchall()
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("西安（集团）有限公司", "西安（集团）有限公司", id="a name stays as sent"),
        pytest.param("a\x00b", "a⟨U+0000⟩b", id="NUL"),
        pytest.param("a\x0bb\x1f", "a⟨U+000B⟩b⟨U+001F⟩", id="control characters that XML forbids"),
        pytest.param("a\r\nb\tc", "a⟨U+000D⟩⟨U+000A⟩b⟨U+0009⟩c", id="line break and tab"),
        pytest.param("单\u202elslx.exe", "单⟨U+202E⟩lslx.exe", id="right-to-left override"),
        pytest.param("甲\u200b乙", "甲⟨U+200B⟩乙", id="zero width"),
        pytest.param("甲\u2028乙", "甲⟨U+2028⟩乙", id="line separator"),
        pytest.param("甲\ufffe\uffff", "甲⟨U+FFFE⟩⟨U+FFFF⟩", id="noncharacters"),
        pytest.param("甲\ue000\U000f0000\U0010fffd", "甲\ue000\U000f0000\U0010fffd", id="private use stays"),
        pytest.param("甲\ue863", "甲\ue863", id="a private character of a rare name stays"),
        pytest.param("甲\U0002ebf0\U00031350", "甲\U0002ebf0\U00031350", id="newer than the engine stays"),
        pytest.param("甲\U000e0020", "甲⟨U+E0020⟩", id="a tag"),
        pytest.param("葛\U000e0100", "葛\U000e0100", id="another shape of a character stays"),
        pytest.param("甲\U0001ffff", "甲⟨U+1FFFF⟩", id="no character in a later plane"),
        pytest.param("乱\ufffd码", "乱\ufffd码", id="replacement character stays"),
        pytest.param("𠮷野家👍", "𠮷野家👍", id="beyond the basic plane"),
        pytest.param("", "", id="empty"),
        pytest.param(None, None, id="null"),
    ],
)
def test_visible(con: duckdb.DuckDBPyConnection, text: str | None, expected: str | None) -> None:
    assert ask(con, visible("v"), text) == expected


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("=1+1", id="equals"),
        pytest.param("+86", id="plus"),
        pytest.param("-1", id="minus"),
        pytest.param("@SUM(A1)", id="at"),
        pytest.param("＝1", id="full-width equals"),
        pytest.param("＋1", id="full-width plus"),
        pytest.param("－1", id="full-width minus"),
        pytest.param("＠a", id="full-width at"),
        pytest.param("  =1", id="after blanks"),
        pytest.param("\u3000=1", id="after a full-width blank"),
        pytest.param("\u00a0=1", id="after a no-break space"),
        pytest.param("\u200b=1", id="after a zero-width space"),
        pytest.param("\ufeff=1", id="after a byte order mark"),
        pytest.param("\t=1", id="after a tab"),
        pytest.param("\tx", id="tab"),
        pytest.param("\rx", id="carriage return"),
        pytest.param("\n=1", id="after a line break"),
        pytest.param("'=1", id="already with an apostrophe"),
    ],
)
def test_formulas_become_inert_and_can_be_read_back(con: duckdb.DuckDBPyConnection, text: str) -> None:
    shown = ask(con, visible("v"), text)
    assert ask(con, inert("v"), shown) == f"'{shown}"


@pytest.mark.parametrize("text", ["甲=乙", "1-2", "'甲", "（=）", "a@b.cn", "⟨U+⟩x", "9-1"])
def test_harmless_text_stays(con: duckdb.DuckDBPyConnection, text: str) -> None:
    assert ask(con, inert("v"), text) == text


def test_empty_text_becomes_null(con: duckdb.DuckDBPyConnection) -> None:
    assert ask(con, inert("v"), "") is None


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        pytest.param("甲" * 32_767, 32_767, id="as long as a cell holds"),
        pytest.param("甲" * 32_768, 16_000, id="one character more"),
        pytest.param("a" * 32_768, 16_000, id="one letter more"),
        pytest.param("👍" * 16_383, 16_383, id="two units each, still fits"),
        pytest.param("👍" * 16_384, 16_000, id="two units each, one more"),
    ],
)
def test_cells_are_cut_visibly(con: duckdb.DuckDBPyConnection, text: str, kept: int) -> None:
    mark = "" if kept == len(text) else "…〔截断 cut〕"
    found = ask(con, cell("v"), text)
    assert found == text[:kept] + mark
    assert len(found.encode("utf-16-le")) // 2 <= 32_767
