"""Every refusal speaks to the clerk; what is shown of a hostile file is harmless."""

from __future__ import annotations

import re

import pytest

from stable_jobs.intake.problems import Slot, problem, shown
from stable_jobs.messages.refusals import REFUSALS


@pytest.mark.parametrize("rule", REFUSALS)
def test_both_languages(rule: str) -> None:
    found = problem(Slot("tax", "payments", "610100"), rule, expected="a", found="b", row=3, column="c")

    for text in (found.what_zh, found.next_step_zh):
        assert re.search(r"[\u4e00-\u9fff]", text)
    for text in (found.what_en, found.next_step_en):
        assert re.fullmatch(r"[ -~]*[a-z]{2,} [a-z][ -~]*", text)
    assert found.sentence().startswith("tax/payments 610100 row 3 column c: ")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("缴费类型", "缴费类型", id="plain"),
        pytest.param("户 6222021234567890123", "户 " + "*" * 19, id="account number"),
        pytest.param("６２２２０２１２３４５６７８９", "*" * 15, id="account number in full width"),
        pytest.param("610100", "610100", id="region code"),
        pytest.param("a\nb\x1b[31m", "a\\nb\\x1b[31m", id="control characters"),
        pytest.param("x" * 100, "x" * 60 + "…", id="long"),
    ],
)
def test_shown(text: str, expected: str) -> None:
    assert shown(text) == expected
