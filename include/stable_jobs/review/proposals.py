"""The page of proposals, and acts of people from the command line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Depends, Form, Path, Query, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response
from pydantic import BaseModel, Field

from stable_jobs.acts import ACTS, Act, perform
from stable_jobs.errors import LedgerRefused, StableJobsError, UsageError
from stable_jobs.ledger.people import AIRFLOW, BROWSER, COMMAND_LINE, LONGEST_REASON, Hand
from stable_jobs.ledger.views import Which, proposals
from stable_jobs.messages.ledger import PROPOSAL_KIND
from stable_jobs.rendering.text import visible
from stable_jobs.report.parts import place_of
from stable_jobs.review.access import BearerGuard, Guard, Permission, Person, WriteGuard
from stable_jobs.review.page import Links, html, optional, stores_of, written
from stable_jobs.review.stores import names_of

# --- Proposals ---
# Proposals: what waits for a second person, and that person's answer.

proposals_router = APIRouter()
BIGGEST_ID = 2**63 - 1
Outcome = Literal["confirmed", "rejected"]


@proposals_router.get("/proposals", dependencies=[Depends(Guard(Permission.READ))])
def waiting(request: Request, answered: Annotated[str, Query()] = "") -> Response:
    """The proposals that wait for a second person, the oldest first; with the answered ones if asked for."""
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


@proposals_router.post("/proposals/{number}/answer")
def answer(
    request: Request,
    number: Annotated[int, Path(ge=1, le=BIGGEST_ID)],
    person: Annotated[Person, Depends(WriteGuard(Permission.CONFIRM))],
    outcome: Annotated[Outcome, Form()],
    reason: Annotated[str, Form(max_length=20 * LONGEST_REASON)] = "",
) -> Response:
    """Confirm or reject it, in the person's own name. LedgerRefused for its own proposer's confirmation."""
    stores = stores_of(request)
    said = optional(reason) if outcome == "confirmed" else written(reason, "rejection")
    perform(
        "decide-proposal",
        {"proposal_id": number, "outcome": outcome, "reason": said},
        person=person.name,
        hand=Hand(AIRFLOW, BROWSER),
        engine=stores.ledger,
        settings=stores.settings,
    )
    return RedirectResponse(Links(request)("proposals"), 303)


# --- Acts ---
# Acts of people from the command line: the same functions as there, in the name that the token says.
#
# One route an act, each with the act's permission. They take a bearer token only, and speak JSON only.

acts_router = APIRouter()
LONGEST_NAME = 200


class Asked(BaseModel):
    """An act's parameters from a command line. user, host: its system user and machine, as it says itself."""

    parameters: dict[str, Any]
    user: Annotated[str | None, Field(max_length=LONGEST_NAME)] = None
    host: Annotated[str | None, Field(max_length=LONGEST_NAME)] = None


@acts_router.get("/acts")
def whoami(person: Annotated[Person, Depends(BearerGuard(Permission.READ))]) -> Response:
    """The person who asks, as the ledger will name them, and the acts that their roles permit."""
    may = sorted(act.name for act in ACTS.values() if Permission(act.permission) in person.permissions)
    return JSONResponse({"person": person.name, "acts": may})


def _route(act: Act) -> Callable[..., Response]:
    def do(request: Request, asked: Annotated[Asked, Body()]) -> Response:
        stores, person = stores_of(request), request.state.person
        hand = Hand(AIRFLOW, COMMAND_LINE, _plain(asked.user), _plain(asked.host))
        try:
            result = perform(
                act.name,
                asked.parameters,
                person=person.name,
                hand=hand,
                engine=stores.ledger,
                settings=stores.settings,
            )
        except UsageError as error:
            return JSONResponse({"detail": str(error)}, 422)
        except LedgerRefused as error:
            return JSONResponse({"detail": str(error)}, 409)
        except StableJobsError as error:
            return JSONResponse({"detail": str(error)}, 503)
        return JSONResponse({"result": result})

    return do


def _plain(text: str | None) -> str | None:
    return None if text is None else str(visible(text))


for _act in ACTS.values():
    _guard = Depends(BearerGuard(Permission(_act.permission)))
    acts_router.add_api_route(f"/acts/{_act.name}", _route(_act), methods=["POST"], dependencies=[_guard])
