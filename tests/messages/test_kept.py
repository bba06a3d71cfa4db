"""What was kept in English is said in Chinese; each note of the shipped policy files has its Chinese."""

from __future__ import annotations

import pytest
import yaml

from stable_jobs.messages.kept import KEPT, kept_of
from stable_jobs.settings import data_folder
from tests.latin import english


def said_in_policies() -> set[str]:
    """Every note and reference of the shipped policy files."""
    found: set[str] = set()
    waiting = [
        yaml.load(file.read_text(encoding="utf-8"), yaml.BaseLoader)  # texts only
        for file in data_folder("policies").rglob("*.yaml")
    ]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            found |= {text for name, text in one.items() if name in ("note", "reference")}
        waiting += one.values() if isinstance(one, dict) else one if isinstance(one, list) else []
    return found


@pytest.mark.parametrize("text", sorted(said_in_policies()))
def test_a_note_or_reference_of_a_policy(text: str) -> None:
    assert set(english(kept_of(text).zh)) <= {"null"}


@pytest.mark.parametrize("words", [pytest.param(one, id=one.en[:40]) for one in KEPT])
def test_a_pattern_fits_itself(words: object) -> None:
    assert kept_of(words.en).zh == words.zh  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("text", "chinese"),
    [
        pytest.param("notice ended", "公示期满", id="the ledger's reason"),
        pytest.param("ineligible:layoff_rate", "不符合：layoff_rate", id="with codes"),
        pytest.param(
            "calibrated to the totals published on 2020-05-11", "按 2020-05-11 公布的总数校准", id="a date"
        ),
        pytest.param("户名已更正", "户名已更正", id="a person's own words"),
        pytest.param("notice ended early", "notice ended early", id="not the whole text"),
    ],
)
def test_kept(text: str, chinese: str) -> None:
    assert kept_of(text).zh == chinese
    assert kept_of(text).en == text
