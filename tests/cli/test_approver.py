"""Who may approve is assigned by others, and the list says by whom."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.cli.conftest import Done, Run
from tests.ledger.conftest import Books

ASSIGNED = "SELECT person, region_code, level FROM assigned_approvers"


ON_TRUST = "（未经验证 unauthenticated）"


def assign(
    run: Run,
    verb: str = "add",
    person: str = "first",
    region: str = "610100",
    level: str = "1",
    by: str = "head",
) -> Done:
    return run("approver", verb, person, "--region", region, "--level", level, "--by", by)


def test_assigned_and_ended(
    run: Run, books: Books, last_event: Callable[[], tuple[str, str, object]]
) -> None:
    assert assign(run).out == f"first is approver 1 of region 610100{ON_TRUST}.\n"
    assert last_event() == ("head", "approvers", None)
    assert books.ask(ASSIGNED) == [("first", "610100", 1)]
    assert assign(run).out == f"first is already approver 1 of region 610100{ON_TRUST}.\n"
    assert assign(run, "remove").code == 0
    assert books.ask(ASSIGNED) == []


@pytest.mark.parametrize("by", ["first", " First "])
@pytest.mark.parametrize("verb", ["add", "remove"])
def test_nobody_assigns_themselves(run: Run, books: Books, by: str, verb: str) -> None:
    if verb == "remove":
        assign(run)
    known = books.ask(ASSIGNED)
    done = assign(run, verb, by=by)

    assert (done.code, books.ask(ASSIGNED)) == (1, known)
    assert done.err.startswith("stable-jobs: ")


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"person": "second"}, id="another person"),
        pytest.param({"level": "2"}, id="another level"),
        pytest.param({"region": "000000"}, id="where it was not assigned"),
    ],
)
def test_what_was_not_assigned_cannot_end(run: Run, books: Books, changed: dict[str, str]) -> None:
    assign(run)
    done = assign(run, "remove", **changed)

    assert (done.code, "is not assigned" in done.err) == (1, True)
    assert books.ask(ASSIGNED) == [("first", "610100", 1)]


@pytest.mark.parametrize("level", ["0", "3", "one"])
def test_there_are_two_levels(dry: Run, level: str) -> None:
    assert assign(dry, level=level).code == 2


@pytest.mark.parametrize("person", ["", "stable-jobs", "a\u200bb"])
def test_a_name_is_a_name(dry: Run, person: str) -> None:
    assert assign(dry, person=person).code == 2


@pytest.mark.parametrize(
    ("region", "people"),
    [
        pytest.param(None, ["all", "city", "county"], id="everywhere"),
        pytest.param("610100", ["all", "city", "county"], id="there, above and below"),
        pytest.param("610113", ["all", "city", "county"], id="a county"),
        pytest.param("610300", ["all"], id="a neighbour"),
    ],
)
def test_the_list(run: Run, books: Books, region: str | None, people: list[str]) -> None:
    for person, where in (("all", "000000"), ("city", "610100"), ("county", "610113")):
        assign(run, person=person, region=where, by=f"for-{person}")
    done = run("approver", "list", *(["--region", region] if region else []))

    lines = done.out.splitlines()[1:]
    assert [line.split()[0] for line in lines] == people
    assert [line.split()[3] for line in lines] == [f"for-{person}（未经验证" for person in people]


def test_an_empty_list_says_what_to_do(run: Run, books: Books) -> None:
    assert run("approver", "list").out == "Nobody is assigned: stable-jobs approver add\n"
