from __future__ import annotations

from collections import Counter
from decimal import Decimal

import pytest

from stable_jobs_demo.key import yuan
from stable_jobs_demo.outcome import TESTS, decision_of
from stable_jobs_demo.traps.base import Trap
from stable_jobs_demo.traps.every import TRAPS
from tests.demo.conftest import Demo

CODES = [*TESTS, *(f"{test}_unknown" for test in TESTS)]
NEVER_FAIL = {"size_known", "account_known"}
NEVER_UNKNOWN_ALONE = {
    "active": "a missing or quarantined taxpayer row leaves the arrears unknown too",
    "no_arrears": "the same row",
    "in_time": "a quarantined application leaves `applied` unknown too",
}


def test_the_key_has_every_unit_that_was_sent(demo: Demo) -> None:
    assert len(demo.key["units"]) == demo.result.units == sum(line["units"] for line in demo.key["totals"])
    assert demo.result.units > 25_000


def test_a_difficult_row_only_where_the_scheme_is_open(demo: Demo) -> None:
    regions = {unit["region"] for unit in demo.key["units"] if "difficult" in unit["schemes"]}

    assert regions == {"220400", "610100", "610122", "610124"}


def test_at_most_one_row_of_a_unit_is_taken(demo: Demo) -> None:
    taken = Counter(sum(row["is_taken"] for row in unit["schemes"].values()) for unit in demo.key["units"])

    assert set(taken) == {0, 1}


@pytest.mark.parametrize("trap", TRAPS, ids=lambda trap: trap.name)
def test_reasons_are_codes_in_test_order(trap: Trap) -> None:
    for reasons in (trap.general, trap.difficult or ()):
        tests = [TESTS.index(reason.removesuffix("_unknown")) for reason in reasons]
        assert tests == sorted(set(tests))
        assert set(reasons) <= set(CODES)


@pytest.mark.parametrize("test", [test for test in TESTS if test not in NEVER_FAIL])
def test_every_test_fails_alone(demo: Demo, test: str) -> None:
    assert alone(demo, test) >= 20


@pytest.mark.parametrize("test", [test for test in TESTS if test not in NEVER_UNKNOWN_ALONE])
def test_every_test_is_unknown_alone(demo: Demo, test: str) -> None:
    assert alone(demo, f"{test}_unknown") >= 20


@pytest.mark.parametrize("test", sorted(NEVER_UNKNOWN_ALONE))
def test_the_others_are_unknown_with_their_kin(demo: Demo, test: str) -> None:
    beside = [u for u in demo.key["units"] if f"{test}_unknown" in u["schemes"]["general"]["reasons"]]

    assert len(beside) >= 20


def alone(demo: Demo, reason: str) -> int:
    return sum(unit["schemes"]["general"]["reasons"] == [reason] for unit in demo.key["units"])


def test_amounts_follow_from_the_decision(demo: Demo) -> None:
    for unit in demo.key["units"]:
        for row in unit["schemes"].values():
            if row["decision"] == "ineligible":
                assert row["payable"] == "0.00"
            elif row["decision"] == "undecided" or row["already_paid"] is None or row["entitlement"] is None:
                assert row["payable"] is None
            else:
                left = Decimal(row["entitlement"]) - Decimal(row["already_paid"])
                assert Decimal(row["payable"]) == max(left, Decimal(0))


@pytest.mark.parametrize(
    ("reasons", "decision"),
    [
        pytest.param((), "eligible", id="all pass"),
        pytest.param(("size_known_unknown",), "undecided", id="some unknown"),
        pytest.param(("active", "no_arrears_unknown"), "ineligible", id="a failure beside an unknown"),
    ],
)
def test_decision(reasons: tuple[str, ...], decision: str) -> None:
    assert decision_of(reasons) == decision


@pytest.mark.parametrize(("fen", "text"), [(0, "0.00"), (5, "0.05"), (123_456, "1234.56"), (-1, None)])
def test_yuan(fen: int, text: str | None) -> None:
    assert yuan(fen) == text


def test_quarantined_units_have_no_decision(demo: Demo) -> None:
    quarantined = {(unit["region"], unit["uscc"]) for unit in demo.key["quarantined_units"]}
    decided = {(unit["region"], unit["uscc"]) for unit in demo.key["units"]}

    assert len(quarantined) >= 60
    assert not quarantined & decided


def test_orphans_are_counted_with_their_yuan(demo: Demo) -> None:
    premium = [line for line in demo.key["orphans"] if line["extract"] == "premium_payments"]

    assert all(line["fen"] > 0 and line["rows"] > 0 for line in premium)
    assert {line["extract"] for line in demo.key["orphans"]} >= {
        "taxpayers",
        "monthly_headcount",
        "exclusion_list",
    }
