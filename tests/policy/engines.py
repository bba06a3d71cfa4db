"""The engines that decide a test's world: DuckDB, and with `--engine spark` Spark too, row for row alike."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import ibis
import pyarrow.parquet as pq
import pytest

from stable_jobs.policy.determine import decide, keep_in
from stable_jobs.policy.extracts import Inputs
from stable_jobs.policy.load import Policies
from stable_jobs.store.engine import Computing

if TYPE_CHECKING:
    from ibis.backends import BaseBackend

    from tests.policy.builder import Row

BESIDE: list[Computing] = []
"""Spark, where `--engine spark` is given: the last of them."""
DECIDED = {"worlds": 0, "rows": 0}
"""How many worlds both engines decided the same, with how many rows in all tables."""


@contextmanager
def opened() -> Iterator[BaseBackend]:
    """The engine under test."""
    if BESIDE:
        yield BESIDE[-1].backend
        return
    with duckdb.connect() as con:
        con.execute("SET threads = 1")
        yield ibis.duckdb.from_connection(con)


def decided_by_engines(inputs: Inputs, policies: Policies, on: date, folder: Path) -> dict[str, list[Row]]:
    """Every table of the decision as Python rows. folder: gets the tables' files.

    With Spark beside: AssertionError where it decides otherwise, in any row of any table, or raises
    another error.
    """
    folder.mkdir(exist_ok=True)
    tables: dict[str, list[Row]] = {}
    failed: Exception | None = None
    with duckdb.connect() as con:
        con.execute("SET threads = 1")
        try:
            tables = _decided(ibis.duckdb.from_connection(con), inputs, policies, on, folder)
        except Exception as error:
            failed = error
    if BESIDE:
        _same_beside(inputs, policies, on, folder / "beside", tables, failed)
    if failed is not None:
        raise failed
    return tables


def _decided(
    backend: BaseBackend, inputs: Inputs, policies: Policies, on: date, folder: Path
) -> dict[str, list[Row]]:
    """Decided into files, and read from the files in their order."""
    folder.mkdir(exist_ok=True)
    kinds = decide(backend, inputs, policies, on, keep_in(backend, str(folder)))
    return {kind: pq.read_table(folder / f"{kind}.parquet").to_pylist() for kind in kinds}


def _same_beside(
    inputs: Inputs,
    policies: Policies,
    on: date,
    folder: Path,
    expected: dict[str, list[Row]],
    failed: Exception | None,
) -> None:
    if failed is not None:
        with pytest.raises(type(failed), match=re.escape(str(failed))):
            _decided(BESIDE[-1].backend, inputs, policies, on, folder)
        return
    found = _decided(BESIDE[-1].backend, inputs, policies, on, folder)
    assert {kind: len(rows) for kind, rows in found.items()} == {k: len(rows) for k, rows in expected.items()}
    for kind, rows in expected.items():
        different = [(want, got) for want, got in zip(rows, found[kind], strict=True) if want != got]
        shown = [{k: (v, got[k]) for k, v in want.items() if v != got[k]} for want, got in different[:3]]
        assert not different, (kind, len(different), shown, different[0][0])
    DECIDED["worlds"] += 1
    DECIDED["rows"] += sum(len(rows) for rows in found.values())
