"""From plain values to the parts of the report: one function per part, no database and no file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar

from stable_jobs.contracts.model import DEPARTMENTS, Contract, Rule, Scope
from stable_jobs.messages import words_of
from stable_jobs.regions import NATION
from stable_jobs.report.comparison import ComparisonFacts
from stable_jobs.report.data import (
    DeliveryLine,
    ExtractReport,
    NightReport,
    OrphanLine,
    OwedItem,
    RegionCount,
    RegionLine,
    RuleLine,
    Sample,
    SuspensionCause,
)
from stable_jobs.report.parts import (
    NO_POLICY,
    DoubtLine,
    NightCount,
    PolicyFacts,
    Reconciliation,
    Trend,
    Trouble,
    place_of,
    slot_of,
)
from stable_jobs.store.catalog import HistoryPoint, RuleResult
from stable_jobs.words import Place, Words

SEVERITIES = ("critical", "warning", "info")
LEVELS = ("blocks", "rows", "notice")
DEBTORS = (*DEPARTMENTS, "policy")

T = TypeVar("T")


@dataclass(frozen=True)
class SuspensionFact:
    """A row of the `held` snapshot: why a region is held. Empty department: no delivery is at fault."""

    region_code: str
    reason: str
    department: str | None
    extract: str | None
    detail: str | None


@dataclass(frozen=True)
class ExtractFacts:
    """The facts about one extract tonight."""

    contract: Contract
    deliveries: Sequence[DeliveryLine] = ()
    results: Sequence[RuleResult] = ()
    history: Sequence[HistoryPoint] = ()
    samples: Mapping[str, Sequence[Sample]] = field(default_factory=dict)
    """By rule id."""
    orphans: Sequence[OrphanLine] = ()


@dataclass(frozen=True)
class NightFacts:
    """The facts about the night, before they are arranged for the reader."""

    business_date: date
    is_demo: bool
    versions: Mapping[str, str]
    names: Mapping[str, Words]
    """Region names by code."""
    extracts: Sequence[ExtractFacts]
    held: Sequence[SuspensionFact]
    reconciliation: Mapping[str, Reconciliation]
    """By region code; `000000`: rows whose region cannot be read."""
    comparison: ComparisonFacts | None = None
    doubts: tuple[DoubtLine, ...] = ()
    policy: PolicyFacts = NO_POLICY


def build_report(facts: NightFacts) -> NightReport:
    """Arrange a night's facts: regions by code, departments in their order, rules worst first."""
    ordered = sorted(
        facts.extracts, key=lambda e: (DEPARTMENTS.index(e.contract.department), e.contract.extract)
    )
    extracts = tuple(extract_report(e, facts) for e in ordered)
    lines = region_lines(facts, extracts)
    regions = tuple(line for line in lines if _takes_part(line))
    return NightReport(
        business_date=facts.business_date,
        is_demo=facts.is_demo,
        versions=tuple(facts.versions.items()),
        regions=regions,
        elsewhere=tuple(line for line in lines if not _takes_part(line)),
        extracts=extracts,
        owed=owed_items(regions, extracts),
        comparison=facts.comparison,
        doubts=facts.doubts,
        policy=facts.policy,
    )


def _takes_part(line: RegionLine) -> bool:
    has_units = line.reconciliation is not None and line.reconciliation.units_in > 0
    return line.place.code != NATION and (line.is_held or has_units)


def extract_report(facts: ExtractFacts, night: NightFacts) -> ExtractReport:
    """One extract. A rule that was not evaluated has no line; a result of no rule is an AssertionError."""
    contract = facts.contract
    results = _grouped(facts.results, lambda r: r.rule_id)
    history = _grouped(facts.history, lambda h: h.rule_id)
    strange = results.keys() - {rule.id for rule in contract.rules}
    assert not strange, f"{contract.extract}: results of rules that its contract lacks: {sorted(strange)}"
    rules = [
        rule_line(rule, night, results[rule.id], history.get(rule.id, []), facts.samples.get(rule.id, ()))
        for rule in contract.rules
        if rule.id in results
    ]
    return ExtractReport(
        department=contract.department,
        extract=contract.extract,
        title=Words(contract.title_zh, contract.title_en),
        contract_version=contract.version,
        deliveries=tuple(sorted(facts.deliveries, key=lambda d: (d.place.code, d.business_date, d.sequence))),
        missing_places=_missing(facts, night),
        rules=tuple(sorted(rules, key=_worst_first)),
        orphans=tuple(sorted(facts.orphans, key=lambda o: o.place.code)),
    )


def rule_line(
    rule: Rule,
    night: NightFacts,
    results: Sequence[RuleResult],
    history: Sequence[HistoryPoint],
    samples: Sequence[Sample],
) -> RuleLine:
    """One rule over tonight's regions, with its trend over the nights on which the extract was validated.

    Regions that sent nothing tonight are left out of the nights before too: silence is no improvement.
    """
    tonight = {r.region_code for r in results}
    history = [h for h in history if h.region_code in tonight]
    failed = sum(r.failed for r in results)
    earlier = sorted({h.business_date for h in history})
    return RuleLine(
        rule_id=rule.id,
        severity=rule.severity.value,
        scope=rule.scope.value,
        sentence=Words(rule.sentence_zh, rule.sentence_en),
        next_step=Words(rule.next_step_zh, rule.next_step_en),
        evaluated=sum(r.evaluated for r in results),
        failed=failed,
        regions=_region_counts(rule, night, results, history, earlier),
        trend=trend_of(night.business_date, failed, history, earlier),
        samples=tuple(samples),
    )


def trend_of(
    business_date: date, failed: int, history: Iterable[HistoryPoint], earlier: Sequence[date]
) -> Trend:
    """Failures per night over `earlier` (ascending) and tonight; a night without a count had none."""
    per_night: dict[date, int] = defaultdict(int)
    for night in history:
        per_night[night.business_date] += night.failed
    past = tuple(NightCount(day, per_night[day]) for day in earlier)
    return Trend((*past, NightCount(business_date, failed)))


def region_lines(facts: NightFacts, extracts: Sequence[ExtractReport]) -> tuple[RegionLine, ...]:
    """Every region of which something came in or that is held, by code."""
    by_region = defaultdict(list)
    for held in facts.held:
        by_region[held.region_code].append(held_cause(held, extracts))
    return tuple(
        RegionLine(
            place=place_of(code, facts.names),
            causes=tuple(by_region.get(code, ())),
            reconciliation=facts.reconciliation.get(code),
        )
        for code in sorted(by_region.keys() | facts.reconciliation.keys())
    )


def held_cause(held: SuspensionFact, extracts: Sequence[ExtractReport]) -> SuspensionCause:
    """Why a region is held, with the trouble of the delivery that was refused or stopped, if one was."""
    extract = next((e for e in extracts if e.extract == held.extract), None)
    return SuspensionCause(
        reason=held.reason,
        department=held.department or "policy",
        extract=extract.extract if extract else None,
        title=extract.title if extract else None,
        detail=held.detail or "",
        trouble=_trouble(extract, held.region_code) if extract else None,
        what=words_of("held", held.reason),
        next_step=words_of("held_next", held.reason),
    )


def _trouble(extract: ExtractReport, region: str) -> Trouble | None:
    lines = [d for d in extract.deliveries if d.place.code in (region, NATION)]
    stopped = [d for d in lines if d.status in ("refused", "held")]
    own_last = sorted(stopped, key=lambda d: (d.place.code == region, d.sequence))
    return own_last[-1].trouble if own_last else None


def _missing(facts: ExtractFacts, night: NightFacts) -> tuple[Place, ...]:
    came = {d.place.code for d in facts.deliveries}
    codes = {
        h.region_code
        for h in night.held
        if h.reason == "missing_delivery" and h.extract == facts.contract.extract
    }
    return tuple(place_of(code, night.names) for code in sorted(codes - came))


def _region_counts(
    rule: Rule,
    night: NightFacts,
    results: Sequence[RuleResult],
    history: Sequence[HistoryPoint],
    earlier: Sequence[date],
) -> tuple[RegionCount, ...]:
    """The regions where the rule fails, or failed on the last night before; most failures first."""
    failed_last = {h.region_code for h in history if h.failed and h.business_date == earlier[-1]}
    shown = [r for r in results if r.failed or r.region_code in failed_last]
    codes = {r.region_code for r in shown}
    past = _grouped((h for h in history if h.region_code in codes), lambda h: h.region_code)
    named = slot_of if rule.scope is Scope.DELIVERY else place_of
    counts = (
        RegionCount(
            place=named(r.region_code, night.names),
            evaluated=r.evaluated,
            failed=r.failed,
            trend=trend_of(night.business_date, r.failed, past.get(r.region_code, ()), earlier),
        )
        for r in shown
    )
    return tuple(sorted(counts, key=lambda c: (-c.failed, c.place.code)))


def _grouped(items: Iterable[T], key: Callable[[T], str]) -> dict[str, list[T]]:
    groups: dict[str, list[T]] = defaultdict(list)
    for item in items:
        groups[key(item)].append(item)
    return dict(groups)


def _worst_first(rule: RuleLine) -> tuple[int, int, str]:
    return SEVERITIES.index(rule.severity), -rule.failed, rule.rule_id


# --- who owes what ---


def owed_items(regions: Sequence[RegionLine], extracts: Sequence[ExtractReport]) -> tuple[OwedItem, ...]:
    """Everything owed: causes of held regions, then quarantined rows, then what is worth a look.

    A delivery that was refused or stopped stands here once: as the cause of its region, or, where an earlier
    delivery stands in, as a notice.
    """
    blocking = _causes(regions)
    told = {(item.extract, place.code) for item in blocking for place in item.places}
    items = [*blocking]
    for extract in extracts:
        items += _stopped(extract, told)
        items += _quarantined(extract)
        items += _orphans(extract)
    return tuple(sorted(items, key=_most_urgent_first))


def _most_urgent_first(item: OwedItem) -> tuple[int, int, str, int]:
    return (
        LEVELS.index(item.level),
        DEBTORS.index(item.department),
        item.extract or "",
        -(item.count or 0),
    )


def _causes(regions: Iterable[RegionLine]) -> list[OwedItem]:
    places: dict[SuspensionCause, list[Place]] = defaultdict(list)
    for region in regions:
        for cause in region.causes:
            places[cause].append(region.place)
    return [
        OwedItem(
            level="blocks",
            department=cause.department,
            extract=cause.extract,
            title=cause.title,
            places=tuple(where),
            what=cause.what,
            trouble=cause.trouble,
            next_step=cause.next_step,
            count=None,
            anchor=cause.extract,
        )
        for cause, where in places.items()
    ]


def _stopped(extract: ExtractReport, told: set[tuple[str | None, str]]) -> list[OwedItem]:
    return [
        _stopped_item(extract, line)
        for line in _last_of_slots(extract.deliveries)
        if line.status in ("refused", "held") and (extract.extract, line.place.code) not in told
    ]


def _last_of_slots(deliveries: Sequence[DeliveryLine]) -> list[DeliveryLine]:
    """The lines of the last file of each slot: a corrected one ends what was wrong with the one before."""
    tonight = [line for line in deliveries if line.status not in ("stand_in", "superseded")]
    last = {line.slot: _file(line) for line in sorted(tonight, key=lambda line: line.sequence)}
    return [line for line in tonight if _file(line) == last[line.slot]]


def _file(line: DeliveryLine) -> tuple[int, str]:
    """Two files of one name are told apart by their bytes; the later one stands later."""
    return line.sequence, line.sha256


def _stopped_item(extract: ExtractReport, line: DeliveryLine) -> OwedItem:
    return OwedItem(
        level="notice",
        department=extract.department,
        extract=extract.extract,
        title=extract.title,
        places=(line.place,),
        what=words_of("refused", line.status),
        trouble=line.trouble,
        next_step=words_of("refused", "next"),
        count=None,
        anchor=extract.extract,
    )


def _quarantined(extract: ExtractReport) -> list[OwedItem]:
    return [
        _rule_item(extract, rule)
        for rule in extract.rules
        if rule.severity == "critical" and rule.scope == "row" and rule.failed
    ]


def _rule_item(extract: ExtractReport, rule: RuleLine) -> OwedItem:
    return OwedItem(
        level="rows",
        department=extract.department,
        extract=extract.extract,
        title=extract.title,
        places=tuple(r.place for r in rule.regions if r.failed),
        what=rule.sentence,
        trouble=None,
        next_step=rule.next_step,
        count=rule.failed,
        anchor=rule.anchor,
    )


def _orphans(extract: ExtractReport) -> list[OwedItem]:
    warned = [line for line in extract.orphans if line.is_warning]
    if not warned:
        return []
    return [
        OwedItem(
            level="notice",
            department=extract.department,
            extract=extract.extract,
            title=extract.title,
            places=tuple(line.place for line in warned),
            what=words_of("orphans", "what"),
            trouble=None,
            next_step=words_of("orphans", "next"),
            count=sum(line.rows for line in warned),
            anchor=extract.extract,
        )
    ]
