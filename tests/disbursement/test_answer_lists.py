"""What is published of the bank's answers: it adds up, again it is the same, and a kill leaves nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import URL, Engine, create_engine
from sqlalchemy.pool import NullPool

from stable_jobs.acts import decide_proposal
from stable_jobs.disbursement import answer_lists, returns
from stable_jobs.errors import StepError
from stable_jobs.ledger.event import ledger_event
from stable_jobs.ledger.proposals import accept_account, propose_settlement
from stable_jobs.ledger.returns import enter_account
from stable_jobs.publishing.table import Sum
from stable_jobs.settings import Settings
from stable_jobs.store.database import APP
from tests.bank.answers.messages import lines, payment
from tests.databases import copy_database, drop_database
from tests.disbursement.bank_desk import (
    ACCOUNT,
    NEXT,
    BankDesk,
    D,
    answered,
    bank_desk,
    id_of,
    read_list,
    said,
    told,
)
from tests.e2e.home import tree
from tests.ledger.conftest import CODES

BATCH = "610100-20200519-L0-1"
MESSAGE = f"{BATCH}-001"


@pytest.fixture
def bank(engine: Engine, settings_with_database: Settings) -> BankDesk:
    return bank_desk(engine, settings_with_database)


def events(bank: BankDesk) -> int:
    return int(bank.books.ask("SELECT count(*) FROM audit_events")[0][0])


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
    bank.leave("3.xml", answered(status="RJCT", message_id="610100-20200519-L0-9-001"))
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
    assert [row["应为 Expected"] for row in rows] == [
        "100.00",
        "成功 / 退票 / 失败",
        "101.00",
        "对 pain.001 的 pain.002.001.03 或 .10 至 .15 pain.002.001.03 or .10 to .15 about a pain.001",
        "已发布的付款文件的 MsgId the MsgId of a payment file that was published",
    ]


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
    bank.leave("2.xml", answered(payment(said(2))))


def take_and_publish(bank: BankDesk) -> None:
    bank.take()
    bank.publish()


@pytest.fixture(scope="module")
def undisturbed(postgres_url: URL, template_database: str, tmp_path_factory: Any) -> Iterator[Any]:
    """What the ledger says and what is published where nothing was killed."""
    name = copy_database(postgres_url, template_database, "undisturbed")
    url = postgres_url.set(username=APP, database=name)
    home = tmp_path_factory.mktemp("home")
    settings = Settings(_env_file=None, home=home, database_url=url.render_as_string(hide_password=False))
    engine = create_engine(url, poolclass=NullPool)
    whole = bank_desk(engine, settings)
    leave_two_files(whole)
    take_and_publish(whole)
    yield whole.standings("1"), whole.standings("2"), published(whole)
    engine.dispose()
    drop_database(postgres_url, name)


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
        given = {
            "account_name": f"单位{CODES[1][-6:]}",
            "account_no": "111122223333",
            "bank_code": "102791000014",
        }
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


def accept(bank: BankDesk) -> None:
    with ledger_event(bank.books.engine, "account accepted", actor="王芳") as event:
        accept_account(event, id_of(0), "问过单位", "王芳")


def test_a_list_of_returns_becomes_empty_when_all_are_corrected_on_the_day(bank: BankDesk) -> None:
    bank.instruct(1)
    bank.leave("1.csv", lines(told(0, "退票")))
    bank.take()
    bank.publish()
    later = bank.night(1, NEXT)
    (only,) = later.units
    bank.books.decide(only | {"account_no": "999000111222"}, on=D)

    assert bank.states() == ["corrected"]
    assert bank.publish().returned == {"610100": Sum(1, Decimal("100.00"))}
    (row,) = read_list(bank.out / "2020-05-19/610100/returns/returns_work_list.2.csv")
    assert row["等待事项 Waits for"].endswith(f"stable-jobs returns accept-account {id_of(0)}")
    accept(bank)
    assert bank.publish().returned == {"610100": Sum(0, Decimal("0.00"))}
    assert read_list(bank.out / "2020-05-19/610100/returns/returns_work_list.3.csv") == []


def test_a_work_list_stays_as_it_was_when_its_day_ended(bank: BankDesk) -> None:
    bank.instruct(1)
    bank.leave("1.csv", lines(told(0, "退票")))
    bank.take()
    bank.publish()
    before = published(bank)
    (only,) = bank.night(1, NEXT).units
    bank.books.decide(only | {"account_no": "999000111222"}, on=NEXT)

    assert bank.states() == ["corrected"]
    accept(bank)
    assert bank.publish(NEXT).returned == {}
    bank.publish()
    assert published(bank) == before


def test_the_work_list_tells_what_the_bank_has_contradicts_and_rejects(bank: BankDesk) -> None:
    bank.instruct(4)
    words = ("重复指令", "文件格式错误")
    bank.leave(
        "1.csv", lines(*(told(n, "失败", words=text) for n, text in enumerate(words)), told(2), told(3))
    )
    bank.take()
    bank.leave("2.csv", lines(told(2, "退票", words="账户已销户")))
    bank.take()

    lists = bank.publish()

    assert lists.returned == {"610100": Sum(3, Decimal("303.00"))}
    rows = read_list(bank.out / "2020-05-19/610100/returns/returns_work_list.csv")
    told_all = {row["支付编号 End-to-end id"]: row["等待事项 Waits for"] for row in rows}
    assert "the bank has this payment: wait for its result" in told_all[id_of(0)]
    assert "the next batch, to the same account" in told_all[id_of(1)]
    assert f"by the bank's letter: stable-jobs returns settle {id_of(2)}" in told_all[id_of(2)]
    refused = read_list(bank.out / "2020-05-19/bank_answers/refused_answers.csv")
    assert [row["规则 Rule"] for row in refused] == ["answer.duplicate", "answer.contradiction"]


def test_the_lists_follow_a_settlement(bank: BankDesk) -> None:
    bank.instruct(2)
    bank.leave("1.csv", lines(told(0), told(1)))
    bank.take()
    bank.leave("2.csv", lines(told(0, "退票", words="账户已销户")))
    bank.take()
    (before,) = bank.publish().batches
    assert (before.paid.count, before.returned.count) == (2, 0)
    with ledger_event(bank.books.engine, "settlement proposed", actor="王芳") as event:
        number = propose_settlement(event, id_of(0), "returned", "银行来函", "王芳")
    with ledger_event(bank.books.engine, "proposal answered", actor="李强") as event:
        decide_proposal(event, number, "confirmed", "", "李强")

    lists = bank.publish()

    assert (lists.batches[0].paid.count, lists.batches[0].returned.count) == (1, 1)
    folder = bank.out / "2020-05-19/610100"
    (row,) = read_list(folder / f"{BATCH}-answers/returned.2.csv")
    assert (row["支付编号 End-to-end id"], row["银行原因 Bank's reason"]) == (id_of(0), "账户已销户")
    (row,) = read_list(folder / "returns/returns_work_list.2.csv")
    assert f"returns correct {id_of(0)}" in row["等待事项 Waits for"]
    assert bank.books.breaks() == []


def test_parts_that_do_not_add_up_end_the_step(bank: BankDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    bank.instruct(2)
    bank.leave("1.csv", lines(told(0)))
    bank.take()
    monkeypatch.setitem(answer_lists.FILTERS, "unanswered", "false")

    with pytest.raises(StepError, match=f"batch {BATCH}: .* 1 and 100.00 yuan, expected are 2 and 201.00"):
        bank.publish()

    assert published(bank) == {}
