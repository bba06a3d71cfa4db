"""Which code of a quarantined row a list shows."""

from __future__ import annotations

import duckdb
import pytest

from stable_jobs.lists.sheets.quarantined import COLUMNS


@pytest.mark.parametrize(
    ("uscc", "is_unit_known", "shown"),
    [
        pytest.param("91610100000000006X", True, "91610100000000006X", id="a unit's"),
        pytest.param("91610100000000006X", False, "**************006X", id="nobody's"),
        pytest.param("511119195001010569", True, "**************0569", id="a person's that passes as a code"),
        pytest.param("360101400101009", True, "***********1009", id="a person's of 15 digits"),
    ],
)
def test_a_persons_number_is_masked(uscc: str, is_unit_known: bool, shown: str) -> None:
    column = next(column for column in COLUMNS if column.name == "uscc")
    query = f"SELECT {column.sql} FROM (SELECT ? AS uscc, ? AS is_unit_known)"
    assert duckdb.connect().execute(query, [uscc, is_unit_known]).fetchone() == (shown,)
