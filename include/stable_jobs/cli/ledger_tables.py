"""The command line's tables of the ledger: batches, waiting payments, folders, the money by state."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from rich.console import Console, JustifyMethod
from rich.markdown import Markdown
from rich.markup import escape
from rich.table import Table
from sqlalchemy import Connection

from stable_jobs.cli.tables import console, print_policy
from stable_jobs.disbursement.approval import Request
from stable_jobs.disbursement.steps import Disbursed
from stable_jobs.ledger import views
from stable_jobs.ledger.batches import Batch, approvers, files_of, known_batch, missing_level, open_batches
from stable_jobs.ledger.policies import stop_of
from stable_jobs.ledger.verify import Verified
from stable_jobs.ledger.views import Listing, Share, Which, payments_by_state
from stable_jobs.money import format_yuan
from stable_jobs.night.context import NightContext
from stable_jobs.rendering.text import shorten, visible

# --- Lists of the ledger ---
# No table shows an account.

RIGHT = frozenset(
    {"units", "payments", "yuan", "bytes", "committed", "sharing", "payable", "already paid", "to pay"}
    | {"counted as paid"}
    | {"entitled", "outside", "paid", "open", "waived", "recovering"}
)
ONE_LINE = frozenset(
    {"id", "region", "uscc", "batch", "line", "year", "level", "state", "at", "night", "formed", "sha256"}
)
"""Columns that a narrow terminal does not wrap, beside the numbers."""
WHOLE = 4_000
"""Where no terminal is, each row is one line."""
LONGEST = 400
"""Characters of foreign text that are shown; the rest is counted."""


def print_rows(headers: Sequence[str], rows: Iterable[Sequence[object]], empty: str) -> None:
    """A plain table of foreign text made harmless, or a sentence where there is nothing."""
    found = list(rows)
    if not found:
        console().print(empty, soft_wrap=True)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in headers:
        is_kept = name in ONE_LINE or name in RIGHT
        justify: JustifyMethod = "right" if name in RIGHT else "left"
        table.add_column(name, justify=justify, no_wrap=is_kept, overflow="fold")
    for row in found:
        table.add_row(*(cell(value) for value in row))
    out = console()
    (out if out.is_terminal else Console(width=WHOLE, highlight=False)).print(table)


def cell(value: object) -> str:
    """One value for a terminal."""
    match value:
        case None:
            return ""
        case Decimal():
            return format_yuan(value)
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}"
    return escape(visible(shorten(str(value), LONGEST)))


def print_disbursement(night: NightContext, made: Disbursed) -> None:
    """The outcome of each batch; the waiting payments by region; the people for whom an open batch waits."""
    rows = [(one.batch.batch_no, "published", one.batch.count, one.batch.total, "") for one in made.published]
    with night.database.connect() as connection:
        rows += [(b.batch_no, "open", b.count, b.total, waits_for(connection, b)) for b in made.open]
    print_rows(
        ("batch", "state", "units", "yuan", "waits for"),
        sorted(rows),
        "No batch: nothing is ready to be paid.",
    )
    why = [(w.region_code, w.night, w.cause, w.payments, w.yuan, w.detail) for w in made.why]
    print_rows(("region", "night", "waits for", "payments", "yuan", "detail"), why, "Nothing waits.")
    print_policy(night)
    console().print(
        f"Cleared {made.closed.cleared:,} units whose notice is over. Files    "
        f"{night.settings.out_root / night.business_date.isoformat()}",
        soft_wrap=True,
    )


def waits_for(connection: Connection, batch: Batch) -> str:
    """The people or the step for which an open batch waits; empty for one that has ended."""
    if batch.state != "formed":
        return ""
    stop = stop_of(connection, batch.region_code)
    if stop:
        return f"people, {stop}"
    level = missing_level(connection, batch)
    if level is None:
        return "the next run"
    people = (
        " or ".join(approvers(connection, batch.region_code, level)) or "nobody: stable-jobs approver add"
    )
    return f"approval {level} by {people}"


def print_listing(listing: Listing, empty: str) -> None:
    """Print the result of a query of the ledger, or a sentence."""
    print_rows(listing.headers, listing.rows, empty)


def print_batches(connection: Connection, listing: Listing) -> None:
    """Print batches, the open ones with the people or step for which they wait."""
    rows = [(*row, waits_for(connection, known_batch(connection, row[0]))) for row in listing.rows]
    print_rows((*listing.headers, "waits for"), rows, "There is no such batch.")


def print_request(request: Request) -> None:
    """Print the question as Airflow shows it to an approver."""
    out = console()
    out.print(escape(request.subject), soft_wrap=True)
    out.print(Markdown(request.body, hyperlinks=False))
    people = " 或 or ".join(map(visible, request.people)) or "无人 nobody: stable-jobs approver add"
    out.print(escape(f"审批人 approvers of level {request.level}: {people}"), soft_wrap=True)


def print_batch(connection: Connection, batch: Batch) -> None:
    """Print one batch: its figures, answers, preparers, files and history."""
    out = console()
    units, yuan = f"{batch.count:,} units", f"{format_yuan(batch.total)} yuan"
    out.print(f"Batch    {batch.batch_no}: {batch.state}, {units}, {yuan}", soft_wrap=True)
    out.print(f"Hash     {batch.hash}", soft_wrap=True)
    waits = waits_for(connection, batch)
    if waits:
        out.print(escape(f"Waits    for {visible(waits)}"), soft_wrap=True)
    _titled("Answers", views.batch_answers(connection, batch.id))
    _titled("Preparers, who may not approve it", views.batch_preparers(connection, batch.id))
    files = tuple(
        (f"{one.folder}/{one.name}", one.size_bytes, one.sha256) for one in files_of(connection, batch.id)
    )
    _titled("Files", Listing(("file", "bytes", "sha256"), files))
    _titled("History", views.batch_history(connection, batch.id))


def print_unit(connection: Connection, region_code: str, uscc: str) -> None:
    """All of one unit, oldest first; no whole account."""
    one = Which(region_code, uscc, is_all=True)
    console().print(escape(f"{visible(uscc)} in region {region_code}"), soft_wrap=True)
    _titled("Entitlements, yuan", views.unit_sums(connection, region_code, uscc))
    _titled("Payments", views.unit_changes(connection, region_code, uscc))
    _titled("Lines in batches", views.unit_lines(connection, region_code, uscc))
    _titled("Objections", views.objections(connection, one))
    _titled("Recovery cases", views.recoveries(connection, one))
    _titled("Refunds that finance reports", views.refunds(connection, one))
    _titled("Doubts", views.doubts(connection, one))
    _titled("Decision and ledger disagree", views.disagreements(connection, one))
    _titled("Codes of the unit", views.changed_codes(connection, region_code, uscc))


def print_verified(verified: Verified) -> None:
    """Print the number of checks, and each break on its line, or OK."""
    out = console()
    looked = f"{verified.events:,} events, {verified.entitlements:,} entitlements, {verified.files:,} files"
    if not verified.breaks:
        out.print(f"OK: {looked}.", soft_wrap=True)
        return
    out.print(f"{looked}: {len(verified.breaks):,} breaks, the first one first.", soft_wrap=True)
    for one in verified.breaks:
        out.print(escape(visible(one.sentence())), soft_wrap=True)


def _titled(title: str, listing: Listing) -> None:
    if listing.rows:
        console().print(f"\n{title}", style="bold", soft_wrap=True)
        print_listing(listing, "")


# --- The money by state ---
# The command line's table of the money: the state of each region's payments, and the people awaited.

STATE_COLUMNS = {
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
    for name in ("region", "", *STATE_COLUMNS, "yuan paid", "yuan waiting"):
        table.add_column(name, justify="left" if name in ("region", "") else "right")
    for region in sorted({share.region_code for share in shares}):
        own = {share.state: share for share in shares if share.region_code == region}
        words = night.names.get(region)
        name = words.both if words else ""
        counts = [sum(own[s].count for s in states if s in own) for states in STATE_COLUMNS.values()]
        paid = own["paid"].total if "paid" in own else Decimal("0.00")
        waits = sum((own[s].total for s in WAITS if s in own), Decimal("0.00"))
        table.add_row(region, cell(name), *(f"{n:,}" for n in counts), format_yuan(paid), format_yuan(waits))
    return table


WAITS = ("cleared", "corrected", "batched", "returned", "objected", "on_notice")
"""States of payments that no bank has yet, or that came back."""
