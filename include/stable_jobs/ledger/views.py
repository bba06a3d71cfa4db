"""The views of the ledger for people: lists, one unit's history, sums, money that waits. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, text

from stable_jobs.ledger.event import Statements

# --- Lists ---
# Each function gives a `Listing` whose headers are the query's own column names. Numbers that count nothing
# (ids, years, levels) are text. Of an account the last four characters are
# shown, and those only of eight or more.

VIEWS_SQL = Statements("views")


@dataclass(frozen=True)
class Listing:
    """A table to print."""

    headers: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


@dataclass(frozen=True)
class Which:
    """Which rows: of a region and all below it, or of one unit of exactly that region.

    is_all: also those that no longer wait.
    """

    region: str | None = None
    uscc: str | None = None
    is_all: bool = False


EVERY = Which()


def _ask(connection: Connection, query: str, **values: object) -> Listing:
    found = connection.execute(text(query), values)
    return Listing(tuple(found.keys()), tuple(tuple(row) for row in found))


def within(column: str) -> str:
    """SQL: the region asked for or one below it; all where none is asked for."""
    return f"(CAST(:region AS text) IS NULL OR is_within({column}, :region))"


def at(event: str = "a") -> str:
    """SQL: the minute, in Asia/Shanghai, at which an audit event was written."""
    return f"replace(left({event}.body::jsonb ->> 'at', 16), 'T', ' ')"


def actor() -> str:
    """SQL: the person of the event, with a mark if nobody checked the login."""
    return "as_known(a.body::jsonb ->> 'actor', a.id)"


OF_UNIT = f"""
    {within("e.region_code")}
    AND (CAST(:uscc AS text) IS NULL
         OR e.region_code = CAST(:region AS text)
            AND e.uscc IN (SELECT unit_codes(CAST(:region AS text), CAST(:uscc AS text))))
"""
"""A unit is found by each of its codes."""
THE_UNIT = "e.region_code = :region AND e.uscc IN (SELECT unit_codes(:region, :uscc))"


def objections(connection: Connection, which: Which = EVERY) -> Listing:
    """Objections that wait for a decision, oldest first; with the decided ones where all are asked for."""
    return _ask(connection, VIEWS_SQL["objections"], **vars(which))


def recoveries(connection: Connection, which: Which = EVERY) -> Listing:
    """Open recovery cases; closed ones too if all are asked for."""
    return _ask(connection, VIEWS_SQL["recoveries"], **vars(which))


def refunds(connection: Connection, which: Which = EVERY) -> Listing:
    """Refunds reported by finance that may be ours and wait for a ruling; all that concern ours if asked."""
    return _ask(connection, VIEWS_SQL["refunds"], **vars(which))


def holds(connection: Connection, which: Which = EVERY) -> Listing:
    """Holds that stand; with the released ones where all are asked for."""
    return _ask(connection, VIEWS_SQL["holds"], region=which.region, is_all=which.is_all)


def assigned(connection: Connection, which: Which = EVERY) -> Listing:
    """The assigned approvers and their regions; of a region: those assigned there, above and below."""
    return _ask(connection, VIEWS_SQL["assigned"], region=which.region)


def is_assigned(connection: Connection, person: str, region_code: str, level: int) -> bool:
    """Whether that person is assigned as approver of that level for exactly that region."""
    query = VIEWS_SQL["is_assigned"]
    values = {"person": person, "region": region_code, "level": level}
    return bool(connection.scalar(text(query), values))


def budgets(connection: Connection) -> Listing:
    """Every budget entered by people, the newest of each pooling region and year last and in force.

    committed: yuan in batches, instructed and not withdrawn, each payment once.
    """
    return _ask(connection, VIEWS_SQL["budgets"])


def batch_list(connection: Connection, on: date | None = None, *, is_open: bool = False) -> Listing:
    """Batches by number; those formed on a date, those that are neither published, voided nor refused."""
    return _ask(connection, VIEWS_SQL["batches"], on=on, is_open=is_open)


def batch_history(connection: Connection, batch_id: int) -> Listing:
    """The history of a batch: each change of its state, with its night, time, person and reason."""
    return _ask(connection, VIEWS_SQL["batch_history"], id=batch_id)


def batch_answers(connection: Connection, batch_id: int) -> Listing:
    """The answers to a batch: person, place, login checked or not, and the system's user."""
    return _ask(connection, VIEWS_SQL["batch_answers"], id=batch_id)


def batch_preparers(connection: Connection, batch_id: int) -> Listing:
    """The preparers of a batch's lines, with the act of each: they may not approve it."""
    return _ask(connection, VIEWS_SQL["batch_preparers"], id=batch_id)


def unit_sums(connection: Connection, region_code: str, uscc: str) -> Listing:
    """One unit's entitlements, year by year; no row where the ledger does not know it."""
    return _ask(connection, VIEWS_SQL["unit_sums"], region=region_code, uscc=uscc)


def unit_changes(connection: Connection, region_code: str, uscc: str) -> Listing:
    """Every change of state of a unit's payments: which night, when, by whom and why."""
    return _ask(connection, VIEWS_SQL["unit_changes"], region=region_code, uscc=uscc)


def unit_lines(connection: Connection, region_code: str, uscc: str) -> Listing:
    """The lines of a unit's payments in batches, with the masked account and the bank's answer."""
    return _ask(connection, VIEWS_SQL["unit_lines"], region=region_code, uscc=uscc)


def sums(connection: Connection, region_code: str | None = None) -> Listing:
    """Per region and policy year, and over all regions asked for (`all`), yuan.

    entitled = outside + paid + open + waived - recovering.
    """
    return _ask(connection, VIEWS_SQL["sums"], region=region_code)


def newest_date(connection: Connection) -> date | None:
    """The newest business date of which the ledger took over a night."""
    found: date | None = connection.scalar(text("SELECT max(business_date) FROM standing_nights"))
    return found


def proposals(connection: Connection, which: Which = EVERY) -> Listing:
    """The proposals that wait for a second person, oldest first; answered ones too if all are asked for."""
    return _ask(connection, VIEWS_SQL["proposals"], region=which.region, is_all=which.is_all)


def registered_codes(connection: Connection, which: Which = EVERY) -> Listing:
    """Codes that two people registered for a region though their check character is wrong."""
    return _ask(connection, VIEWS_SQL["registered"], region=which.region)


def doubts(connection: Connection, which: Which = EVERY) -> Listing:
    """Doubts that wait for a ruling, oldest first; with those that have ended where all are asked for."""
    return _ask(connection, VIEWS_SQL["doubts"], **vars(which))


def disagreements(connection: Connection, which: Which = EVERY) -> Listing:
    """Units of which the newest night's decision says another amount than the ledger."""
    return _ask(connection, VIEWS_SQL["disagreements"], region=which.region, uscc=which.uscc)


def changed_codes(connection: Connection, region_code: str, uscc: str) -> Listing:
    """How a unit's codes took each other's place, oldest first; no row for a unit that always had one."""
    return _ask(connection, VIEWS_SQL["changed_codes"], region=region_code, uscc=uscc)


# --- Money by state ---
# How far the money is, region by region: every payment of a policy year by its state.

FIGURES_SQL = Statements("figures")

STATES = (
    "on_notice",
    "objected",
    "cleared",
    "batched",
    "instructed",
    "paid",
    "returned",
    "corrected",
    "withdrawn",
    "waived",
)
"""In the order of the life cycle."""


@dataclass(frozen=True)
class Share:
    """Payments of one region and state: how many and how much (yuan)."""

    region_code: str
    state: str
    count: int
    total: Decimal


def payments_by_state(connection: Connection, policy_year: int) -> list[Share]:
    """Every region and state that has payments, by region."""
    query = FIGURES_SQL["payments_by_state"]
    return [Share(*row) for row in connection.execute(text(query), {"year": policy_year})]


# --- Money that waits ---
# The reasons why a region's money does not go out on a date: one row per region and cause, with yuan.

WAITS_SQL = Statements("waits")


@dataclass(frozen=True)
class Waits:
    """Payments of one region that wait. cause: a word; night: the region's newest night that counts."""

    region_code: str
    night: date | None
    cause: str
    payments: int
    yuan: Decimal
    detail: str


def newest_of(connection: Connection, on: date) -> int:
    """The number of regions, held ones too, whose newest night that counts is the night of that date."""
    query = "SELECT count(*) FROM newest_nights WHERE business_date = :on"
    return int(connection.scalar(text(query), {"on": on}) or 0)


def waits(connection: Connection, on: date) -> list[Waits]:
    """By region and cause, of every region that any night was ever about."""
    return [Waits(*row) for row in connection.execute(text(WAITS_SQL["waits"]), {"on": on})]


def left_out(connection: Connection) -> list[Waits]:
    """The ready payments that are in no batch, within the transaction that formed them (reads its tables)."""
    return [Waits(*row) for row in connection.execute(text(WAITS_SQL["left_out"]))]
