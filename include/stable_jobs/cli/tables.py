"""The command line's tables: formatted for a terminal, plain elsewhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from stable_jobs.errors import Problem
from stable_jobs.money import format_yuan
from stable_jobs.night.context import NightContext
from stable_jobs.night.figures import RegionFigures, quarantined_rows, region_figures
from stable_jobs.night.policies import policy_facts
from stable_jobs.policy.determine import Decision
from stable_jobs.published_totals import Published, published_totals
from stable_jobs.rendering.text import visible
from stable_jobs.store.catalog import Delivery, HeldOutcome, Release, superseded

if TYPE_CHECKING:
    from stable_jobs.night.questions import WhatIf

EXTRACTS_SHOWN = 3
CHANGES_SHOWN = 30


WIDTH = 165
"""Characters of the widest table: a narrower terminal wraps its lines, a pipe gets them whole."""


def console() -> Console:
    """As wide as the widest table, or the terminal where that is wider."""
    return Console(width=max(WIDTH, Console().width), highlight=False)


def print_night(night: NightContext, decision: Decision, report: Path | None) -> None:
    """Print the regions beside the totals published that day, the held ones with reasons, and the folders."""
    out = console()
    figures = region_figures(night, decision, quarantined_rows(night, decision))
    published = published_totals(night.business_date)
    out.print(_regions(figures, published))
    for region in figures:
        _print_held(out, region)
    print_policy(night)
    if published:
        out.print(
            "Values marked demo are calibrated to the totals published that day. 演示参数按当日公布总数校准。"
        )
    out.print(f"Lists    {night.settings.out_root / night.business_date.isoformat()}", soft_wrap=True)
    out.print(f"Report   {report}", soft_wrap=True)


def print_policy(night: NightContext) -> None:
    """Values that changed and totals beyond their factor on the night's date, a line each."""
    found = policy_facts(night)
    out = console()
    for one in found.changes[:CHANGES_SHOWN]:
        who = (
            f"{one.proposed_by}, {one.confirmed_by}"
            if one.confirmed_by
            else "nobody: no money of the region moves"
        )
        said = (
            f"{one.place.code} {one.name}: {one.old or '-'} -> {one.new or '-'} ({one.new_reference or '-'})"
        )
        out.print(
            escape(visible(f"Policy   {said}, first on {one.first_night}, confirmed by {who}")),
            soft_wrap=True,
        )
    more = len(found.changes) - CHANGES_SHOWN
    if more > 0:
        out.print(f"Policy   and {more:,} more: stable-jobs policy show", soft_wrap=True)
    for total in found.totals:
        who = total.ruled_by or "nobody: no money of the region moves; stable-jobs policy accept-total"
        times = f"{total.factor:f} times {format_yuan(total.last_total)}"
        said = f"{format_yuan(total.total)} yuan, more than {times}"
        out.print(
            escape(visible(f"Total    {total.place.code}: {said} of {total.last_date}, accepted by {who}")),
            soft_wrap=True,
        )
    if any(not one.confirmed_by for one in found.changes):
        out.print(
            "Next     one person: stable-jobs policy propose; another: stable-jobs policy show --proposal ID,"
            " stable-jobs proposal confirm ID; then run the night again.",
            soft_wrap=True,
        )


def _regions(figures: Sequence[RegionFigures], published: dict[str, Published]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("region", "", "enterprises", "published", "yuan", "published", "employees", "published"):
        table.add_column(name, justify="left" if name in ("region", "") else "right")
    for name in ("undecided", "ineligible", "quarantined rows", "state"):
        table.add_column(name, justify="left" if name == "state" else "right")
    for one in figures:
        table.add_row(*_cells(one, published.get(one.code)))
    return table


def _cells(one: RegionFigures, published: Published | None) -> list[str]:
    stated = published and (published.enterprises, published.refund, published.employees)
    enterprises, refund, employees = stated or (None, None, None)
    return [
        one.code,
        escape(f"{one.name_zh} {one.name_en}"),
        f"{one.enterprises:,}",
        "" if enterprises is None else f"{enterprises:,}",
        format_yuan(one.payable),
        "" if refund is None else format_yuan(refund),
        f"{one.employees:,}",
        "" if employees is None else f"{employees:,}",
        f"{one.undecided:,}",
        f"{one.ineligible:,}",
        f"{one.quarantined:,}",
        "held" if one.held else "published",
    ]


def _print_held(console: Console, region: RegionFigures) -> None:
    if region.held:
        counted = Counter(reason.split(" ", 1)[0] for reason in region.held)
        named = "; ".join(region.held[:EXTRACTS_SHOWN])
        more = len(region.held) - EXTRACTS_SHOWN
        rest = f"; and {more} more, see the report" if more > 0 else ""
        totals = ", ".join(f"{n} × {reason}" for reason, n in sorted(counted.items()))
        console.print(escape(f"Held     {region.code}: {totals}: {named}{rest}"), soft_wrap=True)


def print_untaken(problems: Sequence[Problem]) -> None:
    """Print one line for each file of the landing folder that is no delivery: no report has a line of it."""
    for problem in problems:
        console().print(escape(f"Untaken  {problem.sentence()}"), soft_wrap=True)


UNREAD = ("superseded", "已由后来的文件取代，未读取 replaced by a later file before it was read")


def print_deliveries(
    deliveries: Sequence[Delivery], held: Sequence[HeldOutcome], releases: Sequence[Release]
) -> None:
    """Print one line for each delivery: id, origin, outcome, and the next step or who released it."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("id", "department", "extract", "region", "file", "rows", "status", "what"):
        table.add_column(name)
    stopped, replaced = {one.delivery_id: one for one in held}, superseded(deliveries)
    for delivery in deliveries:
        is_unread = delivery.status == "landed" and delivery.id in replaced
        status, what = UNREAD if is_unread else _state(delivery, stopped.get(delivery.id), releases)
        rows = "" if delivery.rows is None else f"{delivery.rows:,}"
        place = (delivery.department, delivery.extract, delivery.region_code, delivery.file_name)
        table.add_row(str(delivery.id), *map(escape, place), rows, status, escape(what))
    console().print(table)


def _state(delivery: Delivery, held: HeldOutcome | None, releases: Sequence[Release]) -> tuple[str, str]:
    if delivery.problem is not None:
        rule, zh, en = (delivery.problem[name] for name in ("rule", "next_step_zh", "next_step_en"))
        return delivery.status, f"{rule}: {zh} {en}"
    if held is None:
        return delivery.status, ""
    if not held.is_released:
        return "held", held.rule_id
    mine = [r for r in releases if (r.sha256, r.rule_id) == (delivery.sha256, held.rule_id)]
    said = "; ".join(f"{visible(r.released_by)}: {visible(r.reason)}" for r in mine)
    return "released", f"{held.rule_id}; {said}"


def print_what_if(found: WhatIf) -> None:
    """Per region and kind of change: rows and yuan before and after."""
    out = console()
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in found.summary.columns:
        table.add_column(str(name), justify="left" if name in ("region_code", "change") else "right")
    for row in found.summary.itertuples(index=False):
        table.add_row(*("" if value is None else escape(str(value)) for value in row))
    out.print(table if len(found.summary) else "Nothing would change.")
    out.print(f"Comparison   {found.folder}", soft_wrap=True)
    out.print("Nothing was registered or published.")
