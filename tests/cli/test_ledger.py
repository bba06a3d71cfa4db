"""The ledger on the command line: whole or where it breaks first, one unit's history, the sums."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from tests.cli.conftest import Run
from tests.ledger.conftest import CODES, REGION, Books, D, Night, unit
from tests.ledger.full import CLEARED, PAID, RETURNED, UPHELD, account, fill, person

ACCOUNT = "6222020200112233445"


def test_an_empty_ledger_is_whole(run: Run, books: Books) -> None:
    done = run("ledger", "verify")
    assert (done.code, done.err) == (0, "")
    assert done.out == "OK: 0 events, 0 entitlements, 0 files.\n"


def test_a_ledger_left_alone_is_whole(run: Run, books: Books) -> None:
    fill(books)
    events = books.ask("SELECT count(*) FROM audit_events")[0][0]
    done = run("ledger", "verify", "--skip-lake")
    assert (done.code, done.out) == (0, f"OK: {events} events, 7 entitlements, 2 files.\n")


def test_where_the_first_break_is(run: Run, books: Books, caplog: pytest.LogCaptureFixture) -> None:
    fill(books)
    first, second = sorted((books.out / "a").iterdir())
    first.write_bytes(b"2,2\n")
    second.unlink()
    with caplog.at_level(logging.WARNING):
        done = run("ledger", "verify", "--skip-lake")

    assert done.code == 1
    lines = done.out.splitlines()
    assert lines[0].endswith("7 entitlements, 2 files: 2 breaks, the first one first.")
    assert lines[1].startswith(f"files: a/{first.name}: expected ")
    assert lines[2].endswith("found no file")
    assert "the ledger does not verify" in caplog.text


def test_files_of_the_lake_that_are_gone_are_named(run: Run, books: Books) -> None:
    """This ledger's files were never put into a lake."""
    fill(books)
    done = run("ledger", "verify")
    assert done.code == 1
    assert "lake: landing/" in done.out
    assert "lake: published/" in done.out


def test_the_newest_event_is_printed_and_looked_for(run: Run, books: Books) -> None:
    assert run("ledger", "anchor").out == "The ledger is empty.\n"
    fill(books)
    anchor = run("ledger", "anchor").out.strip()
    assert run("ledger", "verify", "--skip-lake", "--anchor", anchor).code == 0
    done = run("ledger", "verify", "--skip-lake", "--anchor", anchor[:-64] + "a" * 64)
    assert (done.code, "anchors: event" in done.out) == (1, True)
    assert run("ledger", "verify", "--anchor", "64").code == 2


def test_one_unit(run: Run, books: Books) -> None:
    fill(books)
    done = run("ledger", "show", "--region", REGION, "--uscc", PAID.lower())

    assert done.row("2020", "60.00", "40.00", "2020-07-01", "general")
    states = [line.split()[2] for line in done.out.splitlines() if line.startswith("2020-01 ")]
    assert states == ["on_notice", "cleared", "batched", "instructed", "paid"]
    assert done.row("instructed", f"20-{REGION}-{PAID}-01-01", "2020-05-19", "stable-jobs")
    assert done.row("lowered", "dropped", "wu")
    assert done.row("doubtful", "same", "feng")
    assert RETURNED not in done.out


@pytest.mark.parametrize(
    ("uscc", "state", "words"),
    [
        pytest.param(UPHELD, "withdrawn", ("sun", "objection_upheld"), id="withdrawn by a person"),
        pytest.param(UPHELD, "objected", ("li", "objection"), id="objected by a person"),
        pytest.param(RETURNED, "corrected", ("wu", "account entered"), id="corrected by a person"),
        pytest.param(RETURNED, "returned", ("stable-jobs", "AC01"), id="returned by the bank"),
    ],
)
def test_who_and_why(run: Run, books: Books, uscc: str, state: str, words: tuple[str, str]) -> None:
    fill(books)
    done = run("ledger", "show", "--region", REGION, "--uscc", uscc)
    assert done.row(f" {state} ", *words)


def test_an_account_shows_four_digits(run: Run, books: Books) -> None:
    from stable_jobs.ledger import returns

    night = Night(CLEARED, (unit(CODES[0], account_no=ACCOUNT),), regions={REGION: {"working_days": 0}})
    books.apply(night)
    books.close(CLEARED)
    (batch,) = books.form(night)
    books.publish(batch, CLEARED)
    books.answer([{"end_to_end_id": f"20-{REGION}-{CODES[0]}-01-01", "outcome": "returned"}], on=CLEARED)
    other = account(account_no="622200009999")
    person(books, "zhou", returns.enter_account, f"20-{REGION}-{CODES[0]}-01-01", "zhou", **other)
    done = run("ledger", "show", "--region", REGION, "--uscc", CODES[0])

    assert done.row("***************3445", "工商银行", "corporate", "returned")
    assert ACCOUNT not in done.out
    assert "622200009999" not in done.out


@pytest.mark.parametrize(
    ("region", "uscc"),
    [pytest.param(REGION, CODES[9], id="no such unit"), pytest.param("610000", PAID, id="of another region")],
)
def test_an_unknown_unit(run: Run, books: Books, region: str, uscc: str) -> None:
    books.decide(unit(PAID), on=D)
    done = run("ledger", "show", "--region", region, "--uscc", uscc)
    assert (done.code, done.out) == (1, "")
    assert f"the ledger knows no {uscc} in region {region}" in done.err


def test_sums_per_region_and_year(run: Run, books: Books) -> None:
    assert run("ledger", "sums").out == "The ledger is empty.\n"
    regions: dict[str, dict[str, Any]] = {REGION: {}, "220400": {}}
    books.decide(unit(CODES[0]), unit(CODES[1], region_code="220400"), unit(CODES[2]), on=D, regions=regions)
    columns = [line.split() for line in run("ledger", "sums").out.splitlines()]

    assert columns[0][:4] == ["region", "year", "units", "entitled"]
    nothing = ["0.00"] * 2
    assert columns[1:] == [
        ["220400", "2020", "1", "100.00", *nothing, "100.00", *nothing],
        ["610100", "2020", "2", "200.00", *nothing, "200.00", *nothing],
        ["all", "2020", "3", "300.00", *nothing, "300.00", *nothing],
    ]
    below = run("ledger", "sums", "--region", "610000")
    assert below.row("all", "200.00")
    assert "220400" not in below.out
