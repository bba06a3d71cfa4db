from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from stable_jobs.report.build import ExtractFacts, SuspensionFact, build_report, owed_items
from stable_jobs.report.data import DeliveryLine, NightReport, OwedItem, RuleLine
from tests.report.report_night import (
    AMOUNT,
    BANK,
    CODE,
    DROP,
    KEY,
    NIGHT,
    PLAUSIBLE,
    a_night,
    contract,
    delivery,
    facts,
    line,
    past,
    premium,
    result,
    rule,
)


def rules_of(report: NightReport, extract: str = "premium_payments") -> dict[str, RuleLine]:
    return {r.rule_id: r for e in report.extracts if e.extract == extract for r in e.rules}


def test_departments_in_order_and_rules_worst_first() -> None:
    report = a_night()
    assert [e.department for e in report.extracts] == ["labor", "tax", "development"]
    assert list(rules_of(report)) == [CODE, DROP, AMOUNT, KEY, PLAUSIBLE, BANK]


def test_a_rule_adds_its_regions_up() -> None:
    code = rules_of(a_night())[CODE]
    assert (code.evaluated, code.failed) == (371_000, 41)
    assert [(r.place.code, r.failed, r.trend.state) for r in code.regions] == [
        ("610100", 37, "failing"),
        ("230200", 4, "new"),
    ]
    assert code.trend.counts == (3, 0, 0, 12, 18, 22, 30, 41)


def test_a_rule_that_passes_again_still_shows_where_it_failed() -> None:
    amount = rules_of(a_night())[AMOUNT]
    assert amount.is_shown
    assert [(r.place.code, r.trend.state) for r in amount.regions] == [("610100", "ended")]
    assert not rules_of(a_night())[KEY].is_shown


def test_a_region_without_a_count_on_an_earlier_night_had_none() -> None:
    plausible = rules_of(a_night())[PLAUSIBLE]
    nanchang = {r.place.code: r for r in plausible.regions}["360100"]
    assert nanchang.trend.counts == (0,) * 7 + (12,)
    assert nanchang.trend.state == "new"


def test_a_region_that_sent_nothing_tonight_has_not_got_better() -> None:
    bad = premium()
    silent = replace(bad, history=[*bad.history, *past(KEY, "620100", 0, 0, 0, 0, 0, 0, 9)])
    key = rules_of(build_report(facts(extracts=[silent])))[KEY]
    assert (key.trend.state, key.regions) == ("clean", ())


def test_held_regions_have_their_causes_and_the_trouble_of_the_delivery() -> None:
    held = {r.place.code: r for r in a_night().held}
    assert set(held) == {"220500", "620100", "990100"}
    refused, missing, unreadable = held["220500"].causes
    assert refused.trouble is not None
    assert refused.trouble.rule_id == "delivery.encoding"
    assert (missing.department, missing.trouble) == ("labor", None)
    assert unreadable.reason == "unreadable_unit"
    assert held["990100"].causes[0].department == "policy"
    assert held["990100"].place.name.zh == "其他地区"


def test_a_region_that_sent_nothing_is_missing_and_one_that_was_refused_is_not() -> None:
    by_extract = {e.extract: e for e in a_night().extracts}
    assert [p.code for p in by_extract["insured_units"].missing_places] == ["220500"]
    assert by_extract["premium_payments"].missing_places == ()


def test_rows_of_no_region_are_in_the_balance_and_not_a_region() -> None:
    report = a_night()
    assert [r.place.code for r in report.elsewhere] == ["000000"]
    assert "000000" not in {r.place.code for r in report.regions}
    assert "000000" in {place.code for place, _ in report.balances}


def test_a_region_of_which_only_payments_came_is_elsewhere() -> None:
    report = a_night(held=[], reconciliation={"110000": line((0, 0, 0, 0), "1.00")})
    assert (report.regions, [r.place.code for r in report.elsewhere]) == ((), ["110000"])


def test_received_is_accepted_and_quarantined_of_this_night_alone() -> None:
    tax = next(e for e in a_night().extracts if e.department == "tax")
    assert (tax.received, tax.accepted, tax.quarantined) == (372_204, 372_163, 41)


def test_a_delivery_that_loses_a_row_is_an_error() -> None:
    with pytest.raises(AssertionError, match="loses rows"):
        replace(delivery("610100", rows=10, bad=1), accepted=10)


def test_a_result_of_no_rule_is_an_error() -> None:
    strange = replace(premium(), results=[result("premium_payments.other", "610100", 1, 1)])
    with pytest.raises(AssertionError, match=r"premium_payments\.other"):
        build_report(facts(extracts=[strange]))


def test_a_rule_of_deliveries_calls_000000_the_file_for_all() -> None:
    shares = rule("x.rows", "critical", "一", "one", "delivery"), rule("x.row", "critical", "二", "two")
    results = [result("x.rows", "000000", 1, 1), result("x.row", "000000", 9, 1)]
    extract = ExtractFacts(contract("tax", "x", "某", "x", shares), results=results)
    found = rules_of(build_report(facts(extracts=[extract], held=[])), "x")
    names = {rule_id: r.regions[0].place.name.en for rule_id, r in found.items()}
    assert names == {"x.rows": "File for all regions", "x.row": "Region not readable"}


def test_a_night_without_anything() -> None:
    report = build_report(facts(extracts=[], held=[], reconciliation={}))
    assert (report.regions, report.owed, report.business_date) == ((), (), NIGHT)


def test_an_extract_that_is_held_for_by_no_contract_is_still_named() -> None:
    report = a_night(held=[SuspensionFact("610100", "missing_delivery", "finance", "fund_balances", None)])
    cause = next(r for r in report.regions if r.place.code == "610100").causes[0]
    assert (cause.department, cause.extract) == ("finance", None)


# --- who owes what ---


def brief(items: Iterable[OwedItem]) -> list[tuple[str, str, str | None, list[str], int | None]]:
    return [(i.level, i.department, i.extract, [p.code for p in i.places], i.count) for i in items]


def test_what_holds_a_region_comes_first_and_each_thing_once() -> None:
    assert brief(a_night().owed) == [
        ("blocks", "labor", "insured_units", ["220500"], None),
        ("blocks", "tax", "premium_payments", ["220500"], None),
        ("blocks", "tax", "premium_payments", ["620100"], None),
        ("blocks", "development", "exclusion_list", ["220500"], None),
        ("blocks", "policy", None, ["990100"], None),
        ("rows", "tax", "premium_payments", ["610100", "230200"], 41),
        ("rows", "development", "exclusion_list", ["220500"], 1),
        ("notice", "tax", "premium_payments", ["610100"], 2_502),
    ]


def test_a_stopped_delivery_beside_a_stand_in_is_a_notice() -> None:
    notices = [i for i in a_night(held=[]).owed_by("tax") if i.level == "notice" and i.count is None]
    assert [(i.places[0].code, i.trouble and i.trouble.rule_id) for i in notices] == [
        ("220500", "delivery.encoding"),
        ("620100", DROP),
    ]


ALL_REFUSED = delivery("000000", "refused", rows=None, file_name="000000.csv")
AGAIN: dict[str, Any] = {"sequence": 2, "file_name": "000000.2.csv"}


@pytest.mark.parametrize(
    ("deliveries", "owed"),
    [
        pytest.param([ALL_REFUSED], ["000000"], id="a file for all, refused"),
        pytest.param(
            [ALL_REFUSED, delivery("220400", rows=9, **AGAIN), delivery("230200", rows=9, **AGAIN)],
            [],
            id="then corrected: its lines name regions, not the file",
        ),
        pytest.param(
            [ALL_REFUSED, delivery("220400", rows=9, **AGAIN), delivery("230200", "held", rows=9, **AGAIN)],
            ["230200"],
            id="then corrected but for one region",
        ),
        pytest.param(
            [ALL_REFUSED, delivery("220400", rows=9, file_name="000000.csv", sha256="f" * 64)],
            [],
            id="then corrected under the same name",
        ),
        pytest.param(
            [ALL_REFUSED, delivery("220400", rows=9)], ["000000"], id="a region's own file is another slot"
        ),
    ],
)
def test_a_corrected_file_ends_what_was_wrong_with_the_one_before(
    deliveries: list[DeliveryLine], owed: list[str]
) -> None:
    extract = replace(a_night().of_department("tax")[0], deliveries=tuple(deliveries), rules=(), orphans=())
    assert [item.places[0].code for item in owed_items((), [extract])] == owed


def test_quarantined_rows_lead_to_their_rule() -> None:
    rows = next(i for i in a_night().owed_by("tax") if i.level == "rows")
    assert rows.anchor == f"rule-{CODE}"
    assert rows.what.zh == "统一社会信用代码有效"


def test_one_cause_of_many_regions_is_one_item() -> None:
    night = a_night()
    causes = [i for i in night.owed if i.level == "blocks"]
    assert sum(len(i.places) for i in causes) == sum(len(r.causes) for r in night.held)


def test_orphans_below_one_percent_are_not_owed() -> None:
    assert all("230200" not in [p.code for p in i.places] for i in a_night().owed if i.level == "notice")
