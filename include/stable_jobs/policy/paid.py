"""What was already paid to a unit: finance's prior_refunds and our own ledger's, each payment once.

Source: domain, section 2. Money in yuan.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from stable_jobs.policy.aggregates import SUM, UNIT, YUAN
from stable_jobs.policy.extracts import Working

if TYPE_CHECKING:
    import ibis.expr.types as ir

OURS = {
    "region_code": "string",
    "uscc": "string",
    "policy_year": "int64",
    "amount": YUAN,
    "payment_reference": "string",
    "voucher_no": "string",
}
"""The ledger's file. A row is a line we instructed (`payment_reference` its end-to-end id; `amount` on a
payment's first line, 0 on its later attempts), or a row of prior_refunds that a person ruled to be one of our
payments (`voucher_no`, amount 0)."""
REPORTED = (
    "region_code", "uscc", "policy_year", "scheme", "amount", "paid_date", "voucher_no", "payment_reference",
)  # fmt: skip


def ours(working: Working, path: str | None) -> ir.Table:
    """The ledger's rows (`OURS`); no file: none."""
    return working.files([] if path is None else [path], OURS)


def reported(rows: ir.Table, on: date) -> ir.Table:
    """prior_refunds of policy year Y paid by D, both schemes (`REPORTED`).

    rows: accepted ones, old numbers replaced. Rows of regions that are held and of nobody's units too.
    """
    rows = rows.filter((rows.policy_year == on.year) & (rows.paid_date <= on))
    return rows.select(*REPORTED)


def already_paid(reported: ir.Table, ours: ir.Table, on: date) -> ir.Table:
    """`refunded` in yuan and `refund_rows` per unit, in policy year Y.

    A row of finance's that is one of the same unit's payments in `ours`, by reference or voucher, is counted
    there. Another unit's reference proves nothing: such a row counts for the unit it names.
    """
    theirs = reported
    for key in ("payment_reference", "voucher_no"):
        theirs = theirs.anti_join(ours.filter(ours[key].notnull()), (*UNIT, key))
    mine = ours.filter(ours.policy_year == on.year)
    both = theirs.select(*UNIT, "amount").union(mine.select(*UNIT, "amount"))
    return both.group_by(*UNIT).aggregate(refunded=both.amount.sum().cast(SUM), refund_rows=both.count())
