"""Decisions of one person: payment stops, budgets, acknowledgements, rulings on doubts and on refunds."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import Connection, text

from stable_jobs.errors import LedgerRefused
from stable_jobs.ledger.event import Event, Statements
from stable_jobs.messages.ledger_refusals import TEXT_OF, refusal
from stable_jobs.regions import NATION
from stable_jobs.settings import SHANGHAI

# --- Payment stops, budgets, waived payments ---

PERSONS_SQL = Statements("persons")


def hold_region(event: Event, region_code: str, reason: str, person: str) -> int:
    """Stop the payments of a region and all below it at once; the hold's number."""
    number = event.connection.scalar(
        text(
            "INSERT INTO payment_stops (region_code, reason, stopped_by)"
            " VALUES (:region, :reason, :by) RETURNING id"
        ),
        {"region": region_code, "reason": reason, "by": person},
    )
    event.detail.update({"hold": number, "region": region_code})
    return int(number or 0)


def release_region(event: Event, region_code: str, reason: str, person: str) -> int:
    """Release every hold of exactly this region; how many. The database refuses the person who held it."""
    released = event.connection.execute(
        text(PERSONS_SQL["insert_payment_stop_ends"]),
        {"region": region_code, "reason": reason, "by": person},
    ).rowcount
    if not released:
        raise LedgerRefused(refusal("region_not_held", region=region_code))
    event.detail.update({"region": region_code, "released": released})
    return released


def enter_budget(
    event: Event, pooling_region: str, policy_year: int, amount: Decimal, reason: str, person: str
) -> None:
    """A refund budget (yuan) that stands instead of finance's for the pooling region and year."""
    event.connection.execute(
        text(PERSONS_SQL["insert_budget_entries"]),
        {"region": pooling_region, "year": policy_year, "amount": amount, "reason": reason, "by": person},
    )
    event.detail.update({"pooling_region": pooling_region, "policy_year": policy_year, "amount": str(amount)})


def waive_overdue(event: Event) -> int:
    """After a region's deadline, waive payments returned and not corrected, or objected and not decided.

    Reads `night_deadlines` (region_code, deadline). How many payments.
    """
    return event.connection.execute(text(PERSONS_SQL["update_payments"])).rowcount


# --- Acknowledgements ---
# Acknowledgements: a person puts name and reason to what a rule found in a night. Rows; edits add.

ACKNOWLEDGEMENTS_SQL = Statements("acknowledgements")


@dataclass(frozen=True)
class Acknowledgement:
    """A person's remark on a rule's failures in one region (`000000`: all), and its time (Asia/Shanghai)."""

    extract: str
    rule_id: str
    region_code: str
    person: str
    reason: str
    at: datetime


def acknowledge(
    event: Event,
    *,
    business_date: date,
    extract: str,
    rule_id: str,
    person: str,
    reason: str,
    region_code: str = NATION,
) -> int:
    """Add an acknowledgement; its number. Earlier ones stay. LedgerRefused without a reason.

    The event is opened without a business date: nothing changes its state in the name of the night.
    """
    if not reason.strip():
        raise LedgerRefused(refusal("reason_missing", what=TEXT_OF["acknowledgement"]))
    found = {
        "business_date": business_date.isoformat(),
        "extract": extract,
        "rule": rule_id,
        "region": region_code,
    }
    number = event.connection.scalar(
        text(ACKNOWLEDGEMENTS_SQL["insert_acknowledgements"]),
        {**found, "person": person, "reason": reason},
    )
    event.detail.update({"acknowledgement": number, **found})
    return int(number or 0)


def acknowledgements(
    connection: Connection, business_date: date, extracts: Collection[str]
) -> list[Acknowledgement]:
    """The acknowledgements of these extracts' rules in that night, the first one first."""
    rows = connection.execute(
        text(ACKNOWLEDGEMENTS_SQL["said"]), {"on": business_date, "extracts": list(extracts)}
    ).mappings()
    return [_acknowledgement(dict(row)) for row in rows]


def _acknowledgement(row: dict[str, str]) -> Acknowledgement:
    return Acknowledgement(**{**row, "at": datetime.fromisoformat(row["at"]).astimezone(SHANGHAI)})  # type: ignore[arg-type]  # all other columns are text


# --- Doubts ---
# Doubts: two units or accounts that may be one; counted, shown, and of some kinds stopped until a ruling.
#
# They are sought over all entitlements of the policy year, of every region, review level and batch. A doubt
# is between an entitlement and an earlier one. It ends when a person rules on it, or by itself when a night
# no longer shows it.

DOUBTS_SQL = Statements("doubts")

DOUBT_KINDS = (
    "new_code",
    "two_regions",
    "shared_account",
    "account_other_name",
    "unit_number_reused",
    "one_unit_twice",
)
"""new_code: another code with the same unit number and the same name or account. two_regions: one code
insured in two regions with the same premiums, or with one that is not known because its region is held and no
payment of the unit was ever opened there. shared_account: several units, one account. account_other_name:
one account under two names. unit_number_reused: another code, name and account under a unit number.
one_unit_twice: two entitlements whose codes a delivery joined; this kind always stops both."""
STOPPING = ("new_code", "two_regions", "shared_account")
"""The kinds that stop a payment where a region's parameter says nothing."""
SHARED_ACCOUNT_UNITS = 2
"""From how many units on a shared account stops, where a region's parameter says nothing."""


def note_doubt_terms(connection: Connection) -> int:
    """Keep which doubts stop payments in each region of `night_regions`; in how many that changed."""
    return DOUBTS_SQL.run(connection, "terms")


def note_doubts(connection: Connection) -> None:
    """Find the doubts of the night, after its payments are opened; end those that it no longer shows."""
    note_doubt_terms(connection)
    DOUBTS_SQL.run(connection, "numbers", "marks", "accounts", "sharing", "found", "finders", "gone", "noted")


def rule_on_doubt(event: Event, doubt_id: int, outcome: str, reason: str, person: str) -> None:
    """A person rules that a doubt is `cleared` (two units, payments go on) or that both are the `same` unit.

    The same unit: the later entitlement gets nothing more; within one region its code is connected with
    the earlier one's, and its payments count for that one from the next night on.
    """
    if outcome not in ("cleared", "same"):
        raise LedgerRefused(refusal("doubt_outcome", outcome=outcome))
    connection = event.connection
    values = {"id": doubt_id, "outcome": outcome, "reason": reason, "person": person}
    if not connection.scalar(text("SELECT EXISTS (SELECT FROM open_doubts WHERE id = :id)"), values):
        raise LedgerRefused(refusal("doubt_not_open", number=doubt_id))
    connection.execute(
        text(DOUBTS_SQL["insert_doubt_rulings"]),
        values,
    )
    if outcome == "same":
        connection.execute(text(DOUBTS_SQL["joined"]), values)
    event.detail.update({"doubt": doubt_id, "outcome": outcome})


# --- Refunds ---
# The refunds that finance reports beside our payments: each payment is counted once.
#
# A row with one of our references is ours. One without that equals a payment of ours in unit, year, scheme
# and amount may be the same money or a second payment: a person rules, and until then nothing more is paid.

REFUNDS_SQL = Statements("refunds")


def note_refunds(connection: Connection) -> None:
    """Record the rows of `night_refunds` about our payments; the rest, by unit, into `unit_outside`."""
    REFUNDS_SQL.run(connection, "matched", "noted", "outside")


def rule_on_refund(event: Event, refund_id: int, ruling: str, reason: str, person: str) -> None:
    """A person says whether a doubtful row is the `same` money as ours or was paid `outside`."""
    known = event.connection.scalar(
        text("SELECT standing FROM reported_refunds WHERE id = :id"), {"id": refund_id}
    )
    if known != "doubtful":
        raise LedgerRefused(refusal("refund_not_in_doubt", number=refund_id))
    event.connection.execute(
        text(REFUNDS_SQL["insert_refund_rulings"]),
        {"id": refund_id, "ruling": ruling, "reason": reason, "person": person},
    )
    event.detail.update({"refund": refund_id, "ruling": ruling})


def paid_by_us_query(on: date) -> str:
    """The query of what a night on that date counts as paid by us, for COPY: see `sql/refunds.sql`."""
    return REFUNDS_SQL.written_out("paid_by_us", on=on)
