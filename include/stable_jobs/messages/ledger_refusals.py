"""Refusals of a person's act: the sentence of each code, in Chinese and English.

The code raises a refusal by its code and the values of its places. `messages.database` has the sentences of
the database.
"""

from __future__ import annotations

from collections.abc import Mapping

from stable_jobs.messages.message import Message
from stable_jobs.words import Words

REFUSED = {
    "act_unknown": Words(
        "第 {number} 号事项的种类为本版本所不识",
        "proposal {number} is of a kind that this version does not know",
    ),
    "reason_missing": Words("{what}须说明理由", "{what} needs a reason"),
    "unchanged": Words("未作任何更改：{problem}", "nothing was changed: {problem}"),
    "text_nul": Words("{what}须为文本：其中有空字符", "{what} is text: this one has a NUL character"),
    "text_account": Words(
        "{what}中有账号：它将永久保存并供多人查阅，请删去账号",
        "{what} shows an account number: it is kept for good and read by many; leave it out",
    ),
    "text_long": Words(
        "{what}最多 {most} 字，现有 {found} 字",
        "{what} has at most {most} characters, this one has {found}",
    ),
    "delivery_unknown": Words(
        "没有第 {number} 号报送：stable-jobs delivery list 可查看",
        "there is no delivery {number}; `stable-jobs delivery list` lists them",
    ),
    "delivery_not_held": Words(
        "第 {number} 号报送的状态为“{status}”，没有规则使其暂不采用：无可放行。被拒收的报送须重新报送",
        "delivery {number} is {status} and no rule holds it: nothing to release. A refused delivery has to be"
        " sent again",
    ),
    "correction_not_waiting": Words(
        "第 {number} 号更正不在等待确认：stable-jobs returns list 可查看",
        "correction {number} waits for nobody: `stable-jobs returns list` shows those that do",
    ),
    "file_missing": Words(
        "{file} 不在其文件夹中；下一步：stable-jobs ledger verify",
        "{file} is not in its folder; next: stable-jobs ledger verify",
    ),
    "file_changed": Words(
        "{file} 不是当时发布的文件：SHA-256 应为 {expected}，实际为 {found}；不予提供；"
        "下一步：查明何人改动（stable-jobs ledger verify）",
        "{file} is not the file that was published: expected SHA-256 {expected}, found {found}; it is not"
        " given out; next: find out who changed it, with stable-jobs ledger verify",
    ),
    "decided_again": Words(
        "{on}：该日已重新认定，台账尚未登记：应为第 {expected} 号认定，实际为第 {found} 号；"
        "下一步：将 {on} 的夜间流程运行到底",
        "{on}: the date was decided again and the ledger has not taken that over yet: expected decision"
        " {expected}, found {found}; next: run the night of {on} to its end",
    ),
    "not_on_notice": Words(
        "地区 {region} 的 {uscc} 不在公示中：异议提出过晚或过早",
        "{uscc} in region {region} is not on notice: an objection comes too late or too early",
    ),
    "objection_unknown": Words(
        "没有第 {number} 号异议：stable-jobs objection list 可查看",
        "there is no objection {number}: `stable-jobs objection list` shows them",
    ),
    "objection_decided": Words(
        "第 {number} 号异议已处理：{outcome}", "objection {number} was decided: {outcome}"
    ),
    "evidence_not_kept": Words(
        "第 {decision} 号认定作出时，台账尚未留存认定依据：不据此拨付；"
        "下一步：为其业务日期再运行一次 stable-jobs night",
        "decision {decision} was made before the ledger kept what a decision stands on: no money moves on it;"
        " next: run `stable-jobs night` for its date once more",
    ),
    "evidence_changed": Words(
        "第 {decision} 号认定：目录中的 {subject} {number} 与台账登记时不同：不据此拨付；"
        "下一步：查明何人改动（stable-jobs ledger verify）",
        "decision {decision}: {subject} {number} of the catalog is not what it was when the ledger took the"
        " decision over: no money moves on it; next: find out who changed it, with `stable-jobs ledger"
        " verify`",
    ),
    "not_returned": Words(
        "{line} 不是已退回的拨付：stable-jobs returns list 可查看",
        "{line} is no returned payment: `stable-jobs returns list` shows those",
    ),
    "policy_confirmed": Words(
        "地区 {region}：{on} 的各项参数均已复核，没有需要提出的",
        "region {region}: every value for {on} is confirmed: there is nothing to propose",
    ),
    "total_unknown": Words(
        "地区 {region}，{on}：没有该夜的总额", "region {region} on {on}: no total of that night is known"
    ),
    "total_accepted": Words(
        "地区 {region}，{on}：{person} 已核准", "region {region} on {on}: {person} accepted it"
    ),
    "total_stops_nothing": Words(
        "地区 {region}，{on}：其总额未使拨付暂停", "region {region} on {on}: its total stops nothing"
    ),
    "proposal_not_waiting": Words(
        "第 {number} 号事项不在等待复核：stable-jobs proposal list 可查看",
        "proposal {number} waits for nobody: `stable-jobs proposal list` shows those that do",
    ),
    "code_registered": Words(
        "地区 {region} 已登记代码 {uscc}：stable-jobs code list 可查看",
        "code {uscc} is registered for region {region}: `stable-jobs code list` shows it",
    ),
    "closing_outcome": Words(
        "追回案件由人结案时只能是已追回（recovered）或已撤销（dropped），不能是 {outcome}",
        "a person closes a recovery case as recovered or dropped, not as {outcome}",
    ),
    "case_not_open": Words(
        "第 {number} 号追回案件未在办理：stable-jobs recovery list 可查看",
        "recovery case {number} is not open: `stable-jobs recovery list` shows those that are",
    ),
    "settlement_outcome": Words(
        "处理结论只能是已拨付（paid）或已退回（returned），不能是 {outcome}",
        "a line is settled as paid or returned, not as {outcome}",
    ),
    "nothing_to_settle": Words(
        "{line} 没有需要处理的矛盾：stable-jobs returns list 可查看",
        "about {line} nothing is to be settled: `stable-jobs returns list` shows what is",
    ),
    "other_under_way": Words(
        "该单位另有一笔拨付在途：待银行答复后再处理",
        "another payment of the unit is under way: settle this once the bank has answered it",
    ),
    "no_new_account": Words(
        "{line} 之后没有待核实的新账户：stable-jobs returns list 可查看",
        "no new account waits after {line}: `stable-jobs returns list` shows those that do",
    ),
    "night_not_newest": Words(
        "{on} 不是 {region} 任何地区的最新一夜；最新一夜：{newest}；只能撤销地区的最新一夜",
        "the night of {on} is the newest night of no region of {region}; found: {newest}; only a region's"
        " newest night can be withdrawn",
    ),
    "hand_unknown": Words(
        "无法确认操作人是 {person}：须登录后操作",
        "nothing says that this is {person}: a person's act needs a login",
    ),
    "name_invisible": Words("姓名中没有可见的字符", "a person's name has no character that can be seen"),
    "name_alike": Words(
        "{person} 与台账中的 {known} 外形相似：若为同一人，请写 {known}，否则请用不会混淆的姓名"
        "（{person_spelled} 不是 {known_spelled}）",
        "{person} looks like {known}, whom the ledger knows: write {known} if it is the same person, else a"
        " name that nobody can mistake ({person_spelled} is not {known_spelled})",
    ),
    "region_not_held": Words("地区 {region} 未暂停拨付", "payments of region {region} are not held"),
    "doubt_outcome": Words(
        "疑点只能裁定为不同单位（cleared）或同一单位（same），不能是 {outcome}",
        "a doubt is ruled cleared or same, not {outcome}",
    ),
    "doubt_not_open": Words(
        "第 {number} 号疑点未在等待裁定：stable-jobs doubt list 可查看",
        "doubt {number} is not open: `stable-jobs doubt list` shows those that are",
    ),
    "refund_not_in_doubt": Words(
        "第 {number} 号拨付记录不存疑：stable-jobs refund list 可查看",
        "refund {number} is not in doubt: `stable-jobs refund list` shows those that are",
    ),
    "batch_unknown": Words(
        "没有批次 {batch}：stable-jobs batch list 可查看",
        "there is no batch {batch}: `stable-jobs batch list` shows them",
    ),
    "assigns_self": Words(
        "{person} 不能指定自己：须由他人指定", "{person} cannot assign themselves: another person must"
    ),
    "unit_unknown": Words(
        "台账中没有地区 {region} 的 {uscc}：stable-jobs explain 说明其认定情况（{uscc}）",
        "the ledger knows no {uscc} in region {region}: `stable-jobs explain {uscc} --date D` says why it was"
        " or was not decided",
    ),
    "batch_ended": Words(
        "批次 {batch} {state}：不再需要审批", "batch {batch} is {state}: nobody is asked any more"
    ),
    "approval_answered": Words(
        "批次 {batch}：第 {level} 级审批已由 {person} 答复：{answer}",
        "batch {batch}: approval {level} is answered: {person} {answer} it",
    ),
    "batch_complete": Words(
        "批次 {batch} 审批已齐：下一次拨付运行即发布",
        "batch {batch} has every approval it needs: the next disbursement publishes it",
    ),
    "approval_before": Words(
        "批次 {batch} 等待第 {waits} 级审批，尚未到第 {level} 级",
        "batch {batch} waits for approval {waits} first, not for {level}",
    ),
    "other_hash": Words(
        "批次 {batch}：其哈希为 {hash}，与所给不同：请重新核对",
        "batch {batch}: its hash is {hash}, not the one given: look again",
    ),
    "approver_not_assigned": Words(
        "{person} 未被指定为地区 {region} 的第 {level} 级审批人：stable-jobs approver list 可查看",
        "{person} is not assigned as approver {level} of exactly region {region}: `stable-jobs approver list`"
        " shows who is assigned where",
    ),
    "login_here": Words(
        "无法确认操作人是 {person}：本目录的 Airflow 正在运行，请先登录（stable-jobs login）",
        "nobody checked that this is {person}: an Airflow runs for this home, so log in to it first"
        " (stable-jobs login)",
    ),
    "login_first": Words(
        "无法确认操作人是 {person}：请先登录正在运行的 Airflow（stable-jobs login --url …；"
        "make up 可在本机启动）。只有演示环境不核实姓名",
        "nobody checked that this is {person}: log in to the running Airflow first (stable-jobs login --url"
        " …; make up starts one on this machine). Only a demonstration takes a name on trust",
    ),
    "not_your_role": Words(
        "{server}：您的角色不能办理 {act}：见 docs/how-to/log-in.md",
        "{server}: {act} is not for your role: see docs/how-to/log-in.md",
    ),
}
"""Refusals that the code raises."""

TEXT_OF = {
    "reason": Words("理由", "the reason"),
    "evidence": Words("证明", "the evidence"),
    "rejection": Words("驳回", "a rejection"),
    "release": Words("放行", "a release"),
    "acknowledgement": Words("知悉", "an acknowledgement"),
}
"""The text or the act that a refusal is about."""


NONE = Words("无", "none")


def refusal(code: str, /, **given: object) -> Message:
    """The refusal of that code with the values of its places; KeyError for an unknown code."""
    return Message(code, REFUSED[code], given)


def coded(group: Mapping[str, Words], code: str) -> Words:
    """A value that English sentences write as its code and Chinese ones by its name in the group."""
    return Words(group[code].zh, code) if code in group else Words(code, code)


GROUPS: Mapping[str, Mapping[str, Words]] = {"ledger_refusal": REFUSED, "text_of": TEXT_OF}
