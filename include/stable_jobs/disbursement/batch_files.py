"""The files of a batch: application, detail, the bank's messages and the bank's own file, each read back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from stable_jobs.bank import bank_csv, pain001
from stable_jobs.bank.banks import BankProfile
from stable_jobs.bank.batch import Batch, BatchHead, assert_lines
from stable_jobs.disbursement.sheets.batch_application import batch_application
from stable_jobs.disbursement.sheets.batch_detail import batch_detail
from stable_jobs.publishing.checked import checked_sum, fits_workbook, without, write_checked
from stable_jobs.publishing.table import Sum

if TYPE_CHECKING:
    import duckdb

ENGINE = {"memory_limit": "256MB", "threads": 1}
"""Settings under which 300,000 lines take less than 500 MB: with more, DuckDB keeps what it may."""

TO_TAKE_AWAY = frozenset({"disbursement_application.csv", "disbursement_application.xlsx"})
"""What of a batch may leave the server through a browser: no account number is in it. All else has them: the
detail, the messages, the bank's own file under whatever name its profile gives it."""


def write_batch_files(
    con: duckdb.DuckDBPyConnection,
    source_sql: str,
    head: BatchHead,
    profile: BankProfile,
    work: Path,
    workbook_rows: int,
) -> dict[str, Sum]:
    """Write every file of a batch into a workspace of the folder it is for; file name → what it says itself.

    con: with the settings of ENGINE. source_sql: a table expression of the lines (`read_parquet('…')`), the
    same rows whenever it is asked. A detail of more than `workbook_rows` lines is CSV only. The same lines,
    head and profile give the same bytes. StepError where a line cannot go to a bank, or where a file's own
    count or total is not the head's.
    """
    batch = Batch(replace(head, is_demo=head.is_demo or profile.demo), source_sql)
    assert_lines(con, batch)
    said: dict[str, Sum] = {}
    for table in (batch_application(batch), batch_detail(batch)):
        csv_only = [] if fits_workbook(table, workbook_rows) else [f"{table.name}.xlsx"]
        said |= write_checked(con, without(table, csv_only), work)
    return {**said, **dict(_messages(con, batch, profile, work)), **_bank_file(con, batch, profile, work)}


def _messages(
    con: duckdb.DuckDBPyConnection, batch: Batch, profile: BankProfile, work: Path
) -> Iterator[tuple[str, Sum]]:
    for message in pain001.messages(con, batch, profile):
        path = work / message.file_name
        pain001.write(con, message, path)
        yield path.name, checked_sum(path, message.sum, pain001.measure(path))


def _bank_file(
    con: duckdb.DuckDBPyConnection, batch: Batch, profile: BankProfile, work: Path
) -> dict[str, Sum]:
    path = work / profile.file.name
    bank_csv.write(con, batch, profile, path)
    return {path.name: checked_sum(path, batch.head.sum, bank_csv.measure(con, batch, profile, path))}
