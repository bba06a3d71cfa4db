"""Words of the bank's answers: every reason for which an answer, or a row of it, is refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from stable_jobs.words import Words


@dataclass(frozen=True)
class Wording:
    """The fault, the expected value and the next step."""

    what: Words
    expected: Words
    next_step: Words


ASK = Words(
    "请银行更正后重新回盘，勿重复支付",
    "ask the bank for a corrected answer; pay nothing again before it is known",
)

FIELDS = Words("列", "fields")
A_DATE = Words("日期", "date")
"""What was expected, where a bank's own header or way of writing says how many or how."""

WORDINGS: Mapping[str, Wording] = {
    "answer.format": Wording(
        Words("不是可识别的回盘文件", "not an answer of a known format"),
        Words("pain.002 的 XML 或 CSV", "pain.002 XML or CSV"),
        ASK,
    ),
    "answer.empty": Wording(
        Words("回盘文件为空", "the answer is empty"),
        Words("回盘内容", "an answer"),
        ASK,
    ),
    "answer.too_large": Wording(
        Words("回盘文件过大", "the answer is too large"),
        Words("通常大小的回盘文件", "an answer of the usual size"),
        ASK,
    ),
    "answer.encoding": Wording(
        Words("编码与约定不符", "the bytes are not in the agreed encoding"),
        Words("UTF-8 编码", "UTF-8"),
        ASK,
    ),
    "answer.not_xml": Wording(
        Words("不是格式良好的 XML", "not well-formed XML"),
        Words("格式良好的 XML", "well-formed XML"),
        ASK,
    ),
    "answer.doctype": Wording(
        Words("XML 含有文档类型或实体声明", "the XML declares a document type or entities"),
        Words("不含声明的 pain.002 XML", "plain pain.002 XML"),
        ASK,
    ),
    "answer.message": Wording(
        Words("不是对付款指令的 pain.002 状态报告", "not a pain.002 status report about a pain.001"),
        Words(
            "对 pain.001 的 pain.002.001.03 或 .10 至 .15", "pain.002.001.03 or .10 to .15 about a pain.001"
        ),
        ASK,
    ),
    "answer.structure": Wording(
        Words("报文结构与 pain.002 不符", "the message is not built as pain.002 is"),
        Words("pain.002 规定的顺序和位置", "the order and places of pain.002"),
        ASK,
    ),
    "answer.columns": Wording(
        Words("缺少约定的列", "an agreed column is missing or stands twice"),
        Words("银行资料中约定的列", "the profile's columns"),
        ASK,
    ),
    "answer.csv": Wording(
        Words("不能按 CSV 读取", "it cannot be read as CSV"),
        Words("银行资料约定的 CSV", "CSV as the bank's profile says"),
        ASK,
    ),
    "answer.no_rows": Wording(
        Words("回盘没有任何结果", "the answer says nothing of any payment"),
        Words("至少一行", "at least one row"),
        ASK,
    ),
    "answer.fields": Wording(
        Words("该行列数与表头不同", "the row has another number of fields than the header"),
        Words("与表头相同的列数", "the header's number"),
        ASK,
    ),
    "answer.id": Wording(
        Words("端到端标识缺失或不可读", "the end-to-end id is missing or not one of ours"),
        Words(
            "端到端标识，如 20-610100-91610100MA6TXXXXXX-01-01",
            "an id like 20-610100-91610100MA6TXXXXXX-01-01",
        ),
        ASK,
    ),
    "answer.status": Wording(
        Words("状态不可识别", "the status is not known"),
        Words("约定的状态之一", "a status of the agreed list"),
        ASK,
    ),
    "answer.amount": Wording(
        Words("金额不可读", "the amount cannot be read"),
        Words("大于 0 的元数，小数不超过两位", "yuan above 0 with at most two places"),
        ASK,
    ),
    "answer.currency": Wording(
        Words("币种不是人民币", "the currency is not the yuan"),
        Words("人民币 CNY", "CNY"),
        ASK,
    ),
    "answer.date": Wording(
        Words("日期不可读", "the date cannot be read"),
        Words("约定写法的日期", "a date as agreed"),
        ASK,
    ),
    "answer.contradicts_whole": Wording(
        Words("该行与整批状态相矛盾", "the row contradicts the status of its whole message"),
        Words("每笔一个结果", "one result for a line"),
        ASK,
    ),
    "answer.contradiction": Wording(
        Words("同一笔在一个文件内结果不一", "the file gives one line different results"),
        Words("每笔一个结果", "one result for a line"),
        ASK,
    ),
    "answer.repeated": Wording(
        Words("同一笔在一个文件内重复", "the file answers this line more than once"),
        Words("每笔一行", "one row for a line"),
        Words("无需处理，另一行已采用", "nothing: the other row is used"),
    ),
}
"""The refusals of the reader of an answer."""

BY_LEDGER: Mapping[str, Wording] = {
    "answer.unknown_id": Wording(
        Words("没有发起过这一笔", "no line with this id was instructed"),
        Words("已发起的端到端标识", "an id that was instructed"),
        ASK,
    ),
    "answer.wrong_amount": Wording(
        Words("金额与指令不符", "the amount is not the one instructed"),
        Words("指令中的金额", "the instructed amount"),
        ASK,
    ),
    "answer.contradiction": Wording(
        Words("与该笔的另一结果相矛盾", "it contradicts another result of the line"),
        Words("每笔一个结果", "one result for a line"),
        Words(
            "该单位暂停拨付；取得银行书面说明后由两人处理：stable-jobs returns settle",
            "the unit is stopped; with the bank's letter two people settle it: stable-jobs returns settle",
        ),
    ),
    "answer.duplicate": Wording(
        Words("银行因已有此笔而拒绝", "the bank rejects it because it has this payment already"),
        Words("银行已有此笔的处理结果", "what became of the payment that the bank has"),
        Words(
            "银行已有此笔，等待其结果，勿再发送；长期无结果的凭银行书面说明由两人处理",
            "the bank has this payment: wait for its result, send nothing again; if none comes, two people"
            " settle it by the bank's letter: stable-jobs returns settle",
        ),
    ),
    "answer.other_sender": Wording(
        Words("该行不属于此银行的批次", "the line is of a batch of another bank's"),
        Words("报送银行自己批次的记录", "lines of the sender's batches"),
        Words("查明何人放入此文件", "find out who left this file; the line's own bank must answer it"),
    ),
    "answer.other_message": Wording(
        Words("该行不在所答复的报文内", "the line is not in the message that is answered"),
        Words("所答复报文内的记录", "lines of the message that is answered"),
        ASK,
    ),
    "answer.unknown_message": Wording(
        Words("没有发出过这一报文", "no payment file with this MsgId was published"),
        Words("已发布的付款文件的 MsgId", "the MsgId of a payment file that was published"),
        ASK,
    ),
}
"""The refusals that only the ledger can give, beside the reader's own."""
