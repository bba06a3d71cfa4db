"""SQL for the codes of the field, for DuckDB: over a batch's different codes first, then back to its rows.

No braces and no percent signs: Great Expectations formats the text, drivers read percent signs.
`stable_jobs.credit_code` says the same in Python; a property test holds the two together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from stable_jobs.credit_code import (
    ALPHABET,
    HEADS,
    IDENTITY_CHECKS,
    IDENTITY_WEIGHTS,
    NATION_WIDE,
    PROVINCES,
    WEIGHTS,
)

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
    product = "10"
    for place in range(1, digits):
        product = f"mod((mod({product} + {_digit(value, place)} - 1, 10) + 1) * 2, 11)"
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


def may_be_shown(value: str) -> str:
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


def _digit(value: str, place: int) -> str:
    return f"(ascii(substr({value}, {place}, 1)) - 48)"
