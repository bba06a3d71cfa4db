"""What a reason may say, and what is kept of one that was taken already."""

from __future__ import annotations

import pytest

from stable_jobs.errors import UsageError
from stable_jobs.ledger.people import CUT, LONGEST_REASON, MASKED, check_reason, kept_reason

ACCOUNTS = [
    pytest.param("is 6222021234567890123 his", id="in one piece"),
    pytest.param("6222 0212 3456 7890 123", id="in groups"),
    pytest.param("６２２２０２１２３４５６７８９０１２３", id="full width"),
    pytest.param("6222-0212-3456-7890", id="hyphens"),
    pytest.param("1502.0110.4990", id="dots, twelve digits"),
    pytest.param("150201104990", id="twelve digits"),
    pytest.param("ICBC6222021234567890", id="beside letters"),
    pytest.param("6222_0212_3456_7890", id="underscores"),
    pytest.param("6222\u30000212\u30003456\u30007890", id="wide blanks"),
    pytest.param("6222 - 0212 - 3456 - 7890", id="blanks and hyphens"),
    pytest.param("٦٢٢٢٠٢١٢٣٤٥٦٧٨٩٠", id="other digits"),
]


@pytest.mark.parametrize("text", ACCOUNTS)
def test_an_account_is_refused_without_being_shown(text: str) -> None:
    with pytest.raises(UsageError, match="shows an account number") as refused:
        check_reason(text)
    assert not any(c.isdigit() for c in str(refused.value))


@pytest.mark.parametrize("text", ACCOUNTS)
def test_of_one_that_was_taken_the_last_four_are_kept(text: str) -> None:
    kept = kept_reason(text)
    assert kept.endswith(MASKED)
    assert sum(c.isdigit() for c in kept) <= 4


@pytest.mark.parametrize(
    "text",
    [
        "see 911101050000000022",
        "letter 2020-0519-001",
        "batch 610100-20200519-L1-1",
        "line 20-610100-91610100MA6T000014-01-01",
        "on 2020-05-11 and 2020-05-12",
        "20200511 20200512",
        "call 13812345678",
        "voucher 77, 1,234,567,890.12 yuan",
        "2020 610100",
        "",
    ],
)
def test_other_numbers_may_stand_in_it(text: str) -> None:
    assert check_reason(text) == text == kept_reason(text)


@pytest.mark.parametrize("text", ["x" * 501, "稳" * 501])
def test_too_long_a_reason_is_refused_or_cut_where_it_was_taken(text: str) -> None:
    with pytest.raises(UsageError, match="at most 500 characters, this one has 501"):
        check_reason(text)
    kept = kept_reason(text)
    assert (len(kept), kept.endswith(CUT)) == (LONGEST_REASON, True)


@pytest.mark.parametrize(
    ("taken", "kept"),
    [
        pytest.param("a\0b", "a⟨U+0000⟩b", id="NUL"),
        pytest.param("l\u202ei", "l⟨U+202E⟩i", id="bidirectional"),
        pytest.param(None, "", id="nothing"),
        pytest.param(5, "5", id="a number"),
        pytest.param(" x \n", "x", id="blanks"),
        pytest.param("two\r\nlines", "two\nlines", id="lines"),
    ],
)
def test_whatever_was_taken_is_kept_as_text(taken: object, kept: str) -> None:
    assert kept_reason(taken) == kept
