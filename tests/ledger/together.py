"""One of several processes that all do the whole life cycle on one ledger: `python -m tests.ledger.together`.

Told the database's URL, a number of its own and how many seconds; begins when a line comes on standard input.
Says at the end, as JSON, what it tried, what it alone brought about and what was refused. Anything but a
refusal by the ledger ends it with a traceback.
"""

from __future__ import annotations

import json
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from sqlalchemy import create_engine

from stable_jobs.acts import decide_proposal
from stable_jobs.errors import LedgerRefused
from stable_jobs.ledger import notices, rulings
from stable_jobs.ledger.batches import Batch, missing_level, open_batches
from stable_jobs.ledger.event import SYSTEM, ledger_event
from stable_jobs.ledger.people import AIRFLOW, Hand, acting
from stable_jobs.ledger.proposals import accept_account, propose_settlement
from tests.ledger.conftest import CODES, Books, Night, unit

FIRST = date(2020, 5, 11)
REGIONS = ("610100", "610300")
UNITS = CODES[:20]
"""Insured in both regions."""
ROUNDS = 3
"""At least, however slow the machine."""
PEOPLE = ("first", "second")
UNANSWERED = """
    SELECT end_to_end_id FROM instructions i LEFT JOIN bank_results r USING (line_id)
    WHERE r.line_id IS NULL ORDER BY 1
"""
ON_NOTICE = """
    SELECT e.region_code, e.uscc FROM payments p JOIN entitlements e ON e.id = p.entitlement_id
    WHERE p.state = 'on_notice' ORDER BY 1, 2
"""
OBJECTED = (
    "SELECT id FROM objections b LEFT JOIN objection_decisions k ON k.objection_id = b.id WHERE k IS NULL"
)
CAME_BACK = """
    SELECT DISTINCT i.end_to_end_id
    FROM doubtful_accounts d JOIN instructions i ON i.line_id = d.line_id ORDER BY 1
"""
CONTRADICTED = "SELECT DISTINCT end_to_end_id FROM open_contradictions ORDER BY 1"
NEWEST = "SELECT max(business_date) FROM region_nights"


def night_of(number: int, *, decided: int = 0) -> Night:
    """The night that many days after the first, the same for everybody: amounts and accounts change."""
    days = 2 * (number % 2)
    on = FIRST + timedelta(days=number)
    units = [
        unit(
            code,
            region_code=region,
            entitlement=Decimal(100 + 10 * ((number // 5 + place) % 4)),
            account_no=f"62{place}{number}",
            review_level=place % 3,
        )
        for region in REGIONS
        for place, code in enumerate(UNITS)
        if (number + place) % 11
    ]
    terms = {"working_days": days, "notice_ends_on": on + timedelta(days=days), "stopping_doubts": ""}
    return Night(on, tuple(units), (), dict.fromkeys(REGIONS, terms), key=str(decided))


@dataclass
class Told:
    """tried: by deed; made: what only one process can have brought about; refused: by deed and sentence."""

    tried: Counter[str] = field(default_factory=Counter)
    made: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)


@dataclass
class Worker:
    """One process at work."""

    books: Books
    random: random.Random
    paid_only: bool = False
    """The bank pays every line. Else it pays two of three that it speaks of, and may contradict itself."""
    told: Told = field(default_factory=Told)

    def try_to(self, deed: str, done: Callable[[], Any]) -> Any:
        """Do it; None if the ledger refused, which is counted."""
        self.told.tried[deed] += 1
        try:
            return done()
        except LedgerRefused as refused:
            self.told.refused[f"{deed}: {_kind(str(refused))}"] += 1
            return None

    def newest(self) -> int:
        found = self.books.ask(NEWEST)[0][0]
        return (found - FIRST).days if found else 0

    def one_round(self) -> None:
        """The newest night, or the one before, the next, or the newest decided otherwise: whatever comes."""
        number = max(0, self.newest() + self.random.choice([-1, 0, 0, 0, 1]))
        night = night_of(number, decided=self.random.choice([0, 0, 0, 1]))
        self.work(night)
        self.publish_open(night.on)
        self.answer(night.on)
        self.object(night.on)
        self.settle()
        if self.random.random() < 0.05:
            self.hold(night.on)

    def work(self, night: Night) -> None:
        """From decisions to batches."""
        self.try_to("night", lambda: self.books.apply(night))
        self.accept()
        self.told.made["cleared"] += self.try_to("close", lambda: self.books.close(night.on)) or 0
        self.told.made["formed"] += len(self.try_to("form", lambda: self.books.form(night)) or ())

    def accept(self) -> None:
        """Somebody takes the accounts that the extract brought after money came back."""
        for (line,) in self.books.ask(CAME_BACK):
            self.event(
                "accept", None, partial(accept_account, end_to_end_id=line, reason="x", person="one"), "one"
            )

    def settle(self) -> None:
        """Two people say of what the bank contradicted itself about that the money arrived."""
        for (line,) in self.books.ask(CONTRADICTED):
            asked = partial(propose_settlement, end_to_end_id=line, outcome="paid", reason="x", person="one")
            self.event("propose", None, asked, "one")
        for (number,) in self.books.ask("SELECT id FROM open_proposals ORDER BY id"):
            said = partial(
                decide_proposal, proposal_id=number, outcome="confirmed", reason="", person="another"
            )
            self.event("confirm", None, said, "another")

    def open(self) -> list[Batch]:
        with self.books.engine.connect() as connection:
            found = open_batches(connection)
        return self.random.sample(found, len(found))

    def publish_open(self, on: date) -> None:
        for batch in self.open():
            for _ in range(batch.review_level):
                self.approve(batch)
            self.publish(batch, on)

    def approve(self, batch: Batch) -> None:
        with self.books.engine.connect() as connection:
            level = missing_level(connection, batch)
        if level is not None:
            self.try_to("approve", lambda: self.books.approve(batch, level, PEOPLE[level - 1]))

    def publish(self, batch: Batch, on: date) -> None:
        def done() -> int:
            self.books.publish(batch, on)
            return batch.count

        count = self.try_to("publish", done)
        if count is not None:
            self.told.made["published"] += 1
            self.told.made["instructed"] += count

    def answer(self, on: date) -> None:
        """What the bank says of some lines; another process may have heard otherwise."""
        lines = [line for (line,) in self.books.ask(UNANSWERED)]
        if not self.paid_only:
            lines = [line for line in lines if self.random.random() < 0.7]
        said = ["paid"] if self.paid_only else ["paid", "paid", "returned"]
        if lines:
            rows = [{"end_to_end_id": line, "outcome": self.random.choice(said)} for line in lines]
            counts = self.try_to("answer", lambda: self.books.answer(rows, on=on))
            for kind in ("applied", "repeated", "refused") if counts else ():
                self.told.made[kind] += getattr(counts, kind)

    def object(self, on: date) -> None:
        waiting = self.books.ask(ON_NOTICE)
        if waiting:
            region, code = self.random.choice(waiting)
            self.event(
                "object",
                on,
                lambda event: notices.add_objection(event, region, code, "doubt", "somebody"),
                "somebody",
            )
        for (number,) in self.books.ask(OBJECTED)[:2]:
            self.event(
                "decide",
                on,
                partial(
                    notices.decide_objection,
                    objection_id=number,
                    outcome="dismissed",
                    reason="no",
                    person="officer",
                ),
                "officer",
            )

    def hold(self, on: date) -> None:
        region = self.random.choice(REGIONS)
        self.event("hold", on, lambda event: rulings.hold_region(event, region, "wait", "one"), "one")
        self.event(
            "release", on, lambda event: rulings.release_region(event, region, "go on", "another"), "another"
        )

    def event(self, deed: str, on: date | None, done: Callable[[Any], Any], who: str = SYSTEM) -> None:
        def in_event() -> Any:
            with ledger_event(self.books.engine, deed, actor=who, business_date=on) as event:
                return done(event)

        self.try_to(deed, in_event)


def _kind(sentence: str) -> str:
    """The sentence without what differs from case to case."""
    return re.sub(r"[\d-]*\d[\w-]*", "…", sentence)


def main(url: str, number: str, seconds: str) -> None:
    engine = create_engine(url, pool_size=1, max_overflow=0)
    worker = Worker(Books(engine), random.Random(int(number)))
    engine.connect().close()
    print("ready", flush=True)
    sys.stdin.readline()
    until = time.monotonic() + float(seconds)
    rounds = 0
    while time.monotonic() < until or rounds < ROUNDS:
        with acting(Hand(AIRFLOW, "test")):
            worker.one_round()
        rounds += 1
    print(json.dumps(vars(worker.told)), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
