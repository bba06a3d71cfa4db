"""Rows go between the engine, files and the database as they are: nothing is read as something else."""

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from sqlalchemy import Connection, Engine, text

from stable_jobs.settings import Settings
from stable_jobs.store.engine import connect
from stable_jobs.store.loading import load_from_engine, load_rows, temporary_table, unload

COLUMNS = {
    "id": "bigint",
    "name": "text",
    "amount": "numeric(18, 2)",
    "day": "date",
    "flag": "boolean",
    "n": "integer",
}
EMPTY = (None, None, None, None, None)


def row(
    name: str = "x",
    amount: Decimal | None = None,
    day: date | None = None,
    flag: bool | None = None,
    n: int | None = None,
) -> tuple[str, Decimal | None, date | None, bool | None, int | None]:
    return (name, amount, day, flag, n)


CASES = [
    pytest.param(EMPTY, id="all null"),
    pytest.param(row(""), id="empty text is not null"),
    pytest.param(row("NULL"), id="the word null"),
    pytest.param(row("\\N"), id="backslash N, a text of its own"),
    pytest.param(row("\\."), id="backslash dot, the end of data elsewhere"),
    pytest.param(row(" "), id="a blank"),
    pytest.param(row('a "quoted" name'), id="quotes"),
    pytest.param(row('"'), id="one quote"),
    pytest.param(row("it's"), id="an apostrophe"),
    pytest.param(row("a,b;c\td"), id="separators"),
    pytest.param(row("one\ntwo"), id="a newline"),
    pytest.param(row("one\r\ntwo\rthree"), id="returns"),
    pytest.param(row("c:\\path\\new"), id="backslashes"),
    pytest.param(row("西安（有限）公司"), id="chinese"),
    pytest.param(row("𠮷野家 😀"), id="four bytes"),
    pytest.param(row("e\u0301 \ufeff \u200b \u2028"), id="combining, zero width, line separator"),
    pytest.param(row("'); DROP TABLE payments; --"), id="sql"),
    pytest.param(row("%(name)s :name {name}"), id="placeholders"),
    pytest.param(row(amount=Decimal("0.00")), id="nothing"),
    pytest.param(row(amount=Decimal("0.01")), id="a fen"),
    pytest.param(row(amount=Decimal("-9999999999999999.99")), id="the greatest amount below nothing"),
    pytest.param(row(amount=Decimal("9999999999999999.99")), id="the greatest amount"),
    pytest.param(row(day=date(2020, 2, 29)), id="a leap day"),
    pytest.param(row(day=date(9999, 12, 31)), id="an open end"),
    pytest.param(row(day=date(1, 1, 1)), id="the first day"),
    pytest.param(row(flag=True, n=-1), id="true"),
    pytest.param(row(flag=False, n=2**31 - 1), id="false"),
]
EVERY: list[Any] = [case.values[0] for case in CASES]


@pytest.fixture
def connection(empty_engine: Engine) -> Iterator[Connection]:
    with empty_engine.connect() as connection:
        temporary_table(connection, "loaded", COLUMNS)
        yield connection


@pytest.fixture
def duck(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    with connect(settings) as duck:
        duck.execute(
            "CREATE TABLE source"
            " (id BIGINT, name VARCHAR, amount DECIMAL(18, 2), day DATE, flag BOOLEAN, n INTEGER)"
        )
        yield duck


def loaded(connection: Connection) -> list[tuple[Any, ...]]:
    query = "SELECT name, amount, day, flag, n FROM loaded ORDER BY id"
    return [tuple(row) for row in connection.execute(text(query))]


def into(duck: duckdb.DuckDBPyConnection, rows: Iterable[tuple[Any, ...]]) -> None:
    duck.executemany(
        "INSERT INTO source VALUES (?, ?, ?, ?, ?, ?)", [(i, *row) for i, row in enumerate(rows)]
    )


@pytest.mark.parametrize("given", CASES)
def test_plain_rows(connection: Connection, given: tuple[Any, ...]) -> None:
    load_rows(connection, "loaded", [(1, *given)])
    assert loaded(connection) == [given]


@pytest.mark.parametrize("given", CASES)
def test_from_the_engine(
    connection: Connection, duck: duckdb.DuckDBPyConnection, tmp_path: Path, given: tuple[Any, ...]
) -> None:
    into(duck, [given])
    load_from_engine(connection, "loaded", duck, "SELECT * FROM source", tmp_path)
    assert loaded(connection) == [given]


def test_many_rows_and_no_file_left(
    connection: Connection, duck: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    into(duck, EVERY)
    load_from_engine(connection, "loaded", duck, "SELECT * FROM source ORDER BY id", tmp_path)
    assert loaded(connection) == EVERY
    assert list(tmp_path.iterdir()) == []


def test_out_and_in_again(connection: Connection, duck: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    load_rows(connection, "loaded", [(i, *row) for i, row in enumerate(EVERY)])
    unload(connection, "SELECT * FROM loaded ORDER BY id", tmp_path / "out.csv")
    temporary_table(connection, "loaded", COLUMNS)
    options = "header = true, all_varchar = true, delim = ',', quote = '\"', escape = '\"'"
    nulls = "nullstr = '', allow_quoted_nulls = false"
    query = f"SELECT * FROM read_csv('{tmp_path / 'out.csv'}', {options}, {nulls})"
    load_from_engine(connection, "loaded", duck, query, tmp_path)
    assert loaded(connection) == EVERY


def test_no_rows(connection: Connection, duck: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    load_rows(connection, "loaded", [])
    load_from_engine(connection, "loaded", duck, "SELECT * FROM source", tmp_path)
    assert loaded(connection) == []
    unload(connection, "SELECT * FROM loaded", tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text() == "id,name,amount,day,flag,n\n"


def test_the_stream_is_removed_when_the_database_refuses_it(
    connection: Connection, duck: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    into(duck, [row(n=1)])
    temporary_table(connection, "loaded", {"id": "bigint"})
    with pytest.raises(Exception, match="extra data after last expected column"):
        load_from_engine(connection, "loaded", duck, "SELECT * FROM source", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_temporary_table_is_empty_each_time_and_ends_with_the_transaction(empty_engine: Engine) -> None:
    with empty_engine.connect() as connection:
        for _ in range(2):
            temporary_table(connection, "loaded", COLUMNS)
            load_rows(connection, "loaded", [(1, *EMPTY)])
            assert len(loaded(connection)) == 1
        connection.commit()
        assert connection.scalar(text("SELECT to_regclass('pg_temp.loaded')")) is None


@pytest.mark.parametrize("name", ['a"b', "a b", "select", "表"], ids=["quote", "blank", "keyword", "chinese"])
def test_hostile_names(empty_engine: Engine, name: str) -> None:
    with empty_engine.connect() as connection:
        temporary_table(connection, name, {name: "text"})
        load_rows(connection, name, [("x",)])
        quoted = '"' + name.replace('"', '""') + '"'
        assert connection.exec_driver_sql(f"SELECT {quoted} FROM {quoted}").scalar_one() == "x"


def test_a_real_table_of_that_name_stays(empty_engine: Engine) -> None:
    with empty_engine.connect() as connection:
        temporary_table(connection, "snapshots", {"id": "bigint"})
        load_rows(connection, "snapshots", [(7,)])
        assert connection.scalar(text("SELECT count(*) FROM public.snapshots")) == 0
