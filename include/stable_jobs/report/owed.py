"""Who owes what after a night: one list, what holds a region first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from stable_jobs.contracts.model import DEPARTMENTS
from stable_jobs.messages import words_of
from stable_jobs.report.data import (
    DeliveryLine,
    ExtractReport,
    HeldCause,
    OwedItem,
    RegionLine,
    RuleLine,
)
from stable_jobs.words import Place

LEVELS = ("blocks", "rows", "notice")
DEBTORS = (*DEPARTMENTS, "policy")


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
    places: dict[HeldCause, list[Place]] = defaultdict(list)
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
