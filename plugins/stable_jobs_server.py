"""The parts of Airflow that the review pages need, from inside its API server."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from urllib.parse import quote

import httpx
from airflow.api_fastapi.app import API_ROOT_PATH
from airflow.api_fastapi.auth.managers.base_auth_manager import COOKIE_NAME_JWT_TOKEN
from airflow.api_fastapi.core_api.security import bearer_scheme, get_user
from airflow.configuration import conf
from airflow.exceptions import AirflowConfigException
from airflow.models.dagrun import DagRun
from airflow.utils.session import create_session
from fastapi import HTTPException, Request
from sqlalchemy import func, select

from stable_jobs.dag_ids import APPROVALS, DISBURSEMENT, NIGHTLY
from stable_jobs.review.access import NotAnswered, Person, Question, Run, roles_of

LEVELS = {task_id: level for level, task_id in APPROVALS.items()}
APPROVE, REFUSE = "Approve", "Reject"
UNSIGNED = "the review pages need [api] secret_key: without it nobody can tell whose form was sent"
NEWEST_FIRST = "-created_at"


class AirflowServer:
    """`stable_jobs.review.access.Airflow`, as this server is it. AirflowConfigException without a key."""

    def __init__(self) -> None:
        self.secret = conf.get("api", "secret_key", fallback="")
        if not self.secret:
            raise AirflowConfigException(UNSIGNED)

    async def identify(self, request: Request) -> Person:
        """The person who sends the request, by the same token or cookie as Airflow's own pages."""
        try:
            user = await get_user(request, None, await bearer_scheme(request))
        except HTTPException as error:
            raise HTTPException(401, error.detail) from error
        return Person(user.get_name(), roles_of(_airflow_roles(user)))

    def runs(self, business_dates: list[date]) -> Mapping[date, Run]:
        """The newest run of each night."""
        keys = [on.isoformat() for on in business_dates]
        newest = select(func.max(DagRun.id)).where(DagRun.dag_id == NIGHTLY, DagRun.partition_key.in_(keys))
        asked = select(DagRun.partition_key, DagRun.run_id, DagRun.state).where(
            DagRun.id.in_(newest.group_by(DagRun.partition_key))
        )
        with create_session(scoped=False) as session:
            found = session.execute(asked).all()
        return {
            date.fromisoformat(key): Run(str(state), _address("dags", NIGHTLY, "runs", run_id))
            for key, run_id, state in found
        }

    async def question(self, request: Request, batch_no: str) -> Question | None:
        """The newest open question about the batch: where two runs ask, the ledger knows the later one's."""
        answer = await _ask(
            request,
            "GET",
            _address("api", "v2", "dags", DISBURSEMENT, "dagRuns", "~", "hitlDetails"),
            params={
                "response_received": False,
                "state": "awaiting_input",
                "subject_search": batch_no,
                "order_by": NEWEST_FIRST,
            },
        )
        if answer.status_code == httpx.codes.FORBIDDEN:
            return None
        _check(answer)
        # Airflow searched for a part of the subject: another batch's number may begin with this one.
        instances = (one["task_instance"] for one in answer.json()["hitl_details"])
        return next((_question(one) for one in instances if _batch_no(one) == batch_no), None)

    async def answer(self, request: Request, question: Question, *, is_approved: bool, reason: str) -> None:
        """Answer as the person, whom Airflow checks again and writes into its own log."""
        body = {
            "chosen_options": [APPROVE if is_approved else REFUSE],
            "params_input": {"reason": reason},
        }
        _check(await _ask(request, "PATCH", question.path, json=body))


def _airflow_roles(user: Any) -> list[str]:
    """FAB's users have roles; those of the simple login have one, or none."""
    if hasattr(user, "roles"):
        return [role.name for role in user.roles]
    return [user.role] if user.role else []


def _batch_no(instance: Mapping[str, Any]) -> str:
    """As the task says it: `rendered_map_index` is forgotten while a task is tried again."""
    return str(instance["rendered_fields"].get("batch_no", ""))


def _question(instance: Mapping[str, Any]) -> Question:
    run_id, task_id, place = instance["dag_run_id"], instance["task_id"], str(instance["map_index"])
    page = _address(
        "dags", DISBURSEMENT, "runs", run_id, "tasks", task_id, "mapped", place, "required_actions"
    )
    path = _address(
        *("api", "v2", "dags", DISBURSEMENT, "dagRuns", run_id),
        *("taskInstances", task_id, place, "hitlDetails"),
    )
    return Question(_batch_no(instance), LEVELS[task_id], page, path)


def _address(*parts: str) -> str:
    """Under the server's base path: a page of Airflow's interface, or a REST route."""
    return "/".join([API_ROOT_PATH.rstrip("/"), *(quote(part, safe="~") for part in parts)])


async def _ask(request: Request, method: str, path: str, **more: Any) -> httpx.Response:
    """Airflow's own REST route, in this process, with the person's token or cookie and nothing else."""
    # The module that the server runs: importing it again gives that app, with every check it has.
    from airflow.api_fastapi.main import app

    headers = {"authorization": request.headers.get("authorization", "")}
    cookies = {COOKIE_NAME_JWT_TOKEN: request.cookies.get(COOKIE_NAME_JWT_TOKEN, "")}
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app, raise_app_exceptions=False),
        base_url=f"{request.url.scheme}://{request.url.netloc}",
        headers={name: value for name, value in headers.items() if value},
        cookies={name: value for name, value in cookies.items() if value},
    ) as client:
        return await client.request(method, path, **more)


def _check(answer: httpx.Response) -> None:
    """NotAnswered with Airflow's own sentence, where it has one."""
    if answer.is_success:
        return
    try:
        said = answer.json()["detail"]
    except (ValueError, KeyError, TypeError):
        said = answer.reason_phrase
    raise NotAnswered(f"Airflow: {answer.status_code} {said}")
