"""What the ledger's tables take for a code, beside the pattern that says it; what their indexes know."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import Engine, text

DEFINED = """
    SELECT pg_get_expr(conbin, conrelid) FROM pg_constraint
    WHERE connamespace = 'ledger'::regnamespace AND conname = :name
"""
TEXTS = (
    "", "61010", "610100", "6101000", "61010O", "６１０１００", "610100\n", " 610100", "61 100",
    "91610100MA6T00001X", "91610100ma6t00001x", "9161010000000", "916101000000000", "9161010000000000000",
    "91610100MA6T-0001X", "91610100MA6T00001\n", "20-610100-91610100MA6T00001X-01-01", "-", "é",
    "A" * 35, "A" * 36,
)  # fmt: skip


@pytest.mark.parametrize(
    ("name", "column", "pattern"),
    [
        ("entitlements_region_code_check", "region_code", "[0-9]{6}"),
        ("entitlements_uscc_check", "uscc", "[0-9A-Z]{15,18}"),
        ("payment_lines_end_to_end_id_check", "end_to_end_id", "[0-9A-Z-]{1,35}"),
    ],
)
def test_a_code_is_what_the_pattern_says(engine: Engine, name: str, column: str, pattern: str) -> None:
    with engine.connect() as connection:
        condition = connection.scalar(text(DEFINED), {"name": name})
        asked = text(
            f"SELECT {condition} FROM (SELECT CAST(:given AS text) AS {column}) AS row".replace(
                "::", "\\:\\:"
            )
        )
        found = {given: connection.scalar(asked, {"given": given}) for given in TEXTS}
    assert found == {given: re.fullmatch(pattern, given) is not None for given in TEXTS}
    assert set(found.values()) == {True, False}


INDEXED = """
    SELECT DISTINCT a.attname FROM pg_index i
    JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_am m ON m.oid = x.relam AND m.amname <> 'brin'
    JOIN pg_attribute a ON a.attrelid = i.indrelid AND (a.attnum = ANY (i.indkey) OR a.attnum IN (
        SELECT refobjsubid FROM pg_depend
        WHERE objid = i.indexrelid AND refobjid = i.indrelid AND classid = 'pg_class'::regclass))
    WHERE i.indrelid = CAST(:name AS regclass)
""".replace("::", "\\:\\:")
"""Columns in the keys and conditions of a table's indexes that name single rows."""


@pytest.mark.parametrize(
    ("table", "changing"),
    [
        ("ledger.payments", {"state", "reason", "changed_on"}),
        (
            "ledger.entitlements",
            {"unit_name", "entitled_amount", "outside_amount", "decided_on", "event_id"},
        ),
    ],
)
def test_a_row_that_changes_stays_in_its_page(engine: Engine, table: str, changing: set[str]) -> None:
    """PostgreSQL writes every index of a row anew if one of them, or its condition, knows what changed."""
    with engine.connect() as connection:
        known = set(connection.scalars(text(INDEXED), {"name": table}))
    assert "id" in known
    assert known.isdisjoint(changing)


@pytest.mark.parametrize(
    "call",
    [
        "end_to_end_id(policy_year, region_code, uscc, 1, 1::bigint)",
        "account_key(uscc)",
        "name_key(unit_name)",
        "is_payees_fault(uscc)",
        "is_same_failure(uscc, uscc, uscc, uscc, uscc)",
        "is_within(region_code, region_code)",
    ],
)
def test_what_is_asked_of_every_line_is_no_call(engine: Engine, call: str) -> None:
    """PostgreSQL writes a function of immutable ones out in the query; any other it calls for each row."""
    asked = f"EXPLAIN (VERBOSE) SELECT {call} FROM entitlements".replace("::", "\\:\\:")
    with engine.connect() as connection:
        plan = "\n".join(connection.scalars(text(asked)))
    assert f"{call.partition('(')[0]}(" not in plan
