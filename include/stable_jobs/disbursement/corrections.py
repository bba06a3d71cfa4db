"""A returned payment gets another account by two people: one enters it, another confirms it."""

# ruff: noqa: S608 - what is put into queries is this package's own

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, text

from stable_jobs.accounts import clean_account_no, masked_sql
from stable_jobs.bank.batch import line_fault_sql
from stable_jobs.credit_code import is_cnaps
from stable_jobs.disbursement.answer_lists import work_list_query
from stable_jobs.errors import LedgerRefused, UsageError
from stable_jobs.ledger.event import ledger_event
from stable_jobs.ledger.returns import confirm_account, enter_account
from stable_jobs.messages.ledger_refusals import refusal
from stable_jobs.settings import Settings
from stable_jobs.store.database import database


@dataclass(frozen=True)
class Account:
    """An account as a person enters it. bank_code: CNAPS."""

    account_name: str
    account_no: str = field(repr=False)
    bank_code: str
    bank_name: str


@dataclass(frozen=True)
class Correction:
    """A corrected account that waits for its confirmation. account: masked; amount: yuan.

    is_own_name: the account's name is the unit's (NFKC, without blanks); it is shown instead of the name.
    """

    id: int
    end_to_end_id: str
    region_code: str
    uscc: str
    unit_name: str
    amount: Decimal
    account: str
    is_own_name: bool
    bank_code: str
    bank_name: str | None
    entered_by: str


def correct(settings: Settings, end_to_end_id: str, person: str, account: Account) -> int:
    """Enter an account for the returned payment of that end-to-end id; the correction's number.

    UsageError, without the account, where no bank could take it; LedgerRefused where nothing was returned.
    """
    plain = _plain(account)
    _check(plain)
    with (
        database(settings) as engine,
        ledger_event(engine, "account entered", actor=person, subject=end_to_end_id) as event,
    ):
        return enter_account(event, end_to_end_id, person, **vars(plain))


def confirm(settings: Settings, correction_id: int, person: str, account_no: str) -> None:
    """Confirm what another person entered, by typing its number again; the payment goes into the next batch.

    LedgerRefused otherwise, without either number.
    """
    with (
        database(settings) as engine,
        ledger_event(engine, "account confirmed", actor=person, subject=str(correction_id)) as event,
    ):
        confirm_account(event, correction_id, person, account_no)


def waiting_corrections(connection: Connection) -> list[Correction]:
    """Unconfirmed corrections of payments that are still returned, by number."""
    return [Correction(**row) for row in connection.execute(text(WAITING)).mappings()]


def waiting_correction(connection: Connection, correction_id: int) -> Correction:
    """The correction with that number. LedgerRefused if it does not wait for a confirmation."""
    found = [one for one in waiting_corrections(connection) if one.id == correction_id]
    if not found:
        raise LedgerRefused(refusal("correction_not_waiting", number=correction_id))
    return found[0]


WAITING = f"""
    SELECT k.id, coalesce(i.end_to_end_id, (
               SELECT o.end_to_end_id FROM failed_lines f JOIN instructions o ON o.line_id = f.line_id
               WHERE f.entitlement_id = e.id ORDER BY f.line_id DESC LIMIT 1)) AS end_to_end_id,
           e.region_code, e.uscc, e.unit_name, p.amount,
           {masked_sql("k.account_no", keeps_length=True)} AS account,
           name_key(k.account_name) = name_key(e.unit_name) AS is_own_name,
           k.bank_code, k.bank_name, k.entered_by
    FROM account_corrections k JOIN payments p ON p.id = k.payment_id AND (p.state = 'returned'
        OR k.after_attempt = 0 AND p.state IN ('on_notice', 'objected', 'cleared'))
    JOIN entitlements e ON e.id = p.entitlement_id
    LEFT JOIN instructions i ON i.payment_id = p.id AND i.attempt = k.after_attempt
    LEFT JOIN account_confirmations f ON f.correction_id = k.id
    WHERE k.source = 'person' AND f.correction_id IS NULL
      AND k.after_attempt = (SELECT coalesce(max(attempt), 0) FROM instructions WHERE payment_id = p.id)
    ORDER BY k.id
"""


def returned_payments(connection: Connection, on: date) -> Sequence[Any]:
    """Rows of the work list of that date, all regions: see `sheets.answers.WORK_LIST_ROWS`."""
    return connection.execute(text(work_list_query(on))).all()


def _plain(account: Account) -> Account:
    """As banks write it: half width, no blanks around names, nothing between the groups of numbers."""
    name, code, bank = (
        unicodedata.normalize("NFKC", value)
        for value in (account.account_name, account.bank_code, account.bank_name)
    )
    return Account(name.strip(), clean_account_no(account.account_no), re.sub(r"\s", "", code), bank.strip())


def _check(account: Account) -> None:
    """Refuse here what would later stop a whole batch."""
    import duckdb

    if not is_cnaps(account.bank_code):
        raise UsageError(
            "--bank-code: expected 12 digits of CNAPS with their check digit; found another text"
        )
    fields = ("account_name", "account_no", "bank_code", "bank_name")
    given = ", ".join(f"? AS {name}" for name in fields)
    line = f"SELECT 1 AS line_no, 'X' AS end_to_end_id, 1 AS amount, 'X' AS uscc, 'X' AS unit_name, {given}"
    with duckdb.connect() as con:
        asked = con.execute(f"SELECT {line_fault_sql()} FROM ({line})", [getattr(account, f) for f in fields])
        fault = asked.fetchall()[0][0]
    if fault is not None:
        raise UsageError(f"the account cannot be taken: {fault}")
