"""The step `notices`: the decided night beside the ledger, what was paid before it, and the new notices."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, text

from stable_jobs.bank.batch import account_fault_sql, name_fault_sql
from stable_jobs.digests import sha256_of
from stable_jobs.errors import StepError
from stable_jobs.ledger.batches import PublishedFile, record_files
from stable_jobs.ledger.entitlements import apply_night, last_taken, take_over_again
from stable_jobs.ledger.event import ledger_event, record_evidence
from stable_jobs.ledger.notices import REFUNDS, REGIONS, TABLES, UNITS, night_tables
from stable_jobs.ledger.policies import suspend_stopped
from stable_jobs.ledger.rulings import paid_by_us_query
from stable_jobs.lists.sheets import ANNOUNCED, ANNOUNCED_ROWS, public_notice
from stable_jobs.night.context import NightContext, scratch
from stable_jobs.night.figures import after_lists
from stable_jobs.night.policies import note_policies, require_same_files
from stable_jobs.policy.determine import Decision, decision_by_id
from stable_jobs.policy.parameters import participating_regions, resolve
from stable_jobs.publishing.files import SumDiffers
from stable_jobs.publishing.folders import region_folder
from stable_jobs.publishing.publish import Published, publish_tables
from stable_jobs.publishing.table import Heading, Rows, ledger_rows
from stable_jobs.regions import NATION
from stable_jobs.store.catalog import (
    check_contents,
    contents,
    deliveries_for,
    find_snapshot,
    inputs_of,
    register_snapshot,
)
from stable_jobs.store.engine import quote_identifier, quote_literal
from stable_jobs.store.lake import Lake
from stable_jobs.store.loading import csv_source, load_from_engine, unload
from stable_jobs.workdays import notice_ends_on

if TYPE_CHECKING:
    import duckdb

# --- The night's tables ---
# A decided night beside the ledger: its snapshots become the temporary tables that the ledger joins with.

# ruff: noqa: S608 - every path and text in SQL goes through quote_literal


ACCOUNT = ("account_name", "account_no", "bank_code", "bank_name")
REVOKING = ("in_scope", "paid_months", "layoff_rate", "size_known")
"""Tests about what has passed: a unit that fails one now was never eligible. The others look at today, and a
firm that closed after it was paid owes nothing back."""
ABOVE_PREMIUM = """
    (e.is_taken AND e.scheme = 'general' AND NOT coalesce(e.entitlement <= e.premium_base, false))"""
ABOVE_PREMIUM_REASON = "entitlement_above_premium"


MONEY_RESTS_ON = ("eligibility", "unit_facts", "payees", "terms", "refunds", "held")


def fill_night(night: NightContext, connection: Connection, decision: Decision) -> None:
    """`night_units`, `_regions`, `_refunds`, `_codes` of this transaction, from the decision's snapshots.

    They are read from copies of this process's own, whose bytes were compared with what was registered:
    LakeChanged, and nothing is filled, if somebody changed one. StepError for the decision of another date,
    and for snapshots that are not of one decision.
    """
    with _own_copies(night, connection, decision) as own:
        _fill(own, connection, decision, tuple(TABLES))


def _fill(own: NightContext, connection: Connection, decision: Decision, names: Collection[str]) -> None:
    """The tables of those names, the others empty. own: the night over copies of the decision's files."""
    decision = after_lists(connection, decision)
    night_tables(connection)
    queries = {
        **rows_queries(own, decision),
        "night_regions": regions_query(own, decision, regions_that_sent(own, connection)),
    }
    with scratch(own) as work:
        for name in names:
            load_from_engine(connection, name, own.duck, queries[name], work)


def rows_queries(night: NightContext, decision: Decision) -> Mapping[str, str]:
    """The rows of the decision in the lake: what it says of units, whatever the date."""
    return {
        "night_units": units_query(night, decision),
        "night_refunds": f"SELECT {', '.join(REFUNDS)} FROM {_file(night, decision.refunds)}",
        "night_codes": codes_query(night, decision),
    }


def is_same_bag(con: duckdb.DuckDBPyConnection, one: str, other: str) -> bool:
    """Whether two queries of the same columns have the same rows, each as often, in whatever order."""
    columns = ", ".join(quote_identifier(name) for name, *_ in con.execute(f"DESCRIBE {one}").fetchall())
    asked = f"""
        SELECT NOT EXISTS (
            SELECT 1 FROM (SELECT 1 AS times, * FROM ({one}) UNION ALL SELECT -1, * FROM ({other}))
            GROUP BY {columns} HAVING sum(times) <> 0)
    """
    ((is_same,),) = con.execute(asked).fetchall()
    return bool(is_same)


def _check_whole(night: NightContext, decision: Decision) -> None:
    """All of one decision, of the business date."""
    expected = (night.business_date, decision.eligibility.fingerprint)
    for kind, snapshot in vars(decision).items():
        if (snapshot.kind, snapshot.business_date, snapshot.fingerprint) != (kind, *expected):
            raise StepError(
                f"decision {decision.id} is not laid beside the ledger: expected {kind} of {expected[0]} made"
                f" with it, found snapshot {snapshot.id} of {snapshot.business_date}; next: run the night"
            )


def regions_that_sent(night: NightContext, connection: Connection) -> frozenset[str]:
    """Regions with a delivery of the business date, refused ones too; all for a file of all."""
    sent = deliveries_for(connection, night.business_date)
    of_units = {name for name, contract in night.contracts.items() if contract.subject != "enterprise"}
    if any(one.region_code == NATION and one.extract in of_units for one in sent):
        return frozenset(night.names) | {one.region_code for one in sent}
    return frozenset(one.region_code for one in sent)


@contextmanager
def _own_copies(night: NightContext, connection: Connection, decision: Decision) -> Iterator[NightContext]:
    """The night over a lake of its own with what money rests on. StepError for a file of unknown content."""
    _check_whole(night, decision)
    found = after_lists(connection, decision)
    names = [getattr(found, kind).name for kind in MONEY_RESTS_ON]
    known = contents(connection, names)
    with scratch(night) as work:
        own = Lake(str(work / "copies"))
        for name in names:
            if name not in known:
                raise StepError(
                    f"{name} in the lake was made before the content of files was registered: no money"
                    " moves on it;"
                    f" next: run `stable-jobs night --date {night.business_date}` once more"
                )
            night.lake.fetch(name, Path(own.path(name)), known[name])
        yield replace(night, lake=own)


def units_query(night: NightContext, decision: Decision) -> str:
    """One row per unit: the taken row if there is one, else the most informative one; with the account.

    An account that no bank can take counts as none, with the reason: one unit's text must not stop a batch. A
    general entitlement above the premium it returns is none: such a unit is undecided, whatever the decision
    says.
    """
    account = {name: f"CASE WHEN account_fault IS NULL THEN {name} END AS {name}" for name in ACCOUNT}
    columns = ", ".join(account.get(name, name) for name in UNITS)
    revoked = " OR ".join(f"list_contains(string_split(e.reasons, ';'), '{name}')" for name in REVOKING)
    return f"""
        SELECT {columns} FROM (
            SELECT *, {name_fault_sql()} AS name_fault, {account_fault_sql()} AS account_fault FROM (
                SELECT e.* EXCLUDE (decision, account_source, reasons), p.* EXCLUDE (region_code, uscc),
                       CASE WHEN {ABOVE_PREMIUM} THEN '{ABOVE_PREMIUM_REASON}' ELSE e.reasons END AS reasons,
                       CASE WHEN {ABOVE_PREMIUM} THEN 'undecided'
                            WHEN e.is_taken THEN 'eligible' WHEN e.decision = 'ineligible' THEN 'ineligible'
                            ELSE 'undecided' END AS decision,
                       e.already_paid IS NOT NULL AS is_paid_known,
                       e.decision = 'ineligible' AND ({revoked}) AS is_revoked, t.approvals AS review_level,
                       row_number() OVER (PARTITION BY e.region_code, e.uscc
                           ORDER BY e.is_taken DESC, e.decision <> 'ineligible' DESC,
                                    e.scheme = 'general' DESC
                       ) AS place
                FROM {_file(night, decision.eligibility)} AS e
                LEFT JOIN {_file(night, decision.payees)} AS p
                    ON p.region_code = e.region_code AND p.uscc = e.uscc
                LEFT JOIN {_file(night, decision.terms)} AS t
                    ON t.region_code = e.region_code AND t.scheme = e.scheme
                    AND t.size_class = coalesce(e.size_class, 'unknown')
            ) WHERE place = 1
        )
    """


def codes_query(night: NightContext, decision: Decision) -> str:
    """Each unit's code with the number that labor names as its old one, of 15 digits or 18 characters.

    None that is another unit's own key: it says nothing of either.
    """
    return f"""
        SELECT DISTINCT u.region_code, u.registration_no AS old_code, u.uscc AS new_code
        FROM {_file(night, decision.unit_facts)} AS u
        ANTI JOIN {_file(night, decision.unit_facts)} AS own
            ON own.region_code = u.region_code AND own.uscc = u.registration_no
        WHERE regexp_full_match(u.registration_no, '[0-9]{{15}}|[0-9A-Z]{{18}}')
            AND u.registration_no <> u.uscc
    """


def regions_query(night: NightContext, decision: Decision, sent: Collection[str]) -> str:
    """Every region of the night: decided ones with their terms, held ones (by their lists, too) as held.

    sent: the regions with a delivery of the date; a held one that is not among them is silent.
    """
    columns = ", ".join(REGIONS)
    own = ", ".join(quote_literal(code) for code in sorted(sent)) or "''"
    days = night.duck.execute(
        f"SELECT DISTINCT notice_working_days FROM {_file(night, decision.terms)} ORDER BY 1"
    ).fetchall()
    return f"""
        SELECT {columns} FROM (
            SELECT region_code, {decision.id} AS decision_id, false AS is_suspended, false AS is_silent,
                   min(notice_working_days) AS working_days,
                   {_clears(night, [d for (d,) in days])} AS notice_ends_on,
                   max(pooling_region) FILTER (scheme = 'general') AS pooling_region,
                   max(refund_budget) FILTER (scheme = 'general') AS refund_budget
            FROM {_file(night, decision.terms)} AS t
            ANTI JOIN {_file(night, decision.held)} AS h USING (region_code)
            GROUP BY region_code
            UNION ALL
            SELECT DISTINCT region_code, {decision.id}, true, region_code NOT IN ({own}), NULL::BIGINT,
                   NULL::DATE, NULL, NULL::DECIMAL(18, 2)
            FROM {_file(night, decision.held)}
        ) LEFT JOIN ({_doubt_terms(night)}) USING (region_code)
    """


def _doubt_terms(night: NightContext) -> str:
    """SQL: which doubts stop a payment, of every region that says so."""

    def value(region: str, name: str) -> Any:
        return resolve(night.policies, region, "general", name, night.business_date).value

    rows = [
        (region, value(region, "stopping_doubts"), value(region, "shared_account_units"))
        for region in participating_regions(night.policies, night.business_date)
    ]
    said = ", ".join(
        f"({quote_literal(region)}, {'NULL' if kinds is None else quote_literal(';'.join(kinds))},"
        f" {'NULL' if units is None else int(units)})"
        for region, kinds, units in rows
        if kinds is not None or units is not None
    )
    columns = "region_code, stopping_doubts, shared_account_units"
    if not said:
        return "SELECT NULL::VARCHAR AS region_code, NULL AS stopping_doubts, NULL AS shared_account_units"
    return f"SELECT * FROM (VALUES {said}) AS said ({columns})"


def deadlines(night: NightContext) -> list[tuple[str, date]]:
    """(region, last day) of every region that takes part in the business date's policy year."""
    policies, on = night.policies, night.business_date
    found = (
        (r, resolve(policies, r, "general", "deadline", on).value)
        for r in participating_regions(policies, on)
    )
    return [(region, day) for region, day in found if isinstance(day, date)]


def _clears(night: NightContext, days: list[int]) -> str:
    cases = " ".join(
        f"WHEN {count} THEN DATE {quote_literal(notice_ends_on(night.business_date, count).isoformat())}"
        for count in days
    )
    return f"CASE min(notice_working_days) {cases} END" if cases else "NULL::DATE"


def _file(night: NightContext, snapshot: Any) -> str:
    return f"read_parquet({quote_literal(night.lake.path(snapshot.name))})"


# --- Paid by us ---
# The payments instructed before a business date, as a snapshot that the night's decision reads.

PAID_KIND = "paid_by_us"
PAID = {
    "region_code": "VARCHAR",
    "uscc": "VARCHAR",
    "policy_year": "BIGINT",
    "amount": "DECIMAL(18, 2)",
    "payment_reference": "VARCHAR",
    "voucher_no": "VARCHAR",
}


def paid_by_us(night: NightContext) -> tuple[str | None, str]:
    """The Parquet file (path) and its fingerprint; None and "" where the ledger instructed nothing before."""
    with scratch(night) as work:
        plain = work / f"{PAID_KIND}.csv"
        with night.database.connect() as connection:
            unload(connection, paid_by_us_query(night.business_date), plain)
        key = sha256_of(plain)
        with night.database.connect() as connection:
            found = find_snapshot(connection, PAID_KIND, key)
        if found is not None:
            with night.database.connect() as connection:
                check_contents(connection, night.lake, [found.name])
            return (night.lake.path(found.name), key) if found.rows else (None, "")
        return _keep(night, plain, key)


def _keep(night: NightContext, plain: Path, key: str) -> tuple[str | None, str]:
    name = night.lake.new_name(PAID_KIND)
    counted = night.duck.execute(
        f"COPY (FROM {csv_source(plain, PAID)}) TO {quote_literal(night.lake.path(name))} (FORMAT parquet)"
    ).fetchone()
    rows = int(counted[0]) if counted else 0
    content = night.lake.keep(name)
    with night.database.begin() as connection:
        kept = register_snapshot(
            connection,
            kind=PAID_KIND,
            business_date=night.business_date,
            fingerprint=key,
            name=name,
            rows=rows,
            inputs={"sha256": key},
            content=content,
        )
    return (night.lake.path(kept.name), key) if rows else (None, "")


# --- Notices ---


@dataclass(frozen=True)
class Notices:
    """The notices of a date. older: regions for which the ledger has a newer night, so nothing was done.

    stopped: regions whose values or total wait for people, and where the ledger stays as it was.

    units and payable (yuan): on the notices opened on that date, by however many runs.
    """

    opened: int
    units: int
    payable: Decimal
    older: tuple[str, ...]
    folders: tuple[Path, ...]
    stopped: tuple[str, ...] = ()


def _take_over(
    night: NightContext, connection: Connection, decision: Decision
) -> tuple[list[str], list[str]]:
    """The regions that are stopped, and those of which a newer night is known.

    A night that brings what the last one brought is not loaded again.
    """
    with _own_copies(night, connection, decision) as own:
        if _brings_nothing_new(night, own, connection, decision):
            _fill(own, connection, decision, ("night_regions",))
            stopped = suspend_stopped(connection, is_again=True)
            if take_over_again(connection):
                return stopped, []
        _fill(own, connection, decision, tuple(TABLES))
    return suspend_stopped(connection), apply_night(connection)


def _brings_nothing_new(
    night: NightContext, own: NightContext, connection: Connection, decision: Decision
) -> bool:
    """Whether the program makes the same rows of it as of the decision that the ledger took over last."""
    last = last_taken(connection)
    if last is None or last == decision.id:
        return False
    if inputs_of(connection, last).get("code") != inputs_of(connection, decision.id).get("code"):
        return False
    news = rows_queries(own, decision)
    try:
        before = decision_by_id(connection, last)
        its_night = replace(night, business_date=before.eligibility.business_date)
        with _own_copies(its_night, connection, before) as old:
            olds = rows_queries(old, before)
            return all(is_same_bag(night.duck, olds[name], news[name]) for name in olds)
    except (KeyError, StepError):  # the lake keeps files of past nights no longer
        return False


def open_notices(night: NightContext, decision: Decision) -> Notices:
    """Take over the decision, publish the list of every notice opened on the date; again: no change.

    StepError, once all others are published, if the file of a notice says another total than the ledger.
    """
    note_policies(night)
    with ledger_event(night.database, "night", business_date=night.business_date) as event:
        require_same_files(night, event.connection, decision)
        stopped, older = _take_over(night, event.connection, decision)
        record_evidence(event, decision.id)
        event.detail.update(decision=decision.eligibility.fingerprint, older=older, stopped=stopped)
    with scratch(night) as work, night.database.connect() as connection:
        query = ANNOUNCED.format(on=night.business_date.isoformat())
        rows = ledger_rows(night.duck, connection, query, ANNOUNCED_ROWS, work)
        known = connection.execute(text(NOTICES), {"on": night.business_date}).all()
        made, differing = list[Published](), list[str]()
        for notice in known:
            try:
                made.append(_publish_notice(night, rows, *notice))
            except SumDiffers as error:
                differing.append(str(error))
    record_published(night, made, "notices")
    if differing:
        raise StepError("; ".join(differing))
    folders = tuple(one.folder for one in made)
    return Notices(len(known), rows.count, rows.total, tuple(older), folders, tuple(stopped))


NOTICES = """
    SELECT id, region_code, ordinal, notice_ends_on FROM notices WHERE opened_on = :on
    ORDER BY region_code, ordinal
"""


def _publish_notice(
    night: NightContext, rows: Rows, notice_id: int, region_code: str, ordinal: int, notice_ends_on: date
) -> Published:
    about = f"公示第 {ordinal} 号 notice {ordinal} · 期满日 over before {notice_ends_on}"
    heading = heading_of(night, region_code, about)
    own = rows.where(night.duck, f"notice_id = {notice_id}")
    said = {"notice": ordinal, "clears_on": str(notice_ends_on), "count": own.count, "total": str(own.total)}
    return publish_tables(
        night.duck,
        region_folder(tonight(night), region_code) / f"notice-{ordinal}",
        [public_notice(own, heading)],
        {**heading.manifest, **said},
        night.settings.workbook_rows,
    )


def tonight(night: NightContext) -> Path:
    """Where the business date's lists are published."""
    return night.settings.out_root / night.business_date.isoformat()


def heading_of(night: NightContext, region_code: str, *about: str) -> Heading:
    """The place that a list of that region names tonight."""
    names = night.names.get(region_code)
    both = (names.zh, names.en) if names else ("", "")
    return Heading(region_code, night.business_date, both, region_code in night.demo_regions, about)


def record_published(night: NightContext, published: Iterable[Published], subject: str) -> None:
    """Tell the ledger the hashes of all these folders' files, so that `ledger verify` can look for them."""
    root = night.settings.out_root
    paths = [path for one in published for path in (*one.files.values(), one.manifest)]
    files = [
        PublishedFile(
            path.parent.relative_to(root).as_posix(), path.name, sha256_of(path), path.stat().st_size
        )
        for path in sorted(paths)
    ]
    with ledger_event(
        night.database, "published", business_date=night.business_date, subject=subject
    ) as event:
        record_files(event, files)
