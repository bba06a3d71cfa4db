"""The content of one file: text into typed values, and the promises about it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from stable_jobs.accounts import clean_sql
from stable_jobs.contracts.model import Column, Contract, Kind
from stable_jobs.errors import DeliveryRefused
from stable_jobs.intake.decoding import FIELD_LIMIT, Text, decode, diagnose
from stable_jobs.intake.problems import Slot, refused
from stable_jobs.intake.workbook import convert
from stable_jobs.store.engine import quote_identifier, quote_literal

if TYPE_CHECKING:
    import duckdb


# --- Text into typed values ---
# Text → typed values, as SQL expressions: one statement reads a whole file (domain: section 6).
#
# Most texts are already as the canonical form of their value; `quick` takes those with one cheap test. Only
# the others are cleaned (half-width, blanks, null words) and read with patterns, which costs many times more.

TYPES: Mapping[Kind, str] = {
    Kind.TEXT: "VARCHAR",
    Kind.CODE: "VARCHAR",
    Kind.INTEGER: "BIGINT",
    Kind.MONEY: "DECIMAL(18,2)",
    Kind.DATE: "DATE",
    Kind.OPEN_DATE: "DATE",
    Kind.TIMESTAMP: "TIMESTAMP",
    Kind.MONTH: "INTEGER",
    Kind.BOOLEAN: "BOOLEAN",
    Kind.ENUM: "VARCHAR",
}
"""The DuckDB type that each kind is staged as."""

FULL_WIDTH = "".join(chr(c) for c in range(0xFF01, 0xFF5F)) + "\u3000\u00a0"
HALF_WIDTH = "".join(chr(c) for c in range(0x21, 0x7F)) + "  "
BLANKS = " \t\r\n\v\f"
UNUSUAL = f"^[{BLANKS}]|[{BLANKS}]$|[\uff01-\uff5e\u3000\u00a0]"
"""The characters that cleaning changes: blanks at the ends, full-width characters."""
SHEET_ERRORS = (
    *("#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#SPILL!", "#CALC!", "#FIELD!"),
    *("#BLOCKED!", "#CONNECT!", "#UNKNOWN!", "#BUSY!", "#EXTERNAL!", "#PYTHON!", "#GETTING_DATA"),
)
"""The texts that a spreadsheet writes without a value: never a name or a code."""
ERROR_START, ERROR_NUMBER = "Err:", r"Err:\d{3}"
"""The same from LibreOffice, `Err:502`."""
OPEN_ENDS = ("9999-12-31", "9999-09-09")

YEAR = r"(?:19|[2-9]\d)\d\d"
"""From 1900 on, in every spelling: an earlier year is a slip of the pen, or what a default value left."""
LAST = "9998-12-31"
"""The year 9999 stands for an open end, and for nothing in a column that has none."""
DAY = rf"{YEAR}-\d{{1,2}}-\d{{1,2}}|{YEAR}/\d{{1,2}}/\d{{1,2}}|{YEAR}\d{{4}}"
CLOCK = r"(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,6})?)?"
NUL = "chr(0)"
"""The filler of old programs for fixed widths: no text, and no database takes it as one."""
DIGITS_LOST = r"-?\d(\.\d+)?[Ee]\+\d+"
"""A number as a spreadsheet shows it once its digits are gone: never a code or a name."""


@dataclass(frozen=True)
class Reading:
    """The SQL of one column. `raw`, `quick`, `clean` and `value` are the names its parts have in scope."""

    column: Column
    raw: str
    quick: str
    clean: str
    value: str
    null_words: tuple[str, ...]

    def quick_sql(self) -> str:
        """The value where the text is its canonical form, NULL everywhere else."""
        value = _QUICK[self.column.kind](self)
        never = [word for word in (*self._null_words(), *SHEET_ERRORS) if self._may_be_quick(word)]
        return f"CASE WHEN {self.raw} NOT IN ({_texts(tuple(never))}) THEN {value} END" if never else value

    def _may_be_quick(self, word: str) -> bool:
        """Whether `_QUICK` could take the word for a value; only then is it looked for in each row."""
        if self.column.kind in (Kind.ENUM, Kind.BOOLEAN):
            return word in self.column.labels
        pattern = {Kind.TEXT: ".*", Kind.CODE: "[0-9A-Z]+"}.get(self.column.kind, "[-0-9.: ]+")
        return re.fullmatch(pattern, word) is not None

    def clean_sql(self) -> str:
        """NULL for an empty text or a null word; else half-width without blanks around it."""
        half = f"translate({self.raw}, {quote_literal(FULL_WIDTH)}, {quote_literal(HALF_WIDTH)})"
        text = (
            f"CASE WHEN regexp_matches({self.raw}, {quote_literal(UNUSUAL)}) "
            f"THEN trim({half}, {quote_literal(BLANKS)}) ELSE {self.raw} END"
        )
        words = _texts(("", *map(half_width, self._null_words())))
        return (
            f"CASE WHEN {self.quick} IS NULL AND {self.raw} <> '' "
            f"THEN CASE WHEN ({text}) NOT IN ({words}) THEN {text} END END"
        )

    def _null_words(self) -> tuple[str, ...]:
        """A column's own label (无) is a value there, not a null word."""
        return tuple(word for word in self.null_words if word not in self.column.labels)

    def value_sql(self) -> str:
        """The value of the column's type; NULL where there is none or it cannot be read.

        An open end (9999-12-31) is kept here, so that it differs from an unreadable date.
        """
        slow = f"CAST({_SLOW[self.column.kind](self)} AS {TYPES[self.column.kind]})"
        needs_it = f"{self.quick} IS NULL AND {self.clean} IS NOT NULL"
        return f"CASE WHEN {needs_it} THEN {slow} ELSE {self.quick} END"

    def staged_sql(self) -> str:
        """The value as it is staged."""
        if self.column.kind is Kind.OPEN_DATE:
            return f"CASE WHEN {self.value}::VARCHAR NOT IN ({_texts(OPEN_ENDS)}) THEN {self.value} END"
        return self.value

    def fate_sql(self) -> str:
        """0 staged as sent, 1 changed, 2 unreadable. Money is as sent in any plain decimal notation."""
        return (
            f"CASE WHEN {self.quick} IS NOT NULL OR {self.raw} = '' THEN 0 "
            f"WHEN {self.clean} IS NOT NULL AND {self.value} IS NULL THEN 2 "
            f"WHEN {self._is_same()} THEN 0 ELSE 1 END"
        )

    def _is_same(self) -> str:
        """Of a readable text: nothing was changed to read it."""
        match self.column.kind:
            case Kind.ENUM | Kind.BOOLEAN:
                return "false"  # a label as written was read at once
            case Kind.MONEY:
                return f"regexp_full_match({self.raw}, '{PLAIN_MONEY}')"
        return f"{self.raw} = ({self.staged_sql()})::VARCHAR"


def half_width(text: str) -> str:
    """The same as `clean_sql`, for a contract's own words."""
    return text.translate(str.maketrans(FULL_WIDTH, HALF_WIDTH)).strip(BLANKS)


def readings(contract: Contract) -> list[Reading]:
    """One reading per column, in contract order, over the names `r<i>`, `q<i>`, `c<i>`, `v<i>`."""
    return [
        Reading(column, f"r{i}", f"q{i}", f"c{i}", f"v{i}", contract.null_words)
        for i, column in enumerate(contract.columns)
    ]


def _texts(words: tuple[str, ...]) -> str:
    return ", ".join(map(quote_literal, dict.fromkeys(words)))


def _quick_text(r: Reading) -> str:
    usual = f"NOT contains({r.raw}, 'E+') AND NOT regexp_matches({r.raw}, {quote_literal(UNUSUAL)})"
    usual += f" AND NOT contains({r.raw}, {NUL}) AND NOT starts_with({r.raw}, '{ERROR_START}')"
    return f"CASE WHEN {r.raw} <> '' AND {usual} THEN {r.raw} END"


def _quick_code(r: Reading) -> str:
    return f"CASE WHEN regexp_full_match({r.raw}, '[0-9A-Z]+') THEN {r.raw} END"


def _quick_label(r: Reading) -> str:
    labels = "".join(f" WHEN {quote_literal(k)} THEN {quote_literal(v)}" for k, v in r.column.labels.items())
    return f"CAST(CASE {r.raw}{labels} END AS {TYPES[r.column.kind]})"


def _quick_cast(condition: str) -> Callable[[Reading], str]:
    """A text that its own value is written as. `condition` keeps out what the engine knows and we do not."""

    def sql(r: Reading) -> str:
        value = f"TRY_CAST({r.raw} AS {TYPES[r.column.kind]})"
        return (
            f"CASE WHEN {value}::VARCHAR = {r.raw}{condition.format(raw=r.raw, value=value)} THEN {value} END"
        )

    return sql


def _quick_open_date(r: Reading) -> str:
    from_1900 = _quick_cast(" AND length({raw}) = 10 AND {value} >= DATE '1900-01-01'")
    return f"CASE WHEN {r.raw} NOT IN ({_texts(OPEN_ENDS)}) THEN {from_1900(r)} END"


_QUICK: Mapping[Kind, Callable[[Reading], str]] = {
    Kind.TEXT: _quick_text,
    Kind.CODE: _quick_code,
    Kind.INTEGER: _quick_cast(""),
    Kind.MONEY: _quick_cast(""),
    Kind.DATE: _quick_cast(
        f" AND length({{raw}}) = 10 AND {{value}} BETWEEN DATE '1900-01-01' AND DATE '{LAST}'"
    ),
    Kind.OPEN_DATE: _quick_open_date,
    Kind.TIMESTAMP: _quick_cast(
        f" AND length({{raw}}) = 19 AND {{value}}::DATE BETWEEN DATE '1900-01-01' AND DATE '{LAST}'"
    ),
    Kind.MONTH: _quick_cast(" AND {value} BETWEEN 190001 AND 999812 AND {value} % 100 BETWEEN 1 AND 12"),
    Kind.BOOLEAN: _quick_label,
    Kind.ENUM: _quick_label,
}

PLAIN_MONEY = r"-?\d+(\.\d{1,2}0*)?"


def _text(r: Reading) -> str:
    return f"CASE WHEN {_is_text(r)} THEN {r.raw} END"


def _code(r: Reading) -> str:
    code = clean_sql(r.clean) if r.column.is_account_no else f"upper({r.clean})"
    return f"CASE WHEN {_is_text(r)} THEN {code} END"


def _is_text(r: Reading) -> str:
    """No NUL in it, and not what a spreadsheet leaves of a value that it could not hold."""
    lost = f"regexp_full_match({r.clean}, '{DIGITS_LOST}|{ERROR_NUMBER}')"
    return f"NOT contains({r.raw}, {NUL}) AND {r.clean} NOT IN ({_texts(SHEET_ERRORS)}) AND NOT {lost}"


def _number(r: Reading, plain: str, grouped: str) -> str:
    """Digits with or without thousands separators, these only where they belong."""
    kind = TYPES[r.column.kind]
    return (
        f"CASE WHEN regexp_full_match({r.clean}, '{plain}') THEN TRY_CAST({r.clean} AS {kind}) "
        f"WHEN regexp_full_match({r.clean}, '{grouped}') "
        f"THEN TRY_CAST(replace({r.clean}, ',', '') AS {kind}) END"
    )


def _integer(r: Reading) -> str:
    return _number(r, r"-?\d+", r"-?\d{1,3}(,\d{3})+")


def _money(r: Reading) -> str:
    return _number(r, PLAIN_MONEY, r"-?\d{1,3}(,\d{3})+(\.\d{1,2}0*)?")


def _iso(day: str) -> str:
    """`2020/5/11` and `20200511` as `2020-5-11` and `2020-05-11`."""
    eight = f"{day}[1:4] || '-' || {day}[5:6] || '-' || {day}[7:8]"
    return f"CASE WHEN regexp_full_match({day}, '\\d{{8}}') THEN {eight} ELSE replace({day}, '/', '-') END"


def _open_date(r: Reading) -> str:
    return f"CASE WHEN regexp_full_match({r.clean}, '{DAY}') THEN TRY_CAST({_iso(r.clean)} AS DATE) END"


def _date(r: Reading) -> str:
    return f"CASE WHEN NOT starts_with({r.clean}, '9999') THEN {_open_date(r)} END"


def _timestamp(r: Reading) -> str:
    local = f"regexp_replace({r.clean}, '\\+08:?00$', '')"
    day, clock = (f"regexp_extract({local}, '^({DAY})[T ]+({CLOCK})$', {group})" for group in (1, 2))
    whole = f"regexp_full_match({local}, '({DAY})[T ]+({CLOCK})')"
    known = f"{whole} AND NOT starts_with({local}, '9999')"
    return f"CASE WHEN {known} THEN TRY_CAST({_iso(day)} || ' ' || {_padded(clock)} AS TIMESTAMP) END"


def _padded(clock: str) -> str:
    """`8:30` → `08:30:00`."""
    two = f"CASE WHEN {clock}[2] = ':' THEN '0' || {clock} ELSE {clock} END"
    return f"({two}) || CASE WHEN length({clock}) <= 5 THEN ':00' ELSE '' END"


def _month(r: Reading) -> str:
    month = r"0[1-9]|1[0-2]"
    parted = f"regexp_full_match({r.clean}, '{YEAR}[-/]({month}|[1-9])')"
    return (
        f"CASE WHEN starts_with({r.clean}, '9999') THEN NULL "
        f"WHEN regexp_full_match({r.clean}, '{YEAR}({month})') THEN TRY_CAST({r.clean} AS INTEGER) "
        f"WHEN {parted} THEN TRY_CAST({r.clean}[1:4] || lpad({r.clean}[6:], 2, '0') AS INTEGER) END"
    )


def _label(r: Reading) -> str:
    labels = {half_width(label): value for label, value in r.column.labels.items()}
    cases = "".join(f" WHEN {quote_literal(k)} THEN {quote_literal(v)}" for k, v in labels.items())
    return f"CASE {r.clean}{cases} END"


_SLOW: Mapping[Kind, Callable[[Reading], str]] = {
    Kind.TEXT: _text,
    Kind.CODE: _code,
    Kind.INTEGER: _integer,
    Kind.MONEY: _money,
    Kind.DATE: _date,
    Kind.OPEN_DATE: _open_date,
    Kind.TIMESTAMP: _timestamp,
    Kind.MONTH: _month,
    Kind.BOOLEAN: _label,
    Kind.ENUM: _label,
}


# --- Rows and promises ---
# The content of one file: agreed text → staged rows, then its promises, for every sender and place.
#
# Neither catalog nor lake: the night stages with it, and a department checks a file with it before it sends.


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
    return f"greatest({', '.join(f'f{i}' for i in range(len(columns)))}) > {above}"
