"""Who, why and where: every command that writes asks for them, before it looks at the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import pytest

from stable_jobs.cli.people import read_amount, read_unit
from stable_jobs.errors import UsageError
from tests.cli.conftest import Run

CODE = "91610100MA6T00001X"
WHO, WHY = ["--by", "li"], ["--reason", "a letter"]
AT = ["--region", "610100"]
WRITES = {
    "objection add": [*AT, "--uscc", CODE, *WHY, *WHO],
    "objection uphold": ["1", *WHY, *WHO],
    "objection dismiss": ["1", *WHY, *WHO],
    "batch approve": ["610100-20200519-L1-1", "--level", "1", "--yes", *WHO],
    "batch refuse": ["610100-20200519-L1-1", "--level", "1", *WHY, *WHO],
    "approver add": ["first", *AT, "--level", "1", *WHO],
    "approver remove": ["first", *AT, "--level", "1", *WHO],
    "hold": ["610100", *WHY, *WHO],
    "release": ["610100", *WHY, *WHO],
    "recovery close": ["1", "--outcome", "dropped", *WHY, *WHO],
    "refund rule": ["1", "--same", *WHY, *WHO],
    "budget set": ["610100", "--year", "2020", "--amount", "5", *WHY, *WHO],
}
ARGUED = [name for name, given in WRITES.items() if "--reason" in given]
PLACED = [name for name, given in WRITES.items() if "610100" in given]


def swapped(given: Sequence[str], option: str, value: str | None) -> list[str]:
    place = given.index(option)
    return [*given[:place], *([option, value] if value is not None else []), *given[place + 2 :]]


@pytest.mark.parametrize("name", WRITES)
def test_what_is_right_reaches_the_ledger(dry: Run, name: str) -> None:
    done = dry(*name.split(), *WRITES[name])
    assert (done.code, "The database" in done.err) == (1, True), done.err


@pytest.mark.parametrize("name", WRITES)
@pytest.mark.parametrize(
    ("person", "said"),
    [
        pytest.param(None, "--by", id="nobody"),
        pytest.param("", "--by is empty", id="empty"),
        pytest.param(" \t", "--by is empty", id="blank"),
        pytest.param("l\u202ei", "⟨U+202E⟩", id="a hidden character"),
        pytest.param(" Stable-Jobs ", "your own", id="the name of the machinery"),
    ],
)
def test_a_person_is_named(dry: Run, name: str, person: str | None, said: str) -> None:
    done = dry(*name.split(), *swapped(WRITES[name], "--by", person))
    assert (done.code, said in done.err) == (2, True), done.err


@pytest.mark.parametrize("name", ARGUED)
@pytest.mark.parametrize(
    ("reason", "said"),
    [
        pytest.param(None, "--reason", id="none"),
        pytest.param("", "--reason is empty", id="empty"),
        pytest.param("two\nlines", "one line", id="two lines"),
        pytest.param("is 6222021234567890123 his", "account number", id="an account"),
    ],
)
def test_a_reason_is_given(dry: Run, name: str, reason: str | None, said: str) -> None:
    done = dry(*name.split(), *swapped(WRITES[name], "--reason", reason))
    assert (done.code, said in done.err) == (2, True), done.err
    assert "6222021234567890123" not in done.err


@pytest.mark.parametrize("code", ["911101050000000022", "letter 2020-0519-001"])
def test_a_reason_may_name_a_unit_or_a_letter(dry: Run, code: str) -> None:
    done = dry("hold", "610100", *WHO, "--reason", f"see {code}")
    assert done.code == 1, done.err


@pytest.mark.parametrize("name", PLACED)
@pytest.mark.parametrize(
    "region", ["", "61010", "６１０１００", "999999", "610100'", "Xi'an"], ids=lambda code: repr(code)
)
def test_a_region_is_known(dry: Run, name: str, region: str) -> None:
    given = [region if one == "610100" else one for one in WRITES[name]]
    done = dry(*name.split(), *given)
    assert (done.code, "is no region" in done.err) == (2, True), done.err


@pytest.mark.parametrize(
    ("name", "code"),
    [
        pytest.param("hold", 1, id="payments may stop everywhere"),
        pytest.param("release", 1, id="and go on"),
        pytest.param("approver add", 1, id="an approver of all regions"),
        pytest.param("objection add", 2, id="no unit is everywhere"),
        pytest.param("budget set", 2, id="no fund is everywhere"),
    ],
)
def test_all_regions(dry: Run, name: str, code: int) -> None:
    given = ["000000" if one == "610100" else one for one in WRITES[name]]
    assert dry(*name.split(), *given).code == code


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["objection", "list"], id="objections"),
        pytest.param(["recovery", "list"], id="recovery cases"),
        pytest.param(["refund", "list"], id="refunds"),
        pytest.param(["approver", "list"], id="approvers"),
        pytest.param(["holds"], id="holds"),
        pytest.param(["ledger", "sums"], id="sums"),
        pytest.param(["ledger", "show", "--uscc", CODE], id="a unit"),
    ],
)
def test_a_list_of_no_region_is_refused(dry: Run, arguments: list[str]) -> None:
    done = dry(*arguments, "--region", "999999")
    assert (done.code, "is no region" in done.err) == (2, True), done.err


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        pytest.param("0", Decimal(0), id="nothing"),
        pytest.param("12.5", Decimal("12.50"), id="one place"),
        pytest.param("9999999999999999.99", Decimal("9999999999999999.99"), id="the most"),
    ],
)
def test_amounts(text: str, amount: Decimal) -> None:
    assert read_amount(text) == amount


@pytest.mark.parametrize("text", ["", "-1", "1e5", "1.005", "1,000", "NaN", "１", "10000000000000000", "1\n"])
def test_no_amounts(text: str) -> None:
    with pytest.raises(UsageError, match="is no amount"):
        read_amount(text)


def test_a_unit_is_found_however_its_code_is_typed() -> None:
    assert read_unit(" ９1610100ma6t00001x ") == CODE
