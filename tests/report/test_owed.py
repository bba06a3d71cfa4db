from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from stable_jobs.report.data import DeliveryLine, OwedItem
from stable_jobs.report.owed import owed_items
from tests.report.report_night import CODE, DROP, a_night, delivery


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
