"""The bank's CSV: the profile's columns and words, and nothing lost."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from stable_jobs.bank.answers.csv_answer import MOST_LINE
from stable_jobs.bank.answers.model import AnswerRefused, Heading
from stable_jobs.bank.answers.read import read_answer
from tests.bank.answers.messages import ACCOUNT, HEADER, ONE, TWO, demo_bank, lines, read

PAID = f"{ONE},1234.50,成功,,,2020-05-19"
ROW = {
    "row_no": 1,
    "end_to_end_id": ONE,
    "outcome": "paid",
    "reason_code": None,
    "reason_text": None,
    "amount": Decimal("1234.50"),
    "booked_on": date(2020, 5, 19),
    "fault": None,
}


@pytest.mark.parametrize(
    ("content", "found"),
    [
        pytest.param(lines(PAID), {}, id="paid"),
        pytest.param(
            lines(f"{ONE},1234.50,退票,AC04,账户已销户,2020-05-19"),
            {
                "outcome": "returned",
                "reason_code": "AC04",
                "reason_text": "账户已销户",
                "fault": "payee_account",
            },
            id="returned",
        ),
        pytest.param(
            lines(f"{ONE},1234.50,失败,,,"),
            {"outcome": "returned", "booked_on": None, "fault": "unknown"},
            id="the other word for it",
        ),
        pytest.param(
            lines(f'{ONE},"1,234.50",成功,,"甲,""乙""\n丙",2020-05-19'),
            {"reason_text": '甲,"乙" 丙'},
            id="quotes",
        ),
        pytest.param(
            lines(f"{ONE},1234.50,退票,,收款账号{ACCOUNT}有误,2020-05-19"),
            {"outcome": "returned", "reason_text": "收款账号****0123有误", "fault": "payee_account"},
            id="an account in the reason",
        ),
        pytest.param(
            lines(f"\t{ONE} ,\t1234.50, 成功 , , ,2020-05-19"), {}, id="blanks and tabs around values"
        ),
        pytest.param(
            lines(f"{ONE},1234.50,失败,,重复指令，原指令已受理,"),
            {"outcome": "duplicate", "reason_text": "重复指令，原指令已受理", "booked_on": None},
            id="a duplicate by its words",
        ),
        pytest.param(
            lines(f"{ONE},1234.50,失败,E9001,付款账户余额不足,"),
            {
                "outcome": "returned",
                "reason_code": "E9001",
                "reason_text": "付款账户余额不足",
                "booked_on": None,
                "fault": "our_account",
            },
            id="our account is short",
        ),
        pytest.param(
            lines(f"{ONE},1234.50,成功,,,2020-05-18T16:30:00Z"), {}, id="a moment in UTC on the local day"
        ),
        pytest.param(lines("", PAID, ",,,,,", ""), {}, id="empty lines"),
        pytest.param(lines(PAID).replace("\r\n", "\n"), {}, id="other line ends"),
        pytest.param(lines(PAID).removesuffix("\r\n"), {}, id="no line end at the end"),
        pytest.param(
            lines(
                f"{ACCOUNT},2020-05-19,,,成功,1234.50,{ONE}",
                header="账号,入账日期,原因,原因代码,处理结果,金额,业务编号",
            ),
            {},
            id="another order, and a column that was not agreed",
        ),
        pytest.param(lines(PAID, header=f"\ufeff{HEADER}"), {}, id="a byte order mark"),
    ],
)
def test_a_row(tmp_path: Path, content: str, found: dict[str, Any]) -> None:
    answer = read(tmp_path, content, "answer.csv")

    assert answer.rows.to_pylist() == [{**ROW, **found}]
    assert (answer.problems, answer.whole, answer.heading) == ((), (), Heading(None, None))


def test_another_bank_writes_otherwise(tmp_path: Path) -> None:
    agreed = demo_bank().answer.model_copy(
        update={"encoding": "utf-8", "delimiter": "|", "paid": ("00",), "date_format": "%Y%m%d"}
    )
    path = tmp_path / "answer.csv"
    path.write_text(lines(PAID).replace(",", "|").replace("成功", "00").replace("2020-05-19", "20200519"))

    answer = read_answer(path, demo_bank().model_copy(update={"answer": agreed}))

    assert answer.rows.to_pylist() == [ROW]


@pytest.mark.parametrize(
    ("line", "rule", "found", "id_"),
    [
        pytest.param("合计,1234.50,,,,", "answer.id", "合计", None, id="a line of totals"),
        pytest.param(f"{ACCOUNT},1,成功,,,", "answer.id", "****0123", None, id="an account for an id"),
        pytest.param(f"'{ONE},1,成功,,,", "answer.id", None, None, id="an apostrophe before the id"),
        pytest.param(f"{ONE},1", "answer.fields", "2", None, id="too few fields"),
        pytest.param(f"{ONE},1,234.50,成功,,,", "answer.fields", "7", None, id="too many"),
        pytest.param(f"{ONE},,成功,,,", "answer.amount", "empty", ONE, id="no amount"),
        pytest.param(f"{ONE},-1,成功,,,", "answer.amount", "-1", ONE, id="negative"),
        pytest.param(f"{ONE},1,处理中,,,", "answer.status", "处理中", ONE, id="a status not agreed"),
        pytest.param(f"{ONE},1,不成功,,,", "answer.status", "不成功", ONE, id="a status that contains one"),
        pytest.param(f"{ONE},1,,,,", "answer.status", "empty", ONE, id="no status"),
        pytest.param(f"{ONE},1,成功,,,20200519", "answer.date", "20200519", ONE, id="another date format"),
    ],
)
def test_a_row_that_cannot_be_read_is_not_lost(
    tmp_path: Path, line: str, rule: str, found: str | None, id_: str | None
) -> None:
    answer = read(tmp_path, lines(f"{TWO},5,成功,,,", line), "answer.csv")

    (problem,) = answer.problems
    assert (problem.row_no, problem.rule, problem.end_to_end_id) == (2, rule, id_)
    assert found is None or problem.found == found
    assert ACCOUNT not in problem.sentence()
    assert (answer.received, answer.rows.num_rows) == (2, 1)


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        pytest.param(lines(), "answer.no_rows", id="a header only"),
        pytest.param(
            lines(PAID, header=HEADER.replace("金额", "数额")), "answer.columns", id="a column missing"
        ),
        pytest.param(lines(PAID, header=f"{HEADER},金额"), "answer.columns", id="a column twice"),
        pytest.param(f"{PAID}\r\n", "answer.columns", id="no header"),
        pytest.param(lines(PAID).encode(), "answer.columns", id="UTF-8 that reads as GB18030"),
        pytest.param(lines(PAID).encode("gb18030") + b"\xff", "answer.encoding", id="other bytes"),
        pytest.param(lines(f'{ONE},"1,成功,,,'), "answer.csv", id="a quote that never ends"),
        pytest.param(lines(f'{ONE},"1"2,成功,,,'), "answer.csv", id="text after a quote"),
        pytest.param(lines("x" * MOST_LINE), "answer.csv", id="an endless line"),
        pytest.param(lines(f'{ONE},"' + "x\n" * 70_000), "answer.csv", id="an endless field"),
    ],
)
def test_a_file_that_is_refused(tmp_path: Path, content: str | bytes, rule: str) -> None:
    with pytest.raises(AnswerRefused) as caught:
        read(tmp_path, content, "answer.csv")

    assert caught.value.problem.rule == rule
