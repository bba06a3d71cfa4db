"""Proposals: what waits for a second person, and that person's answer."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form, Path, Query, Request
from fastapi.responses import RedirectResponse, Response

from stable_jobs.acts import perform
from stable_jobs.ledger.hands import AIRFLOW, BROWSER, Hand
from stable_jobs.ledger.reasons import LONGEST_REASON
from stable_jobs.ledger.views import Which, proposals
from stable_jobs.messages.ledger import PROPOSAL_KIND
from stable_jobs.report.words import place_of
from stable_jobs.review.access import Permission, Person
from stable_jobs.review.guard import Guard, WriteGuard
from stable_jobs.review.page import Links, html, optional, stores_of, written
from stable_jobs.review.stores import names_of

router = APIRouter()
BIGGEST_ID = 2**63 - 1
Outcome = Literal["confirmed", "rejected"]


@router.get("/proposals", dependencies=[Depends(Guard(Permission.READ))])
def waiting(request: Request, answered: Annotated[str, Query()] = "") -> Response:
    """What waits for a second person, the oldest first; with what is answered if asked for."""
    stores = stores_of(request)
    with stores.database.connect() as connection:
        listing = proposals(connection, Which(is_all=bool(answered)))
    rows = [dict(zip(listing.headers, row, strict=True)) for row in listing.rows]
    names = names_of(stores)
    return html(
        request,
        "proposals.html",
        "proposals",
        rows=rows,
        is_all=bool(answered),
        kinds=PROPOSAL_KIND,
        places={row["region"]: place_of(row["region"], names) for row in rows},
        longest_reason=LONGEST_REASON,
    )


@router.post("/proposals/{number}/answer")
def answer(
    request: Request,
    number: Annotated[int, Path(ge=1, le=BIGGEST_ID)],
    person: Annotated[Person, Depends(WriteGuard(Permission.CONFIRM))],
    outcome: Annotated[Outcome, Form()],
    reason: Annotated[str, Form(max_length=20 * LONGEST_REASON)] = "",
) -> Response:
    """Confirm or reject it, in the person's own name. LedgerRefused for its own proposer's confirmation."""
    stores = stores_of(request)
    said = optional(reason) if outcome == "confirmed" else written(reason, "a rejection")
    perform(
        "decide-proposal",
        {"proposal_id": number, "outcome": outcome, "reason": said},
        person=person.name,
        hand=Hand(AIRFLOW, BROWSER),
        engine=stores.ledger,
        settings=stores.settings,
    )
    return RedirectResponse(Links(request)("proposals"), 303)
