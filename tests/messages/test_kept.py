"""What was kept in English is said in Chinese; each note of the shipped policy files has its Chinese."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

import stable_jobs
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
    assert not english(kept_of(text).zh)


SQL = Path(stable_jobs.__file__).parent / "ledger" / "sql"
REASON = re.compile(r"\breason = '((?:[^']|'')+)'")
FALLING = re.compile(r"THEN '([a-z_]+:?)'|ELSE '([a-z_]+)'")


def written_by_the_ledger() -> set[str]:
    """Every reason of a change that stands in the ledger's statements; with a code where one follows."""
    statements = [path.read_text(encoding="utf-8") for path in SQL.glob("*.sql")]
    texts = {found.replace("''", "'") for one in statements for found in REASON.findall(one)}
    entitlements = (SQL / "entitlements.sql").read_text(encoding="utf-8")
    falling = entitlements.partition("-- name: falling")[2].partition("END AS reason")[0]
    texts |= {"".join(found) for found in FALLING.findall(falling)}
    follows = {"same account: ": "bank", "ineligible:": "layoff_rate", "undecided:": "size_known_unknown"}
    return {text + follows.get(text, "") for text in texts}


def test_the_statements_were_read() -> None:
    found = written_by_the_ledger()
    assert {"notice ended", "unit_gone", "amount_changed", "ineligible:layoff_rate", "deadline"} <= found


@pytest.mark.parametrize("text", sorted(written_by_the_ledger()))
def test_a_reason_of_the_ledger(text: str) -> None:
    assert kept_of(text).zh != text
    assert not english(kept_of(text).zh)


@pytest.mark.parametrize("words", [pytest.param(one, id=one.en[:40]) for one in KEPT])
def test_a_pattern_fits_itself(words: object) -> None:
    assert kept_of(words.en).zh == words.zh  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("text", "chinese"),
    [
        pytest.param("notice ended", "公示期满", id="the ledger's reason"),
        pytest.param(
            "ineligible:layoff_rate;applied",
            "不符合：裁员率高于规定上限；未申请或未签署承诺书",
            id="with codes",
        ),
        pytest.param(
            "calibrated to the totals published on 2020-05-11", "按 2020-05-11 公布的总数校准", id="a date"
        ),
        pytest.param("same account: our_file", "沿用原账户：付款文件的问题", id="a fault"),
        pytest.param(
            "settled: 20-610100-X-01-01 paid", "银行答复矛盾已处理：20-610100-X-01-01 已拨付", id="settled"
        ),
        pytest.param("户名已更正", "户名已更正", id="a person's own words"),
        pytest.param("notice ended early", "notice ended early", id="not the whole text"),
    ],
)
def test_kept(text: str, chinese: str) -> None:
    assert kept_of(text).zh == chinese
    assert kept_of(text).en == text
