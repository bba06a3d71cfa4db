import json
from typing import Any

import pytest

from stable_jobs.report.json import report_json, share
from tests.report.compared_night import COMPARED
from tests.report.report_night import CODE, HOSTILE, a_night


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    read: dict[str, Any] = json.loads(report_json(a_night()))
    return read


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
