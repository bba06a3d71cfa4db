"""Values that departments choose from a list: column → code → the label of its contract, and the code."""

from __future__ import annotations

from collections.abc import Mapping

from stable_jobs.messages import decision, ledger
from stable_jobs.words import Words

SIZES = {"large": "大型", "medium": "中型", "small": "小型", "micro": "微型"}
YES_NO = {"true": "是", "false": "否"}
LABELS: Mapping[str, Mapping[str, str]] = {
    "list_type": {
        "serious_dishonesty": "严重失信",
        "judgment_defaulter": "失信被执行人",
        "wage_arrears": "拖欠农民工工资",
        "zombie": "僵尸企业",
        "obsolete_capacity": "淘汰类产能",
        "environmental_penalty": "环保处罚",
    },
    "category": {
        "epidemic_supplies": "防疫物资",
        "catering": "餐饮",
        "accommodation": "住宿",
        "tourism": "旅游",
        "retail": "零售",
        "shipping": "航运",
        "recovering": "恢复有望",
    },
    "size_class": SIZES,
    "basis": {"relief_2020": "社保减免划型", "statistics": "统计划型", "self_declared": "承诺"},
    "account_status": {"verified": "已核验", "failed": "核验失败"},
    "scheme": {"general": "一般", "difficult": "困难"},
    "channel": {"online": "网上", "wechat": "微信", "telephone": "电话", "counter": "窗口"},
    "declared_size": SIZES,
    "commitment_signed": YES_NO,
    "legal_form": {
        "enterprise": "企业",
        "social_organisation": "社会团体",
        "foundation": "基金会",
        "social_service": "社会服务机构",
        "law_firm": "律师事务所",
        "accounting_firm": "会计师事务所",
        "individual_business": "个体工商户",
        "institution": "事业单位",
        "government": "机关",
    },
    "insured_status": {"active": "正常参保", "suspended": "暂停参保", "deregistered": "注销"},
    "is_labour_dispatch": YES_NO,
    "payment_kind": {"regular": "正常", "back_payment": "补缴", "late_fee": "滞纳金"},
    "taxpayer_status": {"normal": "正常", "abnormal": "非正常", "cancelled": "注销"},
}
"""A test compares them with the contracts."""
POLICY_VALUES: Mapping[str, Words] = {
    **{
        code: Words(label, code)
        for column in ("list_type", "category", "legal_form", "size_class")
        for code, label in LABELS[column].items()
    },
    **{code: Words(one.zh, code) for code, one in ledger.DOUBT.items()},
    **{
        code: Words(decision.PLAIN_VALUE[code].zh, code)
        for code in ("no_application", "application", "december", "monthly_average")
    },
    "province": Words("本省", "province"),
    "null": Words("未设定", "null"),
}
"""The codes that a policy file may have as values."""


def sent_value(column: str, value: str) -> Words | None:
    """The label of a column's code, and the code as English has it; None for a value of no list."""
    label = LABELS.get(column, {}).get(value)
    return None if label is None else Words(label, value)
