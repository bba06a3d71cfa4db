"""An answer of the app: a page in the shared frame, or a list; and a reason that came in a form."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse, Response, StreamingResponse

from stable_jobs.errors import LedgerRefused, UsageError
from stable_jobs.ledger.reasons import check_reason
from stable_jobs.rendering.environment import LANGUAGES, render
from stable_jobs.report.comparison import reason_sentence
from stable_jobs.review.access import Permission, Person
from stable_jobs.review.guard import form_token
from stable_jobs.review.stores import Stores
from stable_jobs.words import Words

if TYPE_CHECKING:
    from stable_jobs.publishing.table import ListTable

COOKIE = "stable_jobs_language"
SECTIONS = ("nights", "enterprises", "regions", "batches", "proposals", "comparison")
YEAR = 365 * 24 * 3600
BLOCK = 1 << 16
"""Bytes of a list that are sent at once."""


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


def sentences_of(codes: Iterable[str]) -> Mapping[str, Words]:
    """Code → sentence, each once; an empty code has none."""
    return {code: reason_sentence(code) for code in codes if code}


def written(reason: str, what: str) -> str:
    """A reason as it is kept; LedgerRefused for none, for one with an account number and for too long a one.

    A browser sends a line break as two characters.
    """
    said = optional(reason)
    if not said:
        raise LedgerRefused(f"{what} needs a reason")
    return said


def optional(reason: str) -> str:
    """The same where none is needed."""
    try:
        return check_reason(reason.replace("\r\n", "\n"))
    except UsageError as problem:
        raise LedgerRefused(f"nothing was changed: {problem}") from None


def csv_answer(stores: Stores, table: ListTable, name: str) -> Response:
    """The list as CSV, named `name` (a plain name): written whole before anything is sent, gone after it."""
    from stable_jobs.publishing.files import write_csv
    from stable_jobs.publishing.workspace import workspace

    parent = stores.settings.scratch_root
    parent.mkdir(parents=True, exist_ok=True)
    with ExitStack() as opened:
        path = opened.enter_context(workspace(parent)) / name
        with stores.duck() as duck:
            write_csv(duck, table, path)
        headers = {
            "Content-Disposition": f'attachment; filename="{name}"',
            "Content-Length": str(path.stat().st_size),
        }
        content = _sent(path, opened.pop_all())
    return StreamingResponse(content, media_type="text/csv; charset=utf-8", headers=headers)


def _sent(path: Path, opened: ExitStack) -> Iterator[bytes]:
    with opened, path.open("rb") as source:
        while block := source.read(BLOCK):
            yield block
