from __future__ import annotations

import pytest

from stable_jobs_demo.events import EVENTS, ORDINARY, Event, event_number
from stable_jobs_demo.outcome import TESTS
from stable_jobs_demo.traps.every import TRAPS

CLASSES = {trap.name: trap for trap in TRAPS}
CODES = [*TESTS, *(f"{test}_unknown" for test in TESTS)]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.name)
def test_reasons_are_codes_in_test_order(event: Event) -> None:
    for reasons in (event.general, event.difficult or ()):
        assert set(reasons) <= set(CODES)
        places = [TESTS.index(reason.removesuffix("_unknown")) for reason in reasons]
        assert places == sorted(set(places))


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.name)
def test_it_befalls_a_class_that_is_there(event: Event) -> None:
    assert event.of == ORDINARY or set(event.cities) <= set(CLASSES[event.of].cities)


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.name)
def test_it_is_found_by_its_name(event: Event) -> None:
    assert EVENTS[event_number(event.name)] is event
