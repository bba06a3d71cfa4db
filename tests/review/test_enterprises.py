"""Enterprises: found by whatever an officer types, and explained as the night decided."""

import re
import time
from decimal import Decimal
from html import unescape
from pathlib import Path
from typing import Any

import duckdb
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from stable_jobs.errors import StepError
from stable_jobs.ledger import views
from stable_jobs.messages import GROUPS
from stable_jobs.policy.explanation import AMOUNTS, READS
from stable_jobs.policy.verdict import TESTS
from stable_jobs.review.enterprises import COLUMNS, Explanations, WhichRows, found_enterprises
from stable_jobs.review.page import Order
from stable_jobs.review.stores import Stores
from stable_jobs.settings import Settings
from tests.e2e.home import Home
from tests.ledger.conftest import REGION, Books, unit
from tests.ledger.full import formed
from tests.review.conftest import FIRST, LATER
from tests.review.stand_in import PREFIX, client
from tests.review.test_nights import text_of

pytestmark = pytest.mark.xdist_group("review")
PAGE = f"{PREFIX}/enterprises"
HELD = "220500"
ROWS = (
    ("91110000600037341L", "Acme 100%_软件（北京）有限公司"),
    ("91350100M000100Y43", "acme二号'\"\\公司"),
    ("911522010783710635", "<script>alert(1)</script>\u202e有限公司"),
    ("110000001234567", "𠮷野家Straße有限公司"),
)


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> str:
    """An eligibility table of units with such names, as far as the list reads it."""
    path = tmp_path_factory.mktemp("named") / "table.parquet"
    with duckdb.connect() as con:
        con.execute("""
            CREATE TABLE t (region_code VARCHAR, uscc VARCHAR, unit_name VARCHAR, scheme VARCHAR,
                decision VARCHAR, is_taken BOOLEAN, headcount BIGINT, entitlement DECIMAL(18, 2),
                payable DECIMAL(18, 2), reasons VARCHAR)
        """)
        for number, (uscc, name) in enumerate(ROWS):
            row = ["360100", uscc, name, "general", "eligible", True, 1, Decimal(number), Decimal(number), ""]
            con.execute(f"INSERT INTO t VALUES ({', '.join('?' * 10)})", row)
        con.execute(f"COPY t TO '{path}'")
    return str(path)


@pytest.mark.parametrize(
    ("q", "found"),
    [
        pytest.param("", {0, 1, 2, 3}, id="all"),
        pytest.param("91110000600037341L", {0}, id="a whole code"),
        pytest.param("91110000600037341l", {0}, id="in small letters"),
        pytest.param("9111", {0}, id="the beginning of a code"),
        pytest.param("91", {0, 1, 2}, id="of several"),
        pytest.param("110000001234567", {3}, id="an old number"),
        pytest.param("000060003734", set(), id="not within a code"),
        pytest.param("软件", {0}, id="part of a name"),
        pytest.param("ACME", {0, 1}, id="whatever the case"),
        pytest.param("acMe二", {1}, id="both scripts"),
        pytest.param("straße", {3}, id="letters beyond ASCII"),
        pytest.param("𠮷", {3}, id="four bytes"),
        pytest.param("%", {0}, id="a percent sign is one"),
        pytest.param("_", {0}, id="an underscore is one"),
        pytest.param("Acme%有限", set(), id="no wildcard"),
        pytest.param("'", {1}, id="a quote"),
        pytest.param('"', {1}, id="a double quote"),
        pytest.param("\\", {1}, id="a backslash"),
        pytest.param("' OR 1=1 --", set(), id="no SQL"),
        pytest.param("$code", set(), id="no parameter"),
        pytest.param("<script>", {2}, id="markup"),
        pytest.param("\u202e", {2}, id="a mark that turns the line round"),
        pytest.param("\0", set(), id="what no name has"),
    ],
)
def test_what_is_found(named: str, q: str, found: set[int]) -> None:
    with duckdb.connect() as con:
        grid = found_enterprises(con, named, WhichRows(q), Order("payable", True, 1))
    assert {row["uscc"] for row in grid.rows} == {ROWS[number][0] for number in found}
    assert grid.total == len(found)


def cells(page: str) -> list[tuple[str, str, str]]:
    """(region, code, payable) of every row of the list."""
    row = r'enterprises/(\d{6})/(\w+)".*?data-label="Payable">\s*([^<]*?)\s*</td>'
    return re.findall(row, page, re.S)


def test_the_newest_night_unasked_the_largest_first(browser: TestClient) -> None:
    page = browser.get(PAGE, params={"lang": "en"})
    assert page.status_code == 200
    assert f"<title>Enterprises · {LATER.isoformat()}" in page.text
    yuan = [Decimal(one.replace(",", "")) for _, _, one in cells(page.text)]
    assert yuan == sorted(yuan, reverse=True)
    assert yuan[0] > 0


def test_every_row_is_on_some_page_once(browser: TestClient) -> None:
    query = {"night": FIRST.isoformat(), "region": "220400", "scheme": "general", "lang": "en"}
    first = unescape(browser.get(PAGE, params=query).text)
    total = int(re.findall(r"([\d,]+) rows?: a unit has", first)[0].replace(",", ""))
    found: list[tuple[str, str, str]] = []
    for number in range(1, -(-total // 50) + 1):
        found += cells(browser.get(PAGE, params={**query, "sort": "-unit", "page": number}).text)
    assert len({one[:2] for one in found}) == len(found) == total > 50


@pytest.mark.parametrize("sort", [sign + name for name in COLUMNS for sign in ("", "-")])
def test_sorted_by_every_column(named: str, sort: str) -> None:
    with duckdb.connect() as con:
        grid = found_enterprises(con, named, WhichRows(), Order(sort.lstrip("-"), sort.startswith("-"), 1))
        key = f"{COLUMNS[sort.lstrip('-')]} {'DESC' if sort.startswith('-') else 'ASC'}, file_row_number"
        expected = con.execute(f"SELECT uscc FROM '{named}' ORDER BY {key}").fetchall()
    assert [(row["uscc"],) for row in grid.rows] == expected


@pytest.mark.parametrize(
    ("query", "status"),
    [
        pytest.param({"q": "x" * 201}, 404, id="longer than a name"),
        pytest.param({"q": "<img src=x onerror=1>\0\u202e"}, 200, id="hostile"),
        pytest.param(
            {"sort": "uscc; DROP", "page": "-7", "region": "'", "decision": "x", "scheme": "\0"},
            200,
            id="strange",
        ),
        pytest.param({"page": "99999"}, 200, id="beyond the last page"),
        pytest.param({"night": "2020-05-13"}, 404, id="a night that is none"),
        pytest.param({"night": "never"}, 404, id="no date"),
    ],
)
def test_what_an_address_may_say(browser: TestClient, query: dict[str, str], status: int) -> None:
    page = browser.get(PAGE, params=query)
    assert page.status_code == status
    assert "<img src=x" not in page.text


@pytest.mark.parametrize(
    ("query", "only"),
    [
        pytest.param({"region": "220400"}, "enterprises/220400/", id="a region"),
        pytest.param({"decision": "undecided"}, "dc-undecided", id="a decision"),
        pytest.param({"scheme": "difficult"}, "Scheme for firms in difficulty</td>", id="a scheme"),
    ],
)
def test_filters(browser: TestClient, query: dict[str, str], only: str) -> None:
    page = browser.get(PAGE, params={"lang": "en", **query}).text
    assert len(cells(page)) == page.count(only) > 0


def units_of(home: Home, kind: str, condition: str) -> list[dict[str, Any]]:
    """Rows of a kind of snapshot of the later night."""
    path = max((home.path / "lake/snapshots" / kind).glob("*"), key=lambda p: p.stat().st_mtime)
    with duckdb.connect() as con:
        found = con.execute(f"FROM '{path}' WHERE {condition} ORDER BY ALL LIMIT 5")
        names = [column[0] for column in found.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def explained(browser: TestClient, region: str, uscc: str, **query: str) -> str:
    """The page, once its night is ready to be explained."""
    until = time.monotonic() + 120
    path = f"{PREFIX}/nights/{LATER.isoformat()}/enterprises/{region}/{uscc}"
    while "refresh" in (page := browser.get(path, params={"lang": "en", **query})).headers:
        assert page.status_code == 200
        assert "Every test" in page.text, "what was decided is there at once"
        assert time.monotonic() < until, "the night is not ready after two minutes"
        time.sleep(0.3)
    assert page.status_code == 200
    return str(page.text)


@pytest.mark.parametrize("decision", ["eligible", "ineligible", "undecided"])
def test_a_unit_is_explained(browser: TestClient, two_nights: Home, decision: str) -> None:
    """As the command line explains it: every test, threshold and law, and each row it came from."""
    row = units_of(two_nights, "eligibility", f"decision = '{decision}' AND scheme = 'general'")[0]
    page = explained(browser, row["region_code"], row["uscc"])
    told = two_nights.run(
        "explain", row["uscc"], "--date", LATER.isoformat(), "--region", row["region_code"], "--lang", "en"
    ).stdout
    said = unescape(text_of(page))
    assert page.count('<span class="code">in_scope</span>') == told.count("] in_scope")
    for outcome in ("pass", "fail", "unknown"):
        assert page.count(f'class="badge to-{outcome}"') == len(re.findall(rf"^  \[{outcome}\] ", told, re.M))
    for delivery, number in re.findall(r"row (\d+) \(delivery (\d+)\)", told):
        assert f"row {int(delivery):,} · delivery {number}" in said
    for test in re.findall(r"legal reference: (.*)", told):
        assert test in said


def test_no_page_has_a_whole_account(browser: TestClient, two_nights: Home) -> None:
    for payee in units_of(two_nights, "payees", "length(account_no) > 8"):
        page = explained(browser, payee["region_code"], payee["uscc"])
        assert payee["account_no"] not in page
        assert payee["account_no"][-4:] in page
        assert payee["account_no"][:-4] not in page


def test_the_history_has_every_night(browser: TestClient, two_nights: Home) -> None:
    row = units_of(two_nights, "eligibility", "region_code = '220400' AND is_taken")[0]
    page = explained(browser, row["region_code"], row["uscc"])
    part = page[page.index('id="history"') :]
    assert [day for day in (LATER, FIRST) if f">{day.isoformat()}</a>" in part] == [LATER, FIRST]


def test_a_unit_of_a_held_region_was_not_decided(browser: TestClient, two_nights: Home) -> None:
    [row, *_] = units_of(two_nights, "unit_facts", f"region_code = '{HELD}'")
    page = browser.get(
        f"{PREFIX}/nights/{FIRST.isoformat()}/enterprises/{HELD}/{row['uscc']}", params={"lang": "en"}
    )
    assert page.status_code == 200
    assert "Nothing was decided about it on this night" in page.text


@pytest.mark.parametrize(
    "path",
    [
        "2020-05-19/enterprises/220400/91110000600037341L",
        "2020-05-13/enterprises/220400/91110000600037341L",
        "2020-05-19/enterprises/22040/91110000600037341L",
        "2020-05-19/enterprises/220400/' OR 1=1 --",
        "2020-05-19/enterprises/220400/%00",
        "2020-05-19/enterprises/..%2f..%2f/91110000600037341L",
    ],
)
def test_who_is_nobody(browser: TestClient, path: str) -> None:
    assert browser.get(f"{PREFIX}/nights/{path}").status_code == 404


def test_what_can_no_longer_be_explained_is_still_shown(
    browser: TestClient, two_nights: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    def changed(*_: object) -> None:
        raise StepError("policies or program changed since that <night>")

    monkeypatch.setattr(Explanations, "find", changed)
    row = units_of(two_nights, "eligibility", "decision = 'eligible'")[0]
    path = f"{PREFIX}/nights/{LATER.isoformat()}/enterprises/{row['region_code']}/{row['uscc']}"
    page = browser.get(path, params={"lang": "en"})
    assert page.status_code == 200
    assert "changed since that &lt;night&gt;" in page.text
    assert "Every test" in page.text
    assert "refresh" not in page.headers


def test_what_broke_is_said_once_and_tried_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def broken(*_: object) -> None:
        raise StepError("the lake is away")

    explanations = Explanations(Stores(Settings(_env_file=None, home=tmp_path)))
    monkeypatch.setattr(explanations, "_prepare", broken)
    assert explanations.find(LATER, 1) is None
    [begun] = explanations._nights.values()
    begun.exception(timeout=60)
    with pytest.raises(StepError, match="the lake is away"):
        explanations.find(LATER, 1)
    assert explanations.find(LATER, 1) is None
    for number in range(10, 19):
        explanations.find(LATER, number)
    assert len(explanations._nights) == 4
    explanations.close()


@pytest.fixture
def ledger(engine: Any, tmp_path: Path) -> Books:
    return Books(engine, tmp_path)


def test_every_code_and_column_has_its_word(ledger: Books) -> None:
    assert set(GROUPS["test"]) == set(TESTS)
    assert set(GROUPS["test_input"]) == {name for reads in READS.values() for name in reads.inputs}
    assert set(GROUPS["amount"]) == set(AMOUNTS)
    formed(ledger, unit())
    one = views.Which(REGION, unit()["uscc"], is_all=True)
    with ledger.engine.connect() as connection:
        listings = [
            *(
                ask(connection, REGION, unit()["uscc"])
                for ask in (views.unit_sums, views.unit_changes, views.unit_lines)
            ),
            *(
                ask(connection, one)
                for ask in (
                    views.objections,
                    views.recoveries,
                    views.refunds,
                    views.doubts,
                    views.disagreements,
                )
            ),
            views.changed_codes(connection, REGION, unit()["uscc"]),
        ]
        states = connection.exec_driver_sql(
            "SELECT from_state FROM life_cycle UNION SELECT to_state FROM life_cycle"
        )
        assert {row[0] for row in states} <= set(GROUPS["ledger_code"])
    shown = {header for one in listings for header in one.headers} - {"region", "uscc", "unit"}
    assert set(GROUPS["ledger_column"]) == shown


def test_a_viewer_reads_it(reviewed: FastAPI) -> None:
    assert client(reviewed, "ann:viewer").get(PAGE).status_code == 200
    assert client(reviewed, None).get(PAGE).status_code == 401
