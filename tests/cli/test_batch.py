"""Approving on the command line: what is shown is what is approved, and the ledger has the last word."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest

from stable_jobs.ledger.batches import Batch
from tests.cli.conftest import Done, Run
from tests.ledger.conftest import CODES, REGION, Books, unit
from tests.ledger.full import CLEARED, formed, person, write

ACCOUNT = "6222020200112233445"
A, B = CODES[:2]
ANSWERED = "SELECT level, approver, answer, batch_hash, reason, answered_in FROM approvals ORDER BY level"


@pytest.fixture
def batch(books: Books) -> Batch:
    """Two units, two approvals; `sun` prepared it."""
    from stable_jobs.ledger.rulings import enter_budget

    books.assign(("first", 1), ("second", 2), ("first", 2), ("sun", 1))
    person(books, "sun", enter_budget, REGION, 2020, Decimal(10**6), "letter 7", "sun")
    units = [
        unit(A, account_no=ACCOUNT, unit_name="*[red]甲|乙*\u202e"),
        unit(B, entitlement=Decimal("1234.5")),
    ]
    return formed(books, *(one | {"review_level": 2} for one in units))


def approve(run: Run, batch: Batch, level: int, by: str, *more: str, said: str = "y\n") -> Done:
    return run("batch", "approve", batch.batch_no, "--level", str(level), "--by", by, *more, said=said)


@pytest.mark.parametrize("verb", [["show"], ["approve", "--level", "1", "--by", "first"]], ids=lambda v: v[0])
def test_what_an_approver_is_shown(run: Run, batch: Batch, verb: list[str]) -> None:
    done = run("batch", verb[0], batch.batch_no, *verb[1:], said="n\n")

    for shown in (batch.hash, "1,334.50", "1,234.50", "*[red]甲|乙*⟨U+202E⟩", "西安市", "first 或 or sun"):
        assert shown in done.out, shown
    assert done.out.index("1,234.50") < done.out.index("甲")
    assert ACCOUNT not in done.out + done.err


def test_an_approval_is_for_the_lines_shown(
    run: Run, books: Books, batch: Batch, last_event: Callable[[], tuple[str, str, object]]
) -> None:
    done = approve(run, batch, 1, "first", "--reason", "looked")

    assert done.code == 0, done.err
    assert books.ask(ANSWERED) == [(1, "first", "approved", batch.hash, "looked", "command line")]
    assert last_event() == ("first", "approval", None)
    assert "It waits for approval 2 by first or second." in done.out
    assert books.ask("SELECT state FROM batches") == [("formed",)]


def test_two_people_and_the_batch_may_go(run: Run, books: Books, batch: Batch) -> None:
    approve(run, batch, 1, "first")
    assert "It waits for the next run." in approve(run, batch, 2, "second").out
    books.publish(batch, CLEARED)
    assert books.ask("SELECT state FROM batches") == [("published",)]


@pytest.mark.parametrize(
    ("said", "more", "is_recorded"),
    [
        pytest.param("n\n", [], False, id="no"),
        pytest.param("", [], False, id="nobody is there"),
        pytest.param("", ["--yes"], True, id="sure"),
        pytest.param("y\n", ["--hash", "HASH"], True, id="the hash"),
        pytest.param("y\n", ["--hash", "f" * 64], False, id="another hash"),
        pytest.param("y\n", ["--hash", ""], False, id="an empty hash"),
        pytest.param("y\n", ["--reason", " "], False, id="a blank remark"),
    ],
)
def test_nothing_is_recorded_unless_the_person_is_sure(
    run: Run, books: Books, batch: Batch, said: str, more: list[str], is_recorded: bool
) -> None:
    given = [batch.hash if one == "HASH" else one for one in more]
    done = approve(run, batch, 1, "first", *given, said=said)

    assert (done.code == 0, bool(books.ask(ANSWERED))) == (is_recorded, is_recorded), done.err


@pytest.mark.parametrize(
    ("before", "level", "by", "sentence"),
    [
        pytest.param(
            [], 2, "second", "waits for approval 1 first, not for 2", id="the second before the first"
        ),
        pytest.param([], 1, "sun", "sun prepared it and may not approve it", id="a preparer"),
        pytest.param([], 1, " SUN", "SUN prepared it and may not approve it", id="a preparer in capitals"),
        pytest.param([], 1, "second", "second is not assigned as approver 1", id="of another level"),
        pytest.param([], 1, "nobody", "nobody is not assigned as approver 1", id="a stranger"),
        pytest.param([(1, "first")], 2, "first", "first has answered already", id="the same person twice"),
        pytest.param([(1, "first")], 1, "sun", "approval 1 is answered: first approved it", id="answered"),
        pytest.param([(1, "first"), (2, "second")], 2, "first", "approval 2 is answered", id="all answered"),
    ],
)
def test_who_may_not(
    run: Run, books: Books, batch: Batch, before: list[tuple[int, str]], level: int, by: str, sentence: str
) -> None:
    for one, who in before:
        approve(run, batch, one, who)
    known = books.ask(ANSWERED)
    done = approve(run, batch, level, by)

    assert (done.code, sentence in done.err) == (1, True), done.err
    assert books.ask(ANSWERED) == known


def test_a_batch_without_approvals_asks_nobody(run: Run, books: Books) -> None:
    batch = formed(books, unit(A))
    done = approve(run, batch, 1, "first")
    assert (done.code, "has every approval it needs" in done.err) == (1, True)


@pytest.mark.parametrize("number", ["610100-20200519-L1-9", "'; DROP TABLE batches"])
@pytest.mark.parametrize("verb", ["show", "approve"])
def test_no_such_batch(run: Run, books: Books, number: str, verb: str) -> None:
    more = [] if verb == "show" else ["--level", "1", "--by", "first"]
    done = run("batch", verb, number, *more)
    assert (done.code, "there is no batch" in done.err) == (1, True)


def test_a_refusal_ends_the_batch(
    run: Run, books: Books, batch: Batch, last_event: Callable[[], tuple[str, str, object]]
) -> None:
    done = run("batch", "refuse", batch.batch_no, "--level", "1", "--by", "first", "--reason", "too much")

    assert (done.code, done.out) == (0, f"{batch.batch_no} is refused by first, approval 1.\n")
    assert books.ask(ANSWERED) == [(1, "first", "refused", batch.hash, "too much", "command line")]
    assert set(books.states().values()) == {"cleared"}
    assert last_event() == ("first", "approval", None)
    assert approve(run, batch, 1, "first").err == (
        f"stable-jobs: batch {batch.batch_no} is refused: nobody is asked any more\n"
    )


def test_a_published_batch(run: Run, books: Books) -> None:
    books.assign(("first", 1))
    batch = formed(books, unit(A, review_level=1, account_no=ACCOUNT))
    approve(run, batch, 1, "first", "--reason", "looked")
    file = write(books.out, "a", "pay.csv", b"1,2\n")
    from stable_jobs.ledger import batches
    from stable_jobs.ledger.event import ledger_event

    with ledger_event(books.engine, "publish", business_date=CLEARED) as event:
        batches.instruct(event, batch, [file])
    done = run("batch", "show", batch.batch_no)

    assert done.row("a/pay.csv", file.sha256)
    assert done.row("first", "approved", "looked", "command line")
    assert [line.split()[0] for line in done.out.splitlines() if "stable-jobs" in line] == [
        "formed",
        "published",
    ]
    assert ACCOUNT not in done.out


@pytest.mark.parametrize(
    ("arguments", "ordinals"),
    [
        pytest.param([], ["1", "2"], id="all"),
        pytest.param(["--open"], ["2"], id="open"),
        pytest.param(["--date", "2020-05-19"], ["1", "2"], id="of the day"),
        pytest.param(["--date", "2020-05-20", "--open"], [], id="of another day"),
    ],
)
def test_the_list(run: Run, books: Books, batch: Batch, arguments: list[str], ordinals: list[str]) -> None:
    run("batch", "refuse", batch.batch_no, "--level", "1", "--by", "first", "--reason", "too much")
    again = formed(books, unit(A, review_level=2), unit(B, review_level=2, entitlement=Decimal("1234.5")))
    assert (again.business_date, again.batch_no[-1]) == (date(2020, 5, 19), "2")
    done = run("batch", "list", *arguments)

    found = [line.split()[0][-1] for line in done.out.splitlines() if line.startswith("610100-")]
    assert found == ordinals
    if "2" in ordinals:
        assert done.row(again.batch_no, "1,334.50", "formed", "approval 1 by first or sun")
    else:
        assert done.out == "There is no such batch.\n"


def test_a_date_that_is_none(dry: Run) -> None:
    assert dry("batch", "list", "--date", "soon").code == 2
