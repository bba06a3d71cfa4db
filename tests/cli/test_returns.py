"""`stable-jobs returns …` as a person types it."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine
from typer.testing import CliRunner, Result

from stable_jobs.cli import policy
from stable_jobs.cli.returns import app
from stable_jobs.errors import LedgerRefused, UsageError
from stable_jobs.settings import Settings
from tests.bank.answers.messages import lines
from tests.disbursement.bank_desk import ACCOUNT, NEXT, BankDesk, bank_desk, id_of, told
from tests.ledger.conftest import CODES

NUMBER = "6230999988887777666"
BATCH = "610100-20200519-L0-1"


@pytest.fixture
def bank(engine: Engine, settings_with_database: Settings, monkeypatch: pytest.MonkeyPatch) -> BankDesk:
    """Three payments on their way, in the environment's home and database."""
    settings = settings_with_database
    assert settings.database_url is not None
    monkeypatch.setenv("STABLE_JOBS_HOME", str(settings.home))
    monkeypatch.setenv("STABLE_JOBS_DATABASE_URL", settings.database_url.get_secret_value())
    bank = bank_desk(engine, settings)
    bank.instruct(3)
    return bank


def run(*arguments: str, typed: str = "") -> Result:
    return CliRunner().invoke(app, arguments, input=typed, catch_exceptions=True)


def line_with(text: str, output: str) -> list[str]:
    (found,) = [line for line in output.splitlines() if text in line]
    return found.split()


def correct(*more: str, by: str = "王芳", typed: str = f"{NUMBER}\n") -> Result:
    given = (
        "--account-name",
        f"单位{CODES[0][-6:]}",
        "--bank-code",
        "102791000015",
        "--bank-name",
        "工行",
        *more,
    )
    return run("correct", id_of(0), "--by", by, *given, typed=typed)


def test_from_the_banks_file_to_a_confirmed_account(bank: BankDesk) -> None:
    bank.leave("610100.csv", lines(told(0, "退票", words="账户已销户"), told(1), told(2, "不明")))

    taken = run("take", "--date", "2020-05-19")
    assert taken.exit_code == 0, taken.output
    assert line_with("610100.csv", taken.output) == ["610100.csv", "csv", "2", "0", "0", "1", "0", "0"]
    assert line_with(BATCH, taken.output) == [BATCH, "1", "101.00", "1", "100.00", "1", "102.00"]
    assert (bank.out / "2020-05-19/610100" / f"{BATCH}-answers" / "paid.csv").is_file()

    listed = run("list", "--date", "2020-05-19")
    assert id_of(0) in listed.output
    assert "账户已销户" in listed.output

    entered = correct()
    assert entered.exit_code == 0, entered.output
    assert "returns confirm 1" in entered.output
    assert line_with("王芳", run("list").output)[0] == "1"

    confirmed = run("confirm", "1", "--by", "李强", typed=f"{NUMBER}\n")
    assert confirmed.exit_code == 0, confirmed.output
    assert "*" * 15 + "7666" in confirmed.output
    assert bank.states() == ["corrected", "paid", "instructed"]
    everything = taken.output + listed.output + entered.output + confirmed.output + run("list").output
    assert not {NUMBER, ACCOUNT} & set(everything.split())


def test_a_contradiction_is_settled_by_two_people(bank: BankDesk) -> None:
    for number, row in enumerate((told(0), told(0, "退票", words="账户已销户"))):
        bank.leave(f"610100-{number}.csv", lines(row))
        run("take", "--date", "2020-05-19")
    assert line_with(id_of(0), run("list", "--date", "2020-05-19").output)[-1] == "contradiction"
    given = ("--outcome", "returned", "--reason", "银行来函9号", "--by", "王芳")

    proposed = run("settle", id_of(0), *given)

    assert proposed.exit_code == 0, proposed.output
    assert "stable-jobs proposal confirm 1" in proposed.output
    assert bank.states()[0] == "paid"
    alone = CliRunner().invoke(policy.proposal_app, ("confirm", "1", "--by", "王芳"))
    assert isinstance(alone.exception, LedgerRefused)
    confirmed = CliRunner().invoke(policy.proposal_app, ("confirm", "1", "--by", "李强"))
    assert confirmed.exit_code == 0, confirmed.output
    assert bank.states()[0] == "returned"
    assert line_with(id_of(0), run("list", "--date", "2020-05-19").output)[-1] == "returned"


def test_a_new_account_is_accepted_by_a_person(bank: BankDesk) -> None:
    bank.leave("610100.csv", lines(told(0, "退票", words="账户已销户")))
    run("take", "--date", "2020-05-19")
    (only,) = bank.night(1).units
    bank.books.decide(only | {"account_no": NUMBER}, on=NEXT)
    assert line_with(id_of(0), run("list", "--date", "2020-05-20").output)[-1] == "new_account"

    accepted = run("accept-account", id_of(0), "--reason", "问过单位", "--by", "王芳")

    assert accepted.output == "Account ****7666 is accepted; the next batch takes the payment.\n"
    assert NUMBER not in str(bank.books.ask("SELECT body FROM audit_events"))


def test_taken_again_nothing_is_new(bank: BankDesk) -> None:
    bank.leave("610100.csv", lines(told(0)))
    run("take", "--date", "2020-05-19")

    again = run("take", "--date", "2020-05-19")

    assert "No new answer of the bank." in again.output
    assert line_with(BATCH, again.output)[1:3] == ["1", "100.00"]


def test_lines_without_an_answer_are_listed(bank: BankDesk) -> None:
    listed = run("list", "--date", "2020-05-27")

    assert line_with(BATCH, listed.output) == [BATCH, "610100", "2020-05-19", "2020-05-26", "3", "303.00"]
    assert "No line is without an answer" in run("list", "--date", "2020-05-26").output


@pytest.mark.parametrize(
    "typed", ["y\n", "6230999988887777667\n", ""], ids=["yes", "another number", "nothing"]
)
def test_who_types_another_number_confirms_nothing(bank: BankDesk, typed: str) -> None:
    bank.leave("610100.csv", lines(told(0, "退票")))
    run("take", "--date", "2020-05-19")
    correct()

    refused = run("confirm", "1", "--by", "李强", typed=typed)
    assert isinstance(refused.exception, LedgerRefused)
    assert NUMBER not in refused.output
    assert bank.states()[0] == "returned"


@pytest.mark.parametrize(
    ("arguments", "error", "told"),
    [
        pytest.param(("take", "--date", "today"), UsageError, "expected YYYY-MM-DD", id="no date"),
        pytest.param(("list", "--date", "x"), UsageError, "expected YYYY-MM-DD", id="no date to list"),
        pytest.param(("confirm", "1", "--by", " "), UsageError, "--by is empty", id="confirmed by nobody"),
        pytest.param(("confirm", "9", "--by", "李强"), LedgerRefused, "waits for nobody", id="no correction"),
        pytest.param(
            ("settle", id_of(0), "--outcome", "paid", "--reason", "来函", "--by", "李强"),
            LedgerRefused,
            "nothing is to be settled",
            id="no contradiction",
        ),
        pytest.param(
            ("accept-account", id_of(0), "--reason", "问过", "--by", "李强"),
            LedgerRefused,
            "no new account waits",
            id="no new account",
        ),
    ],
)
def test_a_wrong_call_says_what_is_wrong(
    bank: BankDesk, arguments: tuple[str, ...], error: type[Any], told: str
) -> None:
    done = run(*arguments)

    assert isinstance(done.exception, error)
    assert told in str(done.exception)


@pytest.mark.parametrize(
    ("more", "typed", "told"),
    [
        pytest.param((), "", "an empty one", id="no account number"),
        pytest.param(("--bank-code", "102791000014"), f"{NUMBER}\n", "CNAPS", id="a wrong bank code"),
    ],
)
def test_a_wrong_account_is_refused(bank: BankDesk, more: tuple[str, ...], typed: str, told: str) -> None:
    done = correct(*more, typed=typed)

    assert isinstance(done.exception, UsageError)
    assert told in str(done.exception)


def test_an_account_number_is_no_argument(bank: BankDesk) -> None:
    assert correct("--account-no", NUMBER).exit_code == 2
    assert run("confirm", "1", "--by", "李强", "--account-no", NUMBER).exit_code == 2
