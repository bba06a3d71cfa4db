"""A sheet's rows as the engine writes them, against the same sheet written cell by cell."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from stable_jobs.publishing import files, sheet_rows
from stable_jobs.publishing.files import write_workbook
from stable_jobs.publishing.table import Column, Kind, ListTable, Sum
from stable_jobs.store.engine import quote_identifier

Rows = Sequence[Sequence[Any]]
TYPES = {"name": "VARCHAR", "n": "BIGINT", "yuan": "DECIMAL(18, 2)", "rate": "DECIMAL(18, 6)", "day": "DATE"}
KINDS = {"name": Kind.TEXT, "n": Kind.COUNT, "yuan": Kind.MONEY, "rate": Kind.SHARE, "day": Kind.VALUE}


def sample(con: duckdb.DuckDBPyConnection, rows: Rows, types: dict[str, str], order: str) -> ListTable:
    made = ", ".join(f"{name} {kind}" for name, kind in types.items())
    con.execute(f"CREATE OR REPLACE TEMP TABLE given ({made}, place BIGINT)")
    if rows:
        marks = ", ".join("?" * (len(types) + 1))
        con.executemany(
            f"INSERT INTO given VALUES ({marks})", [[*row, place] for place, row in enumerate(rows)]
        )
    return ListTable(
        name="sample",
        title="样表 Sample",
        columns=tuple(Column(name, name, KINDS[name], quote_identifier(name)) for name in types),
        source="FROM given",
        order=order,
        formats=("xlsx",),
        expected=Sum(len(rows), None),
        notes=("注 note",),
    )


def both_ways(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, table: ListTable
) -> tuple[bytes, bytes, list[int | None]]:
    """The workbook by the engine and cell by cell, and what the engine said of it."""
    said: list[int | None] = []

    def noted(*given: Any) -> int | None:
        said.append(sheet_rows.write_rows(*given))
        return said[-1]

    for name, way in (("engine", noted), ("cells", lambda *_: None)):
        monkeypatch.setattr(files, "write_rows", way)
        write_workbook(con, table, tmp_path / name)
    return (tmp_path / "engine").read_bytes(), (tmp_path / "cells").read_bytes(), said


PLAIN = ("甲", 1, Decimal("1.10"), Decimal("0.055"), "2020-05-11")
NONE = (None,) * 5


@pytest.mark.parametrize(
    ("rows", "is_quick"),
    [
        pytest.param([], True, id="no row"),
        pytest.param([PLAIN], True, id="one row"),
        pytest.param([NONE, PLAIN], True, id="a row without a value before the first"),
        pytest.param([PLAIN, NONE, NONE], True, id="rows without a value at the end"),
        pytest.param([NONE, NONE], True, id="no value at all"),
        pytest.param(
            [("甲", None, Decimal(2), None, None), (None, 3, None, None, "0001-01-01"), PLAIN],
            True,
            id="formats numbered as their first cells come",
        ),
        pytest.param(
            [("", 0, Decimal(0), Decimal(0), None), ("-", -1, Decimal("-0.01"), Decimal("-0.5"), None)],
            True,
            id="zeros, signs and an empty text",
        ),
        pytest.param(
            [(name, 1, None, None, None) for name in (" a", "b ", "c\u3000", "\u00a0d", "\u2028", " ")],
            True,
            id="blanks at the ends",
        ),
        pytest.param(
            [(name, 1, None, None, None) for name in ("a&b", "<c>", "\"d'", "&amp;", "<r>x", "]]>")],
            True,
            id="signs of XML",
        ),
        pytest.param(
            [(name, 1, None, None, None) for name in ("_x0041_", "_x0041__x00", "_X0041_", "\\1 \\\\")],
            True,
            id="what would read as an escape",
        ),
        pytest.param([("x" * 16_000 + "𠮷" * 383, 1, None, None, None)], True, id="a long text"),
        pytest.param([("a\x01\x1f\x7f\n\r\t", 1, None, None, None)], True, id="characters made visible"),
        pytest.param([("<r>x</r>", 1, None, None, None)], False, id="what reads as rich text"),
        pytest.param([("甲" * 40_000, 1, None, None, None)], True, id="a text that is cut"),
        pytest.param([("a", 10**15, None, None, None)], False, id="a count of too many digits"),
        pytest.param([("a", 1, Decimal(10**13), None, None)], False, id="yuan of too many digits"),
        pytest.param(
            [("a", 10**15 - 1, Decimal(10**13) - Decimal("0.01"), None, None)], True, id="of as many as fit"
        ),
    ],
)
def test_the_bytes_are_those_of_cell_by_cell(
    con: duckdb.DuckDBPyConnection,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    rows: Rows,
    is_quick: bool,
) -> None:
    table = sample(con, rows, TYPES, "place")
    engine, cells, said = both_ways(con, tmp_path, monkeypatch, table)
    assert engine == cells
    assert said == [len(rows) if is_quick else None]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        pytest.param("n", "DOUBLE", id="a number that is no decimal"),
        pytest.param("rate", "DECIMAL(18, 9)", id="more places than Python writes out"),
        pytest.param("day", "BOOLEAN", id="a value that Python writes otherwise"),
        pytest.param("day", "TIMESTAMP", id="a moment"),
    ],
)
def test_other_types_are_left_to_the_writer_of_cells(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, kind: str
) -> None:
    table = sample(con, [(None,) * 5], {**TYPES, name: kind}, "place")
    engine, cells, said = both_ways(con, tmp_path, monkeypatch, table)
    assert (engine == cells, said) == (True, [None])


def test_the_rows_stand_in_the_lists_order(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [(f"单位{n}", n % 97, None, None, None) for n in range(10_000)]
    table = sample(con, rows, TYPES, "n DESC, place")
    engine, cells, said = both_ways(con, tmp_path, monkeypatch, table)
    assert (engine == cells, said) == (True, [10_000])
