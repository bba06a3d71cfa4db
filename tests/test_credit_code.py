"""Check digits against published codes, and against python-stdnum where it can be trusted."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import uscc as oracle

from stable_jobs.credit_code import (
    ALPHABET,
    check_character,
    cnaps_check_digit,
    is_cnaps,
    is_credit_code,
    is_identity_number,
    is_registration_no,
    make_cnaps,
    make_credit_code,
    make_registration_no,
    may_be_shown,
    registration_check_digit,
)

SUBSTITUTES = st.sampled_from(ALPHABET)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        pytest.param("91110000600037341L", True, id="published, ends in a letter"),
        pytest.param("91350100M000100Y43", True, id="published, letters inside"),
        pytest.param("911522010783710635", True, id="published, digits only"),
        pytest.param("91110000600037341N", False, id="wrong check character"),
        pytest.param("9111000060003IOZSV", False, id="letters outside the alphabet"),
        pytest.param("91110000600037341l", False, id="small letter"),
        pytest.param("91110000600037341", False, id="17 characters"),
        pytest.param("91110000600037341L0", False, id="19 characters"),
        pytest.param("９1110000600037341L", False, id="full-width digit"),
        pytest.param("", False, id="empty"),
        pytest.param("000000000000000000", False, id="18 zeros"),
        pytest.param(make_credit_code("91000000000000000"), False, id="no division"),
        pytest.param(make_credit_code("91999999MA0000000"), False, id="a division of no province"),
        pytest.param(make_credit_code("9111A101MA0000000"), False, id="a letter in the division"),
        pytest.param(make_credit_code("91100000MA0000000"), True, id="a national authority's"),
        pytest.param(make_credit_code("91110302MA0000000"), True, id="a zone that GB/T 2260 never had"),
        pytest.param(make_credit_code("91510224MA0000000"), True, id="a county abolished in 1997"),
        pytest.param(make_credit_code("01110000MA0000000"), False, id="authority 0"),
        pytest.param(make_credit_code("B1110000MA0000000"), False, id="authority B"),
        pytest.param(make_credit_code("95110000MA0000000"), False, id="a kind that the authority has not"),
        pytest.param(make_credit_code("N4110000MA0000000"), False, id="a kind that agriculture has not"),
        pytest.param(make_credit_code("55110000MA0000000"), True, id="a village committee"),
    ],
)
def test_is_credit_code(code: str, expected: bool) -> None:
    assert is_credit_code(code) is expected


@pytest.mark.parametrize("first", [pytest.param(c, id=f"authority {c}") for c in "159ANY"])
def test_letters_of_registering_authorities_are_real(first: str) -> None:
    assert is_credit_code(make_credit_code(first + "1110000600037341"))


def test_stdnum_agrees_on_codes_led_by_a_digit() -> None:
    """Independent oracle; it refuses authorities A, N and Y, so it is asked about digits only."""
    rng = random.Random(2020)
    for _ in range(2_000):
        body = "91" + "110000" + "".join(rng.choices(ALPHABET, k=9))
        code = body + rng.choice(ALPHABET)
        assert is_credit_code(code) is oracle.is_valid(code), code
        assert oracle.is_valid(make_credit_code(body))


@given(st.text(ALPHABET, min_size=9, max_size=9), st.integers(0, 16), SUBSTITUTES)
def test_one_wrong_character_is_caught(body: str, place: int, other: str) -> None:
    code = make_credit_code("91110000" + body)
    spoiled = code[:place] + other + code[place + 1 :]
    assert is_credit_code(code)
    assert is_credit_code(spoiled) is (spoiled == code)


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        pytest.param("110108000000016", True, id="ISO 7064 MOD 11,10"),
        pytest.param("110108000000017", False, id="wrong check digit"),
        pytest.param("11010800000001", False, id="14 digits"),
        pytest.param("1101080000000160", False, id="16 digits"),
        pytest.param("11010800000001A", False, id="a letter"),
        pytest.param("１10108000000016", False, id="full-width digit"),
        pytest.param("", False, id="empty"),
        pytest.param("000000000000000", False, id="15 zeros"),
        pytest.param(make_registration_no("99999900000001"), False, id="a division of no province"),
        pytest.param(make_registration_no("10000000000001"), True, id="a national authority's"),
    ],
)
def test_is_registration_no(number: str, expected: bool) -> None:
    assert is_registration_no(number) is expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        pytest.param("102100099996", True, id="ICBC head office"),
        pytest.param("105584000021", True, id="CCB Shenzhen"),
        pytest.param("102100099997", False, id="wrong check digit"),
        pytest.param("10210009999", False, id="11 digits"),
        pytest.param("10210009999X", False, id="a letter"),
        pytest.param("²02100099996", False, id="superscript digit"),
    ],
)
def test_is_cnaps(code: str, expected: bool) -> None:
    assert is_cnaps(code) is expected


@given(st.integers(0, 10**14 - 1), st.integers(0, 10**11 - 1))
def test_stdnum_agrees_on_mod_11_10(number: int, code: int) -> None:
    from stdnum.iso7064 import mod_11_10

    assert registration_check_digit(f"{number:014}") == mod_11_10.calc_check_digit(f"{number:014}")
    assert mod_11_10.is_valid(make_registration_no(f"{number:014}"))
    assert cnaps_check_digit(f"{code:011}") == mod_11_10.calc_check_digit(f"{code:011}")
    assert is_cnaps(make_cnaps(f"{code:011}"))


@pytest.mark.parametrize(
    ("make", "payload"),
    [
        pytest.param(check_character, "9111000060003734", id="credit code: 16 characters"),
        pytest.param(check_character, "9111000060003734I", id="credit code: a letter outside"),
        pytest.param(registration_check_digit, "1101080000000", id="registration number: 13 digits"),
        pytest.param(cnaps_check_digit, "1021000999A", id="bank code: a letter"),
    ],
)
def test_what_has_no_check_digit(make: Callable[[str], str], payload: str) -> None:
    with pytest.raises(ValueError, match="not 1"):
        make(payload)


PERSON = "511119195001010569"
OLD_PERSON = "360101400101009"
"""Made-up identity-card numbers that pass as a credit code, and as a registration number."""


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        pytest.param("11010519491231002X", True, id="the standard's own example"),
        pytest.param("110105194912310021", False, id="wrong check digit"),
        pytest.param("11010519490231002X", False, id="no such day"),
        pytest.param("99010519491231002X", False, id="no such province"),
        pytest.param("110105491231002", True, id="15 digits"),
        pytest.param("110105491331002", False, id="15 digits, no such month"),
        pytest.param("91110000600037341L", False, id="a credit code"),
        pytest.param("110108000000016", False, id="a registration number"),
        pytest.param("", False, id="empty"),
    ],
)
def test_is_identity_number(number: str, expected: bool) -> None:
    assert is_identity_number(number) is expected


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("91110000600037341L", True, id="a credit code"),
        pytest.param("110108000000016", True, id="a registration number"),
        pytest.param(PERSON, False, id="a person's number that passes as a credit code"),
        pytest.param(OLD_PERSON, False, id="a person's number that passes as a registration number"),
        pytest.param("6222000220961514681", False, id="an account"),
    ],
)
def test_a_persons_number_is_never_shown(text: str, shown: bool) -> None:
    assert may_be_shown(text) is shown


def test_the_numbers_of_persons_do_pass_as_codes() -> None:
    assert is_credit_code(PERSON)
    assert is_registration_no(OLD_PERSON)
