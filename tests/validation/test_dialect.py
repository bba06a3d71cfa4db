import duckdb
import pytest
from sqlalchemy import text

from stable_jobs.validation.dialect import BufferedDuckDBDialect, engine_over

pytestmark = pytest.mark.xdist_group("great_expectations")


def test_the_engine_sees_the_connections_own_temporary_tables(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("CREATE TEMP TABLE own AS SELECT 7 AS n")
    with engine_over(con).connect() as connection:
        assert connection.execute(text("SELECT n FROM own")).scalar() == 7


def test_a_result_outlives_its_connection(con: duckdb.DuckDBPyConnection) -> None:
    engine = engine_over(con)
    with engine.connect() as connection:
        result = connection.execute(text("SELECT range AS n FROM range(3000)"))
    with engine.connect() as connection:
        connection.execute(text("SELECT 1"))
    assert [row.n for row in result.fetchall()] == list(range(3000))


def test_disposing_of_the_engine_leaves_the_connection_open(con: duckdb.DuckDBPyConnection) -> None:
    engine = engine_over(con)
    with engine.connect() as connection:
        connection.execute(text("SELECT 1"))
    engine.dispose()
    assert con.execute("SELECT 1").fetchone() == (1,)


def test_the_dialect_goes_by_postgresqls_name_and_is_found_by_its_entry_point(
    con: duckdb.DuckDBPyConnection,
) -> None:
    engine = engine_over(con)
    assert isinstance(engine.dialect, BufferedDuckDBDialect)
    assert engine.dialect.name == "postgresql"


def test_statements_without_rows_run(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("CREATE TEMP TABLE own (n INTEGER)")
    with engine_over(con).begin() as connection:
        connection.execute(text("INSERT INTO own VALUES (1), (2)"))
    assert con.execute("SELECT count(*) FROM own").fetchone() == (2,)
    with pytest.raises(duckdb.CatalogException):
        con.execute("SELECT * FROM absent")
