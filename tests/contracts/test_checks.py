"""SQL and Python say the same of every code."""

from __future__ import annotations

import random
from collections.abc import Callable

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from stable_jobs import credit_code
from stable_jobs.contracts import checks

DIGITS = "0123456789"
PLACES = ("110000", "360100", "100000", "650105")
PERSONS = ("511119195001010569", "360101400101009", "11010519491231002X")


def sql(con: duckdb.DuckDBPyConnection, check: checks.Check, codes: list[str]) -> list[bool]:
    query = f"SELECT {check('code')} FROM (SELECT unnest(?) AS code)"
    return [value for (value,) in con.execute(query, [codes]).fetchall()]


PAIRS = [
    pytest.param(checks.unit_code, credit_code.is_unit_code, id="credit code or registration number"),
    pytest.param(checks.credit_code, credit_code.is_credit_code, id="credit code"),
    pytest.param(checks.registration_no, credit_code.is_registration_no, id="registration number"),
    pytest.param(checks.bank_code, credit_code.is_cnaps, id="bank code"),
    pytest.param(checks.identity_number, credit_code.is_identity_number, id="identity-card number"),
    pytest.param(checks.may_be_shown_sql, credit_code.may_be_shown, id="what may be shown"),
]


@pytest.mark.parametrize(("check", "python"), PAIRS)
def test_sql_agrees_on_right_and_nearly_right_codes(
    duck: duckdb.DuckDBPyConnection, check: checks.Check, python: Callable[[str], bool]
) -> None:
    rng = random.Random(32100)
    codes = [code for _ in range(3_000) for code in nearly(rng)]
    found = sql(duck, check, codes)
    assert found == [python(code) for code in codes]
    assert sum(found) >= 1_000


def nearly(rng: random.Random) -> list[str]:
    """A valid code of each sort; and each with another last character, without it, and with one more."""
    head, place = rng.choice([*credit_code.HEADS, "00", "B1"]), rng.choice([*PLACES, "999999", "11011A"])
    born = f"{rng.choice((19, 20))}{rng.randrange(10**6):06}"
    valid = [
        credit_code.make_credit_code(head + place + "".join(rng.choices(credit_code.ALPHABET, k=9))),
        credit_code.make_registration_no(rng.choice(PLACES) + "".join(rng.choices(DIGITS, k=8))),
        rng.choice(PLACES) + born + "".join(rng.choices(DIGITS, k=3)) + rng.choice(DIGITS + "X"),
        rng.choice(PLACES) + born[2:] + "".join(rng.choices(DIGITS, k=3)),
        *PERSONS,
        credit_code.make_cnaps("".join(rng.choices(DIGITS, k=11))),
    ]
    endings = (rng.choice(credit_code.ALPHABET), "", rng.choice(DIGITS) * 2)
    return valid + [code[:-1] + ending for code in valid for ending in endings] + [c + "0" for c in valid]


@pytest.mark.parametrize(("check", "python"), PAIRS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(
    codes=st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=19), min_size=1, max_size=40)
)
def test_sql_agrees_on_any_text(
    duck: duckdb.DuckDBPyConnection, check: checks.Check, python: Callable[[str], bool], codes: list[str]
) -> None:
    assert sql(duck, check, codes) == [python(code) for code in codes]


def test_the_queries_have_no_braces_and_no_percent_signs() -> None:
    """Great Expectations formats the query, drivers read percent signs, SQLAlchemy reads `:name`."""
    query = checks.rows_where(checks.fails("uscc", checks.unit_code))
    plain = query.replace("{batch}", "")
    assert not set("{}%") & set(plain)
    assert not text(plain).compile().params
