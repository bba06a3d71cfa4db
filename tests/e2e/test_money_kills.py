"""`kill -9` at every boundary of a step that moves money: run again, the same files and the same ledger."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from pydantic import SecretStr
from sqlalchemy import URL

from stable_jobs.disbursement.steps import publish
from stable_jobs.settings import Settings
from tests.bank.answers.messages import payment
from tests.disbursement.bank_desk import BankDesk, D, answered, bank_desk, said
from tests.e2e.home import Home
from tests.e2e.ledger_dump import differences
from tests.e2e.money_points import CLOSED, EVENT, ONCE, POINTS, PUBLISH, SERVER
from tests.e2e.stages import (
    COMMANDS,
    UNDISTURBED,
    Outcome,
    Stages,
    empty_ledger,
    let_the_bank_answer,
    outcome,
    run_to,
    start,
    written_stages,
)

KILLS = [pytest.param(stage, point, id=f"{stage} {point}") for stage in POINTS for point in POINTS[stage]]

pytestmark = pytest.mark.xdist_group("money")


@pytest.fixture(scope="module")
def stages() -> Iterator[Stages]:
    with written_stages() as written:
        yield written


def run_again(home: Home, stage: str, expected: Outcome) -> None:
    """To the end, to the same bytes and the same ledger: nothing more, nothing less, nothing hidden left."""
    assert run_to(home, UNDISTURBED, *COMMANDS[stage]) == 0
    assert_same(outcome(home), expected)


def assert_same(found: Outcome, expected: Outcome) -> None:
    names = found.files.keys() | expected.files.keys()
    assert [n for n in sorted(names) if found.files.get(n) != expected.files.get(n)] == []
    assert differences(found.ledger, expected.ledger) == {}
    assert (found.breaks, found.leftovers) == ((), ())


@pytest.mark.long
@pytest.mark.parametrize(("stage", "point"), KILLS)
def test_killed_and_run_again(stages: Stages, stage: str, point: str) -> None:
    with stages.home(stage) as home:
        assert run_to(home, point, *COMMANDS[stage]) == -9, "the point was not reached"

        run_again(home, stage, stages.outcomes[stage])


@pytest.mark.long
@pytest.mark.parametrize("stage", SERVER)
def test_its_server_killed_and_run_again(stages: Stages, stage: str) -> None:
    with stages.home(stage) as home:
        assert run_to(home, SERVER[stage], *COMMANDS[stage]) == 1

        run_again(home, stage, stages.outcomes[stage])


@pytest.mark.long
@pytest.mark.parametrize("stage", COMMANDS)
def test_twice_at_once(stages: Stages, stage: str) -> None:
    with stages.home(stage) as home:
        both = [start(home, UNDISTURBED, *COMMANDS[stage]) for _ in range(2)]
        said = [one.communicate()[0] for one in both]

        assert [one.returncode for one in both] == [0, 0], said
        run_again(home, stage, stages.outcomes[stage])


@pytest.mark.long
def test_a_disbursement_beside_the_banks_answers(stages: Stages) -> None:
    """What waits is listed by whichever is first: those lists apart, it is as one after the other."""
    disbursed, taken = COMMANDS["approved"], COMMANDS["answered"]
    with stages.home("approved") as one, stages.home("approved") as other:
        for home in (one, other):
            let_the_bank_answer(home)
        both = [start(one, UNDISTURBED, *command) for command in (disbursed, taken)]
        said = [process.communicate()[0] for process in both]
        assert [process.returncode for process in both] == [0, 0], said
        for home, command in ((other, disbursed), (other, taken), (one, disbursed), (one, taken)):
            assert run_to(home, UNDISTURBED, *command) == 0

        assert_same(without_waiting(outcome(one)), without_waiting(outcome(other)))


def without_waiting(found: Outcome) -> Outcome:
    files = {name: sha256 for name, sha256 in found.files.items() if "/waiting/" not in name}
    ledger = {t: [r for r in rows if not WAITING.search(r)] for t, rows in found.ledger.items()}
    return replace(found, files=files, ledger=ledger)


WAITING = re.compile(r'/waiting"|"subject": "waiting"')


@contextmanager
def plain_home(postgres: URL, template: str) -> Iterator[tuple[Home, BankDesk]]:
    """Three payments in a formed batch that needs nobody; on the tests' own server."""
    with empty_ledger(postgres, template) as (home, engine):
        url = SecretStr(home.more["STABLE_JOBS_DATABASE_URL"])
        desk = bank_desk(engine, Settings(_env_file=None, home=home.path, database_url=url))
        desk.books.apply(desk.night(3))
        desk.books.close(D)
        desk.books.form(desk.night(3))
        yield home, desk


def publish_all(desk: BankDesk) -> None:
    with desk.at() as opened:
        publish(opened)


def let_answer(desk: BankDesk) -> None:
    publish_all(desk)
    desk.leave("a.xml", answered(payment(said(0), said(1, "RJCT"))))
    desk.leave("b.xml", answered(payment(said(2), said(7))))


def take_all(desk: BankDesk) -> None:
    desk.take()
    desk.publish()


@pytest.mark.parametrize(
    ("prepare", "command", "points", "again"),
    [
        pytest.param(
            lambda _: None,
            ("publish", D.isoformat()),
            (f"{CLOSED}[instruct]:1:after", f"{EVENT}[instruct]:1:after", f"{ONCE}:_place:2:after"),
            publish_all,
            id="publishing",
        ),
        pytest.param(
            let_answer,
            ("returns", "take", "--date", D.isoformat()),
            (f"{CLOSED}[bank answer]:1:after", f"{EVENT}[bank answer]:1:after", f"{PUBLISH}:link:3:after"),
            take_all,
            id="the bank's answers",
        ),
    ],
)
def test_killed_again_and_again(
    postgres_url: URL,
    template_database: str,
    prepare: Callable[[BankDesk], None],
    command: tuple[str, ...],
    points: tuple[str, ...],
    again: Callable[[BankDesk], None],
) -> None:
    places = [plain_home(postgres_url, template_database) for _ in range(2)]
    with places[0] as (home, desk), places[1] as (other, twin):
        for one in (desk, twin):
            prepare(one)
        for point in points:
            assert run_to(home, point, *command) == -9, "the point was not reached"
        again(desk)
        again(twin)

        assert_same(outcome(home), outcome(other))
