"""Two nights beside each other: worked out once, paged, filtered, taken away."""

import csv
import io
import re
import time
from concurrent.futures import Future
from datetime import date
from pathlib import Path

import duckdb
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from stable_jobs.errors import StepError
from stable_jobs.review.comparison import Differences, Pair, Which, rows
from stable_jobs.review.page import Order
from stable_jobs.review.stores import Stores
from stable_jobs.settings import Settings
from stable_jobs.store.snapshots import Snapshot
from tests.review.conftest import FIRST, LATER
from tests.review.stand_in import PREFIX, client
from tests.review.test_nights import text_of

pytestmark = pytest.mark.xdist_group("review")
PAGE = f"{PREFIX}/comparison"
BOTH = {"night": LATER.isoformat(), "against": FIRST.isoformat(), "lang": "en"}


@pytest.fixture
def compared(browser: TestClient) -> TestClient:
    """A browser that has waited for the comparison."""
    until = time.monotonic() + 60
    while browser.get(PAGE, params=BOTH).status_code == 202:
        assert time.monotonic() < until, "the comparison is not ready after a minute"
        time.sleep(0.2)
    return browser


def differing(page: str) -> int:
    return int(re.findall(r"([\d,]+) rows differ", page)[0].replace(",", ""))


def test_the_newest_night_against_the_one_before_unasked(compared: TestClient) -> None:
    page = compared.get(PAGE, params={"lang": "en"})
    assert page.status_code == 200
    assert "refresh" not in page.headers
    assert f"Against the night of {FIRST.isoformat()}" in text_of(page.text)


def test_every_row_is_on_some_page_once(compared: TestClient) -> None:
    first = compared.get(PAGE, params=BOTH).text
    total = differing(first)
    found: list[tuple[str, ...]] = []
    for number in range(1, -(-total // 50) + 1):
        page = compared.get(PAGE, params={**BOTH, "sort": "unit", "page": number}).text
        rows = page[page.index('id="rows"') :]
        found += re.findall(r'enterprises/(\d{6})/(\w+)".*?<span class="muted">([^<]+)<', rows, re.S)
    assert len(found) == len(set(found)) == total


def test_filters_and_orders(compared: TestClient) -> None:
    shown = 0
    for kind in ("appeared", "gone", "changed"):
        page = compared.get(PAGE, params={**BOTH, "kind": kind}).text
        several = re.findall(r"to [\d,]+ of ([\d,]+)", page)
        shown += int(several[0].replace(",", "")) if several else page.count(f"kind-{kind}")
    assert shown == differing(compared.get(PAGE, params=BOTH).text)
    strange = {**BOTH, "kind": "x' OR 1=1", "sort": "uscc; DROP", "page": "-7", "region": "'"}
    assert compared.get(PAGE, params=strange).status_code == 200


def test_the_list_is_every_row_and_harmless_in_a_spreadsheet(compared: TestClient) -> None:
    answer = compared.get(f"{PAGE}/changes.csv", params=BOTH)
    assert answer.headers["content-disposition"].startswith("attachment")
    listed = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert len(listed) >= differing(compared.get(PAGE, params=BOTH).text)
    assert not [cell for row in listed for cell in row if cell[:1] in "=@\t" and cell]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        pytest.param({"night": "2020-05-11", "against": "2020-05-11"}, 200, id="decided only once"),
        pytest.param({"night": "2020-05-13"}, 200, id="a night that is none"),
        pytest.param({"night": "never"}, 404, id="no date"),
    ],
)
def test_what_cannot_be_compared(browser: TestClient, query: dict[str, str], status: int) -> None:
    page = browser.get(PAGE, params={**query, "lang": "en"})
    assert page.status_code == status
    assert ("There is nothing to compare with" in page.text) == (status == 200)


def test_the_list_only_once_it_is_there(reviewed: FastAPI) -> None:
    absent = {"night": FIRST.isoformat(), "against": "2020-05-01"}
    assert client(reviewed, "ann:engineer").get(f"{PAGE}/changes.csv", params=absent).status_code == 404


def a_pair(tmp_path: Path) -> tuple[Stores, Pair]:
    home = tmp_path / "home"
    stores = Stores(Settings(_env_file=None, home=home, lake=str(tmp_path / "lake")))
    before, after = (
        Snapshot(n, "eligibility", date(2020, 5, 10 + n), str(n) * 64, f"snapshots/{n}.parquet", 1)
        for n in (1, 2)
    )
    return stores, Pair(before, after)


def wait_for(differences: Differences, pair: Pair) -> None:
    running: Future[None] = differences._running[pair.name]
    running.exception(timeout=60)


def test_what_broke_is_said_once_and_may_be_tried_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    stores, pair = a_pair(tmp_path)
    differences = Differences(stores)
    assert differences.find(pair) is None
    wait_for(differences, pair)
    with pytest.raises(StepError, match="comparison of 2020-05-12 with 2020-05-11 broke"):
        differences.find(pair)
    assert "snapshots/1.parquet" in caplog.text, "the log has what the process said"
    assert differences.find(pair) is None, "asked again, it is tried again"
    wait_for(differences, pair)
    differences.close()
    assert [p.name for p in (tmp_path / "home/tmp/review").iterdir()] == []


def test_only_so_many_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stable_jobs.review.comparison.KEPT", 2)
    stores, _ = a_pair(tmp_path)
    differences = Differences(stores)
    for number in range(4):
        (tmp_path / "home/tmp/review" / str(number)).mkdir(parents=True)
    differences._forget()
    assert len(list((tmp_path / "home/tmp/review").iterdir())) == 2
    differences.close()


def test_reasons_are_found_whole_and_on_both_sides(tmp_path: Path) -> None:
    with duckdb.connect() as con:
        con.execute(f"""
            COPY (SELECT '360100' AS region_code, 'U' || i AS uscc, 'general' AS scheme, '名' AS unit_name,
                'changed' AS change, 'eligible' AS decision_before, 'ineligible' AS decision_after,
                CASE i WHEN 1 THEN 'active' END AS reasons_before,
                CASE i WHEN 2 THEN 'x;active' WHEN 3 THEN 'active_unknown' END AS reasons_after,
                true AS is_taken_before, false AS is_taken_after, 1.00 AS payable_before,
                2.00 AS payable_after, -1.00 AS payable_difference FROM range(1, 4) t(i))
            TO '{tmp_path}/rows.parquet'
        """)
        found = rows(con, tmp_path / "rows.parquet", Which(reason="active"), Order("unit", False, 1))
    assert [(row["uscc"], row["payable_after"]) for row in found.rows] == [("U1", None), ("U2", None)]
    assert found.total == 2
