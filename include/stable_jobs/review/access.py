"""The permissions of people, the guards that ask for them, and the Airflow behind them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Annotated, Protocol
from urllib.parse import urlsplit

from fastapi import Form, HTTPException, Request
from itsdangerous import BadSignature, URLSafeTimedSerializer
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# --- Roles and permissions ---
# The roles of this product, the permissions of each, and the roles of Airflow that give them.


class Permission(StrEnum):
    """One thing that a route asks for. Every route asks for exactly one."""

    READ = "read"
    """Pages: nights, reports, enterprises, parameters, batches, comparisons. Accounts and names masked."""
    QUARANTINE = "quarantine"
    """Take away the quarantined rows of a delivery."""
    LISTS = "lists"
    """Take away lists and comparisons. Payment files nobody takes from here."""
    ACKNOWLEDGE = "acknowledge"
    """Put a name and a reason to a finding of a validation report."""
    RELEASE = "release"
    """Let a delivery through that a rule holds."""
    APPROVE = "approve"
    """Answer for a batch. The ledger says whether this person may, for this batch."""
    WORK = "work"
    """Decide about units, accounts, budgets and recoveries, and stop a region's payments."""
    CONFIRM = "confirm"
    """Confirm or reject what another person proposed or entered."""
    MANAGE = "manage"
    """Say who may approve where."""


class Role(StrEnum):
    """The role of a person at the bureau."""

    VIEWER = "viewer"
    OFFICER = "officer"
    APPROVER = "approver"
    ENGINEER = "engineer"


GRANTS: Mapping[Role, frozenset[Permission]] = {
    Role.VIEWER: frozenset({Permission.READ}),
    Role.OFFICER: frozenset(
        {
            Permission.READ,
            Permission.QUARANTINE,
            Permission.LISTS,
            Permission.ACKNOWLEDGE,
            Permission.RELEASE,
            Permission.WORK,
            Permission.CONFIRM,
        }
    ),
    Role.APPROVER: frozenset({Permission.READ, Permission.LISTS, Permission.APPROVE, Permission.CONFIRM}),
    Role.ENGINEER: frozenset({Permission.READ, Permission.QUARANTINE, Permission.LISTS, Permission.MANAGE}),
}

AIRFLOW_ROLES: Mapping[str, frozenset[Role]] = {
    **{role.value: frozenset({role}) for role in Role},
    "user": frozenset({Role.OFFICER, Role.APPROVER}),
    "op": frozenset({Role.ENGINEER}),
    "admin": frozenset({Role.ENGINEER}),
}
"""Name of a role in Airflow, in lower case → roles here. The stack makes Officer, Approver and Engineer
beside FAB's own Viewer, User, Op and Admin; the simple login has only the latter four."""


@dataclass(frozen=True)
class Person:
    """The person who sends a request. `name`: as in Airflow, in the ledger and in every audit event."""

    name: str
    roles: frozenset[Role]

    @property
    def permissions(self) -> frozenset[Permission]:
        """Everything the person may do; empty for somebody without a role."""
        return frozenset(permission for role in self.roles for permission in GRANTS[role])


def roles_of(airflow_roles: Iterable[str]) -> frozenset[Role]:
    """The roles here of somebody with those roles in Airflow. A role that is not known gives none."""
    return frozenset(r for name in airflow_roles for r in AIRFLOW_ROLES.get(name.lower(), frozenset()))


# --- Airflow ---
# The parts of Airflow that the pages need, handed in by the plugin: this package does not import Airflow.


@dataclass(frozen=True)
class Run:
    """The newest run of a night. state: Airflow's word; url: its page in Airflow's interface."""

    state: str
    url: str


@dataclass(frozen=True)
class Question:
    """A task that waits for a person to answer for a batch. url: its page; path: where the answer goes."""

    batch_no: str
    level: int
    url: str
    path: str


class NotAnswered(Exception):
    """Airflow did not take the answer. The message is for the person who gave it."""


class Airflow(Protocol):
    """Airflow's server, as far as the pages know it."""

    secret: str
    """A secret that the servers of this installation share and nobody else knows; it signs forms."""

    async def identify(self, request: Request) -> Person:
        """The person who sends the request. HTTPException 401 without a valid token."""

    def runs(self, business_dates: list[date]) -> Mapping[date, Run]:
        """The newest run of each of these nights, where there is one."""

    async def question(self, request: Request, batch_no: str) -> Question | None:
        """The question that Airflow asks about the batch right now, if this person may see it."""

    async def answer(self, request: Request, question: Question, *, is_approved: bool, reason: str) -> None:
        """Answer in the person's own name, through Airflow's own door. NotAnswered where it refuses."""


# --- Guards ---
# The guards of the routes: who may, from where, and what a browser may do with the answer.

FORM_SECONDS = 12 * 3600
"""How long a form that was shown may be sent."""
POLICY = "; ".join(
    (
        "default-src 'none'",
        "style-src 'self'",
        "script-src 'self'",
        "img-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'self'",
        "base-uri 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Guard:
    """A route's dependency: 401 without a valid token, 403 without the permission."""

    def __init__(self, permission: Permission) -> None:
        self.permission = permission

    async def __call__(self, request: Request) -> Person:
        """The person, who may."""
        person: Person = await request.app.state.airflow.identify(request)
        request.state.person = person
        if self.permission not in person.permissions:
            raise HTTPException(403, f"{person.name}: {self.permission.value}")
        return person


class WriteGuard(Guard):
    """The same for what writes: the form was shown to this person, by this server, not too long ago."""

    async def __call__(self, request: Request, form_token: Annotated[str, Form()] = "") -> Person:
        """The person, who may and who meant to. 403 for a form from elsewhere or of somebody else."""
        person = await super().__call__(request)
        if not _is_same_origin(request) or not _is_signed(request, person, form_token):
            raise HTTPException(403, "form")
        return person


class BearerGuard(Guard):
    """The same for what programs do: only a token in the header, which no other site's page can send."""

    async def __call__(self, request: Request) -> Person:
        """The person, who may. 401 without a token in the header, whatever the cookies say."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise HTTPException(401, "Not authenticated")
        return await super().__call__(request)


def form_token(request: Request, person: Person) -> str:
    """The value of a form's field `form_token`: signed for this person by this installation."""
    return str(_serializer(request).dumps(person.name))


def _serializer(request: Request) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(request.app.state.airflow.secret, salt="stable-jobs-review-form")


def _is_signed(request: Request, person: Person, token: str) -> bool:
    try:
        return bool(_serializer(request).loads(token, max_age=FORM_SECONDS) == person.name)
    except BadSignature:
        return False


def _is_same_origin(request: Request) -> bool:
    """Browsers send Sec-Fetch-Site, older ones Origin; what sends neither is no browser's cross-site form."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")


class SecurityHeaders:
    """Every answer of the app carries `HEADERS`; what is about people is not kept by caches."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request on, and put the headers on its answer."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self.app(scope, receive, send_with_headers)
