"""What a decision is told by, by group, with English names. The catalogs have Chinese."""

from __future__ import annotations

from collections.abc import Mapping

from stable_jobs.rendering.marking import N_

TEST = {
    "in_scope": N_("Legal form in scope"),
    "active": N_("Insured and active"),
    "paid_months": N_("Months paid"),
    "no_arrears": N_("No arrears"),
    "layoff_rate": N_("Layoff rate within the cap"),
    "headcount_held": N_("Headcount held"),
    "size_known": N_("Size class known"),
    "not_excluded": N_("On no exclusion list"),
    "account_known": N_("Account known"),
    "fund_able": N_("Fund reserve sufficient"),
    "in_time": N_("In time"),
    "applied": N_("Applied for"),
}

TEST_INPUT = {
    "legal_form": N_("Legal form"),
    "insured_since": N_("Insured since"),
    "insured_status": N_("Insurance status"),
    "is_cancelled": N_("Taxpayer cancelled"),
    "is_abnormal": N_("Taxpayer abnormal"),
    "months_paid": N_("Different fee months paid"),
    "arrears_amount": N_("Arrears (yuan)"),
    "december_before": N_("Insured, December of the year before last"),
    "december_last": N_("Insured, December of last year"),
    "january_last": N_("Insured, January of last year"),
    "year_sum": N_("Insured, sum over last year's months"),
    "year_months": N_("Months of last year reported"),
    "claimants": N_("Claimants of last year"),
    "layoffs": N_("Layoffs of last year"),
    "natural_attrition": N_("Natural attrition of last year"),
    "headcount": N_("Headcount"),
    "policy_size": N_("Size class that counts"),
    "economy_size": N_("Size class from economy"),
    "layoff_formula": N_("Formula"),
    "layoff_rate": N_("Layoff rate"),
    "newest_count": N_("Insured, newest month"),
    "size_cause": N_("Why the size is not known"),
    "is_parent_size": N_("The parent's size"),
    "is_by_reference": N_("In scope by reference"),
    "is_dispatch": N_("Labour dispatch"),
    "list_serious_dishonesty": N_("Listed: serious dishonesty"),
    "list_judgment_defaulter": N_("Listed: judgment defaulter"),
    "list_wage_arrears": N_("Listed: wage arrears"),
    "list_zombie": N_("Listed: zombie enterprise"),
    "list_obsolete_capacity": N_("Listed: obsolete capacity"),
    "list_environmental_penalty": N_("Listed: environmental penalty"),
    "account_source": N_("Where the account is from"),
    "rolling_balance": N_("Rolling balance of the fund (yuan)"),
    "annual_payout": N_("Annual payout of the fund (yuan)"),
    "fund_cause": N_("Why the balance is not known"),
    "business_date": N_("Business date"),
    "lane": N_("Lane"),
    "applied_on": N_("Applied on"),
    "is_signed": N_("Commitment signed"),
    "declared_headcount": N_("Headcount declared"),
    "declared_size": N_("Size class declared"),
}

PLAIN_VALUE = {
    "true": N_("yes"),
    "false": N_("no"),
    "no_application": N_("No application needed"),
    "application": N_("On application"),
    "december": N_("December"),
    "monthly_average": N_("Monthly average"),
    "missing": N_("missing"),
    "quarantined": N_("quarantined"),
    "conflict": N_("contradictory"),
    "clash": N_("under a number that is another unit's, too"),
    "parent_code": N_("the parent's code is wrong"),
}

AMOUNT = {
    "headcount": N_("Headcount"),
    "months_paid": N_("Different fee months paid"),
    "premium_base": N_("Premium base (yuan)"),
    "refund_rate": N_("Refund rate"),
    "benefit_months": N_("Months of benefit"),
    "monthly_benefit": N_("Monthly benefit (yuan)"),
    "entitlement": N_("Entitlement (yuan)"),
    "already_paid": N_("Already paid (yuan)"),
    "payable": N_("Payable (yuan)"),
}

GROUPS: Mapping[str, Mapping[str, str]] = {
    "test": TEST,
    "test_input": TEST_INPUT,
    "amount": AMOUNT,
}
