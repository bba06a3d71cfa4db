"""The join and the general scheme's decision in SQL that PostgreSQL and Spark both take, with its tables.

It reads the accepted rows of each extract under the extract's name, and
`rejected (extract_name, region_code, uscc)`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from bench.peers.spec import Spec

BY_SIZE = ("size", "cap_bp", "cap_is_strict", "rate", "lane")
LISTS = ("in_scope_forms", "by_reference_forms", "exclusion_lists", "formulas", "fund_regions")
WIDE = "".join(chr(code) for code in range(0xFF01, 0xFF5F))
HALF = "".join(chr(code) for code in range(0x21, 0x7F)).replace("'", "''").replace("\\", "")
BLANKS = "\u3000 \t\u00a0"
WIDE_KEPT = WIDE.replace("\uff3c", "")
"""Without the backslash, which Spark's texts would need twice."""


def tables(spec: Spec) -> Mapping[str, str]:
    """By name the statement of each small table: what the parameters say."""
    rows = [asdict(one) for one in spec.parameters]
    regions = {row["region_code"]: row for row in rows}
    plain = [name for name in rows[0] if name not in (*BY_SIZE, *LISTS)]
    return {
        "regions": _values(
            [
                {name: row[name] for name in plain} | {"uses_claims": set(row["formulas"]) != {"F1"}}
                for row in regions.values()
            ]
        ),
        "sizes": _values([{name: row[name] for name in ("region_code", *BY_SIZE)} for row in rows]),
        "scope_forms": _listed(regions, "in_scope_forms", "legal_form"),
        "reference_forms": _listed(regions, "by_reference_forms", "legal_form"),
        "used_lists": _listed(regions, "exclusion_lists", "list_type"),
        "used_formulas": _listed(regions, "formulas", "formula"),
        "pools": _values(
            [
                {"region_code": code, "fund_region": fund, "distance": place}
                for code, row in regions.items()
                for place, fund in enumerate(row["fund_regions"])
            ]
        ),
    }


def _listed(regions: Mapping[str, Mapping[str, Any]], name: str, column: str) -> str:
    return _values([{"region_code": c, column: one} for c, row in regions.items() for one in row[name]])


def _values(rows: list[dict[str, Any]]) -> str:
    kinds = {name: _kind(row[name] for row in rows) for name in rows[0]}
    lines = ", ".join(
        "(" + ", ".join(f"CAST({_literal(row[name])} AS {kinds[name]})" for name in kinds) + ")"
        for row in rows
    )
    return f"SELECT * FROM (VALUES {lines}) AS said ({', '.join(kinds)})"


def _kind(values: Iterable[Any]) -> str:
    known = next((value for value in values if value is not None), 0)
    return {bool: "boolean", int: "bigint"}.get(type(known), "varchar(40)")


def _literal(value: Any) -> str:
    if value is None:
        return "NULL"
    return str(value) if isinstance(value, int) else f"'{value}'"


def decision(spec: Spec) -> str:
    """`region_code, uscc, unit_name, amount` (yuan) of every unit that is paid under the general scheme."""
    last, (first_new, last_new) = (spec.year - 1) * 100, spec.newest_months
    return _DECISION.format(
        on=f"DATE '{spec.business_date}'",
        dec_before=last - 88,
        jan=last + 1,
        dec=last + 12,
        first_new=first_new,
        last_new=last_new,
        year=spec.year - 1,
        plain_account=_plain("account_name"),
        plain_unit=_plain("unit_name"),
    )


def _plain(name: str) -> str:
    """A name in half width and without blanks."""
    return f"translate({name}, '{WIDE_KEPT}{BLANKS}', '{HALF}')"


_DECISION = """
WITH heads AS (
    SELECT region_code, uscc,
        max(insured_count) FILTER (WHERE month = {dec_before}) AS december_before,
        max(insured_count) FILTER (WHERE month = {dec}) AS december_last,
        max(insured_count) FILTER (WHERE month = {jan}) AS january_last,
        CAST(sum(insured_count) FILTER (WHERE month BETWEEN {jan} AND {dec}) AS bigint) AS year_sum,
        count(*) FILTER (WHERE month BETWEEN {jan} AND {dec}) AS year_months,
        max(CAST(month AS bigint) * 100000000 + insured_count)
            FILTER (WHERE month BETWEEN {first_new} AND {last_new}) % 100000000 AS newest_count
    FROM monthly_headcount GROUP BY region_code, uscc
), claims AS (
    SELECT region_code, uscc, sum(claimants) AS claimants,
        CASE WHEN count(layoffs) = count(*) THEN sum(layoffs) END AS layoffs,
        CASE WHEN count(natural_attrition) = count(*) THEN sum(natural_attrition) END AS natural_attrition,
        true AS has_claims
    FROM benefit_claims GROUP BY region_code, uscc
), fee_months AS (
    SELECT region_code, uscc, fee_month,
        sum(employer_amount + employee_amount) FILTER (
            WHERE extract(YEAR FROM paid_date) = {year} AND (payment_kind = 'regular'
                OR payment_kind = 'back_payment' AND fee_month BETWEEN {jan} AND {dec})) AS base,
        sum(employer_amount + employee_amount) FILTER (
            WHERE extract(YEAR FROM paid_date) = {year} AND payment_kind = 'back_payment'
                AND fee_month NOT BETWEEN {jan} AND {dec}) AS base_earlier,
        bool_or(payment_kind = 'regular' AND employer_amount + employee_amount > 0) AS is_paid,
        bool_or(payment_kind IN ('regular', 'back_payment') AND employer_amount + employee_amount > 0)
            AS is_paid_with_back
    FROM premium_payments GROUP BY region_code, uscc, fee_month
), premiums AS (
    SELECT region_code, uscc, coalesce(sum(base), 0) AS base, coalesce(sum(base_earlier), 0) AS base_earlier,
        count(*) FILTER (WHERE is_paid AND fee_month <= {dec}) AS paid_months,
        count(*) FILTER (WHERE is_paid_with_back AND fee_month <= {dec}) AS paid_months_with_back
    FROM fee_months GROUP BY region_code, uscc
), taxes AS (
    SELECT region_code, uscc, sum(arrears_amount) AS arrears_amount,
        bool_or(taxpayer_status = 'cancelled') AS is_cancelled,
        bool_or(taxpayer_status = 'abnormal') AS is_abnormal
    FROM taxpayers GROUP BY region_code, uscc
), applied AS (
    SELECT region_code, uscc, CAST(submitted_at AS date) AS applied_on, commitment_signed AS is_signed,
        declared_headcount, declared_size,
        row_number() OVER (
            PARTITION BY region_code, uscc ORDER BY submitted_at DESC, application_no DESC) AS place
    FROM applications WHERE scheme = 'general' AND CAST(submitted_at AS date) <= {on}
), refunds AS (
    SELECT region_code, uscc, sum(amount) AS refunded FROM prior_refunds GROUP BY region_code, uscc
), verified AS (
    SELECT DISTINCT u.region_code, u.uscc
    FROM payee_accounts p JOIN insured_units u ON u.region_code = p.region_code AND u.uscc = p.uscc
    WHERE account_status = 'verified'
        AND (account_name = unit_name OR {plain_account} = {plain_unit})
), premium_accounts AS (
    SELECT DISTINCT u.region_code, u.uscc
    FROM taxpayers t JOIN insured_units u ON u.region_code = t.region_code AND u.uscc = t.uscc
    WHERE account_no IS NOT NULL AND bank_code IS NOT NULL AND {plain_account} <> ''
        AND (legal_form = 'individual_business' OR account_name = unit_name OR {plain_account} = {plain_unit})
        AND NOT EXISTS (
            SELECT 1 FROM payee_accounts f
            WHERE f.region_code = t.region_code AND f.uscc = t.uscc AND f.account_status = 'failed'
                AND TRIM(LEADING '0' FROM f.account_no) = TRIM(LEADING '0' FROM t.account_no))
), accounts AS (
    SELECT region_code, uscc, true AS has_account
    FROM (SELECT * FROM verified UNION SELECT * FROM premium_accounts) AS known
), placed_sizes AS (
    SELECT uscc, size_class, rank() OVER (PARTITION BY uscc ORDER BY determined_on DESC) AS place
    FROM enterprise_sizes
), enterprise AS (
    SELECT uscc,
        CASE WHEN min(size_class) = max(size_class) AND NOT bool_or(is_refused) THEN min(size_class) END
            AS economy_size
    FROM (
        SELECT uscc, size_class, false AS is_refused FROM placed_sizes WHERE place = 1
        UNION ALL
        SELECT uscc, CAST(NULL AS varchar(40)), true FROM rejected WHERE extract_name = 'enterprise_sizes'
    ) AS sized GROUP BY uscc
), excluded AS (
    SELECT DISTINCT l.region_code, e.uscc
    FROM exclusion_list e JOIN used_lists l ON l.list_type = e.list_type
    WHERE e.listed_on <= {on} AND (e.removed_on IS NULL OR e.removed_on > {on})
), doubts AS (
    SELECT region_code, uscc,
        bool_or(extract_name NOT IN ('benefit_claims', 'applications', 'enterprise_sizes', 'exclusion_list',
            'priority_list')) AS is_in_doubt,
        bool_or(extract_name = 'benefit_claims') AS doubts_claims,
        bool_or(extract_name = 'applications') AS doubts_applications
    FROM rejected GROUP BY region_code, uscc
), funds AS (
    SELECT region_code, rolling_balance, annual_payout FROM (
        SELECT p.region_code, f.rolling_balance, f.annual_payout,
            row_number() OVER (PARTITION BY p.region_code ORDER BY p.distance) AS place
        FROM pools p JOIN fund_balances f ON f.region_code = p.fund_region) AS reported
    WHERE place = 1
), facts AS (
    SELECT u.region_code, u.uscc, u.unit_name, u.legal_form, u.industry_code, u.insured_since,
        u.insured_status,
        coalesce(u.is_labour_dispatch, false) OR u.industry_code = '7263' AS is_dispatch,
        CASE WHEN parent.uscc IS NOT NULL THEN parent.economy_size ELSE own.economy_size END AS economy_size,
        h.december_before, h.december_last, h.january_last, h.year_sum, h.year_months, h.newest_count,
        CASE WHEN c.has_claims THEN c.claimants ELSE 0 END AS claimants,
        CASE WHEN c.has_claims THEN c.layoffs ELSE 0 END AS layoffs,
        CASE WHEN c.has_claims THEN c.natural_attrition ELSE 0 END AS natural_attrition,
        m.base, m.base_earlier, m.paid_months, m.paid_months_with_back,
        t.arrears_amount, t.is_cancelled, t.is_abnormal,
        a.applied_on, a.is_signed, a.declared_headcount, a.declared_size,
        coalesce(r.refunded, 0) AS refunded,
        r2.legal_form IS NOT NULL AS is_by_reference,
        coalesce(d.doubts_claims, false) AS doubts_claims,
        coalesce(d.doubts_applications, false) AS doubts_applications,
        CASE WHEN p.headcount_basis = 'december' THEN h.december_last WHEN h.year_months > 0
            THEN CAST(floor((2 * h.year_sum + h.year_months) / (2.0 * h.year_months)) AS bigint) END
            AS headcount
    FROM insured_units u
    JOIN regions p ON p.region_code = u.region_code
    JOIN heads h ON h.region_code = u.region_code AND h.uscc = u.uscc
    JOIN premiums m ON m.region_code = u.region_code AND m.uscc = u.uscc
    JOIN taxes t ON t.region_code = u.region_code AND t.uscc = u.uscc
    JOIN accounts k ON k.region_code = u.region_code AND k.uscc = u.uscc
    LEFT JOIN claims c ON c.region_code = u.region_code AND c.uscc = u.uscc
    LEFT JOIN applied a ON a.region_code = u.region_code AND a.uscc = u.uscc AND a.place = 1
    LEFT JOIN refunds r ON r.region_code = u.region_code AND r.uscc = u.uscc
    LEFT JOIN enterprise own ON own.uscc = u.uscc
    LEFT JOIN enterprise parent ON parent.uscc = u.parent_uscc
    LEFT JOIN reference_forms r2 ON r2.region_code = u.region_code AND r2.legal_form = u.legal_form
    LEFT JOIN excluded x ON x.region_code = u.region_code AND x.uscc = u.uscc
    LEFT JOIN doubts d ON d.region_code = u.region_code AND d.uscc = u.uscc
    WHERE length(u.uscc) = 18 AND x.uscc IS NULL AND NOT coalesce(d.is_in_doubt, false)
        AND u.uscc NOT IN (SELECT uscc FROM rejected WHERE extract_name = 'exclusion_list')
), sized AS (
    SELECT f.*,
        CASE WHEN f.is_by_reference THEN
                CASE WHEN p.by_reference_large_headcount IS NULL THEN p.by_reference_size
                    WHEN f.headcount IS NULL THEN NULL
                    WHEN f.headcount >= p.by_reference_large_headcount THEN 'large'
                    ELSE p.by_reference_size END
            WHEN p.finance_section_counts_as_large
                AND substr(f.industry_code, 1, 2) IN ('66', '67', '68', '69') THEN 'large'
            WHEN p.dispatch_counts_as_large AND f.is_dispatch THEN 'large'
            ELSE f.economy_size END AS size
    FROM facts f JOIN regions p ON p.region_code = f.region_code
), fractions AS (
    SELECT f.*, s.cap_bp, s.cap_is_strict, s.rate,
        CASE WHEN f.is_dispatch THEN 'application' ELSE s.lane END AS lane,
        CASE WHEN f.insured_since >= DATE '{year}-01-01' AND p.new_unit_base_month IS NOT NULL
            THEN f.january_last ELSE f.december_before END AS before_count
    FROM sized f
    JOIN regions p ON p.region_code = f.region_code
    JOIN sizes s ON s.region_code = f.region_code AND s.size = f.size
), rates AS (
    SELECT f.*, n.formula,
        CASE n.formula WHEN 'F1' THEN greatest(before_count - december_last, 0) WHEN 'F2' THEN claimants
            WHEN 'F5' THEN layoffs
            WHEN 'F6' THEN greatest(before_count - december_last - natural_attrition, 0)
            ELSE claimants * year_months END AS numerator,
        CASE WHEN n.formula = 'F5' THEN layoffs + december_last WHEN n.formula IN ('F3', 'F4') THEN year_sum
            ELSE before_count END AS denominator,
        CASE n.formula WHEN 'F1' THEN before_count - december_last
            WHEN 'F6' THEN before_count - december_last - natural_attrition END AS lost
    FROM fractions f
    JOIN used_formulas n ON n.region_code = f.region_code
), held AS (
    SELECT f.*,
        CASE WHEN f.cap_is_strict THEN numerator * 10000 < cap_bp * denominator
            ELSE numerator * 10000 <= cap_bp * denominator END AS is_within,
        numerator * 10000 <= p.small_unit_cap_bp * denominator AS is_within_small,
        p.small_unit_headcount IS NOT NULL AND p.small_unit_cap_bp IS NOT NULL AS has_small,
        f.headcount <= p.small_unit_headcount AS is_small
    FROM rates f JOIN regions p ON p.region_code = f.region_code
    WHERE denominator <> 0 AND (formula NOT IN ('F1', 'F6') OR lost IS NOT NULL)
), passing AS (
    SELECT DISTINCT region_code, uscc FROM held
    WHERE CASE WHEN NOT has_small THEN is_within WHEN is_small IS NULL THEN is_within AND is_within_small
        WHEN is_small THEN is_within_small ELSE is_within END
), paid AS (
    SELECT f.region_code, f.uscc, f.unit_name,
        round((f.base + CASE WHEN p.back_payment_earlier_years THEN f.base_earlier ELSE 0 END)
            * f.rate / 10000, 2) - f.refunded AS amount
    FROM fractions f
    JOIN passing s ON s.region_code = f.region_code AND s.uscc = f.uscc
    JOIN regions p ON p.region_code = f.region_code
    JOIN scope_forms o ON o.region_code = f.region_code AND o.legal_form = f.legal_form
    LEFT JOIN funds b ON b.region_code = f.region_code
    WHERE f.insured_since <= {on} AND f.insured_status = 'active' AND f.arrears_amount <= 0
        AND NOT f.is_cancelled AND (NOT f.is_abnormal OR p.abnormal_taxpayer_passes)
        AND CASE WHEN p.back_payment_counts_as_month THEN f.paid_months_with_back ELSE f.paid_months END
            >= p.min_paid_months
        AND (p.headcount_held_max_drop_bp IS NULL OR f.year_months > 0
            AND f.newest_count * f.year_months * 10000 >= (10000 - p.headcount_held_max_drop_bp) * f.year_sum)
        AND (p.fund_min_reserve_months IS NULL
            OR CASE WHEN b.annual_payout = 0 THEN b.rolling_balance > 0
                ELSE b.rolling_balance * 12 >= b.annual_payout * p.fund_min_reserve_months END)
        AND NOT (f.doubts_claims AND p.uses_claims)
        AND CASE WHEN f.lane <> 'application' THEN {on} <= CAST(p.deadline AS date)
            ELSE NOT f.doubts_applications AND f.applied_on <= CAST(p.deadline AS date) AND f.is_signed
                AND NOT (p.declared_tolerance_bp IS NOT NULL AND (
                    coalesce(abs(f.declared_headcount - f.headcount) * 10000
                        > p.declared_tolerance_bp * f.headcount, false)
                    OR coalesce(f.declared_size <> f.economy_size AND NOT f.is_by_reference, false))) END
)
SELECT region_code, uscc, unit_name, CAST(amount AS decimal(18, 2)) AS amount FROM paid WHERE amount > 0
"""
