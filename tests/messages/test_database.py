"""The sentences of the database's functions are in the book, and a Chinese page shows their Chinese."""

# ruff: noqa: E501 - one case a line reads as a table

from __future__ import annotations

import re
from pathlib import Path

import pytest

import stable_jobs
from stable_jobs.messages.database import BY_DATABASE, CONSTRAINTS, database_refusal
from stable_jobs.words import Words
from tests.latin import english

SCHEMA = Path(stable_jobs.__file__).parent / "store" / "schema"
RAISED = re.compile(r"RAISE EXCEPTION\s+((?:'(?:[^']|'')*'\s*)+)")
PIECE = re.compile(r"'((?:[^']|'')*)'")
PLACE = re.compile(r"{(\w+)}")


def raised() -> set[str]:
    """Each sentence of the schema's functions, with `{}` in its places."""
    return {
        "".join(PIECE.findall(re.sub(r"'\s+'", "' '", found))).replace("''", "'").replace("%", "{}")
        for path in SCHEMA.glob("**/*.sql")
        for found in RAISED.findall(path.read_text(encoding="utf-8"))
    }


def filled(sentence: Words) -> str:
    """The English sentence with a number in each place."""
    return PLACE.sub("7", sentence.en)


def test_the_book_has_each_sentence_of_the_database() -> None:
    assert {PLACE.sub("{}", one.en) for one in BY_DATABASE} == raised()


@pytest.mark.parametrize("one", [pytest.param(one, id=one.en[:50]) for one in (*BY_DATABASE, *CONSTRAINTS)])
def test_a_sentence_is_found_again(one: Words) -> None:
    assert set(PLACE.findall(one.zh)) == set(PLACE.findall(one.en))
    found = database_refusal(filled(one))
    assert (found.zh, found.en) == (PLACE.sub("7", one.zh), filled(one))
    assert not english(found.zh)


@pytest.mark.parametrize(
    ("text", "chinese"),
    [
        pytest.param(
            "batch B1: li si is not assigned as approver 1 of region 610100",
            "批次 B1：li si 未被指定为地区 610100 的第 1 级审批人",
            id="a name with a blank",
        ),
        pytest.param(
            "payment 3: voided cannot become published",
            "第 3 笔拨付：不能由“已作废”改为“已发布”",
            id="states",
        ),
        pytest.param(
            "publishing batch B1 of region 610100 on 2020-05-11: its newest decided night is none",
            "地区 610100，2020-05-11，发布批次 B1：其最新认定的一夜为 无",
            id="an act",
        ),
        pytest.param(
            "a batch of region 610100: payments are stopped: hold: 核查中 (li)",
            "地区 610100，组批：拨付已暂停：人工暂停（核查中 (li)）",
            id="a person's reason",
        ),
        pytest.param(
            "the night of region 610100 is not taken over: policy: 2 values that nobody has confirmed;"
            " stable-jobs policy show --region 610100",
            "地区 610100 的一夜未登记：政策参数未经复核（2 项参数无人复核；stable-jobs policy show --region 610100）",
            id="values that wait",
        ),
        pytest.param(
            "the night of region 610100 is not taken over: policy: 610100/general.yaml: document: expected a"
            " value; found nothing; next: correct this place in the policy file and run again; stable-jobs"
            " policy show --region 610100",
            "地区 610100 的一夜未登记：政策参数未经复核（610100/general.yaml：全文：应为：有一个值；实际：没有；下一步："
            "请更正政策文件中所指之处，再次运行；stable-jobs policy show --region 610100）",
            id="a fault of a policy file",
        ),
        pytest.param(
            "the unit of line 20-610100-91610100MA6TXXXX1X-01-01: doubt may not be paid until a person has ruled",
            "20-610100-91610100MA6TXXXX1X-01-01（疑点）：经人裁定之前，该单位不得拨付",
            id="a doubt",
        ),
        pytest.param(
            'new row for relation "event_hands" violates check constraint "event_hands_person_check"',
            "表 event_hands 不接受这样的一行（约束 event_hands_person_check）",
            id="a constraint",
        ),
        pytest.param("something else", "台账的规则不允许", id="a sentence that is not known"),
    ],
)
def test_in_chinese(text: str, chinese: str) -> None:
    found = database_refusal(text)
    assert (found.zh, found.en) == (chinese, text)
