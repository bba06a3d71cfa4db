"""The year's end: which nights publish a region's waived list, and who is on it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import Engine

from stable_jobs.disbursement.steps import close_notices
from stable_jobs.disbursement.unpaid import WaivedList, publish_waived
from stable_jobs.ledger.event import ledger_event
from stable_jobs.ledger.notices import add_objection
from stable_jobs.policy.determine import KINDS
from stable_jobs.settings import Settings
from stable_jobs.store import catalog
from tests.bank.answers.messages import reason, report
from tests.disbursement.bank_desk import ACCOUNT, BankDesk, bank_desk, read_list
from tests.e2e.home import tree
from tests.ledger.conftest import CODES, Night

LANZHOU, XIAN = "620100", "610100"
BEFORE, DEADLINE, AFTER, LATER = (date(2020, *day) for day in ((4, 29), (4, 30), (5, 6), (5, 7)))
"""Of Lanzhou, by the demonstration's parameters."""
CODE, YUAN = "统一社会信用代码 Credit code", "金额（元），已知者 Amount (yuan), where known"
FIELDS = {
    "region_code": pa.string(), "uscc": pa.string(), "unit_name": pa.string(), "policy_year": pa.int32(),
    "scheme": pa.string(), "is_taken": pa.bool_(), "decision": pa.string(), "reasons": pa.string(),
    "entitlement": pa.decimal128(18, 2), "already_paid": pa.decimal128(18, 2),
}  # fmt: skip


def row(place: int, **changed: Any) -> dict[str, Any]:
    """A row of the eligibility table: undecided for want of a size, so with no amount."""
    plain = {
        "region_code": LANZHOU, "uscc": CODES[place], "unit_name": f"单位{place}", "policy_year": 2020,
        "scheme": "general", "is_taken": False, "decision": "undecided", "reasons": "size_known_unknown",
        "entitlement": None, "already_paid": Decimal("0.00"),
    }  # fmt: skip
    return plain | changed


@dataclass(frozen=True)
class YearEnd:
    """A bank's desk, and nights with an eligibility table of their own."""

    bank: BankDesk

    def decide(self, on: date, *rows: dict[str, Any], units: tuple[Any, ...] = (), **region: Any) -> None:
        """Apply a night; rows: its eligibility table."""
        night = Night(on, units, regions={LANZHOU: {"working_days": 0} | region}, key=repr(rows))
        self.bank.books.apply(night)
        self._keep(night, rows)

    def _keep(self, night: Night, rows: tuple[dict[str, Any], ...]) -> None:
        fingerprint = catalog.fingerprint(night=repr(night))
        with self.bank.at(night.on) as desk, desk.database.begin() as connection:
            for kind in KINDS:
                catalog.register_snapshot(
                    connection, kind=kind, business_date=night.on, fingerprint=fingerprint,
                    name=f"snapshots/{kind}-{fingerprint}.parquet", rows=0, inputs={},
                )  # fmt: skip
            found = catalog.find_snapshot(connection, "eligibility", fingerprint)
            assert found is not None
            pq.write_table(pa.Table.from_pylist(list(rows), pa.schema(FIELDS)), desk.lake.path(found.name))

    def close(self, on: date) -> None:
        with self.bank.at(on) as desk:
            close_notices(desk)

    def publish(self, on: date) -> list[WaivedList]:
        with self.bank.at(on) as desk:
            return publish_waived(desk)

    def listed(self, on: date) -> list[tuple[str, str, str]]:
        """Code, standing (English), yuan."""
        rows = read_list(self.bank.out / on.isoformat() / LANZHOU / "waived" / "waived.csv")
        return [(r[CODE], r["情形 Standing"].partition(" ")[2], r[YUAN]) for r in rows]


@pytest.fixture
def end(engine: Engine, settings_with_database: Settings) -> YearEnd:
    return YearEnd(bank_desk(engine, settings_with_database))


@pytest.mark.parametrize(
    ("nights", "asked", "is_published"),
    [
        pytest.param([BEFORE], BEFORE, False, id="before the deadline"),
        pytest.param([BEFORE, DEADLINE], DEADLINE, False, id="on the deadline"),
        pytest.param([BEFORE, AFTER], AFTER, True, id="the first night after it"),
        pytest.param([BEFORE, AFTER, LATER], LATER, False, id="the second"),
        pytest.param([BEFORE, AFTER, LATER], AFTER, True, id="the first one again"),
        pytest.param([AFTER], AFTER, False, id="no night before it"),
        pytest.param([date(2019, 12, 30), AFTER], AFTER, False, id="nights of another year before it"),
        pytest.param([BEFORE], AFTER, False, id="no night after it"),
    ],
)
def test_when_it_is_published(end: YearEnd, nights: list[date], asked: date, is_published: bool) -> None:
    for on in nights:
        end.decide(on, row(0, policy_year=on.year))

    assert len(end.publish(asked)) == int(is_published)
    assert (end.bank.out / asked.isoformat() / LANZHOU).exists() is is_published
    assert end.bank.books.breaks() == []


def test_a_year_that_ends_with_its_last_day(end: YearEnd) -> None:
    """Another region, whose deadline is 31 December: its list comes with the new year's first night."""
    for on in (date(2020, 12, 31), date(2021, 1, 4)):
        night = Night(on, (), regions={XIAN: {"working_days": 0}})
        end.bank.books.apply(night)
        end._keep(night, (row(0, region_code=XIAN),))

    assert [(one.region_code, one.count) for one in end.publish(date(2021, 1, 4))] == [(XIAN, 1)]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param([row(0)], [("undecided", "")], id="undecided, amount not known"),
        pytest.param([row(0, entitlement=Decimal("90.00"))], [("undecided", "90.00")], id="amount known"),
        pytest.param(
            [row(0, entitlement=Decimal("90.00"), already_paid=Decimal("30.00"))],
            [("undecided", "60.00")],
            id="part of it was paid",
        ),
        pytest.param(
            [row(0, entitlement=Decimal("90.00"), already_paid=Decimal("90.00"))], [], id="all of it was paid"
        ),
        pytest.param(
            [row(0, entitlement=Decimal("90.00"), already_paid=None)],
            [("undecided", "")],
            id="paid unknown",
        ),
        pytest.param(
            [row(0), row(0, scheme="difficult", entitlement=Decimal("9.00"))],
            [("undecided", "")],
            id="one row a unit",
        ),
        pytest.param([row(0), row(0, scheme="difficult", is_taken=True)], [], id="the other is taken"),
        pytest.param([row(0, decision="ineligible")], [], id="ineligible"),
        pytest.param([row(0, region_code=XIAN)], [], id="of another region"),
    ],
)
def test_undecided_units(end: YearEnd, rows: list[dict[str, Any]], expected: list[tuple[str, str]]) -> None:
    end.decide(BEFORE, *rows)
    end.decide(AFTER)

    (one,) = end.publish(AFTER)

    assert [(standing, yuan) for _, standing, yuan in end.listed(AFTER)] == expected
    assert one.total == sum((Decimal(yuan) for _, yuan in expected if yuan), Decimal(0))


@pytest.mark.parametrize(
    ("last", "count"),
    [
        pytest.param({"is_suspended": True}, 1, id="held on the last night: the one before it counts"),
        pytest.param({}, 0, id="decided on the last night"),
    ],
)
def test_the_newest_decided_night_up_to_the_deadline_counts(end: YearEnd, last: Any, count: int) -> None:
    end.decide(BEFORE, row(0))
    end.decide(DEADLINE, **last)
    end.decide(AFTER, row(1), row(2))

    assert [one.count for one in end.publish(AFTER)] == [count]


def test_payments_returned_or_objected_to(end: YearEnd) -> None:
    """One unit was paid, one came back, one is objected to, one is undecided, one waits for money."""
    night = end.bank.night(3, BEFORE, LANZHOU)
    objected = end.bank.night(4, BEFORE, LANZHOU).units[3]
    end.bank.instruct(3, BEFORE, region=LANZHOU)
    end.decide(DEADLINE, row(1), row(5), units=(*night.units, objected), working_days=5)
    with ledger_event(end.bank.books.engine, "objection", actor="王芳", business_date=DEADLINE) as event:
        add_objection(event, LANZHOU, CODES[3], "群众来信", "王芳")
    rows = [
        {"end_to_end_id": f"20-{LANZHOU}-{CODES[n]}-01-01", "outcome": outcome, "reason_text": "账户已销户"}
        for n, outcome in enumerate(("paid", "returned"))
    ]
    end.bank.books.answer(rows, on=DEADLINE)
    end.decide(AFTER, units=(*night.units, objected))
    end.close(AFTER)

    (one,) = end.publish(AFTER)

    assert end.listed(AFTER) == [
        (CODES[1], "returned and not corrected", "101.00"),
        (CODES[3], "objection not decided", "103.00"),
        (CODES[5], "undecided", ""),
    ]
    assert (one.count, one.total) == (3, Decimal("204.00"))
    texts = [path.read_bytes() for path in one.folder.rglob("*.*") if path.is_file()]
    assert [text for text in texts if ACCOUNT.encode() in text] == []
    assert end.bank.books.breaks() == []


def test_what_is_waived_later_is_listed_then_and_nothing_changes_before(end: YearEnd) -> None:
    """The bank may send back after the deadline what was instructed before it."""
    units = end.bank.night(1, BEFORE, LANZHOU).units
    batch = end.bank.instruct(1, BEFORE, region=LANZHOU)
    end.decide(DEADLINE, units=units)
    end.decide(AFTER, units=units)
    end.close(AFTER)
    assert [one.count for one in end.publish(AFTER)] == [0]
    before = tree(end.bank.out / AFTER.isoformat())

    end.bank.leave("1.xml", report(status="RJCT", reasons=reason(), message_id=f"{batch.batch_no}-001"))
    end.bank.take(AFTER)
    end.decide(LATER, units=units)
    end.close(LATER)

    assert [one.count for one in end.publish(LATER)] == [1]
    assert [one.count for one in end.publish(AFTER)] == [0]
    assert tree(end.bank.out / AFTER.isoformat()) == before
    again = tree(end.bank.out / LATER.isoformat())
    end.publish(LATER)
    assert tree(end.bank.out / LATER.isoformat()) == again
