"""Every route of the app, listed from the app: nobody anonymous, each role exactly what it may."""

from collections.abc import Iterator

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from stable_jobs.review.access import GRANTS, BearerGuard, Guard, Permission, Role, WriteGuard
from stable_jobs.review.app import create_app
from tests.review.stand_in import PREFIX, StandIn, client

pytestmark = pytest.mark.xdist_group("review")
WRITES = {"POST", "PUT", "PATCH", "DELETE"}
PLACES = {
    "on": "2020-05-11",
    "code": "360100",
    "region": "360100",
    "name": "review.css",
    "department": "tax",
    "extract": "taxpayers",
    "uscc": "91360100MA35H00X0T",
    "batch_no": "360100-20200511-L1-1",
    "no": "360100-20200511-L1-1",
    "delivery_id": "1",
    "number": "1",
}


def guards(route: BaseRoute) -> list[Guard]:
    """The guards among everything that FastAPI runs before the route."""

    def within(dependant: Dependant) -> Iterator[Guard]:
        for one in dependant.dependencies:
            if isinstance(one.call, Guard):
                yield one.call
            yield from within(one)

    return list(within(route.dependant)) if isinstance(route, APIRoute) else []


def unguarded(app: FastAPI) -> list[str]:
    """Routes without exactly one guard, and writing ones without the guard of forms or of programs."""
    return [
        str(getattr(route, "path", route))
        for route in app.routes
        if len(guards(route)) != 1
        or (
            getattr(route, "methods", set()) & WRITES
            and not isinstance(guards(route)[0], (WriteGuard, BearerGuard))
        )
    ]


APP = create_app(StandIn())
ROUTES = [route for route in APP.routes if isinstance(route, APIRoute)]
CALLS = [
    pytest.param(method, route.path, guards(route)[0].permission, id=f"{method} {route.path}")
    for route in ROUTES
    for method in sorted(route.methods)
]


def address(path: str) -> str:
    for name, value in PLACES.items():
        path = path.replace(f"{{{name}}}", value)
    assert "{" not in path, f"give {path} a place in PLACES"
    return PREFIX + path


def test_every_route_has_one_guard_and_every_writing_one_that_of_forms() -> None:
    assert unguarded(APP) == []
    assert len(ROUTES) > 5


def test_a_route_without_a_guard_is_found() -> None:
    app = create_app(StandIn())
    careless = APIRouter()

    @careless.get("/careless")
    def page() -> None:
        """Somebody forgot the guard."""

    app.include_router(careless)
    assert unguarded(app) == ["/careless"]


def test_a_mounted_folder_is_found() -> None:
    app = create_app(StandIn())
    app.mount("/files", FastAPI(docs_url=None))
    assert unguarded(app) == ["/files"]


@pytest.mark.parametrize(("method", "path", "permission"), CALLS)
@pytest.mark.parametrize("person", [None, "ann", "ann:"])
def test_nobody_anonymous(
    reviewed: FastAPI, method: str, path: str, permission: Permission, person: str | None
) -> None:
    answer = client(reviewed, person).request(method, address(path), follow_redirects=False)
    assert answer.status_code in (401, 403), answer.text


@pytest.mark.parametrize(("method", "path", "permission"), CALLS)
@pytest.mark.parametrize("role", Role)
def test_each_role_exactly_what_it_may(
    reviewed: FastAPI, method: str, path: str, permission: Permission, role: Role
) -> None:
    answer = client(reviewed, f"ann:{role}").request(method, address(path), follow_redirects=False)
    may = permission in GRANTS[role]
    if "/acts" in path:
        assert answer.status_code == ((200 if method == "GET" else 422) if may else 403), answer.text
    elif method in WRITES:
        title = "This form is too old, or came from elsewhere" if may else "This is not for your role"
        asked = client(reviewed, f"ann:{role}").request(
            method, address(path), params={"lang": "en"}, follow_redirects=False
        )
        assert (asked.status_code, title in asked.text) == (403, True)
    else:
        assert (answer.status_code != 403) == may, answer.text
        assert answer.status_code in ((200, 202, 303, 404, 409, 422) if may else (403,))


def test_every_answer_carries_the_policy(reviewed: FastAPI) -> None:
    for path in ("/nights", "/static/theme.js", "/nowhere", "/nights/2020-13-40"):
        headers = client(reviewed).get(PREFIX + path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
