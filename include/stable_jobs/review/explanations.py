"""Nights made ready to be explained: in the background, kept as long as the server runs."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from datetime import date
from threading import Lock
from typing import TYPE_CHECKING
from weakref import finalize

from stable_jobs.review.stores import Stores

if TYPE_CHECKING:
    from stable_jobs.policy.explain import ExplainedNight

KEPT = 4
"""Nights that are kept ready."""
Key = tuple[int, str]
"""A decision and the policies it is explained by."""


class Explanations:
    """Makes nights ready, one after the other, and finds again those that are."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="explanations")
        self._nights: dict[Key, Future[ExplainedNight]] = {}
        self._lock = Lock()

    def find(self, on: date, decision_id: int) -> ExplainedNight | None:
        """The night ready to explain its enterprises; None while it is made so, which begins if it has not.

        decision_id: the newest decision of the date. What hindered it (StepError, PolicyError) is raised to
        the one who asks next, and the one after may try again.
        """
        key = (decision_id, self._stores.policies.fingerprint)
        with self._lock:
            begun = self._nights.get(key)
            if begun is None:
                self._nights[key] = self._worker.submit(self._prepare, on)
                while len(self._nights) > KEPT:
                    self._nights.pop(next(iter(self._nights)))
                return None
            if not begun.done():
                return None
            if begun.exception() is not None:
                del self._nights[key]
        return begun.result()

    def close(self) -> None:
        """Let the one that is at work end; no other begins, and none is kept."""
        self._worker.shutdown(cancel_futures=True)
        self._nights.clear()

    def _prepare(self, on: date) -> ExplainedNight:
        from stable_jobs.policy.explain import ExplainedNight

        stores = self._stores
        opened = ExitStack()
        duck = opened.enter_context(stores.duck())
        with stores.database.connect() as connection:
            night = ExplainedNight(duck, connection, stores.lake, stores.contracts(on), stores.policies, on)
        # Its connection is its own until the last request has let it go.
        finalize(night, opened.close)
        return night
