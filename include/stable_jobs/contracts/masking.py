"""What people may see of a row that holds an account: its number nowhere, whatever column it was put into.

Once in Python, for a few values, and once in SQL, for a file of them; one table of cases holds both.
"""

from __future__ import annotations

import re

from stable_jobs.contracts import checks
from stable_jobs.contracts.model import Column, Contract, Kind
from stable_jobs.credit_code import is_credit_code, is_registration_no

MASK = "****"
SHOWN = 4
"""Last characters that are shown, and those only of more than twice as many."""
DIGIT = "(?:[0-9０-９][ -]?)"
LONGEST_CODE = 12
"""Digits of a bank's code: a longer number in a row whose columns are shifted may be an account."""
LONGEST_PART = 8
"""Digits that a credit code with letters in it starts with."""


def mask(contract: Contract, column: Column, text: str) -> str:
    """The text as people may see it.

    A sensitive name is `****`; a sensitive code keeps its last four characters, if it has more than eight.
    Elsewhere in an extract that holds accounts, a number of more than 12 digits is treated so; in a `uscc`
    that is neither a credit code nor a registration number, one of more than 8.
    """
    if column.is_sensitive:
        return MASK + text[-SHOWN:] if column.kind is Kind.CODE and len(text) > 2 * SHOWN else MASK
    if not _has_account(contract) or (column.name == "uscc" and _is_unit_code(text)):
        return text
    return re.sub(_account_like(column), MASK + r"\1", text)


def mask_sql(contract: Contract, column: Column, sql: str) -> str:
    """SQL of `mask` of the text `sql`."""
    if column.is_sensitive:
        shown = f"'{MASK}' || right({sql}, {SHOWN})"
        is_shown = f"{column.kind is Kind.CODE} AND length({sql}) > {2 * SHOWN}"
        return f"CASE WHEN {is_shown} THEN {shown} WHEN {sql} IS NOT NULL THEN '{MASK}' END"
    if not _has_account(contract):
        return sql
    masked = rf"regexp_replace({sql}, '{_account_like(column)}', '{MASK}\1', 'g')"
    return (
        f"CASE WHEN {checks.unit_code(sql)} THEN {sql} ELSE {masked} END" if column.name == "uscc" else masked
    )


def _has_account(contract: Contract) -> bool:
    return any(c.is_sensitive and c.kind is Kind.CODE for c in contract.columns)


def _is_unit_code(text: str) -> bool:
    return is_credit_code(text) or is_registration_no(text)


def _account_like(column: Column) -> str:
    """A pattern, of both languages: a number longer than the column's own; its end is the group."""
    longest = LONGEST_PART if column.name == "uscc" else LONGEST_CODE
    return f"{DIGIT}{{{longest + 1 - SHOWN},}}({DIGIT}{{{SHOWN}}})"
