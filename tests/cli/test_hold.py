"""A hold stops a region's payments at once; another person releases it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from stable_jobs.errors import LedgerRefused
from tests.cli.conftest import Done, Run
from tests.ledger.conftest import REGION, Books, unit
from tests.ledger.full import CLEARED, formed

STANDING = "SELECT region_code, reason, stopped_by FROM payment_stops_in_force ORDER BY id"


def hold(run: Run, region: str = REGION, by: str = "zhao") -> Done:
    return run("hold", region, "--reason", "a letter", "--by", by)


def release(run: Run, region: str = REGION, by: str = "qian") -> Done:
    return run("release", region, "--reason", "answered", "--by", by)


@pytest.mark.parametrize("region", [REGION, "610000", "000000"])
def test_payments_stop_at_once(
    run: Run, books: Books, last_event: Callable[[], tuple[str, str, object]], region: str
) -> None:
    batch = formed(books, unit())
    assert hold(run, region).code == 0
    assert last_event() == ("zhao", "hold", None)
    assert books.ask(STANDING) == [(region, "a letter", "zhao")]
    with pytest.raises(LedgerRefused, match=r"payments are stopped: hold: a letter \(zhao\)"):
        books.publish(batch, CLEARED)

    assert release(run, region).code == 0
    assert last_event() == ("qian", "release", None)
    books.publish(batch, CLEARED)


@pytest.mark.parametrize("by", ["zhao", " ZHAO"])
def test_the_same_person_does_not_release(run: Run, books: Books, by: str) -> None:
    hold(run)
    done = release(run, by=by)

    assert (done.code, done.err) == (1, "stable-jobs: another person than zhao must do this\n")
    assert len(books.ask(STANDING)) == 1


@pytest.mark.parametrize("region", ["610000", "610113"])
def test_what_is_not_held_is_not_released(run: Run, books: Books, region: str) -> None:
    hold(run)
    done = release(run, region)

    assert (done.code, done.err) == (1, f"stable-jobs: payments of region {region} are not held\n")
    assert len(books.ask(STANDING)) == 1


def test_every_hold_of_the_region_is_released(run: Run, books: Books) -> None:
    hold(run)
    hold(run, by="wu")
    assert release(run).out.startswith("2 of region 610100's holds released")
    assert books.ask(STANDING) == []


def test_the_list(run: Run, books: Books) -> None:
    assert run("holds").out == "No payments are held.\n"
    hold(run)
    release(run)
    hold(run, "220400")

    assert run("holds").row("220400", "a letter", "zhao")
    assert REGION not in run("holds").out
    assert run("holds", "--all").row(REGION, "zhao", "qian", "answered")
    assert run("holds", "--region", "220000").row("220400")
    assert run("holds", "--region", "610000").out == "No payments are held.\n"
