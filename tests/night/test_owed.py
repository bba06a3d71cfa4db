"""What a department owes, from catalog rows alone: no file is read and nothing is decided."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from sqlalchemy import Connection

from stable_jobs.contracts.load import contracts_as_of
from stable_jobs.contracts.model import Contract, SendingRegion, Terms
from stable_jobs.messages.refusals import REFUSALS
from stable_jobs.night.context import NightContext
from stable_jobs.night.owed import due_at, not_sent, owed_by, still_awaited
from stable_jobs.policy.load import load_policies
from stable_jobs.settings import SHANGHAI, data_folder
from stable_jobs.store import catalog
from stable_jobs.store.catalog import Delivery, DeliveryOutcome, Validation
from stable_jobs.words import Words
from tests.store.conftest import Book

D = date(2020, 5, 11)
DAY = timedelta(days=1)
NATION, NANCHANG, XIAN, COUNTY = "000000", "360100", "610100", "610124"
SHAANXI = "610000"
HERE = (NANCHANG, XIAN)
DROP = "taxpayers.rows.drop"
CONTRACTS = contracts_as_of(data_folder("contracts"), D)
TAXPAYERS = {"taxpayers": CONTRACTS["taxpayers"]}
WHOLE = load_policies(data_folder("policies"))
POLICIES = replace(WHOLE, regions={c: p for c, p in WHOLE.regions.items() if c in HERE or c.endswith("0000")})
"""The packaged policies, as if only two cities took part."""


def at(hour: int, minute: int = 0, second: int = 0, days: int = 0) -> datetime:
    return datetime(2020, 5, 11, hour, minute, second, tzinfo=SHANGHAI) + days * DAY


JUDGED = ("accepted", "held", "released")


@dataclass(frozen=True)
class File:
    """One delivery. `status`: refused, landed, superseded (read, not judged), or one of JUDGED.

    `parts`: of a file for all, region → whether its part alone is held.
    """

    region: str = XIAN
    status: str = "accepted"
    sequence: int = 1
    extract: str = "taxpayers"
    department: str = "tax"
    on: date = D
    hour: int = 8
    parts: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True)
class OneConnection:
    """An engine of which every connection is the test's own, so that nothing is kept."""

    connection: Connection

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        yield self.connection


@dataclass(frozen=True)
class Office:
    """A department's catalog rows, and the desk that looks at them."""

    book: Book

    def desk(
        self, contracts: Mapping[str, Contract] = TAXPAYERS, known_at: datetime | None = None, on: date = D
    ) -> NightContext:
        engine: Any = OneConnection(self.book.connection)
        unused: Any = None
        return NightContext(unused, on, known_at, contracts, POLICIES, engine, unused, unused)

    def send(self, *files: File) -> list[Validation]:
        """Write the rows; one validation for each extract of which something is to be judged."""
        made = [(file, self._deliver(file)) for file in files]
        judged = [(file, delivery) for file, delivery in made if file.status in JUDGED]
        validations = [
            self.book.validation(
                extract, *(o for file, d in judged if file.extract == extract for o in self._found(file, d)),
                extract=extract,
            )
            for extract in sorted({file.extract for file, _ in judged})
        ]  # fmt: skip
        for delivery in (delivery for file, delivery in made if file.status == "released"):
            self.book.release(delivery, DROP)
        return validations

    def _deliver(self, file: File) -> Delivery:
        write = {"refused": self.book.refused, "landed": self.book.delivery}.get(
            file.status, self.book.staged
        )
        return write(
            department=file.department, extract=file.extract, business_date=file.on,
            region_code=file.region, sequence=file.sequence, received_at=at(file.hour),
            sha256=sha256(str(file).encode()).hexdigest(),
        )  # fmt: skip

    def _found(self, file: File, delivery: Delivery) -> list[DeliveryOutcome]:
        """Of a file with parts, none of the rows is in no region, as it should be."""
        held = {"held_rule": DROP, "held_detail": {"rows": 3}}
        none = dict.fromkeys(("received", "accepted", "quarantined"), 0)
        whole = (held if file.status != "accepted" else {}) | (none if file.parts else {})
        return [self.book.outcome(delivery, **whole)] + [
            self.book.outcome(delivery, region_code=region, **(held if is_held else {}))
            for region, is_held in file.parts.items()
        ]


@pytest.fixture
def office(book: Book) -> Office:
    return Office(book)


@pytest.mark.parametrize(
    ("sent", "missing"),
    [
        pytest.param([], [NANCHANG, XIAN], id="nothing"),
        pytest.param([File(XIAN)], [NANCHANG], id="for one region"),
        pytest.param([File(XIAN), File(NANCHANG)], [], id="for each region"),
        pytest.param([File(NATION)], [], id="for all"),
        pytest.param([File(SHAANXI)], [NANCHANG, XIAN], id="for the province: no such slot"),
        pytest.param([File(COUNTY)], [NANCHANG, XIAN], id="for a county that does not take part"),
        pytest.param([File(XIAN, "refused")], [NANCHANG, XIAN], id="refused only"),
        pytest.param([File(NATION, "refused")], [NANCHANG, XIAN], id="for all, refused"),
        pytest.param(
            [File(XIAN, "refused"), File(XIAN, sequence=2)], [NANCHANG], id="refused, then a good one"
        ),
        pytest.param([File(XIAN), File(XIAN, "refused", 2)], [NANCHANG], id="a good one, then one refused"),
        pytest.param([File(XIAN, "landed")], [NANCHANG], id="landed and not read yet"),
        pytest.param([File(XIAN, "held")], [NANCHANG], id="held: it came"),
        pytest.param([File(XIAN, on=D - DAY)], [NANCHANG, XIAN], id="for the day before"),
        pytest.param([File(XIAN, extract="premium_payments")], [NANCHANG, XIAN], id="another extract"),
        pytest.param([File(XIAN, department="labor")], [NANCHANG, XIAN], id="by another department"),
    ],
)
def test_not_sent(office: Office, sent: list[File], missing: list[str]) -> None:
    office.send(*sent)
    assert not_sent(office.desk(), "tax") == [("taxpayers", region) for region in missing]


@pytest.mark.parametrize(
    ("extract", "region", "is_awaited"),
    [
        pytest.param("applications", XIAN, True, id="applications: a lane takes them"),
        pytest.param("applications", NANCHANG, False, id="applications: no lane takes them"),
        pytest.param("benefit_standards", XIAN, True, id="benefit standards: difficult scheme"),
        pytest.param("benefit_standards", NANCHANG, False, id="benefit standards: closed"),
        pytest.param("insured_units", NANCHANG, True, id="insured units: always"),
    ],
)
def test_only_what_the_parameters_need(
    office: Office, monkeypatch: pytest.MonkeyPatch, extract: str, region: str, is_awaited: bool
) -> None:
    monkeypatch.setattr("stable_jobs.settings.now", lambda: at(12))
    desk = office.desk(CONTRACTS)
    owed = [(one.extract, one.region_code) for one in owed_by(desk, "labor", [])]
    assert ((extract, region) in not_sent(desk, "labor")) is is_awaited
    assert ((extract, region) in still_awaited(desk, "labor")) is is_awaited
    assert ((extract, region) in owed) is is_awaited


def test_a_department_is_asked_for_its_own_extracts(office: Office) -> None:
    found = {extract for extract, _ in not_sent(office.desk(CONTRACTS), "finance")}
    assert found == {"fund_balances", "payee_accounts", "prior_refunds"}


def test_not_sent_by_extract_and_region(office: Office) -> None:
    assert not_sent(office.desk(CONTRACTS), "tax") == [
        ("premium_payments", NANCHANG),
        ("premium_payments", XIAN),
        ("taxpayers", NANCHANG),
        ("taxpayers", XIAN),
    ]


def test_a_year_without_parameters_needs_nothing(office: Office) -> None:
    assert not_sent(office.desk(on=date(2031, 5, 11)), "tax") == []


@pytest.mark.parametrize(
    ("known_at", "missing"),
    [
        pytest.param(at(7, 59), [NANCHANG, XIAN], id="before it came"),
        pytest.param(at(8), [NANCHANG], id="as it came"),
        pytest.param(None, [NANCHANG], id="now"),
    ],
)
def test_not_sent_as_known_then(office: Office, known_at: datetime | None, missing: list[str]) -> None:
    office.send(File(XIAN, hour=8))
    assert [region for _, region in not_sent(office.desk(known_at=known_at), "tax")] == missing
    assert [one.region_code for one in owed_by(office.desk(known_at=known_at), "tax", [])] == missing


@pytest.mark.parametrize(
    ("hours", "due"),
    [
        pytest.param(20, at(20), id="the same evening"),
        pytest.param(0, at(0), id="midnight"),
        pytest.param(33, at(9, days=1), id="the next morning"),
    ],
)
def test_due_at(office: Office, hours: int, due: datetime) -> None:
    contract = replace(CONTRACTS["taxpayers"], due_hours=hours)
    assert due_at(office.desk(), contract, XIAN) == due
    assert due_at(office.desk(), contract, XIAN).utcoffset() == timedelta(hours=8)


def later_by_an_hour(region: str, on: date = D) -> Contract:
    entry = SendingRegion(region, on, "来函", Terms(due_hours=21))
    return replace(CONTRACTS["taxpayers"], sending_regions=(entry,))


@pytest.mark.parametrize(
    ("contract", "region", "hour"),
    [
        pytest.param(later_by_an_hour(XIAN), XIAN, 21, id="the region itself"),
        pytest.param(later_by_an_hour(SHAANXI), XIAN, 21, id="from its province"),
        pytest.param(later_by_an_hour(NATION), XIAN, 21, id="from 000000"),
        pytest.param(later_by_an_hour(XIAN), COUNTY, 21, id="a county from its city"),
        pytest.param(later_by_an_hour(XIAN), NANCHANG, 20, id="the neighbour"),
        pytest.param(later_by_an_hour(XIAN, D + DAY), XIAN, 20, id="from tomorrow"),
    ],
)
def test_due_at_by_region(office: Office, contract: Contract, region: str, hour: int) -> None:
    assert due_at(office.desk(), contract, region) == at(hour)


@pytest.mark.parametrize(
    ("moment", "awaited"),
    [
        pytest.param(at(19, 59, 59), [NANCHANG, XIAN], id="before either is due"),
        pytest.param(at(20), [XIAN], id="one is due, the other has an hour"),
        pytest.param(at(21), [], id="both are due"),
    ],
)
def test_who_is_awaited_where_one_region_may_send_later(
    office: Office, monkeypatch: pytest.MonkeyPatch, moment: datetime, awaited: list[str]
) -> None:
    monkeypatch.setattr("stable_jobs.settings.now", lambda: moment)
    desk = office.desk({"taxpayers": later_by_an_hour(XIAN)})
    assert still_awaited(desk, "tax") == [("taxpayers", region) for region in awaited]


@pytest.mark.parametrize(
    ("moment", "known_at", "is_awaited"),
    [
        pytest.param(at(19, 59, 59), None, True, id="a second before"),
        pytest.param(at(20), None, False, id="exactly due"),
        pytest.param(at(20, 0, 1), None, False, id="a second after"),
        pytest.param(at(3, days=1), None, False, id="a past business date"),
        pytest.param(at(21, days=-1), None, True, id="a business date to come"),
        pytest.param(datetime(2020, 5, 11, 11, 59, tzinfo=UTC), None, True, id="before, by another clock"),
        pytest.param(datetime(2020, 5, 11, 12, tzinfo=UTC), None, False, id="due, by another clock"),
        pytest.param(at(12), at(12), False, id="as known then, though not due"),
        pytest.param(at(12), at(23), False, id="as known later"),
    ],
)
def test_awaited_until_due(
    office: Office,
    monkeypatch: pytest.MonkeyPatch,
    moment: datetime,
    known_at: datetime | None,
    is_awaited: bool,
) -> None:
    monkeypatch.setattr("stable_jobs.settings.now", lambda: moment)
    office.send(File(NANCHANG))
    expected = [("taxpayers", XIAN)] if is_awaited else []
    assert still_awaited(office.desk(known_at=known_at), "tax") == expected


def test_each_extract_is_awaited_until_its_own_time(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    early = replace(CONTRACTS["premium_payments"], due_hours=9)
    monkeypatch.setattr("stable_jobs.settings.now", lambda: at(12))
    found = still_awaited(office.desk({**CONTRACTS, "premium_payments": early}), "tax")
    assert found == [("taxpayers", NANCHANG), ("taxpayers", XIAN)]


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param([File(NATION)], id="for all"),
        pytest.param([File(NANCHANG), File(XIAN)], id="for each"),
        pytest.param([File(NANCHANG), File(XIAN, "held")], id="held: not awaited, but owed"),
    ],
)
def test_what_came_is_not_awaited(office: Office, monkeypatch: pytest.MonkeyPatch, sent: list[File]) -> None:
    monkeypatch.setattr("stable_jobs.settings.now", lambda: at(12))
    office.send(*sent)
    assert still_awaited(office.desk(), "tax") == []


REST = File(NANCHANG)
GOOD = File(NATION, parts={NANCHANG: False, XIAN: False})
ONE_HELD = File(NATION, parts={NANCHANG: False, XIAN: True})


@pytest.mark.parametrize(
    ("sent", "owed"),
    [
        pytest.param([], [(NANCHANG, "missing"), (XIAN, "missing")], id="nothing sent"),
        pytest.param([REST, File(XIAN)], [], id="accepted"),
        pytest.param([File(NATION)], [], id="for all, accepted"),
        pytest.param([REST, File(XIAN, "refused")], [(XIAN, "refused")], id="refused: once, not missing too"),
        pytest.param(
            [REST, File(XIAN, "refused"), File(XIAN, "refused", 2)], [(XIAN, "refused")], id="refused twice"
        ),
        pytest.param(
            [REST, File(XIAN, "refused"), File(XIAN, sequence=2)], [], id="refused, then a good one"
        ),
        pytest.param(
            [REST, File(XIAN), File(XIAN, "refused", 2)], [(XIAN, "refused")], id="the correction is refused"
        ),
        pytest.param([File(NATION, "refused")], [(NATION, "refused")], id="for all, refused: that one file"),
        pytest.param(
            [File(NATION, "refused"), File(XIAN)], [(NATION, "refused")], id="for all refused, one of its own"
        ),
        pytest.param([REST, File(XIAN, "held")], [(XIAN, "held")], id="held"),
        pytest.param([REST, File(XIAN, "released")], [], id="held and released"),
        pytest.param(
            [REST, File(XIAN, "superseded"), File(XIAN, sequence=2)], [], id="a readable one replaced"
        ),
        pytest.param(
            [REST, File(XIAN, "superseded"), File(XIAN, "held", 2)],
            [(XIAN, "held")],
            id="replaced by a held one",
        ),
        pytest.param([File(NATION, "held")], [(NATION, "held")], id="for all, held"),
        pytest.param([GOOD], [], id="for all, accepted part by part"),
        pytest.param(
            [File(NATION, "refused"), replace(GOOD, sequence=2)], [], id="for all, refused, corrected"
        ),
        pytest.param(
            [GOOD, File(NATION, "refused", 2)], [(NATION, "refused")], id="for all, the correction is refused"
        ),
        pytest.param([ONE_HELD], [(XIAN, "held")], id="one part of a file for all held"),
        pytest.param([ONE_HELD, File(XIAN)], [], id="a held part, then its own file"),
        pytest.param([REST, File(XIAN, "landed")], [], id="not validated yet"),
        pytest.param(
            [REST, File(XIAN), File(XIAN, "refused", on=D - DAY)], [], id="refused for the day before"
        ),
    ],
)
def test_owed_by(office: Office, sent: list[File], owed: list[tuple[str, str]]) -> None:
    validations = office.send(*sent)
    found = owed_by(office.desk(), "tax", validations)
    assert [(one.region_code, one.status) for one in found] == owed
    assert {one.extract for one in found} <= {"taxpayers"}


def test_owed_by_extract_and_region(office: Office) -> None:
    """Stopped and missing ones in one order; each extract by its own validation."""
    sent = [File(XIAN, "refused", extract="premium_payments"), File(XIAN, "held"), File(NANCHANG, "held")]
    validations = office.send(*sent)
    found = [
        (o.extract, o.region_code, o.status) for o in owed_by(office.desk(CONTRACTS), "tax", validations)
    ]
    assert found == [
        ("premium_payments", NANCHANG, "missing"),
        ("premium_payments", XIAN, "refused"),
        ("taxpayers", NANCHANG, "held"),
        ("taxpayers", XIAN, "held"),
    ]


def test_a_refusal_is_owed_from_when_it_came(office: Office) -> None:
    office.send(File(NANCHANG, "landed", hour=8), File(XIAN, "refused", hour=12))
    by_hour = {
        hour: [(one.region_code, one.status) for one in owed_by(office.desk(known_at=at(hour)), "tax", [])]
        for hour in (11, 12)
    }
    assert by_hour == {11: [(XIAN, "missing")], 12: [(XIAN, "refused")]}


def test_a_release_made_later_does_not_count_then(office: Office) -> None:
    validations = office.send(REST, File(XIAN, "released"))
    by_hour = {
        hour: [one.status for one in owed_by(office.desk(known_at=at(hour)), "tax", validations)]
        for hour in (20, 21)
    }
    assert by_hour == {20: ["held"], 21: []}


def test_each_says_what_is_wrong_and_what_to_do(office: Office) -> None:
    validations = office.send(
        File(NANCHANG, "refused", extract="premium_payments"), File(XIAN, extract="premium_payments"),
        File(XIAN, "held"),
    )  # fmt: skip
    rule = {r.id: r for r in CONTRACTS["taxpayers"].rules}[DROP]
    said = [one.sentence() for one in owed_by(office.desk(CONTRACTS), "tax", validations)]
    assert said == [
        f"premium_payments {NANCHANG} 南昌市 Nanchang [refused]: 行数不符。rows differ; "
        "next: 重发 send again",
        f"taxpayers {NANCHANG} 南昌市 Nanchang [missing]: 该业务日期没有收到数据。"
        "Nothing was sent for this business date; next: 请连同清单文件一并报送，下一次运行即可收取 "
        "Send it with its manifest; the next run takes it",
        f"taxpayers {XIAN} 西安市 Xi'an [held]: {rule.sentence_zh}{rule.sentence_en}; "
        "found 3 行；隔离 无；上次采用 无 3 rows; none quarantined; last accepted none; "
        f"next: {rule.next_step_zh} {rule.next_step_en}",
    ]


@pytest.mark.parametrize(
    ("rule", "detail", "measured"),
    [
        pytest.param(
            "taxpayers.rows.tolerance",
            {"rows": 1000, "quarantined": 51, "previous_rows": None},
            "; expected 隔离的行最多 5%：1,000 行中最多 50 行 "
            "at most 5% of the rows quarantined: 50 of 1,000; found 1,000 行；隔离 51；上次采用 无 "
            "1,000 rows; 51 quarantined; last accepted none; next: ",
            id="tolerance",
        ),
        pytest.param(
            DROP,
            {"rows": 400, "quarantined": 0, "previous_rows": 1000},
            "; expected 比上次采用的减少不到 60%：上次 1,000 行，本次至少 401 行 "
            "less than 60% below the last accepted: at least 401 rows after 1,000; "
            "found 400 行；隔离 0；上次采用 1,000 400 rows; 0 quarantined; last accepted 1,000; next: ",
            id="drop",
        ),
    ],
)
def test_a_held_delivery_says_what_was_expected_and_what_was_found(
    office: Office, rule: str, detail: dict[str, Any], measured: str
) -> None:
    delivery = office.book.staged(department="tax", extract="taxpayers", business_date=D, region_code=XIAN)
    outcome = office.book.outcome(delivery, held_rule=rule, held_detail=detail)
    validation = office.book.validation("taxpayers", outcome, extract="taxpayers")
    [said] = [one.sentence() for one in owed_by(office.desk(), "tax", [validation]) if one.status == "held"]
    assert measured in said


def test_a_file_for_all_is_called_so(office: Office) -> None:
    validations = office.send(File(NATION, "refused"))
    [owed] = owed_by(office.desk(), "tax", validations)
    assert owed.region == Words("全部地区合报文件", "File for all regions")


HOSTILE = "<script>alert(1)</script>\n\x1b[2J\u2028all is well"


def test_no_text_of_a_department_is_in_a_sentence(office: Office) -> None:
    """Neither a name nor what was found in a file: a sentence is one line of the product's own words."""
    delivery = office.book.delivery(file_name=HOSTILE)
    problem = office.book.problem(expected=HOSTILE, found=HOSTILE, column=HOSTILE)
    catalog.mark_refused(office.book.connection, delivery.id, problem)
    [said] = [o.sentence() for o in owed_by(office.desk(), "tax", []) if o.status == "refused"]
    assert said.isprintable()
    assert "script" not in said


def test_every_refusal_and_rule_is_one_line() -> None:
    """They are what a sentence is made of."""
    rules = [rule for contract in CONTRACTS.values() for rule in contract.rules]
    words = [text for refusal in REFUSALS.values() for text in vars(refusal).values()]
    words += [t for r in rules for t in (r.sentence_zh, r.sentence_en, r.next_step_zh, r.next_step_en)]
    assert len(words) > 400
    assert [text for text in words if not text.isprintable()] == []
