"""A bank's words: shortened, unhidden, and without an account number."""

from __future__ import annotations

import duckdb
import pytest

from stable_jobs.bank.answers import bank_text
from stable_jobs.publishing.files import visible


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("账户已销户", "账户已销户", id="as sent"),
        pytest.param("  a \r\n\t b ", "a b", id="blanks of an indented file"),
        pytest.param("账号6222021234567890123不存在", "账号****0123不存在", id="an account"),
        pytest.param("6222 0212 3456 7890 123", "**** 123", id="an account in groups"),
        pytest.param("6222-0212-3456-7890", "****7890", id="an account with hyphens"),
        pytest.param("６２２２０２１２３４５６", "****３４５６", id="a full-width account"),
        pytest.param("2020-05-19 10:30 退回", "2020-05-19 10:30 退回", id="a date is no account"),
        pytest.param("20200519 退回", "20200519 退回", id="nor is a plain date"),
        pytest.param("行号 AC01", "行号 AC01", id="a short code"),
        pytest.param("单\u202elslx.exe", "单⟨U+202E⟩lslx.exe", id="right-to-left override"),
        pytest.param("甲\u200b乙\x00", "甲⟨U+200B⟩乙⟨U+0000⟩", id="zero width and NUL"),
        pytest.param("甲\ue000\uffff", "甲\ue000⟨U+FFFF⟩", id="private use stays, and not a noncharacter"),
        pytest.param("𠮷野家👍", "𠮷野家👍", id="beyond the basic plane"),
        pytest.param("甲" * 400, "甲" * 400, id="as long as it may be"),
        pytest.param("甲" * 401, "甲" * 399 + "…", id="too long"),
        pytest.param("x" * 5_000_000, "x" * 399 + "…", id="hostile length"),
        pytest.param(" \n", "", id="nothing"),
    ],
)
def test_bank_text(text: str, expected: str) -> None:
    assert bank_text(text) == expected


@pytest.mark.parametrize(
    "character",
    [
        pytest.param(chr(code), id=f"U+{code:04X}")
        for code in (1, 0x7F, 0xAD, 0x200D, 0x2028, 0x2029, 0xFEFF, 0xE001)
    ],
)
def test_hidden_characters_look_as_in_our_lists(con: duckdb.DuckDBPyConnection, character: str) -> None:
    text = f"甲{character}乙"
    ((listed,),) = con.execute(f"SELECT {visible('?::VARCHAR')}", [text] * 3).fetchall()

    assert bank_text(text) == listed
