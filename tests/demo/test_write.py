from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from stable_jobs.contracts.model import Contract
from stable_jobs.errors import UsageError
from stable_jobs_demo.refusals import REFUSALS
from stable_jobs_demo.write import write_demo
from tests.demo.conftest import DAY, SEED, Demo
from tests.demo.reading import read_delivery

BROKEN = "220500"


def digests(folder: Path) -> dict[str, str]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def deliveries(demo: Demo) -> list[Path]:
    return [
        path for path in sorted(demo.landing.rglob("*.manifest.json")) if not path.name.startswith(BROKEN)
    ]


def test_the_same_seed_gives_the_same_bytes(
    demo: Demo, contracts: Mapping[str, Contract], tmp_path: Path
) -> None:
    key = tmp_path / "expected.json"
    write_demo(tmp_path / "landing", seed=SEED, business_date=DAY, contracts=contracts, key=key)

    assert digests(tmp_path / "landing") == digests(demo.landing)
    assert json.loads(key.read_text(encoding="utf-8")) == demo.key


def test_every_manifest_agrees_with_its_file(demo: Demo, contracts: Mapping[str, Contract]) -> None:
    for path in deliveries(demo):
        said = json.loads(path.read_text(encoding="utf-8"))
        contract, stem = contracts[said["extract"]], path.name.removesuffix(".manifest.json")
        names = (path.with_name(f"{stem}.{ending}") for ending in contract.formats)
        (file,) = (name for name in names if name.exists())

        assert said["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
        assert ("control_total" in said) == bool(contract.control_total)
        if int(said["rows"]) < 30_000 and ".2" not in stem:
            headers, rows = read_delivery(file, contract)
            assert headers == [column.header for column in contract.columns]
            assert len(rows) == said["rows"]


def test_control_totals_are_sums_of_the_file(demo: Demo, contracts: Mapping[str, Contract]) -> None:
    contract = contracts["prior_refunds"]
    folder = demo.landing / "finance" / "prior_refunds" / DAY.isoformat()
    place = [column.name for column in contract.columns].index("amount")
    _, rows = read_delivery(folder / "620100.csv", contract)
    amounts = [row[place].replace(",", "").translate(NARROW) for row in rows]

    said = json.loads((folder / "620100.manifest.json").read_text(encoding="utf-8"))
    assert sum(Decimal(text) for text in amounts if text != "壹仟元") == Decimal(said["control_total"])


NARROW = str.maketrans("０１２３４５６７８９", "0123456789")


def test_spellings_are_messy(demo: Demo, contracts: Mapping[str, Contract]) -> None:
    folder = demo.landing / "labor" / "insured_units" / DAY.isoformat()
    names = [column.name for column in contracts["insured_units"].columns]
    _, rows = read_delivery(folder / "620100.csv", contracts["insured_units"])
    days = {row[names.index("insured_since")] for row in rows}

    assert any("-" in day for day in days)
    assert any("/" in day for day in days)
    assert any(day.isdecimal() for day in days)
    assert {"", "NULL", "无", "暂无"} <= {row[names.index("parent_uscc")] for row in rows}
    assert any(row[names.index("uscc")] != row[names.index("uscc")].strip() for row in rows)


def test_hostile_names_come_through(demo: Demo, contracts: Mapping[str, Contract]) -> None:
    folder = demo.landing / "labor" / "insured_units" / DAY.isoformat()
    place = [column.name for column in contracts["insured_units"].columns].index("unit_name")
    paths = [path for path in folder.glob("*.csv") if not path.name.startswith(BROKEN)]
    names = {row[place] for path in paths for row in read_delivery(path, contracts["insured_units"])[1]}

    for piece in ("<script>", "=cmd|", '"字"', "甲,乙", "\u202e", "\U0002a6a5", "\ufffd"):
        assert any(piece in name for name in names), piece


def test_each_department_sends_a_workbook_where_its_contract_allows(demo: Demo) -> None:
    found = {path.parts[-4] for path in demo.landing.rglob("*.xlsx") if not path.name.startswith(BROKEN)}

    assert found == {"finance", "development", "economy"}


def test_the_broken_region_has_every_refusal_once(demo: Demo, contracts: Mapping[str, Contract]) -> None:
    assert {refusal.extract for refusal in REFUSALS} == set(contracts)
    assert len({refusal.name for refusal in REFUSALS}) == len(REFUSALS) == 13
    assert [line["refusal"] for line in demo.key["refused"]] == [refusal.name for refusal in REFUSALS]


@pytest.mark.parametrize(
    ("day", "tier"),
    [
        pytest.param(date(2020, 4, 30), None, id="Lanzhou's deadline is not over"),
        pytest.param(date(2021, 5, 11), None, id="a year without demonstration parameters"),
        pytest.param(DAY, "galaxy", id="a tier that does not exist"),
    ],
)
def test_what_the_demonstration_does_not_have(
    day: date, tier: str | None, contracts: Mapping[str, Contract], tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=r"--date|prefecture"):
        write_demo(tmp_path, seed=1, business_date=day, contracts=contracts, tier=tier)


def test_files_of_others_are_not_taken_for_the_demonstration(
    contracts: Mapping[str, Contract], tmp_path: Path
) -> None:
    stranger = tmp_path / "labor" / "insured_units" / DAY.isoformat() / "999999.csv"
    stranger.parent.mkdir(parents=True)
    stranger.write_text("x")

    with pytest.raises(UsageError, match=r"999999\.csv"):
        write_demo(tmp_path, seed=1, business_date=DAY, contracts=contracts, tier="county")
