"""Every code of the message book has a name in both languages, each in its own."""

from __future__ import annotations

import re

import pytest

from stable_jobs.messages import GROUPS, words_of

PLACE = re.compile(r"%\(\w+\)s|\{\w*\}")
NAMES = {"airflow"}
"""Codes that are called the same in every language."""
CODES = [pytest.param(group, code, id=f"{group}-{code}") for group, codes in GROUPS.items() for code in codes]


@pytest.mark.parametrize(("group", "code"), CODES)
def test_both_languages(group: str, code: str) -> None:
    words = words_of(group, code)
    chinese = re.compile("[\u4e00-\u9fff]")
    assert code in NAMES or chinese.search(words.zh)
    assert not chinese.search(words.en)
    assert sorted(PLACE.findall(words.zh)) == sorted(PLACE.findall(words.en))


def test_a_code_without_a_word_is_an_error() -> None:
    with pytest.raises(KeyError):
        words_of("status", "lost")
