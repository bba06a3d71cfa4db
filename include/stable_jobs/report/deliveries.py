"""The outcome of each delivery, region by region, for the report."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from stable_jobs.contracts.model import Contract
from stable_jobs.errors import Problem
from stable_jobs.messages import refusals
from stable_jobs.report.data import DeliveryLine, Release
from stable_jobs.report.parts import Trouble, expected_of, measured, slot_of
from stable_jobs.store import catalog
from stable_jobs.store.catalog import Delivery, DeliveryOutcome, superseded
from stable_jobs.words import Words


@dataclass(frozen=True)
class Known:
    """Facts about one extract's deliveries. `outcomes`: those of tonight's validation.

    held: (extract, region) that no release counts for: they were held when the night was decided.
    """

    contract: Contract
    names: Mapping[str, Words]
    outcomes: Sequence[DeliveryOutcome]
    releases: Sequence[catalog.Release]
    held: frozenset[tuple[str, str]] = frozenset()


def delivery_lines(
    known: Known, deliveries: Sequence[Delivery], stand_ins: Sequence[Delivery]
) -> tuple[DeliveryLine, ...]:
    """One line per delivery; of a file for all regions one per region that it has rows of.

    deliveries: tonight's; a readable one without an outcome was replaced by a later one of its slot.
    stand_ins: of earlier dates; their rows were counted on their own night, not on this one.
    """
    outcomes: dict[int, list[DeliveryOutcome]] = defaultdict(list)
    for outcome in known.outcomes:
        outcomes[outcome.delivery_id].append(outcome)
    replaced = superseded(deliveries)
    tonight = [line for d in deliveries for line in _of_delivery(known, d, outcomes[d.id], d.id in replaced)]
    return (*tonight, *(_line(known, d, d.region_code, "stand_in") for d in stand_ins))


def _of_delivery(
    known: Known, delivery: Delivery, outcomes: Sequence[DeliveryOutcome], is_replaced: bool
) -> Iterator[DeliveryLine]:
    if delivery.status == "refused":
        yield _line(known, delivery, delivery.region_code, "refused", trouble=_refusal(delivery))
    elif not outcomes:
        status = "superseded" if is_replaced else "pending"
        yield _line(known, delivery, delivery.region_code, status)
    whole = next((o for o in outcomes if o.region_code == delivery.region_code), None)
    for outcome in outcomes:
        if outcome is not whole or outcome.received or outcome.held_rule or len(outcomes) == 1:
            yield _judged(known, delivery, outcome, whole)


def _judged(
    known: Known, delivery: Delivery, outcome: DeliveryOutcome, whole: DeliveryOutcome | None
) -> DeliveryLine:
    """A part is held by its own rule, or with the whole file."""
    judging = [o for o in (whole, outcome) if o is not None and o.held_rule is not None]
    held = next((o for o in judging if _release(known, delivery, o) is None), None)
    released = next((_release(known, delivery, o) for o in judging), None)
    status = "held" if held else "released" if released else "accepted"
    return _line(
        known,
        delivery,
        outcome.region_code,
        status,
        rows=(outcome.received, outcome.accepted, outcome.quarantined),
        trouble=_hold(known, delivery, held) if held else None,
        release=None if held else released,
    )


def _release(known: Known, delivery: Delivery, outcome: DeliveryOutcome) -> Release | None:
    """A release is bound to the bytes and the rule, not to the row of the delivery."""
    if (known.contract.extract, outcome.region_code) in known.held:
        return None
    found = (
        Release(r.rule_id, r.reason, r.released_by)
        for r in known.releases
        if r.sha256 == delivery.sha256 and r.rule_id == outcome.held_rule
    )
    return next(found, None)


def _hold(known: Known, delivery: Delivery, outcome: DeliveryOutcome) -> Trouble:
    rule = {r.id: r for r in known.contract.rules}[str(outcome.held_rule)]
    detail = outcome.held_detail or {}
    agreed = known.contract.for_region(delivery.region_code, delivery.business_date)
    return Trouble(
        rule_id=rule.id,
        what=Words(rule.sentence_zh, rule.sentence_en),
        expected=expected_of(rule.id, agreed, detail),
        found=measured(detail),
        next_step=Words(rule.next_step_zh, rule.next_step_en),
    )


def _refusal(delivery: Delivery) -> Trouble:
    problem = Problem(**(delivery.problem or {}))
    return Trouble(
        rule_id=problem.rule,
        what=Words(problem.what_zh, problem.what_en),
        expected=refusals.expected_of(problem.expected),
        found=refusals.found_of(problem.rule, problem.found),
        next_step=Words(problem.next_step_zh, problem.next_step_en),
        row=problem.row,
        column=problem.column,
    )


def _line(
    known: Known,
    delivery: Delivery,
    region_code: str,
    status: str,
    *,
    rows: tuple[int | None, int | None, int | None] = (None, None, None),
    trouble: Trouble | None = None,
    release: Release | None = None,
) -> DeliveryLine:
    received, accepted, quarantined = rows
    return DeliveryLine(
        file_name=delivery.file_name,
        place=slot_of(region_code, known.names),
        business_date=delivery.business_date,
        sequence=delivery.sequence,
        sha256=delivery.sha256,
        status=status,
        received=received,
        accepted=accepted,
        quarantined=quarantined,
        trouble=trouble,
        release=release,
    )
