"""Each refusal is raised with a code of the book and a value for each of its places."""

from __future__ import annotations

import ast
import pickle
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import stable_jobs
from stable_jobs.errors import LedgerRefused, UsageError
from stable_jobs.messages.ledger import LEDGER_CODE
from stable_jobs.messages.ledger_refusals import REFUSED, TEXT_OF, coded, refusal
from stable_jobs.words import Words

PRODUCT = Path(stable_jobs.__file__).parent
PLACES = re.compile(r"{(\w+)}")


def raised() -> Iterator[tuple[str, str, frozenset[str]]]:
    """Where, code and places of each call of `refusal` in the product; a call without a plain code fails."""
    for path in sorted(PRODUCT.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "refusal":
                [code] = node.args
                assert isinstance(code, ast.Constant), f"{path}:{node.lineno}"
                yield (
                    f"{path.name}:{node.lineno}",
                    str(code.value),
                    frozenset(str(one.arg) for one in node.keywords),
                )


CALLS = tuple(raised())


@pytest.mark.parametrize(("where", "code", "given"), [pytest.param(*one, id=one[0]) for one in CALLS])
def test_a_refusal_has_a_value_for_each_place(where: str, code: str, given: frozenset[str]) -> None:
    assert given == set(PLACES.findall(REFUSED[code].en)), where


def test_each_sentence_of_the_book_is_raised() -> None:
    assert {code for _, code, _ in CALLS} == set(REFUSED)


@pytest.mark.parametrize(
    ("given", "zh", "en"),
    [
        pytest.param(
            refusal("batch_unknown", batch="610100-20200511-L1-1"),
            "没有批次 610100-20200511-L1-1：stable-jobs batch list 可查看",
            "there is no batch 610100-20200511-L1-1: `stable-jobs batch list` shows them",
            id="a name",
        ),
        pytest.param(
            refusal("objection_decided", number=3, outcome=coded(LEDGER_CODE, "upheld")),
            "第 3 号异议已处理：异议成立",
            "objection 3 was decided: upheld",
            id="a code",
        ),
        pytest.param(
            refusal("objection_decided", number=3, outcome=coded(LEDGER_CODE, "undone")),
            "第 3 号异议已处理：undone",
            "objection 3 was decided: undone",
            id="a code that is not known",
        ),
        pytest.param(
            refusal("unchanged", problem=refusal("text_account", what=TEXT_OF["reason"])),
            "未作任何更改：理由中有账号：它将永久保存并供多人查阅，请删去账号",
            "nothing was changed: the reason shows an account number: it is kept for good and read by many;"
            " leave it out",
            id="a refusal inside",
        ),
        pytest.param(
            refusal("region_not_held", region="{x}"),
            "地区 {x} 未暂停拨付",
            "payments of region {x} are not held",
            id="a value with braces",
        ),
    ],
)
def test_both_languages(given: object, zh: str, en: str) -> None:
    error = LedgerRefused(given)  # type: ignore[arg-type]
    assert error.said is not None
    assert (error.said.zh, error.said.en, str(error)) == (zh, en, en)
    assert str(pickle.loads(pickle.dumps(error))) == en


@pytest.mark.parametrize(
    ("error", "said"),
    [
        pytest.param(UsageError("in English"), None, id="English alone"),
        pytest.param(UsageError(refusal("name_invisible")), refusal("name_invisible"), id="of the book"),
        pytest.param(LedgerRefused(Words.as_written("text")), Words("text", "text"), id="somebody's words"),
    ],
)
def test_the_sentence_of_an_error(error: UsageError | LedgerRefused, said: object) -> None:
    assert error.said == said
