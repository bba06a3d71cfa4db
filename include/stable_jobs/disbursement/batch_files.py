"""The lists of payments, and the files of a batch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stable_jobs.bank import payment_files
from stable_jobs.bank.banks import BankProfile
from stable_jobs.bank.batch import Batch, BatchHead, assert_lines
from stable_jobs.digests import sha256_of
from stable_jobs.disbursement.answer_lists import REASON
from stable_jobs.errors import LedgerRefused, StepError
from stable_jobs.ledger.batches import PublishedFile
from stable_jobs.lists.sheets import DETAIL, DETAIL_TITLE, PAYABLE_LINES, application
from stable_jobs.messages.decision import REASON as SENTENCES
from stable_jobs.messages.ledger import WAITS_FOR
from stable_jobs.messages.ledger import WAIVED as WAIVED_FOR
from stable_jobs.messages.ledger_refusals import refusal
from stable_jobs.money import format_yuan, to_capitals
from stable_jobs.publishing.files import checked_sum, write_tables
from stable_jobs.publishing.folders import MANIFEST, manifest_bytes, workspace
from stable_jobs.publishing.publish import link, restrict, sync
from stable_jobs.publishing.table import (
    UNIT_COLUMNS,
    Column,
    Heading,
    Kind,
    ListTable,
    Rows,
    Sum,
    both_of,
    labelled,
    money_total,
    said_in,
    sentences,
)
from stable_jobs.store.engine import quote_literal
from stable_jobs.store.lake import Lake

if TYPE_CHECKING:
    import duckdb


# --- Lists of payments ---
# Lists of payments: a batch's application and detail, what waits, what was waived.

# --- a batch's application: what, approved by whom, in figures and capitals (人民币大写) ---


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
    """The ledger's newest event, on a paper that leaves the server."""
    if not head.anchor:
        return ()
    return (Column("anchor", "账本凭证 Ledger anchor", Kind.WORD, quote_literal(head.anchor)),)


# --- a batch's detail ---

LINE = (
    Column("line_no", "序号 Line", Kind.COUNT, "line_no"),
    Column("end_to_end_id", "支付编号 End-to-end id", Kind.WORD, "end_to_end_id"),
    Column("attempt", "次数 Attempt", Kind.COUNT, "attempt"),
)


def batch_detail(batch: Batch) -> ListTable:
    """Every line with its account and the id that the bank answers by, in the order of the batch."""
    figures = (replace(c, sql="amount") if c.name == "payable" else c for c in DETAIL)
    return ListTable(
        name="disbursement_detail",
        title=DETAIL_TITLE,
        columns=(
            *LINE,
            *figures,
            Column("batch_no", "批次 Batch", Kind.WORD, quote_literal(batch.head.batch_no)),
            Column("status", "状态 Status", Kind.WORD, quote_literal(batch.head.status)),
        ),
        source=f"FROM {batch.source}",
        order="line_no",
        formats=("csv", "xlsx"),
        expected=batch.head.sum,
        count_sql=PAYABLE_LINES,
        total_sql=money_total("payable"),
        notes=batch.head.notes,
    )


# --- what waits (待拨付清单) ---

WAITING = """
    WITH under_way AS MATERIALIZED (
        SELECT * FROM entitlement_balances s
        WHERE s.is_instructed AND s.policy_year = CAST(extract(year FROM DATE '{on}') AS integer)
    )
    SELECT e.region_code, coalesce(n.priority, 999999) AS priority, e.uscc, e.unit_name, p.scheme, p.amount,
           CASE WHEN e.policy_year < extract(year FROM DATE '{on}') THEN 'year_over'
                WHEN p.state = 'batched' THEN 'approval'
                WHEN p.state = 'objected' THEN 'objection'
                WHEN p.state = 'returned' THEN 'account_correction'
                WHEN rs.cause IS NOT NULL THEN rs.cause
                WHEN us.cause IS NOT NULL THEN us.cause
                WHEN EXISTS (SELECT FROM doubtful_refunds d WHERE d.region_code = e.region_code
                             AND d.uscc = e.uscc AND d.policy_year = e.policy_year) THEN 'refund_in_doubt'
                WHEN n.review_level IS NULL THEN 'review_level'
                WHEN n.name_fault IS NOT NULL THEN 'name'
                WHEN n.account_no IS NULL AND NOT c.is_entered THEN 'account'
                WHEN f.end_to_end_id IS NOT NULL AND NOT c.is_entered THEN 'another_account'
                WHEN d.end_to_end_id IS NOT NULL AND NOT c.is_entered THEN 'account_acceptance'
                WHEN p.state = 'corrected' THEN 'next_batch'
                ELSE 'budget' END AS waits_for,
           CASE WHEN p.state IN ('batched', 'returned', 'objected') THEN p.reason
                ELSE coalesce(rs.detail, us.detail, n.name_fault, n.account_fault,
                    CASE WHEN NOT c.is_entered THEN coalesce(f.end_to_end_id,
                    'stable-jobs returns accept-account ' || d.end_to_end_id) END) END AS detail
    FROM payments p JOIN entitlements e ON e.id = p.entitlement_id
    JOIN night_regions r ON r.region_code = e.region_code AND NOT r.is_suspended
    JOIN newest_nights w ON w.region_code = e.region_code AND w.business_date = DATE '{on}'
    LEFT JOIN night_units n ON n.region_code = e.region_code AND n.uscc = e.uscc
    LEFT JOIN LATERAL (
        SELECT s.cause, s.detail FROM region_stops s WHERE s.region_code = e.region_code
            OR s.reaches_below AND is_within(e.region_code, s.region_code)
        ORDER BY s.cause LIMIT 1) rs ON true
    LEFT JOIN LATERAL (
        SELECT s.cause, s.detail FROM unit_stops s WHERE s.entitlement_id = e.id
        ORDER BY s.cause, s.detail LIMIT 1) us ON true
    LEFT JOIN LATERAL (
        SELECT i.end_to_end_id FROM failed_lines q JOIN instructions i ON i.line_id = q.line_id
        WHERE q.entitlement_id = e.id AND q.account = account_key(n.account_no)
          AND is_same_failure(q.fault, q.name, q.bank_code, n.account_name, n.bank_code)
        ORDER BY q.line_id DESC LIMIT 1) f ON true
    LEFT JOIN LATERAL (
        SELECT i.end_to_end_id FROM doubtful_accounts q JOIN instructions i ON i.line_id = q.line_id
        WHERE q.entitlement_id = e.id AND NOT EXISTS (
            SELECT FROM accepted_accounts a WHERE a.entitlement_id = e.id
              AND (a.account, a.name, a.bank_code)
                  IS NOT DISTINCT FROM (account_key(n.account_no), name_key(n.account_name), n.bank_code))
    ) d ON true
    CROSS JOIN LATERAL (
        SELECT EXISTS (
            SELECT FROM account_corrections k JOIN account_confirmations g ON g.correction_id = k.id
            WHERE k.payment_id = p.id AND k.source = 'person' AND k.after_attempt = coalesce((
                SELECT max(i.attempt)
                FROM instructions i LEFT JOIN line_results x ON x.line_id = i.line_id
                WHERE i.payment_id = p.id
                  AND (x.outcome IS DISTINCT FROM 'returned' OR is_payees_fault(x.fault))), 0)) AS is_entered
    ) c
    WHERE p.state IN ('cleared', 'corrected', 'batched', 'objected', 'returned')
    UNION ALL
    SELECT s.region_code, coalesce(n.priority, 999999), s.uscc, s.unit_name, n.scheme,
           n.entitlement - s.outside - s.paid - s.open - s.waived + s.to_recover - s.dropped, 'first_payment',
           i.end_to_end_id
    FROM under_way s
    JOIN night_regions r ON r.region_code = s.region_code AND NOT r.is_suspended
    JOIN newest_nights w ON w.region_code = s.region_code AND w.business_date = DATE '{on}'
    JOIN night_units n ON n.region_code = s.region_code AND n.uscc = s.uscc AND n.decision = 'eligible'
    JOIN LATERAL (
        SELECT end_to_end_id FROM instructions
        WHERE payment_id = s.open_payment_id ORDER BY attempt DESC LIMIT 1) i ON true
    WHERE n.is_paid_known
      AND n.entitlement - s.outside - s.paid - s.open - s.waived + s.to_recover - s.dropped > 0
    UNION ALL
    SELECT d.region_code, coalesce(n.priority, 999999), d.uscc, d.unit_name, coalesce(n.scheme, 'general'),
           coalesce(d.payable, 0), 'disagreement', d.detail
    FROM open_disagreements d
    JOIN night_regions r ON r.region_code = d.region_code AND NOT r.is_suspended
    LEFT JOIN night_units n ON n.region_code = d.region_code AND n.uscc = d.uscc
    WHERE NOT EXISTS (
        SELECT FROM payments p WHERE p.entitlement_id = d.entitlement_id
        AND p.state IN ('cleared', 'corrected', 'batched', 'objected', 'returned'))
    ORDER BY 1, 2, 3
"""
"""under_way stands apart because a planner that expects one row would compute the view once for each unit."""
WAITING_ROWS = {
    "region_code": "VARCHAR",
    "priority": "BIGINT",
    "uscc": "VARCHAR",
    "unit_name": "VARCHAR",
    "scheme": "VARCHAR",
    "amount": "DECIMAL(18, 2)",
    "waits_for": "VARCHAR",
    "detail": "VARCHAR",
}
WAITING_COLUMNS = (
    Column("priority", "顺序 Priority", Kind.COUNT, "priority"),
    *UNIT_COLUMNS,
    Column("amount", "金额（元） Amount (yuan)", Kind.MONEY, "amount"),
    Column("waits_for", "等待事项 Waits for", Kind.WORD, labelled("waits_for", both_of(WAITS_FOR))),
    Column("detail", "说明 Detail", Kind.TEXT, "detail"),
)


def waiting_list(rows: Rows, heading: Heading) -> ListTable:
    """One row per payment, in the order in which money would go."""
    return rows.listed("waiting", "待拨付清单 Payments that wait", WAITING_COLUMNS, "priority, uscc", heading)


# --- what was not settled by the deadline (视同放弃清单) ---

WAIVED = """
    SELECT e.region_code, e.policy_year, e.uscc, e.unit_name, p.scheme, p.amount, c.from_state AS standing,
           NULL AS reasons, r.reason_code, r.reason_text
    FROM waiving w JOIN entitlements e ON e.region_code = w.region_code AND e.policy_year = w.policy_year
    JOIN payments p ON p.entitlement_id = e.id AND p.state = 'waived' AND p.changed_on <= DATE '{on}'
    JOIN state_changes c ON c.payment_id = p.id AND c.to_state = 'waived'
    LEFT JOIN LATERAL (
        SELECT s.reason_code, s.reason_text FROM instructions i JOIN line_results s ON s.line_id = i.line_id
        WHERE i.payment_id = p.id ORDER BY i.attempt DESC LIMIT 1) r ON c.from_state = 'returned'
    ORDER BY 1, 2, 3
"""
"""Payments waived by the end of a date, of the regions and years in `waiving`. standing: the state before."""
WAIVED_ROWS = {
    "region_code": "VARCHAR",
    "policy_year": "INTEGER",
    "uscc": "VARCHAR",
    "unit_name": "VARCHAR",
    "scheme": "VARCHAR",
    "amount": "DECIMAL(18, 2)",
    "standing": "VARCHAR",
    "reasons": "VARCHAR",
    "reason_code": "VARCHAR",
    "reason_text": "VARCHAR",
}
"""amount: yuan; of an undecided unit where its inputs are known. reasons: codes of what is missing."""
UNDECIDED = "undecided"
WAIVED_COLUMNS = (
    Column("policy_year", "返还年度 Policy year", Kind.VALUE, "policy_year"),
    *UNIT_COLUMNS,
    Column("standing", "情形 Standing", Kind.WORD, labelled("standing", both_of(WAIVED_FOR))),
    Column("amount", "金额（元），已知者 Amount (yuan), where known", Kind.MONEY, "amount"),
    Column("reasons", "待定事项代码 Reason codes", Kind.WORD, "reasons"),
    Column("reasons_zh", "待定事项", Kind.WORD, sentences("reasons", said_in("zh", SENTENCES), "；")),
    Column("reasons_en", "Reasons", Kind.WORD, sentences("reasons", said_in("en", SENTENCES), "; ")),
    *REASON,
)


def waived_list(rows: Rows, heading: Heading) -> ListTable:
    """One row per payment or undecided unit; the total is of the amounts that are known."""
    return rows.listed(
        "waived",
        "视同放弃清单 Waived at the deadline",
        WAIVED_COLUMNS,
        "policy_year, uscc, standing, scheme, amount, reason_code, reason_text",
        heading,
    )


# --- Files of a batch ---
# The files of a batch: application, detail, the bank's messages and its own file; kept, then given names.
#
# Each is read back. They leave the bureau once: other lists get another edition when they change, a payment
# file never does. The lake keeps it before the ledger names it, and what the ledger remembers is what stands
# in the folder, after a kill at any instant, asked for again at any time. Other bytes under its name are an
# error that names it.

ENGINE = {"memory_limit": "256MB", "threads": 1}
"""Settings under which 300,000 lines take less than 500 MB: with more, DuckDB keeps what it may."""

TO_TAKE_AWAY = frozenset({"disbursement_application.csv", "disbursement_application.xlsx"})
"""The files of a batch that a browser may download: they have no account number. All else has them: the
detail, the messages, the bank's own file under whatever name its profile gives it."""


def write_batch_files(
    con: duckdb.DuckDBPyConnection,
    source_sql: str,
    head: BatchHead,
    profile: BankProfile,
    work: Path,
    workbook_rows: int,
) -> dict[str, Sum]:
    """Write every file of a batch into a workspace of its folder; file name → its count and total.

    con: with the settings of ENGINE. source_sql: a table expression of the lines (`read_parquet('…')`), the
    same rows whenever it is asked. A detail of more than `workbook_rows` lines is CSV only. The same lines,
    head and profile give the same bytes. StepError where a line cannot go to a bank, or where a file's own
    count or total is not the head's.
    """
    batch = Batch(replace(head, is_demo=head.is_demo or profile.demo), source_sql)
    assert_lines(con, batch)
    tables = (batch_application(batch), batch_detail(batch))
    said = write_tables(con, tables, work, workbook_rows).sums
    return {**said, **dict(_messages(con, batch, profile, work)), **_bank_file(con, batch, profile, work)}


def _messages(
    con: duckdb.DuckDBPyConnection, batch: Batch, profile: BankProfile, work: Path
) -> Iterator[tuple[str, Sum]]:
    for message in payment_files.pain001_messages(con, batch, profile):
        path = work / message.file_name
        payment_files.write_pain001(con, message, path)
        yield path.name, checked_sum(path, message.sum, payment_files.measure_pain001(path))


def _bank_file(
    con: duckdb.DuckDBPyConnection, batch: Batch, profile: BankProfile, work: Path
) -> dict[str, Sum]:
    path = work / profile.file.name
    payment_files.write_bank_csv(con, batch, profile, path)
    return {
        path.name: checked_sum(
            path, batch.head.sum, payment_files.measure_bank_csv(con, batch, profile, path)
        )
    }


# --- kept in the lake, then given their names ---


def keep_files(
    lake: Lake, work: Path, names: Iterable[str], folder: str, said: Mapping[str, Any]
) -> list[PublishedFile]:
    """Keep finished files and their manifest in the lake; returns each one's entry for the ledger.

    work: where the files are. folder: their later place below `<out>`. said: the manifest, with the
    known facts of each file under `files`.
    """
    kept = [_kept(lake, work / name, folder) for name in sorted(names)]
    entries = {
        f.name: {**said["files"].get(f.name, {}), "file": f.name, "bytes": f.size_bytes, "sha256": f.sha256}
        for f in kept
    }
    manifest = work / MANIFEST
    manifest.write_bytes(manifest_bytes({**said, "files": entries, "previous": None}))
    return [*kept, _kept(lake, manifest, folder)]


def place_files(lake: Lake, out: Path, files: Iterable[PublishedFile], group: str | None = None) -> bool:
    """Give every file its name, the manifest last; False if all had theirs. StepError for other bytes.

    Only its owner may read a payment file; `group`: the system's group that may read it too.
    """
    is_new = False
    for file in sorted(files, key=lambda f: (f.name == MANIFEST, f.name)):
        target = out / file.folder / file.name
        is_new |= _place(lake, file, target, group)
        if (found := sha256_of(target)) != file.sha256:
            raise StepError(
                f"{target} is not the file that the ledger published: expected SHA-256 {file.sha256},"
                f" found {found};"
                " leave it where it is and send nothing of this folder to the bank; next: stable-jobs"
                " ledger verify says"
                " whether the ledger is older than the folder (docs/operations.md, A published file was"
                " changed)"
            )
    return is_new


def as_published(out: Path, file: PublishedFile) -> Path:
    """Where a published file stands, its bytes those that the ledger knows. LedgerRefused if they are not."""
    path = out / file.folder / file.name
    where = f"{file.folder}/{file.name}"
    if not path.is_file():
        raise LedgerRefused(refusal("file_missing", file=where))
    if (found := sha256_of(path)) != file.sha256:
        raise LedgerRefused(refusal("file_changed", file=where, expected=file.sha256, found=found))
    return path


def _kept(lake: Lake, path: Path, folder: str) -> PublishedFile:
    return PublishedFile(folder, path.name, lake.put_published(path), path.stat().st_size)


def _place(lake: Lake, file: PublishedFile, target: Path, group: str | None) -> bool:
    """False where it stood there; then too what a killed process left beside it is swept away."""
    target.parent.mkdir(parents=True, exist_ok=True)
    restrict(target.parent, group)
    with workspace(target.parent) as work:
        if target.exists():
            return False
        brought = work / file.name
        lake.fetch(f"published/{file.sha256}", brought)
        restrict(brought, group)
        return link(sync(brought), target)
