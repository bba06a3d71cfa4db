"""The command line's table of the money: the state of each region's payments, and the people awaited."""

from __future__ import annotations

from decimal import Decimal

from rich.table import Table
from sqlalchemy import Connection

from stable_jobs.cli.ledger_tables import cell, waits_for
from stable_jobs.cli.tables import console
from stable_jobs.ledger.approvals import approvers, missing_level
from stable_jobs.ledger.batches import Batch, open_batches
from stable_jobs.ledger.figures import Share, payments_by_state
from stable_jobs.money import format_yuan
from stable_jobs.night.context import NightContext

COLUMNS = {
    "on notice": ("on_notice", "objected"),
    "waiting": ("cleared", "corrected"),
    "awaiting approval": ("batched",),
    "instructed": ("instructed",),
    "paid": ("paid",),
    "returned": ("returned",),
    "fell out": ("withdrawn", "waived"),
}
"""Heading → the states counted under it. instructed: no answer of the bank yet."""
UP = "http://127.0.0.1:8080/required_actions"


def print_life(night: NightContext) -> None:
    """Print each region's payments by state and the yuan paid; then every batch that waits for people."""
    with night.database.connect() as connection:
        shares = payments_by_state(connection, night.business_date.year)
        batches = open_batches(connection)
        waiting = [(b, waits_for(connection, b), _command(connection, b)) for b in batches]
    out = console()
    out.print(_table(night, shares))
    for batch, whom, command in waiting:
        out.print(
            f"Awaiting {batch.batch_no}: {batch.count:,} units, {format_yuan(batch.total)} yuan: {whom}",
            soft_wrap=True,
        )
        if command:
            out.print(f"         {command}", soft_wrap=True)
    if waiting:
        out.print(f"         or in the browser: make up, then {UP}", soft_wrap=True)


def _command(connection: Connection, batch: Batch) -> str | None:
    """The command that approves the batch, with its only approver or a placeholder; None if none is due."""
    level = missing_level(connection, batch)
    if level is None:
        return None
    people = approvers(connection, batch.region_code, level)
    by = people[0] if len(people) == 1 else "NAME"
    return f"stable-jobs batch approve {batch.batch_no} --level {level} --by {by}"


def _table(night: NightContext, shares: list[Share]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("region", "", *COLUMNS, "yuan paid", "yuan waiting"):
        table.add_column(name, justify="left" if name in ("region", "") else "right")
    for region in sorted({share.region_code for share in shares}):
        own = {share.state: share for share in shares if share.region_code == region}
        words = night.names.get(region)
        name = words.both if words else ""
        counts = [sum(own[s].count for s in states if s in own) for states in COLUMNS.values()]
        paid = own["paid"].total if "paid" in own else Decimal("0.00")
        waits = sum((own[s].total for s in WAITS if s in own), Decimal("0.00"))
        table.add_row(region, cell(name), *(f"{n:,}" for n in counts), format_yuan(paid), format_yuan(waits))
    return table


WAITS = ("cleared", "corrected", "batched", "returned", "objected", "on_notice")
"""What is due and was not sent to a bank, or came back."""
