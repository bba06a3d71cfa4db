"""Disbursement application of a batch: what, approved by whom, in figures and capitals (人民币大写)."""

from __future__ import annotations

from stable_jobs.bank.batch import Batch, BatchHead
from stable_jobs.lists.sheets.disbursement_application import application
from stable_jobs.money import format_yuan, to_capitals
from stable_jobs.publishing.table import Column, Kind, ListTable
from stable_jobs.store.engine import quote_literal


def batch_application(batch: Batch) -> ListTable:
    """One row per scheme and size, then the batch's total; the groups must add up to it."""
    return application(
        rows=batch.source,
        amount="amount",
        expected=batch.head.sum,
        marks=_marks(batch.head),
        notes=(*batch.head.notes, *_anchor_note(batch.head), _total(batch.head)),
    )


def _total(head: BatchHead) -> str:
    """The words 人民币 stand before the capitals, as the rules for payment vouchers want it."""
    return f"合计 total ￥{format_yuan(head.total)} · 人民币（大写）{to_capitals(head.total)}"


def _marks(head: BatchHead) -> tuple[Column, ...]:
    return (
        Column("batch_no", "批次 Batch", Kind.WORD, quote_literal(head.batch_no)),
        Column("hash", "批次摘要 Hash", Kind.WORD, quote_literal(head.hash)),
        Column("approvers", "审批 Approved by", Kind.TEXT, quote_literal(head.approvers)),
        Column("status", "状态 Status", Kind.WORD, quote_literal(head.status)),
        *_anchor(head),
    )


def _anchor_note(head: BatchHead) -> tuple[str, ...]:
    return (f"账本凭证 ledger anchor {head.anchor}",) if head.anchor else ()


def _anchor(head: BatchHead) -> tuple[Column, ...]:
    """What the ledger's end was, on a paper that leaves the server."""
    if not head.anchor:
        return ()
    return (Column("anchor", "账本凭证 Ledger anchor", Kind.WORD, quote_literal(head.anchor)),)
