"""Account numbers: how departments write them, which a bank can take, when two are the same, what is shown.

Once in Python and once in SQL for DuckDB; `account_key` of the database says the same of two accounts. A
table of cases holds them together. SQL is for text in half width; it has no braces, percent signs or colons,
because rules are formatted on their way to the engine.
"""

from __future__ import annotations

import re
import unicodedata

BLANKS = "\t\n\v\f\r\x1c-\x1f \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
HYPHENS = (
    "\u058a\u05be\u1806\u2010-\u2015\u2043\u207b\u208b\u2212\u2e17\u2e1a\u2e3a\u2e3b\u2e40\u301c\u3030\u30a0\u30fc"
    "\ufe31\ufe32\ufe58\ufe63\uff0d\uff70\\-"
)
DOTS = ".\xb7\u2022\u2024\u2027\u2219\u22c5\u3002\u30fb\uff0e\uff61\uff65"
SEPARATORS = BLANKS + DOTS + HYPHENS
"""The separators that people put between groups of digits, as the inside of a class of characters."""
SHORTEST, LONGEST = 5, 34
"""Characters of a number that a bank can take; ISO 20022 has room for 34."""
FEWEST_DIGITS = 5
MASK = "****"
LAST = 4
"""Characters that are shown of what is masked, and those only of a text that is long enough."""

GROUPED = rf"[0-9A-Z]+([{SEPARATORS}]+[0-9A-Z]+)*"
DECIMAL = r"[^.]*\.[^.]*|.*\.[0-9][0-9]?"
"""One dot, or a last group of two digits: a program wrote it, and its last digits are not the account's."""
DAY = r"(19|20)[0-9][0-9][-.](0?[1-9]|1[0-2])[-.](0?[1-9]|[12][0-9]|3[01])"
POWER = r"[0-9]+E[0-9]+[DFL]?"
"""`622202E12`, `62220E18D`: a number in powers of ten, whose digits are gone."""
HEX = "0X[0-9A-F]+"


def clean_account_no(text: str) -> str:
    """A number as a bank takes it: half width, upper case, nothing between its groups, leading zeros kept.

    A text that is no number in groups (a decimal, a date, a formula, stars) stays, so that a rule finds it.
    """
    plain = half_width(text).strip().upper()
    is_number = re.fullmatch(GROUPED, plain) and not re.fullmatch(f"{DECIMAL}|{DAY}", plain)
    return re.sub(f"[{SEPARATORS}]", "", plain) if is_number else plain


def half_width(text: str) -> str:
    """Full-width letters, digits and signs as half-width ones; nothing else is read as a digit."""
    return "".join(chr(ord(c) - 0xFEE0) if "\uff01" <= c <= "\uff5e" else c for c in text)


def is_account_no(text: str) -> bool:
    """Whether a bank can take a number, after cleaning."""
    return bool(
        SHORTEST <= len(text) <= LONGEST
        and re.fullmatch("[0-9A-Z]+", text)
        and len(re.sub("[^0-9]", "", text)) >= FEWEST_DIGITS
        and not re.fullmatch(f"{POWER}|{HEX}", text)
        and text.replace(text[0], "")
    )


def account_key(text: str) -> str:
    """By which accounts are compared: without width, case, blanks, hyphens, dots and leading zeros."""
    plain = unicodedata.normalize("NFKC", text).upper()
    return re.sub(f"[{SEPARATORS}]", "", plain).lstrip("0")


def masked(text: str) -> str:
    """`****1234`: the last four characters of more than eight; of a shorter text nothing."""
    return MASK + text[-LAST:] if len(text) > 2 * LAST else MASK


def masked_sql(value: str, *, keeps_length: bool = False) -> str:
    """SQL of `masked`, for DuckDB and PostgreSQL; NULL becomes `****`.

    keeps_length: a star for each character that is hidden, and the last four from eight characters on, as the
    published lists of accounts have it.
    """
    stars, least = (f"repeat('*', length({value}) - {LAST})", ">=") if keeps_length else (f"'{MASK}'", ">")
    shown = f"{stars} || right({value}, {LAST})"
    return f"CASE WHEN length({value}) {least} {2 * LAST} THEN {shown} ELSE '{MASK}' END"


def clean_sql(value: str) -> str:
    """SQL of `clean_account_no` for text that is in half width, without blanks around it."""
    plain = f"upper({value})"
    return (
        f"CASE WHEN regexp_full_match({plain}, '{GROUPED}') "
        f"AND NOT regexp_full_match({plain}, '{DECIMAL}|{DAY}') "
        f"THEN regexp_replace({plain}, '[{SEPARATORS}]', '', 'g') ELSE {plain} END"
    )


def is_account_no_sql(value: str) -> str:
    """SQL of `is_account_no`."""
    return (
        f"length({value}) BETWEEN {SHORTEST} AND {LONGEST} AND regexp_full_match({value}, '[0-9A-Z]+') "
        f"AND length(regexp_replace({value}, '[^0-9]', '', 'g')) >= {FEWEST_DIGITS} "
        f"AND NOT regexp_full_match({value}, '{POWER}|{HEX}') "
        f"AND replace({value}, substr({value}, 1, 1), '') <> ''"
    )
