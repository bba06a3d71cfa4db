"""The report for machines: `validation.json`, the same facts as the pages, in a layout of its own.

Format 1. Money and shares are decimal strings (yuan; shares to six places, half-up, null without a whole),
dates are ISO, texts are `{"zh", "en"}`. Data values stand as sent; a half surrogate is a `\\u` escape.
`comparison` is null where it did not run. `policy`: what people are to look at before money moves.
`report_read` reads it back, whole.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal

from stable_jobs.report.balance import Reconciliation
from stable_jobs.report.comparison import comparison_json
from stable_jobs.report.data import (
    DeliveryLine,
    ExtractReport,
    HeldCause,
    NightReport,
    OrphanLine,
    OwedItem,
    RegionLine,
    RuleLine,
)
from stable_jobs.report.doubts import doubts_json
from stable_jobs.report.parts import Trend, Trouble
from stable_jobs.report.policy import policy_json
from stable_jobs.words import Json, Place, Words, place_json, words_json

FORMAT = 1


def report_json(report: NightReport) -> bytes:
    """The whole report as UTF-8 JSON, keys in reading order."""
    document: Json = {
        "format": FORMAT,
        "business_date": report.business_date.isoformat(),
        "is_demo": report.is_demo,
        "versions": dict(report.versions),
        "regions": [_region(line) for line in report.regions],
        "elsewhere": [_region(line) for line in report.elsewhere],
        "comparison": None if report.comparison is None else comparison_json(report.comparison),
        "doubts": doubts_json(report.doubts),
        "policy": policy_json(report.policy),
        "owed": [_owed(item) for item in report.owed],
        "extracts": [_extract(extract) for extract in report.extracts],
    }
    text = json.dumps(document, ensure_ascii=False, indent=1)
    return text.encode("utf-8", "backslashreplace") + b"\n"


def share(part: int, whole: int) -> str | None:
    """`3 of 400` → `"0.007500"`; None without a whole."""
    if whole == 0:
        return None
    return str((Decimal(part) / whole).quantize(Decimal("0.000001"), rounding=ROUND_HALF_UP))


def _region(line: RegionLine) -> Json:
    return {
        **place_json(line.place),
        "is_held": line.is_held,
        "causes": [_cause(cause) for cause in line.causes],
        "reconciliation": _reconciliation(line.reconciliation),
    }


def _cause(cause: HeldCause) -> Json:
    return {
        "reason": cause.reason,
        "department": cause.department,
        "extract": cause.extract,
        "title": _words(cause.title),
        "what": words_json(cause.what),
        "detail": cause.detail,
        "trouble": _trouble(cause.trouble),
        "next_step": words_json(cause.next_step),
    }


def _trouble(trouble: Trouble | None) -> Json | None:
    if trouble is None:
        return None
    return {
        "rule": trouble.rule_id,
        "what": words_json(trouble.what),
        "expected": _words(trouble.expected),
        "found": words_json(trouble.found),
        "next_step": words_json(trouble.next_step),
        "row": trouble.row,
        "column": trouble.column,
    }


def _reconciliation(line: Reconciliation | None) -> Json | None:
    if line is None:
        return None
    return {name: str(value) if isinstance(value, Decimal) else value for name, value in vars(line).items()}


def _owed(item: OwedItem) -> Json:
    return {
        "level": item.level,
        "department": item.department,
        "extract": item.extract,
        "title": _words(item.title),
        "regions": _codes(item.places),
        "places": [place_json(place) for place in item.places],
        "what": words_json(item.what),
        "trouble": _trouble(item.trouble),
        "rows": item.count,
        "next_step": words_json(item.next_step),
        "anchor": item.anchor,
    }


def _extract(extract: ExtractReport) -> Json:
    return {
        "department": extract.department,
        "extract": extract.extract,
        "title": words_json(extract.title),
        "contract_version": extract.contract_version,
        "received": extract.received,
        "accepted": extract.accepted,
        "quarantined": extract.quarantined,
        "missing": _codes(extract.missing),
        "missing_places": [place_json(place) for place in extract.missing],
        "deliveries": [_delivery(line) for line in extract.deliveries],
        "rules": [_rule(rule) for rule in extract.rules],
        "orphans": [_orphan(line) for line in extract.orphans],
    }


def _delivery(line: DeliveryLine) -> Json:
    return {
        "file_name": line.file_name,
        **place_json(line.place),
        "business_date": line.business_date.isoformat(),
        "sequence": line.sequence,
        "sha256": line.sha256,
        "status": line.status,
        "received": line.received,
        "accepted": line.accepted,
        "quarantined": line.quarantined,
        "trouble": _trouble(line.trouble),
        "release": vars(line.release) if line.release else None,
    }


def _rule(rule: RuleLine) -> Json:
    return {
        "id": rule.rule_id,
        "severity": rule.severity,
        "scope": rule.scope,
        "sentence": words_json(rule.sentence),
        "next_step": words_json(rule.next_step),
        "evaluated": rule.evaluated,
        "failed": rule.failed,
        "share": share(rule.failed, rule.evaluated),
        "trend": _trend(rule.trend),
        "regions": [
            {
                **place_json(region.place),
                "evaluated": region.evaluated,
                "failed": region.failed,
                "share": share(region.failed, region.evaluated),
                "trend": _trend(region.trend),
            }
            for region in rule.regions
        ],
        "samples": [
            {
                "file_name": sample.file_name,
                **place_json(sample.place),
                "row": sample.row,
                "values": {column: value for column, _, value in sample.values},
                "headers": {column: header for column, header, _ in sample.values},
            }
            for sample in rule.samples
        ],
    }


def _trend(trend: Trend) -> Json:
    return {
        "state": trend.state,
        "nights_failing": trend.nights_failing,
        "nights": {night.business_date.isoformat(): night.failed for night in trend.nights},
    }


def _orphan(line: OrphanLine) -> Json:
    return {
        **place_json(line.place),
        "uscc_count": line.uscc_count,
        "rows": line.rows,
        "accepted": line.accepted,
        "share": share(line.rows, line.accepted),
        "amount": None if line.amount is None else str(line.amount),
        "is_warning": line.is_warning,
    }


def _words(words: Words | None) -> Json | None:
    return None if words is None else words_json(words)


def _codes(places: Iterable[Place]) -> list[str]:
    return [place.code for place in places]
