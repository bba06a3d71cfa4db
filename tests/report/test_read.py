"""What was published comes back as it was; anything else is said to be something else."""

import json
from dataclasses import replace
from typing import Any

import pytest

from stable_jobs.errors import UsageError
from stable_jobs.report.build import build_report
from stable_jobs.report.json import report_json
from stable_jobs.report.read import read_report
from stable_jobs.report.render import render_report
from stable_jobs.words import Words
from tests.report.compared_night import COMPARED
from tests.report.report_night import HOSTILE, NAMES, a_night, facts

NIGHTS = {
    "a night": a_night(),
    "compared": a_night(comparison=COMPARED),
    "nothing in it": build_report(facts(extracts=[], held=[], reconciliation={}, is_demo=False)),
    "hostile names of regions": a_night(names={code: Words(HOSTILE[0], HOSTILE[3]) for code in NAMES}),
    "half a surrogate": a_night(versions={"code": "\ud800"}),
}


@pytest.mark.parametrize("name", NIGHTS)
def test_what_was_written_comes_back(name: str) -> None:
    assert read_report(report_json(NIGHTS[name])) == NIGHTS[name]


def test_its_pages_are_the_published_ones() -> None:
    night = NIGHTS["compared"]
    assert render_report(read_report(report_json(night))) == render_report(night)


def without(*path: str | int) -> bytes:
    """The document of a night without one key: what an earlier version wrote."""
    document = json.loads(report_json(a_night(comparison=COMPARED)))
    inner = document
    for step in path[:-1]:
        inner = inner[step]
    del inner[path[-1]]
    return json.dumps(document).encode()


def with_(**changed: Any) -> bytes:
    return json.dumps(json.loads(report_json(a_night())) | changed).encode()


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(without("owed", 0, "anchor"), id="an item without its anchor"),
        pytest.param(without("owed", 0, "title"), id="an item without its title"),
        pytest.param(without("owed", 0, "places"), id="an item without its places"),
        pytest.param(without("regions", 0, "name"), id="a region without its name"),
        pytest.param(without("extracts", 1, "missing_places"), id="missing regions without names"),
        pytest.param(without("extracts", 1, "deliveries", 0, "name"), id="a delivery without a place"),
        pytest.param(with_(format=2), id="another format"),
        pytest.param(with_(business_date="yesterday"), id="no date"),
        pytest.param(with_(regions=[7]), id="no region"),
        pytest.param(with_(versions=[]), id="no versions"),
        pytest.param(with_(regions=None), id="null"),
        pytest.param(b"", id="empty"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b"\xff{}", id="no text"),
    ],
)
def test_anything_else_is_to_be_published_again(content: bytes) -> None:
    with pytest.raises(UsageError, match="publish the night again"):
        read_report(content)


def test_rows_that_do_not_add_up_are_not_shown() -> None:
    document = json.loads(report_json(a_night()))
    line = next(d for e in document["extracts"] for d in e["deliveries"] if d["received"])
    line["received"] += 1
    with pytest.raises(UsageError, match="loses rows"):
        read_report(json.dumps(document).encode())


def test_numbers_stay_what_they_are() -> None:
    orphans = read_report(report_json(a_night())).of_department("tax")[0].orphans
    assert orphans == replace(a_night().of_department("tax")[0]).orphans
    assert str(orphans[-1].amount) == "88123.45"
