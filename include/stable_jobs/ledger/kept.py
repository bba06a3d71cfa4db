"""The lake beside the catalog: whether every file that is registered or named by its hash is the same."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import Connection, text

from stable_jobs.ledger.breaks import Break
from stable_jobs.ledger.statements import Statements
from stable_jobs.store.lake import Content, Lake, LakeChanged

SQL = Statements("kept")

READERS = 4


def verify_kept(connection: Connection, lake: Lake) -> Iterator[Break]:
    """Read every byte of the lake that the catalog or the ledger knows, and say what is not as registered."""
    expected: dict[str, Content | None] = {
        name: Content(sha256, size) for name, sha256, size in connection.execute(text(SQL["snapshots"]))
    }
    expected |= dict.fromkeys((*connection.scalars(text(SQL["named"])), *lake.kept_names()))
    names = sorted(expected)
    with ThreadPoolExecutor(READERS) as pool:
        for name, found in zip(names, pool.map(lambda one: _found(lake, one), names), strict=True):
            said = expected[name]
            if said is None and found[0] != name.rpartition("/")[2]:
                yield Break("lake", name, f"SHA-256 {name.rpartition('/')[2]}", found[1])
            elif said is not None and found[0] != said.sha256:
                yield Break("lake", name, f"SHA-256 {said.sha256}", found[1])


def _found(lake: Lake, name: str) -> tuple[str, str]:
    """The file's SHA-256, and what to say of it."""
    try:
        sha256 = lake.content(name).sha256
    except LakeChanged:
        return "", "no file"
    except OSError as error:
        return "", f"a file that cannot be read: {error.strerror}"
    return sha256, f"SHA-256 {sha256}"
