"""What a night decided, laid beside the ledger: temporary tables that every step of the ledger joins with."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, text

from stable_jobs.store.loading import temporary_table

UNITS: Mapping[str, str] = {
    "region_code": "text",
    "uscc": "text",
    "unit_name": "text",
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
    "unit_no": "text",
    "payable": "numeric(18, 2)",
    "already_paid": "numeric(18, 2)",
}
"""One row per unit of a decided region. decision, scheme, entitlement: of the taken row if there is one.

is_paid_known: what finance reports as paid is not in doubt. is_revoked: ineligible by a test about the past,
which never held. payable, already_paid: yuan, as the decision says; empty where it does not say.
Accounts are here only while the transaction lasts.
"""

REGIONS: Mapping[str, str] = {
    "region_code": "text",
    "decision_id": "bigint",
    "is_held": "boolean",
    "working_days": "integer",
    "clears_on": "date",
    "pooling_region": "text",
    "refund_budget": "numeric(18, 2)",
    "stopping_doubts": "text",
    "shared_account_units": "bigint",
}
"""Every region of the night. Of a held one only `is_held` is known. stopping_doubts: kinds, by `;`."""

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
"""What finance reports as paid for the policy year, accepted rows."""

CODES: Mapping[str, str] = {"region_code": "text", "old_code": "text", "new_code": "text"}
"""Each unit's code with the old number that labor names beside it."""

TABLES = {
    "night_units": UNITS,
    "night_regions": REGIONS,
    "night_refunds": REFUNDS,
    "night_codes": CODES,
}


def night_tables(connection: Connection) -> None:
    """The empty tables; whoever knows the night fills them (`store.loading`)."""
    for name, columns in TABLES.items():
        temporary_table(connection, name, columns)


def older_regions(connection: Connection) -> list[str]:
    """Regions for which the ledger knows a newer night than the event's."""
    found = connection.execute(
        text("""
            SELECT r.region_code FROM night_regions r JOIN newest_nights n USING (region_code)
            WHERE n.business_date > ledger_date() ORDER BY 1
        """)
    )
    return list(found.scalars())


def leave_out_known(connection: Connection) -> None:
    """Take out of the tables the regions that are older than the ledger, or known with this very decision."""
    connection.execute(
        text("""
            DELETE FROM night_regions r USING newest_nights n
            WHERE n.region_code = r.region_code AND (n.business_date > ledger_date()
              OR (n.business_date = ledger_date() AND n.decision_id = r.decision_id
                  AND n.is_held = r.is_held))
        """)
    )
