"""Rows of the bank's answers that were not applied (未采用回盘明细): which, why, and what to do."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from stable_jobs.bank.answers.problems import ASK_EN, ASK_ZH, WORDINGS, Wording
from stable_jobs.publishing.ledger_lists import Place, Rows
from stable_jobs.publishing.table import Column, Kind, ListTable, Sum
from stable_jobs.publishing.words import labelled

QUERY = """
    SELECT a.file_name, a.id AS answer_id, r.row_no AS place,
           CASE WHEN r.row_no > 0 THEN r.row_no END AS row_no, r.end_to_end_id, r.outcome,
           r.amount, r.rule, r.expected, r.found
    FROM bank_answer_rows r JOIN bank_answers a ON a.id = r.answer_id
    WHERE r.rule IS NOT NULL AND a.business_date = DATE '{on}' ORDER BY a.file_name, a.id, r.row_no
"""
"""Every row of the answers taken on a date that was not applied. place: its number in the ledger; 0 and less:
not one row of the file, but the file, or what it says of a whole message."""
ROWS = {
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
EXPECTED_MESSAGE = "the MsgId of a payment file that was published"
OURS: Mapping[str, Wording] = {
    "answer.unknown_id": Wording(
        "没有发起过这一笔", "no line with this id was instructed", "an id that was instructed", ASK_ZH, ASK_EN
    ),
    "answer.wrong_amount": Wording(
        "金额与指令不符", "the amount is not the one instructed", "the instructed amount", ASK_ZH, ASK_EN
    ),
    "answer.contradiction": Wording(
        "与该笔的另一结果相矛盾",
        "it contradicts another result of the line",
        "one result for a line",
        "该单位暂停拨付；取得银行书面说明后由两人处理：stable-jobs returns settle",
        "the unit is stopped; with the bank's letter two people settle it: stable-jobs returns settle",
    ),
    "answer.duplicate": Wording(
        "银行因已有此笔而拒绝",
        "the bank rejects it because it has this payment already",
        "what became of the payment that the bank has",
        "银行已有此笔，等待其结果，勿再发送；长期无结果的凭银行书面说明由两人处理",
        "the bank has this payment: wait for its result, send nothing again; if none comes, two people settle"
        " it by the bank's letter: stable-jobs returns settle",
    ),
    OTHER_SENDER: Wording(
        "该行不属于此银行的批次",
        "the line is of a batch of another bank's",
        "lines of the sender's batches",
        "查明何人放入此文件",
        "find out who left this file; the line's own bank must answer it",
    ),
    OTHER_MESSAGE: Wording(
        "该行不在所答复的报文内",
        "the line is not in the message that is answered",
        "lines of the message that is answered",
        ASK_ZH,
        ASK_EN,
    ),
    UNKNOWN_MESSAGE: Wording(
        "没有发出过这一报文",
        "no payment file with this MsgId was published",
        EXPECTED_MESSAGE,
        ASK_ZH,
        ASK_EN,
    ),
}
"""What only the ledger can tell, beside the reader's own."""
WORDS = {**WORDINGS, **OURS}
OUTCOMES = {
    "paid": "已付 paid",
    "returned": "退回 returned",
    "pending": "处理中 pending",
    "duplicate": "重复 duplicate",
}


def _rule(words: Callable[[Wording], str]) -> str:
    return labelled("rule", {rule: words(wording) for rule, wording in WORDS.items()})


COLUMNS = (
    Column("file_name", "回盘文件 File", Kind.TEXT, "file_name"),
    Column("row_no", "行号 Row", Kind.COUNT, "row_no"),
    Column("end_to_end_id", "支付编号 End-to-end id", Kind.TEXT, "end_to_end_id"),
    Column("outcome", "银行结果 Result", Kind.WORD, labelled("outcome", OUTCOMES)),
    Column("amount", "银行金额（元） Bank's amount (yuan)", Kind.MONEY, "amount"),
    Column("rule", "规则 Rule", Kind.WORD, "rule"),
    Column("what", "问题 What is wrong", Kind.WORD, _rule(lambda w: f"{w.what_zh} {w.what_en}")),
    Column("expected", "应为 Expected", Kind.TEXT, "expected"),
    Column("found", "实为 Found", Kind.TEXT, "found"),
    Column("next_step_zh", "下一步", Kind.WORD, _rule(lambda w: w.next_step_zh)),
    Column("next_step_en", "Next step", Kind.WORD, _rule(lambda w: w.next_step_en)),
)


def refused_answers(rows: Rows, place: Place) -> ListTable:
    """One row per refused row of any file; amounts are the bank's and are not added up."""
    return ListTable(
        name="refused_answers",
        title="未采用回盘明细 Refused rows of the bank's answers",
        columns=COLUMNS,
        source=f"FROM {rows.source}",
        order="file_name, answer_id, place",
        formats=("csv", "xlsx"),
        expected=Sum(rows.count, None),
        notes=place.notes,
    )
