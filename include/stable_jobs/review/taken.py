"""Lists that are made when somebody takes them away."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from fastapi.responses import Response, StreamingResponse

from stable_jobs.publishing.table import ListTable
from stable_jobs.review.stores import Stores

BLOCK = 1 << 16


def csv_answer(stores: Stores, table: ListTable, name: str) -> Response:
    """The list as CSV, named `name` (a plain name): written whole before anything is sent, gone after it."""
    from stable_jobs.publishing.files import write_csv
    from stable_jobs.publishing.workspace import workspace

    parent = stores.settings.scratch_root
    parent.mkdir(parents=True, exist_ok=True)
    with ExitStack() as opened:
        path = opened.enter_context(workspace(parent)) / name
        with stores.duck() as duck:
            write_csv(duck, table, path)
        headers = {
            "Content-Disposition": f'attachment; filename="{name}"',
            "Content-Length": str(path.stat().st_size),
        }
        content = _sent(path, opened.pop_all())
    return StreamingResponse(content, media_type="text/csv; charset=utf-8", headers=headers)


def _sent(path: Path, opened: ExitStack) -> Iterator[bytes]:
    with opened, path.open("rb") as source:
        while block := source.read(BLOCK):
            yield block
