"""Why one enterprise was or was not paid: as data, and as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from stable_jobs.messages.decision import EXPLANATION, REASON, SCHEME, SEGMENT
from stable_jobs.policy.catalogue import CATALOGUE, EXCLUSION_LISTS
from stable_jobs.policy.load import Policies
from stable_jobs.policy.parameters import resolve
from stable_jobs.policy.verdict import BY_CODE, TESTS

# --- As data ---
# Why one enterprise was or was not paid, as data: every test with its inputs, rows, threshold and law.

# ---- What each test reads ----


@dataclass(frozen=True)
class Reads:
    """The inputs of a test: extracts, columns of the situation, parameters."""

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


# ---- An explanation ----


@dataclass(frozen=True)
class Source:
    """One row as a department sent it. `rules`: the critical rules it broke; empty: accepted."""

    extract: str
    department: str
    delivery_id: int
    file_name: str
    row_no: int
    rules: tuple[str, ...]
    values: Mapping[str, str]


Behind = Mapping[str, tuple[Source, ...]]
"""Extract → the rows of the unit."""


@dataclass(frozen=True)
class Threshold:
    """One parameter as it held. `region`: the level that set it; `reference`: its clause; empty: not set."""

    name: str
    meaning_zh: str
    meaning_en: str
    value: str
    region: str
    reference: str
    is_demo: bool


@dataclass(frozen=True)
class LegalTest:
    """One test. `outcome`: pass, fail or unknown; `reason` is the code where it does not pass."""

    test: str
    outcome: str
    reason: str
    reference: str
    inputs: Mapping[str, str]
    thresholds: tuple[Threshold, ...]
    sources: tuple[Source, ...]


@dataclass(frozen=True)
class RowExplained:
    """One row of the eligibility table. `size`: the size its parameters were taken for; empty: unknown."""

    region_code: str
    region_zh: str
    region_en: str
    scheme: str
    decision: str
    is_taken: bool
    reasons: str
    tests: tuple[LegalTest, ...]
    amounts: Mapping[str, str]
    rates: tuple[Threshold, ...]
    amount_sources: tuple[Source, ...]


@dataclass(frozen=True)
class Explanation:
    """One enterprise on one night. `held`: regions of the night where it may be insured and nothing
    was decided."""

    uscc: str
    unit_name: str
    business_date: date
    rows: tuple[RowExplained, ...]
    held: tuple[Mapping[str, Any], ...]


def row_explained(
    policies: Policies, row: Mapping[str, Any], wide: Mapping[str, Any], behind: Behind, on: date
) -> RowExplained:
    """A row of the eligibility table. wide: its inputs beside it, as the decision had them."""
    region, scheme = row["region_code"], row["scheme"]
    policy = policies.regions[region]
    size = wide["policy_size"]
    rates = ("refund_rate",) if scheme == "general" else ("benefit_months",)
    return RowExplained(
        region_code=region,
        region_zh=policy.name_zh,
        region_en=policy.name_en,
        scheme=scheme,
        decision=row["decision"],
        is_taken=row["is_taken"],
        reasons=row["reasons"],
        tests=tuple(_line(policies, name, row, wide, behind, on) for name in TESTS),
        amounts={name: _text(row[name]) for name in AMOUNTS},
        rates=tuple(_threshold(policies, region, scheme, name, size, on) for name in rates),
        amount_sources=tuple(s for e in AMOUNT_EXTRACTS for s in behind[e]),
    )


def tests_alone(row: Mapping[str, Any]) -> tuple[LegalTest, ...]:
    """The outcome of each test by a row of the eligibility table alone, without its inputs."""
    return tuple(LegalTest(name, *_outcome(row, name), {}, (), ()) for name in TESTS)


def _outcome(row: Mapping[str, Any], test: str) -> tuple[str, str, str]:
    """Outcome, reason and legal reference."""
    meets = row[f"meets_{test}"]
    outcome = "unknown" if meets is None else "pass" if meets else "fail"
    reason = {"pass": "", "fail": test, "unknown": f"{test}_unknown"}[outcome]
    return outcome, reason, BY_CODE[test].reference


def _line(
    policies: Policies, test: str, row: Mapping[str, Any], wide: Mapping[str, Any],
    behind: Behind, on: date,
) -> LegalTest:  # fmt: skip
    reads = READS[test]
    outcome, reason, reference = _outcome(row, test)
    region, scheme = row["region_code"], row["scheme"]
    return LegalTest(
        test=test,
        outcome=outcome,
        reason=reason,
        reference=reference,
        inputs={name: _text(wide[name]) for name in reads.inputs},
        thresholds=tuple(
            _threshold(policies, region, scheme, name, wide["policy_size"], on) for name in reads.parameters
        ),
        sources=tuple(s for e in reads.extracts for s in behind[e]),
    )


def _threshold(
    policies: Policies, region: str, scheme: str, name: str, size: str | None, on: date
) -> Threshold:
    parameter = CATALOGUE[name]
    if parameter.by_size and size is None:
        return Threshold(name, parameter.meaning_zh, parameter.meaning_en, "", region, "", False)
    found = resolve(policies, region, scheme, name, on, size if parameter.by_size else None)
    source = found.source
    return Threshold(
        name=name,
        meaning_zh=parameter.meaning_zh,
        meaning_en=parameter.meaning_en,
        value=_text(found.value),
        region=found.region,
        reference="" if source is None else source.reference,
        is_demo=source is not None and source.demo,
    )


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


# --- As text ---
# An explanation as plain text for a terminal, in Chinese or English.


def render_text(explanation: Explanation, lang: str) -> str:
    """lang: `zh` or `en`. Control characters of what departments sent are shown escaped."""
    lines = [f"{explanation.uscc} {_safe(explanation.unit_name)} · {explanation.business_date}"]
    for held in explanation.held:
        lines.append(f"! {held['region_code']}: {_say('held', lang)} ({held['reason']} {held['extract']})")
    for row in explanation.rows:
        lines += ["", *_row(row, lang)]
    return "\n".join(lines) + "\n"


def _say(code: str, lang: str) -> str:
    return EXPLANATION[code].of(lang)


def _row(row: RowExplained, lang: str) -> Iterator[str]:
    region = row.region_zh if lang == "zh" else row.region_en
    taken = _say("taken" if row.is_taken else "not_taken", lang)
    scheme, decision = SCHEME[row.scheme].of(lang), SEGMENT[row.decision].of(lang)
    yield f"{row.region_code} {region} · {scheme} · {decision} · {taken}"
    for line in row.tests:
        yield from _test(line, lang)
    yield f"  [{_say('amounts', lang)}]"
    yield f"      {_pairs(row.amounts)}"
    yield from (f"      {_threshold_text(t, lang)}" for t in row.rates)
    yield from (f"      {_source(s, lang)}" for s in row.amount_sources)


def _test(line: LegalTest, lang: str) -> Iterator[str]:
    sentence = f": {REASON[line.reason].of(lang)}" if line.reason else ""
    yield f"  [{_say(line.outcome, lang)}] {line.test}{sentence}"
    yield f"      {_say('inputs', lang)}: {_pairs(line.inputs)}"
    yield from (f"      {_say('threshold', lang)}: {_threshold_text(t, lang)}" for t in line.thresholds)
    yield f"      {_say('law', lang)}: {line.reference}"
    yield from (f"      {_say('rows', lang)}: {_source(s, lang)}" for s in line.sources)


def _threshold_text(t: Threshold, lang: str) -> str:
    meaning = t.meaning_zh if lang == "zh" else t.meaning_en
    value = t.value or _say("not_set", lang)
    level = _say("level", lang).format(t.region)
    parts = [f"{t.name} ({meaning}) = {value}", level, t.reference, _say("demo", lang) if t.is_demo else ""]
    return " · ".join(part for part in parts if part)


def _source(source: Source, lang: str) -> str:
    bad = f" [{_say('quarantined', lang).format(', '.join(source.rules))}]" if source.rules else ""
    row = _say("row", lang).format(source.row_no)
    where = f"{source.department}/{source.extract} {_safe(source.file_name)} {row}"
    return f"{where} ({_say('delivery', lang).format(source.delivery_id)}){bad}: {_pairs(source.values)}"


def _pairs(values: Mapping[str, str]) -> str:
    return ", ".join(f"{name}={_safe(value)}" for name, value in values.items() if value != "")


def _safe(text: str) -> str:
    """Text without control characters: a name must not move a terminal's cursor."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
