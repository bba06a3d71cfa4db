"""The app as a whole: every page behind a guard, every trouble a page that says what to do next."""

from __future__ import annotations

import logging
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException as StarletteHTTPException

from stable_jobs.errors import LedgerRefused, Said, StableJobsError, StepError, UsageError
from stable_jobs.review import batches, comparison, enterprises, nights, page, proposals, regions, report
from stable_jobs.review.access import Airflow, NotAnswered, SecurityHeaders
from stable_jobs.review.comparison import Differences
from stable_jobs.review.enterprises import Explanations
from stable_jobs.review.page import base_of, html, told_of
from stable_jobs.review.stores import Stores
from stable_jobs.settings import Settings

log = logging.getLogger(__name__)
ROUTERS = (
    page.router,
    nights.router,
    regions.router,
    comparison.router,
    report.router,
    batches.router,
    proposals.proposals_router,
    proposals.acts_router,
    enterprises.router,
)
REFUSALS = {UsageError: (404, "not_found"), LedgerRefused: (409, "refused"), NotAnswered: (409, "refused")}


def create_app(airflow: Airflow, settings: Settings | None = None) -> FastAPI:
    """The app, to be mounted under a prefix of its own.

    airflow: what the plugin knows of its server. settings: from the environment at the first request if not
    given. Nothing is opened before that.
    """
    app = FastAPI(title="stable-jobs review", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.airflow = airflow
    app.state.stores = Stores(settings)
    app.state.differences = Differences(app.state.stores)
    app.state.explanations = Explanations(app.state.stores)
    app.add_middleware(SecurityHeaders)
    for router in ROUTERS:
        app.include_router(router)
    app.add_exception_handler(StarletteHTTPException, _http_trouble)
    app.add_exception_handler(RequestValidationError, _wrong_address)
    for error in (StableJobsError, NotAnswered):
        app.add_exception_handler(error, _refusal)
    app.add_exception_handler(Exception, _broken)
    app.router.on_shutdown += [
        app.state.differences.close,
        app.state.explanations.close,
        app.state.stores.close,
    ]
    return app


async def _http_trouble(request: Request, error: Exception) -> Response:
    assert isinstance(error, StarletteHTTPException)
    codes = {401: "not_signed_in", 403: "forbidden", 404: "not_found", 405: "not_found"}
    if error.status_code == 401:
        after = quote(f"{request.url.path}?{request.url.query}".rstrip("?"), safe="")
        above = base_of(request).rpartition("/")[0]
        return _trouble(request, "not_signed_in", 401, sign_in=f"{above}/auth/login/?next={after}")
    if error.status_code == 403 and error.detail == "form":
        return _trouble(request, "old_form", 403)
    return _trouble(request, codes.get(error.status_code, "broken"), error.status_code)


async def _wrong_address(request: Request, error: Exception) -> Response:
    if isinstance(request.scope.get("route"), APIRoute) and request.scope["route"].path.startswith("/acts/"):
        return JSONResponse({"detail": "expected JSON with the act's parameters, and user and host"}, 422)
    return _trouble(request, "not_found", 404)


async def _refusal(request: Request, error: Exception) -> Response:
    status, what = REFUSALS.get(type(error), (503, "broken"))
    if isinstance(error, StepError):
        log.error("review page %s: %s", request.url.path, error)
    return _trouble(request, what, status, found=told_of(error))


async def _broken(request: Request, error: Exception) -> Response:
    log.error("review page %s broke", request.url.path, exc_info=error)
    return _trouble(request, "broken", 500)


def _trouble(
    request: Request, what: str, status: int, *, found: Said | str = "", sign_in: str = ""
) -> Response:
    """found: the reason; a text without Chinese is for an engineer, and stands as code."""
    return html(request, "trouble.html", "", status=status, what=what, found=found, sign_in=sign_in)
