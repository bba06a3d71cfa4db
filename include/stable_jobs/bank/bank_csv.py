"""A batch as the bank's own text file: columns, order, encoding and line ends are the profile's.

Text is quoted with `"` where it holds the delimiter or a quote. Values stand as they are; a formula is made
inert unless the profile says why not.
"""

# ruff: noqa: S608 - every name and text in SQL goes through quote_identifier or quote_literal

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from stable_jobs.bank.banks import BankColumn, BankProfile
from stable_jobs.bank.batch import Batch
from stable_jobs.publishing.files import changed_sql, inert, measured, ordered_sql
from stable_jobs.publishing.table import Column, Kind, ListTable, Sum, money_total
from stable_jobs.store.engine import quote_identifier, quote_literal

if TYPE_CHECKING:
    import duckdb

LINE_ENDS = {"crlf": "\r\n", "lf": "\n"}
FOREIGN = frozenset({"unit_name", "account_name", "bank_name"})
BLOCK = 1 << 20
DIALECT = "FORMAT csv, QUOTE '\"', ESCAPE '\"'"


def write(con: duckdb.DuckDBPyConnection, batch: Batch, profile: BankProfile, path: Path) -> None:
    """Write the batch's lines to a new file; the same lines and profile give the same bytes."""
    table, file = _table(batch, profile), profile.file
    rows = ordered_sql(table)
    if file.inert:
        rows = changed_sql(table, Kind.TEXT, inert, rows)
    named = (f"{quote_identifier(c.name)} AS {quote_identifier(c.header)}" for c in table.columns)
    plain = path.with_suffix(".plain")
    options = f"{DIALECT}, HEADER {file.header}, DELIMITER {quote_literal(file.delimiter)}"
    con.execute(f"COPY (SELECT {', '.join(named)} FROM ({rows})) TO {quote_literal(str(plain))} ({options})")
    _transcode(plain, "utf-8", path, file.encoding, LINE_ENDS[file.line_end])
    plain.unlink()


def measure(con: duckdb.DuckDBPyConnection, batch: Batch, profile: BankProfile, path: Path) -> Sum:
    """Count and total (yuan) by the file itself."""
    table, file = _table(batch, profile), profile.file
    plain = path.with_suffix(".plain")
    _transcode(path, file.encoding, plain, "utf-8", "\n")
    columns = ", ".join(f"{quote_literal(c.name)}: 'VARCHAR'" for c in table.columns)
    found = measured(
        con, table,
        f"read_csv({quote_literal(str(plain))}, header = {file.header}, auto_detect = false, quote = '\"',"
        f" escape = '\"', delim = {quote_literal(file.delimiter)}, columns = {{{columns}}})",
    )  # fmt: skip
    plain.unlink()
    made = [c.header for c in table.columns if c.kind is Kind.TEXT] if file.inert else []
    return replace(found, inert=tuple(made))


def _transcode(source: Path, read: str, target: Path, write: str, line_end: str) -> None:
    with (
        source.open(encoding=read) as reader,
        target.open("w", encoding=write, newline=line_end) as writer,
    ):
        shutil.copyfileobj(reader, writer, BLOCK)


def _table(batch: Batch, profile: BankProfile) -> ListTable:
    """The bank's columns as a list: `c0`, `c1` … by place."""
    file = profile.file
    place = {column.value: f"c{n}" for n, column in enumerate(file.columns)}
    yuan = money_total(place["amount"]) if "amount" in place else _fen_total(place["amount_fen"])
    return ListTable(
        name="bank",
        title=profile.name_zh,
        columns=tuple(_column(n, column, batch, profile) for n, column in enumerate(file.columns)),
        source=f"FROM {batch.source}",
        order="line_no",
        formats=(),
        expected=batch.head.sum,
        count_sql=f"count(*) FILTER ({place['end_to_end_id']} <> '' AND {place['account_no']} <> '')",
        total_sql=yuan,
    )


def _fen_total(column: str) -> str:
    return f"coalesce(sum(CAST({column} AS DECIMAL(18, 0))), 0) * CAST(0.01 AS DECIMAL(3, 2))"


def _column(number: int, column: BankColumn, batch: Batch, profile: BankProfile) -> Column:
    kind = Kind.TEXT if column.value in FOREIGN else Kind.WORD
    return Column(f"c{number}", column.header, kind, _value(column, batch, profile))


def _value(column: BankColumn, batch: Batch, profile: BankProfile) -> str:
    """SQL of what stands there."""
    if column.value is None:
        return quote_literal(column.constant or "")
    head, debtor = batch.head, profile.debtor
    same = {
        "batch_no": head.batch_no,
        "business_date": head.business_date.isoformat(),
        "business_day": f"{head.business_date:%Y%m%d}",
        "policy_year": str(head.policy_year),
        "currency": "CNY",
        "debtor_name": debtor.name,
        "debtor_account_no": debtor.account_no,
        "debtor_bank_code": debtor.bank_code,
    }
    made = {"amount_fen": "CAST(amount * 100 AS BIGINT)", "remittance": batch.remittance}
    if column.value in same:
        return quote_literal(same[column.value])
    return made.get(column.value, column.value)
