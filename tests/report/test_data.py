"""What was published comes back as it was; anything else is said to be something else."""

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from stable_jobs.errors import UsageError
from stable_jobs.report.build import build_report
from stable_jobs.report.data import read_report, report_json, share
from stable_jobs.report.parts import NO_POLICY, DoubtLine, PolicyFacts, PolicyLine, TotalLine
from stable_jobs.report.render import render_report
from stable_jobs.words import Words
from tests.report.compared_night import COMPARED, XIAN
from tests.report.report_night import CODE, HOSTILE, NAMES, NIGHT, a_night, facts

NIGHTS = {
    "a night": a_night(),
    "compared": a_night(comparison=COMPARED),
    "nothing in it": build_report(facts(extracts=[], held=[], reconciliation={}, is_demo=False)),
    "hostile names of regions": a_night(names={code: Words(HOSTILE[0], HOSTILE[3]) for code in NAMES}),
    "half a surrogate": a_night(versions={"code": "\ud800"}),
    "people are to look": a_night(
        doubts=(DoubtLine(XIAN, "aliases", 3),),
        policy=PolicyFacts(
            (PolicyLine(XIAN, "general.refund_rate.small", "0.5", "1", "", "新文", NIGHT, "李四", ""),),
            (TotalLine(XIAN, Decimal("276000.00"), Decimal("3.0000"), NIGHT, Decimal("27600.00"), "孙六"),),
        ),
    ),
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


def changed(value: Any, *path: str | int) -> bytes:
    """The document of a night with another value somewhere."""
    document = json.loads(report_json(a_night(comparison=COMPARED)))
    inner = document
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    return json.dumps(document).encode()


def test_a_report_from_before_people_confirmed_values_is_still_read() -> None:
    assert read_report(without("policy")).policy == NO_POLICY


def with_(**changed: Any) -> bytes:
    return json.dumps(json.loads(report_json(a_night())) | changed).encode()


SAMPLE = ("extracts", 1, "rules", 0, "samples", 0)


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
        pytest.param(b"[" * 100_000, id="nested too deep"),
        pytest.param(changed({}, "extracts", 1, "rules", 0, "trend", "nights"), id="a trend without nights"),
        pytest.param(changed([3], "extracts", 1, "rules", 0, "trend", "nights"), id="nights in a list"),
        pytest.param(changed({}, *SAMPLE, "headers"), id="a sample without its headers"),
        pytest.param(changed(7, *SAMPLE, "values"), id="a sample that is a number"),
        pytest.param(changed(7, *SAMPLE[:-1]), id="samples that are a number"),
        pytest.param(changed("many", "extracts", 1, "rules", 0, "failed"), id="a count in words"),
        pytest.param(changed("NaN", "extracts", 1, "orphans", 0, "amount"), id="no amount of money"),
        pytest.param(changed(["x"], "comparison", "night_before", "largest"), id="a row that is a text"),
        pytest.param(changed("2020-05-32", "comparison", "night_before", "business_date"), id="no such day"),
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


# --- the file for machines ---


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(report_json(a_night()))
    return found


def test_the_night(document: dict[str, Any]) -> None:
    assert document["format"] == 1
    assert (document["business_date"], document["is_demo"]) == ("2020-05-11", True)
    assert document["versions"]["code"] == "c" * 64
    assert {r["region_code"]: r["is_held"] for r in document["regions"]}["620100"] is True


def test_a_rule_has_its_severity_counts_share_regions_trend_and_samples(document: dict[str, Any]) -> None:
    tax = next(e for e in document["extracts"] if e["extract"] == "premium_payments")
    code = next(r for r in tax["rules"] if r["id"] == CODE)
    assert (code["severity"], code["evaluated"], code["failed"]) == ("critical", 371_000, 41)
    assert code["share"] == "0.000111"
    assert code["trend"]["nights"]["2020-05-10"] == 30
    assert [(r["region_code"], r["failed"], r["trend"]["state"]) for r in code["regions"]] == [
        ("610100", 37, "failing"),
        ("230200", 4, "new"),
    ]
    assert [s["values"]["account_name"] for s in code["samples"]] == list(HOSTILE)
    assert code["samples"][0]["values"]["paid_date"] is None


def test_every_sum_stands_beside_its_parts(document: dict[str, Any]) -> None:
    for extract in document["extracts"]:
        assert extract["received"] == extract["accepted"] + extract["quarantined"]
    xian = next(r for r in document["regions"] if r["region_code"] == "610100")["reconciliation"]
    assert xian["premium_in"] == "882098358.11"


def test_a_refused_delivery_says_why(document: dict[str, Any]) -> None:
    tax = next(e for e in document["extracts"] if e["extract"] == "premium_payments")
    refused = next(d for d in tax["deliveries"] if d["status"] == "refused")
    assert refused["received"] is None
    assert (refused["trouble"]["rule"], refused["trouble"]["row"]) == ("delivery.encoding", 381)


def test_the_comparison_or_that_it_did_not_run(document: dict[str, Any]) -> None:
    assert document["comparison"] is None
    compared = json.loads(report_json(a_night(comparison=COMPARED)))["comparison"]
    assert (compared["night_before"]["gone"], compared["earlier_decision"]) == (1_242, None)
    assert [row["unit_name"] for row in compared["night_before"]["largest"]][1:] == list(HOSTILE)


def test_half_a_surrogate_is_escaped_and_comes_back() -> None:
    night = a_night(versions={"code": "\ud800"})
    assert json.loads(report_json(night))["versions"] == {"code": "\ud800"}


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [
        pytest.param(3, 400, "0.007500", id="six places"),
        pytest.param(1, 2_000_000, "0.000001", id="half up"),
        pytest.param(0, 5, "0.000000", id="none"),
        pytest.param(0, 0, None, id="no whole"),
    ],
)
def test_share(part: int, whole: int, text: str | None) -> None:
    assert share(part, whole) == text
