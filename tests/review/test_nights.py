"""The page of nights, over two real nights."""

import re

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from stable_jobs.review.access import Run
from stable_jobs.settings import Settings
from tests.review.conftest import FIRST, LATER
from tests.review.stand_in import PREFIX, StandIn, client, mounted

pytestmark = pytest.mark.xdist_group("review")


def text_of(page: str) -> str:
    """What a page says, tags and doubled blanks left out."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page))


@pytest.mark.parametrize("path", ["/", "/nights"])
def test_the_newest_night_is_shown_unasked(browser: TestClient, path: str) -> None:
    page = browser.get(PREFIX + path)
    assert page.status_code == 200
    assert f"<title>{LATER.isoformat()}" in page.text
    assert 'lang="zh-CN"' in page.text


def test_a_held_region_says_why_and_who_owes(browser: TestClient) -> None:
    page = browser.get(f"{PREFIX}/nights/{FIRST.isoformat()}", params={"lang": "en"}).text
    [row] = re.findall(r"<tr>\s*<td[^>]*>\s*<a[^>]*/regions/220500.*?</tr>", page, re.S)
    assert "Held A required delivery is missing" in text_of(row)
    assert f'href="{PREFIX}/nights/{FIRST.isoformat()}/report/development#priority_list"' in row


def test_the_funnel_stands_beside_the_night_before(browser: TestClient) -> None:
    page = text_of(browser.get(f"{PREFIX}/nights/{LATER.isoformat()}", params={"lang": "en"}).text)
    figures = {
        name: [int(n.replace(",", "")) for n in re.findall(rf"{name} ([\d,]+) ([\d,]+) ", page)[0]]
        for name in ("Units in", "Decided", "Eligible", "Payable")
    }
    now = [of[0] for of in figures.values()]
    assert now == sorted(now, reverse=True)
    assert min(now) > 0
    first = text_of(browser.get(f"{PREFIX}/nights/{FIRST.isoformat()}", params={"lang": "en"}).text)
    for name, (_, before) in figures.items():
        assert f"{name} {before:,} " in first


def test_a_date_without_a_night(browser: TestClient) -> None:
    assert browser.get(f"{PREFIX}/nights/2020-05-12").status_code == 404
    assert browser.get(f"{PREFIX}/nights/2020-02-30").status_code == 404


def test_a_running_night_and_its_run(reviewed: FastAPI, airflow: StandIn) -> None:
    airflow.known_runs[LATER] = Run("running", "/dags/nightly_eligibility/runs/one")
    try:
        page = client(reviewed).get(f"{PREFIX}/nights", params={"lang": "en"}).text
    finally:
        airflow.known_runs.clear()
    assert 'href="/dags/nightly_eligibility/runs/one" target="_top"' in page
    assert f'title="{LATER.isoformat()}: Running"' in page


def test_the_language_is_kept(browser: TestClient) -> None:
    answer = browser.get(f"{PREFIX}/nights", params={"lang": "en"})
    cookie = answer.headers["set-cookie"]
    assert ("HttpOnly" in cookie, "SameSite=lax" in cookie, f"Path={PREFIX}" in cookie) == (True, True, True)
    assert 'lang="en"' in browser.get(f"{PREFIX}/nights").text
    browser.cookies.clear()
    assert 'lang="zh-CN"' in browser.get(f"{PREFIX}/nights", params={"lang": "xx"}).text


def test_before_the_first_night(settings_with_database: Settings) -> None:
    page = client(mounted(settings_with_database)).get(f"{PREFIX}/nights", params={"lang": "en"})
    assert (page.status_code, "No night was decided yet" in page.text) == (200, True)


def test_without_a_database_the_page_says_so(settings: Settings) -> None:
    away = Settings(_env_file=None, home=settings.home, database_url="postgresql://nobody@127.0.0.1:1/none")
    page = client(mounted(away)).get(f"{PREFIX}/nights", params={"lang": "en"})
    assert (page.status_code, "The page broke" in page.text, "Traceback" in page.text) == (503, True, False)
