import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest

from stable_jobs.errors import UsageError
from stable_jobs.settings import Settings
from stable_jobs.store.engine import Computing, connect, quote_identifier, quote_literal, read_parquet_sql

HOSTILE = [
    pytest.param("plain", id="plain"),
    pytest.param("o'clock", id="single quote"),
    pytest.param('say "a"', id="double quote"),
    pytest.param("a\\", id="backslash"),
    pytest.param("a; DROP TABLE b --", id="statement"),
    pytest.param("统一社会信用代码", id="Chinese"),
    pytest.param("$1 ? :name %s {x}", id="placeholders"),
    pytest.param("a\nb", id="line end"),
]


@pytest.fixture
def duck(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    with connect(settings) as connection:
        yield connection


@pytest.mark.parametrize("text", HOSTILE)
def test_a_literal_comes_back_as_it_was(duck: duckdb.DuckDBPyConnection, text: str) -> None:
    assert duck.execute(f"SELECT {quote_literal(text)}").fetchone() == (text,)


@pytest.mark.parametrize("text", HOSTILE)
def test_an_identifier_names_that_column(duck: duckdb.DuckDBPyConnection, text: str) -> None:
    assert duck.execute(f"SELECT 1 AS {quote_identifier(text)}").description[0][0] == text


def test_the_empty_text_is_a_literal() -> None:
    assert quote_literal("") == "''"


@pytest.mark.parametrize("quote", [quote_identifier, quote_literal])
def test_nul_cannot_be_quoted(quote: Callable[[str], str]) -> None:
    with pytest.raises(ValueError, match="not an SQL"):
        quote("a\0b")


def test_an_identifier_cannot_be_empty() -> None:
    with pytest.raises(ValueError, match="not an SQL identifier"):
        quote_identifier("")


@pytest.mark.parametrize("folder", ["plain", "o'clock", "西安 市"])
def test_parquet_files_are_read_in_the_order_given(
    duck: duckdb.DuckDBPyConnection, tmp_path: Path, folder: str
) -> None:
    paths = [str(tmp_path / folder / name) for name in ("b.parquet", "a.parquet")]
    (tmp_path / folder).mkdir()
    for number, path in enumerate(paths):
        duck.execute(f"COPY (SELECT {number} AS n) TO {quote_literal(path)} (FORMAT parquet)")
    assert duck.execute(f"SELECT n FROM {read_parquet_sql(paths)}").fetchall() == [(0,), (1,)]


def test_no_parquet_files_is_an_error() -> None:
    with pytest.raises(ValueError, match="no Parquet files"):
        read_parquet_sql([])


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        pytest.param("memory_limit", "953.6 MiB", id="memory"),
        pytest.param("threads", 1, id="threads"),
        pytest.param("preserve_insertion_order", True, id="order"),
        pytest.param("autoinstall_known_extensions", False, id="no downloads"),
    ],
)
def test_every_connection_is_bounded(settings: Settings, setting: str, value: str | int) -> None:
    with connect(settings.model_copy(update={"memory_limit": "1000MB", "threads": 1})) as duck:
        assert duck.execute(f"SELECT current_setting('{setting}')").fetchone() == (value,)


def test_each_connection_spills_to_its_own_folder_in_the_home_and_leaves_none(settings: Settings) -> None:
    small = settings.model_copy(update={"memory_limit": "60MB", "threads": 1})
    spill = settings.home.absolute() / "tmp"
    with connect(small) as one, connect(small) as other:
        asked = [c.execute("SELECT current_setting('temp_directory')").fetchall() for c in (one, other)]
        folders = {found[0][0] for found in asked}
        assert len(folders) == 2
        assert {str(spill)} == {folder.rsplit("/", 1)[0] for folder in folders}
        one.execute(
            "CREATE TEMP TABLE t AS SELECT range n, hash(range) h, hash(range + 1) i FROM range(6000000)"
        )
        assert len(list(spill.iterdir())) == 1
    assert list(spill.iterdir()) == []


def test_each_connection_is_a_database_of_its_own(settings: Settings) -> None:
    with connect(settings) as one, connect(settings) as other:
        one.execute("CREATE TABLE t (n INTEGER)")
        with pytest.raises(duckdb.CatalogException):
            other.execute("SELECT * FROM t")


def test_a_decision_is_duckdbs_unless_settings_say_otherwise(duck: duckdb.DuckDBPyConnection) -> None:
    computing = Computing(duck)
    assert computing.backend is computing.backend
    assert computing.backend.name == "duckdb"
    computing.close()
    assert duck.execute("SELECT 1").fetchone() == (1,)


def test_spark_that_is_not_installed_is_told(
    duck: duckdb.DuckDBPyConnection, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "stable_jobs.store.spark_backend", None)
    asked = settings.model_copy(update={"engine": "spark", "spark_master": "local[2]"})
    with pytest.raises(UsageError, match="make setup-spark"):
        _ = Computing(duck, asked).backend


@pytest.mark.parametrize("lake", ["memory://lake", "zip://lake"])
def test_a_lake_that_no_executor_reaches_is_refused(
    duck: duckdb.DuckDBPyConnection, settings: Settings, lake: str
) -> None:
    asked = Settings(_env_file=None, home=settings.home, engine="spark", spark_master="local[2]", lake=lake)
    with pytest.raises(UsageError, match="STABLE_JOBS_LAKE"):
        _ = Computing(duck, asked).backend
