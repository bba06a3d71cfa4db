"""Objections on the command line: one unit waits, a person decides."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.cli.conftest import Run
from tests.ledger.conftest import CODES, REGION, Books, D, unit

A, B = CODES[:2]
ADD = ("objection", "add", "--region", REGION, "--reason", "a neighbour says so", "--by", "li")
WHY = ("--reason", "looked into", "--by", "sun")


def test_only_that_unit_waits(
    run: Run, books: Books, last_event: Callable[[], tuple[str, str, object]]
) -> None:
    books.decide(unit(A), unit(B))
    done = run(*ADD, "--uscc", A.lower())

    assert (done.code, done.err) == (0, "")
    assert books.states() == {f"{A[-6:]}.1": "objected", f"{B[-6:]}.1": "on_notice"}
    assert last_event() == ("li", "objection", None)


@pytest.mark.parametrize(
    ("uscc", "region"),
    [pytest.param(B, REGION, id="no such unit"), pytest.param(A, "610000", id="of another region")],
)
def test_too_late_or_too_early(run: Run, books: Books, uscc: str, region: str) -> None:
    books.decide(unit(A))
    done = run("objection", "add", "--region", region, "--uscc", uscc, *WHY)

    assert done.code == 1
    assert done.err == (
        f"stable-jobs: {uscc} in region {region} is not on notice: an objection comes too late or too early\n"
    )


@pytest.mark.parametrize(
    ("verb", "outcome", "state"),
    [
        pytest.param("uphold", "upheld", "withdrawn", id="upheld"),
        pytest.param("dismiss", "dismissed", "on_notice", id="dismissed"),
    ],
)
def test_a_decision(
    run: Run,
    books: Books,
    last_event: Callable[[], tuple[str, str, object]],
    verb: str,
    outcome: str,
    state: str,
) -> None:
    books.decide(unit(A))
    run(*ADD, "--uscc", A)
    done = run("objection", verb, "1", *WHY)

    assert (done.code, done.out) == (0, f"Objection 1 is {outcome} by sun.\n")
    assert books.states() == {f"{A[-6:]}.1": state}
    assert books.ask("SELECT outcome, reason, decided_by FROM objection_decisions") == [
        (outcome, "looked into", "sun")
    ]
    assert last_event() == ("sun", "objection decided", None)
    assert run("objection", verb, "1", *WHY).err == f"stable-jobs: objection 1 was decided: {outcome}\n"


def test_an_unknown_objection(run: Run, books: Books) -> None:
    done = run("objection", "uphold", "7", *WHY)
    assert (done.code, "there is no objection 7" in done.err) == (1, True)


def test_the_list(run: Run, books: Books) -> None:
    assert run("objection", "list").out == "No objection waits for a decision.\n"
    books.decide(unit(A, unit_name="[bold]甲\u202e"), unit(B), on=D)
    run(*ADD, "--uscc", A)
    run(*ADD, "--uscc", B)
    run("objection", "dismiss", "2", *WHY)

    assert (
        run("objection", "list")
        .row(A, "a neighbour says so", " li（未经验证 unauthenticated） ", "objected", "open")
        .startswith("1 ")
    )
    assert "[bold]甲⟨U+202E⟩" in run("objection", "list").out
    assert B not in run("objection", "list").out
    assert run("objection", "list", "--all").row(B, "dismissed", "sun", "looked into")
    assert run("objection", "list", "--region", "610000").row(A)
    assert run("objection", "list", "--region", "610113").out == "No objection waits for a decision.\n"
