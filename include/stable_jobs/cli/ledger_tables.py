"""What the command line prints of the ledger: batches, what waits, where files lie. Never an account."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from rich.markup import escape
from rich.table import Table

from stable_jobs.cli.tables import console
from stable_jobs.ledger.approvals import approvers, missing_level
from stable_jobs.ledger.batches import Batch
from stable_jobs.money import format_yuan
from stable_jobs.night.desk import Desk
from stable_jobs.night.disbursement import Course
from stable_jobs.rendering.text import visible

RIGHT = ("units", "payments", "yuan")


def print_rows(headers: Sequence[str], rows: Iterable[Sequence[object]], empty: str) -> None:
    """A plain table of foreign text made harmless, or a sentence where there is nothing."""
    found = list(rows)
    if not found:
        console().print(empty, soft_wrap=True)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in headers:
        table.add_column(name, justify="right" if name in RIGHT else "left")
    for row in found:
        table.add_row(*(cell(value) for value in row))
    console().print(table)


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
    return escape(visible(value))


def print_disbursement(desk: Desk, course: Course) -> None:
    """Per batch what became of it; what waits by region; whom an open batch waits for."""
    rows = [(one.batch.batch_no, "published", one.batch.count, one.batch.total, "") for one in course.published]
    with desk.database.connect() as connection:
        rows += [(b.batch_no, "open", b.count, b.total, _waits(connection, b)) for b in course.open]
    print_rows(
        ("batch", "state", "units", "yuan", "waits for"), sorted(rows), "No batch: nothing is ready to be paid."
    )
    waits = [(code, count, yuan) for code, (count, yuan) in sorted(course.waiting.items())]
    print_rows(("region", "payments", "yuan"), waits, "Nothing waits.")
    console().print(
        f"Cleared {course.cleared:,} units whose notice is over. Files    "
        f"{desk.settings.out_root / desk.business_date.isoformat()}",
        soft_wrap=True,
    )


def _waits(connection: Any, batch: Batch) -> str:
    level = missing_level(connection, batch)
    if level is None:
        return "the next run"
    people = " or ".join(approvers(connection, batch.region_code, level)) or "nobody: stable-jobs approver add"
    return f"approval {level} by {people}"
