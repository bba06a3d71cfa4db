"""pain.002: what each status, reason, amount and place means, and what is refused."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from stable_jobs.bank.answers import AnswerHead, AnswerRefused, Whole
from stable_jobs.bank.pain002 import Source, _drop
from tests.bank.answers.messages import (
    ACCOUNT,
    ONE,
    TWO,
    assert_valid,
    payment,
    read,
    reason,
    report,
    transaction,
)

MESSAGE = "610100-20200519-L1-1-001"
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


@pytest.mark.parametrize("version", ["03", "12", "14", "15"])
def test_what_we_read_is_what_the_schema_says(tmp_path: Path, version: str) -> None:
    back = transaction(TWO, "RJCT", reason=reason("<Cd>AC04</Cd>", "账户已销户", "请核对"))
    message = report(payment(transaction(), back), status="PART", version=version)
    assert_valid(message, version)

    answer = read(tmp_path, message)

    returned = {"row_no": 2, "end_to_end_id": TWO, "outcome": "returned"}
    words = {"reason_code": "AC04", "reason_text": "账户已销户 请核对", "fault": "payee_account"}
    assert answer.rows.to_pylist() == [ROW, {**ROW, **returned, **words}]
    assert (answer.format, answer.received, answer.problems, answer.whole) == ("pain.002", 2, (), ())
    assert answer.heading == AnswerHead("A-1", MESSAGE)


@pytest.mark.parametrize("version", ["10", "11", "13"])
def test_versions_between_are_read_too(tmp_path: Path, version: str) -> None:
    answer = read(tmp_path, report(payment(transaction()), version=version))

    assert answer.rows.to_pylist() == [ROW]


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        pytest.param("ACSC", "paid", id="settled"),
        pytest.param("ACCC", "paid", id="on the payee's account"),
        pytest.param("RJCT", "returned", id="rejected"),
        pytest.param("PDNG", "pending", id="pending"),
        pytest.param("ACSP", "pending", id="settlement in process"),
        pytest.param("ACTC", "pending", id="technically valid"),
        pytest.param("RCVD", "pending", id="received"),
        pytest.param("ACWC", "pending", id="accepted with change"),
        pytest.param("ACWP", "pending", id="accepted without posting"),
    ],
)
def test_statuses(tmp_path: Path, status: str, outcome: str) -> None:
    answer = read(tmp_path, report(payment(transaction(status=status))))

    fault = "unknown" if outcome == "returned" else None
    assert answer.rows.to_pylist() == [{**ROW, "outcome": outcome, "fault": fault}]


@pytest.mark.parametrize(
    ("content", "found"),
    [
        pytest.param(transaction(amount=None), {"amount": None}, id="no amount"),
        pytest.param(
            transaction(amount=None, day='<IntrBkSttlmAmt Ccy="CNY">7</IntrBkSttlmAmt>'),
            {"amount": Decimal("7.00"), "booked_on": None},
            id="only what was settled",
        ),
        pytest.param(
            transaction(amount=None, day=""), {"amount": None, "booked_on": None}, id="nothing of ours"
        ),
        pytest.param(
            transaction(day="", accepted="<AccptncDtTm>2020-05-20T09:00:00+08:00</AccptncDtTm>"),
            {"booked_on": date(2020, 5, 20)},
            id="accepted on",
        ),
        pytest.param(
            transaction(accepted="<AccptncDtTm>2020-05-20T09:00:00+08:00</AccptncDtTm>"),
            {},
            id="settled first",
        ),
        pytest.param(
            transaction(reason=reason("<Prtry>退01</Prtry>")),
            {"reason_code": "退01"},
            id="the bank's own code",
        ),
        pytest.param(
            transaction(reason=reason("", "甲") + reason("<Cd>BE01</Cd>", "乙")),
            {"reason_code": "BE01", "reason_text": "甲 乙"},
            id="several reasons",
        ),
        pytest.param(
            transaction(reason=reason("", f"账号{ACCOUNT}不存在")),
            {"reason_text": "账号****0123不存在"},
            id="an account in the reason",
        ),
        pytest.param(
            transaction(reason=reason("", "&lt;script&gt;=cmd<![CDATA[]]&gt;]]>")),
            {"reason_text": "<script>=cmd]]&gt;"},
            id="hostile words stay words",
        ),
        pytest.param(
            transaction(f"\n {ONE[:9]}<!-- x -->{ONE[9:]}\n", "\n ACSC "),
            {},
            id="blanks and comments around values",
        ),
        pytest.param(
            transaction(more=f"<SplmtryData><Envlp><x>{transaction(TWO)}</x></Envlp></SplmtryData>"),
            {},
            id="supplementary data is not read",
        ),
    ],
)
def test_values_of_a_transaction(tmp_path: Path, content: str, found: dict[str, Any]) -> None:
    answer = read(tmp_path, report(payment(content)))

    assert answer.rows.to_pylist() == [{**ROW, **found}]
    assert answer.problems == ()


@pytest.mark.parametrize(
    ("content", "rule", "shown", "id_"),
    [
        pytest.param(transaction(None), "answer.id", "empty", None, id="no id"),
        pytest.param(transaction(ACCOUNT), "answer.id", "****0123", None, id="an account for an id"),
        pytest.param(transaction(status=None), "answer.status", "none", ONE, id="no status anywhere"),
        pytest.param(transaction(status="CANC"), "answer.status", "CANC", ONE, id="cancelled"),
        pytest.param(transaction(status="BLCK"), "answer.status", "BLCK", ONE, id="blocked"),
        pytest.param(transaction(status="acsc"), "answer.status", "acsc", ONE, id="lower case"),
        pytest.param(
            transaction(amount='<InstdAmt Ccy="CNY">1.234</InstdAmt>'),
            "answer.amount",
            "1.234",
            ONE,
            id="amount",
        ),
        pytest.param(
            transaction(amount="<InstdAmt>1</InstdAmt>"), "answer.currency", "none", ONE, id="no currency"
        ),
        pytest.param(
            transaction(amount='<InstdAmt Ccy="USD">1</InstdAmt>'),
            "answer.currency",
            "USD",
            ONE,
            id="dollars",
        ),
        pytest.param(
            transaction(amount='<EqvtAmt><Amt Ccy="CNY">1</Amt><CcyOfTrf>USD</CcyOfTrf></EqvtAmt>'),
            "answer.currency",
            "an equivalent amount",
            ONE,
            id="equivalent amount",
        ),
        pytest.param(
            transaction(day="<IntrBkSttlmDt>2020-02-30</IntrBkSttlmDt>"),
            "answer.date",
            "2020-02-30",
            ONE,
            id="day",
        ),
    ],
)
def test_a_row_that_cannot_be_read_is_not_lost(
    tmp_path: Path, content: str, rule: str, shown: str, id_: str | None
) -> None:
    answer = read(tmp_path, report(payment(transaction(TWO), content)))

    (problem,) = answer.problems
    assert (problem.row_no, problem.rule, problem.found, problem.end_to_end_id) == (2, rule, shown, id_)
    assert answer.rows.column("end_to_end_id").to_pylist() == [TWO]
    assert answer.received == 2


@pytest.mark.parametrize(
    ("group", "block", "own", "expected"),
    [
        pytest.param("RJCT", None, None, "returned", id="the message's"),
        pytest.param("PART", "ACSC", None, "paid", id="the payment's"),
        pytest.param("ACSP", "ACSC", None, "paid", id="the nearest"),
        pytest.param("ACSC", "PART", None, "answer.status", id="none below a partly accepted payment"),
        pytest.param("ACSC", "XXXX", None, "answer.status", id="none below an unknown one"),
        pytest.param("RJCT", None, "ACSC", "answer.contradicts_whole", id="paid in a rejected message"),
        pytest.param("ACSC", None, "RJCT", "answer.contradicts_whole", id="returned in a settled message"),
        pytest.param("PART", "RJCT", "ACCC", "answer.contradicts_whole", id="paid in a rejected payment"),
        pytest.param("ACSP", None, "RJCT", "returned", id="returned while others are under way"),
        pytest.param("ACSC", None, "PDNG", "pending", id="not yet, though the message says so"),
    ],
)
def test_statuses_above_a_transaction(
    tmp_path: Path, group: str, block: str | None, own: str | None, expected: str
) -> None:
    answer = read(tmp_path, report(payment(transaction(status=own), status=block), status=group))

    told = answer.rows.column("outcome").to_pylist() + [p.rule for p in answer.problems if p.row_no]
    assert told == [expected]
    assert answer.whole == ()


@pytest.mark.parametrize(
    ("own", "block", "group", "outcome", "fault"),
    [
        pytest.param("AM05", None, None, "duplicate", None, id="its own reason is a duplicate"),
        pytest.param(None, "DU03", None, "duplicate", None, id="the payment's reason is a duplicate"),
        pytest.param(None, None, "DU01", "duplicate", None, id="the message's reason is a duplicate"),
        pytest.param("AC04", "DU03", None, "returned", "payee_account", id="its own reason goes first"),
        pytest.param("AM04", None, None, "returned", "our_account", id="our account is short"),
        pytest.param(None, None, "FF01", "returned", "our_file", id="the file's fault"),
        pytest.param(None, None, "NARR", "returned", "our_file", id="a message without a reason"),
        pytest.param("NARR", None, None, "returned", "unknown", id="a transaction without a reason"),
        pytest.param("RR04", None, None, "returned", "regulatory", id="a law"),
    ],
)
def test_whose_fault_a_reject_is(
    tmp_path: Path, own: str | None, block: str | None, group: str | None, outcome: str, fault: str | None
) -> None:
    def why(code: str | None) -> str:
        return reason(f"<Cd>{code}</Cd>") if code else ""

    status = "RJCT" if block else None
    content = report(
        payment(transaction(status="RJCT", reason=why(own)), status=status, reasons=why(block)),
        status="RJCT" if group else None,
        reasons=why(group),
    )

    (row,) = read(tmp_path, content).rows.to_pylist()

    assert (row["outcome"], row["fault"]) == (outcome, fault)


def test_a_line_settled_in_a_message_that_the_bank_has_counts(tmp_path: Path) -> None:
    message = report(payment(transaction()), status="RJCT", reasons=reason("<Cd>DU01</Cd>"))

    assert read(tmp_path, message).rows.column("outcome").to_pylist() == ["paid"]


def whole(
    outcome: Any, payment_id: str | None = None, code: str | None = None, fault: str | None = "our_file"
) -> Whole:
    return Whole(MESSAGE, payment_id, outcome, code, None, fault if outcome == "returned" else None)


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        pytest.param(report(status="RJCT"), [whole("returned")], id="a rejected message"),
        pytest.param(
            report(status="RJCT", reasons=reason("<Cd>AM10</Cd>")),
            [whole("returned", None, "AM10")],
            id="its reason",
        ),
        pytest.param(
            report(status="RJCT", reasons=reason("<Cd>DU01</Cd>")),
            [whole("duplicate", None, "DU01")],
            id="a message that the bank has",
        ),
        pytest.param(
            report(payment(status="RJCT", reasons=reason("<Cd>AM05</Cd>"))),
            [whole("duplicate", "P-001", "AM05")],
            id="a payment that the bank has",
        ),
        pytest.param(
            report(payment(status="RJCT"), status="RJCT", reasons=reason("<Cd>DU02</Cd>")),
            [whole("duplicate", "P-001", "DU02")],
            id="a payment for the message's reason",
        ),
        pytest.param(report(status="ACTC"), [whole("pending")], id="an acknowledgement"),
        pytest.param(report(status="ACSC"), [whole("paid")], id="a settled message"),
        pytest.param(
            report(payment(status="RJCT", reasons=reason("<Cd>AC02</Cd>"))),
            [whole("returned", "P-001", "AC02", "our_account")],
            id="a rejected payment",
        ),
        pytest.param(
            report(payment(status="RJCT", id_="P-1"), payment(status="ACSP", id_="P-2"), status="PART"),
            [whole("returned", "P-1"), whole("pending", "P-2")],
            id="two payments",
        ),
        pytest.param(report(payment(), status="RJCT"), [whole("returned")], id="a payment that says nothing"),
        pytest.param(
            report(payment(status="RJCT"), payment(transaction(), id_="P-2")),
            [whole("returned", "P-001")],
            id="beside a payment with rows",
        ),
    ],
)
def test_what_is_said_of_all(tmp_path: Path, message: str, expected: list[Whole]) -> None:
    assert_valid(message)

    answer = read(tmp_path, message)

    assert list(answer.whole) == expected
    assert answer.problems == ()


@pytest.mark.parametrize(
    ("message", "rule", "wholes"),
    [
        pytest.param(report(status="CANC"), "answer.status", 0, id="an unknown status of the message"),
        pytest.param(report(payment(status="CANC")), "answer.status", 0, id="an unknown status of a payment"),
        pytest.param(
            report(payment(status="ACSC"), status="RJCT"),
            "answer.contradicts_whole",
            0,
            id="paid in a rejected one",
        ),
    ],
)
def test_problems_without_a_row(tmp_path: Path, message: str, rule: str, wholes: int) -> None:
    answer = read(tmp_path, message)

    assert [(p.row_no, p.rule) for p in answer.problems] == [(None, rule)]
    assert (len(answer.whole), answer.received) == (wholes, 0)


GROUP = report().partition("<OrgnlGrpInfAndSts>")[2].partition("</OrgnlGrpInfAndSts>")[0]


@pytest.mark.parametrize(
    ("message", "rule"),
    [
        pytest.param(report(), "answer.no_rows", id="says nothing"),
        pytest.param(report(payment(), status="PART"), "answer.no_rows", id="partly, without rows"),
        pytest.param(report(version="09"), "answer.message", id="a version before"),
        pytest.param(report(version="16"), "answer.message", id="a version after"),
        pytest.param(
            report(status="RJCT", kind="pain.008.001.08"), "answer.message", id="about a direct debit"
        ),
        pytest.param(
            report(status="RJCT").replace("pain.002", "pacs.002"), "answer.message", id="another message"
        ),
        pytest.param("<html><body>Login</body></html>", "answer.message", id="a page"),
        pytest.param("<Document/>", "answer.message", id="no namespace"),
        pytest.param(
            report(status="RJCT").replace("Document", "Documents"), "answer.message", id="another root"
        ),
        pytest.param(report(status="RJCT", message_id=""), "answer.structure", id="no message answered"),
        pytest.param(report(status="RJCT", message_id="x" * 36), "answer.structure", id="a long id"),
        pytest.param(report(payment(status="RJCT", id_="")), "answer.structure", id="no payment answered"),
        pytest.param(
            report(status="RJCT").replace("OrgnlGrpInfAndSts", "OrgnlGrp"), "answer.structure", id="no group"
        ),
        pytest.param(
            report(payment(transaction())).replace(f"<OrgnlGrpInfAndSts>{GROUP}</OrgnlGrpInfAndSts>", ""),
            "answer.structure",
            id="rows without a group",
        ),
        pytest.param(report(transaction()), "answer.structure", id="a row outside a payment"),
        pytest.param(
            report(payment(transaction().replace("<TxInfAndSts>", '<TxInfAndSts xmlns="urn:x">'))),
            "answer.structure",
            id="a row of another namespace",
        ),
        pytest.param(
            report(f"<OrgnlGrpInfAndSts>{GROUP}</OrgnlGrpInfAndSts>", status="RJCT"),
            "answer.structure",
            id="two groups",
        ),
        pytest.param(report(payment(transaction()))[:-30], "answer.not_xml", id="cut off"),
        pytest.param(report(payment(transaction())) + "<x/>", "answer.not_xml", id="more after the end"),
        pytest.param(report(payment(transaction("a\x01b"))), "answer.not_xml", id="a control character"),
        pytest.param(
            report(payment(transaction("&undefined;"))), "answer.not_xml", id="an undeclared entity"
        ),
        pytest.param("<a>" * 300 + "</a>" * 300, "answer.not_xml", id="too deep"),
    ],
)
def test_a_message_that_is_refused(tmp_path: Path, message: str, rule: str) -> None:
    with pytest.raises(AnswerRefused) as caught:
        read(tmp_path, message)

    assert caught.value.problem.rule == rule
    assert str(caught.value).startswith("answer.xml: ")


# --- the bytes ---


def read_all(content: bytes, size: int) -> bytes:
    source = Source(BytesIO(content))
    return b"".join(iter(lambda: source.read(size), b""))


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 9, 10, 64])
@pytest.mark.parametrize("declaration", [b"<!DOCTYPE d>", b"<!ENTITY x 'y'>"])
def test_a_declaration_is_found_however_it_is_cut(declaration: bytes, size: int) -> None:
    with pytest.raises(AnswerRefused) as caught:
        read_all(b"<?xml version='1.0'?>" + b" " * 50 + declaration, size)

    assert caught.value.problem.rule == "answer.doctype"


@pytest.mark.parametrize("size", [1, 9, 64])
def test_other_bytes_pass_unchanged(size: int) -> None:
    content = b"<!-- DOCTYPE --><a><![CDATA[<!]]>ENTITY</a>" * 3

    assert read_all(content, size) == content


def test_what_was_read_is_freed() -> None:
    root = etree.fromstring("<a><b>1</b>x<c/><d><e/>2</d>y<f/></a>")

    _drop(root[2])

    assert etree.tostring(root) == b"<a><d/><f/></a>"
