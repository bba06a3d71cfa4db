"""What one worker makes and every worker of the session uses: templates of databases, landings, a night."""

from __future__ import annotations

import fcntl
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from tests.databases import SERVER_HOME

T = TypeVar("T")


def made_once(name: str, make: Callable[[Path], T]) -> T:
    """What `make` returns, made by the first worker that asks; the others wait for it and get a copy.

    make: gets a folder of its own, which lives as long as the session. What it returns is pickled: names and
    paths, nothing that is open. Nobody changes what they name.
    """
    folder = Path(os.environ[SERVER_HOME]) / "shared" / name
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder.with_suffix(".made")
    with folder.with_suffix(".lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            kept.write_bytes(pickle.dumps(make(folder)))
    made: T = pickle.loads(kept.read_bytes())  # written by a worker of this session
    return made
