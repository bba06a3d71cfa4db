"""Commands about payments that go out: disbursed, held, approved, and the budget and approvers they need."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from stable_jobs.cli.options import DateOption, progress, read_date, read_home, read_past_date
from stable_jobs.cli.people import (
    BelowOption,
    ByOption,
    ReasonOption,
    act,
    read_amount,
    read_area,
    read_person,
    read_reason,
    read_region,
    reading,
    trust_mark,
)
from stable_jobs.errors import LedgerRefused
from stable_jobs.messages.ledger import BATCH_STATE, GIVEN_ANSWER
from stable_jobs.messages.ledger_refusals import coded, refusal
from stable_jobs.money import format_yuan
from stable_jobs.settings import read_settings

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from stable_jobs.disbursement.approval import Request
    from stable_jobs.ledger.batches import Batch
    from stable_jobs.messages.message import Message
    from stable_jobs.night.context import NightContext


# --- disburse ---
# `stable-jobs disburse`: closes notices, forms batches, publishes the approved ones.


def disburse(date: DateOption) -> None:
    """Close a business date's due notices, check payments again, form batches, publish the approved ones.

    Nothing waits for people: a batch that needs an approval stays open, and the next run publishes it. Says
    by region what did not go out and why. Exit 0 when the steps ended, 1 when one broke or no region's newest
    night is of that date, 2 for a date after today or a home without a database. Running it again changes
    nothing.
    """
    from stable_jobs.cli.ledger_tables import print_disbursement
    from stable_jobs.disbursement.steps import disburse as run
    from stable_jobs.night.context import open_night

    with open_night(read_home(), read_past_date(date)) as night:
        made = run(night, progress())
        print_disbursement(night, made)
    if not made.is_normal:
        typer.echo(
            f"stable-jobs: no region's newest night is that of {date}: nothing could be paid in its name;"
            " next: see the table for the date to disburse, or run the night of this one",
            err=True,
        )
        raise typer.Exit(1)


# --- hold, release, holds ---
# `stable-jobs hold`, `release`, `holds`: one person stops a region's payments, another releases them.

AreaArgument = Annotated[
    str,
    typer.Argument(
        metavar="REGION", callback=read_area, help="This region and all below it; 000000: every region."
    ),
]


def hold(region: AreaArgument, reason: ReasonOption, by: ByOption) -> None:
    """Stop the payments of a region and all below it at once: nothing is batched or published there.

    Payments that the bank already has stay as they are. Another person ends the hold.
    """
    number = act("hold", by, region_code=region, reason=reason)
    typer.echo(
        f"Hold {number}: payments of region {region} are stopped until another person than {by} releases it."
    )


def release(region: AreaArgument, reason: ReasonOption, by: ByOption) -> None:
    """End every hold of exactly this region. Refused (exit 1) for a person who set one of them."""
    count = act("release", by, region_code=region, reason=reason)
    typer.echo(f"{count} of region {region}'s holds released: the next run may pay again.")


def holds(
    region: BelowOption = None,
    is_all: Annotated[bool, typer.Option("--all", help="Released holds too.")] = False,
) -> None:
    """List the holds in force."""
    from stable_jobs.cli.ledger_tables import print_listing
    from stable_jobs.ledger.views import Which
    from stable_jobs.ledger.views import holds as standing

    with reading() as connection:
        print_listing(standing(connection, Which(region, is_all=is_all)), "No payments are held.")


# --- batch ---
# `stable-jobs batch …`: the batches that wait for approval, and a person's answer to exactly their lines.

batch_app = typer.Typer(help="Batches: look, approve, refuse (审批).", no_args_is_help=True)

BatchArgument = Annotated[
    str, typer.Argument(metavar="BATCH", help="The batch's number, such as 610100-20200519-L1-1.")
]
LevelOption = Annotated[int, typer.Option(min=1, max=2, help="The approval: first (1) or second (2).")]


@batch_app.command("list")
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


@batch_app.command("show")
def show(batch_no: BatchArgument) -> None:
    """Show the approver's question, then answers, preparers, files with their hashes, and the history."""
    from stable_jobs.cli.ledger_tables import print_batch, print_request
    from stable_jobs.disbursement.approval import approval_request
    from stable_jobs.ledger.batches import missing_level

    with _night_of(batch_no) as (night, batch):
        with night.database.connect() as connection:
            level = missing_level(connection, batch)
        request = approval_request(night, batch_no, level) if level else None
        if request is not None:
            print_request(request)
        with night.database.connect() as connection:
            print_batch(connection, batch)


@batch_app.command("approve")
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


@batch_app.command("refuse")
def refuse(batch_no: BatchArgument, level: LevelOption, reason: ReasonOption, by: ByOption) -> None:
    """Refuse a batch: it ends, and its payments go into another one."""
    with _night_of(batch_no) as (night, batch):
        request = _asked(night, batch, level)
    _record(request, by, "refused", reason)


def _record(request: Request, by: str, answer: str, reason: str) -> None:
    from stable_jobs.cli.ledger_tables import waits_for
    from stable_jobs.ledger.batches import known_batch

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
        raise LedgerRefused(refusal("other_hash", batch=batch.batch_no, hash=request.batch_hash))
    return request


def _why_not(connection: Connection, batch: Batch, level: int) -> Message:
    from stable_jobs.ledger.batches import approval_answers, missing_level

    if batch.state != "formed":
        return refusal("batch_ended", batch=batch.batch_no, state=coded(BATCH_STATE, batch.state))
    given = [row for row in approval_answers(connection, batch.id) if row[0] == level]
    if given:
        _, who, answer, _ = given[0]
        said = coded(GIVEN_ANSWER, answer)
        return refusal("approval_answered", batch=batch.batch_no, level=level, person=who, answer=said)
    waits = missing_level(connection, batch)
    if waits is None:
        return refusal("batch_complete", batch=batch.batch_no)
    return refusal("approval_before", batch=batch.batch_no, waits=waits, level=level)


@contextmanager
def _night_of(batch_no: str) -> Iterator[tuple[NightContext, Batch]]:
    """The context of the batch's own night. LedgerRefused where there is no such batch."""
    from stable_jobs.ledger.batches import known_batch
    from stable_jobs.night.context import open_night
    from stable_jobs.store.database import database

    settings = read_settings()
    with database(settings) as engine:
        with engine.connect() as connection:
            batch = known_batch(connection, batch_no)
        with open_night(settings, batch.business_date) as night:
            yield night, batch


# --- approver ---
# `stable-jobs approver …`: the approvers of each region and level. Nobody assigns themselves.

approver_app = typer.Typer(help="Who may approve batches (审批人).", no_args_is_help=True)

PersonArgument = Annotated[
    str, typer.Argument(metavar="PERSON", callback=read_person, help="The name under which they answer.")
]
AreaOption = Annotated[
    str, typer.Option("--region", callback=read_area, help="This region and all below it; 000000: all.")
]
AssignedLevelOption = Annotated[int, typer.Option(min=1, max=2, help="First (1) or second (2) approval.")]


@approver_app.command("add")
def add_approver(
    person: PersonArgument, region: AreaOption, level: AssignedLevelOption, by: ByOption
) -> None:
    """Assign a person as approver, for open batches too. Nobody assigns themselves."""
    known = _assign(person, region, level, by, is_assigned=True)
    already = "already " if known else ""
    typer.echo(f"{person} is {already}approver {level} of region {region}{trust_mark()}.")


@approver_app.command("remove")
def remove_approver(
    person: PersonArgument, region: AreaOption, level: AssignedLevelOption, by: ByOption
) -> None:
    """End an assignment. Approvals that the person gave stand."""
    if not _assign(person, region, level, by, is_assigned=False):
        raise LedgerRefused(refusal("approver_not_assigned", person=person, level=level, region=region))
    typer.echo(f"{person} is no longer approver {level} of region {region}{trust_mark()}.")


@approver_app.command("list")
def list_approvers(region: BelowOption = None) -> None:
    """List who is assigned; with a region: there, above and below."""
    from stable_jobs.cli.ledger_tables import print_listing
    from stable_jobs.ledger.views import Which, assigned

    with reading() as connection:
        print_listing(assigned(connection, Which(region)), "Nobody is assigned: stable-jobs approver add")


def _assign(person: str, region: str, level: int, by: str, *, is_assigned: bool) -> bool:
    """Whether the person was assigned before."""
    known = act(
        "assign-approver", by, approver=person, region_code=region, level=level, is_assigned=is_assigned
    )
    return bool(known)


# --- budget ---
# `stable-jobs budget …`: the refund budget of a pooling region, entered by a person.

budget_app = typer.Typer(help="Refund budgets entered by people (预算).", no_args_is_help=True)


@budget_app.command("set")
def set_budget(
    region: Annotated[
        str,
        typer.Argument(
            metavar="REGION", callback=read_region, help="The pooling region: the one that reports the fund."
        ),
    ],
    year: Annotated[int, typer.Option(min=2000, max=2999, help="The policy year.")],
    amount: Annotated[str, typer.Option(help="Yuan for the whole year, such as 1000000.00.")],
    reason: ReasonOption,
    by: ByOption,
) -> None:
    """Enter a budget that replaces finance's from the next batch on; the newest entry counts.

    Payments instructed in the year count against it. The person who enters it may not approve its batches.
    """
    yuan = read_amount(amount)
    act("set-budget", by, pooling_region=region, policy_year=year, amount=yuan, reason=reason)
    typer.echo(f"Budget of pooling region {region} for {year}: {format_yuan(yuan)} yuan, entered by {by}.")


@budget_app.command("list")
def list_budgets() -> None:
    """List every entry, which one is in force, and how much of it is committed."""
    from stable_jobs.cli.ledger_tables import print_listing
    from stable_jobs.ledger.views import budgets

    with reading() as connection:
        print_listing(budgets(connection), "No budget was entered: finance's own stands.")
