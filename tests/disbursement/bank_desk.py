"""Batches instructed with real files, and a folder in which the bank leaves its answers."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from stable_jobs.contracts.load import contracts_as_of
from stable_jobs.disbursement.answer_lists import AnswerLists, publish_answers
from stable_jobs.disbursement.returns import Ingested, take_answers
from stable_jobs.disbursement.steps import publish
from stable_jobs.ledger.batches import Batch
from stable_jobs.night.context import NightContext
from stable_jobs.policy.load import load_policies
from stable_jobs.settings import Settings, data_folder
from stable_jobs.store.engine import connect
from stable_jobs.store.lake import Lake
from tests.bank.answers.messages import report, transaction
from tests.ledger.conftest import CODES, REGION, Books, Night, unit

D = date(2020, 5, 19)
NEXT = date(2020, 5, 20)
ACCOUNT = "6222021234567890123"
CONTRACTS = contracts_as_of(data_folder("contracts"), D)
POLICIES = load_policies(data_folder("policies"))


def id_of(place: int, attempt: int = 1, region: str = REGION) -> str:
    """The end-to-end id of the place-th unit (from 0) of a batch."""
    return f"20-{region}-{CODES[place]}-01-{attempt:02}"


def said(place: int, status: str = "ACSC", **changed: Any) -> str:
    """What a pain.002 says of the place-th unit."""
    money = changed.pop("amount", f"{100 + place}.00")
    return transaction(
        changed.pop("end_to_end_id", id_of(place)),
        status,
        amount=f'<InstdAmt Ccy="CNY">{money}</InstdAmt>',
        **changed,
    )


def told(place: int, status: str = "成功", amount: str | None = None, code: str = "", words: str = "") -> str:
    """The same as a row of the demonstration bank's CSV."""
    return f"{id_of(place)},{amount or f'{100 + place}.00'},{status},{code},{words},2020-05-19"


def answered(*payments: str, message_id: str = "610100-20200519-L0-1-001", **more: Any) -> str:
    """A pain.002 that answers the first message of the first batch."""
    return report(*payments, message_id=message_id, **more)


STATES = """
    SELECT p.state FROM payments p JOIN entitlements e ON e.id = p.entitlement_id ORDER BY e.uscc, p.ordinal
"""


@dataclass(frozen=True)
class BankDesk:
    """A ledger, the folders around it, and a bank that answers by hand."""

    books: Books
    settings: Settings

    @contextmanager
    def at(self, on: date = D) -> Iterator[NightContext]:
        with connect(self.settings) as duck:
            yield NightContext(
                self.settings,
                on,
                None,
                CONTRACTS,
                POLICIES,
                self.books.engine,
                duck,
                Lake(self.settings.lake_url),
            )

    @property
    def answers(self) -> Path:
        self.settings.bank_answers_root.mkdir(parents=True, exist_ok=True)
        return self.settings.bank_answers_root

    @property
    def out(self) -> Path:
        return self.settings.out_root

    def night(self, count: int, on: date = D, region: str = REGION, **changed: Any) -> Night:
        units = [
            unit(
                CODES[n],
                region_code=region,
                entitlement=Decimal(f"{100 + n}.00"),
                account_no=ACCOUNT,
                **changed,
            )
            for n in range(count)
        ]
        return Night(on, tuple(units), regions={region: {"working_days": 0, "stopping_doubts": ""}})

    def instruct(self, count: int, on: date = D, **changed: Any) -> Batch:
        """One batch of so many units due 100, 101, … yuan, published with its files."""
        night = self.night(count, on, **changed)
        self.books.apply(night)
        self.books.close(on)
        (batch,) = self.books.form(night)
        with self.at(on) as desk:
            publish(desk)
        return batch

    def leave(self, name: str, content: str | bytes) -> Path:
        """The bank leaves a file, in its format's encoding."""
        encoding = "gb18030" if name.endswith(".csv") else "utf-8"
        path = self.answers / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return path

    def take(self, on: date = D) -> list[Ingested]:
        with self.at(on) as desk:
            return take_answers(desk)

    def publish(self, on: date = D) -> AnswerLists:
        with self.at(on) as desk:
            return publish_answers(desk)

    def standings(self, name: str = "a") -> dict[int, tuple[str, str | None]]:
        """Row of the file that begins so → what became of it, and by which rule it was refused."""
        query = """
            SELECT r.row_no, r.standing, r.rule
            FROM bank_answer_rows r JOIN bank_answers a ON a.id = r.answer_id
            WHERE a.file_name LIKE :name || '.%' ORDER BY r.row_no
        """
        return {row_no: (standing, rule) for row_no, standing, rule in self.books.ask(query, name=name)}

    def states(self) -> list[str]:
        """Of every payment, by code."""
        return [state for (state,) in self.books.ask(STATES)]


def bank_desk(engine: Engine, settings: Settings) -> BankDesk:
    """On the test's own database and home."""
    return BankDesk(Books(engine, settings.out_root), settings)


def read_list(path: Path) -> list[dict[str, str]]:
    """A list for people, row by row, by its headers."""
    with path.open(encoding="utf-8-sig", newline="") as opened:
        return list(csv.DictReader(opened))
