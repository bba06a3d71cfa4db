"""Refusals of the database, which are English sentences: a Chinese page finds each again by its English one.

The functions of `store/schema/functions` raise them; a test compares these sentences with theirs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from stable_jobs.messages import ledger
from stable_jobs.messages.kept import in_chinese
from stable_jobs.messages.ledger_refusals import coded
from stable_jobs.messages.policy_faults import policy_fault
from stable_jobs.words import Words

BY_DATABASE = (
    Words(
        "{on} 的夜间流程不能登记第 {decision} 号认定：该日没有此认定",
        "the night of {on} cannot take over {decision}: it is no decision of that date",
    ),
    Words(
        "批次 {batch}：第一次答复{hand}，本次{other_hand}：两者不能合并为一次审批",
        "batch {batch}: its first answer is {hand}, and this one is {other_hand}: they do not make one"
        " approval",
    ),
    Words(
        "批次 {batch}：指定 {person} 的操作未经身份验证：请登录后重新指定",
        "batch {batch}: whoever assigned {person} was not authenticated: assign them again under a login",
    ),
    Words("批次须在其业务日期以已组批状态开始", "a batch begins formed, on its night"),
    Words("批次只有状态可以改变", "of a batch only the state changes"),
    Words(
        "批次 {batch}：不能由“{state}”改为“{other_state}”",
        "batch {batch}: {state} cannot become {other_state}",
    ),
    Words(
        "批次 {batch}：其中的记录不是当时审批的记录",
        "batch {batch}: its lines are not those that were approved",
    ),
    Words(
        "批次 {batch}：须 {needed} 级审批，现有 {found} 级",
        "batch {batch}: {found} of {needed} approvals are there",
    ),
    Words("{line}：须由两人处理", "line {line}: two people must settle it"),
    Words("{line}：没有需要处理的矛盾", "line {line}: nothing is to be settled"),
    Words("审计事件 {event} 与前一事件不相连", "audit event {event} does not continue the chain"),
    Words("{line} 将拨往曾退票的账户", "line {line} would go to an account that failed"),
    Words(
        "{line}：该单位曾有退票，新账户尚无人核实",
        "line {line}: money of the unit came back, and nobody has accepted the new account",
    ),
    Words(
        "第 {number} 号更正：所输账号与录入的不同；下一步：再次核对单位来函，或重新录入账户",
        "correction {number}: the number typed is not the one that was entered; next: read it from the unit's"
        " letter again, or enter the account anew",
    ),
    Words(
        "无法确认操作人是 {person}：请先登录（stable-jobs login）",
        "nobody checked that this is {person}: log in first (stable-jobs login)",
    ),
    Words(
        "地区 {region} 的 {on} 一夜未撤销：须由另一人确认",
        "the night of {on} of region {region} is not withdrawn: another person must confirm it",
    ),
    Words(
        "地区 {region} 的 {on} 一夜未撤销：它已不是该地区的最新一夜",
        "the night of {on} of region {region} is not withdrawn: it is not the region's newest night any more",
    ),
    Words(
        "第 {number} 笔拨付：不能由“{state}”改为“{other_state}”",
        "payment {number}: {state} cannot become {other_state}",
    ),
    Words(
        "第 {number} 笔拨付：台账中没有使其成为“{state}”的依据",
        "payment {number}: nothing in the ledger makes it {state}",
    ),
    Words(
        "第 {number} 号事项：须由 {person} 以外的人确认",
        "proposal {number}: another person than {person} must confirm it",
    ),
    Words("第 {number} 号事项：驳回须说明理由", "proposal {number}: a rejection needs a reason"),
    Words(
        "地区 {region} 的一夜未登记：{cause}（{detail}）",
        "the night of region {region} is not taken over: {cause}: {detail}",
    ),
    Words(
        "审计事件 {event}：没有依据表明由 {person} 所为",
        "audit event {event}: nothing says that {person} did it",
    ),
    Words(
        "审计事件 {event}：台账不认识 {person}",
        "audit event {event}: {person} is not among the persons that the ledger knows",
    ),
    Words("台账不认识 {person}", "{person} is not among the persons that the ledger knows"),
    Words(
        "台账保留全部历史：拒绝对 {table} 执行 {operation}",
        "the ledger keeps its history: {operation} of {table} is refused",
    ),
    Words("须由 {person} 以外的人办理", "another person than {person} must do this"),
    Words(
        "单位 {uscc} 的返还将超过其所缴失业保险费",
        "unit {uscc} would get back more than the premium it paid",
    ),
    Words(
        "{person} 就 {subject} 提出的第 {number} 号事项已在等待答复",
        "proposal {number} of {person} about {subject} waits for an answer already",
    ),
    Words("批次 {batch} 不再接收记录", "batch {batch} takes no more lines"),
    Words("{line} 与其拨付不符", "line {line} is not its payment"),
    Words(
        "{line_cause}：经人裁定之前，该单位不得拨付",
        "the unit of line {line_cause} may not be paid until a person has ruled",
    ),
    Words(
        "账户户名不是单位 {uscc}：只有个体工商户的户名可以不同",
        "the account is not in the name of unit {uscc}: only an individual business's may bear another",
    ),
    Words("{uscc} 的第二份应返还", "a second entitlement of {uscc}"),
    Words("表 {table} 的一行须属于审计事件", "a row of {table} needs an audit event"),
    Words("应返还的单位和年度不可更改", "an entitlement keeps its unit and year"),
    Words(
        "地区 {region}，{on}，{act}：其最新认定的一夜为 {newest}",
        "{act} of region {region} on {on}: its newest decided night is {newest}",
    ),
    Words(
        "地区 {region}，{on}，{act}：该夜此地区已暂停",
        "{act} of region {region} on {on}: the region is held that night",
    ),
    Words(
        "地区 {region}，{on}，{act}：该日已重新认定，台账尚未登记",
        "{act} of region {region} on {on}: the date was decided again, and the ledger has not taken that"
        " over",
    ),
    Words(
        "{on} 的夜间流程不能登记第 {decision} 号认定：生效的是第 {newest} 号",
        "the night of {on} cannot take over decision {decision}: the one in force is {newest}",
    ),
    Words("批次 {batch} {state}：不再需要审批", "batch {batch} is {state}: nobody is asked any more"),
    Words("批次 {batch}：审批针对的是另外的记录", "batch {batch}: the approval is for other lines"),
    Words("批次 {batch} 须 {needed} 级审批", "batch {batch} asks for {needed} approvals"),
    Words("批次 {batch}：尚无第一级审批", "batch {batch}: the first approval is not there yet"),
    Words(
        "批次 {batch}：{person} 经手过，不得审批",
        "batch {batch}: {person} prepared it and may not approve it",
    ),
    Words(
        "批次 {batch}：{person} 已答复过；第二级审批须由另一人作出",
        "batch {batch}: {person} has answered already; the second approver is another person",
    ),
    Words(
        "批次 {batch}：{person} 未被指定为地区 {region} 的第 {level} 级审批人",
        "batch {batch}: {person} is not assigned as approver {level} of region {region}",
    ),
    Words(
        "第 {number} 号追回案件：只有夜间认定能重新决定案件",
        "recovery case {number}: only a night decides a case again",
    ),
    Words(
        "第 {number} 号追回案件：结案须两人同意，不能由 {person} 一人决定",
        "recovery case {number}: two people must agree that it ends, not {person} alone",
    ),
    Words(
        "第 {number} 号追回案件：财政的已拨付稳岗返还显示收回 {found} 元，应收回 {needed} 元："
        "带有本系统支付编号的记录须反映该笔拨付的余额，且其一夜已登记入台账",
        "recovery case {number}: finance's prior_refunds show {found} of {needed} yuan as come back: its row"
        " with our payment reference must show what is left of the payment, in a night that the ledger took"
        " over",
    ),
    Words(
        "第二人的操作{hand}，第一人的操作{other_hand}：两人共同办理的事项，身份须都经验证或都未经验证",
        "{hand} of an {other_hand} act: what two people do together is authenticated for both or for neither",
    ),
    Words(
        "地区 {region} 的第 {number} 号公示到 {on} 为止",
        "notice {number} of region {region} stands until {on}",
    ),
    Words("银行对 {line} 的答复没有前后不一", "no answer of the bank contradicts itself about line {line}"),
    Words("{line} 不属于此时发布的批次", "line {line} is not of a batch published now"),
    Words("单位 {uscc} 的拨付将超过其应返还金额", "unit {uscc} would get more than it is entitled to"),
    Words(
        "地区 {region}，{act}：拨付已暂停：{cause}（{detail}）",
        "{act} of region {region}: payments are stopped: {cause}: {detail}",
    ),
    Words(
        "表 {table} 的一行不能属于事件 {event}：下一事件为 {newest}",
        "a row of {table} cannot be of event {event}: the next one is {newest}",
    ),
    Words("代码 {uscc}：须由两人登记", "code {uscc}: two people must register it"),
    Words(
        "{table} 的记录不能属于所在事务以外的审计事件",
        "a row of {table} cannot be of another event than its transaction's",
    ),
    Words(
        "{table} 的记录所指的 {other_table} 记录不存在：{number}",
        "a row of {table} names a row of {other_table} that is not there: {number}",
    ),
    Words("拨付从公示开始", "a payment begins on notice"),
    Words(
        "第 {number} 笔拨付：没有此项应返还或公示", "payment {number}: there is no such entitlement or notice"
    ),
    Words(
        "公示记录 {number}：该公示中没有此笔拨付",
        "notice line {number}: there is no such payment on that notice",
    ),
    Words("拨付只有状态可以改变", "of a payment only the state changes"),
    Words("对 {line} 的答复与其不符", "the answer to line {line} does not fit it"),
    Words("{subject} {number} 与目录所载不同", "{subject} {number} is not what the catalog says"),
    Words(
        "表 {table} 的一行以 {person} 的名义：实际由 {other_person} 办理",
        "a row of {table} in the name of {person}: it is done by {other_person}",
    ),
    Words(
        "地区 {region} 的政策：有误的文件不能复核通过",
        "policy of region {region}: a file with a fault cannot be confirmed",
    ),
    Words("地区 {region} 的政策：须由两人复核", "policy of region {region}: two people must confirm it"),
    Words(
        "地区 {region} 的政策：第 {number} 号事项复核的不是这些参数",
        "policy of region {region}: proposal {number} does not confirm these values",
    ),
)
"""Sentences of the database's functions. The first that fits the whole text counts."""

CONSTRAINTS = (
    Words(
        "台账中已有相同的记录（约束 {constraint}）",
        'duplicate key value violates unique constraint "{constraint}"',
    ),
    Words(
        "表 {table} 不接受这样的一行（约束 {constraint}）",
        'new row for relation "{table}" violates check constraint "{constraint}"',
    ),
    Words("台账的规则不允许", "a rule of the ledger forbids it"),
)
"""Sentences of PostgreSQL itself, and the one in the place of a sentence that is not known."""

NOBODY = {
    "none": Words("无", "none"),
    "nobody": Words("未记名的人", "nobody"),
    "no date": Words("未指明日期", "no date"),
    "nobody whose login was checked": Words("未经登录验证的人", "nobody whose login was checked"),
}
ACT = {"a batch": Words("组批", "a batch"), "closing of a notice": Words("结束公示", "closing of a notice")}
PUBLISHING = re.compile(r"publishing batch (\S+)")
LINE_CAUSE = re.compile(r"(\S+): (\w+)")
STOP = {
    "hold": Words("人工暂停", "hold"),
    "policy": Words("政策参数未经复核", "policy"),
    "total": Words("总额与上次相差过大", "total"),
    "contradiction": Words("银行答复前后不一", "contradiction"),
    "doubt": Words("疑点", "doubt"),
    **ledger.DOUBT,
}
VALUES: Mapping[str, Mapping[str, Words]] = {
    "state": ledger.LEDGER_CODE,
    "hand": {**ledger.LOGIN, **{f"{code} completion": one for code, one in ledger.LOGIN.items()}},
    "cause": STOP,
    "act": ACT,
    "newest": NOBODY,
    "person": NOBODY,
    "on": NOBODY,
}
"""Place → the names of the codes that may stand in it."""
DETAIL = (
    Words("{count} 项参数无人复核；{command}", "{count} values that nobody has confirmed; {command}"),
    Words("未复核：{names}；{command}", "not confirmed: {names}; {command}"),
    Words(
        "{on} 的 {total} 元超过 {last_on} 的 {last} 元的 {factor} 倍；{command}",
        "{total} yuan on {on} are more than {factor} times the {last} yuan of {last_on}; {command}",
    ),
)
"""Details of a stop that no person wrote."""


@lru_cache(maxsize=1024)
def database_refusal(text: str) -> Words:
    """The database's sentence in both languages; an unknown one says in Chinese only that it refuses."""
    return Words(in_chinese(text, (*BY_DATABASE, *CONSTRAINTS), _value) or CONSTRAINTS[-1].zh, text)


def _value(place: str, text: str) -> str:
    """The value of a place in Chinese; a name or a number as it is."""
    if place == "line_cause" and (fits := LINE_CAUSE.fullmatch(text)):
        return f"{fits[1]}（{coded(STOP, fits[2]).zh}）"
    if place == "act" and (fits := PUBLISHING.fullmatch(text)):
        return f"发布批次 {fits[1]}"
    if place == "detail":
        return _detail(text)
    return coded(VALUES.get(place.removeprefix("other_"), {}), text).zh


def _detail(text: str) -> str:
    known = in_chinese(text, DETAIL, lambda _, value: value)
    if known is not None:
        return known
    fault, _, command = text.rpartition("; ")
    is_of_a_file = command.startswith("stable-jobs policy ")
    return f"{policy_fault(fault).zh}；{command}" if is_of_a_file else text
