"""`stable-jobs batch …`: the batches that wait for approval, and a person's answer to exactly their lines."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from stable_jobs.cli.options import read_date
from stable_jobs.cli.people import ByOption, ReasonOption, act, read_reason, reading
from stable_jobs.errors import LedgerRefused
from stable_jobs.settings import read_settings

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from stable_jobs.disbursement.approval import Request
    from stable_jobs.ledger.batches import Batch
    from stable_jobs.night.context import NightContext

app = typer.Typer(help="Batches: look, approve, refuse (审批).", no_args_is_help=True)

BatchArgument = Annotated[
    str, typer.Argument(metavar="BATCH", help="The batch's number, such as 610100-20200519-L1-1.")
]
LevelOption = Annotated[int, typer.Option(min=1, max=2, help="The approval: first (1) or second (2).")]


@app.command("list")
def list_batches(
    date: Annotated[str | None, typer.Option(help="Only batches formed on this business date.")] = None,
    is_open: Annotated[
        bool, typer.Option("--open", help="Only batches that are not published, voided or refused.")
    ] = False,
) -> None:
    """List batches: count, total, state, and the people for whom an open one waits."""
    from stable_jobs.cli.ledger_tables import print_batches
    from stable_jobs.ledger.views import batch_list

    on = None if date is None else read_date(date)
    with reading() as connection:
        print_batches(connection, batch_list(connection, on, is_open=is_open))


@app.command("show")
def show(batch_no: BatchArgument) -> None:
    """Show the approver's question, then answers, preparers, files with their hashes, and the history."""
    from stable_jobs.cli.ledger_tables import print_batch, print_request
    from stable_jobs.disbursement.approval import approval_request
    from stable_jobs.ledger.approvals import missing_level

    with _night_of(batch_no) as (night, batch):
        with night.database.connect() as connection:
            level = missing_level(connection, batch)
        request = approval_request(night, batch_no, level) if level else None
        if request is not None:
            print_request(request)
        with night.database.connect() as connection:
            print_batch(connection, batch)


@app.command("approve")
def approve(
    batch_no: BatchArgument,
    level: LevelOption,
    by: ByOption,
    reason: Annotated[
        str | None, typer.Option(callback=read_reason, help="A remark; an approval needs none.")
    ] = None,
    batch_hash: Annotated[
        str | None,
        typer.Option("--hash", help="The hash of the lines to approve; refused if theirs differs."),
    ] = None,
    is_sure: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
) -> None:
    """Show a batch and record one person's approval of exactly the lines shown.

    Refused (exit 1) for a preparer, the same person twice, a person who is not assigned, a batch that has
    ended. Publishes nothing: the next `disburse` of its region's newest night does.
    """
    from stable_jobs.cli.ledger_tables import print_request

    with _night_of(batch_no) as (night, batch):
        request = _asked(night, batch, level, batch_hash)
        print_request(request)
    if not is_sure:
        typer.confirm(f"Approve {batch_no} as {by}?", abort=True)
    _record(request, by, "approved", reason or "")


@app.command("refuse")
def refuse(batch_no: BatchArgument, level: LevelOption, reason: ReasonOption, by: ByOption) -> None:
    """Refuse a batch: it ends, and its payments go into another one."""
    with _night_of(batch_no) as (night, batch):
        request = _asked(night, batch, level)
    _record(request, by, "refused", reason)


def _record(request: Request, by: str, answer: str, reason: str) -> None:
    from stable_jobs.cli.ledger_tables import waits_for
    from stable_jobs.ledger.approvals import known_batch

    act(
        "answer-batch",
        by,
        batch_no=request.batch_no,
        batch_hash=request.batch_hash,
        level=request.level,
        answer=answer,
        reason=reason,
    )
    with reading() as connection:
        waits = waits_for(connection, known_batch(connection, request.batch_no))
    rest = f" It waits for {waits}." if waits else ""
    typer.echo(f"{request.batch_no} is {answer} by {by}, approval {request.level}.{rest}")


def _asked(night: NightContext, batch: Batch, level: int, batch_hash: str | None = None) -> Request:
    """The question of that level; LedgerRefused if nobody is asked, or if the lines are others."""
    from stable_jobs.disbursement.approval import approval_request

    request = approval_request(night, batch.batch_no, level)
    if request is None:
        with night.database.connect() as connection:
            raise LedgerRefused(_why_not(connection, batch, level))
    if batch_hash not in (None, request.batch_hash):
        raise LedgerRefused(
            f"batch {batch.batch_no}: its hash is {request.batch_hash}, not the one given: look again"
        )
    return request


def _why_not(connection: Connection, batch: Batch, level: int) -> str:
    from stable_jobs.ledger.approvals import answers, missing_level

    if batch.state != "formed":
        return f"batch {batch.batch_no} is {batch.state}: nobody is asked any more"
    given = [f"{who} {answer} it" for one, who, answer, _ in answers(connection, batch.id) if one == level]
    if given:
        return f"batch {batch.batch_no}: approval {level} is answered: {given[0]}"
    waits = missing_level(connection, batch)
    if waits is None:
        return f"batch {batch.batch_no} has every approval it needs: the next disbursement publishes it"
    return f"batch {batch.batch_no} waits for approval {waits} first, not for {level}"


@contextmanager
def _night_of(batch_no: str) -> Iterator[tuple[NightContext, Batch]]:
    """The context of the batch's own night. LedgerRefused where there is no such batch."""
    from stable_jobs.ledger.approvals import known_batch
    from stable_jobs.night.context import open_night
    from stable_jobs.store.database import database

    settings = read_settings()
    with database(settings) as engine:
        with engine.connect() as connection:
            batch = known_batch(connection, batch_no)
        with open_night(settings, batch.business_date) as night:
            yield night, batch
