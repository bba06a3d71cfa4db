"""An answer of the app: a page in the shared frame, a table that pages and sorts, the app's own files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import HTMLResponse, Response, StreamingResponse

from stable_jobs.errors import LedgerRefused, PolicyError, Said, StableJobsError, UsageError
from stable_jobs.ledger.people import check_reason
from stable_jobs.messages.ledger_refusals import TEXT_OF, refusal
from stable_jobs.messages.policy_faults import policy_fault
from stable_jobs.rendering.environment import LANGUAGES, STATIC, render
from stable_jobs.report.comparison import reason_sentence
from stable_jobs.review.access import Guard, Permission, Person, form_token
from stable_jobs.review.stores import Stores
from stable_jobs.words import Words

if TYPE_CHECKING:
    from stable_jobs.publishing.table import ListTable


# --- Tables ---
# A table that pages and sorts where its rows lie: the browser gets one page of it.

PAGE_SIZE = 50
LAST_PAGE = 1_000_000


@dataclass(frozen=True)
class Order:
    """How a table is cut: sorted by a column that it has, page 1 first."""

    column: str
    is_descending: bool
    page: int

    @property
    def offset(self) -> int:
        """Rows before the page."""
        return (self.page - 1) * PAGE_SIZE

    def sql(self, columns: Mapping[str, str], tie: str) -> str:
        """`ORDER BY … LIMIT … OFFSET …`. columns: name on the page → SQL; tie: SQL of a key, so that pages do
        not overlap. Only what the program wrote gets into it."""
        direction = "DESC" if self.is_descending else "ASC"
        return (
            f"ORDER BY {columns[self.column]} {direction} NULLS LAST, {tie}"
            f" LIMIT {PAGE_SIZE} OFFSET {self.offset}"
        )

    def rows_sql(self, columns: Mapping[str, str], source: str, where: str) -> str:
        """`WHERE … ORDER BY …` of the page's rows of a Parquet file, of which only those are read whole.

        source: `read_parquet_sql` of the one file; rows that sort alike stay in the file's order.
        """
        by = self.sql(columns, "file_row_number")
        return (
            f"WHERE file_row_number IN (SELECT file_row_number FROM {source} WHERE {where} {by})"  # noqa: S608 - the program's own
            f" {by.partition(' LIMIT ')[0]}"
        )


@dataclass(frozen=True)
class Grid:
    """One page of a table. `rows` are mappings; `total` counts all rows."""

    rows: Sequence[Mapping[str, Any]]
    total: int
    order: Order

    @property
    def pages(self) -> int:
        """How many there are; 1 for an empty table."""
        return max(1, -(-self.total // PAGE_SIZE))

    @property
    def first(self) -> int:
        """Number of the page's first row; 0 for an empty table."""
        return min(self.order.offset + 1, self.total)

    @property
    def last(self) -> int:
        """Number of the page's last row."""
        return min(self.order.offset + PAGE_SIZE, self.total)


def order_of(request: Request, columns: Mapping[str, str], default: str) -> Order:
    """The order and page in the address (`sort=-payable&page=3`); an unknown column gives the default.

    default: a column of `columns`, with a minus in front for descending.
    """
    asked = request.query_params.get("sort", default)
    if asked.lstrip("-") not in columns or asked.startswith("--"):
        asked = default
    page = request.query_params.get("page", "1")
    number = int(page) if page.isascii() and page.isdigit() and len(page) < 9 else 1
    return Order(asked.lstrip("-"), asked.startswith("-"), min(max(number, 1), LAST_PAGE))


# --- Pages ---
# The app's answers, and a reason that came in a form.

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
    """The stores from which this app reads."""
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


def told_of(error: Exception) -> Said | str:
    """The reason of an error for a page; in English alone where it is for an engineer."""
    if isinstance(error, PolicyError):
        return policy_fault(str(error))
    said = error.said if isinstance(error, StableJobsError) else None
    return said or str(error)


def written(reason: str, what: str) -> str:
    """A reason as it is kept; LedgerRefused for none, for one with an account number and for too long a one.

    what: the act, of `TEXT_OF`. A browser sends a line break as two characters.
    """
    said = optional(reason)
    if not said:
        raise LedgerRefused(refusal("reason_missing", what=TEXT_OF[what]))
    return said


def optional(reason: str) -> str:
    """The same where none is needed."""
    try:
        return check_reason(reason.replace("\r\n", "\n"))
    except UsageError as problem:
        raise LedgerRefused(refusal("unchanged", problem=problem.said or problem)) from None


def csv_answer(stores: Stores, table: ListTable, name: str) -> Response:
    """The list as CSV, named `name` (a plain name): written whole before anything is sent, gone after it."""
    from stable_jobs.publishing.files import write_csv
    from stable_jobs.publishing.folders import workspace

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


# --- Style, script, icon ---
# These files are behind the guard as every page is.

router = APIRouter()
TYPES = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
NAMES = frozenset({"report.css", "review.css", "theme.js", "icon.svg"})


@router.get("/static/{name}", dependencies=[Depends(Guard(Permission.READ))])
def asset(name: str) -> Response:
    """One of `NAMES`; 404 for anything else."""
    if name not in NAMES:
        raise HTTPException(404)
    media_type = TYPES[name.rpartition(".")[2]]
    content = (STATIC / name).read_bytes()
    return Response(content, media_type=media_type, headers={"Cache-Control": "private, max-age=300"})
