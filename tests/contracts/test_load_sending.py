"""What differs by sending region: which entry holds where and when, and entries that are refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from stable_jobs.contracts.document import _common
from stable_jobs.contracts.load import load_contracts
from stable_jobs.contracts.model import Contract
from stable_jobs.errors import ContractError
from tests.contracts.conftest import SMALL, place

D = date(2020, 5, 11)
NATION, PROVINCE, CITY, COUNTY, NEIGHBOUR = "000000", "610000", "610100", "610124", "610300"
LINE = '  - {property: tolerance, value: "0.05"}\n'
Entry = Mapping[str, Any]


def entry(region: str = CITY, **said: Any) -> dict[str, Any]:
    return {"region": region, "effectiveFrom": "2020-01-01", "reference": "来函。"} | said


def write(root: Path, *entries: Entry) -> Path:
    """The small contract with these sending regions."""
    value = yaml.safe_dump(list(entries), allow_unicode=True, default_flow_style=True, width=10_000)
    line = f"  - {{property: sendingRegions, value: {value.strip()}}}\n"
    assert LINE in SMALL
    return place(root, SMALL.replace(LINE, LINE + line))


@pytest.fixture
def agreed(tmp_path: Path) -> Callable[..., Contract]:
    """The contract of one region and date, where these entries stand in it."""

    def contract(*entries: Entry, region: str = CITY, on: date = D) -> Contract:
        (found,) = load_contracts(write(tmp_path, *entries))
        return found.for_region(region, on)

    return contract


WHOLE = entry(
    encoding="utf-8-sig",
    formats=["csv", "xlsx"],
    nullWords=["", "-"],
    headers={"amount": "缴费金额"},
    dueHours=21,
    tolerance="0.10",
)


def said(contract: Contract) -> tuple[Any, ...]:
    terms = (contract.encoding, contract.formats, contract.null_words, contract.column("amount").header)
    return (*terms, contract.due_hours, contract.tolerance)


COMMON = ("gb18030", ("csv",), ("", "无"), "金额", 20, Decimal("0.05"))
CHANGED = ("utf-8-sig", ("csv", "xlsx"), ("", "-"), "缴费金额", 21, Decimal("0.10"))


@pytest.mark.parametrize(
    ("region", "on", "expected"),
    [
        pytest.param(CITY, D, CHANGED, id="the region itself"),
        pytest.param(COUNTY, D, CHANGED, id="a county inherits from its city"),
        pytest.param(NEIGHBOUR, D, COMMON, id="the neighbour is not concerned"),
        pytest.param(PROVINCE, D, COMMON, id="nor is the level above"),
        pytest.param(NATION, D, COMMON, id="nor the file for all"),
        pytest.param(CITY, date(2019, 12, 31), COMMON, id="the day before it holds"),
        pytest.param(CITY, date(2020, 1, 1), CHANGED, id="the first day"),
    ],
)
def test_where_and_when_an_entry_holds(
    agreed: Callable[..., Contract],
    region: str,
    on: date,
    expected: tuple[str, tuple[str, ...], tuple[str, str], str, int, Decimal],
) -> None:
    assert said(agreed(WHOLE, region=region, on=on)) == expected


@pytest.mark.parametrize(
    ("entries", "region", "name", "expected"),
    [
        pytest.param(
            [entry(NATION, encoding="utf-8")], NEIGHBOUR, "encoding", "utf-8", id="all inherit from 000000"
        ),
        pytest.param(
            [entry(PROVINCE, encoding="utf-8"), entry(CITY, dueHours=22)],
            COUNTY,
            "encoding",
            "utf-8",
            id="what the city leaves out comes from the province",
        ),
        pytest.param(
            [entry(COUNTY, encoding="utf-8-sig"), entry(PROVINCE, encoding="utf-8")],
            COUNTY,
            "encoding",
            "utf-8-sig",
            id="the nearer level wins, whatever the order",
        ),
        pytest.param(
            [entry(encoding="utf-8"), entry(effectiveFrom="2020-03-01", dueHours=22)],
            CITY,
            "encoding",
            "gb18030",
            id="a later entry replaces the earlier one whole",
        ),
        pytest.param(
            [entry(encoding="utf-8"), entry(effectiveFrom="2020-03-01")],
            CITY,
            "encoding",
            "gb18030",
            id="an entry that says nothing ends it",
        ),
        pytest.param(
            [entry(encoding="utf-8"), entry(effectiveFrom="2020-06-01", encoding="utf-8-sig")],
            CITY,
            "encoding",
            "utf-8",
            id="one that begins later does not hold yet",
        ),
        pytest.param([entry(nullWords=[])], CITY, "null_words", (), id="no null word at all is said, too"),
        pytest.param([entry(dueHours=0)], CITY, "due_hours", 0, id="due at midnight is said, too"),
        pytest.param([entry(tolerance="0")], CITY, "tolerance", Decimal(0), id="no tolerance is said, too"),
    ],
)
def test_what_is_left_out_is_inherited(
    agreed: Callable[..., Contract],
    entries: list[dict[str, Any]],
    region: str,
    name: str,
    expected: str | tuple[()] | int | Decimal,
) -> None:
    assert getattr(agreed(*entries, region=region), name) == expected


@pytest.mark.parametrize(
    ("entries", "headers"),
    [
        pytest.param(
            [entry(PROVINCE, headers={"amount": "缴费金额"}), entry(headers={"month": "月份"})],
            {"amount": "缴费金额", "month": "月份"},
            id="column by column",
        ),
        pytest.param(
            [entry(PROVINCE, headers={"amount": "缴费金额"}), entry(headers={"amount": "金额"})],
            {"amount": "金额", "month": "所属期"},
            id="the contract's own header again",
        ),
    ],
)
def test_headers_are_inherited_column_by_column(
    agreed: Callable[..., Contract], entries: list[dict[str, Any]], headers: dict[str, str]
) -> None:
    found = agreed(*entries)
    assert {name: found.column(name).header for name in headers} == headers


REFUSED = [
    pytest.param(
        [entry("999999", encoding="utf-8")], ["0.region", "GB/T 2260", "999999"], id="unknown region"
    ),
    pytest.param([entry("6101", encoding="utf-8")], ["0.region", "'6101'"], id="not a code"),
    pytest.param([entry(encodings="utf-8")], ["0.encodings", "no such key"], id="unknown key"),
    pytest.param([entry(encoding="gbk")], ["0.encoding", "'gbk'"], id="unknown encoding"),
    pytest.param([entry(formats=[])], ["0.formats"], id="no format at all"),
    pytest.param([entry(tolerance="1.5")], ["0.tolerance", "'1.5'"], id="tolerance above one"),
    pytest.param([entry(tolerance="0.0000001")], ["0.tolerance"], id="tolerance finer than it is kept"),
    pytest.param([entry(dueHours=73)], ["0.dueHours", "73"], id="due too late"),
    pytest.param([entry(effectiveFrom="soon", dueHours=1)], ["0.effectiveFrom", "'soon'"], id="no date"),
    pytest.param(
        [{"region": CITY, "effectiveFrom": "2020-01-01"}], ["0.reference", "nothing"], id="no reason"
    ),
    pytest.param(
        [entry(dueHours=1), entry(encoding="utf-8")],
        ["0.effectiveFrom", "one entry of region 610100 from a day", "two from 2020-01-01"],
        id="two of one day",
    ),
    pytest.param(
        [entry()], ["sendingRegions.0:", "an earlier entry that it ends", "neither"], id="ends nothing"
    ),
    pytest.param(
        [entry(headers={"sum": "合计"})], ["0.headers.sum", "a column of"], id="header of no column"
    ),
    pytest.param([entry(headers={"amount": " 金额"})], ["0.headers.amount"], id="blank before a header"),
    pytest.param([entry(headers={"amount": ""})], ["0.headers.amount"], id="empty header"),
    pytest.param(
        [entry(headers={"amount": "所属期"})],
        ["0.headers.amount", "no other column's", "所属期"],
        id="another column's header",
    ),
    pytest.param(
        [entry(headers={"amount": "数", "month": "数"})],
        ["0.headers.", "数"],
        id="one header for two columns",
    ),
    pytest.param(
        [entry(headers={"amount": "所属期", "month": "金额"})],
        ["0.headers.", "no other"],
        id="headers exchanged",
    ),
    pytest.param(
        [entry(headers={"amount": "数"}), entry(PROVINCE, headers={"month": "数"})],
        ["0.headers.", "数", "2020-01-01"],
        id="clashes with what it inherits",
    ),
    pytest.param(
        [
            entry(headers={"amount": "数"}),
            entry(PROVINCE, effectiveFrom="2021-01-01", headers={"month": "数"}),
        ],
        ["0.headers.", "数", "2021-01-01"],
        id="clashes from a later day on",
    ),
]


@pytest.mark.parametrize(("entries", "words"), REFUSED)
def test_a_wrong_entry_is_refused_with_its_place(
    tmp_path: Path, entries: list[dict[str, Any]], words: list[str]
) -> None:
    with pytest.raises(ContractError) as caught:
        load_contracts(write(tmp_path, *entries))
    message = str(caught.value)
    expected = ["meters.odcs.yaml", "customProperties.sendingRegions", "expected", "found", "next:", *words]
    assert [word for word in expected if word not in message] == [], message


@pytest.mark.parametrize(
    ("changed", "differs"),
    [
        pytest.param({"encoding": "utf-8"}, (True, True), id="encoding"),
        pytest.param({"formats": ["xlsx"]}, (True, True), id="formats"),
        pytest.param({"nullWords": [""]}, (True, True), id="null words"),
        pytest.param({"headers": {"amount": "缴费金额"}}, (True, True), id="headers"),
        pytest.param({"dueHours": 21}, (False, True), id="due time: no file is read again"),
        pytest.param({"tolerance": "0.1"}, (False, True), id="tolerance: no file is read again"),
        pytest.param({"encoding": "gb18030"}, (False, False), id="what the contract says anyway"),
    ],
)
def test_a_change_concerns_its_region_and_what_depends_on_it(
    tmp_path: Path, changed: dict[str, Any], differs: tuple[bool, bool]
) -> None:
    (plain,) = load_contracts(place(tmp_path / "plain", SMALL))
    (other,) = load_contracts(write(tmp_path / "other", entry(**changed)))
    before, after = plain.for_region(CITY, D), other.for_region(CITY, D)
    assert (before.reading != after.reading, before.agreed != after.agreed) == differs
    assert plain.for_region(NEIGHBOUR, D).agreed == other.for_region(NEIGHBOUR, D).agreed
    assert (plain.common, plain.fingerprint != other.fingerprint) == (other.common, True)


def test_an_entry_not_in_force_yet_changes_nothing(tmp_path: Path) -> None:
    (plain,) = load_contracts(place(tmp_path / "plain", SMALL))
    later = entry(effectiveFrom=(D + timedelta(days=1)).isoformat(), encoding="utf-8")
    (other,) = load_contracts(write(tmp_path / "other", later))
    assert other.for_region(CITY, D).agreed == plain.for_region(CITY, D).agreed


def test_what_holds_for_all_is_told_apart(tmp_path: Path) -> None:
    (plain,) = load_contracts(place(tmp_path / "plain", SMALL))
    (other,) = load_contracts(
        place(tmp_path / "other", SMALL.replace("maxBytes, value: 1", "maxBytes, value: 2"))
    )
    assert plain.common != other.common


BLOCK = """\
  - property: sendingRegions
    value:
      - region: "610100"
        effectiveFrom: "2020-01-01"
        reference: 市财政局来函。
        encoding: utf-8
"""
FLOW = (
    "  - {property: sendingRegions, value: "
    '[{region: "610100", effectiveFrom: "2020-01-01", reference: 来函。, encoding: utf-8}]}\n'
)


@pytest.mark.parametrize(
    ("block", "before"),
    [
        pytest.param(BLOCK, "", id="a block"),
        pytest.param(FLOW, "", id="one line"),
        pytest.param(BLOCK + "\n", "", id="a block and an empty line"),
        pytest.param(FLOW.replace(" encoding", "\n    encoding"), "", id="two lines"),
        pytest.param(BLOCK, "# 注\n", id="behind a comment that stays"),
    ],
)
def test_without_its_sending_regions_a_document_is_the_one_that_never_had_them(
    tmp_path: Path, block: str, before: str
) -> None:
    (plain,) = load_contracts(place(tmp_path / "plain", before + SMALL))
    (other,) = load_contracts(place(tmp_path / "other", before + SMALL.replace(LINE, LINE + block)))
    assert len(other.sending_regions) == 1
    assert other.common == plain.fingerprint == plain.common != other.fingerprint


def test_what_stands_on_the_same_line_counts(tmp_path: Path) -> None:
    def common(version: str) -> str:
        line = f"customProperties: [{{property: a, value: {version}}}, {{property: sendingRegions}}]\n"
        return _common(line.encode())

    assert common("1") != common("2")


def test_a_document_with_sending_regions_is_valid_by_the_standard_itself(tmp_path: Path) -> None:
    file = write(tmp_path, WHOLE) / "water" / "meters.odcs.yaml"
    schema = json.loads(resources.files("open_data_contract_standard").joinpath("schema.json").read_bytes())
    jsonschema.Draft201909Validator(schema).validate(yaml.safe_load(file.read_text(encoding="utf-8")))


def test_what_was_resolved_is_resolved_once_and_for_good(tmp_path: Path) -> None:
    """Counties of one city share what holds for them, and it differs nowhere any more."""
    (contract,) = load_contracts(write(tmp_path, entry(encoding="utf-8")))
    city, county = contract.for_region(CITY, D), contract.for_region(COUNTY, D)
    assert city is county
    assert city.for_region(NEIGHBOUR, D) is city
