"""Files from outside: which reader, what is refused unread, what hostile XML cannot do, and what it costs."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from stable_jobs.bank import answer_reading as module
from stable_jobs.bank.answer_reading import MOST_LINE, gather, read_answer
from stable_jobs.bank.answers import AnswerHead, AnswerRefused
from stable_jobs.bank.pain002 import MOST_ENTRY
from stable_jobs.messages.bank_answers import BY_LEDGER, WORDINGS, Wording
from tests.bank.answers.messages import (
    ACCOUNT,
    HEADER,
    ONE,
    THREE,
    TWO,
    demo_bank,
    lines,
    payment,
    read,
    reason,
    report,
    transaction,
)

XML = report(payment(transaction()))
CSV = lines(f"{ONE},1234.50,成功,,,2020-05-19")
SECRET = "the content of another file"


def refusal(folder: Path, content: str | bytes, name: str) -> AnswerRefused:
    with pytest.raises(AnswerRefused) as caught:
        read(folder, content, name)
    return caught.value


@pytest.mark.parametrize(
    ("content", "name", "expected"),
    [
        pytest.param(XML, "a.xml", "pain.002", id="XML"),
        pytest.param(XML, "A.XML", "pain.002", id="XML in capitals"),
        pytest.param(XML, "a.txt", "pain.002", id="XML under another ending"),
        pytest.param(XML.encode("utf-8-sig"), "a.csv", "pain.002", id="XML with a BOM, called CSV"),
        pytest.param(XML.partition("?>")[2], "a.xml", "pain.002", id="XML without a declaration"),
        pytest.param(XML.replace('"UTF-8"', "'utf-8'"), "a.xml", "pain.002", id="declared in other quotes"),
        pytest.param(CSV, "a.csv", "csv", id="CSV"),
        pytest.param(CSV.encode("gb18030"), "A.CSV", "csv", id="CSV in capitals"),
    ],
)
def test_which_format(tmp_path: Path, content: str | bytes, name: str, expected: str) -> None:
    answer = read(tmp_path, content, name)

    assert (answer.format, answer.received, answer.rows.num_rows) == (expected, 1, 1)


@pytest.mark.parametrize(
    ("content", "name", "rule"),
    [
        pytest.param(b"", "a.xml", "answer.empty", id="empty XML"),
        pytest.param(b"", "a.csv", "answer.empty", id="empty CSV"),
        pytest.param(b"\xef\xbb\xbf \r\n", "a.csv", "answer.empty", id="blanks only"),
        pytest.param(b"%PDF-1.7", "a.pdf", "answer.format", id="a PDF"),
        pytest.param(b"MZ\x90", "a.exe", "answer.format", id="a program"),
        pytest.param(b"PK\x03\x04", "a.xml", "answer.not_xml", id="an archive called XML"),
        pytest.param(b"hello", "a.xml", "answer.not_xml", id="no XML"),
        pytest.param(XML.encode("utf-16"), "a.xml", "answer.encoding", id="UTF-16"),
        pytest.param(XML.encode("utf-16-le"), "a.xml", "answer.encoding", id="UTF-16 without a mark"),
        pytest.param(
            XML.replace("UTF-8", "GB18030").encode("gb18030"),
            "a.xml",
            "answer.encoding",
            id="declared GB18030",
        ),
        pytest.param(XML.replace("UTF-8", "UTF-7"), "a.xml", "answer.encoding", id="declared UTF-7"),
        pytest.param(
            XML.replace("ACSC", "ACSC<!-- 户 -->").encode("gb18030"),
            "a.xml",
            "answer.encoding",
            id="other bytes",
        ),
    ],
)
def test_what_is_refused(tmp_path: Path, content: bytes, name: str, rule: str) -> None:
    assert refusal(tmp_path, content, name).problem.rule == rule


def document(declaration: str, id_: str = ONE) -> str:
    return report(payment(transaction(id_)), before=declaration)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(document("<!DOCTYPE Document>"), id="a document type"),
        pytest.param(
            document('<!DOCTYPE Document SYSTEM "http://127.0.0.1:9/x.dtd">'), id="one from outside"
        ),
        pytest.param(
            document('<!DOCTYPE d [<!ENTITY x SYSTEM "secret.txt">]>', "&x;"), id="a file as an entity"
        ),
        pytest.param(
            document('<!DOCTYPE d [<!ENTITY % x SYSTEM "secret.txt"> %x;]>'),
            id="a file as a parameter entity",
        ),
        pytest.param(
            document(
                '<!DOCTYPE d [<!ENTITY a "xxxxxxxxxx">'
                + "".join(f'<!ENTITY a{n} "{f"&a{n - 1 or str()};" * 10}">' for n in range(1, 10))
                + "]>",
                "&a9;",
            ),
            id="entities that multiply",
        ),
        pytest.param(document("<!-- " + "x" * 70_000 + " --><!DOCTYPE d>"), id="far from the start"),
    ],
)
def test_declarations_are_refused(tmp_path: Path, content: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("secret.txt").write_text(SECRET)

    error = refusal(tmp_path, content, "a.xml")

    assert error.problem.rule == "answer.doctype"
    assert SECRET not in str(error)


@pytest.mark.parametrize(
    "filler",
    [
        pytest.param("<x/>" * (MOST_ENTRY // 2), id="elements"),
        pytest.param(" " * 2 * MOST_ENTRY, id="blanks"),
        pytest.param(f"<SplmtryData>{transaction() * (MOST_ENTRY // 100)}</SplmtryData>", id="rows not read"),
    ],
)
def test_an_endless_entry_is_refused(tmp_path: Path, filler: str) -> None:
    assert refusal(tmp_path, report(payment(filler)), "a.xml").problem.rule == "answer.structure"


def test_what_stands_between_rows_is_forgotten(tmp_path: Path) -> None:
    junk = "<x/>" * (MOST_ENTRY // 10)

    answer = read(tmp_path, report(payment(*(junk + transaction(id_) for id_ in (ONE, TWO, THREE)))))

    assert answer.rows.num_rows == 3


def test_a_large_file_is_refused_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", len(XML.encode()) - 1)

    assert refusal(tmp_path, XML, "a.xml").problem.rule == "answer.too_large"


def test_many_rows_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stable_jobs.bank.answer_reading.MOST_ROWS", 1)

    assert refusal(tmp_path, report(payment(transaction() * 2)), "a.xml").problem.rule == "answer.too_large"


@pytest.mark.parametrize(
    ("content", "name"),
    [
        pytest.param(b"x", f"{ACCOUNT}.pdf", id="in the file's name"),
        pytest.param(report(status="RJCT", kind=ACCOUNT), "a.xml", id="in the message's kind"),
        pytest.param(f'<Document xmlns="{ACCOUNT}"/>', "a.xml", id="in the namespace"),
        pytest.param(XML.replace("</Document>", f"</x{ACCOUNT}>"), "a.xml", id="in a tag"),
    ],
)
def test_no_account_in_an_error(tmp_path: Path, content: str | bytes, name: str) -> None:
    assert ACCOUNT not in str(refusal(tmp_path, content, name))


@pytest.mark.parametrize(
    "words", [pytest.param(one, id=rule) for book in (WORDINGS, BY_LEDGER) for rule, one in book.items()]
)
def test_every_rule_says_what_and_what_next(words: Wording) -> None:
    for said in (words.what, words.expected, words.next_step):
        assert said.en.isascii()
        assert not said.zh.isascii()


# --- the bank's own CSV ---


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
    assert (answer.problems, answer.whole, answer.heading) == ((), (), AnswerHead(None, None))


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


# --- rows gathered ---


OTHER = '<InstdAmt Ccy="CNY">1</InstdAmt>'


@pytest.mark.parametrize(
    ("rows", "kept", "left"),
    [
        pytest.param([(ONE, "ACSC"), (TWO, "RJCT")], [1, 2], [], id="two lines"),
        pytest.param([(ONE, "ACSC"), (ONE, "ACSC")], [1], [(2, "answer.repeated")], id="the same twice"),
        pytest.param([(ONE, "ACSC"), (ONE, "ACCC")], [1], [(2, "answer.repeated")], id="paid in other words"),
        pytest.param(
            [(ONE, "ACSP"), (ONE, "ACSC")], [2], [(1, "answer.repeated")], id="under way, then paid"
        ),
        pytest.param(
            [(ONE, "RJCT"), (ONE, "PDNG")], [1], [(2, "answer.repeated")], id="returned, then pending"
        ),
        pytest.param(
            [(ONE, "DUPL"), (ONE, "ACSC")], [2], [(1, "answer.repeated")], id="duplicate, then paid"
        ),
        pytest.param(
            [(ONE, "RJCT"), (ONE, "DUPL")], [1], [(2, "answer.repeated")], id="returned, then duplicate"
        ),
        pytest.param(
            [(ONE, "PDNG"), (ONE, "DUPL")], [2], [(1, "answer.repeated")], id="under way, then duplicate"
        ),
        pytest.param([(ONE, "PDNG"), (ONE, "ACSP")], [1], [(2, "answer.repeated")], id="pending twice"),
        pytest.param(
            [(ONE, "ACSC"), (TWO, "ACSC"), (ONE, "RJCT")],
            [2],
            [(1, "answer.contradiction"), (3, "answer.contradiction")],
            id="paid and returned",
        ),
        pytest.param(
            [(ONE, "PDNG"), (ONE, "ACSC"), (ONE, "RJCT"), (THREE, "ACSC")],
            [4],
            [(n, "answer.contradiction") for n in (1, 2, 3)],
            id="pending, paid and returned",
        ),
    ],
)
def test_each_line_once(
    tmp_path: Path, rows: list[tuple[str, str]], kept: list[int], left: list[tuple[int, str]]
) -> None:
    reject = {"status": "RJCT", "reason": reason("<Cd>AM05</Cd>")}
    told = (transaction(i, **(reject if status == "DUPL" else {"status": status})) for i, status in rows)
    answer = read(tmp_path, report(payment(*told)))

    assert answer.rows.column("row_no").to_pylist() == kept
    assert [(p.row_no, p.rule) for p in answer.problems] == left
    assert answer.received == len(rows)


def test_two_amounts_contradict(tmp_path: Path) -> None:
    answer = read(tmp_path, report(payment(transaction(), transaction(amount=OTHER))))

    assert [p.found for p in answer.problems] == ["paid 1234.50", "paid 1.00"]
    assert answer.rows.num_rows == 0


def test_columns_keep_their_types_without_rows(tmp_path: Path) -> None:
    empty, filled = (read(tmp_path, report(payment(transaction(status=s)))).rows for s in ("XXXX", "ACSC"))

    assert empty.num_rows == 0
    assert empty.schema == filled.schema
    assert [str(kind) for kind in filled.schema.types] == [
        "int64", "string", "string", "string", "string", "decimal128(18, 2)", "date32[day]",
        "string",
    ]  # fmt: skip


def test_problems_stand_in_the_order_of_the_file(tmp_path: Path) -> None:
    rows = (transaction(ONE), transaction("x"), transaction(ONE), transaction("y"))

    answer = read(tmp_path, report(payment(*rows), status="XXXX"))

    assert [p.row_no for p in answer.problems] == [None, 2, 3, 4]
    assert answer.received == gather("csv", [*answer.problems]).received + 1
