"""Acts of people over the server: by a token in the header, each with its permission, in the token's name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine

from stable_jobs import acts
from stable_jobs.acts import ACTS
from stable_jobs.ledger.proposals import propose
from stable_jobs.review.access import Permission
from stable_jobs.settings import Settings
from tests.latin import english
from tests.ledger.conftest import REGION, Books, unit
from tests.ledger.full import formed, person
from tests.review.stand_in import PREFIX, client, mounted
from tests.review.test_chinese import read
from tests.review.test_guard import of as token_of

HOLD = {"region_code": REGION, "reason": "a letter"}
HANDS = "SELECT person, is_authenticated, via, os_user, host FROM event_hands ORDER BY event_id DESC LIMIT 1"


class Server:
    """The app over a ledger of its own."""

    def __init__(self, books: Books, settings: Settings) -> None:
        self.books, self.app = books, mounted(settings)

    def act(self, name: str, who: str | None, parameters: Any = None, **more: Any) -> httpx.Response:
        body = {"parameters": HOLD if parameters is None else parameters, **more}
        response: httpx.Response = client(self.app, who).post(f"{PREFIX}/acts/{name}", json=body)
        return response


@pytest.fixture
def server(engine: Engine, settings_with_database: Settings) -> Iterator[Server]:
    found = Server(Books(engine, settings_with_database.out_root), settings_with_database)
    yield found
    [inner] = [route.app for route in found.app.routes if hasattr(route, "app")]
    inner.state.stores.close()


def test_an_act_is_of_whom_the_token_names(server: Server) -> None:
    done = server.act("hold", "li:officer", user="root", host="desk")
    assert (done.status_code, done.json()) == (200, {"result": 1})
    assert server.books.ask("SELECT region_code, stopped_by, reason FROM payment_stops") == [
        (REGION, "li", "a letter")
    ]
    assert server.books.ask(HANDS) == [("li", True, "command line", "root", "desk")]
    assert server.books.breaks() == []


def test_a_cookie_is_no_token(server: Server) -> None:
    browser = client(server.app, None, cookies={"_token": "li:officer"})
    assert browser.post(f"{PREFIX}/acts/hold", json={"parameters": HOLD}).status_code == 401
    assert browser.get(f"{PREFIX}/acts").status_code == 401


@pytest.mark.parametrize(
    ("name", "parameters", "status", "said"),
    [
        pytest.param(
            "hold", {**HOLD, "reason": "6222 0212 3456 7890 123"}, 422, "account number", id="account"
        ),
        pytest.param("hold", {**HOLD, "reason": "x" * 501}, 422, "at most 500", id="too long"),
        pytest.param("hold", {**HOLD, "person": "sun"}, 422, "person", id="in another's name"),
        pytest.param("hold", {"reason": "x"}, 422, "region_code", id="too little"),
        pytest.param("hold", {**HOLD, "reason": ["x"]}, 422, "reason", id="no text"),
        pytest.param("release", HOLD, 409, "not held", id="what the ledger refuses"),
    ],
)
def test_what_is_refused(server: Server, name: str, parameters: Any, status: int, said: str) -> None:
    done = server.act(name, "li:officer", parameters)
    assert (done.status_code, said in done.json()["detail"]) == (status, True), done.text
    assert "6222" not in done.text
    assert server.books.ask("SELECT count(*) FROM audit_events") == [(0,)]


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"parameters": 5}'])
def test_a_body_that_is_none(server: Server, body: bytes) -> None:
    done = client(server.app, "li:officer").post(f"{PREFIX}/acts/hold", content=body)
    assert (done.status_code, "expected JSON" in done.json()["detail"]) == (422, True)


def test_an_unknown_act(server: Server) -> None:
    assert server.act("nothing", "li:officer").status_code == 404


def test_who_asks_hears_what_is_theirs(server: Server) -> None:
    said = client(server.app, "li:engineer").get(f"{PREFIX}/acts").json()
    assert said == {"person": "li", "acts": ["assign-approver"]}


def test_every_act_needs_a_permission_that_there_is() -> None:
    assert {Permission(act.permission) for act in ACTS.values()}
    for act in ACTS.values():
        assert act.model
        assert act.actor_parameter


def test_two_people_assigned_and_answering_under_their_own_logins(server: Server) -> None:
    for level, who in ((1, "first"), (2, "second")):
        asked = {"approver": who, "region_code": REGION, "level": level, "is_assigned": True}
        assert server.act("assign-approver", "head:engineer", asked).json() == {"result": False}
    batch = formed(server.books, unit(review_level=2))
    answer = {"batch_no": batch.batch_no, "batch_hash": batch.hash, "answer": "approved", "reason": ""}
    assert server.act("answer-batch", "first:approver", {**answer, "level": 2}).status_code == 409
    for level, who in ((1, "first"), (2, "second")):
        done = server.act("answer-batch", f"{who}:approver", {**answer, "level": level})
        assert done.status_code == 200, done.text
    assert done.json() == {"result": {"state": "formed", "missing": None}}
    assert server.books.ask("SELECT approver, answered_in FROM approvals ORDER BY level") == [
        ("first", "command line"),
        ("second", "command line"),
    ]
    page = client(server.app, "ann:viewer").get(f"{PREFIX}/batches/{batch.batch_no}", params={"lang": "en"})
    assert "Command line" in page.text
    assert "Authenticated" in page.text


@pytest.fixture
def proposed(server: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """Something that li proposed."""
    kinds = {"test": lambda event, proposal, person: None}
    for module in (acts,):
        monkeypatch.setattr(module, "KINDS", kinds)
    person(server.books, "li", propose, "test", subject="<b>x</b>", reason="why not", person="li")
    return server


def answer(server: Server, who: str, lang: str = "en", **fields: str) -> httpx.Response:
    data = {"form_token": token_of(who.partition(":")[0]), **fields}
    browser = client(server.app, who, follow_redirects=False)
    response: httpx.Response = browser.post(f"{PREFIX}/proposals/1/answer", data=data, params={"lang": lang})
    return response


def test_what_waits_is_shown_and_confirmed_in_the_browser(proposed: Server) -> None:
    page = client(proposed.app, "sun:officer").get(f"{PREFIX}/proposals", params={"lang": "en"})
    assert "why not" in page.text
    assert "&lt;b&gt;x" in page.text
    assert 'value="confirmed"' in page.text
    viewer = client(proposed.app, "ann:viewer").get(f"{PREFIX}/proposals")
    assert 'value="confirmed"' not in viewer.text
    assert answer(proposed, "sun:officer", outcome="confirmed").status_code == 303
    assert proposed.books.ask("SELECT outcome, decided_by FROM proposal_decisions") == [("confirmed", "sun")]
    assert proposed.books.ask(HANDS) == [("sun", True, "browser", None, None)]
    again = client(proposed.app, "sun:officer").get(f"{PREFIX}/proposals", params={"lang": "en"})
    assert "Nothing waits" in again.text


@pytest.mark.parametrize(
    ("who", "fields", "status"),
    [
        pytest.param("li:officer", {"outcome": "confirmed"}, 409, id="by its proposer"),
        pytest.param("sun:viewer", {"outcome": "confirmed"}, 403, id="by a viewer"),
        pytest.param("sun:officer", {"outcome": "rejected"}, 409, id="rejected without a reason"),
        pytest.param(
            "sun:officer", {"outcome": "confirmed", "reason": "6222021234567890123"}, 409, id="account"
        ),
        pytest.param("sun:officer", {"outcome": "confirmed", "form_token": "x"}, 403, id="an old form"),
        pytest.param("sun:officer", {"outcome": "perhaps"}, 404, id="no answer"),
    ],
)
def test_what_is_no_answer(proposed: Server, who: str, fields: dict[str, str], status: int) -> None:
    assert answer(proposed, who, **fields).status_code == status
    assert proposed.books.ask("SELECT count(*) FROM proposal_decisions") == [(0,)]


@pytest.mark.parametrize(
    ("who", "fields", "says"),
    [
        pytest.param(
            "li:officer", {"outcome": "confirmed"}, "第 1 号事项：须由 li 以外的人确认", id="by the database"
        ),
        pytest.param("sun:officer", {"outcome": "rejected"}, "驳回须说明理由", id="without a reason"),
        pytest.param(
            "sun:officer",
            {"outcome": "confirmed", "reason": "6222021234567890123"},
            "未作任何更改：理由中有账号：它将永久保存并供多人查阅，请删去账号",
            id="an account number",
        ),
        pytest.param(
            "sun:officer", {"outcome": "confirmed", "form_token": "x"}, "此表单已过期", id="an old form"
        ),
    ],
)
def test_a_refused_answer_is_told_in_chinese(
    proposed: Server, who: str, fields: dict[str, str], says: str
) -> None:
    page = answer(proposed, who, lang="zh", **fields).text
    assert says in page
    assert {word for seen in read(page).seen for word in english(seen)} == {who.partition(":")[0]}
