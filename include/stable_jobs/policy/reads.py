"""What each test reads: for explaining it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from stable_jobs.policy.catalogue import EXCLUSION_LISTS


@dataclass(frozen=True)
class Reads:
    """What a test reads: extracts, columns of the situation, parameters."""

    extracts: tuple[str, ...]
    inputs: tuple[str, ...]
    parameters: tuple[str, ...]


READS: Mapping[str, Reads] = {
    "in_scope": Reads(("insured_units",), ("legal_form",), ("in_scope_forms",)),
    "active": Reads(
        ("insured_units", "taxpayers"),
        ("insured_since", "insured_status", "is_cancelled", "is_abnormal"),
        ("abnormal_taxpayer_passes",),
    ),
    "paid_months": Reads(
        ("premium_payments",), ("months_paid",), ("min_paid_months", "back_payment_counts_as_month")
    ),
    "no_arrears": Reads(("taxpayers",), ("arrears_amount",), ()),
    "layoff_rate": Reads(
        ("monthly_headcount", "benefit_claims"),
        (
            "december_before",
            "december_last",
            "year_sum",
            "year_months",
            "january_last",
            "claimants",
            "layoffs",
            "natural_attrition",
            "headcount",
            "policy_size",
            "layoff_formula",
            "layoff_rate",
        ),
        (
            "layoff_formulas",
            "headcount_basis",
            "layoff_cap",
            "layoff_cap_is_strict",
            "small_unit_headcount",
            "small_unit_cap",
            "new_unit_base_month",
        ),
    ),
    "headcount_held": Reads(
        ("monthly_headcount",), ("newest_count", "year_sum", "year_months"), ("headcount_held_max_drop",)
    ),
    "size_known": Reads(
        ("enterprise_sizes",),
        ("policy_size", "economy_size", "size_cause", "is_parent_size", "is_by_reference", "is_dispatch"),
        (
            "by_reference_size",
            "by_reference_large_headcount",
            "finance_section_counts_as_large",
            "dispatch_counts_as_large",
        ),
    ),
    "not_excluded": Reads(
        ("exclusion_list",), tuple(f"list_{name}" for name in EXCLUSION_LISTS), ("exclusion_lists",)
    ),
    "account_known": Reads(("payee_accounts", "taxpayers"), ("account_source",), ()),
    "fund_able": Reads(
        ("fund_balances",),
        ("rolling_balance", "annual_payout", "fund_cause"),
        ("fund_min_reserve_months", "pooling_region"),
    ),
    "in_time": Reads(("applications",), ("business_date", "lane", "applied_on"), ("deadline", "lane")),
    "applied": Reads(
        ("applications",),
        (
            "lane",
            "applied_on",
            "is_signed",
            "declared_headcount",
            "headcount",
            "declared_size",
            "economy_size",
        ),
        ("lane", "declared_tolerance"),
    ),
}

AMOUNTS = (
    "headcount",
    "months_paid",
    "premium_base",
    "refund_rate",
    "benefit_months",
    "monthly_benefit",
    "entitlement",
    "already_paid",
    "payable",
)
AMOUNT_EXTRACTS = ("premium_payments", "benefit_standards", "prior_refunds")
