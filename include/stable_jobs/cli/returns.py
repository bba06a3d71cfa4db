"""`stable-jobs returns …`: the bank's answers, and the payments that came back."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from stable_jobs.cli.options import DateOption, read_date, read_home, read_past_date
from stable_jobs.cli.people import ByOption, ReasonOption, act
from stable_jobs.settings import now

if TYPE_CHECKING:
    from stable_jobs.disbursement.answer_lists import AnswerLists
    from stable_jobs.disbursement.corrections import Correction
    from stable_jobs.disbursement.returns import Ingested, Unanswered

LineArgument = Annotated[str, typer.Argument(metavar="ID", help="The end-to-end id of the line.")]
app = typer.Typer(help="The bank's answers, and payments that came back.", no_args_is_help=True)


@app.command("take")
def take(date: DateOption) -> None:
    """Read the bank's answers of a business date and publish the results.

    Each file is read once, whatever its name; another run changes nothing. Exit 0 also if rows were
    refused: a list gives the next step for each.
    """
    from stable_jobs.disbursement.returns_steps import lists, take, unanswered
    from stable_jobs.night.context import open_night

    with open_night(read_home(), read_past_date(date)) as night:
        _print_ingested(take(night).files)
        _print_lists(lists(night).lists)
        _print_unanswered(unanswered(night).batches)
        typer.echo(f"Files    {night.settings.out_root / night.business_date.isoformat()}")


@app.command("list")
def list_returns(
    date: Annotated[str | None, typer.Option("--date", help="As of this date; today by default.")] = None,
) -> None:
    """List the lines that are open with the bank, corrected accounts to confirm, and lines without an answer.

    standing: `returned` waits for an account; `same` goes again to the same one; `new_account` waits for a
    person's `returns accept-account`; `duplicate` waits for the bank; `contradiction` for `returns settle`.
    """
    from stable_jobs.cli.ledger_tables import print_rows
    from stable_jobs.disbursement.corrections import returned_payments, waiting_corrections
    from stable_jobs.disbursement.returns import unanswered
    from stable_jobs.night.context import open_night

    on = read_date(date or now().date().isoformat())
    with open_night(read_home(), on) as night:
        with night.database.connect() as connection:
            rows = [tuple(row) for row in returned_payments(connection, on)]
            corrections = waiting_corrections(connection)
        print_rows(RETURNED, rows, "No payment waits for another account.")
        _print_corrections(corrections)
        _print_unanswered(unanswered(night))


RETURNED = (
    "region", "code", "unit", "scheme", "yuan", "end-to-end id", "attempt", "reason", "bank's words", "since",
    "account", "correction", "standing",
)  # fmt: skip


@app.command("correct")
def correct(
    end_to_end_id: Annotated[
        str, typer.Argument(metavar="ID", help="The end-to-end id of the line that came back.")
    ],
    by: ByOption,
    account_name: Annotated[str, typer.Option(help="The account's name.")],
    bank_code: Annotated[str, typer.Option(help="The bank's 12 digits of CNAPS.")],
    bank_name: Annotated[str, typer.Option(help="The bank's name.")],
) -> None:
    """Enter another account for a returned payment; it counts once another person has confirmed it.

    The account number is asked for, or read from standard input: never an argument.
    """
    account = {
        "account_name": account_name,
        "account_no": _account_no(),
        "bank_code": bank_code,
        "bank_name": bank_name,
    }
    number = act("correct-account", by, end_to_end_id=end_to_end_id, account=account)
    typer.echo(
        f"Correction {number} waits for another person: stable-jobs returns confirm {number} --by NAME"
    )


@app.command("confirm")
def confirm(
    correction_id: Annotated[
        int, typer.Argument(metavar="ID", help="The correction's number, from `returns list`.")
    ],
    by: ByOption,
) -> None:
    """Confirm an account that another person entered, by typing its number; the payment goes out again.

    The number is asked for, or read from standard input: never an argument. Another one is refused (exit 1).
    """
    from stable_jobs.disbursement import corrections
    from stable_jobs.store.database import database

    settings = read_home()
    with database(settings) as engine, engine.connect() as connection:
        _print_corrections([corrections.waiting_correction(connection, correction_id)])
    act("confirm-account", by, correction_id=correction_id, account_no=_account_no())
    typer.echo(f"Correction {correction_id} is confirmed; the next batch takes the payment.")


@app.command("settle")
def settle(
    end_to_end_id: LineArgument,
    outcome: Annotated[str, typer.Option(help="The result of the line: `paid` or `returned`.")],
    reason: ReasonOption,
    by: ByOption,
) -> None:
    """Propose the result of a line about which the bank contradicts itself, by the bank's letter.

    The same for a line that the bank rejected as a duplicate without a result. It counts once another person
    has confirmed it; until then the unit is stopped.
    """
    number = act("propose-settlement", by, end_to_end_id=end_to_end_id, outcome=outcome, reason=reason)
    typer.echo(f"Proposal {number} waits for another person: stable-jobs proposal confirm {number} --by NAME")


@app.command("accept-account")
def accept_account(end_to_end_id: LineArgument, reason: ReasonOption, by: ByOption) -> None:
    """Accept the account of the newest extract after that line came back; the payment goes out again.

    The person who accepts it has seen the bank's reason, and may not approve a batch with it.
    """
    account = act("accept-account", by, end_to_end_id=end_to_end_id, reason=reason)
    typer.echo(f"Account {account} is accepted; the next batch takes the payment.")


def _account_no() -> str:
    """Not echoed on a terminal; else the first line of standard input."""
    if sys.stdin.isatty():
        return str(typer.prompt("Account number", hide_input=True))
    return sys.stdin.readline().strip()


def _print_ingested(taken: Sequence[Ingested]) -> None:
    from stable_jobs.cli.ledger_tables import print_rows

    rows = [
        (
            one.file_name,
            one.format,
            *(c.applied, c.repeated, c.pending, c.refused, c.duplicate, c.contradiction),
            one.problem,
        )
        for one in taken
        for c in (one.counts,)
    ]
    headers = (
        "file",
        "format",
        "applied",
        "repeated",
        "pending",
        "refused",
        "duplicate",
        "contradiction",
        "problem",
    )
    print_rows(headers, rows, "No new answer of the bank.")


def _print_lists(lists: AnswerLists) -> None:
    from stable_jobs.cli.ledger_tables import print_rows

    parts = ("paid", "returned", "unanswered")
    rows = [
        (one.batch_no, *(value for name in parts for value in vars(getattr(one, name)).values()))
        for one in lists.batches
    ]
    headers = ("batch", *(column for name in parts for column in (name, "yuan")))
    print_rows(headers, rows, "No batch got a result on that date.")
    waits = [(region, found.count, found.total) for region, found in lists.returned.items()]
    print_rows(("region", "payments", "yuan"), waits, "No payment waits for another account.")


def _print_corrections(corrections: Sequence[Correction]) -> None:
    from stable_jobs.cli.ledger_tables import print_rows

    headers = (
        "correction", "end-to-end id", "region", "code", "unit", "yuan", "account", "in the unit's name",
        "bank code", "bank", "entered by",
    )  # fmt: skip
    rows = [tuple(asdict(one).values()) for one in corrections]
    print_rows(headers, rows, "No corrected account waits for a second person.")


def _print_unanswered(late: Sequence[Unanswered]) -> None:
    from stable_jobs.cli.ledger_tables import print_rows

    headers = ("batch", "region", "instructed", "answer was due", "payments", "yuan")
    rows = [tuple(asdict(one).values()) for one in late]
    print_rows(headers, rows, "No line is without an answer for longer than agreed.")
