"""The app's own files: style, script, icon. Behind the guard as every page."""

from __future__ import annotations

from fastapi import APIRouter, Depends, HTTPException
from fastapi.responses import Response

from stable_jobs.rendering.environment import STATIC
from stable_jobs.review.access import Permission
from stable_jobs.review.guard import Guard

router = APIRouter()
TYPES = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
NAMES = frozenset({"report.css", "review.css", "theme.js", "icon.svg"})


@router.get("/static/{name}", dependencies=[Depends(Guard(Permission.READ))])
def asset(name: str) -> Response:
    """One of `NAMES`; 404 for anything else."""
    if name not in NAMES:
        raise HTTPException(404)
    media_type = TYPES[name.rpartition(".")[2]]
    content = (STATIC / name).read_bytes()
    return Response(content, media_type=media_type, headers={"Cache-Control": "private, max-age=300"})
