"""The page that compares two nights."""

from __future__ import annotations

import json
import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from fastapi.responses import FileResponse, Response
from sqlalchemy import Connection

from stable_jobs.errors import StepError
from stable_jobs.report.comparison import KINDS, Baseline, comparison_from_json
from stable_jobs.report.parts import place_of
from stable_jobs.review import comparing
from stable_jobs.review.access import Guard, Permission
from stable_jobs.review.comparing import FIGURES, LIST, ROWS
from stable_jobs.review.nights import Night, decision_of, nights
from stable_jobs.review.page import Grid, Order, html, order_of, sentences_of, stores_of
from stable_jobs.review.stores import Stores, names_of
from stable_jobs.settings import Settings
from stable_jobs.store.engine import read_parquet_sql
from stable_jobs.store.snapshots import Snapshot, earlier_of_date

if TYPE_CHECKING:
    import duckdb


# --- Differences ---
# Two decisions side by side, worked out once for each pair: by a process of its own, kept in a folder.
#
# Decisions never change, so what was worked out holds for ever; of the oldest only so many are kept. A folder
# is there whole or not at all. Several servers may work on the same pair: the first one's folder stands.

log = logging.getLogger(__name__)
KEPT = 40
"""Pairs that stay on disk."""


@dataclass(frozen=True)
class Pair:
    """An eligibility table and an earlier one."""

    before: Snapshot
    after: Snapshot

    @property
    def name(self) -> str:
        """The folder's name: what the decisions were made from, not when."""
        return f"{self.before.fingerprint[:24]}-{self.after.fingerprint[:24]}"


@dataclass(frozen=True)
class Found:
    """The differences of two decisions. rows: Parquet as `compare.changes` says; listed: CSV for people."""

    figures: Baseline
    rows: Path
    listed: Path


class Differences:
    """Works pairs out one after the other, and finds again what was worked out."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="differences")
        self._running: dict[str, Future[None]] = {}
        self._lock = Lock()

    def find(self, pair: Pair) -> Found | None:
        """The differences of the pair; None while they are worked out, which begins if it has not.

        An error of that work is raised to the next caller, and the call after that begins the work again.
        """
        folder = self._root / pair.name
        if folder.is_dir():
            return Found(_read(folder / FIGURES), folder / ROWS, folder / LIST)
        with self._lock:
            begun = self._running.get(pair.name)
            if begun is None:
                self._running[pair.name] = self._worker.submit(self._work_out, pair)
                return None
            if not begun.done():
                return None
            del self._running[pair.name]
        begun.result()
        return self.find(pair)

    def close(self) -> None:
        """Let the one that is at work end; no other begins."""
        self._worker.shutdown(cancel_futures=True)

    @property
    def _root(self) -> Path:
        return self._stores.settings.scratch_root / "review"

    def _work_out(self, pair: Pair) -> None:
        from stable_jobs.publishing.folders import workspace

        self._root.mkdir(parents=True, exist_ok=True)
        with workspace(self._root) as work:
            made = work / pair.name
            made.mkdir()
            _compare(self._stores.settings, pair, made)
            with suppress(OSError):  # another server was first
                made.replace(self._root / pair.name)
        self._forget()

    def _forget(self) -> None:
        folders = [path for path in self._root.iterdir() if path.is_dir() and not path.name.startswith(".")]
        for old in sorted(folders, key=lambda path: path.stat().st_mtime)[:-KEPT]:
            shutil.rmtree(old, ignore_errors=True)


def _compare(settings: Settings, pair: Pair, folder: Path) -> None:
    """StepError if the process did not do it; the log has what it said."""
    done = subprocess.run(  # noqa: S603  # constants
        [sys.executable, "-m", comparing.__name__],
        env=os.environ | settings.as_environment(),
        input=comparing.job(pair.before, pair.after, folder),
        capture_output=True,
        check=False,
        encoding="utf-8",
        errors="replace",
    )
    if done.returncode:
        log.error("comparison %s: exit %d: %s", pair.name, done.returncode, done.stderr)
        raise StepError(
            f"The comparison of {pair.after.business_date} with {pair.before.business_date} broke. "
            "The server's log says how; look again, and it is tried again."
        )


def _read(path: Path) -> Baseline:
    document: Mapping[str, object] = json.loads(path.read_text(encoding="utf-8"))
    found = comparison_from_json(document).night_before
    assert found is not None, f"{path} has no figures"
    return found


# --- Queries ---
# Which decisions there are to compare, and the rows that differ, page by page.

# ruff: noqa: S608 - the path in SQL goes through read_parquet_sql, the rest is this module's own


COLUMNS: Mapping[str, str] = {
    "region": "region_code",
    "unit": "unit_name",
    "kind": "change",
    "payable_before": "CASE WHEN is_taken_before THEN payable_before END",
    "payable_after": "CASE WHEN is_taken_after THEN payable_after END",
    "difference": "payable_difference",
    "size": "abs(payable_difference)",
}
"""The columns by which the rows that differ may be sorted."""


@dataclass(frozen=True)
class Which:
    """Of which rows; empty: of all. reason: a code on one of both sides."""

    region: str = ""
    kind: str = ""
    reason: str = ""


def pair_of(connection: Connection, on: date, against: date) -> Pair | None:
    """The newest decisions of both dates; of one and the same date that and the one before it.

    None where one of them is missing.
    """
    after = decision_of(connection, on)
    if after is None:
        return None
    if on == against:
        before = earlier_of_date(connection, after.eligibility)
    else:
        found = decision_of(connection, against)
        before = found.eligibility if found else None
    return Pair(before, after.eligibility) if before else None


def rows(duck: duckdb.DuckDBPyConnection, path: Path, which: Which, order: Order) -> Grid:
    """One page of the rows that differ."""
    source = read_parquet_sql([str(path)])
    where = """
        ($region = '' OR region_code = $region) AND ($kind = '' OR change = $kind)
          AND ($reason = '' OR list_contains(string_split(
              concat_ws(';', reasons_before, reasons_after), ';'), $reason))
    """
    total = duck.execute(f"SELECT count(*) FROM {source} WHERE {where}", vars(which)).fetchone()
    found = duck.execute(
        f"""
        SELECT region_code, uscc, scheme, unit_name, change, decision_before, decision_after,
               string_split(coalesce(reasons_before, ''), ';') AS reasons_before,
               string_split(coalesce(reasons_after, ''), ';') AS reasons_after,
               CASE WHEN is_taken_before THEN payable_before END AS payable_before,
               CASE WHEN is_taken_after THEN payable_after END AS payable_after, payable_difference
        FROM {source} {order.rows_sql(COLUMNS, source, where)}
        """,
        vars(which),
    )
    names = [column[0] for column in found.description or ()]
    listed: list[dict[str, Any]] = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    return Grid(listed, total[0] if total else 0, order)


# --- Routes ---
# Comparison of two nights: what appeared, went and changed, by reason, with amounts; and the list of it.

router = APIRouter()
OnDate = Annotated[date | None, Query()]


@router.get("/comparison", dependencies=[Depends(Guard(Permission.READ))])
def comparison(request: Request, night: OnDate = None, against: OnDate = None) -> Response:
    """Two nights side by side: the newest and the one before it unless the address names others."""
    known, pair = _pair(request, night, against)
    if not known:
        return html(request, "no_nights.html", "comparison")
    chosen: dict[str, Any] = {
        "night": pair.after.business_date if pair else night or known[-1].business_date,
        "against": pair.before.business_date if pair else against,
        "nights": [one.business_date for one in reversed(known)],
    }
    if pair is None:
        return html(request, "comparison.html", "comparison", found=None, is_missing=True, **chosen)
    found = _differences(request).find(pair)
    if found is None:
        page = html(
            request, "comparison.html", "comparison", status=202, found=None, is_missing=False, **chosen
        )
        page.headers["Refresh"] = "2"
        return page
    return html(request, "comparison.html", "comparison", is_missing=False, **chosen, **_rows(request, found))


@router.get("/comparison/changes.csv", dependencies=[Depends(Guard(Permission.LISTS))])
def changes_csv(request: Request, night: date, against: date) -> Response:
    """Every row that differs, as the published list says it; 404 before the page has been looked at."""
    _, pair = _pair(request, night, against)
    found = _differences(request).find(pair) if pair else None
    if found is None:
        raise HTTPException(404)
    name = f"changes-{night.isoformat()}-against-{against.isoformat()}.csv"
    return FileResponse(found.listed, media_type="text/csv; charset=utf-8", filename=name)


def _pair(request: Request, on: date | None, against: date | None) -> tuple[list[Night], Pair | None]:
    with stores_of(request).database.connect() as connection:
        known = nights(connection)
        dates = [one.business_date for one in known]
        after = on or (dates[-1] if dates else None)
        before = against or max((day for day in dates if after and day < after), default=None)
        pair = pair_of(connection, after, before) if after and before else None
    return known, pair


def _rows(request: Request, found: Found) -> dict[str, Any]:
    stores = stores_of(request)
    names = names_of(stores)
    query = request.query_params
    kind = query.get("kind", "")
    which = Which(query.get("region", ""), kind if kind in KINDS else "", query.get("reason", ""))
    with stores.duck() as duck:
        grid = rows(duck, found.rows, which, order_of(request, COLUMNS, "-size"))
    return {
        "found": found.figures,
        "grid": grid,
        "which": which,
        "kinds": KINDS,
        "places": {row["region_code"]: place_of(row["region_code"], names) for row in grid.rows},
        "sentences": sentences_of(
            code for row in grid.rows for side in ("before", "after") for code in row[f"reasons_{side}"]
        ),
    }


def _differences(request: Request) -> Differences:
    found: Differences = request.app.state.differences
    return found
