"""Other people's text: what is made visible, what gets an apostrophe, what is cut and masked."""

from __future__ import annotations

import duckdb
import pytest

from stable_jobs.publishing.files.text import cell, inert, masked, visible


def ask(con: duckdb.DuckDBPyConnection, sql: str, value: str | None) -> str | None:
    rows: list[tuple[str | None]]
    rows = con.execute(f"SELECT {sql} FROM (SELECT ?::VARCHAR AS v)", [value]).fetchall()
    return rows[0][0]


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


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("91610100000000006X", "**************006X"),
        ("12345678", "****5678"),
        ("1234567", "****"),
        (None, "****"),
    ],
)
def test_masked(con: duckdb.DuckDBPyConnection, text: str | None, expected: str) -> None:
    assert ask(con, masked("v"), text) == expected
