"""An explanation as plain text for a terminal, in Chinese or English."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from stable_jobs.messages.decision import EXPLANATION, REASON, SCHEME, SEGMENT
from stable_jobs.policy.explanation import Explanation, LegalTest, RowExplained, Source, Threshold


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
    yield from (f"      {_threshold(t, lang)}" for t in row.rates)
    yield from (f"      {_source(s, lang)}" for s in row.amount_sources)


def _test(line: LegalTest, lang: str) -> Iterator[str]:
    sentence = f": {REASON[line.reason].of(lang)}" if line.reason else ""
    yield f"  [{_say(line.outcome, lang)}] {line.test}{sentence}"
    yield f"      {_say('inputs', lang)}: {_pairs(line.inputs)}"
    yield from (f"      {_say('threshold', lang)}: {_threshold(t, lang)}" for t in line.thresholds)
    yield f"      {_say('law', lang)}: {line.reference}"
    yield from (f"      {_say('rows', lang)}: {_source(s, lang)}" for s in line.sources)


def _threshold(t: Threshold, lang: str) -> str:
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
