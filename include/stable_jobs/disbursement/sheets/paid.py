"""Lines of a batch that the bank paid (已拨付名单)."""

from __future__ import annotations

from stable_jobs.disbursement.sheets.bank_results import DAYS, LINE, result_list
from stable_jobs.publishing.ledger_lists import Place, Rows
from stable_jobs.publishing.table import ListTable


def paid(rows: Rows, place: Place) -> ListTable:
    """One row per line that was paid; the account masked."""
    return result_list("paid", "已拨付名单 Paid", (*LINE, *DAYS), rows, place)
