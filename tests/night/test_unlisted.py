"""A region whose lists do not add up is held by every step after them; the other regions are not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from sqlalchemy import text

from stable_jobs.errors import StepsMissing
from stable_jobs.night.context import NightContext, open_night
from stable_jobs.night.figures import region_figures
from stable_jobs.night.handed import decision_to_pay
from stable_jobs.publishing import files
from stable_jobs.publishing.table import ListTable, Sum
from stable_jobs.settings import Settings
from tests.e2e.home import BUSINESS_DATE, Home, tree
from tests.night.small_night import FirstNight, logged

pytestmark = pytest.mark.xdist_group("tasks")

REGION = "610100"
FAULT = f"disbursement_detail.csv of {REGION} says"


@dataclass(frozen=True)
class Held:
    """A night in which one region's list does not add up, and the same night run again where all do.

    before: what the first night left below `out/`. said: how its last step ended; lines: what was logged.
    """

    home: Home
    before: dict[str, str]
    said: str
    lines: str
    report: dict[str, Any]
    figures: dict[str, tuple[int, Decimal, tuple[str, ...]]]
    ledger: dict[str, list[Any]]
    after: dict[str, str]
    ledger_after: dict[str, list[Any]]


def tampered(con: duckdb.DuckDBPyConnection, table: ListTable, path: Path) -> Sum:
    found = files.measure_csv(con, table, path)
    is_planted = table.name == "disbursement_detail" and REGION in path.parts
    return replace(found, count=found.count - 1) if is_planted else found


def ask(desk: NightContext, sql: str) -> list[Any]:
    with desk.database.connect() as connection:
        return [tuple(row) for row in connection.execute(text(sql))]


def ledger(desk: NightContext) -> dict[str, list[Any]]:
    return {
        "held": ask(desk, "SELECT region_code FROM newest_nights WHERE is_suspended"),
        "notices": ask(desk, "SELECT region_code FROM notices ORDER BY 1"),
        "entitled": ask(desk, "SELECT DISTINCT region_code FROM entitlements ORDER BY 1"),
    }


@pytest.fixture(scope="module")
def held(made: FirstNight) -> Iterator[Held]:
    with made.home() as first:
        before = tree(first.path / "out")
    with (
        made.decided_home() as home,
        logged() as lines,
        open_night(Settings(), date.fromisoformat(BUSINESS_DATE)) as desk,
    ):
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(files.FORMATS, "csv", (files.FORMATS["csv"][0], tampered))
            said = until_report()
        manifest = tree(home.path / "out")
        decision = decision_to_pay(desk)
        assert decision is not None
        figures = {
            one.code: (one.enterprises, one.payable, one.held) for one in region_figures(desk, decision, {})
        }
        told, known = report_of(home), ledger(desk)
        until_report()
        yield Held(
            home, before, said, "\n".join(lines), told, figures, known, manifest, ledger(desk)
        )  # fmt: skip


def until_report() -> str:
    """Every task; what the last one was refused by."""
    from tests.night.small_night import run_tasks

    try:
        run_tasks()
    except StepsMissing as error:
        return str(error)
    return ""


def report_of(home: Home) -> dict[str, Any]:
    path = home.path / "out" / BUSINESS_DATE / "validation" / "validation.json"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def test_the_run_ends_red_with_the_regions_name(held: Held) -> None:
    assert held.said.startswith(f"lists that do not add up: region {REGION}: {FAULT}")


def test_people_are_alerted(held: Held) -> None:
    assert f"{REGION} lists_do_not_add_up" in held.lines


def test_every_other_regions_lists_are_the_same_bytes(held: Held) -> None:
    regions = {name.split("/")[1] for name in held.before} - {"validation", "comparison", REGION}
    assert len(regions) > 2
    for region in regions:
        own = {n: b for n, b in held.before.items() if n.split("/")[1] == region}
        assert {n: b for n, b in held.after.items() if n.split("/")[1] == region} == own, region


def test_nothing_of_the_region_is_published(held: Held) -> None:
    own = [name for name in held.after if name.split("/")[1] == REGION]
    assert own == [f"{BUSINESS_DATE}/{REGION}/manifest.json"]


def test_it_is_held_on_the_report_and_in_the_figures(held: Held) -> None:
    line = next(one for one in held.report["regions"] if REGION in json.dumps(one))
    assert line["is_held"]
    assert "lists_do_not_add_up" in json.dumps(line)
    enterprises, payable, reasons = held.figures[REGION]
    assert (enterprises, payable) == (0, Decimal(0))
    assert reasons[0].startswith(f"lists_do_not_add_up {FAULT}")


def test_no_money_of_it_moves_and_others_does(held: Held) -> None:
    assert (REGION,) in held.ledger["held"]
    for name in ("notices", "entitled"):
        assert (REGION,) not in held.ledger[name]
        assert len(held.ledger[name]) >= 2


def test_run_again_where_all_add_up_it_is_let_go(held: Held) -> None:
    assert (REGION,) not in held.ledger_after["held"]
    assert (REGION,) in held.ledger_after["notices"]
