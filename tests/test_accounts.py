"""How account numbers are read and compared: Python and the engine say the same of every one."""

from __future__ import annotations

import duckdb
import ibis
import pyarrow as pa
import pytest

from stable_jobs import accounts, names
from stable_jobs.accounts import (
    account_key,
    clean_account_no,
    clean_sql,
    is_account_no,
    is_account_no_sql,
    masked,
    masked_sql,
)
from stable_jobs.policy import facts as compared

CASES = [
    pytest.param("6222021234567890", "6222021234567890", True, id="digits"),
    pytest.param("6222 0212 3456 7890", "6222021234567890", True, id="in groups"),
    pytest.param("6222\u00a00212\u20033456\t7890", "6222021234567890", True, id="other blanks"),
    pytest.param("1502-0110-4990", "150201104990", True, id="hyphens"),
    pytest.param("1502\u2013 0110\u22124990", "150201104990", True, id="other hyphens"),
    pytest.param("6222.0212.3456", "622202123456", True, id="dots"),
    pytest.param("6222·0212·3456", "622202123456", True, id="middle dots"),
    pytest.param("0006222021234567", "0006222021234567", True, id="leading zeros"),
    pytest.param("nra-1234 5678", "NRA12345678", True, id="a prefix of letters"),
    pytest.param("12345", "12345", True, id="as short as can be"),
    pytest.param("6" * 33 + "1", "6" * 33 + "1", True, id="as long as can be"),
    pytest.param("6" * 34 + "1", "6" * 34 + "1", False, id="too long"),
    pytest.param("1234", "1234", False, id="too short"),
    pytest.param("6222021234567.0", "6222021234567.0", False, id="a float"),
    pytest.param("6222 0212 3456.0", "6222 0212 3456.0", False, id="a float in groups"),
    pytest.param("6222021234567.00", "6222021234567.00", False, id="an amount"),
    pytest.param("6.222.021.234.0", "6.222.021.234.0", False, id="a float with dots between thousands"),
    pytest.param("622202123456.", "622202123456.", False, id="ends with a dot"),
    pytest.param("6.2E18", "6.2E18", False, id="a power of ten without plus"),
    pytest.param("6.2E+18", "6.2E+18", False, id="a power of ten with plus"),
    pytest.param("6E-18", "6E18", False, id="a power of ten below 1"),
    pytest.param("622202E12", "622202E12", False, id="a power of ten of a whole number"),
    pytest.param("622202E12D", "622202E12D", False, id="a double of Java"),
    pytest.param("TRUE", "TRUE", False, id="a truth"),
    pytest.param("1", "1", False, id="a truth in digits"),
    pytest.param('="6222021234567"', '="6222021234567"', False, id="a formula"),
    pytest.param("'6222021234567", "'6222021234567", False, id="an apostrophe"),
    pytest.param("6222*********0123", "6222*********0123", False, id="stars"),
    pytest.param("6222021234567\u200b", "6222021234567\u200b", False, id="an invisible character"),
    pytest.param("000000000000", "000000000000", False, id="zeros only"),
    pytest.param("888888888888", "888888888888", False, id="one digit only"),
    pytest.param("-622202123456", "-622202123456", False, id="negative"),
    pytest.param("622202123456-", "622202123456-", False, id="negative, as SAP writes it"),
    pytest.param("2020-05-11", "2020-05-11", False, id="a date"),
    pytest.param("0x1f2e3d4c5b", "0X1F2E3D4C5B", False, id="hexadecimal"),
    pytest.param("六二二二零二一二", "六二二二零二一二", False, id="Chinese digits"),
    pytest.param("①②③④⑤⑥⑦", "①②③④⑤⑥⑦", False, id="circled digits"),
    pytest.param("6222,0212,3456", "6222,0212,3456", False, id="commas"),
    pytest.param("6222/0212/3456", "6222/0212/3456", False, id="two numbers"),
    pytest.param("#####", "#####", False, id="a column too narrow"),
    pytest.param("", "", False, id="nothing"),
]


@pytest.mark.parametrize(("sent", "cleaned", "taken"), CASES)
def test_a_number_is_read(sent: str, cleaned: str, taken: bool) -> None:
    assert clean_account_no(sent) == cleaned
    assert is_account_no(cleaned) is taken


@pytest.mark.parametrize(("sent", "cleaned", "taken"), CASES)
def test_the_engine_reads_alike(sent: str, cleaned: str, taken: bool) -> None:
    con = duckdb.connect()
    assert con.execute(f"SELECT {clean_sql('v')} FROM (SELECT ? AS v)", [sent]).fetchone() == (cleaned,)
    assert con.execute(f"SELECT {is_account_no_sql('v')} FROM (SELECT ? AS v)", [cleaned]).fetchone() == (
        taken,
    )


SAME = [
    pytest.param("150201104990", "1502-0110-4990", True, id="hyphens"),
    pytest.param("6222021234567", "0006222021234567", True, id="leading zeros"),
    pytest.param("6222021234567", "6222 0212\u30003456\u00a07", True, id="blanks"),
    pytest.param("6222021234567", "6222.0212.3456·7", True, id="dots"),
    pytest.param("6222021234567", "６２２２０２１２３４５６７", True, id="width"),
    pytest.param("NRA12345678", "nra12345678", True, id="case"),
    pytest.param("6222021234567", "62220212345670", False, id="trailing zeros count"),
    pytest.param("6222021234567", "6222021234568", False, id="another number"),
]


@pytest.mark.parametrize(("one", "other", "same"), SAME)
def test_accounts_are_compared(one: str, other: str, same: bool) -> None:
    assert (account_key(one) == account_key(other)) is same


@pytest.mark.parametrize(("one", "other", "same"), SAME)
def test_the_engine_compares_what_was_read_alike(one: str, other: str, same: bool) -> None:
    texts = [clean_account_no(one), clean_account_no(other)]
    table = ibis.memtable(pa.table({"text": texts}))
    found = ibis.duckdb.connect().to_pyarrow(table.select(key=compared.account_key(table.text)))
    keys = found["key"].to_pylist()
    assert keys == [account_key(one), account_key(other)]
    assert (keys[0] == keys[1]) is same


MASKED = [
    pytest.param("91610100000000006X", "****006X", "**************006X", id="long"),
    pytest.param("123456789", "****6789", "*****6789", id="nine characters"),
    pytest.param("12345678", "****", "****5678", id="eight characters"),
    pytest.param("1234567", "****", "****", id="short"),
    pytest.param("", "****", "****", id="nothing"),
]


@pytest.mark.parametrize(("text", "shown", "in_a_list"), MASKED)
def test_an_account_is_masked(text: str, shown: str, in_a_list: str) -> None:
    pieces = f"{masked_sql('v')}, {masked_sql('v', keeps_length=True)}"
    found = duckdb.connect().execute(f"SELECT {pieces} FROM (SELECT ?::VARCHAR AS v)", [text]).fetchone()
    assert masked(text) == shown
    assert found == (shown, in_a_list)


def test_no_account_is_masked_too() -> None:
    asked = f"SELECT {masked_sql('v')}, {masked_sql('v', keeps_length=True)} FROM (SELECT NULL::VARCHAR AS v)"
    assert duckdb.connect().execute(asked).fetchone() == ("****", "****")


def test_no_piece_of_sql_has_what_formatting_reads() -> None:
    """Great Expectations formats a rule's query, drivers read percent signs, SQLAlchemy reads `:name`."""
    pieces = (is_account_no_sql("v"), names.UNPRINTABLE, names.INVISIBLE, names.PRIVATE, accounts.SEPARATORS)
    assert not set("{}%:") & set("".join(pieces))
