"""Lines of a batch that the bank sent back (已退回名单), with its reasons."""

from __future__ import annotations

from stable_jobs.disbursement.sheets.bank_results import DAYS, LINE, REASON, result_list
from stable_jobs.publishing.ledger_lists import Place, Rows
from stable_jobs.publishing.table import ListTable


def returned(rows: Rows, place: Place) -> ListTable:
    """One row per line that came back; the account masked."""
    return result_list("returned", "已退回名单 Returned", (*LINE, *REASON, *DAYS), rows, place)
