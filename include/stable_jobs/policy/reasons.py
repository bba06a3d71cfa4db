"""Every reason code, its sentence in both languages, the department that owes, and the clause it comes
from."""

from __future__ import annotations

from enum import Enum

NOTICE_2014 = "人社部发〔2014〕76号"
NOTICE_2019 = "人社部发〔2019〕23号"
NOTICE_2020 = "人社部明电〔2020〕2号"
NOTICE_2022 = "人社部发〔2022〕23号"


class Reason(Enum):
    """`value`: code, Chinese sentence, English sentence, department (empty: nobody owes), legal reference."""

    IN_SCOPE = ("in_scope", "单位类型不在返还范围", "Legal form is not in scope", "", NOTICE_2014)
    ACTIVE = (
        "active", "未正常参保，或税务登记已注销",
        "Not actively insured, or the taxpayer is cancelled", "", NOTICE_2014,
    )  # fmt: skip
    PAID_MONTHS = ("paid_months", "累计缴费月数不足", "Too few paid months", "", NOTICE_2014)
    NO_ARREARS = (
        "no_arrears",
        "存在失业保险费欠费",
        "Unemployment-insurance premium is in arrears",
        "",
        NOTICE_2014,
    )
    LAYOFF_RATE = ("layoff_rate", "裁员率高于规定上限", "Layoff rate is above the cap", "", NOTICE_2020)
    HEADCOUNT_HELD = (
        "headcount_held", "最近月参保人数降幅过大",
        "Headcount fell too far below last year's average", "", NOTICE_2022,
    )  # fmt: skip
    SIZE_KNOWN = ("size_known", "企业划型不明", "Size class is not known", "economy", NOTICE_2020)
    NOT_EXCLUDED = ("not_excluded", "列入惩戒或限制名单", "On an exclusion list", "", NOTICE_2019)
    ACCOUNT_KNOWN = ("account_known", "无可用收款账户", "No usable payee account", "finance", NOTICE_2022)
    FUND_ABLE = (
        "fund_able", "统筹地区基金备付月数低于规定",
        "The pooling region's fund reserve is below the minimum", "", NOTICE_2019,
    )  # fmt: skip
    IN_TIME = ("in_time", "超过截止日期", "After the deadline", "", NOTICE_2019)
    APPLIED = (
        "applied",
        "未申请或未签署承诺书",
        "No application, or the commitment is not signed",
        "",
        NOTICE_2019,
    )
    IN_SCOPE_UNKNOWN = ("in_scope_unknown", "单位类型缺失", "Legal form is missing", "labor", NOTICE_2014)
    ACTIVE_UNKNOWN = ("active_unknown", "纳税人状态不明", "Taxpayer status is not known", "tax", NOTICE_2014)
    PAID_MONTHS_UNKNOWN = (
        "paid_months_unknown",
        "缴费月数不明",
        "Paid months are not known",
        "tax",
        NOTICE_2014,
    )
    NO_ARREARS_UNKNOWN = ("no_arrears_unknown", "欠费情况不明", "Arrears are not known", "tax", NOTICE_2014)
    LAYOFF_RATE_UNKNOWN = (
        "layoff_rate_unknown",
        "裁员率不明",
        "Layoff rate is not known",
        "labor",
        NOTICE_2020,
    )
    HEADCOUNT_HELD_UNKNOWN = (
        "headcount_held_unknown", "最近月参保人数不明",
        "The newest month's headcount is not known", "labor", NOTICE_2022,
    )  # fmt: skip
    SIZE_KNOWN_UNKNOWN = (
        "size_known_unknown",
        "企业划型不明",
        "Size class is not known",
        "economy",
        NOTICE_2020,
    )
    NOT_EXCLUDED_UNKNOWN = (
        "not_excluded_unknown", "惩戒与限制名单情况不明",
        "Whether it is on an exclusion list is not known", "development", NOTICE_2019,
    )  # fmt: skip
    ACCOUNT_KNOWN_UNKNOWN = (
        "account_known_unknown", "无可用收款账户",
        "No usable payee account is known", "finance", NOTICE_2022,
    )  # fmt: skip
    FUND_ABLE_UNKNOWN = (
        "fund_able_unknown", "统筹地区基金结余不明",
        "The pooling region's fund balance is not known", "finance", NOTICE_2019,
    )  # fmt: skip
    IN_TIME_UNKNOWN = (
        "in_time_unknown", "是否按时申请不明",
        "Whether the application is in time is not known", "labor", NOTICE_2019,
    )  # fmt: skip
    APPLIED_UNKNOWN = (
        "applied_unknown", "申报与记录不符或申请情况不明",
        "The application differs from the records, or is not known", "labor", NOTICE_2019,
    )  # fmt: skip
    ALREADY_PAID_UNKNOWN = (
        "already_paid_unknown", "已拨付金额不明",
        "What was already paid is not known", "finance", NOTICE_2019,
    )  # fmt: skip
    ENTITLEMENT_UNKNOWN = (
        "entitlement_unknown", "应返还金额不明",
        "The amount of the refund is not known", "labor", NOTICE_2019,
    )  # fmt: skip

    @property
    def code(self) -> str:
        """As in the column `reasons` and in lists."""
        return self.value[0]

    @property
    def zh(self) -> str:
        """One Chinese sentence for an officer or a firm."""
        return self.value[1]

    @property
    def en(self) -> str:
        """The same in English."""
        return self.value[2]

    @property
    def department(self) -> str:
        """Who owes what is missing, where it is not told by the extract; empty: nobody."""
        return self.value[3]

    @property
    def reference(self) -> str:
        """The notice the test comes from; a region's own values have references of their own."""
        return self.value[4]


BY_CODE: dict[str, Reason] = {reason.code: reason for reason in Reason}


def describe(reasons: str, lang: str) -> tuple[str, ...]:
    """The sentences of a `reasons` cell in its order; lang is `zh` or `en`. KeyError for an unknown code."""
    return tuple(getattr(BY_CODE[code], lang) for code in reasons.split(";") if code)
