"""Batches: what may be paid, who answers for it, what the bank said, and the lists to take away."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Form, HTTPException, Path, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse, RedirectResponse, Response
from sqlalchemy import Connection

from stable_jobs.disbursement.approval import approval_facts
from stable_jobs.disbursement.batch_files import TO_TAKE_AWAY, as_published
from stable_jobs.ledger import views
from stable_jobs.ledger.approvals import hindrance, missing_level
from stable_jobs.ledger.batches import Batch, batch_by_no
from stable_jobs.ledger.payments import PublishedFile, files_of
from stable_jobs.ledger.reasons import LONGEST_REASON
from stable_jobs.messages.ledger import BATCH_STATE
from stable_jobs.publishing.manifest import REGION
from stable_jobs.report.words import place_of
from stable_jobs.review.access import Permission, Person
from stable_jobs.review.airflow import NotAnswered, Question
from stable_jobs.review.grid import order_of
from stable_jobs.review.guard import Guard, WriteGuard
from stable_jobs.review.page import Links, html, optional, stores_of
from stable_jobs.review.queries import batches as asked
from stable_jobs.review.queries.batches import COLUMNS, LINE_COLUMNS, OUTCOMES, Which
from stable_jobs.review.stores import names_of

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
        grid = asked.batches(connection, which, order_of(request, COLUMNS, "-formed"))
        codes = asked.regions(connection)
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
        files = asked.answer_lists(connection, _known(connection, no).batch_no)
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
    """What Airflow asks about the level that the ledger waits for."""
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
            "awaited": asked.awaited(connection, batch),
            "outcomes": asked.outcomes(connection, batch.id),
            "grid": asked.lines(connection, batch, outcome, order_of(request, LINE_COLUMNS, "line")),
            "answers": views.batch_answers(connection, batch.id).rows,
            "preparers": views.batch_preparers(connection, batch.id).rows,
            "history": views.batch_history(connection, batch.id).rows,
            "files": files_of(connection, batch.id),
            "answer_lists": asked.answer_lists(connection, batch.batch_no),
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
