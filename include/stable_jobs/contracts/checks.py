"""Values of the field, checked and masked: the SQL of their checks, and what people may see of a row."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from stable_jobs.accounts import BLANKS, DOTS, HYPHENS, LAST, MASK, masked, masked_sql
from stable_jobs.contracts.model import Column, Contract, Kind
from stable_jobs.credit_code import (
    ALPHABET,
    HEADS,
    IDENTITY_CHECKS,
    IDENTITY_WEIGHTS,
    NATION_WIDE,
    PROVINCES,
    WEIGHTS,
    may_be_shown,
)

# --- Checks as SQL ---
# SQL for the codes of the field, for DuckDB: over a batch's different codes first, then back to its rows.
#
# No braces and no percent signs: Great Expectations formats the text, drivers read percent signs.
# `stable_jobs.credit_code` says the same in Python; a property test holds the two together.

Check = Callable[[str], str]


def credit_code(value: str) -> str:
    """True for an 18-character unified social credit code (GB 32100-2015).

    Alphabet, authority and kind, division, check character.
    """
    terms = (
        f"(strpos('{ALPHABET}', substr({value}, {place}, 1)) - 1) * {weight}"
        for place, weight in enumerate(WEIGHTS, start=1)
    )
    check = f"strpos('{ALPHABET}', substr({value}, 18, 1)) - 1"
    return (
        f"length({value}) = 18 AND regexp_full_match({value}, '[{ALPHABET}]+') "
        f"AND substr({value}, 1, 2) IN ({_texts(HEADS)}) AND {_division(f'substr({value}, 3, 6)')} "
        f"AND mod(31 - mod({' + '.join(terms)}, 31), 31) = {check}"
    )


def mod_11_10(value: str, digits: int) -> str:
    """True for `digits` decimal digits of which the last is the check digit of ISO 7064 MOD 11,10."""
    own = f"list_transform(range(1, {digits}), lambda place: {_digit(value, 'place')})"
    step = "mod((mod(product + digit - 1, 10) + 1) * 2, 11)"
    product = f"list_reduce({own}, lambda product, digit: {step}, 10)"
    return (
        f"length({value}) = {digits} AND regexp_full_match({value}, '[0-9]+') "
        f"AND mod({product} + {_digit(value, digits)}, 10) = 1"
    )


def registration_no(value: str) -> str:
    """True for an old 15-digit registration number."""
    return f"{mod_11_10(value, 15)} AND {_division(f'substr({value}, 1, 6)')}"


def bank_code(value: str) -> str:
    """True for a 12-digit CNAPS bank code."""
    return mod_11_10(value, 12)


def unit_code(value: str) -> str:
    """True for what a `uscc` column may hold: a credit code, or the registration number it replaced."""
    return f"({credit_code(value)}) OR ({registration_no(value)})"


def identity_number(value: str) -> str:
    """True for a person's identity-card number, of 18 characters or of the 15 of before 1999."""
    total = " + ".join(
        f"{_digit(value, place)} * {weight}" for place, weight in enumerate(IDENTITY_WEIGHTS, start=1)
    )
    check = f"substr('{IDENTITY_CHECKS}', mod({total}, 11) + 1, 1) = substr({value}, 18, 1)"
    new = f"regexp_full_match({value}, '[1-9][0-9]+[0-9X]') AND {_born(f'substr({value}, 7, 8)')} AND {check}"
    born = f"'19' || substr({value}, 7, 6)"
    old = f"regexp_full_match({value}, '[1-9][0-9]+') AND {_born(f'({born})')}"
    return (
        f"substr({value}, 1, 2) IN ({_texts(PROVINCES)}) AND CASE length({value}) "
        f"WHEN 18 THEN {new} WHEN 15 THEN {old} ELSE false END"
    )


def may_be_shown_sql(value: str) -> str:
    """True for what is a unit's code for certain, and no person's number."""
    return f"({unit_code(value)}) AND NOT ({identity_number(value)})"


def registered(column: str) -> str:
    """True for rows whose code people registered for their region, in `registered_codes (code, region)`.

    The region is the row's own or, where that cannot be read, the one the file was sent for.
    """
    known = "SELECT code, region FROM registered_codes"
    return (
        f'(("{column}", coalesce(region_code, delivery_region)) IN ({known}) '
        f'OR ("{column}", delivery_region) IN ({known}))'
    )


def fails(column: str, check: Check) -> str:
    """True for rows whose code fails `check`; empty codes do not.

    Each different code is checked once: an aggregate, since the engine would push the condition below a
    DISTINCT and check every row's (2 s instead of 0.4 for 4 million rows).
    """
    codes = f'SELECT min("{column}") AS code FROM {{batch}} GROUP BY "{column}"'  # noqa: S608 - a checked identifier
    bad = f"SELECT code FROM ({codes}) AS codes WHERE NOT ({check('code')})"  # noqa: S608 - texts of this module
    return f'"{column}" IN ({bad})'


def rows_where(failing: str) -> str:
    """The query of a rule: every column of the rows that meet the condition."""
    return "SELECT * FROM {batch} WHERE " + failing  # noqa: S608 - conditions are built here, of checked identifiers


def _division(value: str) -> str:
    """Of six digits: of a province, or of the nation's authorities."""
    return (
        f"regexp_full_match({value}, '[0-9]+') "
        f"AND (substr({value}, 1, 2) IN ({_texts(PROVINCES)}) OR {value} = '{NATION_WIDE}')"
    )


def _born(value: str) -> str:
    """Of eight characters: a day of the 20th or 21st century."""
    day = f"substr({value}, 1, 4) || '-' || substr({value}, 5, 2) || '-' || substr({value}, 7, 2)"
    return f"(substr({value}, 1, 2) IN ('19', '20') AND TRY_CAST({day} AS DATE) IS NOT NULL)"


def _texts(words: Iterable[str]) -> str:
    return ", ".join(f"'{word}'" for word in words)


def _digit(value: str, place: int | str) -> str:
    return f"(ascii(substr({value}, {place}, 1)) - 48)"


# --- Masking ---
# The masking of a department's row for people: no account number, in whatever column it was put.
#
# Once in Python, for a few values, and once in SQL, for a list of rows; one table of cases holds both. The
# engine needs 50 ms to prepare the SQL of one unit's code.

UNIT_CODES = ("uscc", "parent_uscc", "registration_no")
"""Columns that hold units' codes: whatever else stands there may be an account or a person's number."""
DIGIT = rf"(?:[0-9０-９][{BLANKS}{HYPHENS}]*)"
DOTTED = rf"(?:[0-9０-９]{{2,}}[{DOTS}]){{2,}}[0-9０-９]*([0-9０-９]{{{LAST}}})"
"""Groups with dots between them; an amount has one dot, a date ends with two digits."""
ACCOUNT_LIKE = f"{DIGIT}{{{13 - LAST},}}({DIGIT}{{{LAST}}})|{DOTTED}"
"""Longer than a bank's code of 12 digits: in a row whose columns are shifted, an account elsewhere."""


def mask(contract: Contract, column: Column, text: str) -> str:
    """A staged value as people may see it; `mask_as_sent` says how."""
    return mask_as_sent(contract, column, text, text)


def mask_as_sent(contract: Contract, column: Column, text: str, staged: str | None) -> str:
    """A value as it was sent, as people may see it. staged: the value that was read from it.

    A sensitive name is `****`; a sensitive code keeps its last four characters, if it has more than eight,
    and so does a unit's code that is neither a credit code nor a registration number, or may be a person's.
    Elsewhere in an extract that holds accounts, a number of more than 12 digits is treated like that.
    """
    is_shown = column.name not in UNIT_CODES or (staged is not None and may_be_shown(staged))
    if column.is_sensitive or not is_shown:
        return masked(text) if column.kind is Kind.CODE else MASK
    return re.sub(ACCOUNT_LIKE, MASK + r"\1\2", text) if _may_hold_account(contract, column) else text


def mask_sql(contract: Contract, column: Column, sql: str) -> str:
    """SQL of `mask_as_sent` for `sql`, the value as sent, in a query of staged rows; NULL stays NULL."""
    hidden = masked_sql(sql) if column.kind is Kind.CODE else f"'{MASK}'"
    if column.is_sensitive:
        return f"CASE WHEN {sql} IS NOT NULL THEN {hidden} END"
    if column.name in UNIT_CODES:
        is_shown = may_be_shown_sql(f'"{column.name}"')
        return f"CASE WHEN {sql} IS NULL OR {is_shown} THEN {sql} ELSE {hidden} END"
    if _may_hold_account(contract, column):
        return rf"regexp_replace({sql}, '{ACCOUNT_LIKE}', '{MASK}\1\2', 'g')"
    return sql


def _may_hold_account(contract: Contract, column: Column) -> bool:
    has_account = any(c.is_account_no for c in contract.columns)
    return has_account and column.name not in UNIT_CODES
