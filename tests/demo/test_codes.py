from __future__ import annotations

import numpy as np
import pytest
from stdnum.cn import uscc as oracle
from stdnum.iso7064 import mod_11_10

from stable_jobs_demo import codes


def full(count: int, text: str) -> np.ndarray:
    return np.full(count, text, dtype=object)


@pytest.mark.parametrize("serial", [0, 29_000_000], ids=["first", "beyond the largest tier"])
def test_credit_codes_are_valid_and_unlike_each_other(serial: int) -> None:
    serials = np.arange(serial, serial + 5_000)

    found = codes.credit_codes(serials, full(5_000, "91"), full(5_000, "360100"), seed=7)

    assert len(set(found)) == 5_000
    assert all(oracle.is_valid(code) for code in found)
    assert all(code.startswith("91360100") for code in found)


def test_another_seed_makes_other_codes() -> None:
    one, two = (
        codes.credit_codes(np.arange(50), full(50, "91"), full(50, "360100"), seed) for seed in (1, 2)
    )

    assert not set(one) & set(two)


@pytest.mark.parametrize(
    ("found", "length"),
    [
        pytest.param(codes.registration_numbers(np.arange(500), "610100"), 15, id="registration numbers"),
        pytest.param(codes.bank_codes(60), 12, id="bank codes"),
    ],
)
def test_numbers_carry_their_check_digit(found: np.ndarray, length: int) -> None:
    assert len(set(found)) == len(found)
    assert all(len(number) == length and mod_11_10.is_valid(number) for number in found)


def test_a_published_check_digit() -> None:
    assert codes.mod_11_10(np.array([[0, 7, 9, 4]])).tolist() == [5]  # the example of ISO 7064


def test_accounts_of_a_unit_differ() -> None:
    tax, payee = (codes.account_numbers(np.arange(1_000), 7, kind) for kind in (1, 2))

    assert len({*tax, *payee}) == 2_000
    assert {len(number) for number in tax} == {19}
