"""One page: the shared frame, the language, what the person may, and where links go."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse

from stable_jobs.rendering.environment import LANGUAGES, render
from stable_jobs.review.access import Permission, Person
from stable_jobs.review.guard import form_token
from stable_jobs.review.stores import Stores

COOKIE = "stable_jobs_language"
SECTIONS = ("nights", "enterprises", "regions", "batches", "proposals", "comparison")
YEAR = 365 * 24 * 3600


def language_of(request: Request) -> str:
    """The language that the address asks for, else the one asked for last, else the first."""
    asked = request.query_params.get("lang", request.cookies.get(COOKIE, ""))
    return asked if asked in LANGUAGES else LANGUAGES[0]


def stores_of(request: Request) -> Stores:
    """What this app reads from."""
    found: Stores = request.app.state.stores
    return found


def base_of(request: Request) -> str:
    """The address under which the app is mounted, without a slash at the end."""
    return str(request.scope.get("root_path", "")).rstrip("/")


def html(request: Request, template: str, section: str, *, status: int = 200, **context: Any) -> HTMLResponse:
    """A page of the app. section: the entry of the navigation it belongs to; empty for none."""
    language = language_of(request)
    person: Person | None = getattr(request.state, "person", None)
    body = render(
        f"review/{template}",
        language,
        request=request,
        section=section,
        sections=SECTIONS,
        person=person,
        may=person.permissions if person else frozenset(),
        Permission=Permission,
        form_token=form_token(request, person) if person else "",
        link=Links(request),
        **context,
    )
    answer = HTMLResponse(body, status)
    if request.query_params.get("lang") == language:
        answer.set_cookie(
            COOKIE,
            language,
            max_age=YEAR,
            path=base_of(request) or "/",
            samesite="lax",
            httponly=True,
            secure=request.url.scheme == "https",
        )
    return answer


class Links:
    """Addresses inside the app, and the same page otherwise sorted, paged or spoken."""

    def __init__(self, request: Request) -> None:
        self._base = base_of(request)
        self._path = str(request.url.path)
        self._query = dict(request.query_params)

    def __call__(self, *parts: object, **query: object) -> str:
        """`link("nights", day, lang=…)`: every part is quoted, so that no value leaves its place."""
        path = "/".join(["", *(quote(str(part), safe="") for part in parts)])
        asked = {name: value for name, value in query.items() if value not in (None, "")}
        return f"{self._base}{path or '/'}" + (f"?{urlencode(asked)}" if asked else "")

    def here(self, **changed: object) -> str:
        """This page with other parameters; None or empty leaves one out."""
        merged = {**self._query, **changed}
        asked = {name: value for name, value in merged.items() if value not in (None, "")}
        return self._path + (f"?{urlencode(asked)}" if asked else "")
