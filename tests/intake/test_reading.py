"""Every kind of column: what is read, what is changed, what is unreadable."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import duckdb
import pytest

from stable_jobs.contracts.model import Column
from stable_jobs.intake.contents import SHEET_ERRORS, readings
from stable_jobs.settings import Settings
from stable_jobs.store.engine import connect
from stable_jobs.store.lake import Lake
from tests.intake.conftest import COLUMNS, CONTRACT, GOOD, Bench, csv_bytes, row

SENT = "sent"
CHANGED = "changed"
UNREADABLE = "unreadable"


def at(*parts: int) -> datetime:
    """A wall clock in Asia/Shanghai, as it is staged: without a zone."""
    return datetime(*parts)  # type: ignore[arg-type]  # noqa: DTZ001 - staged timestamps have none


def case(column: str, text: str, value: Any, fate: str = CHANGED, **named: str) -> Any:
    return pytest.param(column, text, value, fate, id=f"{column}-{named.get('id', text)}")


READ = [
    case("uscc", "91110000600037341L", "91110000600037341L", SENT),
    case("uscc", "91110000600037341l", "91110000600037341L"),
    case("uscc", " 91110000600037341L\t", "91110000600037341L", id="blanks"),
    case("uscc", "９１１１０００００６０００３７３４１Ｌ", "911100000600037341L", id="full width"),
    case("uscc", "\u300091\u3000", "91", id="ideographic blanks"),
    case("uscc", "91\u00a0", "91", id="no-break space"),
    case("uscc", "9111-0000", "9111-0000", SENT, id="hyphen"),
    case("uscc", "9 1", "9 1", SENT, id="inner blank stays"),
    case("uscc", "", None, SENT, id="empty"),
    case("uscc", "NULL", None),
    case("uscc", "无", None),
    case("uscc", " 暂无 ", None, id="null word with blanks"),
    case("uscc", "ＮＵＬＬ", None, id="null word in full width"),
    case("uscc", "#N/A", None, UNREADABLE),
    case("account_no", "6222021234567890123", "6222021234567890123", SENT),
    case("account_no", "6.22202E+18", None, UNREADABLE),
    case("account_no", "6.22202e+18", None, UNREADABLE),
    case("account_no", "6E18", "6E18", SENT, id="a rule refuses it"),
    case("account_no", "6222 0212\u30003456\u00a07890", "6222021234567890", CHANGED, id="in groups"),
    case("account_no", "1502-0110-4990", "150201104990", CHANGED, id="with hyphens"),
    case("account_no", "6222.0212.3456", "622202123456", CHANGED, id="with dots"),
    case("account_no", "0006222021234567", "0006222021234567", SENT, id="leading zeros stay"),
    case("account_no", "nra12345678", "NRA12345678", CHANGED, id="small letters"),
    case("account_no", "6222021234567.0", "6222021234567.0", SENT, id="a float stays, for a rule"),
    case("account_no", "2020-05-11", "2020-05-11", SENT, id="a date stays, for a rule"),
    case("unit_name", "西安（示例）有限公司", "西安（示例）有限公司", SENT),
    case("unit_name", " 西安　公司 ", " 西安　公司 ", SENT, id="as sent with its blanks"),
    case("unit_name", "ＡＢＣ公司", "ＡＢＣ公司", SENT, id="full width stays"),
    case("unit_name", "abc Ltd", "abc Ltd", SENT, id="case stays"),
    case("unit_name", "西\ufffd公司", "西\ufffd公司", SENT, id="replacement character stays"),
    case("unit_name", "=1+2", "=1+2", SENT, id="formula stays text"),
    case("unit_name", "无", None),
    case("unit_name", "暂无 ", None, id="null word with blank"),
    case("unit_name", "无锡公司", "无锡公司", SENT),
    case("unit_name", "   ", None, id="blanks only"),
    case("unit_name", "#REF!", None, UNREADABLE),
    case("unit_name", "6.22202E+18", None, UNREADABLE),
    case("unit_name", "#SPILL!", None, UNREADABLE),
    case("unit_name", " #BUSY! ", None, UNREADABLE, id="an error with blanks"),
    case("unit_name", "Err:502", None, UNREADABLE),
    case("unit_name", "Err:中国公司", "Err:中国公司", SENT),
    case("uscc", "#GETTING_DATA", None, UNREADABLE),
    case("uscc", "Err:508", None, UNREADABLE),
    case("unit_name", "中E+公司", "中E+公司", SENT),
    case("unit_name", "西安\0公司", None, UNREADABLE, id="NUL inside"),
    case("unit_name", "西安公司\0\0", None, UNREADABLE, id="filled with NUL"),
    case("unit_name", "\0", None, UNREADABLE, id="NUL alone"),
    case("unit_name", " 西\0安 ", None, UNREADABLE, id="NUL and blanks"),
    case("uscc", "9161\0", None, UNREADABLE, id="NUL in a code"),
    case("uscc", "\0", None, UNREADABLE, id="a code of NUL alone"),
    case("heads", "12", 12, SENT),
    case("heads", "0", 0, SENT),
    case("heads", "-3", -3, SENT),
    case("heads", "012", 12),
    case("heads", "１２", 12),
    case("heads", " 12 ", 12, id="blanks"),
    case("heads", '"1,234"', 1234, id="thousands"),
    case("heads", '"1，234"', 1234, id="full-width comma"),
    case("heads", '"12,34"', None, UNREADABLE, id="comma out of place"),
    case("heads", '",123"', None, UNREADABLE, id="leading comma"),
    case("heads", "12.0", None, UNREADABLE),
    case("heads", "1e3", None, UNREADABLE),
    case("heads", "1_000", None, UNREADABLE),
    case("heads", "0x10", None, UNREADABLE),
    case("heads", "12人", None, UNREADABLE),
    case("heads", "二十", None, UNREADABLE),
    case("heads", "true", None, UNREADABLE),
    case("heads", "99999999999999999999", None, UNREADABLE, id="too large"),
    case("heads", "", None, SENT, id="empty"),
    case("heads", "暂无", None),
    case("amount", "1234.50", Decimal("1234.50"), SENT),
    case("amount", "1234.5", Decimal("1234.50"), SENT),
    case("amount", "1234", Decimal("1234.00"), SENT),
    case("amount", "1234.5000", Decimal("1234.50"), SENT, id="trailing zeros"),
    case("amount", "-0.01", Decimal("-0.01"), SENT),
    case("amount", "9999999999999999.99", Decimal("9999999999999999.99"), SENT, id="largest"),
    case("amount", '"1,234,567.80"', Decimal("1234567.80"), id="thousands"),
    case("amount", "１２３．４５", Decimal("123.45"), id="full width"),
    case("amount", " 5.00", Decimal("5.00"), id="blank"),
    case("amount", "1234.505", None, UNREADABLE),
    case("amount", "0.001", None, UNREADABLE),
    case("amount", '"1,23.00"', None, UNREADABLE, id="comma out of place"),
    case("amount", "1.2.3", None, UNREADABLE),
    case("amount", "¥12.00", None, UNREADABLE),
    case("amount", "12元", None, UNREADABLE),
    case("amount", ".5", None, UNREADABLE),
    case("amount", "5.", None, UNREADABLE),
    case("amount", "1e2", None, UNREADABLE),
    case("amount", "NaN", None, UNREADABLE),
    case("amount", "Infinity", None, UNREADABLE),
    case("amount", "--5", None, UNREADABLE),
    case("amount", "10000000000000000.00", None, UNREADABLE, id="too large"),
    case("paid_date", "2020-05-11", date(2020, 5, 11), SENT),
    case("paid_date", "2020/5/11", date(2020, 5, 11)),
    case("paid_date", "2020/05/11", date(2020, 5, 11)),
    case("paid_date", "20200511", date(2020, 5, 11)),
    case("paid_date", "2020-5-1", date(2020, 5, 1)),
    case("paid_date", "２０２０－０５－１１", date(2020, 5, 11), id="full width"),
    case("paid_date", "2020-02-29", date(2020, 2, 29), SENT),
    case("paid_date", "1900-01-01", date(1900, 1, 1), SENT),
    case("paid_date", "1900/1/1", date(1900, 1, 1)),
    case("paid_date", "9998-12-31", date(9998, 12, 31), SENT),
    case("removed_on", "1900-01-01", date(1900, 1, 1), SENT),
    case("removed_on", "9999-01-01", date(9999, 1, 1), SENT, id="far, but no open end"),
    case("submitted_at", "1900-01-01 00:00:00", at(1900, 1, 1), SENT),
    case("fee_month", "190001", 190001, SENT),
    case("fee_month", "999812", 999812, SENT),
    case("paid_date", "0001-01-01", None, UNREADABLE),
    case("paid_date", "0999-12-31", None, UNREADABLE),
    case("paid_date", "1000-01-01", None, UNREADABLE),
    case("paid_date", "1582-10-04", None, UNREADABLE),
    case("paid_date", "1899-12-31", None, UNREADABLE),
    case("paid_date", "1899/12/31", None, UNREADABLE),
    case("paid_date", "18991231", None, UNREADABLE),
    case("paid_date", "1899-1-1", None, UNREADABLE),
    case("paid_date", "9999-12-31", None, UNREADABLE),
    case("paid_date", "9999-9-9", None, UNREADABLE),
    case("paid_date", "9999/12/31", None, UNREADABLE),
    case("paid_date", "99991231", None, UNREADABLE),
    case("paid_date", "9999-01-01", None, UNREADABLE),
    case("paid_date", "９９９９－１２－３１", None, UNREADABLE),
    case("removed_on", "0001-01-01", None, UNREADABLE),
    case("removed_on", "0999-12-31", None, UNREADABLE),
    case("removed_on", "1899-12-31", None, UNREADABLE),
    case("removed_on", "18991231", None, UNREADABLE),
    case("removed_on", "1899/1/1", None, UNREADABLE),
    case("submitted_at", "0001-01-01 00:00:00", None, UNREADABLE),
    case("submitted_at", "0999-12-31 00:00:00", None, UNREADABLE),
    case("submitted_at", "1899-12-31 23:59:59", None, UNREADABLE),
    case("submitted_at", "1899/12/31 8:30", None, UNREADABLE),
    case("submitted_at", "18991231 08:30", None, UNREADABLE),
    case("submitted_at", "9999-12-31 00:00:00", None, UNREADABLE),
    case("submitted_at", "9999/12/31 23:59", None, UNREADABLE),
    case("submitted_at", "9999-12-31T23:59:59+08:00", None, UNREADABLE),
    case("fee_month", "100001", None, UNREADABLE),
    case("fee_month", "189912", None, UNREADABLE),
    case("fee_month", "1899-12", None, UNREADABLE),
    case("fee_month", "1899/1", None, UNREADABLE),
    case("fee_month", "999912", None, UNREADABLE),
    case("fee_month", "999901", None, UNREADABLE),
    case("fee_month", "9999-12", None, UNREADABLE),
    case("fee_month", "９９９９１２", None, UNREADABLE),
    case("paid_date", "2019-02-29", None, UNREADABLE),
    case("paid_date", "2020-02-30", None, UNREADABLE),
    case("paid_date", "20200230", None, UNREADABLE),
    case("paid_date", "2020/13/1", None, UNREADABLE),
    case("paid_date", "2020-5/11", None, UNREADABLE),
    case("paid_date", "11-05-2020", None, UNREADABLE),
    case("paid_date", "05/11/2020", None, UNREADABLE),
    case("paid_date", "2020.5.11", None, UNREADABLE),
    case("paid_date", "2020年5月11日", None, UNREADABLE),
    case("paid_date", "2020-05-11 00:00:00", None, UNREADABLE),
    case("paid_date", "43962", None, UNREADABLE, id="serial day"),
    case("paid_date", "infinity", None, UNREADABLE),
    case("paid_date", "epoch", None, UNREADABLE),
    case("paid_date", "0000-01-01", None, UNREADABLE),
    case("paid_date", "2020-05-11 (BC)", None, UNREADABLE),
    case("paid_date", "无", None),
    case("removed_on", "2020-06-01", date(2020, 6, 1), SENT),
    case("removed_on", "2020/6/1", date(2020, 6, 1)),
    case("removed_on", "9999-12-31", None),
    case("removed_on", "9999-9-9", None),
    case("removed_on", "9999-09-09", None),
    case("removed_on", "9999/12/31", None),
    case("removed_on", "99991231", None),
    case("removed_on", "", None, SENT, id="empty"),
    case("removed_on", "长期", None, UNREADABLE),
    case("removed_on", "9999-12-32", None, UNREADABLE),
    case("submitted_at", "2020-05-11 08:30:00", at(2020, 5, 11, 8, 30), SENT),
    case("submitted_at", "2020-05-11 08:30", at(2020, 5, 11, 8, 30)),
    case("submitted_at", "2020/5/11 8:30", at(2020, 5, 11, 8, 30)),
    case("submitted_at", "2020/5/11 8:30:15", at(2020, 5, 11, 8, 30, 15)),
    case("submitted_at", "20200511 23:59:59", at(2020, 5, 11, 23, 59, 59)),
    case("submitted_at", "2020-05-11T08:30:00", at(2020, 5, 11, 8, 30)),
    case("submitted_at", "2020-05-11T08:30:00+08:00", at(2020, 5, 11, 8, 30)),
    case("submitted_at", "2020-05-11T08:30+0800", at(2020, 5, 11, 8, 30)),
    case("submitted_at", "2020-05-11 08:30:00.250", at(2020, 5, 11, 8, 30, 0, 250_000)),
    case("submitted_at", "2020-05-11T08:30:00Z", None, UNREADABLE),
    case("submitted_at", "2020-05-11T08:30:00+09:00", None, UNREADABLE),
    case("submitted_at", "2020-05-11", None, UNREADABLE),
    case("submitted_at", "2020-05-11 24:00:00", None, UNREADABLE),
    case("submitted_at", "2020-05-11 23:60", None, UNREADABLE),
    case("submitted_at", "2020-02-30 08:00:00", None, UNREADABLE),
    case("submitted_at", "8:30", None, UNREADABLE),
    case("fee_month", "202004", 202004, SENT),
    case("fee_month", "2020-04", 202004),
    case("fee_month", "2020-4", 202004),
    case("fee_month", "2020/4", 202004),
    case("fee_month", "２０２００４", 202004, id="full width"),
    case("fee_month", "202000", None, UNREADABLE),
    case("fee_month", "202013", None, UNREADABLE),
    case("fee_month", "2020-13", None, UNREADABLE),
    case("fee_month", "20204", None, UNREADABLE),
    case("fee_month", "2020-04-01", None, UNREADABLE),
    case("fee_month", "2020年4月", None, UNREADABLE),
    case("fee_month", "-20204", None, UNREADABLE),
    case("fee_month", "000001", None, UNREADABLE),
    case("fee_month", "", None, SENT, id="empty"),
    case("is_signed", "是", True, SENT),
    case("is_signed", "否", False, SENT),
    case("is_signed", " 否 ", False, id="blanks"),
    case("is_signed", "true", None, UNREADABLE),
    case("is_signed", "1", None, UNREADABLE),
    case("is_signed", "是的", None, UNREADABLE),
    case("is_signed", "无", None),
    case("status", "正常", "regular", SENT),
    case("status", "补缴", "back_payment", SENT),
    case("status", "正常\u3000", "regular", id="ideographic blank"),
    case("status", "regular", None, UNREADABLE, id="our own value"),
    case("status", "滞纳金", None, UNREADABLE, id="unknown label"),
    case("status", "NULL", None),
    case("status", "'; DROP TABLE x; --", None, UNREADABLE, id="hostile"),
]


@pytest.fixture(scope="module")
def staged(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """All cases as the rows of one file, each with one field changed."""
    home = tmp_path_factory.mktemp("reading")
    settings = Settings(_env_file=None, home=home)
    content = csv_bytes(*(row(**{p.values[0]: p.values[1]}) for p in READ))
    with connect(settings) as con:
        return Bench(Lake(settings.lake_url), con, home).stage(content)


@pytest.mark.parametrize(("column", "text", "value", "fate"), READ)
def test_value_and_what_became_of_it(
    staged: list[dict[str, Any]], column: str, text: str, value: Any, fate: str
) -> None:
    places = [p.values[:2] for p in READ]
    found = staged[places.index((column, text))]
    sent = text.strip('"') if text.startswith('"') else text

    assert found[column] == value
    assert type(found[column]) is type(value)
    assert found["unreadable"] == (f";{column};" if fate == UNREADABLE else None)
    assert (json.loads(found["raw"]) if found["raw"] else {}) == ({} if fate == SENT else {column: sent})


def test_several_columns_of_one_row_are_told_in_contract_order(bench: Bench) -> None:
    [found] = bench.stage(csv_bytes(row(heads="x", amount="y", status="正常 ", uscc="無")))

    assert found["unreadable"] == ";amount;heads;"
    assert json.loads(found["raw"]) == {"amount": "y", "heads": "x", "status": "正常 "}


def test_a_label_that_is_a_null_word_is_the_label(bench: Bench) -> None:
    columns = (*COLUMNS[:-1], replace(COLUMNS[-1], labels={"无": "none"}))
    [found] = bench.stage(csv_bytes(row(status="无")), replace(CONTRACT, columns=columns))

    assert found["status"] == "none"
    assert found["raw"] is None


def test_good_row_has_nothing_to_tell(bench: Bench) -> None:
    [found] = bench.stage(csv_bytes(row()))

    assert found["raw"] is None
    assert found["unreadable"] is None
    assert set(GOOD) < set(found)


@pytest.mark.parametrize("column", [*COLUMNS[:-1], replace(COLUMNS[-1], labels={"0": "no", "无": "none"})])
def test_a_null_word_is_never_taken_for_a_value(column: Column) -> None:
    """Also of words that are written as a value of the kind would be."""
    words = ("", "0", "-", "0.00", "2020-05-11", "202005", "2020-05-11 08:30:00", "NULL", "91", "无", "正常")
    [reading] = readings(replace(CONTRACT, columns=(column,), null_words=words))
    never = [word for word in (*words, *SHEET_ERRORS) if word not in column.labels]
    with duckdb.connect() as con:
        query = f"SELECT r0 FROM (SELECT unnest(?) AS r0) WHERE {reading.quick_sql()} IS NOT NULL"
        assert con.execute(query, [never]).fetchall() == []
