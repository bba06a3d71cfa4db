"""The bank's answers: every row applied, repeated, pending or refused with why; accounts corrected by two."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest

from stable_jobs.errors import LedgerRefused
from stable_jobs.ledger import proposals, returns
from stable_jobs.ledger.batches import Batch
from stable_jobs.ledger.event import ledger_event
from tests.ledger.conftest import CODES, Books, D, Night, unit
from tests.ledger.full import CLEARED, LAST, LATER, NOW, account, end_to_end, formed, person

A, B = CODES[:2]
ONE, TWO = end_to_end(A), end_to_end(B)
HUNDRED = Decimal("100.00")
NUMBER, SPARE = account()["account_no"], "622200002222"


def row(outcome: str | None = "paid", **changed: Any) -> dict[str, str | Decimal | None]:
    return {"end_to_end_id": ONE, "outcome": outcome} | changed


@pytest.fixture
def sent(books: Books) -> Books:
    """Two payments of 100 yuan, instructed."""
    books.publish(formed(books, unit(A), unit(B)), CLEARED)
    return books


PAID, RETURNED, INSTRUCTED = "paid", "returned", "instructed"
UNREADABLE = {"rule": "answer.status", "expected": "paid or returned", "found": "maybe"}


@pytest.mark.parametrize(
    ("before", "rows", "standings", "refusals", "state"),
    [
        pytest.param((), (row(),), ["applied"], [], PAID, id="paid"),
        pytest.param((), (row(amount=HUNDRED),), ["applied"], [], PAID, id="paid with its amount"),
        pytest.param((), (row(RETURNED),), ["applied"], [], RETURNED, id="returned"),
        pytest.param((), (row("pending"),), ["pending"], [], INSTRUCTED, id="pending"),
        pytest.param(
            (),
            (row(end_to_end_id="20-X"),),
            ["refused"],
            [("answer.unknown_id", "an id that was instructed", "20-X")],
            INSTRUCTED,
            id="unknown id",
        ),
        pytest.param(
            (),
            (row(end_to_end_id=None),),
            ["refused"],
            [("answer.unknown_id", "an id that was instructed", None)],
            INSTRUCTED,
            id="no id",
        ),
        pytest.param(
            (),
            (row(amount=Decimal("99.99")),),
            ["refused"],
            [("answer.wrong_amount", "100.00", "99.99")],
            INSTRUCTED,
            id="wrong amount",
        ),
        pytest.param(
            (),
            (row("pending", amount=Decimal("99.99")),),
            ["refused"],
            [("answer.wrong_amount", "100.00", "99.99")],
            INSTRUCTED,
            id="pending with a wrong amount",
        ),
        pytest.param(
            (),
            (row(None, **UNREADABLE),),
            ["refused"],
            [("answer.status", "paid or returned", "maybe")],
            INSTRUCTED,
            id="a row that cannot be read",
        ),
        pytest.param(
            (),
            (row(**UNREADABLE), row(RETURNED)),
            ["refused", "applied"],
            [("answer.status", "paid or returned", "maybe")],
            RETURNED,
            id="a row that cannot be read does not count beside one that can",
        ),
        pytest.param((row(),), (row(),), ["repeated"], [], PAID, id="paid again"),
        pytest.param((row(RETURNED),), (row(RETURNED),), ["repeated"], [], RETURNED, id="returned again"),
        pytest.param(
            (row(),),
            (row(RETURNED),),
            ["contradiction"],
            [("answer.contradiction", "paid", "returned")],
            PAID,
            id="paid, then returned",
        ),
        pytest.param(
            (row(RETURNED),),
            (row(),),
            ["contradiction"],
            [("answer.contradiction", "returned", "paid")],
            RETURNED,
            id="returned, then paid",
        ),
        pytest.param((row("pending"),), (row(),), ["applied"], [], PAID, id="pending, then paid"),
        pytest.param((row(),), (row("pending"),), ["pending"], [], PAID, id="paid, then pending"),
        pytest.param((), (row(), row()), ["applied", "repeated"], [], PAID, id="two rows that agree"),
        pytest.param(
            (),
            (row(), row(RETURNED)),
            ["applied", "contradiction"],
            [("answer.contradiction", "paid", "returned")],
            PAID,
            id="two rows that contradict each other",
        ),
        pytest.param(
            (row(),),
            (row(RETURNED), row()),
            ["contradiction", "repeated"],
            [("answer.contradiction", "paid", "returned")],
            PAID,
            id="one row against what is known and one with it",
        ),
        pytest.param(
            (),
            (row(amount=Decimal(1)), row(RETURNED)),
            ["refused", "applied"],
            [("answer.wrong_amount", "100.00", "1.00")],
            RETURNED,
            id="a row with a wrong amount does not count beside one without",
        ),
        pytest.param(
            (), (row("pending"), row()), ["pending", "applied"], [], PAID, id="pending and paid in one file"
        ),
        pytest.param(
            (),
            (row("duplicate", reason_code="AM05", reason_text="重复"),),
            ["duplicate"],
            [("answer.duplicate", "what became of the payment that the bank has", "reject AM05 重复")],
            INSTRUCTED,
            id="a duplicate stays instructed",
        ),
        pytest.param((row("duplicate"),), (row(),), ["applied"], [], PAID, id="a duplicate, then paid"),
        pytest.param((row(),), (row("duplicate"),), ["repeated"], [], PAID, id="paid, then a duplicate"),
        pytest.param(
            (row(RETURNED),), (row("duplicate"),), ["repeated"], [], RETURNED, id="returned, then a duplicate"
        ),
        pytest.param(
            (),
            (row("duplicate", amount=Decimal(1)),),
            ["refused"],
            [("answer.wrong_amount", "100.00", "1.00")],
            INSTRUCTED,
            id="a duplicate with a wrong amount",
        ),
        *(
            pytest.param(
                (), (row(RETURNED, fault=fault),), ["applied"], [], "corrected", id=f"returned by {fault}"
            )
            for fault in ("our_file", "our_account", "bank")
        ),
        *(
            pytest.param(
                (), (row(RETURNED, fault=fault),), ["applied"], [], RETURNED, id=f"returned by {fault}"
            )
            for fault in ("payee_account", "payee_name", "regulatory", "unknown")
        ),
        pytest.param((), (), [], [], INSTRUCTED, id="no rows"),
    ],
)
def test_every_row_has_its_standing(
    sent: Books,
    before: Sequence[dict[str, Any]],
    rows: Sequence[dict[str, Any]],
    standings: list[str],
    refusals: list[tuple[str, str, str | None]],
    state: str,
) -> None:
    if before:
        sent.answer(before, name="before")
    counts = sent.answer(rows, name="now")
    assert counts.is_new
    found = sent.ask(
        "SELECT standing, rule, expected, found FROM bank_answer_rows r"
        " JOIN bank_answers a ON a.id = r.answer_id WHERE a.file_name = 'now' ORDER BY row_no"
    )
    assert [one[0] for one in found] == standings
    assert [one[1:] for one in found if one[1]] == refusals
    for name in ("applied", "repeated", "pending", "refused", "duplicate", "contradiction"):
        assert getattr(counts, name) == standings.count(name)
    assert sent.states() == {f"{A[-6:]}.1": state, f"{B[-6:]}.1": "instructed"}
    assert sent.breaks() == []


def test_rows_of_two_payments_do_not_mix(sent: Books) -> None:
    counts = sent.answer([row(), row(RETURNED, end_to_end_id=TWO)])
    assert counts.applied == 2
    assert sorted(sent.states().values()) == [PAID, RETURNED]


def test_the_same_bytes_again_change_nothing(sent: Books) -> None:
    first = sent.answer([row(), row(end_to_end_id="20-X")])
    events = sent.ask("SELECT count(*) FROM audit_events")
    again = sent.answer([row(), row(end_to_end_id="20-X")])
    assert (first.is_new, first.applied, first.refused) == (True, 1, 1)
    assert again == returns.AnswerCounts(is_new=False)
    assert sent.ask("SELECT count(*) FROM audit_events") == events


def test_a_file_that_cannot_be_read_is_kept_with_its_problem(sent: Books) -> None:
    with ledger_event(sent.engine, "bank answer", business_date=D) as event:
        returns.answer_table(event.connection)
        counts = returns.take_answer(
            event, sha256="b" * 64, file_name="x.xml", file_format="pain.002", problem="not XML"
        )
    assert counts == returns.AnswerCounts(is_new=True)
    assert sent.ask("SELECT file_name, rows, problem FROM bank_answers") == [("x.xml", 0, "not XML")]
    assert returns.is_ingested(sent.engine.connect(), "b" * 64)
    assert not returns.is_ingested(sent.engine.connect(), "c" * 64)


def test_an_answer_for_a_batch_that_never_went_out_is_unknown(books: Books) -> None:
    formed(books, unit(A))
    other = Night(LATER, (unit(A, account_no="999"),), regions=NOW)
    books.apply(other)
    books.form(other)
    assert books.ask("SELECT DISTINCT end_to_end_id FROM payment_lines") == [(ONE,)]
    assert books.answer([row()]).refused == 1
    assert set(books.states().values()) == {"batched"}


def accept(books: Books, name: str = "wei", failed: str = ONE) -> str:
    """Somebody who saw the bank's reason takes the account of the newest extract."""
    return str(person(books, name, proposals.accept_account, failed, "asked the firm", name))


def test_an_answer_to_the_first_attempt_does_not_touch_the_second(sent: Books) -> None:
    sent.answer([row(RETURNED)])
    again = Night(LATER, (unit(A, account_no="999"), unit(B)), regions=NOW)
    sent.apply(again)
    accept(sent)
    sent.publish(sent.form(again)[0], LATER)
    counts = sent.answer([row(RETURNED), row(end_to_end_id=end_to_end(A, 1, 2))], name="late")
    assert (counts.repeated, counts.applied) == (1, 1)
    assert sent.states()[f"{A[-6:]}.1"] == PAID


def test_the_reason_is_the_banks(sent: Books) -> None:
    sent.answer([row(RETURNED, reason_code="AC01", reason_text="户名不符"), row(RETURNED, end_to_end_id=TWO)])
    assert sent.ask("SELECT reason FROM payments ORDER BY id") == [("AC01 户名不符",), ("bank",)]


@pytest.fixture
def back(sent: Books) -> Books:
    """One of the two payments returned."""
    sent.answer([row(RETURNED)])
    return sent


def enter(books: Books, name: str, **changed: Any) -> int:
    return int(person(books, name, returns.enter_account, ONE, name, **account(**changed)))


def test_two_people_correct_an_account_and_it_goes_out_again(back: Books) -> None:
    number = enter(back, "li")
    assert back.states()[f"{A[-6:]}.1"] == RETURNED
    night = Night(LATER, (unit(A), unit(B)), regions=NOW)
    back.apply(night)
    assert back.form(night) == []
    person(back, "wang", returns.confirm_account, number, "wang", NUMBER)
    (batch,) = back.form(night)
    assert back.ask(
        "SELECT account_no, account_source, attempt, batch_id FROM payment_lines ORDER BY id DESC LIMIT 1"
    ) == [("622200001111", "person", 2, batch.id)]
    assert back.ask("SELECT person, deed FROM batch_preparers ORDER BY 1") == [
        ("li", "account"),
        ("wang", "account"),
    ]
    assert back.breaks() == []


@pytest.mark.parametrize("name", ["li", " LI", "ｌi"], ids=["the same", "case and blanks", "full width"])
def test_an_account_is_not_confirmed_by_who_entered_it(back: Books, name: str) -> None:
    number = enter(back, "li")
    with pytest.raises(LedgerRefused, match="another person than li"):
        person(back, name, returns.confirm_account, number, name, NUMBER)


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"account_name": ""}, id="no name"),
        pytest.param({"account_no": ""}, id="no number"),
        pytest.param({"bank_code": ""}, id="no bank"),
    ],
)
def test_an_account_needs_its_parts(back: Books, changed: dict[str, str]) -> None:
    with pytest.raises(LedgerRefused, match="account_corrections_account_check"):
        enter(back, "li", **changed)


@pytest.mark.parametrize("number", [TWO, "20-X"], ids=["not returned", "unknown"])
def test_an_account_is_entered_for_a_returned_payment(back: Books, number: str) -> None:
    with pytest.raises(LedgerRefused, match="is no returned payment: `stable-jobs returns list`"):
        person(back, "li", returns.enter_account, number, "li", **account())


def test_a_correction_is_confirmed_once_and_only_if_there_is_one(back: Books) -> None:
    number = enter(back, "li")
    person(back, "wang", returns.confirm_account, number, "wang", NUMBER)
    for wrong in (number, 99):
        with pytest.raises(LedgerRefused, match="waits for nobody"):
            person(back, "zhao", returns.confirm_account, wrong, "zhao", NUMBER)


def test_an_old_correction_does_not_serve_the_next_attempt(back: Books) -> None:
    """The account of people failed as well: the payment waits for another; neither one is taken again."""
    number = enter(back, "li")
    spare = enter(back, "li", account_no=SPARE)
    person(back, "wang", returns.confirm_account, number, "wang", NUMBER)
    night = Night(LATER, (unit(A), unit(B)), regions=NOW)
    back.apply(night)
    back.publish(back.form(night)[0], LATER)
    back.answer([row(RETURNED, end_to_end_id=end_to_end(A, 1, 2))], name="second")
    with pytest.raises(LedgerRefused, match="nothing in the ledger makes it corrected"):
        person(back, "wang", returns.confirm_account, spare, "wang", SPARE)
    assert back.states()[f"{A[-6:]}.1"] == RETURNED
    last = Night(LAST, (unit(A), unit(B)), regions=NOW)
    back.apply(last)
    assert back.form(last) == []
    assert back.states()[f"{A[-6:]}.1"] == RETURNED


def test_a_contradiction_in_one_answer_moves_only_the_first(sent: Books) -> None:
    sent.answer([row(RETURNED), row(), row(RETURNED, end_to_end_id=TWO)])
    assert sorted(sent.states().values()) == [RETURNED, RETURNED]


def line_of(books: Books, batch: Batch) -> list[tuple[str, str, str, int]]:
    query = (
        "SELECT end_to_end_id, account_no, account_source, attempt FROM payment_lines WHERE batch_id = :id"
    )
    return books.ask(query, id=batch.id)


@pytest.mark.parametrize("fault", ["our_file", "our_account", "bank"])
def test_what_is_not_the_payees_fault_goes_again_to_the_same_account(sent: Books, fault: str) -> None:
    sent.answer([row(RETURNED, fault=fault)])
    night = Night(LATER, (unit(A), unit(B)), regions=NOW)
    sent.apply(night)
    (batch,) = sent.form(night)
    assert line_of(sent, batch) == [(end_to_end(A, 1, 2), "6200001", "corporate", 2)]
    sent.publish(batch, LATER)
    assert sent.breaks() == []


@pytest.mark.parametrize("level", [1, 2])
def test_a_rejected_file_needs_its_approvals_again(books: Books, level: int) -> None:
    books.assign(("first", 1), ("second", 2))
    batch = formed(books, unit(A, review_level=level))
    for number, name in list(enumerate(("first", "second"), 1))[:level]:
        books.approve(batch, number, name)
    books.publish(batch, CLEARED)
    books.answer([row(RETURNED, fault="our_file")])
    night = Night(LATER, (unit(A, review_level=level),), regions=NOW)
    books.apply(night)
    (again,) = books.form(night)
    with pytest.raises(LedgerRefused, match=f"0 of {level} approvals"):
        books.publish(again, LATER)


def test_an_account_of_two_people_serves_again_where_the_file_was_rejected(back: Books) -> None:
    number = enter(back, "li")
    person(back, "wang", returns.confirm_account, number, "wang", account()["account_no"])
    night = Night(LATER, (unit(A), unit(B)), regions=NOW)
    back.apply(night)
    back.publish(back.form(night)[0], LATER)
    back.answer([row(RETURNED, end_to_end_id=end_to_end(A, 1, 2), fault="our_file")], name="second")
    last = Night(LAST, (unit(A), unit(B)), regions=NOW)
    back.apply(last)
    (batch,) = back.form(last)
    assert line_of(back, batch) == [(end_to_end(A, 1, 3), "622200001111", "person", 3)]


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({}, id="the very same"),
        pytest.param({"account_no": "620-0001"}, id="hyphens"),
        pytest.param({"account_no": "0062 00001"}, id="blanks and leading zeros"),
        pytest.param({"account_no": "６２００００１"}, id="full width"),
        pytest.param({"account_name": "改了名"}, id="another name"),
        pytest.param({"entitlement": Decimal("60.00")}, id="a lower amount"),
        pytest.param({"entitlement": Decimal("160.00"), "account_no": "620-0001"}, id="a higher amount"),
    ],
)
def test_money_never_goes_again_to_a_closed_account(sent: Books, changed: dict[str, Any]) -> None:
    sent.answer([row(RETURNED, fault="payee_account")])
    for on in (LATER, LAST):
        night = Night(on, (unit(A, **changed), unit(B)), regions=NOW)
        sent.apply(night)
        sent.close(on)
        assert sent.form(night) == []
    assert sent.breaks() == []


@pytest.mark.parametrize("entitlement", ["100.00", "60.00", "160.00"])
def test_a_new_account_after_a_return_waits_for_a_person(sent: Books, entitlement: str) -> None:
    sent.answer([row(RETURNED, fault="payee_account")])
    says = (unit(A, account_no="999", entitlement=Decimal(entitlement)), unit(B))
    night = Night(LATER, says, regions=NOW)
    sent.apply(night)
    sent.close(LATER)
    assert sent.form(night) == []
    assert accept(sent) == "****"
    (batch,) = sent.form(night)
    assert [line[1:3] for line in line_of(sent, batch)] == [("999", "corporate")]
    assert sent.ask("SELECT person, deed FROM batch_preparers") == [("wei", "new account")]
    assert sent.breaks() == []


def test_only_the_account_that_was_accepted_is_used(sent: Books) -> None:
    sent.answer([row(RETURNED)])
    for on, number in ((LATER, "999"), (LAST, "888")):
        night = Night(on, (unit(A, account_no=number), unit(B)), regions=NOW)
        sent.apply(night)
        if on == LATER:
            accept(sent)
    assert sent.form(night) == []
    accept(sent)
    (batch,) = sent.form(night)
    assert line_of(sent, batch)[0][1] == "888"


def test_after_money_arrived_another_account_is_no_doubt(sent: Books) -> None:
    sent.answer([row(RETURNED)])
    night = Night(LATER, (unit(A, account_no="999"), unit(B)), regions=NOW)
    sent.apply(night)
    accept(sent)
    sent.publish(sent.form(night)[0], LATER)
    sent.answer([row(end_to_end_id=end_to_end(A, 1, 2))], name="second", on=LATER)
    last = Night(LAST, (unit(A, account_no="888", entitlement=Decimal(150)), unit(B)), regions=NOW)
    sent.apply(last)
    sent.close(LAST)
    (batch,) = sent.form(last)
    assert line_of(sent, batch) == [(end_to_end(A, 2, 1), "888", "corporate", 1)]


def test_two_people_correct_the_account_of_the_payment_in_its_place(sent: Books) -> None:
    sent.answer([row(RETURNED, fault="payee_account")])
    night = Night(LATER, (unit(A, entitlement=Decimal("60.00")), unit(B)), regions=NOW)
    sent.apply(night)
    sent.close(LATER)
    number = enter(sent, "li")
    assert sent.form(night) == []
    person(sent, "wang", returns.confirm_account, number, "wang", account()["account_no"])
    (batch,) = sent.form(night)
    assert line_of(sent, batch) == [(end_to_end(A, 2, 1), "622200001111", "person", 1)]
    assert sent.breaks() == []


def test_no_account_is_accepted_where_none_waits(sent: Books) -> None:
    for failed in (ONE, "20-X"):
        with pytest.raises(LedgerRefused, match="no new account waits"):
            accept(sent, failed=failed)
