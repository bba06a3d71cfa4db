"""A published `validation.json` back as the report it was written from: what the review pages show."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar

from stable_jobs.errors import UsageError
from stable_jobs.report.balance import Reconciliation
from stable_jobs.report.comparison import comparison_from_json
from stable_jobs.report.data import (
    DeliveryLine,
    ExtractReport,
    HeldCause,
    NightReport,
    OrphanLine,
    OwedItem,
    RegionCount,
    RegionLine,
    Release,
    RuleLine,
    Sample,
)
from stable_jobs.report.doubts import doubt_from_json
from stable_jobs.report.json import FORMAT
from stable_jobs.report.parts import NightCount, Trend, Trouble
from stable_jobs.report.policy import policy_from_json
from stable_jobs.words import Place, Words, place_from_json

Document = Mapping[str, Any]
T = TypeVar("T")


def read_report(content: bytes) -> NightReport:
    """What `report_json` made. UsageError for anything else: also a file of an earlier version, which lacks
    what the pages need.
    """
    try:
        document = json.loads(content)
        if document["format"] != FORMAT:
            raise ValueError(f"format {document['format']}")
        return _report(document)
    except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError, AssertionError) as problem:
        raise UsageError(
            f"the night's validation.json is not as this version writes it ({problem!r}): "
            "publish the night again (`stable-jobs night --date …`); nothing of it is lost"
        ) from None


def _report(document: Document) -> NightReport:
    comparison = document["comparison"]
    return NightReport(
        business_date=date.fromisoformat(document["business_date"]),
        is_demo=document["is_demo"],
        policy=policy_from_json(document.get("policy")),
        versions=tuple(document["versions"].items()),
        regions=_all(_region, document["regions"]),
        elsewhere=_all(_region, document["elsewhere"]),
        extracts=_all(_extract, document["extracts"]),
        owed=_all(_owed, document["owed"]),
        doubts=_all(doubt_from_json, document["doubts"]),
        comparison=None if comparison is None else comparison_from_json(comparison),
    )


def _all(read: Callable[[Document], T], documents: Iterable[Document]) -> tuple[T, ...]:
    return tuple(read(one) for one in documents)


def _region(one: Document) -> RegionLine:
    return RegionLine(
        place=place_from_json(one),
        causes=_all(_cause, one["causes"]),
        reconciliation=_reconciliation(one["reconciliation"]),
    )


def _cause(one: Document) -> HeldCause:
    return HeldCause(
        reason=one["reason"],
        department=one["department"],
        extract=one["extract"],
        title=_words(one["title"]),
        detail=one["detail"],
        trouble=_trouble(one["trouble"]),
        what=Words(**one["what"]),
        next_step=Words(**one["next_step"]),
    )


def _reconciliation(one: Document | None) -> Reconciliation | None:
    if one is None:
        return None
    names = [field.name for field in fields(Reconciliation)]
    values: dict[str, Any] = {n: Decimal(one[n]) if n.startswith("premium") else one[n] for n in names}
    return Reconciliation(**values)


def _owed(one: Document) -> OwedItem:
    return OwedItem(
        level=one["level"],
        department=one["department"],
        extract=one["extract"],
        title=_words(one["title"]),
        places=_places(one["places"]),
        what=Words(**one["what"]),
        trouble=_trouble(one["trouble"]),
        next_step=Words(**one["next_step"]),
        count=one["rows"],
        anchor=one["anchor"],
    )


def _extract(one: Document) -> ExtractReport:
    return ExtractReport(
        department=one["department"],
        extract=one["extract"],
        title=Words(**one["title"]),
        contract_version=one["contract_version"],
        deliveries=_all(_delivery, one["deliveries"]),
        missing=_places(one["missing_places"]),
        rules=_all(_rule, one["rules"]),
        orphans=_all(_orphan, one["orphans"]),
    )


def _delivery(one: Document) -> DeliveryLine:
    return DeliveryLine(
        file_name=one["file_name"],
        place=place_from_json(one),
        business_date=date.fromisoformat(one["business_date"]),
        sequence=one["sequence"],
        sha256=one["sha256"],
        status=one["status"],
        received=one["received"],
        accepted=one["accepted"],
        quarantined=one["quarantined"],
        trouble=_trouble(one["trouble"]),
        release=None if one["release"] is None else Release(**one["release"]),
    )


def _rule(one: Document) -> RuleLine:
    return RuleLine(
        rule_id=one["id"],
        severity=one["severity"],
        scope=one["scope"],
        sentence=Words(**one["sentence"]),
        next_step=Words(**one["next_step"]),
        evaluated=one["evaluated"],
        failed=one["failed"],
        regions=_all(_region_count, one["regions"]),
        trend=_trend(one["trend"]),
        samples=_all(_sample, one["samples"]),
    )


def _region_count(one: Document) -> RegionCount:
    return RegionCount(place_from_json(one), one["evaluated"], one["failed"], _trend(one["trend"]))


def _sample(one: Document) -> Sample:
    headers = one["headers"]
    values = tuple((column, headers[column], value) for column, value in one["values"].items())
    return Sample(one["file_name"], place_from_json(one), one["row"], values)


def _trend(one: Document) -> Trend:
    return Trend(tuple(NightCount(date.fromisoformat(on), failed) for on, failed in one["nights"].items()))


def _orphan(one: Document) -> OrphanLine:
    amount = one["amount"]
    return OrphanLine(
        place_from_json(one),
        one["uscc_count"],
        one["rows"],
        one["accepted"],
        None if amount is None else Decimal(amount),
    )


def _trouble(one: Document | None) -> Trouble | None:
    if one is None:
        return None
    return Trouble(
        rule_id=one["rule"],
        what=Words(**one["what"]),
        expected=_words(one["expected"]),
        found=Words(**one["found"]),
        next_step=Words(**one["next_step"]),
        row=one["row"],
        column=one["column"],
    )


def _words(one: Document | None) -> Words | None:
    return None if one is None else Words(**one)


def _places(documents: Iterable[Document]) -> tuple[Place, ...]:
    return _all(place_from_json, documents)
