"""A later night of the same cities: what befell units, and that nothing else did."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from stable_jobs.contracts.model import Contract
from stable_jobs.errors import UsageError
from stable_jobs_demo.block import ARRAYS, Block
from stable_jobs_demo.city import COUNTIES
from stable_jobs_demo.events import EVENTS, Event
from stable_jobs_demo.later import befall
from stable_jobs_demo.moment import Moment
from stable_jobs_demo.plant import plant
from stable_jobs_demo.write import check_night, write_demo
from tests.demo.conftest import DAY, SEED, Demo
from tests.demo.reading import read_delivery

LATER = date(2020, 5, 19)
MENDED, XIAN, ZHOUZHI = "220500", "610100", "610124"
ORDER = ("防疫物资", "餐饮", "住宿", "旅游", "零售", "航运")
CITIES = {"220400", "360100", "620100", "230200", "610100"}
Unit = tuple[str, str]
Schemes = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Nights:
    """The key of each night, and what befell each unit in between."""

    first: dict[Unit, Schemes]
    later: dict[Unit, Schemes]
    events: dict[Unit, str]

    def of(self, event: str) -> list[Unit]:
        return [unit for unit, name in self.events.items() if name == event]


@pytest.fixture(scope="module")
def later(tmp_path_factory: pytest.TempPathFactory, contracts: Mapping[str, Contract]) -> Demo:
    home = tmp_path_factory.mktemp("later")
    return write(home, contracts)


def write(home: Path, contracts: Mapping[str, Contract]) -> Demo:
    landing, key = home / "landing", home / "expected.json"
    result = write_demo(
        landing, seed=SEED, business_date=LATER, first_night=DAY, contracts=contracts, key=key
    )
    return Demo(landing, result, json.loads(key.read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def nights(demo: Demo, later: Demo) -> Nights:
    events = {(u["region"], u["uscc"]): u["event"] for u in later.key["units"] if "event" in u}
    return Nights(schemes(demo), schemes(later), events)


def schemes(night: Demo) -> dict[Unit, Schemes]:
    return {(unit["region"], unit["uscc"]): unit["schemes"] for unit in night.key["units"]}


@pytest.fixture(scope="module")
def befallen() -> list[Block]:
    found = plant(Moment(DAY), SEED, COUNTIES)
    befall(found, SEED, Moment(DAY))
    return found


def test_the_same_seed_and_dates_give_the_same_bytes(
    later: Demo, contracts: Mapping[str, Contract], tmp_path: Path
) -> None:
    again = write(tmp_path, contracts)

    assert digests(again.landing) == digests(later.landing)
    assert again.key == later.key


def digests(folder: Path) -> dict[str, str]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_the_same_units_and_the_mended_region(nights: Nights) -> None:
    mended = {unit for unit in nights.later if unit[0] == MENDED}

    assert nights.later.keys() - mended == nights.first.keys()
    assert len(mended) == 24


def test_a_unit_that_nothing_befell_is_as_it_was(blocks: list[Block], befallen: list[Block]) -> None:
    for before, after in zip(blocks, befallen, strict=True):
        same = after.event < 0
        assert same.sum() > 0.8 * len(same)
        for name in ARRAYS:
            was, now = (getattr(block, name)[same].tolist() for block in (before, after))
            assert was == now, name


def test_its_answer_is_as_it_was(nights: Nights) -> None:
    differing = [
        unit
        for unit in nights.first
        if unit not in nights.events and nights.first[unit] != nights.later[unit]
    ]

    assert differing == []


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.name)
def test_every_city_has_the_event(nights: Nights, event: Event) -> None:
    assert {region for region, _ in nights.of(event.name)} == (set(event.cities) or {MENDED})


def test_a_notice_stands_where_the_event_says_so(nights: Nights) -> None:
    kept = {event.name for event in EVENTS if event.keeps_notice}
    on_notice = [unit for unit in nights.events if is_due(nights.first.get(unit))]
    same = {unit for unit in on_notice if nights.first[unit] == nights.later[unit]}

    assert {nights.events[unit] for unit in same} == kept
    assert all(nights.events[unit] not in kept for unit in on_notice if unit not in same)


def is_due(unit: Schemes | None) -> bool:
    return any(row["is_taken"] and Decimal(row["payable"] or 0) > 0 for row in (unit or {}).values())


def general(night: dict[Unit, Schemes], unit: Unit) -> dict[str, Any]:
    return night[unit]["general"]


@pytest.mark.parametrize(
    ("event", "before", "after"),
    [
        pytest.param("listed_since", "eligible", "ineligible", id="listed meanwhile"),
        pytest.param("deregistered_since", "eligible", "ineligible", id="deregistered meanwhile"),
        pytest.param("taxpayer_arrived", "undecided", "eligible", id="the taxpayer row arrived"),
        pytest.param("taxpayer_mended", "undecided", "eligible", id="the taxpayer row was mended"),
        pytest.param("size_arrived", "undecided", "eligible", id="the size arrived"),
        pytest.param("size_arrived_lane", "undecided", "eligible", id="the size arrived, and the lane"),
        pytest.param("payee_arrived", "undecided", "eligible", id="the account arrived"),
        pytest.param("payments_arrived", "undecided", "eligible", id="the payments arrived"),
        pytest.param("listing_began", "eligible", "ineligible", id="a listing sent ahead is in force"),
        pytest.param("listing_ended", "ineligible", "eligible", id="a listing is over"),
        pytest.param("insurance_began", "ineligible", "eligible", id="insured by now"),
        pytest.param("application_counts", "ineligible", "eligible", id="applied by now"),
    ],
)
def test_a_decision_turns(nights: Nights, event: str, before: str, after: str) -> None:
    units = nights.of(event)

    assert {general(nights.first, unit)["decision"] for unit in units} == {before}
    assert {general(nights.later, unit)["decision"] for unit in units} == {after}


@pytest.mark.parametrize(
    ("event", "low", "high"),
    [
        pytest.param("premium_corrected_up", "1.001", "1.1", id="more premium"),
        pytest.param("premium_corrected_down", "0.9", "0.999", id="less premium"),
        pytest.param("account_moved", "1", "1", id="another account"),
        pytest.param("paid_outside_part", "0.59", "0.61", id="a part paid outside"),
        pytest.param("paid_outside_whole", "0", "0", id="all paid outside"),
    ],
)
def test_an_amount_turns(nights: Nights, event: str, low: str, high: str) -> None:
    for unit in nights.of(event):
        was, now = (Decimal(general(night, unit)["payable"]) for night in (nights.first, nights.later))
        assert was * Decimal(low) <= now <= was * Decimal(high)


@pytest.mark.parametrize(
    ("event", "before", "after"),
    [
        pytest.param("recovery_ended", True, False, id="off the recovering list"),
        pytest.param("recovery_began", False, True, id="on the recovering list"),
    ],
)
def test_a_scheme_turns(nights: Nights, event: str, before: bool, after: bool) -> None:
    for unit in nights.of(event):
        for night, is_difficult in ((nights.first, before), (nights.later, after)):
            assert ("difficult" in night[unit]) == is_difficult
            assert night[unit]["general"]["is_taken"] != is_difficult


def rows_of(night: Demo, contract: Contract, region: str) -> list[dict[str, str]]:
    day = night.key["business_date"]
    folder = night.landing / contract.department / contract.extract / day
    files = (path for path in folder.glob(f"{region}*") if not path.name.endswith(".manifest.json"))
    newest = max(files, key=lambda path: len(path.name))
    headers, lines = read_delivery(newest, contract)
    return [dict(zip(headers, line, strict=True)) for line in lines]


def test_another_account_is_the_only_one_that_moved(
    nights: Nights, demo: Demo, later: Demo, contracts: Mapping[str, Contract]
) -> None:
    moved = set()
    for region in CITIES:
        first, second = (
            {clean(row["统一社会信用代码"]): clean(row["账号"]) for row in rows}
            for rows in (rows_of(night, contracts["payee_accounts"], region) for night in (demo, later))
        )
        moved |= {(region, code) for code in first if first[code] != second[code]}

    assert moved == set(nights.of("account_moved"))


def clean(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip().upper()


def test_the_budget_ends_before_those_who_wait(
    later: Demo, nights: Nights, contracts: Mapping[str, Contract]
) -> None:
    """Everybody whose notice stands, in order of payment: the budget is spent where the waiting begin."""
    cut = later.key["budget_cut"]
    first_category: dict[str, int] = {}
    for row in rows_of(later, contracts["priority_list"], XIAN):
        if row["类别"] in ORDER:
            first_category[clean(row["统一社会信用代码"])] = ORDER.index(row["类别"])
    stands = [
        (first_category.get(code, len(ORDER)), code, amount)
        for (region, code), schemes in nights.later.items()
        if region == XIAN and schemes == nights.first[region, code] and (amount := payable(schemes)) > 0
    ]
    left = Decimal(cut["now"])
    waiting: list[str] = []
    for _, code, amount in sorted(stands):
        waiting += [code] if amount > left or waiting else []
        left -= amount if not waiting else 0

    assert left == 0
    assert waiting == cut["waiting"]
    assert len(waiting) == 40


def payable(unit: Schemes) -> Decimal:
    return sum((Decimal(row["payable"] or 0) for row in unit.values() if row["is_taken"]), Decimal(0))


@pytest.mark.parametrize(
    "region", [pytest.param(XIAN, id="the pool"), pytest.param(ZHOUZHI, id="who repeats its row")]
)
def test_finance_reports_the_cut(
    demo: Demo, later: Demo, contracts: Mapping[str, Contract], region: str
) -> None:
    cut = later.key["budget_cut"]
    was, now = (
        [
            Decimal(clean(row["稳岗返还预算"]).replace(",", ""))
            for row in rows_of(night, contracts["fund_balances"], region)
        ]
        for night in (demo, later)
    )

    assert cut["region"] == XIAN
    assert was == [Decimal(cut["was"])]
    assert now == [Decimal(cut["now"])] < was


def test_the_broken_region_has_mended_its_files(later: Demo, contracts: Mapping[str, Contract]) -> None:
    manifests = list(later.landing.glob(f"*/*/*/{MENDED}.manifest.json"))
    for path in manifests:
        said = json.loads(path.read_text(encoding="utf-8"))
        data = path.with_name(f"{MENDED}.csv").read_bytes()
        assert said["sha256"] == hashlib.sha256(data).hexdigest()
        assert said["rows"] == len(rows_of(later, contracts[said["extract"]], MENDED)) > 0

    assert len(manifests) == len(contracts) == 13
    assert later.key["held_regions"] == {}
    assert later.key["refused"] == []


def test_who_was_paid_before_in_the_mended_region(nights: Nights) -> None:
    (unit,) = nights.of("region_mended_listed")

    assert general(nights.later, unit)["reasons"] == ["not_excluded"]
    assert general(nights.later, unit)["already_paid"] == "1234.56"


def test_the_key_names_the_first_night_and_counts_the_events(later: Demo, nights: Nights) -> None:
    assert later.key["first_night"] == DAY.isoformat()
    assert later.key["business_date"] == LATER.isoformat()
    counted = {line["name"]: line["units"] for line in later.key["events"]}
    assert counted == {event.name: len(nights.of(event.name)) for event in EVENTS}


@pytest.mark.parametrize(
    ("day", "first", "tier", "sentence"),
    [
        pytest.param(DAY, LATER, None, "later day", id="before the first night"),
        pytest.param(date(2020, 6, 19), DAY, None, "same month", id="another month's headcount"),
        pytest.param(LATER, DAY, "county", "one night", id="a tier"),
        pytest.param(LATER, date(2020, 4, 30), None, "--date", id="a first night before the deadline"),
    ],
)
def test_what_is_no_later_night(day: date, first: date, tier: str | None, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        check_night(day, first, tier)
