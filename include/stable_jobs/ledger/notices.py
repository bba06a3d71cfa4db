"""A night beside the ledger, and the public notice that follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from sqlalchemy import Connection, text

from stable_jobs.errors import LedgerRefused
from stable_jobs.ledger.event import Event, Statements
from stable_jobs.messages.ledger import LEDGER_CODE
from stable_jobs.messages.ledger_refusals import coded, refusal
from stable_jobs.store.loading import temporary_table

# --- The night's tables ---
# A night's decision beside the ledger: temporary tables with which every step of the ledger joins.

NIGHT_SQL = Statements("night")

UNITS: Mapping[str, str] = {
    "region_code": "text",
    "uscc": "text",
    "unit_name": "text",
    "legal_form": "text",
    "policy_year": "integer",
    "decision": "text",
    "scheme": "text",
    "entitlement": "numeric(18, 2)",
    "is_paid_known": "boolean",
    "reasons": "text",
    "is_revoked": "boolean",
    "headcount": "bigint",
    "claimants": "bigint",
    "layoff_rate": "numeric(18, 6)",
    "premium_base": "numeric(18, 2)",
    "size_class": "text",
    "review_level": "integer",
    "priority": "bigint",
    "account_name": "text",
    "account_no": "text",
    "bank_code": "text",
    "bank_name": "text",
    "account_source": "text",
    "name_fault": "text",
    "account_fault": "text",
    "unit_no": "text",
    "payable": "numeric(18, 2)",
    "already_paid": "numeric(18, 2)",
}
"""One row per unit of a decided region. decision, scheme, entitlement: of the taken row if there is one.

is_paid_known: what finance reports as paid is not in doubt. is_revoked: ineligible by a test about the past,
which never held. name_fault, account_fault: why no bank can take the unit's name or its account, and who must
mend it; such an account is empty. payable, already_paid: yuan, as the decision says; empty where it does not
say. Accounts are here only while the transaction lasts.
"""

REGIONS: Mapping[str, str] = {
    "region_code": "text",
    "decision_id": "bigint",
    "is_suspended": "boolean",
    "is_silent": "boolean",
    "working_days": "integer",
    "notice_ends_on": "date",
    "pooling_region": "text",
    "refund_budget": "numeric(18, 2)",
    "stopping_doubts": "text",
    "shared_account_units": "bigint",
}
"""Every region of the night. Of a suspended one only `is_suspended` and `is_silent` are known.
stopping_doubts: kinds, by `;`.

is_silent: it is suspended and sent nothing for the date. Such a night is written down and never the region's
newest.
"""

REFUNDS: Mapping[str, str] = {
    "region_code": "text",
    "uscc": "text",
    "policy_year": "integer",
    "scheme": "text",
    "amount": "numeric(18, 2)",
    "paid_date": "date",
    "voucher_no": "text",
    "payment_reference": "text",
}
"""The refunds that finance reports as paid for the policy year, accepted rows."""

CODES: Mapping[str, str] = {"region_code": "text", "old_code": "text", "new_code": "text"}
"""Each unit's code with the old number that labor names beside it."""

TABLES = {
    "night_units": UNITS,
    "night_regions": REGIONS,
    "night_refunds": REFUNDS,
    "night_codes": CODES,
}


def night_tables(connection: Connection) -> None:
    """Make the empty tables; the night fills them (`store.loading`)."""
    for name, columns in TABLES.items():
        temporary_table(connection, name, columns)


def older_regions(connection: Connection) -> list[str]:
    """Regions for which the ledger knows a newer night than the event's."""
    found = connection.execute(text(NIGHT_SQL["older_regions"]))
    return list(found.scalars())


def leave_out_known(connection: Connection) -> None:
    """Take out of the tables the regions that are older than the ledger, or known with this very decision.

    A night that was withdrawn is not known: running it again takes it over again.
    """
    connection.execute(text(NIGHT_SQL["known"]))


def put_in_force(event: Event, decision_id: int) -> None:
    """Record the last decision of the event's date as the one in force; no change if it is already."""
    event.connection.execute(
        text(NIGHT_SQL["insert_decisions_in_force"]),
        {"decision": decision_id},
    )


def decision_in_force(connection: Connection, business_date: date) -> int | None:
    """The id of the date's decision in force; None where none was ever made as of now."""
    found: int | None = connection.scalar(text("SELECT decision_in_force(:on)"), {"on": business_date})
    return found


def decision_taken(connection: Connection, business_date: date) -> int | None:
    """The decision of the date that the ledger took over last; None if no night of the date counts."""
    query = "SELECT decision_id FROM standing_nights WHERE business_date = :on ORDER BY id DESC LIMIT 1"
    found: int | None = connection.scalar(text(query), {"on": business_date})
    return found


def decision_that_counts(connection: Connection, business_date: date) -> int | None:
    """The decision of the date by which money moves; None if no night of the date counts.

    LedgerRefused if the date was decided again since: the ledger's decision is not in force.
    """
    taken, current = decision_taken(connection, business_date), decision_in_force(connection, business_date)
    if taken is not None and current not in (None, taken):
        raise LedgerRefused(refusal("decided_again", on=business_date, expected=current, found=taken))
    return taken


# --- Notices and objections ---
# Public notice: closed when its days are over, and objections that hold one unit only.

NOTICES_SQL = Statements("notices")


def close_due_notices(event: Event) -> int:
    """Close the notices that are due on the event's date and clear their units; how many units were cleared.

    Only in regions whose newest night is this one, as the date's decision in force has it, and is not held:
    payments without the night's support fell out when it was applied. LedgerRefused where the ledger has not
    taken that decision over.
    """
    decision_that_counts(event.connection, event.connection.scalar(text("SELECT ledger_date()")))
    return NOTICES_SQL.run(event.connection, "closed", "cleared")


def add_objection(event: Event, region_code: str, uscc: str, reason: str, person: str) -> int:
    """Stop a unit that is on notice; the objection's id. LedgerRefused if the unit is not on notice."""
    found = event.connection.execute(
        text(NOTICES_SQL["add_objection"]),
        {"region": region_code, "uscc": uscc},
    ).scalar_one_or_none()
    if found is None:
        raise LedgerRefused(refusal("not_on_notice", region=region_code, uscc=uscc))
    number = event.connection.scalar(
        text(NOTICES_SQL["insert_objections"]),
        {"payment": found, "reason": reason, "person": person},
    )
    event.connection.execute(
        text(NOTICES_SQL["update_payments"]),
        {"payment": found},
    )
    event.detail.update({"objection": number, "payment": found})
    return int(number or 0)


def decide_objection(event: Event, objection_id: int, outcome: str, reason: str, person: str) -> None:
    """`upheld`: the payment is withdrawn. `dismissed`: it goes on, once no other objection is open.

    LedgerRefused for an unknown objection, one that was decided, or a payment that fell out meanwhile.
    """
    known = event.connection.execute(
        text(NOTICES_SQL["decide_objection"]),
        {"id": objection_id},
    ).one_or_none()
    if known is None:
        raise LedgerRefused(refusal("objection_unknown", number=objection_id))
    if known.outcome is not None:
        raise LedgerRefused(
            refusal("objection_decided", number=objection_id, outcome=coded(LEDGER_CODE, known.outcome))
        )
    event.connection.execute(
        text(NOTICES_SQL["insert_objection_decisions"]),
        {"id": objection_id, "outcome": outcome, "reason": reason, "person": person},
    )
    event.detail.update({"objection": objection_id, "outcome": outcome})
    if known.state == "objected":
        event.connection.execute(
            text(NOTICES_SQL["upheld"] if outcome == "upheld" else NOTICES_SQL["dismissed"]),
            {"payment": known.payment_id},
        )
        event.connection.execute(text(NOTICES_SQL["recognised"]), {"payment": known.payment_id})
