"""Acts of people from the command line: the same functions as there, in the name that the token says.

One route an act, each with the act's permission. They take a bearer token only, and speak JSON only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field

from stable_jobs.acts import ACTS, Act, perform
from stable_jobs.errors import LedgerRefused, StableJobsError, UsageError
from stable_jobs.ledger.hands import AIRFLOW, COMMAND_LINE, Hand
from stable_jobs.rendering.text import visible
from stable_jobs.review.access import Permission, Person
from stable_jobs.review.guard import BearerGuard
from stable_jobs.review.page import stores_of

router = APIRouter()
LONGEST_NAME = 200


class Asked(BaseModel):
    """What a command line asks for. user, host: who runs it, as it says itself."""

    parameters: dict[str, Any]
    user: Annotated[str | None, Field(max_length=LONGEST_NAME)] = None
    host: Annotated[str | None, Field(max_length=LONGEST_NAME)] = None


@router.get("/acts")
def whoami(person: Annotated[Person, Depends(BearerGuard(Permission.READ))]) -> Response:
    """Who asks, as the ledger will call them, and which acts are for their roles."""
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
    router.add_api_route(f"/acts/{_act.name}", _route(_act), methods=["POST"], dependencies=[_guard])
