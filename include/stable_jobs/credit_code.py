"""The codes of the field: unified social credit codes, registration numbers, CNAPS bank codes.

Sources: GB 32100-2015 (credit code); ISO 7064 MOD 11,10 (the 15-digit registration number that the credit
code replaced, and the 12-digit CNAPS code); GB 11643-1999 (identity-card numbers). All functions take text as
normalised: upper case, half width. `contracts.checks` says the same in SQL.
"""

from __future__ import annotations

import re
from datetime import date

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""31 characters: no I, O, S, V, Z."""

WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
"""Of the first 17 characters."""

KINDS = {
    "1": "1239",  # 机构编制
    "2": "19",  # 外交
    "3": "123459",  # 司法行政
    "4": "19",  # 文化
    "5": "123459",  # 民政; 4 and 5, 居民委员会 and 村民委员会, came after the standard
    "6": "129",  # 旅游
    "7": "129",  # 宗教
    "8": "19",  # 工会
    "9": "1239",  # 市场监管
    "A": "19",  # 中央军委改革和编制办公室
    "N": "1239",  # 农业
    "Y": "19",  # 其他
}
"""The kinds of organisation (2nd character) that each registering authority (1st character) registers."""
HEADS = tuple(authority + kind for authority, kinds in KINDS.items() for kind in kinds)
"""The first two characters that a credit code may have."""
PROVINCES = (
    "11", "12", "13", "14", "15", "21", "22", "23", "31", "32", "33", "34", "35", "36", "37", "41", "42",
    "43", "44", "45", "46", "50", "51", "52", "53", "54", "61", "62", "63", "64", "65", "71", "81", "82",
)  # fmt: skip
"""The provinces of GB/T 2260. A code keeps the division of its first registration, which may be long
abolished, and zones that register firms have numbers that GB/T 2260 never had (110302, 320594, 500905): of a
division only the province is sure."""
NATION_WIDE = "100000"
"""The division of what a national authority registered."""
IDENTITY = re.compile(r"[1-9][0-9]{5}(?P<born>(?:19|20)[0-9]{6})[0-9]{3}[0-9X]")
OLD_IDENTITY = re.compile(r"[1-9][0-9]{5}(?P<born>[0-9]{6})[0-9]{3}")
IDENTITY_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
IDENTITY_CHECKS = "10X98765432"


def check_character(first17: str) -> str:
    """The 18th character of a credit code; ValueError unless given 17 characters of the alphabet."""
    if len(first17) != len(WEIGHTS) or not set(first17) <= set(ALPHABET):
        raise ValueError(f"not 17 characters of the credit code's alphabet: {first17}")
    total = sum(ALPHABET.index(c) * w for c, w in zip(first17, WEIGHTS, strict=True))
    return ALPHABET[-total % 31]


def registration_check_digit(first14: str) -> str:
    """The 15th digit of an old registration number; ValueError unless given 14 digits."""
    return _mod_11_10(first14, 14)


def cnaps_check_digit(first11: str) -> str:
    """The 12th digit of a CNAPS bank code; ValueError unless given 11 digits."""
    return _mod_11_10(first11, 11)


def is_credit_code(text: str) -> bool:
    """An 18-character unified social credit code: authority, kind, division and check character are right."""
    return has_code_shape(text) and text[:2] in HEADS and check_character(text[:17]) == text[17]


def has_code_shape(text: str) -> bool:
    """18 characters of the alphabet: an authority, a kind, a division; the check character may be wrong."""
    return (
        len(text) == 18
        and set(text) <= set(ALPHABET)
        and text[0] in KINDS
        and text[1] in "123456789"
        and _is_division(text[2:8])
    )


def is_registration_no(text: str) -> bool:
    """An old 15-digit registration number with its right check digit, of a known division."""
    return (
        len(text) == 15
        and _is_digits(text)
        and _is_division(text[:6])
        and registration_check_digit(text[:14]) == text[14]
    )


def is_unit_code(text: str) -> bool:
    """Whether a column of units' codes may have it: a credit code, or the registration number it replaced."""
    return is_credit_code(text) or is_registration_no(text)


def is_identity_number(text: str) -> bool:
    """A person's identity-card number: 18 characters with their check digit, or the 15 digits of before 1999.

    Some pass as a unit's code too; they are a person's all the same.
    """
    if found := IDENTITY.fullmatch(text):
        total = sum(int(digit) * weight for digit, weight in zip(text[:17], IDENTITY_WEIGHTS, strict=True))
        return text[:2] in PROVINCES and _is_date(found["born"]) and IDENTITY_CHECKS[total % 11] == text[17]
    old = OLD_IDENTITY.fullmatch(text)
    return old is not None and text[:2] in PROVINCES and _is_date("19" + old["born"])


def may_be_shown(text: str) -> bool:
    """Whether a text is a unit's code for certain: anything else may be an account or a person's number."""
    return is_unit_code(text) and not is_identity_number(text)


def is_cnaps(text: str) -> bool:
    """A 12-digit CNAPS bank code with its right check digit."""
    return len(text) == 12 and _is_digits(text) and cnaps_check_digit(text[:11]) == text[11]


def make_credit_code(first17: str) -> str:
    """A valid code from its first 17 characters."""
    return first17 + check_character(first17)


def make_registration_no(first14: str) -> str:
    """A valid registration number from its first 14 digits."""
    return first14 + registration_check_digit(first14)


def make_cnaps(first11: str) -> str:
    """A valid bank code from its first 11 digits."""
    return first11 + cnaps_check_digit(first11)


def _is_division(text: str) -> bool:
    return _is_digits(text) and (text[:2] in PROVINCES or text == NATION_WIDE)


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(f"{text[:4]}-{text[4:6]}-{text[6:]}")
    except ValueError:
        return False
    return True


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _mod_11_10(payload: str, length: int) -> str:
    if len(payload) != length or not _is_digits(payload):
        raise ValueError(f"not {length} digits: {payload}")
    product = 10
    for digit in payload:
        product = ((product + int(digit) - 1) % 10 + 1) * 2 % 11
    return str((11 - product) % 10)
