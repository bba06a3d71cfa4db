"""Money that does not go out: the reasons on a date, batches unknown to the ledger, waived payments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path

from sqlalchemy import Connection, text

from stable_jobs.disbursement.batch_files import UNDECIDED, WAIVED, WAIVED_ROWS, waived_list
from stable_jobs.ledger.batches import Batch
from stable_jobs.ledger.verify import RESTORED, units_in, unknown_batches
from stable_jobs.ledger.views import Waits, waits
from stable_jobs.messages.ledger import UNPAID
from stable_jobs.night.context import NightContext, scratch
from stable_jobs.night.figures import after_lists
from stable_jobs.night.handed import decision_to_pay
from stable_jobs.night.notices import deadlines, heading_of, record_published, tonight
from stable_jobs.policy.determine import Decision, decision_by_id
from stable_jobs.publishing.folders import region_folder
from stable_jobs.publishing.publish import Published, file_entry, publish_tables
from stable_jobs.publishing.table import Rows, counted, ledger_rows
from stable_jobs.store.engine import quote_literal
from stable_jobs.store.loading import load_rows, temporary_table

# --- Reasons on a date ---
# The reasons why payments did not go out on a date, for the person who ran the disbursement.

SHOWN = 3
"""Extracts that are named; the report has all."""


def unpaid_reasons(night: NightContext, left: Sequence[Waits]) -> tuple[Waits, ...]:
    """Each region's causes in words. left: payments ready when batches were formed that are in none."""
    with night.database.connect() as connection:
        known = waits(connection, night.business_date)
    explained = {one.region_code for one in left}
    rows = [one for one in known if one.cause != "waiting_list" or one.region_code not in explained]
    rows += left
    held = _held(night, decision_to_pay(night)) if any(one.cause == "held" for one in rows) else {}
    return tuple(
        replace(one, detail=_words(night, one, held))
        for one in sorted(rows, key=lambda w: (w.region_code, w.cause))
    )


def _words(night: NightContext, one: Waits, held: Mapping[str, str]) -> str:
    detail = held.get(one.region_code, "see the report") if one.cause == "held" else one.detail
    is_first = one.cause == "nothing_came" and one.night is None
    sentence = UNPAID.get("never_came" if is_first else one.cause)
    if sentence is None:
        return detail or "see the list of what waits"
    return sentence.en.format(on=night.business_date, night=one.night, detail=detail)


def _held(night: NightContext, decision: Decision | None) -> dict[str, str]:
    """Region → the reasons for which nothing was decided."""
    if decision is None:
        return {}
    with night.database.connect() as connection:
        decision = after_lists(connection, decision)
    path = quote_literal(night.lake.path(decision.held.name))
    query = f"""
        SELECT region_code, string_agg(what, '; ' ORDER BY what) FROM (
            SELECT region_code, reason || ' × ' || count(*) || coalesce(' (' || nullif(concat_ws(', ',
                array_to_string(list_sort(list(coalesce(nullif(extract, ''), detail)))[:{SHOWN}], ', '),
                CASE WHEN count(*) > {SHOWN} THEN '…' END), '') || ')', '') AS what
            FROM read_parquet({path}) GROUP BY region_code, reason)
        GROUP BY region_code
    """
    return dict(night.duck.execute(query).fetchall())


# --- Published batches that the ledger does not know ---
# Batches in the published folders that the ledger does not know: their units may have been paid already.
#
# A ledger that was restored from an older copy forms the same batch again, with other bytes and the same
# end-to-end ids. So the folders are looked into before anything is instructed.

UNIT = "统一社会信用代码"
"""The header of the units' codes in a batch's detail."""


def published_elsewhere(night: NightContext, connection: Connection, batch: Batch) -> str | None:
    """The reason why the batch may not be published: a folder that the ledger does not know has a unit of it.

    Any unit of the batch, under any end-to-end id: a restored ledger may count its payments otherwise. A
    folder that cannot be read stops every batch of its region.
    """
    out = night.settings.out_root
    folders = unknown_batches(connection, out, batch.region_code)
    if not folders:
        return None
    own = frozenset(connection.scalars(text(UNITS), {"id": batch.id}))
    for folder in folders:
        units = units_in(folder, UNIT)
        if units is None or units & own:
            which = "units that cannot be read" if units is None else f"{len(units & own)} of its units"
            return (
                f"batch {batch.batch_no} is not published: {folder.relative_to(out).as_posix()} holds"
                f" {which}, and the"
                f" ledger does not know that folder: {RESTORED}"
            )
    return None


UNITS = """
    SELECT e.uscc FROM payment_lines l JOIN payments p ON p.id = l.payment_id
    JOIN entitlements e ON e.id = p.entitlement_id WHERE l.batch_id = :id
"""


# --- Waived payments ---
# The year's end: the money not paid by each region's deadline, listed by the first night after it.

# ruff: noqa: S608 - every path in SQL goes through quote_literal


DEADLINES = {"region_code": "text", "policy_year": "integer", "deadline": "date"}


@dataclass(frozen=True)
class WaivedList:
    """One region's list. total: yuan, of the amounts that are known."""

    region_code: str
    folder: Path
    count: int
    total: Decimal


@dataclass(frozen=True)
class Due:
    """A region whose policy year is over. decision_id: of its newest decided night up to the deadline."""

    region_code: str
    policy_year: int
    decision_id: int | None


def publish_waived(night: NightContext) -> list[WaivedList]:
    """Publish the list of every region whose first night after its deadline this is, or that waived today.

    An empty list says that nothing was left. Run again, whenever that is, the lists are the same.
    """
    with scratch(night) as work, night.database.connect() as connection:
        temporary_table(connection, "deadlines", DEADLINES)
        load_rows(connection, "deadlines", _deadlines(night))
        due = [Due(*row) for row in connection.execute(text(DUE), {"on": night.business_date})]
        if not due:
            return []
        rows = _rows(night, connection, due, work)
        regions = sorted({one.region_code for one in due})
        parts = {code: rows.of(night.duck, "region_code", code) for code in regions}
        made = {code: _publish_waived(night, code, own) for code, own in parts.items()}
    record_published(night, made.values(), "waived")
    return [WaivedList(code, made[code].folder, own.count, own.total) for code, own in parts.items()]


def _deadlines(night: NightContext) -> Iterator[tuple[str, int, date]]:
    """Of the business date's policy year, and of the one before: its deadline may be its last day."""
    year = night.business_date.year
    before = replace(night, business_date=date(year - 1, 12, 31))
    for one in (before, night):
        yield from ((region, one.business_date.year, day) for region, day in deadlines(one))


DUE = """
    SELECT d.region_code, d.policy_year, (
        SELECT n.decision_id FROM standing_nights n
        WHERE n.region_code = d.region_code AND n.business_date <= d.deadline AND NOT n.is_suspended
          AND extract(year FROM n.business_date) = d.policy_year
        ORDER BY n.business_date DESC, n.id DESC LIMIT 1) AS decision_id
    FROM deadlines d
    WHERE d.deadline < :on AND (
        EXISTS (SELECT FROM payments p JOIN entitlements e ON e.id = p.entitlement_id
                WHERE p.state = 'waived' AND p.changed_on = :on AND e.region_code = d.region_code
                  AND e.policy_year = d.policy_year)
        OR :on = (SELECT min(n.business_date) FROM standing_nights n
                  WHERE n.region_code = d.region_code AND n.business_date > d.deadline)
           AND EXISTS (SELECT FROM standing_nights n
                       WHERE n.region_code = d.region_code AND n.business_date <= d.deadline
                         AND extract(year FROM n.business_date) = d.policy_year))
    ORDER BY d.region_code, d.policy_year
"""
"""A region that had no night before its deadline has left nothing undone by it."""


def _rows(night: NightContext, connection: Connection, due: Sequence[Due], work: Path) -> Rows:
    """Waived payments, and the undecided units that have no payment in their stead."""
    temporary_table(connection, "waiving", {"region_code": "text", "policy_year": "integer"})
    load_rows(connection, "waiving", [(one.region_code, one.policy_year) for one in due])
    payments = _asked(night, connection, WAIVED, WAIVED_ROWS, work / "payments")
    settled = _asked(night, connection, SETTLED, SETTLED_ROWS, work / "settled")
    units = [_undecided(night, connection, one, settled) for one in due if one.decision_id is not None]
    path = quote_literal(str(work / "waived.parquet"))
    both = " UNION ALL BY NAME ".join([f"(FROM {payments.source})", *units])
    night.duck.execute(f"COPY ({both}) TO {path} (FORMAT parquet)")
    return counted(night.duck, f"read_parquet({path})")


def _asked(
    night: NightContext, connection: Connection, query: str, columns: Mapping[str, str], folder: Path
) -> Rows:
    folder.mkdir()
    return ledger_rows(night.duck, connection, query.format(on=night.business_date), columns, folder)


SETTLED = """
    WITH settled AS MATERIALIZED (
        SELECT DISTINCT e.region_code, e.policy_year, e.uscc
        FROM waiving w JOIN entitlements e ON e.region_code = w.region_code AND e.policy_year = w.policy_year
        JOIN payments p ON p.entitlement_id = e.id
        JOIN LATERAL (
            SELECT to_state FROM payment_states
            WHERE payment_id = p.id AND changed_on <= DATE '{on}' ORDER BY id DESC LIMIT 1
        ) c ON c.to_state NOT IN ('paid', 'withdrawn')
    )
    SELECT region_code, policy_year, uscc, 0 AS amount FROM settled
    UNION SELECT s.region_code, s.policy_year, a.alias, 0
    FROM settled s JOIN unit_aliases a ON a.region_code = s.region_code AND a.code = s.uscc
"""
"""Units, under each of their codes, with a payment that is waived, and is on the list as such, or still on
its way."""
SETTLED_ROWS = {
    "region_code": "VARCHAR",
    "policy_year": "INTEGER",
    "uscc": "VARCHAR",
    "amount": "DECIMAL(18, 2)",
}


def _undecided(night: NightContext, connection: Connection, due: Due, settled: Rows) -> str:
    """SQL for the undecided units of a region, one row each, with the amount where its inputs are known."""
    assert due.decision_id is not None
    path = quote_literal(night.lake.path(decision_by_id(connection, due.decision_id).eligibility.name))
    own = f"read_parquet({path}) WHERE region_code = {quote_literal(due.region_code)}"
    return f"""
        (SELECT region_code, policy_year::INTEGER AS policy_year, uscc, unit_name, scheme, reasons,
                (entitlement - already_paid)::DECIMAL(18, 2) AS amount,
                {quote_literal(UNDECIDED)} AS standing
         FROM (FROM {own} AND decision = 'undecided')
         ANTI JOIN (FROM {own} AND is_taken) USING (uscc)
         ANTI JOIN (SELECT uscc FROM {settled.source}
                    WHERE region_code = {quote_literal(due.region_code)} AND policy_year = {due.policy_year})
             USING (uscc)
         WHERE (already_paid < entitlement) IS DISTINCT FROM false
         QUALIFY row_number() OVER (PARTITION BY uscc ORDER BY scheme = 'general' DESC) = 1)
    """


def _publish_waived(night: NightContext, region_code: str, own: Rows) -> Published:
    heading = heading_of(night, region_code)
    manifest = {**heading.manifest, **file_entry(own.sum)}
    folder = region_folder(tonight(night), region_code) / "waived"
    tables = [waived_list(own, heading)]
    return publish_tables(night.duck, folder, tables, manifest, night.settings.workbook_rows)
