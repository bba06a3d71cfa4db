"""The content of one file: agreed text → staged rows, then its promises, for every sender and place.

Neither catalog nor lake: the night stages with it, and a department checks a file with it before it sends.
"""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from stable_jobs.contracts.model import Contract
from stable_jobs.errors import DeliveryRefused
from stable_jobs.intake.decoding import FIELD_LIMIT, Text, decode, diagnose
from stable_jobs.intake.problems import Slot, refused
from stable_jobs.intake.reading import Reading, readings
from stable_jobs.intake.workbook import convert
from stable_jobs.store.engine import quote_identifier, quote_literal

if TYPE_CHECKING:
    import duckdb


class Sent(Protocol):
    """A file with its number, its slot, and its manifest's promises (None: no manifest)."""

    @property
    def id(self) -> int:
        """Stands in every row of it."""

    @property
    def department(self) -> str:
        """The department that sent it."""

    @property
    def extract(self) -> str:
        """The extract of the file."""

    @property
    def region_code(self) -> str:
        """For which region; `000000` for all."""

    @property
    def file_format(self) -> str:
        """`csv` or `xlsx`."""

    @property
    def rows(self) -> int | None:
        """Rows promised."""

    @property
    def control_total(self) -> Decimal | None:
        """Yuan promised."""


def as_text(contract: Contract, sent: Sent, source: Path, target: Path) -> Text:
    """The file as UTF-8 CSV, at `target` where it is not that already.

    contract: as it holds for the file's slot. DeliveryRefused: format, encoding, header, workbook.
    """
    slot = _slot(sent)
    check_format(slot, contract, sent.file_format)
    read = convert if sent.file_format == "xlsx" else decode
    return read(slot, contract, source, target)


def check_outside(slot: Slot, contract: Contract, file_format: str, size_bytes: int) -> None:
    """Check a file before it is opened. DeliveryRefused: size, format, empty."""
    if size_bytes > contract.max_bytes:
        raise too_large(slot, contract.max_bytes, f"{size_bytes} bytes")
    check_format(slot, contract, file_format)
    if size_bytes == 0:
        raise refused(slot, "delivery.empty", expected="a header and rows", found="0 bytes")


def too_large(slot: Slot, limit: int, found: str) -> DeliveryRefused:
    """The refusal of a file of more than `limit` bytes."""
    return refused(slot, "delivery.too_large", expected=f"at most {limit} bytes", found=found)


def check_format(slot: Slot, contract: Contract, file_format: str) -> None:
    """DeliveryRefused unless the contract takes files of that ending."""
    if file_format not in contract.formats:
        raise refused(slot, "delivery.format", expected=" or ".join(contract.formats), found=file_format)


def write_rows(con: duckdb.DuckDBPyConnection, contract: Contract, sent: Sent, text: Text, path: str) -> int:
    """Write the staged rows as Parquet to `path`, and return how many. DeliveryRefused: rows as CSV."""
    import duckdb

    query = staging_sql(contract, sent, text)
    target = quote_literal(path)
    try:
        found = con.execute(f"COPY ({query}) TO {target} (FORMAT parquet, COMPRESSION zstd)").fetchone()
    except duckdb.InvalidInputException as error:
        raise diagnose(_slot(sent), text.path, len(contract.columns), str(error)) from None
    return int(found[0]) if found else 0


def check_promises(
    con: duckdb.DuckDBPyConnection, contract: Contract, sent: Sent, path: str, rows: int
) -> None:
    """Rows where the contract requires them, and the manifest's rows and control total.

    rows: of the staged Parquet at `path`. DeliveryRefused where one of them does not hold.
    """
    slot = _slot(sent)
    if sent.rows is not None and rows != sent.rows:
        raise refused(slot, "delivery.manifest.rows", expected=f"{sent.rows} rows", found=f"{rows} rows")
    if rows == 0 and contract.rows_required:
        raise refused(slot, "delivery.no_rows", expected="at least one row", found="0 rows")
    total = _control_total(con, contract, path)
    if total is not None and sent.control_total is not None and total != sent.control_total:
        expected, found = f"{sent.control_total} yuan", f"{total} yuan"
        raise refused(slot, "delivery.manifest.control_total", expected=expected, found=found)


def _control_total(con: duckdb.DuckDBPyConnection, contract: Contract, path: str) -> Decimal | None:
    """Yuan over all rows; None where the contract names no columns or an amount cannot be read.

    An unreadable amount makes the sum unknown: its row is quarantined, the rest of the delivery stays.
    """
    if not contract.control_total:
        return None
    names = [quote_identifier(name) for name in contract.control_total]
    amounts = " + ".join(f"coalesce(sum({name}), 0)" for name in names)
    unknown = " OR ".join(
        f"contains(unreadable, {quote_literal(f';{name};')})" for name in contract.control_total
    )
    sums = f"CAST({amounts} AS DECIMAL(38,2)), coalesce(bool_or({unknown}), false)"
    found = con.execute(f"SELECT {sums} FROM read_parquet({quote_literal(path)})").fetchone()  # noqa: S608 - all quoted
    return None if found is None or found[1] else Decimal(found[0])


def _slot(sent: Sent) -> Slot:
    return Slot(sent.department, sent.extract, sent.region_code)


# ---- The one statement: set-based, in file order, no row dropped ----

ROWS_PER_DELIVERY = 10_000_000_000
"""row_id = delivery_id × this + row_no: unique over all deliveries."""
NEVER = "\x02no such text\x03"
"""Stands for NULL in the CSV reader, which must not take any text for it; given back, should it come."""


class Numbered(Protocol):
    """The values of a delivery that stand in its rows."""

    @property
    def id(self) -> int:
        """Its number."""

    @property
    def region_code(self) -> str:
        """Its slot's region."""


def staging_sql(contract: Contract, delivery: Numbered, text: Text) -> str:
    """The one statement: file → cleaned text → values → the outcome of each → the staged columns."""
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
