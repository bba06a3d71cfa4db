"""Forms: only those that this server showed to this person."""

from collections.abc import Iterator

import pytest
from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.responses import PlainTextResponse
from itsdangerous import URLSafeTimedSerializer
from starlette.testclient import TestClient

from stable_jobs.review import access
from stable_jobs.review.access import Permission, Person
from stable_jobs.review.app import create_app
from tests.review.stand_in import StandIn, client

router = APIRouter()


@router.post("/write", dependencies=[Depends(access.WriteGuard(Permission.APPROVE))])
def write() -> PlainTextResponse:
    """What only the right form reaches."""
    return PlainTextResponse("written")


@router.get("/token", dependencies=[Depends(access.Guard(Permission.READ))])
def token(request: Request) -> PlainTextResponse:
    """What a form of this person carries."""
    person: Person = request.state.person
    return PlainTextResponse(access.form_token(request, person))


@pytest.fixture
def browser() -> Iterator[TestClient]:
    app: FastAPI = create_app(StandIn())
    app.include_router(router)
    with client(app, "ann:approver") as signed_in:
        yield signed_in


def of(person: str, secret: str = StandIn.secret, salt: str = "stable-jobs-review-form") -> str:
    return str(URLSafeTimedSerializer(secret, salt=salt).dumps(person))


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({}, 200, id="neither header"),
        pytest.param({"sec-fetch-site": "same-origin"}, 200, id="from our page"),
        pytest.param({"sec-fetch-site": "cross-site"}, 403, id="from another site"),
        pytest.param({"sec-fetch-site": "same-site"}, 403, id="from a sister host"),
        pytest.param({"origin": "http://testserver"}, 200, id="our origin"),
        pytest.param({"origin": "http://evil.example"}, 403, id="another origin"),
        pytest.param({"origin": "null"}, 403, id="a hidden origin"),
    ],
)
def test_where_a_form_comes_from(browser: TestClient, headers: dict[str, str], status: int) -> None:
    good = browser.get("/token").text
    assert browser.post("/write", data={"form_token": good}, headers=headers).status_code == status


@pytest.mark.parametrize(
    "carried",
    [
        pytest.param("", id="nothing"),
        pytest.param("ann", id="a name"),
        pytest.param(of("bob"), id="somebody else's"),
        pytest.param(of("ann", secret="another server's"), id="another server's"),
        pytest.param(of("ann", salt="for something else"), id="made for something else"),
        pytest.param(of("ann")[:-1], id="cut"),
    ],
)
def test_a_form_that_is_not_theirs(browser: TestClient, carried: str) -> None:
    assert browser.post("/write", data={"form_token": carried}).status_code == 403


def test_an_old_form(browser: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    good = browser.get("/token").text
    assert browser.post("/write", data={"form_token": good}).text == "written"
    monkeypatch.setattr(access, "FORM_SECONDS", -1)
    assert browser.post("/write", data={"form_token": good}).status_code == 403
