"""The bank's answers on a real ledger, with real files: what is applied, refused and published, once."""

from __future__ import annotations

import os
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from stable_jobs.bank.banks import load_banks
from stable_jobs.disbursement import returns
from stable_jobs.disbursement.returns import unanswered
from stable_jobs.ledger.returns import AnswerCounts
from stable_jobs.settings import Settings, data_folder
from stable_jobs_demo.bank import answer_payments
from tests.bank.answers.messages import lines, payment, reason
from tests.disbursement.bank_desk import NEXT, BankDesk, D, answered, bank_desk, id_of, said, told
from tests.e2e.home import tree

BATCH = "610100-20200519-L0-1"
MESSAGE = f"{BATCH}-001"
APPLIED, REPEATED, PENDING = ("applied", None), ("repeated", None), ("pending", None)
DUPLICATE, CASE = ("duplicate", "answer.duplicate"), ("contradiction", "answer.contradiction")


def refused(rule: str) -> tuple[str, str]:
    return "refused", f"answer.{rule}"


@pytest.fixture
def bank(engine: Engine, settings_with_database: Settings) -> BankDesk:
    return bank_desk(engine, settings_with_database)


def events(bank: BankDesk) -> int:
    return int(bank.books.ask("SELECT count(*) FROM audit_events")[0][0])


@pytest.mark.parametrize(
    ("name", "content", "standings", "states"),
    [
        pytest.param(
            "a.xml",
            answered(payment(said(0), said(1, "RJCT", reason=reason()), said(2, "ACSP"))),
            {1: APPLIED, 2: APPLIED, 3: PENDING},
            ["paid", "returned", "instructed"],
            id="paid, returned, under way",
        ),
        pytest.param(
            "a.csv",
            lines(told(0), told(1, "退票", code="AC01", words="账号不存在")),
            {1: APPLIED, 2: APPLIED},
            ["paid", "returned", "instructed"],
            id="the bank's CSV",
        ),
        pytest.param(
            "a.xml",
            answered(payment(said(0, amount="100.01"), said(1))),
            {1: refused("wrong_amount"), 2: APPLIED},
            ["instructed", "paid", "instructed"],
            id="a wrong amount",
        ),
        pytest.param(
            "a.xml",
            answered(payment(said(0, end_to_end_id=id_of(0, attempt=2)), said(1))),
            {1: refused("unknown_id"), 2: APPLIED},
            ["instructed", "paid", "instructed"],
            id="an id that was never instructed",
        ),
        pytest.param(
            "a.xml",
            answered(payment(said(0), said(0, "RJCT"), said(1))),
            {1: refused("contradiction"), 2: refused("contradiction"), 3: APPLIED},
            ["instructed", "paid", "instructed"],
            id="one line paid and returned",
        ),
        pytest.param(
            "a.csv",
            lines(told(0), told(1, "不明"), "x"),
            {1: APPLIED, 2: refused("status"), 3: refused("fields")},
            ["paid", "instructed", "instructed"],
            id="rows that cannot be read",
        ),
        pytest.param(
            "a.csv",
            "甲,乙\r\n1,2\r\n",
            {0: refused("columns")},
            ["instructed"] * 3,
            id="a file that cannot be read",
        ),
        pytest.param(
            "a.xml",
            answered(status="RJCT", reasons=reason()),
            {1: APPLIED, 2: APPLIED, 3: APPLIED},
            ["returned"] * 3,
            id="the whole message rejected",
        ),
        pytest.param(
            "a.xml",
            answered(status="RJCT", reasons=reason("<Cd>DU01</Cd>")),
            {1: DUPLICATE, 2: DUPLICATE, 3: DUPLICATE},
            ["instructed"] * 3,
            id="the whole message rejected because the bank has it",
        ),
        pytest.param(
            "a.xml",
            answered(status="RJCT", reasons=reason("<Cd>FF01</Cd>")),
            {1: APPLIED, 2: APPLIED, 3: APPLIED},
            ["corrected"] * 3,
            id="the whole message rejected for its own fault",
        ),
        pytest.param(
            "a.xml",
            answered(payment(said(0), said(1, "RJCT", reason=reason("<Cd>AM05</Cd>")), said(2, "RJCT"))),
            {1: APPLIED, 2: DUPLICATE, 3: APPLIED},
            ["paid", "instructed", "returned"],
            id="one line that the bank has",
        ),
        pytest.param(
            "a.csv",
            lines(
                told(0, "失败", words="重复指令"), told(1, "失败", words="付款账户余额不足"), told(2, "失败")
            ),
            {1: DUPLICATE, 2: APPLIED, 3: APPLIED},
            ["instructed", "corrected", "returned"],
            id="the bank's words in CSV",
        ),
        pytest.param(
            "a.xml",
            answered(payment(said(0)), message_id=f"{BATCH}-002"),
            {1: refused("other_message")},
            ["instructed"] * 3,
            id="a line of another message",
        ),
        pytest.param(
            "a.xml",
            answered(payment(said(0)), message_id="FORGED-1"),
            {1: refused("other_message")},
            ["instructed"] * 3,
            id="a message that is not ours",
        ),
        pytest.param(
            "a.xml",
            answered(payment(status="ACSC", id_=MESSAGE)),
            {1: APPLIED, 2: APPLIED, 3: APPLIED},
            ["paid"] * 3,
            id="the whole payment block settled",
        ),
        pytest.param(
            "a.xml",
            answered(status="ACTC"),
            {1: PENDING, 2: PENDING, 3: PENDING},
            ["instructed"] * 3,
            id="the whole message under way",
        ),
        pytest.param(
            "a.xml",
            answered(payment(status="RJCT", id_="P-9")),
            {0: refused("unknown_message")},
            ["instructed"] * 3,
            id="a payment block that is not ours",
        ),
        pytest.param(
            "a.xml",
            answered(status="RJCT", message_id=f"{BATCH}-002"),
            {0: refused("unknown_message")},
            ["instructed"] * 3,
            id="a message that was never sent",
        ),
        pytest.param(
            "a.xml",
            answered(status="RJCT", message_id="610100-20200519-L2-1-001"),
            {0: refused("unknown_message")},
            ["instructed"] * 3,
            id="a batch that was never formed",
        ),
        pytest.param(
            "a.xml",
            answered(payment(said(0), id_="P-1"), payment(status="RJCT", id_=MESSAGE)),
            {1: refused("contradiction"), 2: refused("contradiction"), 3: APPLIED, 4: APPLIED},
            ["instructed", "corrected", "corrected"],
            id="a line that contradicts its whole block",
        ),
        pytest.param(
            "a.xml",
            answered(payment(said(0), status="XXXX")),
            {0: refused("status"), 1: APPLIED},
            ["paid", "instructed", "instructed"],
            id="an unknown status above a row that has its own",
        ),
    ],
)
def test_every_row_is_applied_or_refused(
    bank: BankDesk, name: str, content: str, standings: dict[int, Any], states: list[str]
) -> None:
    bank.instruct(3)
    bank.leave(name, content)

    (taken,) = bank.take()

    assert bank.standings() == standings
    assert bank.states() == states
    counts = taken.counts
    told = counts.applied + counts.repeated + counts.pending + counts.refused + counts.duplicate
    assert told == len(standings)
    assert bank.books.breaks() == []


@pytest.mark.parametrize(
    ("first", "second", "standing", "state"),
    [
        pytest.param("ACSC", "ACSC", REPEATED, "paid", id="the same again"),
        pytest.param("ACSC", "RJCT", CASE, "paid", id="paid, then returned"),
        pytest.param("RJCT", "ACSC", CASE, "returned", id="returned, then paid"),
        pytest.param("ACSP", "RJCT", APPLIED, "returned", id="under way, then returned"),
        pytest.param("ACSC", "ACSP", PENDING, "paid", id="paid, then under way"),
    ],
)
def test_the_first_result_of_a_line_stands(
    bank: BankDesk, first: str, second: str, standing: Any, state: str
) -> None:
    bank.instruct(1)
    bank.leave("1.xml", answered(payment(said(0, first))))
    bank.take()
    bank.leave("2.xml", answered(payment(said(0, second)), before="<!-- later -->"))
    bank.take(NEXT)

    rows = bank.books.ask("SELECT standing, rule FROM bank_answer_rows ORDER BY answer_id DESC LIMIT 1")
    assert rows == [standing]
    assert bank.states() == [state]


def test_the_same_bytes_are_taken_once_under_any_name(bank: BankDesk) -> None:
    bank.instruct(1)
    bank.leave("1.xml", answered(payment(said(0))))
    assert len(bank.take()) == 1
    before = events(bank)

    bank.leave("2.xml", answered(payment(said(0))))

    assert bank.take() == []
    assert bank.take(NEXT) == []
    assert events(bank) == before


def test_an_unreadable_file_is_recorded_once(bank: BankDesk) -> None:
    bank.leave("1.xml", b"<Document")

    (taken,) = bank.take()

    assert (taken.format, taken.counts) == ("unreadable", AnswerCounts(is_new=True, refused=1))
    assert taken.problem is not None
    assert "answer.not_xml" in taken.problem
    assert bank.books.ask("SELECT file_name, problem FROM bank_answers") == [("1.xml", taken.problem)]
    assert bank.take() == []


@pytest.mark.parametrize(
    "name", [".1.xml", "1.xml.part", ".work", "nothing"], ids=["hidden", "part", "folder", "nothing"]
)
def test_what_the_bank_still_writes_is_left(bank: BankDesk, name: str) -> None:
    bank.instruct(1)
    if name == ".work":
        (bank.answers / name).mkdir()
    elif name != "nothing":
        bank.leave(name, answered(payment(said(0))))

    assert bank.take() == []
    assert bank.states() == ["instructed"]


def plant_link(bank: BankDesk) -> None:
    outside = bank.settings.home / "outside.xml"
    outside.write_text(answered(payment(said(0))), encoding="utf-8")
    (bank.answers / "1.xml").symlink_to(outside)


def plant_folder(bank: BankDesk) -> None:
    (bank.answers / "1.xml").mkdir()
    (bank.answers / "1.xml" / "1.xml").write_text(answered(payment(said(0))), encoding="utf-8")


def plant_pipe(bank: BankDesk) -> None:
    os.mkfifo(bank.answers / "1.xml")


@pytest.mark.parametrize("plant", [plant_link, plant_folder, plant_pipe])
def test_only_plain_files_are_opened(bank: BankDesk, plant: Any) -> None:
    bank.instruct(1)
    plant(bank)
    before = events(bank)

    (taken,) = bank.take()

    assert taken.sha256 is None
    assert taken.problem is not None
    assert "plain file" in taken.problem
    assert (bank.states(), events(bank)) == (["instructed"], before)


def test_a_file_too_large_is_not_read(bank: BankDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stable_jobs.disbursement.returns.MOST_BYTES", 10)
    bank.instruct(1)
    bank.leave("1.xml", answered(payment(said(0))))

    (taken,) = bank.take()

    assert taken.problem is not None
    assert "at most 10 bytes" in taken.problem
    assert not (bank.settings.home / "lake" / "landing").exists()


def test_the_bytes_are_kept_and_the_banks_folder_is_as_it_was(bank: BankDesk) -> None:
    bank.instruct(1)
    bank.leave("1.xml", answered(payment(said(0))))
    before = tree(bank.answers)

    (taken,) = bank.take()

    assert tree(bank.answers) == before
    assert tree(bank.settings.home / "lake" / "landing") == {taken.sha256: taken.sha256}


def test_a_name_cannot_harm(bank: BankDesk) -> None:
    bank.instruct(1)
    name = os.fsdecode(b"610100-\xff\xe2\x80\xae6222021234567890123.xml")
    bank.leave(name, answered(payment(said(0))))

    (taken,) = bank.take()

    assert taken.file_name == "610100-\ufffd⟨U+202E⟩****0123.xml"
    assert bank.states() == ["paid"]


def test_a_message_is_read_as_it_was_split_then(bank: BankDesk, tmp_path: Path) -> None:
    """The profile that split the batch may be another one by the time the bank answers."""
    demo = (data_folder("banks") / "000000.yaml").read_text(encoding="utf-8")
    (tmp_path / "000000.yaml").write_text(demo.replace("file: 10000", "file: 2"), encoding="utf-8")
    split = bank_desk(bank.books.engine, bank.settings.model_copy(update={"banks": tmp_path}))
    split.instruct(5)
    bank.leave("2.xml", answered(status="RJCT", reasons=reason(), message_id=f"{BATCH}-002"))
    bank.leave("3.xml", answered(status="ACSC", message_id=f"{BATCH}-003"))

    bank.take()

    assert bank.states() == ["instructed", "instructed", "returned", "returned", "paid"]


def test_a_region_reads_by_its_own_banks_profile(bank: BankDesk, tmp_path: Path) -> None:
    demo = (data_folder("banks") / "000000.yaml").read_text(encoding="utf-8")
    (tmp_path / "000000.yaml").write_text(demo, encoding="utf-8")
    own = demo.replace('region: "000000"', 'region: "610100"').replace("[成功]", "[OK]")
    (tmp_path / "610100.yaml").write_text(own, encoding="utf-8")
    mine = bank_desk(bank.books.engine, bank.settings.model_copy(update={"banks": tmp_path}))
    mine.instruct(2)
    mine.leave("610100-a.csv", lines(told(0, "OK")))
    mine.leave("answer.csv", lines(told(1)))

    assert [taken.counts.applied for taken in mine.take()] == [1, 0]
    assert mine.standings("answer") == {1: refused("other_sender")}
    mine.leave("610100-b.csv", lines(told(1, "OK")))
    assert [taken.counts.applied for taken in mine.take()] == [1]


def test_a_file_without_a_profile_waits_and_holds_nobody_up(bank: BankDesk, tmp_path: Path) -> None:
    demo = (data_folder("banks") / "000000.yaml").read_text(encoding="utf-8")
    (tmp_path / "610100.yaml").write_text(
        demo.replace('region: "000000"', 'region: "610100"'), encoding="utf-8"
    )
    mine = bank_desk(bank.books.engine, bank.settings.model_copy(update={"banks": tmp_path}))
    mine.instruct(2)
    mine.leave("1.csv", lines(told(0)))
    mine.leave("610100.csv", lines(told(1)))

    first, second = mine.take()

    assert (first.sha256, second.counts.applied) == (None, 1)
    assert first.problem is not None
    assert "add the profile" in first.problem
    assert [taken.file_name for taken in bank.take()] == ["1.csv"]


@pytest.mark.parametrize(
    ("on", "is_late"),
    [
        pytest.param(date(2020, 5, 19), False, id="the day itself"),
        pytest.param(date(2020, 5, 26), False, id="the last of five working days"),
        pytest.param(date(2020, 5, 27), True, id="the day after"),
        pytest.param(date(2021, 1, 4), True, id="next year"),
    ],
)
def test_lines_without_an_answer_are_told_and_not_sent_again(bank: BankDesk, on: date, is_late: bool) -> None:
    bank.instruct(3)
    bank.leave("1.xml", answered(payment(said(0), said(1, "ACSP"))))
    bank.take()
    before = events(bank)

    with bank.at(on) as desk:
        found = unanswered(desk)

    expected = returns.Unanswered(BATCH, "610100", D, date(2020, 5, 26), 2, Decimal("203.00"))
    assert found == ([expected] if is_late else [])
    assert events(bank) == before


def test_answers_of_the_demonstrations_bank(bank: BankDesk) -> None:
    """Forty lines of two regions: one region's file is answered in XML, the other's in CSV."""
    bank.instruct(40)
    bank.instruct(40, region="230200")
    day = answer_payments(bank.out, bank.answers, 7, banks=load_banks(data_folder("banks")))

    taken = bank.take()

    assert {one.format for one in taken} <= {"pain.002", "csv"}
    assert sum(one.counts.applied for one in taken) == day.paid + day.returned
    assert sum(one.counts.refused for one in taken) == 0
    lists = bank.publish()
    assert sum(one.paid.count for one in lists.batches) == day.paid
    assert sum(one.returned.count for one in lists.batches) == day.returned
    assert sum(one.unanswered.count for one in lists.batches) == day.forgotten
    assert bank.books.breaks() == []
