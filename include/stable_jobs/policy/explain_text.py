"""An explanation as plain text for a terminal, in Chinese or English."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from stable_jobs.policy.explanation import Explanation, LegalTest, RowExplained, Source, Threshold
from stable_jobs.policy.reasons import BY_CODE

WORDS: Mapping[str, Mapping[str, str]] = {
    "zh": {
        "pass": "通过",
        "fail": "不通过",
        "unknown": "不明",
        "eligible": "符合",
        "ineligible": "不符合",
        "undecided": "待定",
        "general": "一般稳岗返还",
        "difficult": "困难企业稳岗返还",
        "taken": "采用",
        "not_taken": "未采用",
        "inputs": "依据",
        "threshold": "标准",
        "law": "政策依据",
        "rows": "来源",
        "row": "第{}行",
        "quarantined": "已隔离：{}",
        "held": "本夜未作决定",
        "not_set": "未设定",
        "amounts": "金额",
        "demo": "演示值",
        "level": "{}级设定",
        "delivery": "批次 {}",
    },
    "en": {
        "pass": "pass",
        "fail": "fail",
        "unknown": "unknown",
        "eligible": "eligible",
        "ineligible": "ineligible",
        "undecided": "undecided",
        "general": "general refund",
        "difficult": "difficult-enterprise refund",
        "taken": "taken",
        "not_taken": "not taken",
        "inputs": "inputs",
        "threshold": "threshold",
        "law": "legal reference",
        "rows": "from",
        "row": "row {}",
        "quarantined": "quarantined: {}",
        "held": "not decided this night",
        "not_set": "not set",
        "amounts": "amounts",
        "demo": "demo value",
        "level": "set by {}",
        "delivery": "delivery {}",
    },
}


def render_text(explanation: Explanation, lang: str) -> str:
    """lang: `zh` or `en`. Control characters of what departments sent are shown escaped."""
    lines = [f"{explanation.uscc} {_safe(explanation.unit_name)} · {explanation.business_date}"]
    for held in explanation.held:
        lines.append(f"! {held['region_code']}: {WORDS[lang]['held']} ({held['reason']} {held['extract']})")
    for row in explanation.rows:
        lines += ["", *_row(row, lang)]
    return "\n".join(lines) + "\n"


def _row(row: RowExplained, lang: str) -> Iterator[str]:
    words = WORDS[lang]
    region = row.region_zh if lang == "zh" else row.region_en
    taken = words["taken" if row.is_taken else "not_taken"]
    yield f"{row.region_code} {region} · {words[row.scheme]} · {words[row.decision]} · {taken}"
    for line in row.tests:
        yield from _test(line, lang)
    yield f"  [{words['amounts']}]"
    yield f"      {_pairs(row.amounts)}"
    yield from (f"      {_threshold(t, lang)}" for t in row.rates)
    yield from (f"      {_source(s, lang)}" for s in row.amount_sources)


def _test(line: LegalTest, lang: str) -> Iterator[str]:
    words = WORDS[lang]
    sentence = f": {getattr(BY_CODE[line.reason], lang)}" if line.reason else ""
    yield f"  [{words[line.outcome]}] {line.test}{sentence}"
    yield f"      {words['inputs']}: {_pairs(line.inputs)}"
    yield from (f"      {words['threshold']}: {_threshold(t, lang)}" for t in line.thresholds)
    yield f"      {words['law']}: {line.reference}"
    yield from (f"      {words['rows']}: {_source(s, lang)}" for s in line.sources)


def _threshold(t: Threshold, lang: str) -> str:
    words = WORDS[lang]
    meaning = t.meaning_zh if lang == "zh" else t.meaning_en
    value = t.value or words["not_set"]
    level = words["level"].format(t.region)
    parts = [f"{t.name} ({meaning}) = {value}", level, t.reference, words["demo"] if t.is_demo else ""]
    return " · ".join(part for part in parts if part)


def _source(source: Source, lang: str) -> str:
    words = WORDS[lang]
    bad = f" [{words['quarantined'].format(', '.join(source.rules))}]" if source.rules else ""
    where = (
        f"{source.department}/{source.extract} {_safe(source.file_name)} {words['row'].format(source.row_no)}"
    )
    return f"{where} ({words['delivery'].format(source.delivery_id)}){bad}: {_pairs(source.values)}"


def _pairs(values: Mapping[str, str]) -> str:
    return ", ".join(f"{name}={_safe(value)}" for name, value in values.items() if value != "")


def _safe(text: str) -> str:
    """Text without control characters: a name must not move a terminal's cursor."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
