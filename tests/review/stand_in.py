"""An Airflow for the pages' tests: whoever the token names, with the roles that it names."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from fastapi import FastAPI, HTTPException, Request
from starlette.testclient import TestClient

from stable_jobs.review.access import NotAnswered, Person, Question, Run, roles_of
from stable_jobs.review.app import create_app
from stable_jobs.settings import Settings

PREFIX = "/stable-jobs"


class StandIn:
    """Tokens are `<name>:<Airflow role>,…`.

    What it is asked about is put into `questions` and `known_runs`.
    """

    secret = "of the tests only, long enough to sign with"

    def __init__(self) -> None:
        self.known_runs: dict[date, Run] = {}
        self.questions: dict[str, Question] = {}
        self.answers: list[tuple[str, str, bool, str]] = []
        self.refusal = ""

    async def identify(self, request: Request) -> Person:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or ":" not in token:
            raise HTTPException(401, "Not authenticated")
        name, _, roles = token.partition(":")
        return Person(name, roles_of(roles.split(",")))

    def runs(self, business_dates: list[date]) -> Mapping[date, Run]:
        return {on: run for on, run in self.known_runs.items() if on in business_dates}

    async def question(self, request: Request, batch_no: str) -> Question | None:
        return self.questions.get(batch_no)

    async def answer(self, request: Request, question: Question, *, is_approved: bool, reason: str) -> None:
        if self.refusal:
            raise NotAnswered(self.refusal)
        name = request.state.person.name
        self.answers.append((question.batch_no, name, is_approved, reason))


def mounted(settings: Settings, airflow: StandIn | None = None) -> FastAPI:
    """The app under a prefix, as Airflow mounts it."""
    outer = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    outer.mount(PREFIX, create_app(airflow or StandIn(), settings))
    return outer


def client(app: FastAPI, person: str | None = "ann:viewer", **options: Any) -> TestClient:
    """A browser that is signed in as that person; None: nobody."""
    headers = {} if person is None else {"authorization": f"Bearer {person}"}
    return TestClient(app, headers=headers, raise_server_exceptions=False, **options)
