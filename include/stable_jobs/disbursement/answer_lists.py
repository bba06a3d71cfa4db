"""The lists about the bank's answers: their columns and rows, and their publication."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sqlalchemy import Connection

from stable_jobs.accounts import masked_sql
from stable_jobs.errors import StepError
from stable_jobs.ledger.batches import Batch, batch_by_no
from stable_jobs.messages.bank_answers import BY_LEDGER, WORDINGS, Wording
from stable_jobs.night.context import NightContext, scratch
from stable_jobs.night.notices import heading_of, record_published, tonight
from stable_jobs.publishing.folders import REGION, region_folder
from stable_jobs.publishing.publish import Published, file_entry, publish_tables
from stable_jobs.publishing.table import (
    UNIT_COLUMNS,
    Column,
    Heading,
    Kind,
    ListTable,
    Rows,
    Sum,
    labelled,
    ledger_rows,
)
from stable_jobs.regions import NATION

# --- Columns and rows ---
# Lists of what the bank answered: paid and returned lines, what came back and waits, what was refused.

# ruff: noqa: S608 - what is put into the queries is this package's own


ACCOUNT = masked_sql("l.account_no", keeps_length=True)

# --- paid (已拨付名单) and returned (已退回名单): the lines of a batch ---

RESULTS = f"""
    SELECT b.batch_no, l.line_no, l.end_to_end_id, e.uscc, l.unit_name, l.scheme, l.amount, l.attempt,
           {ACCOUNT} AS account, coalesce(z.outcome, r.outcome) AS outcome,
           CASE WHEN coalesce(z.outcome, r.outcome) = r.outcome THEN r.reason_code ELSE z.reason_code END
               AS reason_code,
           CASE WHEN coalesce(z.outcome, r.outcome) = r.outcome THEN r.reason_text ELSE z.reason_text END
               AS reason_text,
           CASE WHEN coalesce(z.outcome, r.outcome) = r.outcome THEN r.booked_on ELSE z.booked_on END
               AS booked_on,
           coalesce(z.settled_on, r.answered_on) AS answered_on
    FROM batches b JOIN instructions i ON i.batch_id = b.id JOIN payment_lines l ON l.id = i.line_id
    JOIN payments p ON p.id = i.payment_id JOIN entitlements e ON e.id = p.entitlement_id
    LEFT JOIN (
        SELECT s.*, a.business_date AS answered_on
        FROM bank_results s JOIN bank_answers a ON a.id = s.answer_id
        WHERE a.business_date <= DATE '{{on}}'
    ) r ON r.line_id = i.line_id
    LEFT JOIN LATERAL (
        SELECT s.outcome, s.settled_on, c.reason_code, c.reason_text, c.booked_on
        FROM settlements s LEFT JOIN contradictions c ON c.line_id = s.line_id AND c.outcome = s.outcome
        WHERE s.line_id = i.line_id AND s.settled_on <= DATE '{{on}}'
        ORDER BY s.id DESC, c.id DESC LIMIT 1) z ON true
    WHERE b.id IN (
        SELECT j.batch_id FROM bank_results s JOIN bank_answers a ON a.id = s.answer_id
        JOIN instructions j ON j.line_id = s.line_id WHERE a.business_date = DATE '{{on}}'
        UNION SELECT j.batch_id FROM settlements s JOIN instructions j ON j.line_id = s.line_id
        WHERE s.settled_on = DATE '{{on}}')
    ORDER BY b.batch_no, l.line_no
"""
"""Every line of the batches that got a result on a date, the bank's or a settled one, with what was known
of it when that date ended."""
RESULTS_ROWS = {
    "batch_no": "VARCHAR",
    "line_no": "BIGINT",
    "end_to_end_id": "VARCHAR",
    "uscc": "VARCHAR",
    "unit_name": "VARCHAR",
    "scheme": "VARCHAR",
    "amount": "DECIMAL(18, 2)",
    "attempt": "BIGINT",
    "account": "VARCHAR",
    "outcome": "VARCHAR",
    "reason_code": "VARCHAR",
    "reason_text": "VARCHAR",
    "booked_on": "DATE",
    "answered_on": "DATE",
}
LINE = (
    Column("line_no", "序号 Line", Kind.COUNT, "line_no"),
    Column("end_to_end_id", "支付编号 End-to-end id", Kind.WORD, "end_to_end_id"),
    Column("attempt", "次数 Attempt", Kind.COUNT, "attempt"),
    *UNIT_COLUMNS,
    Column("amount", "金额（元） Amount (yuan)", Kind.MONEY, "amount"),
    Column("account", "账号（掩码） Account (masked)", Kind.WORD, "account"),
)
REASON = (
    Column("reason_code", "银行原因代码 Bank's reason code", Kind.TEXT, "reason_code"),
    Column("reason_text", "银行原因 Bank's reason", Kind.TEXT, "reason_text"),
)
DAYS = (
    Column("booked_on", "银行入账日 Booked on", Kind.VALUE, "booked_on"),
    Column("answered_on", "回盘日期 Answered on", Kind.VALUE, "answered_on"),
)


def paid_list(rows: Rows, heading: Heading) -> ListTable:
    """One row per line that was paid; the account masked."""
    return rows.listed("paid", "已拨付名单 Paid", (*LINE, *DAYS), "line_no", heading)


def returned_list(rows: Rows, heading: Heading) -> ListTable:
    """One row per line that came back, with the bank's reasons; the account masked."""
    return rows.listed("returned", "已退回名单 Returned", (*LINE, *REASON, *DAYS), "line_no", heading)


# --- payments that came back or are open with the bank (退票待更正清单) ---

OPEN = f"""
    SELECT e.region_code, e.uscc, e.unit_name, p.scheme, p.amount, i.end_to_end_id, i.attempt, r.reason_code,
           r.reason_text, c.changed_on AS returned_on, {ACCOUNT} AS account,
           k.id AS correction,
           CASE WHEN c.to_state = 'returned' THEN 'returned' WHEN NOT is_payees_fault(r.fault) THEN 'same'
                ELSE 'new_account' END AS standing
    FROM (
        SELECT DISTINCT j.payment_id FROM line_results s JOIN instructions j ON j.line_id = s.line_id
        WHERE s.outcome = 'returned'
    ) w
    JOIN payments p ON p.id = w.payment_id JOIN entitlements e ON e.id = p.entitlement_id
    JOIN LATERAL (
        SELECT to_state, changed_on, reason FROM state_changes
        WHERE payment_id = p.id AND changed_on <= DATE '{{on}}'
        ORDER BY id DESC LIMIT 1) c ON c.to_state IN ('returned', 'corrected')
    JOIN LATERAL (
        SELECT line_id, end_to_end_id, attempt FROM instructions
        WHERE payment_id = p.id AND instructed_on <= DATE '{{on}}' ORDER BY attempt DESC LIMIT 1) i ON true
    JOIN payment_lines l ON l.id = i.line_id JOIN line_results r ON r.line_id = i.line_id
    LEFT JOIN LATERAL (
        SELECT a.id FROM account_corrections a LEFT JOIN account_confirmations f ON f.correction_id = a.id
        WHERE a.payment_id = p.id AND a.source = 'person' AND a.after_attempt = i.attempt
          AND f.correction_id IS NULL
        ORDER BY a.id DESC LIMIT 1) k ON true
    WHERE i.line_id NOT IN ({{cases}})
      AND (c.to_state = 'returned' OR NOT is_payees_fault(r.fault)
           OR c.reason = 'account in the extract' AND NOT EXISTS (
               SELECT FROM accepted_accounts a WHERE a.entitlement_id = e.id))
    UNION ALL
    SELECT e.region_code, e.uscc, e.unit_name, p.scheme, p.amount, i.end_to_end_id, i.attempt, d.reason_code,
           d.reason_text, d.said_on, {ACCOUNT}, NULL, d.standing
    FROM (
        SELECT DISTINCT ON (o.line_id) o.line_id, 'duplicate' AS standing, NULL AS reason_code,
               k.found AS reason_text, a.business_date AS said_on
        FROM bank_answer_rows k JOIN bank_answers a ON a.id = k.answer_id
        JOIN instructions o ON o.end_to_end_id = k.end_to_end_id
        WHERE k.standing = 'duplicate' AND a.business_date <= DATE '{{on}}' AND NOT EXISTS (
            SELECT FROM line_results r JOIN bank_answers b ON b.id = r.answer_id
            WHERE r.line_id = o.line_id AND coalesce(r.settled_on, b.business_date) <= DATE '{{on}}')
        ORDER BY o.line_id, a.business_date, k.answer_id
    ) d
    JOIN instructions i ON i.line_id = d.line_id JOIN payment_lines l ON l.id = d.line_id
    JOIN payments p ON p.id = i.payment_id JOIN entitlements e ON e.id = p.entitlement_id
    UNION ALL
    SELECT e.region_code, e.uscc, e.unit_name, p.scheme, p.amount, i.end_to_end_id, i.attempt, c.reason_code,
           c.reason_text, c.opened_on, {ACCOUNT}, NULL, 'contradiction'
    FROM contradictions c JOIN instructions i ON i.line_id = c.line_id
    JOIN payment_lines l ON l.id = c.line_id
    JOIN payments p ON p.id = i.payment_id JOIN entitlements e ON e.id = p.entitlement_id
    WHERE c.id IN (SELECT max(id) FROM contradictions GROUP BY line_id) AND c.line_id IN ({{cases}})
    ORDER BY 1, 2, 6
"""
"""The cases open with the bank at the end of a date, each with its line: payments that came back,
also those that go again to the same account or to a new one; lines that the bank has and says no more of;
lines that it contradicts itself about. correction: the newest one that nobody has confirmed."""
CASES = """
    SELECT n.line_id FROM contradictions n WHERE n.opened_on <= DATE '{on}' AND NOT EXISTS (
        SELECT FROM settlements s
        WHERE s.line_id = n.line_id AND s.event_id > n.event_id AND s.settled_on <= DATE '{on}')
"""


def work_list_query(on: date) -> str:
    """The query as of the end of a date."""
    return OPEN.format(on=on, cases=CASES.format(on=on))


WORK_LIST_ROWS = {
    "region_code": "VARCHAR",
    "uscc": "VARCHAR",
    "unit_name": "VARCHAR",
    "scheme": "VARCHAR",
    "amount": "DECIMAL(18, 2)",
    "end_to_end_id": "VARCHAR",
    "attempt": "BIGINT",
    "reason_code": "VARCHAR",
    "reason_text": "VARCHAR",
    "returned_on": "DATE",
    "account": "VARCHAR",
    "correction": "BIGINT",
    "standing": "VARCHAR",
}
WAITS = """
    CASE WHEN standing = 'duplicate'
         THEN '银行已有此笔，等待其结果 the bank has this payment: wait for its result; else by its letter: '
              || 'stable-jobs returns settle ' || end_to_end_id
         WHEN standing = 'contradiction'
         THEN '银行前后不一，两人凭其书面说明处理 two people settle it by the bank''s letter: '
              || 'stable-jobs returns settle ' || end_to_end_id
         WHEN standing = 'same' THEN '下一批次，同一账户 the next batch, to the same account'
         WHEN standing = 'new_account'
         THEN '经办人核实数据中的新账户 a person accepts the new account of the extract: '
              || 'stable-jobs returns accept-account ' || end_to_end_id
         WHEN correction IS NULL
         THEN '下次数据中的新账户，或录入更正 another account in the next extract, or: '
              || 'stable-jobs returns correct ' || end_to_end_id
         ELSE '另一人确认更正 another person confirms: stable-jobs returns confirm ' || correction END
"""
WORK_LIST = (
    *UNIT_COLUMNS,
    Column("amount", "金额（元） Amount (yuan)", Kind.MONEY, "amount"),
    *REASON,
    Column("returned_on", "退回日期 Returned since", Kind.VALUE, "returned_on"),
    Column("attempt", "次数 Attempt", Kind.COUNT, "attempt"),
    Column("end_to_end_id", "支付编号 End-to-end id", Kind.WORD, "end_to_end_id"),
    Column("account", "账号（掩码） Account (masked)", Kind.WORD, "account"),
    Column("waits_for", "等待事项 Waits for", Kind.WORD, WAITS),
)


def returns_work_list(rows: Rows, heading: Heading) -> ListTable:
    """One row per payment or open line, by code; never a whole account."""
    return rows.listed(
        "returns_work_list",
        "退票待更正清单 Returned payments to correct",
        WORK_LIST,
        "uscc, end_to_end_id",
        heading,
    )


# --- rows that were not applied (未采用回盘明细): which, why, and what to do ---

REFUSED = """
    SELECT a.file_name, a.id AS answer_id, r.row_no AS place,
           CASE WHEN r.row_no > 0 THEN r.row_no END AS row_no, r.end_to_end_id, r.outcome,
           r.amount, r.rule, r.expected, r.found
    FROM bank_answer_rows r JOIN bank_answers a ON a.id = r.answer_id
    WHERE r.rule IS NOT NULL AND a.business_date = DATE '{on}' ORDER BY a.file_name, a.id, r.row_no
"""
"""Every row of the answers taken on a date that was not applied. place: its number in the ledger; 0 and less:
not one row of the file, but the file, or what it says of a whole message."""
REFUSED_ROWS = {
    "file_name": "VARCHAR",
    "answer_id": "BIGINT",
    "place": "BIGINT",
    "row_no": "BIGINT",
    "end_to_end_id": "VARCHAR",
    "outcome": "VARCHAR",
    "amount": "DECIMAL(18, 2)",
    "rule": "VARCHAR",
    "expected": "VARCHAR",
    "found": "VARCHAR",
}
OTHER_SENDER, OTHER_MESSAGE = "answer.other_sender", "answer.other_message"
UNKNOWN_MESSAGE = "answer.unknown_message"
EXPECTED_MESSAGE = BY_LEDGER[UNKNOWN_MESSAGE].expected.en
WORDS = {**WORDINGS, **BY_LEDGER}
OUTCOMES = {
    "paid": "已付 paid",
    "returned": "退回 returned",
    "pending": "处理中 pending",
    "duplicate": "重复 duplicate",
}


def _rule(words: Callable[[Wording], str]) -> str:
    return labelled("rule", {rule: words(wording) for rule, wording in WORDS.items()})


EXPECTED = {wording.expected.en: wording.expected.both for wording in WORDS.values()} | OUTCOMES
"""What was expected, as the ledger keeps it, in both languages; a value (an amount, a day) is as it is."""
REFUSED_COLUMNS = (
    Column("file_name", "回盘文件 File", Kind.TEXT, "file_name"),
    Column("row_no", "行号 Row", Kind.COUNT, "row_no"),
    Column("end_to_end_id", "支付编号 End-to-end id", Kind.TEXT, "end_to_end_id"),
    Column("outcome", "银行结果 Result", Kind.WORD, labelled("outcome", OUTCOMES)),
    Column("amount", "银行金额（元） Bank's amount (yuan)", Kind.MONEY, "amount"),
    Column("rule", "规则 Rule", Kind.WORD, "rule"),
    Column("what", "问题 What is wrong", Kind.WORD, _rule(lambda w: w.what.both)),
    Column("expected", "应为 Expected", Kind.TEXT, labelled("expected", EXPECTED)),
    Column("found", "实为 Found", Kind.TEXT, "found"),
    Column("next_step_zh", "下一步", Kind.WORD, _rule(lambda w: w.next_step.zh)),
    Column("next_step_en", "Next step", Kind.WORD, _rule(lambda w: w.next_step.en)),
)


def refused_answers(rows: Rows, heading: Heading) -> ListTable:
    """One row per refused row of any file; amounts are the bank's and are not added up."""
    return ListTable(
        name="refused_answers",
        title="未采用回盘明细 Refused rows of the bank's answers",
        columns=REFUSED_COLUMNS,
        source=f"FROM {rows.source}",
        order="file_name, answer_id, place",
        formats=("csv", "xlsx"),
        expected=Sum(rows.count, None),
        notes=heading.notes,
    )


# --- Publication ---
# The lists about the bank's answers: paid and returned by batch, waiting payments, and refused rows.

FILTERS = {"paid": "outcome = 'paid'", "returned": "outcome = 'returned'", "unanswered": "outcome IS NULL"}


@dataclass(frozen=True)
class BatchResults:
    """The bank's results for a batch up to the date. The three sums add up to the batch."""

    batch_no: str
    folder: Path
    paid: Sum
    returned: Sum
    unanswered: Sum


@dataclass(frozen=True)
class AnswerLists:
    """The lists in the folders of a date.

    batches: those that got a result on it. returned: region → its payments that wait for another account.
    refused: rows of the date's files that were not applied.
    """

    batches: tuple[BatchResults, ...]
    returned: Mapping[str, Sum]
    refused: int


def publish_answers(night: NightContext) -> AnswerLists:
    """Publish the lists of a date's answers; run again they are the same, whenever that is.

    StepError where paid, returned and unanswered do not add up to their batch.
    """
    parent = tonight(night)
    made: list[Published] = []
    with night.database.connect() as connection:
        found = AnswerLists(
            _publish_batches(night, connection, parent, made),
            _publish_work_lists(night, connection, parent, made),
            _publish_refused(night, connection, parent, made),
        )
    record_published(night, made, "bank answers")
    return found


def _publish_batches(
    night: NightContext, connection: Connection, parent: Path, made: list[Published]
) -> tuple[BatchResults, ...]:
    with scratch(night) as work:
        query = RESULTS.format(on=night.business_date)
        rows = ledger_rows(night.duck, connection, query, RESULTS_ROWS, work)
        numbers = rows.different(night.duck, "batch_no")
        batches = [batch for batch in (batch_by_no(connection, number) for number in numbers) if batch]
        return tuple(_publish_batch(night, rows, batch, parent, made) for batch in batches)


def _publish_batch(
    night: NightContext, rows: Rows, batch: Batch, parent: Path, made: list[Published]
) -> BatchResults:
    own = rows.of(night.duck, "batch_no", batch.batch_no)
    parts = {name: own.where(night.duck, condition) for name, condition in FILTERS.items()}
    _assert_whole(batch, [part.sum for part in parts.values()])
    heading = heading_of(night, batch.region_code, f"批次 batch {batch.batch_no}")
    tables = [paid_list(parts["paid"], heading), returned_list(parts["returned"], heading)]
    folder = region_folder(parent, batch.region_code) / f"{batch.batch_no}-answers"
    said = {"batch": batch.batch_no, "count": batch.count, "total": str(batch.total)}
    said |= {name: file_entry(part.sum) for name, part in parts.items()}
    manifest = {**heading.manifest, **said}
    made.append(publish_tables(night.duck, folder, tables, manifest, night.settings.workbook_rows))
    return BatchResults(batch.batch_no, folder, *(part.sum for part in parts.values()))


def _assert_whole(batch: Batch, parts: list[Sum]) -> None:
    count, total = sum(part.count for part in parts), sum(part.total or 0 for part in parts)
    if (count, total) != (batch.count, batch.total):
        raise StepError(
            f"batch {batch.batch_no}: paid, returned and unanswered are {count} and {total} yuan, expected"
            f" are {batch.count} and {batch.total}; nothing was published; next: stable-jobs ledger verify"
        )


def _publish_work_lists(
    night: NightContext, connection: Connection, parent: Path, made: list[Published]
) -> dict[str, Sum]:
    """Of every region where a payment waits, and of those whose list of this date is to become empty."""
    with scratch(night) as work:
        query = work_list_query(night.business_date)
        rows = ledger_rows(night.duck, connection, query, WORK_LIST_ROWS, work)
        found = {*rows.different(night.duck, "region_code")}
        before = {f.parent.name for f in parent.glob("*/returns") if REGION.fullmatch(f.parent.name)}
        return {code: _publish_work_list(night, rows, code, parent, made) for code in sorted(found | before)}


def _publish_work_list(
    night: NightContext, rows: Rows, region_code: str, parent: Path, made: list[Published]
) -> Sum:
    heading = heading_of(night, region_code)
    own = rows.of(night.duck, "region_code", region_code)
    tables = [returns_work_list(own, heading)]
    folder = region_folder(parent, region_code) / "returns"
    manifest = {**heading.manifest, **file_entry(own.sum)}
    made.append(publish_tables(night.duck, folder, tables, manifest, night.settings.workbook_rows))
    return own.sum


def _publish_refused(night: NightContext, connection: Connection, parent: Path, made: list[Published]) -> int:
    with scratch(night) as work:
        query = REFUSED.format(on=night.business_date)
        rows = ledger_rows(night.duck, connection, query, REFUSED_ROWS, work)
        if rows.count:
            heading = heading_of(night, NATION)
            tables = [refused_answers(rows, heading)]
            manifest = {**heading.manifest, "count": rows.count}
            folder, most = parent / "bank_answers", night.settings.workbook_rows
            made.append(publish_tables(night.duck, folder, tables, manifest, most))
        return rows.count
