"""The pages of batches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Form, HTTPException, Path, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse, RedirectResponse, Response
from sqlalchemy import Connection, text

from stable_jobs.disbursement.approval import approval_facts
from stable_jobs.disbursement.batch_files import TO_TAKE_AWAY, as_published
from stable_jobs.ledger import views
from stable_jobs.ledger.batches import (
    Batch,
    PublishedFile,
    approvers,
    batch_by_no,
    files_of,
    hindrance,
    missing_level,
)
from stable_jobs.ledger.people import LONGEST_REASON
from stable_jobs.messages.ledger import BATCH_STATE
from stable_jobs.publishing.folders import REGION
from stable_jobs.report.parts import place_of
from stable_jobs.review.access import Guard, NotAnswered, Permission, Person, Question, WriteGuard
from stable_jobs.review.page import Grid, Links, Order, html, optional, order_of, stores_of
from stable_jobs.review.stores import names_of

# --- Queries ---
# Batches as the ledger has them: the list, one batch's lines, what the bank said, and its files.

# ruff: noqa: S608 - what is put into the queries is this module's own


COLUMNS: Mapping[str, str] = {
    "batch": "batch_no",
    "region": "region_code",
    "formed": "business_date",
    "level": "review_level",
    "units": "count",
    "yuan": "total",
    "state": "state",
}
"""The columns by which the list of batches may be sorted."""
LINE_COLUMNS: Mapping[str, str] = {
    "line": "l.line_no",
    "unit": "l.unit_name",
    "scheme": "l.scheme",
    "attempt": "l.attempt",
    "amount": "l.amount",
}
"""The columns by which the lines of a batch may be sorted."""
OUTCOMES: Mapping[str, str] = {
    "paid": "r.outcome = 'paid'",
    "returned": "r.outcome = 'returned'",
    "unanswered": "r.outcome IS NULL",
}
"""The bank's result for a line → SQL; the lines of a batch that is not published count as unanswered."""


@dataclass(frozen=True)
class Which:
    """Which batches; empty: all."""

    state: str = ""
    region: str = ""
    on: date | None = None


@dataclass(frozen=True)
class Awaited:
    """Whom an open batch waits for. level None: nobody, the next run publishes it."""

    level: int | None
    people: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """How many lines the bank paid, returned or has not answered, and their yuan."""

    count: int
    total: Decimal


def listed_batches(connection: Connection, which: Which, order: Order) -> Grid:
    """One page of the batches, each with the number of people it has answers of."""
    where = """
        WHERE (:state = '' OR state = :state) AND (:region = '' OR region_code = :region)
          AND (CAST(:on AS date) IS NULL OR business_date = :on)
    """
    total = connection.scalar(text(f"SELECT count(*) FROM batches {where}"), vars(which))
    query = f"""
        SELECT batch_no, region_code, business_date, review_level, count, total, state, reason
        FROM batches {where} {order.sql(COLUMNS, "id")}
    """
    rows = [dict(row) for row in connection.execute(text(query), vars(which)).mappings()]
    for row in rows:
        batch = batch_by_no(connection, row["batch_no"]) if row["state"] == "formed" else None
        row["awaited"] = awaited(connection, batch) if batch else None
    return Grid(rows, total or 0, order)


def awaited(connection: Connection, batch: Batch) -> Awaited | None:
    """Whom the batch waits for; None if it has ended."""
    if batch.state != "formed":
        return None
    level = missing_level(connection, batch)
    return Awaited(level, tuple(approvers(connection, batch.region_code, level)) if level else ())


def batch_regions(connection: Connection) -> list[str]:
    """Every region that has a batch, by code."""
    return list(connection.scalars(text("SELECT DISTINCT region_code FROM batches ORDER BY 1")))


def batch_outcomes(connection: Connection, batch_id: int) -> Mapping[str, Outcome]:
    """The lines' count and yuan by the bank's result: all of `OUTCOMES`, also one that no line has."""
    query = """
        SELECT coalesce(r.outcome, 'unanswered') AS outcome, count(*) AS count, sum(l.amount) AS total
        FROM payment_lines l LEFT JOIN line_results r ON r.line_id = l.id WHERE l.batch_id = :id GROUP BY 1
    """
    found = {row.outcome: Outcome(row.count, row.total) for row in _rows(connection, query, id=batch_id)}
    return {code: found.get(code, Outcome(0, Decimal("0.00"))) for code in OUTCOMES}


def batch_lines(connection: Connection, batch: Batch, outcome: str, order: Order) -> Grid:
    """One page of a batch's lines, accounts masked. outcome: of `OUTCOMES`, or empty for all.

    The page is cut before anything is joined to it, so that a batch of 300,000 lines costs one sort.
    """
    where = f"l.batch_id = :id AND {OUTCOMES[outcome]}" if outcome else "l.batch_id = :id"
    source = "payment_lines l LEFT JOIN line_results r ON r.line_id = l.id"
    total = connection.scalar(text(f"SELECT count(*) FROM {source} WHERE {where}"), {"id": batch.id})
    query = f"""
        WITH page AS MATERIALIZED (
            SELECT l.id, row_number() OVER () AS place FROM (
                SELECT l.id FROM {source} WHERE {where} {order.sql(LINE_COLUMNS, "l.line_no")}
            ) l
        )
        SELECT l.line_no, e.region_code, e.uscc, l.unit_name, l.scheme, l.attempt, l.amount, l.bank_name,
               m.account, l.account_source, r.outcome, r.booked_on,
               concat_ws(' ', r.reason_code, r.reason_text) AS reason
        FROM page JOIN payment_lines l ON l.id = page.id JOIN masked_accounts m ON m.line_id = l.id
        JOIN payments p ON p.id = l.payment_id
        JOIN entitlements e ON e.id = p.entitlement_id LEFT JOIN line_results r ON r.line_id = l.id
        ORDER BY page.place
    """
    rows = [dict(row) for row in connection.execute(text(query), {"id": batch.id}).mappings()]
    return Grid(rows, total or 0, order)


def answer_lists(connection: Connection, batch_no: str) -> list[PublishedFile]:
    """The paid and the returned lists of a batch, of every date on which the bank answered."""
    query = """
        SELECT folder, name, sha256, size_bytes FROM published_files
        WHERE right(folder, length(:own)) = :own AND name NOT LIKE 'manifest%' ORDER BY folder, id
    """
    return [PublishedFile(*row) for row in _rows(connection, query, own=f"/{batch_no}-answers")]


def _rows(connection: Connection, query: str, **values: object) -> list[Any]:
    return list(connection.execute(text(query), values))


# --- Routes ---
# Batches: what may be paid, who answers for it, what the bank said, and the lists to take away.

router = APIRouter()
READ = [Depends(Guard(Permission.READ))]
Answer = Literal["approve", "refuse"]
BatchNo = Annotated[str, Path(pattern=r"^[0-9]{6}-[0-9]{8}-L[0-2]-[0-9]{1,9}$")]


@dataclass(frozen=True)
class AnswerCheck:
    """Whether a person's answer counts, as the ledger knows it.

    level: the approval that is awaited; why_not: of `messages.ledger.WHY_NOT`, empty where it counts.
    """

    level: int | None
    why_not: str


@router.get("/batches", dependencies=READ)
def batches(
    request: Request,
    state: Annotated[str, Query()] = "",
    region: Annotated[str, Query()] = "",
    on: Annotated[date | None, Query()] = None,
) -> Response:
    """Every batch, the newest first."""
    stores = stores_of(request)
    which = Which(state if state in BATCH_STATE else "", region if REGION.fullmatch(region) else "", on)
    with stores.database.connect() as connection:
        grid = listed_batches(connection, which, order_of(request, COLUMNS, "-formed"))
        codes = batch_regions(connection)
    names = names_of(stores)
    return html(
        request,
        "batches.html",
        "batches",
        grid=grid,
        which=which,
        states=tuple(BATCH_STATE),
        places={code: place_of(code, names) for code in codes},
    )


@router.get("/batches/{no}", dependencies=READ)
async def batch(request: Request, no: BatchNo, sent: Annotated[str, Query()] = "") -> Response:
    """One batch; 404 if there is none. sent: the answer that this person has just given."""
    return await _page(request, no, "sent" if sent else "")


@router.post("/batches/{no}/answer", dependencies=[Depends(WriteGuard(Permission.APPROVE))])
async def answer(
    request: Request,
    no: BatchNo,
    answer: Annotated[Answer, Form()],
    reason: Annotated[str, Form(max_length=20 * LONGEST_REASON)] = "",
) -> Response:
    """Answer what Airflow asks about the batch. The ledger takes it from there, and decides on it."""
    person: Person = request.state.person
    check = await run_in_threadpool(_check_of, request, no, person)
    if check.why_not:
        return await _page(request, no, check.why_not, status=409)
    said = optional(reason)
    if answer == "refuse" and not said:
        return await _page(request, no, "no_reason", status=409)
    question = await _question(request, no, check)
    if question is None:
        return await _page(request, no, "no_question", status=409)
    await request.app.state.airflow.answer(request, question, is_approved=answer == "approve", reason=said)
    return RedirectResponse(Links(request)("batches", no, sent=answer), 303)


@router.get("/batches/{no}/files/{name}", dependencies=[Depends(Guard(Permission.LISTS))])
def batch_file(request: Request, no: BatchNo, name: str) -> Response:
    """A list of the batch without accounts; 404 for any other file, LedgerRefused for other bytes."""
    with stores_of(request).database.connect() as connection:
        files = files_of(connection, _known(connection, no).id)
    return _file(request, no, [file for file in files if file.name == name and name in TO_TAKE_AWAY])


@router.get("/batches/{no}/answers/{on}/{name}", dependencies=[Depends(Guard(Permission.LISTS))])
def answer_file(request: Request, no: BatchNo, on: date, name: str) -> Response:
    """The paid or the returned list of a date on which the bank answered; accounts in it are masked."""
    with stores_of(request).database.connect() as connection:
        files = answer_lists(connection, _known(connection, no).batch_no)
    day = on.isoformat()
    return _file(
        request, f"{no}-{day}", [f for f in files if f.name == name and f.folder.startswith(f"{day}/")]
    )


def _file(request: Request, prefix: str, found: list[PublishedFile]) -> Response:
    if not found:
        raise HTTPException(404)
    path = as_published(stores_of(request).settings.out_root, found[0])
    return FileResponse(path, media_type="application/octet-stream", filename=f"{prefix}-{path.name}")


async def _page(request: Request, no: str, said: str, *, status: int = 200) -> Response:
    """said: what stands on top, of `messages.ledger.ANSWER_SAID` or `WHY_NOT`; empty for nothing."""
    person: Person = request.state.person
    check = await run_in_threadpool(_check_of, request, no, person)
    question = None if check.why_not else await _question(request, no, check)
    return await run_in_threadpool(_shown, request, no, check, question, said, status)


async def _question(request: Request, no: str, check: AnswerCheck) -> Question | None:
    """Airflow's question about the review level for which the ledger waits; None if there is none."""
    try:
        found: Question | None = await request.app.state.airflow.question(request, no)
    except NotAnswered:
        return None
    return found if found is not None and found.level == check.level else None


def _check_of(request: Request, no: str, person: Person) -> AnswerCheck:
    with stores_of(request).database.connect() as connection:
        batch = _known(connection, no)
        level = missing_level(connection, batch)
        if level is None:
            return AnswerCheck(None, "complete" if batch.state == "formed" else "ended")
        if Permission.APPROVE not in person.permissions:
            return AnswerCheck(level, "no_role")
        return AnswerCheck(level, hindrance(connection, batch, level, person.name) or "")


def _known(connection: Connection, no: str) -> Batch:
    found = batch_by_no(connection, no)
    if found is None:
        raise HTTPException(404)
    return found


def _shown(
    request: Request, no: str, check: AnswerCheck, question: Question | None, said: str, status: int
) -> Response:
    stores = stores_of(request)
    outcome = request.query_params.get("show", "")
    outcome = outcome if outcome in OUTCOMES else ""
    with stores.database.connect() as connection:
        batch = _known(connection, no)
        facts: dict[str, Any] = {
            "facts": approval_facts(connection, batch),
            "awaited": awaited(connection, batch),
            "outcomes": batch_outcomes(connection, batch.id),
            "grid": batch_lines(connection, batch, outcome, order_of(request, LINE_COLUMNS, "line")),
            "answers": views.batch_answers(connection, batch.id).rows,
            "preparers": views.batch_preparers(connection, batch.id).rows,
            "history": views.batch_history(connection, batch.id).rows,
            "files": files_of(connection, batch.id),
            "answer_lists": answer_lists(connection, batch.batch_no),
        }
    return html(
        request,
        "batch.html",
        "batches",
        status=status,
        batch=batch,
        place=place_of(batch.region_code, names_of(stores)),
        check=check,
        question=question,
        said=said,
        outcome=outcome,
        to_take_away=TO_TAKE_AWAY,
        longest_reason=LONGEST_REASON,
        **facts,
    )
