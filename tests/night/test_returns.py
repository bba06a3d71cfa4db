"""The bank's answers on a real ledger, with real files: what is applied, refused and published, once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import URL, Engine, create_engine
from sqlalchemy.pool import NullPool

from stable_jobs.demo.bank import answer_payments
from stable_jobs.errors import StepError
from stable_jobs.ledger.event import ledger_event
from stable_jobs.ledger.returns import AnswerCounts, enter_account
from stable_jobs.night import answer_lists, returns
from stable_jobs.night.returns import unanswered
from stable_jobs.payout.banks import load_banks
from stable_jobs.payout.table import Sum
from stable_jobs.settings import Settings, data_folder
from stable_jobs.store.database import APP
from tests.conftest import run_sql
from tests.e2e.home import tree
from tests.night.bank_desk import ACCOUNT, NEXT, BankDesk, D, bank_desk, id_of, read_list, said, told
from tests.payout.answers.messages import lines, payment, reason, report

BATCH = "610100-20200519-L0-1"
MESSAGE = f"{BATCH}-001"
APPLIED, REPEATED, PENDING = ("applied", None), ("repeated", None), ("pending", None)


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
            report(payment(said(0), said(1, "RJCT", reason=reason()), said(2, "ACSP"))),
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
            report(payment(said(0, amount="100.01"), said(1))),
            {1: refused("wrong_amount"), 2: APPLIED},
            ["instructed", "paid", "instructed"],
            id="a wrong amount",
        ),
        pytest.param(
            "a.xml",
            report(payment(said(0, end_to_end_id=id_of(0, attempt=2)), said(1))),
            {1: refused("unknown_id"), 2: APPLIED},
            ["instructed", "paid", "instructed"],
            id="an id that was never instructed",
        ),
        pytest.param(
            "a.xml",
            report(payment(said(0), said(0, "RJCT"), said(1))),
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
            report(status="RJCT", reasons=reason(), message_id=MESSAGE),
            {1: APPLIED, 2: APPLIED, 3: APPLIED},
            ["returned"] * 3,
            id="the whole message rejected",
        ),
        pytest.param(
            "a.xml",
            report(payment(status="ACSC", id_=MESSAGE), message_id=MESSAGE),
            {1: APPLIED, 2: APPLIED, 3: APPLIED},
            ["paid"] * 3,
            id="the whole payment block settled",
        ),
        pytest.param(
            "a.xml",
            report(status="ACTC", message_id=MESSAGE),
            {1: PENDING, 2: PENDING, 3: PENDING},
            ["instructed"] * 3,
            id="the whole message under way",
        ),
        pytest.param(
            "a.xml",
            report(payment(status="RJCT", id_="P-9"), message_id=MESSAGE),
            {0: refused("unknown_message")},
            ["instructed"] * 3,
            id="a payment block that is not ours",
        ),
        pytest.param(
            "a.xml",
            report(status="RJCT", message_id=f"{BATCH}-002"),
            {0: refused("unknown_message")},
            ["instructed"] * 3,
            id="a message that was never sent",
        ),
        pytest.param(
            "a.xml",
            report(status="RJCT", message_id="610100-20200519-L2-1-001"),
            {0: refused("unknown_message")},
            ["instructed"] * 3,
            id="a batch that was never formed",
        ),
        pytest.param(
            "a.xml",
            report(payment(said(0), id_="P-1"), payment(status="RJCT", id_=MESSAGE), message_id=MESSAGE),
            {1: refused("contradiction"), 2: refused("contradiction"), 3: APPLIED, 4: APPLIED},
            ["instructed", "returned", "returned"],
            id="a line that contradicts its whole block",
        ),
        pytest.param(
            "a.xml",
            report(payment(said(0), status="XXXX"), message_id=MESSAGE),
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
    assert counts.applied + counts.repeated + counts.pending + counts.refused == len(standings)
    assert bank.books.breaks() == []


@pytest.mark.parametrize(
    ("first", "second", "standing", "state"),
    [
        pytest.param("ACSC", "ACSC", REPEATED, "paid", id="the same again"),
        pytest.param("ACSC", "RJCT", refused("contradiction"), "paid", id="paid, then returned"),
        pytest.param("RJCT", "ACSC", refused("contradiction"), "returned", id="returned, then paid"),
        pytest.param("ACSP", "RJCT", APPLIED, "returned", id="under way, then returned"),
        pytest.param("ACSC", "ACSP", PENDING, "paid", id="paid, then under way"),
    ],
)
def test_the_first_result_of_a_line_stands(
    bank: BankDesk, first: str, second: str, standing: Any, state: str
) -> None:
    bank.instruct(1)
    bank.leave("1.xml", report(payment(said(0, first))))
    bank.take()
    bank.leave("2.xml", report(payment(said(0, second)), before="<!-- later -->"))
    bank.take(NEXT)

    rows = bank.books.ask("SELECT standing, rule FROM bank_answer_rows ORDER BY answer_id DESC LIMIT 1")
    assert rows == [standing]
    assert bank.states() == [state]


def test_the_same_bytes_are_taken_once_under_any_name(bank: BankDesk) -> None:
    bank.instruct(1)
    bank.leave("1.xml", report(payment(said(0))))
    assert len(bank.take()) == 1
    before = events(bank)

    bank.leave("2.xml", report(payment(said(0))))

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
        bank.leave(name, report(payment(said(0))))

    assert bank.take() == []
    assert bank.states() == ["instructed"]


def plant_link(bank: BankDesk) -> None:
    outside = bank.settings.home / "outside.xml"
    outside.write_text(report(payment(said(0))), encoding="utf-8")
    (bank.answers / "1.xml").symlink_to(outside)


def plant_folder(bank: BankDesk) -> None:
    (bank.answers / "1.xml").mkdir()
    (bank.answers / "1.xml" / "1.xml").write_text(report(payment(said(0))), encoding="utf-8")


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
    monkeypatch.setattr("stable_jobs.night.answer_files.MOST_BYTES", 10)
    bank.instruct(1)
    bank.leave("1.xml", report(payment(said(0))))

    (taken,) = bank.take()

    assert taken.problem is not None
    assert "at most 10 bytes" in taken.problem
    assert not (bank.settings.home / "lake" / "landing").exists()


def test_the_bytes_are_kept_and_the_banks_folder_is_as_it_was(bank: BankDesk) -> None:
    bank.instruct(1)
    bank.leave("1.xml", report(payment(said(0))))
    before = tree(bank.answers)

    (taken,) = bank.take()

    assert tree(bank.answers) == before
    assert tree(bank.settings.home / "lake" / "landing") == {taken.sha256: taken.sha256}


def test_a_name_cannot_harm(bank: BankDesk) -> None:
    bank.instruct(1)
    name = os.fsdecode(b"610100-\xff\xe2\x80\xae6222021234567890123.xml")
    bank.leave(name, report(payment(said(0))))

    (taken,) = bank.take()

    assert taken.file_name == "610100-\ufffd⟨U+202E⟩****0123.xml"
    assert bank.states() == ["paid"]


def test_a_message_is_read_as_it_was_split_then(bank: BankDesk, tmp_path: Path) -> None:
    """The profile that split the batch may be another one by the time the bank answers."""
    demo = (data_folder("banks") / "000000.yaml").read_text(encoding="utf-8")
    (tmp_path / "000000.yaml").write_text(demo.replace("file: 10000", "file: 2"), encoding="utf-8")
    split = bank_desk(bank.books.engine, bank.settings.model_copy(update={"banks": tmp_path}))
    split.instruct(5)
    bank.leave("2.xml", report(status="RJCT", reasons=reason(), message_id=f"{BATCH}-002"))
    bank.leave("3.xml", report(status="ACSC", message_id=f"{BATCH}-003"))

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

    assert [taken.counts.applied for taken in mine.take()] == [1, 1]


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


def published(bank: BankDesk, on: date = D) -> dict[str, str]:
    """Everything published on the date but the batches' own files."""
    found = tree(bank.out / on.isoformat())
    return {name: sha256 for name, sha256 in found.items() if f"{BATCH}/" not in name}


def test_paid_and_returned_lists_add_up_to_the_batch(bank: BankDesk) -> None:
    bank.instruct(4)
    bank.leave("1.csv", lines(told(0), told(2), told(1, "退票", code="AC01", words="账号不存在")))
    bank.take()

    lists = bank.publish()

    (one,) = lists.batches
    assert (one.paid, one.returned, one.unanswered) == (
        Sum(2, Decimal("202.00")), Sum(1, Decimal("101.00")), Sum(1, Decimal("103.00")),
    )  # fmt: skip
    folder = bank.out / "2020-05-19/610100" / f"{BATCH}-answers"
    assert [row["支付编号 End-to-end id"] for row in read_list(folder / "paid.csv")] == [id_of(0), id_of(2)]
    (row,) = read_list(folder / "returned.csv")
    assert (row["支付编号 End-to-end id"], row["银行原因 Bank's reason"]) == (id_of(1), "账号不存在")
    assert (row["账号（掩码） Account (masked)"], row["金额（元） Amount (yuan)"]) == (
        "*" * 15 + "0123",
        "101.00",
    )
    assert lists.returned == {"610100": Sum(1, Decimal("101.00"))}
    assert bank.books.breaks() == []


def test_no_whole_account_is_published(bank: BankDesk) -> None:
    bank.instruct(3)
    words = f"账号 {ACCOUNT} 不存在"
    bank.leave("1.csv", lines(told(0), told(1, "退票", words=words), told(2, ACCOUNT)))
    bank.take()
    bank.publish()

    texts = [(bank.out / D.isoformat() / name).read_bytes() for name in published(bank) if "." in name]
    assert len(texts) >= 11
    assert [text for text in texts if ACCOUNT.encode() in text] == []
    bodies = bank.books.ask("SELECT body FROM audit_events")
    assert [body for (body,) in bodies if ACCOUNT in body] == []


def test_refused_rows_are_listed_with_what_to_do(bank: BankDesk) -> None:
    bank.instruct(2)
    bank.leave("1.csv", lines(told(0, amount="1.00"), told(1, "不明"), told(1, amount="99")))
    bank.leave("2.xml", "<x/>")
    bank.leave("3.xml", report(status="RJCT", message_id="610100-20200519-L0-9-001"))
    bank.take()

    assert bank.publish().refused == 5

    rows = read_list(bank.out / "2020-05-19/bank_answers/refused_answers.csv")
    assert [(r["回盘文件 File"], r["行号 Row"], r["规则 Rule"], r["实为 Found"]) for r in rows] == [
        ("1.csv", "1", "answer.wrong_amount", "1.00"),
        ("1.csv", "2", "answer.status", "不明"),
        ("1.csv", "3", "answer.wrong_amount", "99.00"),
        ("2.xml", "", "answer.message", "x"),
        ("3.xml", "", "answer.unknown_message", "610100-20200519-L0-9-001"),
    ]
    told_all = ("问题 What is wrong", "应为 Expected", "下一步", "Next step")
    assert [row for row in rows if not all(row[name] for name in told_all)] == []


def test_again_changes_nothing_and_a_later_day_goes_on(bank: BankDesk) -> None:
    bank.instruct(3)
    bank.leave("1.csv", lines(told(0), told(1, "退票")))
    bank.take()
    bank.publish()
    before, written = published(bank), events(bank)

    assert bank.take() == []
    bank.publish()
    assert (published(bank), events(bank)) == (before, written)

    bank.leave("2.csv", lines(told(2)))
    bank.take(NEXT)
    (one,) = bank.publish(NEXT).batches
    assert (one.paid.count, one.returned.count, one.unanswered.count) == (2, 1, 0)
    bank.publish()
    assert published(bank) == before
    assert bank.books.breaks() == []


def test_a_second_answer_on_the_same_day_is_another_edition(bank: BankDesk) -> None:
    bank.instruct(2)
    bank.leave("1.csv", lines(told(0)))
    bank.take()
    bank.publish()
    bank.leave("2.csv", lines(told(1)))
    bank.take()
    bank.publish()

    folder = bank.out / "2020-05-19/610100" / f"{BATCH}-answers"
    assert {"paid.csv", "paid.2.csv", "manifest.2.json", "returned.csv"} <= {p.name for p in folder.iterdir()}
    assert not (folder / "returned.2.csv").exists()


class Killed(BaseException):
    """Nobody catches it, as nobody catches a kill."""


KILLS = [
    pytest.param(returns, "take_answer", 1, id="before the first file's event"),
    pytest.param(returns, "take_answer", 2, id="between two files"),
    pytest.param(answer_lists, "publish_tables", 1, id="between event and lists"),
    pytest.param(answer_lists, "record_published", 1, id="published, not yet recorded"),
    pytest.param(answer_lists, "publish_tables", 3, id="between two lists"),
]


def leave_two_files(bank: BankDesk) -> None:
    bank.instruct(3)
    bank.leave("1.csv", lines(told(0), told(1, "退票"), told(2, "不明")))
    bank.leave("2.xml", report(payment(said(2))))


def take_and_publish(bank: BankDesk) -> None:
    bank.take()
    bank.publish()


@pytest.fixture(scope="module")
def undisturbed(postgres_url: URL, template_database: str, tmp_path_factory: Any) -> Iterator[Any]:
    """What the ledger says and what is published where nothing was killed."""
    name = f"undisturbed_{uuid4().hex}"
    run_sql(postgres_url, f"CREATE DATABASE {name} TEMPLATE {template_database}")
    url = postgres_url.set(username=APP, database=name)
    home = tmp_path_factory.mktemp("home")
    settings = Settings(_env_file=None, home=home, database_url=url.render_as_string(hide_password=False))
    engine = create_engine(url, poolclass=NullPool)
    whole = bank_desk(engine, settings)
    leave_two_files(whole)
    take_and_publish(whole)
    yield whole.standings("1"), whole.standings("2"), published(whole)
    engine.dispose()
    run_sql(postgres_url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.mark.parametrize(("module", "name", "call"), KILLS)
def test_a_kill_leaves_nothing_that_the_next_run_does_not_end(
    bank: BankDesk, monkeypatch: pytest.MonkeyPatch, undisturbed: Any, module: Any, name: str, call: int
) -> None:
    calls = []
    real = getattr(module, name)

    def killed(*arguments: Any, **more: Any) -> Any:
        calls.append(name)
        if len(calls) == call:
            raise Killed
        return real(*arguments, **more)

    leave_two_files(bank)
    with monkeypatch.context() as patch:
        patch.setattr(module, name, killed)
        with pytest.raises(Killed):
            take_and_publish(bank)
    take_and_publish(bank)

    assert (bank.standings("1"), bank.standings("2"), published(bank)) == undisturbed
    assert bank.books.breaks() == []


def test_the_work_list_says_what_a_returned_payment_waits_for(bank: BankDesk) -> None:
    bank.instruct(2)
    bank.leave("1.csv", lines(told(0, "退票", code="AC04", words="账户已销户"), told(1, "退票")))
    bank.take()
    with ledger_event(bank.books.engine, "account entered", actor="王芳") as event:
        given = {"account_name": "单位", "account_no": "111122223333", "bank_code": "102791000014"}
        enter_account(event, id_of(1), "王芳", bank_name="工行", **given)

    assert bank.publish(NEXT).returned == {"610100": Sum(2, Decimal("201.00"))}

    rows = read_list(bank.out / "2020-05-20/610100/returns/returns_work_list.csv")
    assert [row["等待事项 Waits for"].partition("stable-jobs ")[2] for row in rows] == [
        f"returns correct {id_of(0)}", "returns confirm 1",
    ]  # fmt: skip
    assert [(r["退回日期 Returned since"], r["次数 Attempt"], r["银行原因 Bank's reason"]) for r in rows] == [
        ("2020-05-19", "1", "账户已销户"), ("2020-05-19", "1", ""),
    ]  # fmt: skip
    assert {row["账号（掩码） Account (masked)"] for row in rows} == {"*" * 15 + "0123"}


def test_a_list_of_returns_becomes_empty_when_all_are_corrected_on_the_day(bank: BankDesk) -> None:
    bank.instruct(1)
    bank.leave("1.csv", lines(told(0, "退票")))
    bank.take()
    bank.publish()
    later = bank.night(1, NEXT)
    (only,) = later.units
    bank.books.decide(only | {"account_no": "999000111222"}, on=D)

    assert bank.states() == ["corrected"]
    assert bank.publish().returned == {"610100": Sum(0, Decimal("0.00"))}
    assert read_list(bank.out / "2020-05-19/610100/returns/returns_work_list.2.csv") == []


def test_a_work_list_stays_as_it_was_when_its_day_ended(bank: BankDesk) -> None:
    bank.instruct(1)
    bank.leave("1.csv", lines(told(0, "退票")))
    bank.take()
    bank.publish()
    before = published(bank)
    (only,) = bank.night(1, NEXT).units
    bank.books.decide(only | {"account_no": "999000111222"}, on=NEXT)

    assert bank.states() == ["corrected"]
    assert bank.publish(NEXT).returned == {}
    bank.publish()
    assert published(bank) == before


def test_parts_that_do_not_add_up_end_the_step(bank: BankDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    bank.instruct(2)
    bank.leave("1.csv", lines(told(0)))
    bank.take()
    monkeypatch.setitem(answer_lists.OUTCOMES, "unanswered", "false")

    with pytest.raises(StepError, match=f"batch {BATCH}: .* 1 and 100.00 yuan, expected are 2 and 201.00"):
        bank.publish()

    assert published(bank) == {}


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
    bank.leave("1.xml", report(payment(said(0), said(1, "ACSP"))))
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
