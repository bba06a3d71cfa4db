"""Between Spark and this process: files, rows, names, an end that leaves nothing."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import duckdb
import ibis
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from ibis.backends import BaseBackend

from stable_jobs.errors import engine_fault
from stable_jobs.store.engine import Computing
from stable_jobs.store.working import working_tables

pytestmark = pytest.mark.spark
Pair = tuple[BaseBackend, BaseBackend]
ROWS = {"b": [3, 1, 2, None], "money": [Decimal("1.10"), None, Decimal("0.01"), Decimal("-2.00")]}
TYPES = {"b": "int64", "money": "decimal(18,2)"}


def table() -> ibis.Table:
    schema = ibis.schema(TYPES)
    return ibis.memtable(pa.table(ROWS, schema=schema.to_pyarrow()), schema=schema)


@pytest.mark.parametrize("name", ["plain", "with a blank", "o'clock", "统一代码", "[a]{b}*?", "a%20b"])
def test_one_file_of_the_same_rows(engines: Pair, tmp_path: Path, name: str) -> None:
    """Sorted and of the same types, wherever it lies."""
    found = []
    for engine in engines:
        folder = tmp_path / engine.name / name
        folder.mkdir(parents=True)
        path = folder / "t.parquet"
        t = table()
        engine.to_parquet(t.order_by("b"), str(path))
        found.append(pq.read_table(path))
        rows = engine.to_pyarrow(engine.read_parquet(str(path)).order_by("b")).to_pylist()
        assert [row["b"] for row in rows] == [1, 2, 3, None]
    assert found[0].equals(found[1])


def test_a_file_of_another_hand_is_read_from_where_it_is(engines: Pair, tmp_path: Path) -> None:
    _, spark = engines
    path = tmp_path / "[one] file.parquet"
    with duckdb.connect() as con:
        con.execute(f"COPY (SELECT 1 AS x, DATE '2020-05-11' AS y) TO '{path}' (FORMAT parquet)")
    assert spark.to_pyarrow(spark.read_parquet(str(path))).to_pylist()[0]["x"] == 1


def test_working_tables(engines: Pair, tmp_path: Path) -> None:
    """Computed, named, read and empty ones; dropped at the end."""
    for engine in engines:
        with working_tables(engine) as working:
            computed = working.materialize(table().mutate(twice=lambda t: t.b * 2))
            view = working.named(computed.filter(computed.twice > 2))
            none = working.files([], {"x": "string"})
            texts = working.materialize(
                ibis.memtable(pa.table({"u": ["a", "b", None]})).filter(lambda t: t.u.notnull())
            )
            assert sorted(engine.to_pyarrow(view)["twice"].to_pylist()) == [4, 6]
            assert engine.to_pyarrow(none).to_pylist() == []
            assert working.failing(texts, "u = 'a'") == ["b"]
            assert engine.to_pyarrow(working.empty(computed.schema())).to_pylist() == []
            name = view.get_name()
        with pytest.raises(Exception, match=r"(?i)not.?found|does not exist"):
            engine.raw_sql(f"SELECT * FROM {name}").collect()


def test_nothing_is_left_in_the_lake(spark: Computing) -> None:
    """What was on its way goes with the backend, and only that."""
    backend = spark.backend
    folder = Path(backend.shared)
    with working_tables(backend) as working:
        before = set(folder.iterdir())
        working.materialize(table())
        assert len(set(folder.iterdir()) - before) == 1
    assert set(folder.iterdir()) == before
    assert folder.stat().st_mode & 0o777 == 0o700
    assert folder.parent.name == "working"
    backend.close()
    assert not folder.exists()
    folder.mkdir(mode=0o700)


def test_an_error_of_spark_is_told_in_a_sentence(engines: Pair) -> None:
    _, spark = engines
    with pytest.raises(Exception, match="no_such_table") as raised:
        spark.raw_sql("SELECT * FROM no_such_table")
    fault = engine_fault(raised.value)
    assert fault is not None
    assert "STABLE_JOBS_SPARK_MASTER" in str(fault)
    assert "\n" not in str(fault)
    assert engine_fault(ValueError("x")) is None
