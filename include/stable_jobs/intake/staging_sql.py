"""The one statement that turns a decoded file into staged rows: set-based, in file order, no row dropped."""

from __future__ import annotations

import json
from typing import Protocol

from stable_jobs.contracts.model import Contract
from stable_jobs.intake.decoding import Text
from stable_jobs.intake.diagnosis import FIELD_LIMIT
from stable_jobs.intake.reading import Reading, readings
from stable_jobs.store.engine import quote_identifier, quote_literal

ROWS_PER_DELIVERY = 10_000_000_000
"""row_id = delivery_id × this + row_no: unique over all deliveries."""
NEVER = "\x02no such text\x03"
"""Stands for NULL in the CSV reader, which must not take any text for it; given back, should it come."""


class Numbered(Protocol):
    """What of a delivery stands in its rows."""

    @property
    def id(self) -> int:
        """Its number."""

    @property
    def region_code(self) -> str:
        """Its slot's region."""


def staging_sql(contract: Contract, delivery: Numbered, text: Text) -> str:
    """The one statement: file → cleaned text → values → what became of each → the staged columns."""
    columns = readings(contract)
    quick = ", ".join(f"{r.quick_sql()} AS {r.quick}" for r in columns)
    cleaned = ", ".join(f"{r.clean_sql()} AS {r.clean}" for r in columns)
    valued = ", ".join(f"{r.value_sql()} AS {r.value}" for r in columns)
    fates = ", ".join(f"{r.fate_sql()} AS f{i}" for i, r in enumerate(columns))
    staged = ", ".join(f"{r.staged_sql()} AS {quote_identifier(r.column.name)}" for r in columns)
    return f"""
        WITH source AS ({_source_sql(contract, text)}),
        quick AS (SELECT *, {quick} FROM source),
        cleaned AS (SELECT *, {cleaned} FROM quick),
        valued AS (SELECT *, {valued} FROM cleaned),
        fated AS (SELECT *, {fates} FROM valued)
        SELECT CAST({delivery.id} AS BIGINT) * {ROWS_PER_DELIVERY} + row_no AS row_id,
            CAST({delivery.id} AS BIGINT) AS delivery_id, row_no,
            {quote_literal(delivery.region_code)} AS delivery_region,
            {staged}, {_raw_sql(columns)} AS raw, {_unreadable_sql(columns)} AS unreadable
        FROM fated"""  # noqa: S608 - SQL has no parameters for columns; every name and text is quoted


def _source_sql(contract: Contract, text: Text) -> str:
    """Rows as text, numbered in file order; nothing is detected, an empty field is an empty text."""
    places = {c.header: i for i, c in enumerate(contract.columns)}
    columns = ", ".join(f"'r{places[header]}': 'VARCHAR'" for header in text.headers)
    never = quote_literal(NEVER)
    fields = ", ".join(f"coalesce(r{i}, {never}) AS r{i}" for i in range(len(contract.columns)))
    return f"""SELECT row_number() OVER () AS row_no, {fields}
        FROM read_csv({quote_literal(str(text.path))}, columns={{{columns}}}, auto_detect=false, header=false,
            skip=1, delim=',', quote='"', escape='"', nullstr={never}, strict_mode=true, null_padding=false,
            max_line_size={FIELD_LIMIT})"""  # noqa: S608 - path and names are quoted


def _raw_sql(columns: list[Reading]) -> str:
    """A JSON object of the texts that are not staged as sent; NULL where all are."""
    entries = ", ".join(
        f"CASE WHEN f{i} > 0 THEN {_name_sql(r)} || ':' || to_json({r.raw})::VARCHAR END"
        for i, r in enumerate(columns)
    )
    return f"CASE WHEN {_any(columns, 0)} THEN '{{' || concat_ws(',', {entries}) || '}}' END"


def _name_sql(reading: Reading) -> str:
    return quote_literal(json.dumps(reading.column.name))


def _unreadable_sql(columns: list[Reading]) -> str:
    entries = ", ".join(
        f"CASE WHEN f{i} = 2 THEN {quote_literal(r.column.name)} END" for i, r in enumerate(columns)
    )
    return f"CASE WHEN {_any(columns, 1)} THEN ';' || concat_ws(';', {entries}) || ';' END"


def _any(columns: list[Reading], above: int) -> str:
    fates = ", ".join(f"f{i}" for i in range(len(columns)))
    return f"greatest({fates}) > {above}"
