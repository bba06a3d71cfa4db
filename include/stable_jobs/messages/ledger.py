"""Words of the ledger: batches, payments, answers, doubts, proposals."""

from __future__ import annotations

from collections.abc import Mapping

from stable_jobs.words import Words

BATCH_STATE = {
    "formed": Words("已组批", "Formed"),
    "published": Words("已发布", "Published"),
    "voided": Words("已作废", "Voided"),
    "refused": Words("已拒绝", "Refused"),
}

BATCH_CHECK = {
    "person_accounts": Words("人工录入账户", "Accounts entered by people"),
    "premium_accounts": Words("以缴费账户代替对公账户", "Premium accounts instead of corporate ones"),
    "later_attempts": Words("退票后重新拨付", "Later attempts after a return"),
    "shared_accounts": Words(
        "多户同账号（全年各批次、各地区）", "Units that share an account, over the year's batches and regions"
    ),
    "doubts": Words("有疑点的单位（含已裁定）", "Units in doubt, whatever was ruled"),
    "fell_out": Words("当日公示后退出的单位", "Units that fell out of notice on this date"),
    "doubtful_refunds": Words("存疑拨付记录", "Refunds in doubt"),
    "open_recoveries": Words("待追回案件", "Open recovery cases"),
    "ended_batches": Words("此前被作废或拒绝的批次", "Batches voided or refused before"),
}

DEED = {
    "objection": Words("处理过异议", "Decided an objection"),
    "account": Words("录入或确认过账户", "Entered or confirmed an account"),
    "budget": Words("录入过预算", "Entered the budget"),
    "total": Words("核准地区总额", "Accepted the region's total"),
    "delivery": Words("放行过数据", "Released a delivery"),
    "refund": Words("裁定过拨付记录", "Ruled on a refund"),
    "doubt": Words("裁定疑点", "Ruled on a doubt"),
    "new account": Words("核实退票后的新账户", "Accepted an account that followed a return"),
    "contradiction": Words("处理银行前后不一的答复", "Settled what the bank contradicted itself about"),
}

DOUBT = {
    "new_code": Words(
        "单位编号及名称或账号相同，信用代码不同", "Another code with the same unit number and name or account"
    ),
    "two_regions": Words("同一代码在两地参保且缴费相同", "One code in two regions with the same premiums"),
    "shared_account": Words("多户同账号", "Units that share an account"),
    "account_other_name": Words("同一账号户名不同", "One account under two names"),
    "unit_number_reused": Words("单位编号相同，单位不同", "One unit number, another unit"),
    "one_unit_twice": Words("同一单位有两份应返还", "Two entitlements of one unit"),
}

POLICY_CONFIRMED = {
    "demonstration": Words("演示参数，未经任何人复核", "the demonstration's own, confirmed by nobody"),
    "no": Words("未经复核", "not confirmed"),
}

ACCOUNT_SOURCE = {
    "corporate": Words("对公账户", "Corporate account"),
    "premium": Words("缴费账户", "Premium account"),
    "person": Words("人工更正", "Corrected by people"),
}

FAULT = {
    "payee_account": Words("收款账号有误", "The payee's account is wrong"),
    "payee_name": Words("收款户名不符", "The payee's name differs"),
    "regulatory": Words("监管原因", "A regulatory reason"),
    "our_account": Words("付款账户的问题", "Our own account is at fault"),
    "our_file": Words("付款文件的问题", "Our own file is at fault"),
    "bank": Words("银行的问题", "The bank is at fault"),
    "unknown": Words("原因不明", "The cause is not known"),
}
"""What was at fault for a return, as the bank's profile maps its reasons."""

GIVEN_ANSWER = {"approved": Words("已同意", "Approved"), "refused": Words("已拒绝", "Refused")}

WHY_NOT = {
    "ended": Words("批次已结束，不再需要审批。", "The batch has ended: nobody is asked any more."),
    "complete": Words(
        "审批已齐，下一次拨付运行即发布。",
        "It has every approval it needs: the next disbursement run publishes it.",
    ),
    "no_role": Words("您的角色不能审批批次。", "Answering for a batch is not for your role."),
    "prepared": Words(
        "您经手过本批次中的记录，须由他人审批。",
        "You had a hand in a line of this batch: another person must answer.",
    ),
    "answered": Words(
        "您已答复过本批次，第二级审批须由另一人作出。",
        "You have answered for this batch: a second approval is another person's.",
    ),
    "not_assigned": Words(
        "您未被指定为本地区该级审批人。须由他人指定：stable-jobs approver add。",
        "You are not assigned as approver of this level for this region. Another person assigns you:"
        " stable-jobs approver add.",
    ),
    "unchecked": Words(
        "指定您为审批人的操作未经身份验证。请工程师登录后重新指定：先 stable-jobs login，"
        "再 stable-jobs approver add。",
        "Whoever assigned you was not authenticated. An engineer assigns you again: stable-jobs login,"
        " then stable-jobs approver add.",
    ),
    "mixed": Words(
        "本批次已有演示环境命令行上未经验证的审批，登录后的审批不能与之合并计算。",
        "This batch has an unauthenticated answer from the command line of the demonstration: an answer"
        " under a login does not count beside it.",
    ),
}

ANSWERED_IN = {
    "airflow": Words("Airflow", "Airflow"),
    "browser": Words("浏览器", "Browser"),
    "command line": Words("命令行", "Command line"),
}

PROPOSAL_ANSWER = {"confirmed": Words("已确认", "Confirmed"), "rejected": Words("已驳回", "Rejected")}

LOGIN = {
    "authenticated": Words("已验证", "Authenticated"),
    "unauthenticated": Words("未经验证", "Unauthenticated"),
}

ANSWER_SAID = {
    "sent": Words(
        "您的答复已提交，Airflow 任务将在数秒内记入台账。请稍后再看。",
        "Your answer is on its way: Airflow's task puts it into the ledger within seconds. Look again.",
    ),
    "no_question": Words(
        "未作任何更改：Airflow 此刻没有就本批次向您提问。请为其业务日期运行 DAG disbursement，"
        "一分钟内即会提问。",
        "Nothing was changed: Airflow does not ask you about this batch right now. Run the DAG"
        " disbursement for its business date; it asks within a minute.",
    ),
    "no_reason": Words(
        "未作任何更改：拒绝须说明理由，请填写理由。",
        "Nothing was changed: a refusal says why. Give a reason.",
    ),
}

LEDGER_TABLE = {
    "sums": Words("应返还（元）", "Entitlements (yuan)"),
    "changes": Words("拨付及状态变化", "Payments, change by change"),
    "lines": Words("批次中的记录", "Lines in batches"),
    "objections": Words("异议", "Objections"),
    "recoveries": Words("追回案件", "Recovery cases"),
    "refunds": Words("财政报送的拨付记录", "Refunds that finance reports"),
    "doubts": Words("疑点", "Doubts"),
    "disagreements": Words("认定与台账金额不一致", "Decision and ledger disagree"),
    "codes": Words("单位历次代码", "Codes of the unit"),
}

LEDGER_COLUMN = {
    "id": Words("编号", "Number"),
    "year": Words("政策年度", "Policy year"),
    "scheme": Words("返还类型", "Scheme"),
    "entitled": Words("应返还", "Entitled"),
    "outside": Words("系统外已拨", "Paid outside"),
    "paid": Words("本系统已拨", "Paid by us"),
    "open": Words("未结", "Open"),
    "waived": Words("视为放弃", "Waived"),
    "recovering": Words("待追回", "To be recovered"),
    "decided": Words("认定日期", "Decided on"),
    "payment": Words("拨付", "Payment"),
    "yuan": Words("元", "Yuan"),
    "state": Words("状态", "State"),
    "night": Words("业务日期", "Business date"),
    "at": Words("时间", "When"),
    "by": Words("经办人", "Who"),
    "reason": Words("原因", "Reason"),
    "event": Words("事件", "Event"),
    "line": Words("序号", "Line"),
    "batch": Words("批次", "Batch"),
    "bank": Words("银行", "Bank"),
    "account": Words("账号（掩码）", "Account (masked)"),
    "source": Words("来源", "Source"),
    "instructed": Words("拨付指令日期", "Instructed on"),
    "answer": Words("银行回盘", "The bank's answer"),
    "bank's reason": Words("银行原因", "The bank's reason"),
    "then said": Words("银行后来答复", "What the bank said then"),
    "objection": Words("异议", "Objection"),
    "entered by": Words("录入人", "Entered by"),
    "decision": Words("认定结果", "Decision"),
    "decided by": Words("处理人", "Decided by"),
    "why": Words("原因", "Why"),
    "cause": Words("缘由", "Cause"),
    "opened": Words("立案日期", "Opened on"),
    "outcome": Words("结果", "Outcome"),
    "closed by": Words("结案人", "Closed by"),
    "paid on": Words("拨付日期", "Paid on"),
    "voucher": Words("凭证号", "Voucher"),
    "reference": Words("支付编号", "Payment reference"),
    "standing": Words("认定", "Standing"),
    "ruling": Words("裁定", "Ruling"),
    "ruled by": Words("裁定人", "Ruled by"),
    "doubt": Words("疑点", "Doubt"),
    "one": Words("单位", "Unit"),
    "other": Words("另一单位", "Other unit"),
    "sharing": Words("同账号户数", "Units that share"),
    "effect": Words("效力", "Effect"),
    "payable": Words("认定：应拨付", "Decision: payable"),
    "already paid": Words("认定：已拨付", "Decision: already paid"),
    "to pay": Words("台账：待拨付", "Ledger: to pay"),
    "counted as paid": Words("台账：计为已拨付", "Ledger: counted as paid"),
    "old code": Words("原代码", "Old code"),
    "new code": Words("新代码", "New code"),
}

LEDGER_CODE = {
    "on_notice": Words("公示中", "On notice"),
    "objected": Words("有异议", "Objected to"),
    "cleared": Words("公示期满", "Cleared"),
    "batched": Words("已入批次", "In a batch"),
    "instructed": Words("已发拨付指令", "Instructed"),
    "paid": Words("已拨付", "Paid"),
    "returned": Words("已退回", "Returned"),
    "corrected": Words("已更正", "Corrected"),
    "withdrawn": Words("已退出", "Withdrawn"),
    "waived": Words("视为放弃", "Waived"),
    "open": Words("未结", "Open"),
    "upheld": Words("异议成立", "Upheld"),
    "dismissed": Words("异议不成立", "Dismissed"),
    "recovered": Words("已追回", "Recovered"),
    "dropped": Words("已撤销", "Dropped"),
    "superseded": Words("已被取代", "Superseded"),
    "revoked": Words("资格取消", "Entitlement revoked"),
    "lowered": Words("金额调低", "Entitlement lowered"),
    "paid_twice": Words("重复支付", "Paid twice"),
    "ours": Words("本系统拨付", "Ours"),
    "differs": Words("本系统拨付，金额不符", "Ours, another amount"),
    "doubtful": Words("存疑", "In doubt"),
    "same": Words("同一笔拨付", "The same payment"),
    "outside": Words("另一笔拨付", "Another payment"),
    **DOUBT,
    "two_units": Words("不同单位", "Different units"),
    "same_unit": Words("同一单位", "The same unit"),
    "gone": Words("当夜数据已无此疑点", "No longer shown by a night"),
    "stops": Words("暂停拨付", "Stops the payment"),
    "shown": Words("仅提示", "Is shown"),
    "amounts": Words("金额不同", "Different amounts"),
    "codes_together": Words("同一单位同夜有两个代码", "Two codes of one unit on one night"),
    "code_claimed_twice": Words("两个单位使用同一原注册号", "Two units claim one old number"),
    "labor": Words("人社部门报送", "Labor's delivery"),
    **BATCH_STATE,
    **ACCOUNT_SOURCE,
}

WAITS_FOR = {
    "year_over": Words("上年度未拨付，须人工处理", "a person: it is of a policy year that is over"),
    "approval": Words("审批", "approval"),
    "objection": Words("异议处理", "a decision on the objection"),
    "account_correction": Words("更正账户", "a corrected account"),
    "hold": Words("暂停拨付", "release of the hold"),
    "doubt": Words("疑点裁定", "a ruling on a doubt"),
    "disagreement": Words("核对认定与台账金额", "decision and ledger say the same"),
    "policy": Words("复核政策参数", "a second person's word on the region's policy values"),
    "total": Words("核对地区总额", "a person's word on the region's total"),
    "refund_in_doubt": Words("核对财政已拨付", "a ruling on finance's refund"),
    "review_level": Words("审批层级", "a known size"),
    "name": Words("单位名称更正", "a name that a bank can take"),
    "account": Words("可用账户", "an account that a bank can take"),
    "another_account": Words("另一账户，原账户已退票", "another account than the one that failed"),
    "account_acceptance": Words(
        "经办人核实退票后的新账户", "a person's word on the account that followed a return"
    ),
    "next_batch": Words("下一晚的批次", "the batch of the next night"),
    "first_payment": Words("前一笔的银行结果", "the bank's result of the payment before it"),
    "contradiction": Words(
        "银行前后不一的处理", "two people's word on what the bank contradicts itself about"
    ),
    "budget": Words("预算", "budget"),
}
"""The act or event for which a payment waits, in the list of payments that did not go out."""

WAIVED = {
    "returned": Words("银行退回，未更正", "returned and not corrected"),
    "objected": Words("异议未决", "objection not decided"),
    "undecided": Words("未能认定", "undecided"),
}
"""How a payment stood at the deadline, in the list of those that are waived."""

UNPAID = {
    "no_night": Words(
        "该地区没有有效的一夜：请运行 stable-jobs night --date {on}",
        "no night of the region counts: run `stable-jobs night --date {on}`",
    ),
    "nothing_came": Words(
        "{on} 没有报送：最新一夜为 {night}", "it sent nothing for {on}: its newest night is {night}"
    ),
    "never_came": Words(
        "{on} 没有报送，也没有有效的一夜", "it sent nothing for {on} and has no night that counts"
    ),
    "withdrawn": Words(
        "{on} 一夜已撤销：最新一夜为 {night}", "the night of {on} was withdrawn: its newest night is {night}"
    ),
    "older_night": Words(
        "没有 {on} 一夜：最新一夜为 {night}", "there is no night of {on}: its newest night is {night}"
    ),
    "newer_night": Words("最新一夜为 {night}：请拨付该日", "its newest night is {night}: disburse that date"),
    "held": Words("该夜已暂停：{detail}", "held that night: {detail}"),
    "notice": Words("公示至 {detail}", "on public notice until {detail}"),
    "approval": Words("批次 {detail} 等待答复", "batch {detail} waits for an answer"),
    "objection": Words(
        "等待异议处理：stable-jobs objection list",
        "a decision on the objection: `stable-jobs objection list`",
    ),
    "account_correction": Words(
        "等待另一账户：stable-jobs returns list", "another account: `stable-jobs returns list`"
    ),
    "hold": Words("已暂停拨付：{detail}", "payments are held: {detail}"),
    "budget": Words("稳岗返还预算不足", "the refund budget does not reach"),
    "refund_in_doubt": Words(
        "等待核对财政已拨付：stable-jobs refund list",
        "a ruling on finance's refund: `stable-jobs refund list`",
    ),
    "year_over": Words("上年度未拨付，须人工处理", "a person: it is of a policy year that is over"),
    "review_level": Words("划型不明，无法确定审批级别", "a known size"),
    "account": Words("等待银行可用的账户", "an account that a bank can take"),
    "next_night": Words(
        "等待下一夜，计入此后的变化", "the next night, which weighs what changed since this one"
    ),
}
"""The reason why payments did not go out on a date, for the person who ran the disbursement."""

PROPOSAL_KIND = {
    "code_registration": Words("登记统一社会信用代码", "registration of a licence's code"),
    "recovery_closing": Words("追回结案", "end of a recovery case"),
    "night_withdrawal": Words("撤销夜间认定", "withdrawal of a night"),
    "contradiction": Words("银行答复矛盾的处理", "what the bank's contradicting answers come to"),
    "policy": Words("政策参数", "Values of a region's policy"),
}

GROUPS: Mapping[str, Mapping[str, Words]] = {
    "batch_state": BATCH_STATE,
    "batch_check": BATCH_CHECK,
    "deed": DEED,
    "policy_confirmed": POLICY_CONFIRMED,
    "account_source": ACCOUNT_SOURCE,
    "fault": FAULT,
    "given_answer": GIVEN_ANSWER,
    "answered_in": ANSWERED_IN,
    "login": LOGIN,
    "proposal_answer": PROPOSAL_ANSWER,
    "proposal_kind": PROPOSAL_KIND,
    "unpaid": UNPAID,
    "why_not": WHY_NOT,
    "answer_said": {**WHY_NOT, **ANSWER_SAID},
    "ledger_table": LEDGER_TABLE,
    "ledger_column": LEDGER_COLUMN,
    "ledger_code": LEDGER_CODE,
    "doubt": {**DOUBT, "disagreement": LEDGER_TABLE["disagreements"]},
}
