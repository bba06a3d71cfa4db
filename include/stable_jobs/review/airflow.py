"""What the pages need of Airflow, handed in by the plugin: this package does not import it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from fastapi import Request

from stable_jobs.review.access import Person


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
    """What every server of this installation shares and nobody else knows: forms are signed with it."""

    async def identify(self, request: Request) -> Person:
        """Who asks. HTTPException 401 without a valid token."""

    def runs(self, business_dates: list[date]) -> Mapping[date, Run]:
        """The newest run of each of these nights, where there is one."""

    async def question(self, request: Request, batch_no: str) -> Question | None:
        """What Airflow asks about the batch right now, as far as this person may see it."""

    async def answer(self, request: Request, question: Question, *, is_approved: bool, reason: str) -> None:
        """Answer in the person's own name, through Airflow's own door. NotAnswered where it refuses."""
