"""Regions and their policy, as it holds on a date."""

from datetime import date
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from stable_jobs.policy.load import load_policies
from stable_jobs.review.regions import changes, parameter_lines, region_cards
from stable_jobs.settings import data_folder
from tests.review.stand_in import PREFIX
from tests.review.test_nights import text_of

pytestmark = pytest.mark.xdist_group("review")
ON = date(2020, 5, 11)


def test_regions_that_take_part(browser: TestClient) -> None:
    page = browser.get(f"{PREFIX}/regions", params={"lang": "en", "on": "2020-05-11"}).text
    cards = region_cards(load_policies(data_folder("policies")), ON)
    assert {card.code for card in cards} > {"360100", "610100"}
    assert all(f"/regions/{card.code}?on=2020-05-11" in page for card in cards)


def test_a_parameter_with_its_law_and_the_level_that_set_it(browser: TestClient) -> None:
    page = text_of(browser.get(f"{PREFIX}/regions/360100", params={"lang": "en", "on": "2020-05-11"}).text)
    assert "refund_rate 50% Nanchang 360100 2020-01-01 人社部发〔2019〕23号" in page


@pytest.mark.parametrize(
    ("path", "status"),
    [
        pytest.param("/regions?on=2020-05-11", 200, id="a date"),
        pytest.param("/regions?on=1999-05-11", 200, id="a year without parameters"),
        pytest.param("/regions?on=May", 404, id="no date"),
        pytest.param("/regions/999999", 404, id="no region"),
        pytest.param("/regions/360100?on=1999-01-01", 404, id="takes no part that year"),
        pytest.param("/regions/..%2f..%2fetc", 404, id="a path"),
    ],
)
def test_addresses(browser: TestClient, path: str, status: int) -> None:
    assert browser.get(PREFIX + path).status_code == status


def test_sizes_with_the_same_value_stand_together() -> None:
    lines = parameter_lines(load_policies(data_folder("policies")), "610100", "general", ON)
    [cap] = [line for line in lines if line.name == "layoff_cap"]
    assert [one.sizes for one in cap.in_force] == [("large",), ("medium",), ("small", "micro")]


def test_what_changes_when(tmp_path: Path) -> None:
    folder = tmp_path / "360100"
    folder.mkdir()
    (folder / "general.yaml").write_text(
        """
region: "360100"
name_zh: 南昌市
name_en: Nanchang
scheme: general
parameters:
  refund_rate:
    unit: share
    values:
      - {effective_from: 2020-01-01, value: "0.5", reference: first}
      - {effective_from: 2020-07-01, value: "0.6", reference: second}
      - {effective_from: 2021-01-01, value: "0.7", reference: next year}
""",
        encoding="utf-8",
    )
    found = changes(load_policies(tmp_path), "360100", ON)
    assert [(one.source.reference, one.is_ahead) for one in found] == [("first", False), ("second", True)]
