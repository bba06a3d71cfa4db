"""The database compares accounts and names as Python does."""

from __future__ import annotations

import re

import pytest

from stable_jobs.accounts import SEPARATORS, account_key
from stable_jobs.names import BLANKS, STANDARD, comparable_name
from tests.ledger.conftest import Books


def characters(inside: str) -> list[str]:
    """The characters of a class."""
    pattern = re.compile(f"[{inside}]")
    return [c for c in map(chr, range(1, 0x10000)) if pattern.match(c)]


ACCOUNTS = [
    "150201104990", "1502-0110-4990", "0006222021234567", "６２２２０２１２３４", "nra-12345678",
    "6222.0212.3456", "000000", *(f"62{c}22" for c in characters(SEPARATORS)), "62_22", "62/22", "①②③",
]  # fmt: skip
NAMES = [
    "南昌（集团）Ａ公司", "单 位\u3000", "南昌\u200b", "ﬁ\u2028", *STANDARD, *STANDARD.values(),
    "\ue000\U00100000", *(f"南{c}昌" for c in characters(BLANKS)),
]  # fmt: skip


def test_accounts_have_the_same_key(books: Books) -> None:
    texts = "unnest(CAST(:texts AS text[])) WITH ORDINALITY t (v, n)"
    query = f"SELECT coalesce(account_key(v), '') FROM {texts} ORDER BY n"
    assert [key for (key,) in books.ask(query, texts=ACCOUNTS)] == [account_key(text) for text in ACCOUNTS]


def test_names_have_the_same_key(books: Books) -> None:
    query = "SELECT name_key(v) FROM unnest(CAST(:texts AS text[])) WITH ORDINALITY t (v, n) ORDER BY n"
    assert [key for (key,) in books.ask(query, texts=NAMES)] == [comparable_name(text) for text in NAMES]


@pytest.mark.parametrize("function", ["account_key(NULL)", "name_key(NULL)"])
def test_nothing_has_no_key(books: Books, function: str) -> None:
    assert books.ask(f"SELECT {function}") == [(None,)]
