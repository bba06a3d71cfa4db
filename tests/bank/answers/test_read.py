"""Files from outside: which reader, what is refused unread, what hostile XML cannot do, and what it costs."""

from __future__ import annotations

from pathlib import Path

import pytest

from stable_jobs.bank.answers import read as module
from stable_jobs.bank.answers.model import AnswerRefused
from stable_jobs.bank.answers.problems import WORDINGS
from stable_jobs.bank.answers.xml_source import MOST_ENTRY
from tests.bank.answers.messages import ACCOUNT, ONE, THREE, TWO, lines, payment, read, report, transaction

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
    monkeypatch.setattr("stable_jobs.bank.answers.rows.MOST_ROWS", 1)

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


@pytest.mark.parametrize("rule", WORDINGS)
def test_every_rule_says_what_and_what_next(rule: str) -> None:
    words = WORDINGS[rule]

    assert all((words.what_zh, words.what_en, words.expected, words.next_step_zh, words.next_step_en))
    assert words.what_en.isascii()
    assert not words.what_zh.isascii()
