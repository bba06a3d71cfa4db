"""Made-up but valid numbers: credit codes, registration numbers, bank codes, accounts.

Each serial number becomes one number by an invertible step, so that no two units share one and nothing
has to be compared. The check digits are computed here, apart from the product's own: the demo must not
inherit its errors.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""The 31 characters of GB 32100-2015."""
_LETTERS = np.frombuffer(ALPHABET.encode(), dtype=np.uint8)
_VALUE = np.full(256, -1, dtype=np.int64)
_VALUE[_LETTERS] = np.arange(31)
_WEIGHTS = np.array([pow(3, i, 31) for i in range(17)], dtype=np.int64)
_BODY = 31**9
_STEP = 314_159_265_359  # shares no factor with 31, and times 20 million stays inside 64 bits
_ACCOUNTS = 10**11
_ACCOUNT_STEP = 27_182_819  # shares no factor with 10


def _texts(characters: Array) -> Array:
    """A matrix of ASCII characters, one row a text, as an array of `str`."""
    rows = np.ascontiguousarray(characters.astype(np.uint8))
    return rows.view(f"S{rows.shape[1]}").ravel().astype(f"U{rows.shape[1]}").astype(object)


def _digits(numbers: Array, base: int, width: int) -> Array:
    """The `width` digits of each number in `base`, most significant first."""
    powers = np.array([base**k for k in range(width - 1, -1, -1)], dtype=np.int64)
    return (numbers[:, None] // powers) % base


def _characters(texts: Array, width: int) -> Array:
    """An array of ASCII texts of one width as a matrix of bytes."""
    packed = np.ascontiguousarray(texts.astype(f"S{width}"))
    return packed.view(np.uint8).reshape(len(texts), width)


def credit_codes(serials: Array, prefixes: Array, places: Array, seed: int) -> Array:
    """Unified social credit codes (统一社会信用代码, GB 32100-2015), check digit included.

    serials: int64, unique; prefixes: two characters (authority and kind); places: six digits.
    """
    body = _LETTERS[_digits((serials * _STEP + seed * 7_919) % _BODY, 31, 9)]
    head = np.hstack([_characters(prefixes, 2), _characters(places, 6), body])
    check = -(_VALUE[head] * _WEIGHTS).sum(axis=1) % 31
    return _texts(np.hstack([head, _LETTERS[check][:, None]]))


def mod_11_10(digits: Array) -> Array:
    """The check digit of ISO 7064 MOD 11,10 for each row of a matrix of digits."""
    product = np.full(len(digits), 10, dtype=np.int64)
    for column in digits.T:
        total = (product + column) % 10
        product = np.where(total == 0, 10, total) * 2 % 11
    return (11 - product) % 10


def _checked(digits: Array) -> Array:
    """Digits with their MOD 11,10 check digit, as texts."""
    return _texts(np.hstack([digits, mod_11_10(digits)[:, None]]) + ord("0"))


def registration_numbers(serials: Array, place: str) -> Array:
    """Old 15-digit registration numbers (注册号): place, eight digits, check digit."""
    return _checked(_digits(int(place) * 10**8 + serials, 10, 14))


def bank_codes(count: int) -> Array:
    """Bank codes (行号, CNAPS): 12 digits, the last a check digit."""
    serials = np.arange(count, dtype=np.int64)
    return _checked(_digits(10_200_000_000 + serials * 10_007_013, 10, 11))


def account_numbers(serials: Array, seed: int, kind: int) -> Array:
    """19-digit account numbers; `kind` (0 to 9) keeps a unit's several accounts apart."""
    body = (serials * _ACCOUNT_STEP + seed * 104_729) % _ACCOUNTS
    return _texts(_digits((62_220_000 + kind) * _ACCOUNTS + body, 10, 19) + ord("0"))
