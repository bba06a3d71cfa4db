"""The check digits of the field: unified social credit codes, registration numbers, CNAPS bank codes.

Sources: GB 32100-2015 (credit code); ISO 7064 MOD 11,10 (the 15-digit registration number that the credit
code replaced, and the 12-digit CNAPS code). All functions take text as normalised: upper case, half width.
"""

from __future__ import annotations

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""31 characters: no I, O, S, V, Z."""

WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
"""Of the first 17 characters."""


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
    """An 18-character unified social credit code with its right check character."""
    return len(text) == 18 and set(text) <= set(ALPHABET) and check_character(text[:17]) == text[17]


def is_registration_no(text: str) -> bool:
    """An old 15-digit registration number with its right check digit."""
    return len(text) == 15 and _is_digits(text) and registration_check_digit(text[:14]) == text[14]


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


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _mod_11_10(payload: str, length: int) -> str:
    if len(payload) != length or not _is_digits(payload):
        raise ValueError(f"not {length} digits: {payload}")
    product = 10
    for digit in payload:
        product = ((product + int(digit) - 1) % 10 + 1) * 2 % 11
    return str((11 - product) % 10)
