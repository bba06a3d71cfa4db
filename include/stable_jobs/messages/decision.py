"""Words of a decision: schemes, sizes, tests, their inputs, reasons, amounts, the explanation."""

from __future__ import annotations

from collections.abc import Mapping

from stable_jobs.words import Words

SCHEME = {
    "general": Words("一般返还", "General scheme"),
    "difficult": Words("困难企业返还", "Scheme for firms in difficulty"),
}

SCHEME_IN_LISTS = {"general": Words("一般", "general"), "difficult": Words("困难", "difficult")}
"""The short names in a list's column."""

SIZE = {
    "large": Words("大型", "Large"),
    "medium": Words("中型", "Medium"),
    "small": Words("小型", "Small"),
    "micro": Words("微型", "Micro"),
}

SEGMENT = {
    "eligible": Words("符合", "Eligible"),
    "payable": Words("应付金额", "Payable"),
    "ineligible": Words("不符合", "Ineligible"),
    "undecided": Words("待定", "Undecided"),
    "quarantined": Words("已隔离", "Quarantined"),
    "held": Words("地区暂停", "Region held"),
    "accepted": Words("已接收", "Accepted"),
    "units_in": Words("参与单位", "Units in"),
    "readable": Words("未被隔离", "Not quarantined"),
    "decided": Words("已认定", "Decided"),
    "base": Words("计入返还基数", "In the base"),
    "late_fee": Words("滞纳金", "Late fees"),
    "outside_year": Words("入库不在基数年度", "Paid outside the year"),
    "earlier_back_payment": Words("补缴以前年度", "Back payments for earlier years"),
    "orphan": Words("无对应单位", "Matches no unit"),
    "appeared": Words("新增", "Appeared"),
    "gone": Words("消失", "Gone"),
    "changed": Words("变化", "Changed"),
    "paid": Words("已拨付", "Paid"),
    "returned": Words("已退回", "Returned"),
    "unanswered": Words("银行未回盘", "Not answered by the bank"),
}

TEST = {
    "in_scope": Words("单位类型在范围内", "Legal form in scope"),
    "active": Words("正常参保", "Insured and active"),
    "paid_months": Words("缴费月数", "Months paid"),
    "no_arrears": Words("无欠费", "No arrears"),
    "layoff_rate": Words("裁员率未超上限", "Layoff rate within the cap"),
    "headcount_held": Words("参保人数保持", "Headcount held"),
    "size_known": Words("划型明确", "Size class known"),
    "not_excluded": Words("未列入惩戒限制名单", "On no exclusion list"),
    "account_known": Words("账户明确", "Account known"),
    "fund_able": Words("基金备付充足", "Fund reserve sufficient"),
    "in_time": Words("在期限内", "In time"),
    "applied": Words("申请情况", "Applied for"),
}

REASON = {
    "in_scope": Words("单位类型不在返还范围", "Legal form is not in scope"),
    "active": Words("未正常参保，或税务登记已注销", "Not actively insured, or the taxpayer is cancelled"),
    "paid_months": Words("累计缴费月数不足", "Too few paid months"),
    "no_arrears": Words("存在失业保险费欠费", "Unemployment-insurance premium is in arrears"),
    "layoff_rate": Words("裁员率高于规定上限", "Layoff rate is above the cap"),
    "headcount_held": Words("最近月参保人数降幅过大", "Headcount fell too far below last year's average"),
    "size_known": Words("企业划型不明", "Size class is not known"),
    "not_excluded": Words("列入惩戒或限制名单", "On an exclusion list"),
    "account_known": Words("无可用收款账户", "No usable payee account"),
    "fund_able": Words(
        "统筹地区基金备付月数低于规定", "The pooling region's fund reserve is below the minimum"
    ),
    "in_time": Words("超过截止日期", "After the deadline"),
    "applied": Words("未申请或未签署承诺书", "No application, or the commitment is not signed"),
    "in_scope_unknown": Words("单位类型缺失", "Legal form is missing"),
    "active_unknown": Words("纳税人状态不明", "Taxpayer status is not known"),
    "paid_months_unknown": Words("缴费月数不明", "Paid months are not known"),
    "no_arrears_unknown": Words("欠费情况不明", "Arrears are not known"),
    "layoff_rate_unknown": Words("裁员率不明", "Layoff rate is not known"),
    "headcount_held_unknown": Words("最近月参保人数不明", "The newest month's headcount is not known"),
    "size_known_unknown": Words("企业划型不明", "Size class is not known"),
    "not_excluded_unknown": Words(
        "惩戒与限制名单情况不明", "Whether it is on an exclusion list is not known"
    ),
    "account_known_unknown": Words("无可用收款账户", "No usable payee account is known"),
    "fund_able_unknown": Words("统筹地区基金结余不明", "The pooling region's fund balance is not known"),
    "in_time_unknown": Words("是否按时申请不明", "Whether the application is in time is not known"),
    "applied_unknown": Words(
        "申报与记录不符或申请情况不明", "The application differs from the records, or is not known"
    ),
    "already_paid_unknown": Words("已拨付金额不明", "What was already paid is not known"),
    "entitlement_unknown": Words("应返还金额不明", "The amount of the refund is not known"),
}
"""The sentence of each code in `reasons`: a test that failed, or one that is unknown."""

TEST_INPUT = {
    "legal_form": Words("单位类型", "Legal form"),
    "insured_since": Words("参保日期", "Insured since"),
    "insured_status": Words("参保状态", "Insurance status"),
    "is_cancelled": Words("税务登记已注销", "Taxpayer cancelled"),
    "is_abnormal": Words("非正常纳税人", "Taxpayer abnormal"),
    "months_paid": Words("累计缴费月数", "Different fee months paid"),
    "arrears_amount": Words("欠费（元）", "Arrears (yuan)"),
    "december_before": Words("前年12月参保人数", "Insured, December of the year before last"),
    "december_last": Words("上年12月参保人数", "Insured, December of last year"),
    "january_last": Words("上年1月参保人数", "Insured, January of last year"),
    "year_sum": Words("上年各月参保人数之和", "Insured, sum over last year's months"),
    "year_months": Words("上年有记录的月数", "Months of last year reported"),
    "claimants": Words("上年领金人数", "Claimants of last year"),
    "layoffs": Words("上年裁员人数", "Layoffs of last year"),
    "natural_attrition": Words("上年自然减员人数", "Natural attrition of last year"),
    "headcount": Words("参保人数", "Headcount"),
    "policy_size": Words("适用划型", "Size class that counts"),
    "economy_size": Words("经信划型", "Size class from economy"),
    "layoff_formula": Words("公式", "Formula"),
    "layoff_rate": Words("裁员率", "Layoff rate"),
    "newest_count": Words("最近月参保人数", "Insured, newest month"),
    "size_cause": Words("划型不明原因", "Why the size is not known"),
    "is_parent_size": Words("按上级单位划型", "The parent's size"),
    "is_by_reference": Words("参照纳入", "In scope by reference"),
    "is_dispatch": Words("劳务派遣", "Labour dispatch"),
    "list_serious_dishonesty": Words("列入：严重失信", "Listed: serious dishonesty"),
    "list_judgment_defaulter": Words("列入：失信被执行人", "Listed: judgment defaulter"),
    "list_wage_arrears": Words("列入：拖欠工资", "Listed: wage arrears"),
    "list_zombie": Words("列入：僵尸企业", "Listed: zombie enterprise"),
    "list_obsolete_capacity": Words("列入：落后产能", "Listed: obsolete capacity"),
    "list_environmental_penalty": Words("列入：环保处罚", "Listed: environmental penalty"),
    "account_source": Words("账户来源", "Where the account is from"),
    "rolling_balance": Words("基金滚存结余（元）", "Rolling balance of the fund (yuan)"),
    "annual_payout": Words("基金年支出（元）", "Annual payout of the fund (yuan)"),
    "fund_cause": Words("结余不明原因", "Why the balance is not known"),
    "business_date": Words("业务日期", "Business date"),
    "lane": Words("办理方式", "Lane"),
    "applied_on": Words("申请日期", "Applied on"),
    "is_signed": Words("已签承诺书", "Commitment signed"),
    "declared_headcount": Words("申报人数", "Headcount declared"),
    "declared_size": Words("申报划型", "Size class declared"),
}

PLAIN_VALUE = {
    "true": Words("是", "yes"),
    "false": Words("否", "no"),
    "no_application": Words("免申即享", "No application needed"),
    "application": Words("须申请", "On application"),
    "december": Words("12月", "December"),
    "monthly_average": Words("月平均", "Monthly average"),
    "missing": Words("缺失", "missing"),
    "quarantined": Words("已隔离", "quarantined"),
    "conflict": Words("相互矛盾", "contradictory"),
    "clash": Words("列在同时属于另一单位的编号之下", "under a number that is another unit's, too"),
    "parent_code": Words("总机构代码有误", "the parent's code is wrong"),
}

CAUSE = {
    "missing": Words("没有记录或该项为空", "no record, or the field is empty"),
    "quarantined": Words("记录未通过校验，已隔离", "a record broke a rule and is quarantined"),
    "differs": Words("与记录不一致", "differs from the records"),
    "conflict": Words("记录互相矛盾", "records contradict each other"),
    "clash": Words(
        "原注册号同时是另一单位的编号，无法区分",
        "its old number is another unit's own key: whose the rows are is not known",
    ),
    "old_number": Words(
        "仅有15位原注册号，按18位代码列示的数据无法对应",
        "known by an old 15-digit number only: what lists by codes cannot be joined",
    ),
    "parent_code": Words("总机构代码有误", "the parent's code is wrong"),
    "too_large": Words("金额过大，无法计算", "too large to be an amount"),
}
"""Why something is owed: a sentence of the work list."""

AMOUNT = {
    "headcount": Words("参保人数", "Headcount"),
    "months_paid": Words("累计缴费月数", "Different fee months paid"),
    "premium_base": Words("返还基数（元）", "Premium base (yuan)"),
    "refund_rate": Words("返还比例", "Refund rate"),
    "benefit_months": Words("补助月数", "Months of benefit"),
    "monthly_benefit": Words("月失业保险金标准（元）", "Monthly benefit (yuan)"),
    "entitlement": Words("应返还金额（元）", "Entitlement (yuan)"),
    "already_paid": Words("已拨付（元）", "Already paid (yuan)"),
    "payable": Words("应付金额（元）", "Payable (yuan)"),
}

OUTCOME = {
    "pass": Words("通过", "pass"),
    "fail": Words("不通过", "fail"),
    "unknown": Words("不明", "unknown"),
}

EXPLANATION = {
    **OUTCOME,
    "taken": Words("采用", "taken"),
    "not_taken": Words("未采用", "not taken"),
    "inputs": Words("依据", "inputs"),
    "threshold": Words("标准", "threshold"),
    "law": Words("政策依据", "legal reference"),
    "rows": Words("来源", "from"),
    "row": Words("第{}行", "row {}"),
    "quarantined": Words("已隔离：{}", "quarantined: {}"),
    "held": Words("本夜未作认定", "not decided this night"),
    "not_set": Words("未设定", "not set"),
    "amounts": Words("金额", "amounts"),
    "demo": Words("演示值", "demo value"),
    "level": Words("{}级设定", "set by {}"),
    "delivery": Words("报送 {}", "delivery {}"),
}
"""The words around values in `stable-jobs explain` and on the page of an enterprise."""

GROUPS: Mapping[str, Mapping[str, Words]] = {
    "scheme": SCHEME,
    "size": SIZE,
    "segment": SEGMENT,
    "test": TEST,
    "reason": REASON,
    "cause": CAUSE,
    "explanation": EXPLANATION,
    "test_input": TEST_INPUT,
    "amount": AMOUNT,
}
