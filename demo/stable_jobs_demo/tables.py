"""From a block of units to the rows of each extract, still typed: numbers, days, English values.

Column names are the contracts'; which columns an extract has, in which order and under which header, is
only the contract's to say (the writer refuses a table whose columns are not exactly its contract's).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from stable_jobs_demo.block import Block, headcount
from stable_jobs_demo.moment import Moment

Array = npt.NDArray[Any]
Rows = dict[str, Array]
"""Arrays of one length by column: str (empty: null), int64 (-1: null), fen, datetime64 (NaT: null), bool."""


def _region(block: Block, count: int) -> Array:
    return np.full(count, block.city.code, dtype=object)


def insured_units(block: Block, moment: Moment) -> Rows:
    """One row a unit."""
    i = np.flatnonzero(block.sends_unit)
    same = ("uscc", "unit_name", "unit_no", "legal_form", "industry_code", "insured_since", "insured_status",
            "registration_no")  # fmt: skip
    rows = {name: getattr(block, name)[i] for name in same}
    others = {"is_labour_dispatch": block.is_dispatch[i], "parent_uscc": block.parent[i]}
    return rows | others | {"region_code": _region(block, len(i))}


def monthly_headcount(block: Block, moment: Moment) -> Rows:
    """One row a unit and month that has a headcount."""
    unit, month = np.nonzero(block.heads >= 0)
    return {
        "uscc": block.code_in("monthly_headcount")[unit],
        "month": moment.head_months[month],
        "insured_count": block.heads[unit, month],
        "region_code": _region(block, len(unit)),
    }


def benefit_claims(block: Block, moment: Moment) -> Rows:
    """One row for units with claims; layoffs and attrition are often left empty."""
    i = np.flatnonzero(block.claimants >= 0)
    return {
        "uscc": block.code_in("benefit_claims")[i],
        "year": np.full(len(i), moment.year - 1, dtype=np.int64),
        "claimants": block.claimants[i],
        "layoffs": block.layoffs[i],
        "natural_attrition": block.attrition[i],
        "region_code": _region(block, len(i)),
    }


def applications(block: Block, moment: Moment) -> Rows:
    """One row a unit and scheme that it applied for."""
    general, difficult = np.flatnonzero(block.applies_general), np.flatnonzero(block.applies_difficult)
    i = np.concatenate([general, difficult])
    scheme = np.repeat(np.array(["general", "difficult"], dtype=object), [len(general), len(difficult)])
    heads, sizes = _declared(block)
    prefix = np.where(scheme == "general", "A", "B").astype(object) + f"{block.city.code}{moment.year}"
    return {
        "uscc": block.code_in("applications")[i],
        "application_no": prefix + _eight(block.application_serial[i]),
        "channel": block.channel[i],
        "submitted_at": block.submitted_at[i],
        "scheme": scheme,
        "declared_headcount": heads[i],
        "declared_size": sizes[i],
        "commitment_signed": block.is_signed[i],
        "region_code": _region(block, len(i)),
    }


def _declared(block: Block) -> tuple[Array, Array]:
    """The headcount and size that units declare: as recorded, unless a trap says otherwise."""
    known = headcount(block)
    recorded = np.where(known >= 0, known, np.maximum(block.heads[:, 6], 1))
    heads = np.where(block.declared_headcount >= 0, block.declared_headcount, recorded)
    sizes = np.where(block.size_class != "", block.size_class, "small")
    return heads, np.where(block.declared_size != "", block.declared_size, sizes)


def _eight(serials: Array) -> Array:
    return np.array([f"{serial:08d}" for serial in serials.tolist()], dtype=object)


def premium_payments(block: Block, moment: Moment) -> Rows:
    """One regular row a unit and fee month of Y-1: the generator makes no other years' months."""
    unit, month = np.nonzero(block.month_sent)
    return {
        "uscc": block.code_in("premium_payments")[unit],
        "fee_month": moment.fee_months[month],
        "paid_date": block.paid_on[unit, month],
        "employer_amount": block.employer[unit, month],
        "employee_amount": block.employee[unit, month],
        "payment_kind": np.full(len(unit), "regular", dtype=object),
        "region_code": _region(block, len(unit)),
    }


def taxpayers(block: Block, moment: Moment) -> Rows:
    """One row a unit."""
    i = np.flatnonzero(block.sends_taxpayer)
    return {
        "uscc": block.code_in("taxpayers")[i],
        "taxpayer_status": block.taxpayer_status[i],
        "credit_rating": block.credit_rating[i],
        "arrears_amount": block.arrears[i],
        "account_name": block.tax_account_name[i],
        "account_no": block.tax_account_no[i],
        "bank_code": block.tax_bank[i],
        "bank_name": block.tax_bank_name[i],
        "region_code": _region(block, len(i)),
    }


def payee_accounts(block: Block, moment: Moment) -> Rows:
    """One row a unit whose account finance knows."""
    i = np.flatnonzero(block.sends_payee)
    return {
        "uscc": block.code_in("payee_accounts")[i],
        "account_name": block.payee_name[i],
        "account_no": block.payee_no[i],
        "bank_code": block.payee_bank[i],
        "bank_name": block.payee_bank_name[i],
        "account_status": block.payee_status[i],
        "region_code": _region(block, len(i)),
    }


def priority_list(block: Block, moment: Moment) -> Rows:
    """One row a unit and category: the recovering, and those in trades that come first."""
    recovering, listed = np.flatnonzero(block.is_recovering), np.flatnonzero(block.category != "")
    i = np.concatenate([recovering, listed])
    begun, start = block.recovering_from[recovering], np.datetime64(moment.recovering_since)
    others = np.full(len(listed), f"{moment.year}-01-25", dtype="datetime64[D]")
    open_end = np.full(len(listed), "NaT", dtype="datetime64[D]")
    kind = np.full(len(recovering), "recovering", dtype=object)
    return {
        "uscc": block.code_in("priority_list")[i],
        "category": np.concatenate([kind, block.category[listed]]),
        "valid_from": np.concatenate([np.where(np.isnat(begun), start, begun), others]),
        "valid_to": np.concatenate([block.recovering_to[recovering], open_end]),
        "region_code": _region(block, len(i)),
    }


def enterprise_sizes(block: Block, moment: Moment) -> Rows:
    """One row a unit that economy knows."""
    i = np.flatnonzero(block.size_class != "")
    return {
        "uscc": block.code_in("enterprise_sizes")[i],
        "size_class": block.size_class[i],
        "basis": block.size_basis[i],
        "determined_on": block.determined_on[i],
        "region_code": _region(block, len(i)),
    }


TABLES: dict[str, Callable[[Block, Moment], Rows]] = {
    "insured_units": insured_units,
    "monthly_headcount": monthly_headcount,
    "benefit_claims": benefit_claims,
    "applications": applications,
    "premium_payments": premium_payments,
    "taxpayers": taxpayers,
    "payee_accounts": payee_accounts,
    "priority_list": priority_list,
    "enterprise_sizes": enterprise_sizes,
}
"""Extracts with regular rows. prior_refunds and exclusion_list have extra rows only; the two extracts about
regions are in `regional`."""
