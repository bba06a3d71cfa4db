"""A decided night beside the ledger: its snapshots become the temporary tables that the ledger joins with."""

# ruff: noqa: S608 - every path and text in SQL goes through quote_literal

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from stable_jobs.errors import StepError
from stable_jobs.ledger.night import REFUNDS, REGIONS, UNITS, night_tables
from stable_jobs.night.desk import Desk, scratch
from stable_jobs.payout.batch import line_fault_sql
from stable_jobs.policy.determine import Decision
from stable_jobs.policy.parameters import regions_taking_part, resolve
from stable_jobs.store.catalog import contents
from stable_jobs.store.engine import quote_literal
from stable_jobs.store.lake import Lake
from stable_jobs.store.loading import load_from_engine
from stable_jobs.workdays import clears_on

ACCOUNT = ("account_name", "account_no", "bank_code", "bank_name")
REVOKING = ("in_scope", "paid_months", "layoff_rate", "size_known")
"""Tests about what has passed: a unit that fails one now was never eligible. The others look at today, and a
firm that closed after it was paid owes nothing back."""


MONEY_RESTS_ON = ("eligibility", "payees", "terms", "refunds", "held")


def fill_night(desk: Desk, connection: Connection, decision: Decision) -> None:
    """`night_units`, `night_regions`, `night_refunds` of this transaction, from the decision's snapshots.

    They are read from copies of this process's own, whose bytes were compared with what was registered:
    LakeChanged, and nothing is filled, if somebody changed one.
    """
    night_tables(connection)
    with scratch(desk) as work:
        own = replace(desk, lake=_own_copies(desk, connection, decision, work / "copies"))
        queries = {
            "night_units": units_query(own, decision),
            "night_regions": regions_query(own, decision),
            "night_refunds": f"SELECT {', '.join(REFUNDS)} FROM {_file(own, decision.refunds)}",
        }
        for name, query in queries.items():
            load_from_engine(connection, name, desk.duck, query, work)


def _own_copies(desk: Desk, connection: Connection, decision: Decision, folder: Path) -> Lake:
    """A lake in that folder with what money rests on. StepError for a file of unknown content."""
    names = [getattr(decision, kind).name for kind in MONEY_RESTS_ON]
    known = contents(connection, names)
    own = Lake(str(folder))
    for name in names:
        if name not in known:
            raise StepError(
                f"{name} in the lake was made before the content of files was registered: no money"
                " moves on it;"
                f" next: run `stable-jobs night --date {desk.business_date}` once more"
            )
        desk.lake.fetch(name, Path(own.path(name)), known[name])
    return own


def units_query(desk: Desk, decision: Decision) -> str:
    """One row per unit: the taken row if there is one, else the one that says most; with the account.

    An account or name that no bank can take counts as none: one unit's text must not stop a batch.
    """
    account = {name: f"CASE WHEN fault IS NULL THEN {name} END AS {name}" for name in ACCOUNT}
    columns = ", ".join(account.get(name, name) for name in UNITS)
    revoked = " OR ".join(f"list_contains(string_split(e.reasons, ';'), '{name}')" for name in REVOKING)
    return f"""
        SELECT {columns} FROM (
            SELECT *, CASE WHEN account_no IS NOT NULL THEN {line_fault_sql()} END AS fault FROM (
                SELECT e.* EXCLUDE (decision, account_source), p.* EXCLUDE (region_code, uscc),
                       CASE WHEN e.is_taken THEN 'eligible' WHEN e.decision = 'ineligible' THEN 'ineligible'
                            ELSE 'undecided' END AS decision,
                       e.already_paid IS NOT NULL AS is_paid_known,
                       e.decision = 'ineligible' AND ({revoked}) AS is_revoked, t.approvals AS review_level,
                       1 AS line_no, 'X' AS end_to_end_id, 1 AS amount,
                       row_number() OVER (PARTITION BY e.region_code, e.uscc
                           ORDER BY e.is_taken DESC, e.decision <> 'ineligible' DESC,
                                    e.scheme = 'general' DESC
                       ) AS place
                FROM {_file(desk, decision.eligibility)} AS e
                LEFT JOIN {_file(desk, decision.payees)} AS p
                    ON p.region_code = e.region_code AND p.uscc = e.uscc
                LEFT JOIN {_file(desk, decision.terms)} AS t
                    ON t.region_code = e.region_code AND t.scheme = e.scheme
                    AND t.size_class = coalesce(e.size_class, 'unknown')
            ) WHERE place = 1
        )
    """


def regions_query(desk: Desk, decision: Decision) -> str:
    """Every region of the night: decided ones with their terms, held ones as held."""
    columns = ", ".join(REGIONS)
    days = desk.duck.execute(
        f"SELECT DISTINCT notice_working_days FROM {_file(desk, decision.terms)} ORDER BY 1"
    ).fetchall()
    return f"""
        SELECT {columns} FROM (
            SELECT region_code, {decision.id} AS decision_id, false AS is_held,
                   min(notice_working_days) AS working_days,
                   {_clears(desk, [d for (d,) in days])} AS clears_on,
                   max(pooling_region) FILTER (scheme = 'general') AS pooling_region,
                   max(refund_budget) FILTER (scheme = 'general') AS refund_budget
            FROM {_file(desk, decision.terms)} GROUP BY region_code
            UNION ALL
            SELECT DISTINCT region_code, {decision.id}, true, NULL::BIGINT, NULL::DATE, NULL,
                   NULL::DECIMAL(18, 2)
            FROM {_file(desk, decision.held)}
        )
    """


def deadlines(desk: Desk) -> list[tuple[str, date]]:
    """(region, last day) of every region that takes part in the business date's policy year."""
    policies, on = desk.policies, desk.business_date
    found = (
        (r, resolve(policies, r, "general", "deadline", on).value) for r in regions_taking_part(policies, on)
    )
    return [(region, day) for region, day in found if isinstance(day, date)]


def _clears(desk: Desk, days: list[int]) -> str:
    cases = " ".join(
        f"WHEN {count} THEN DATE {quote_literal(clears_on(desk.business_date, count).isoformat())}"
        for count in days
    )
    return f"CASE min(notice_working_days) {cases} END" if cases else "NULL::DATE"


def _file(desk: Desk, snapshot: Any) -> str:
    return f"read_parquet({quote_literal(desk.lake.path(snapshot.name))})"
