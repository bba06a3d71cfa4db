"""Every parameter that a policy file may set: its unit, its schemes and bounds, its meaning.

Code holds no policy value. A name that is not here is refused when the files are read.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

SIZES = ("large", "medium", "small", "micro")
UNKNOWN_SIZE = "unknown"
SCHEMES = ("general", "difficult")
FORMULAS = ("F1", "F2", "F3", "F4", "F5", "F6")
LANES = ("no_application", "application")
LEGAL_FORMS = (
    "enterprise",
    "social_organisation",
    "foundation",
    "social_service",
    "law_firm",
    "accounting_firm",
    "individual_business",
    "institution",
    "government",
)
EXCLUSION_LISTS = (
    "serious_dishonesty",
    "judgment_defaulter",
    "wage_arrears",
    "zombie",
    "obsolete_capacity",
    "environmental_penalty",
)
RECOVERING = "recovering"
CATEGORIES = ("epidemic_supplies", "catering", "accommodation", "tourism", "retail", "shipping", RECOVERING)
DOUBTS = ("new_code", "two_regions", "shared_account", "account_other_name", "unit_number_reused")
"""Kinds of doubt (`ledger.rulings`) that a region may let stop a payment."""
PROVINCE = "province"
"""As `pooling_region`: the region's own province."""


class Unit(StrEnum):
    """The unit of a value, which determines how its text is read."""

    SHARE = "share"  # decimal as text, at most 4 places
    FACTOR = "factor"  # likewise
    YUAN = "yuan"  # whole
    MONTHS = "months"
    PERSONS = "persons"
    PEOPLE = "people"  # approvals
    MONTH = "month"  # 1 = January
    WORKING_DAYS = "working_days"
    UNITS = "units"
    DATE = "date"
    FLAG = "flag"
    CODE = "code"
    LIST = "list"


BOUNDS: dict[Unit, tuple[int, int]] = {
    Unit.SHARE: (0, 1),
    Unit.FACTOR: (1, 1000),
    Unit.YUAN: (0, 10**12),
    Unit.MONTHS: (0, 600),
    Unit.PERSONS: (0, 100_000),
    Unit.PEOPLE: (0, 2),
    Unit.WORKING_DAYS: (0, 60),
    Unit.UNITS: (2, 100_000),
}
"""Lowest and highest value of a unit, both included, unless the parameter has bounds of its own."""


@dataclass(frozen=True)
class Parameter:
    """One entry. `codes`: the allowed words of a code or list; empty: a region code.

    required: no value in force for a region is an error. nullable: `null` means "not set". bounds: lowest and
    highest value, both included, where they differ from the unit's.
    """

    name: str
    unit: Unit
    meaning_zh: str
    meaning_en: str
    by_size: bool = False
    schemes: tuple[str, ...] = SCHEMES
    required: bool = True
    nullable: bool = False
    codes: tuple[str, ...] = ()
    bounds: tuple[int, int] | None = None

    @property
    def limits(self) -> tuple[int, int]:
        """Lowest and highest value, both included. KeyError for a unit that is no number."""
        return self.bounds or BOUNDS[self.unit]


def _optional(name: str, unit: Unit, zh: str, en: str, codes: tuple[str, ...] = ()) -> Parameter:
    return Parameter(name, unit, zh, en, required=False, nullable=True, codes=codes)


_ALL = (
    Parameter(
        "scheme_open",
        Unit.FLAG,
        "本年度是否开放困难企业返还",
        "The difficult scheme is open this policy year",
        schemes=("difficult",),
    ),
    Parameter(
        "min_paid_months", Unit.MONTHS, "累计缴费最低月数", "Least number of different paid fee months"
    ),
    Parameter(
        "back_payment_counts_as_month",
        Unit.FLAG,
        "补缴是否计入缴费月数",
        "A back payment counts as a paid month",
    ),
    Parameter(
        "back_payment_earlier_years",
        Unit.FLAG,
        "以前年度补缴是否计入返还基数",
        "Back payments for earlier fee years are in the base",
    ),
    Parameter(
        "layoff_formulas",
        Unit.LIST,
        "裁员率公式，按先后",
        "Layoff formulas allowed, in the region's order",
        codes=FORMULAS,
    ),
    Parameter(
        "headcount_basis",
        Unit.CODE,
        "参保人数口径",
        "Which headcount counts",
        codes=("december", "monthly_average"),
    ),
    Parameter("layoff_cap", Unit.SHARE, "裁员率上限", "Highest layoff rate", by_size=True),
    Parameter(
        "layoff_cap_is_strict",
        Unit.FLAG,
        "裁员率须低于（不得等于）上限",
        "The rate must be below the cap, not equal to it",
        by_size=True,
    ),
    _optional(
        "small_unit_headcount",
        Unit.PERSONS,
        "小单位人数（含）",
        "Up to this headcount, included, the small-unit cap holds",
    ),
    _optional("small_unit_cap", Unit.SHARE, "小单位裁员率上限", "Highest layoff rate of a small unit"),
    _optional(
        "new_unit_base_month",
        Unit.MONTH,
        "新参保单位以上年哪月人数代替前年12月",
        "Month of Y-1 that stands in for December Y-2 of a new unit",
    ),
    _optional(
        "headcount_held_max_drop",
        Unit.SHARE,
        "最近月人数较上年月均最大降幅",
        "Largest drop of the newest month below last year's average",
    ),
    Parameter("in_scope_forms", Unit.LIST, "适用单位类型", "Legal forms in scope", codes=LEGAL_FORMS),
    Parameter(
        "by_reference_forms",
        Unit.LIST,
        "参照执行的单位类型",
        "Legal forms in scope by reference",
        codes=LEGAL_FORMS,
    ),
    Parameter(
        "by_reference_size",
        Unit.CODE,
        "参照执行单位适用的划型",
        "Size whose values units by reference take",
        codes=SIZES,
    ),
    _optional(
        "by_reference_large_headcount",
        Unit.PERSONS,
        "参照执行单位按大型企业的起始人数",
        "Headcount from which a unit by reference counts as large",
    ),
    Parameter("abnormal_taxpayer_passes", Unit.FLAG, "非正常纳税人是否通过", "An abnormal taxpayer passes"),
    Parameter(
        "finance_section_counts_as_large",
        Unit.FLAG,
        "金融业（66–69）按大型企业",
        "Section J (divisions 66-69) counts as large",
    ),
    Parameter("dispatch_counts_as_large", Unit.FLAG, "劳务派遣按大型企业", "Labour dispatch counts as large"),
    Parameter(
        "exclusion_lists",
        Unit.LIST,
        "采用的惩戒与限制名单",
        "Exclusion lists the region uses",
        codes=EXCLUSION_LISTS,
    ),
    Parameter(
        "refund_rate",
        Unit.SHARE,
        "返还比例",
        "Share of last year's premium that is refunded",
        by_size=True,
        schemes=("general",),
    ),
    Parameter(
        "benefit_months",
        Unit.MONTHS,
        "困难企业返还月数",
        "Months of benefit in the difficult scheme",
        schemes=("difficult",),
        bounds=(1, 6),
    ),
    Parameter(
        "fund_min_reserve_months",
        Unit.MONTHS,
        "基金备付最低月数",
        "Least reserve of the fund; null: none",
        nullable=True,
    ),
    _optional(
        "pooling_region",
        Unit.CODE,
        "统筹地区",
        "Region whose fund pays; not set: the nearest upward that reports",
    ),
    Parameter("deadline", Unit.DATE, "截止日期", "Last day, included"),
    Parameter("lane", Unit.CODE, "办理方式", "Whether the unit must apply", by_size=True, codes=LANES),
    _optional(
        "declared_tolerance",
        Unit.SHARE,
        "申报人数允许偏差",
        "Allowed difference of the declared headcount; not set: nothing is compared",
    ),
    _optional("priority_order", Unit.LIST, "优先拨付顺序", "Order of payment by category", codes=CATEGORIES),
    Parameter("notice_working_days", Unit.WORKING_DAYS, "公示工作日", "Working days of public notice"),
    Parameter(
        "bank_answer_days",
        Unit.WORKING_DAYS,
        "银行应答工作日",
        "Working days in which the bank answers; after them an alert, never a second payment",
    ),
    _optional(
        "same_day_promise",
        Unit.FLAG,
        "当日受理、当日审核、当日公示",
        "The region promises decision and notice on the same day",
    ),
    Parameter("approvals", Unit.PEOPLE, "审批人数", "How many different people approve", by_size=True),
    _optional(
        "stopping_doubts",
        Unit.LIST,
        "暂停拨付的疑点种类",
        "Doubts that stop a payment until a person rules; not set: new_code, two_regions, shared_account",
        codes=DOUBTS,
    ),
    _optional(
        "shared_account_units",
        Unit.UNITS,
        "同账号暂停拨付的起始户数",
        "From how many units on one account the doubt shared_account stops; not set: 2",
    ),
    _optional(
        "total_factor",
        Unit.FACTOR,
        "地区应返还总额相对上一夜的最大倍数",
        "Beyond so many times its last night's total a region's money waits for a person's word",
    ),
    _optional(
        "total_floor",
        Unit.YUAN,
        "总额不超过此数（元）不核对倍数",
        "Up to this total in yuan the factor is not looked at",
    ),
)

CATALOGUE: dict[str, Parameter] = {p.name: p for p in _ALL}
