"""The guards of the routes: who may, from where, and what a browser may do with the answer."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Form, HTTPException, Request
from itsdangerous import BadSignature, URLSafeTimedSerializer
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stable_jobs.review.access import Permission, Person

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
    """What a form carries in its field `form_token`: it is this person's, and of this server."""
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
