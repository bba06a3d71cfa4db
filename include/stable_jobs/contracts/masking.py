"""The masking of a department's row for people: no account number, in whatever column it was put.

Once in Python, for a few staged values, and once in SQL, for rows as sent; one table of cases holds both.
"""

from __future__ import annotations

import re

from stable_jobs.accounts import BLANKS, DOTS, HYPHENS, LAST, MASK, masked, masked_sql
from stable_jobs.contracts import checks
from stable_jobs.contracts.model import Column, Contract, Kind
from stable_jobs.credit_code import may_be_shown

UNIT_CODES = ("uscc", "parent_uscc", "registration_no")
"""Columns that hold units' codes: whatever else stands there may be an account or a person's number."""
DIGIT = rf"(?:[0-9０-９][{BLANKS}{HYPHENS}]*)"
DOTTED = rf"(?:[0-9０-９]{{2,}}[{DOTS}]){{2,}}[0-9０-９]*([0-9０-９]{{{LAST}}})"
"""Groups with dots between them; an amount has one dot, a date ends with two digits."""
ACCOUNT_LIKE = f"{DIGIT}{{{13 - LAST},}}({DIGIT}{{{LAST}}})|{DOTTED}"
"""Longer than a bank's code of 12 digits: in a row whose columns are shifted, an account elsewhere."""


def mask(contract: Contract, column: Column, text: str) -> str:
    """A staged value as people may see it.

    A sensitive name is `****`; a sensitive code keeps its last four characters, if it has more than eight,
    and so does a unit's code that is neither a credit code nor a registration number, or may be a person's.
    Elsewhere in an extract that holds accounts, a number of more than 12 digits is treated like that.
    """
    if column.is_sensitive or (column.name in UNIT_CODES and not may_be_shown(text)):
        return masked(text) if column.kind is Kind.CODE else MASK
    return re.sub(ACCOUNT_LIKE, MASK + r"\1\2", text) if _may_hold_account(contract, column) else text


def mask_sql(contract: Contract, column: Column, sql: str) -> str:
    """SQL of `mask` for `sql`, the value as sent, in a query of staged rows; NULL stays NULL.

    Whether a code is a unit's, its staged value says.
    """
    hidden = masked_sql(sql) if column.kind is Kind.CODE else f"'{MASK}'"
    if column.is_sensitive:
        return f"CASE WHEN {sql} IS NOT NULL THEN {hidden} END"
    if column.name in UNIT_CODES:
        is_shown = checks.may_be_shown(f'"{column.name}"')
        return f"CASE WHEN {sql} IS NULL OR {is_shown} THEN {sql} ELSE {hidden} END"
    if _may_hold_account(contract, column):
        return rf"regexp_replace({sql}, '{ACCOUNT_LIKE}', '{MASK}\1\2', 'g')"
    return sql


def _may_hold_account(contract: Contract, column: Column) -> bool:
    has_account = any(c.is_account_no for c in contract.columns)
    return has_account and column.name not in UNIT_CODES
