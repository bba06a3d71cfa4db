"""Every peer pays what the product pays, fen for fen: on a sound county, and on one with rejected rows.

`make test-peers`: it needs the peers' environment, so it is no part of `make test`.
"""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest

from bench.peers.compare import MODULES, WITH, WITHOUT, Bench, Rows, bench_over
from bench.peers.tree import adopt
from bench.worker import BUSINESS_DATE

PYTHON = Path(".venv-bench/bin/python")
Cells = dict[str, str]


@dataclass(frozen=True)
class Plant:
    """One row of one unit that breaks a rule.

    change: the row as it is sent then; None: unchanged. add: it is one more row. is_paid: whether the unit is
    paid all the same.
    """

    name: str
    extract: str
    region: str
    change: Callable[[Cells], Cells]
    add: bool = False
    is_paid: bool = False


def put(**cells: str) -> Callable[[Cells], Cells]:
    return lambda row: row | cells


def other_check(row: Cells) -> Cells:
    code = row["uscc"]
    return row | {"uscc": code[:-1] + ("0" if code[-1] != "0" else "1")}


def other_digit(row: Cells) -> Cells:
    code = row["bank_code"]
    return row | {"bank_code": code[:-1] + str((int(code[-1]) + 1) % 10)}


REFUND = {
    "policy_year": "2020", "scheme": "一般", "amount": "壹仟元", "paid_date": "2020-04-01",
    "voucher_no": "PX1", "payment_reference": "",
}  # fmt: skip
LISTED = {
    "list_type": "僵尸企业",
    "listed_on": "2020-03-02",
    "removed_on": "2020-03-01",
    "authority": "工信局",
}
N, L, Z = "360100", "220400", "620100"

PLANTS = (
    Plant("a headcount that is no number", "monthly_headcount", N, put(insured_count="十二")),
    Plant("a month twice", "monthly_headcount", N, put(), add=True),
    Plant("a headcount of nobody", "monthly_headcount", N, other_check, is_paid=True),
    Plant("a negative premium", "premium_payments", N, put(employer_amount="-350.00")),
    Plant("a payment of tomorrow", "premium_payments", Z, put(paid_date="2020-05-12")),
    Plant("a payment of three decimals", "premium_payments", N, put(employee_amount="1.005")),
    Plant("a month that is none", "premium_payments", N, put(fee_month="201913")),
    Plant(
        "a fee month outside the window",
        "premium_payments",
        N,
        put(fee_month="201612", paid_date="2016-12-20"),
    ),
    Plant("an unknown status", "taxpayers", N, put(taxpayer_status="未知")),
    Plant("a bank code with a wrong digit", "taxpayers", N, other_digit),
    Plant("an account in powers of ten", "payee_accounts", N, put(account_no="622202E12")),
    Plant("an account of one digit only", "payee_accounts", Z, put(account_no="0000000000")),
    Plant("an industry that lost its zeros", "insured_units", N, put(industry_code="12")),
    Plant("a unit of another region", "insured_units", N, put(region_code="610100")),
    Plant("no name", "insured_units", Z, put(unit_name="暂无")),
    Plant("a size of tomorrow", "enterprise_sizes", N, put(determined_on="2020-05-12")),
    Plant("removed before listed", "exclusion_list", "000000", put(**LISTED), add=True),
    Plant("claims that are no number", "benefit_claims", N, put(claimants="无人")),
    Plant("layoffs that are no number", "benefit_claims", Z, put(layoffs="若干")),
    Plant("claims where no formula reads them", "benefit_claims", L, put(claimants="无人"), is_paid=True),
    Plant("an application of yesterday", "applications", L, put(submitted_at="昨天")),
    Plant("a refund in words", "prior_refunds", N, put(**REFUND), add=True),
    Plant("no account from tax, by another word", "taxpayers", Z, put(account_no="NULL"), is_paid=True),
)


@dataclass(frozen=True)
class Case:
    """A landing and what the product pays of it."""

    bench: Bench
    paid: Rows


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Case:
    assert PYTHON.exists(), "run `make test-peers`: it makes the peers' environment"
    adopt()
    folder = tmp_path_factory.mktemp("peers")
    bench = bench_over(folder / "sound", "county", PYTHON)
    return Case(bench, bench.run(WITHOUT, folder / "log")[1])


@pytest.fixture(scope="module")
def planted(sound: Case, tmp_path_factory: pytest.TempPathFactory) -> tuple[Case, dict[str, str]]:
    folder = tmp_path_factory.mktemp("planted")
    shutil.copytree(sound.bench.landing, folder / "landing")
    bench = Bench(folder / "landing", sound.bench.spec, PYTHON)
    units = plant(bench, sound.paid)
    return Case(bench, bench.run(WITHOUT, folder / "log")[1]), units


def plant(bench: Bench, paid: Rows) -> dict[str, str]:
    """Spoil one row for each plant, each of another unit that is paid; the unit of each."""
    found = dict[str, str]()
    for number, one in enumerate(PLANTS):
        region = one.region if one.region != "000000" else N
        codes = sorted(code for place, code, _, _ in paid if place == region)
        found[one.name] = _spoil(bench, one, codes[number:], set(found.values()))
    return found


def _spoil(bench: Bench, one: Plant, codes: list[str], taken: set[str]) -> str:
    extract = bench.spec.extract(one.extract)
    path = bench.landing / extract.department / extract.name / str(BUSINESS_DATE) / f"{one.region}.csv"
    names = {column.header: column.name for column in extract.columns}
    with path.open(encoding=extract.encoding, newline="") as lines:
        rows = [{names[header]: cell for header, cell in row.items()} for row in csv.DictReader(lines)]
    sent = {row["uscc"] for row in rows}
    code = next(code for code in codes if code not in taken and (one.add or code in sent))
    before = next((row for row in rows if row["uscc"] == code), {"uscc": code, "region_code": one.region})
    region = {"region_code": N} if one.region == "000000" else {}
    after = one.change(before | region)
    rows = [*rows, after] if one.add else [after if row is before else row for row in rows]
    _send(bench, one, path, rows)
    return code


def _send(bench: Bench, one: Plant, path: Path, rows: list[Cells]) -> None:
    """Write the file and its manifest: rows, hash and the sum of what is an amount."""
    extract = bench.spec.extract(one.extract)
    with path.open("w", encoding=extract.encoding, newline="") as target:
        writer = csv.writer(target)
        writer.writerow([column.header for column in extract.columns])
        writer.writerows([row[column.name] for column in extract.columns] for row in rows)
    manifest = path.with_suffix(".manifest.json")
    said = json.loads(manifest.read_text(encoding="utf-8"))
    said |= {"rows": len(rows), "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    if extract.control_total:
        said["control_total"] = (
            f"{sum(_yuan(row[name]) for row in rows for name in extract.control_total):.2f}"
        )
    manifest.write_text(json.dumps(said, ensure_ascii=False), encoding="utf-8")


def _yuan(text: str) -> Decimal:
    is_amount = text.removeprefix("-").replace(".", "", 1).isdecimal() and len(text.partition(".")[2]) < 3
    return Decimal(text) if is_amount else Decimal(0)


@pytest.mark.parametrize("name", [WITH, *MODULES])
def test_a_sound_county_is_paid_alike(sound: Case, name: str, tmp_path: Path) -> None:
    _, paid = sound.bench.run(name, tmp_path / "log")

    assert len(sound.paid) > 4_000
    assert paid ^ sound.paid == set()


@pytest.mark.parametrize("one", PLANTS, ids=[one.name for one in PLANTS])
def test_the_product_pays_no_unit_of_a_rejected_row(
    sound: Case, planted: tuple[Case, dict[str, str]], one: Plant
) -> None:
    case, units = planted
    code = units[one.name]

    assert code in {row[1] for row in sound.paid}
    assert (code in {row[1] for row in case.paid}) == one.is_paid


@pytest.mark.parametrize("name", MODULES)
def test_a_county_with_rejected_rows_is_paid_alike(
    planted: tuple[Case, dict[str, str]], name: str, tmp_path: Path
) -> None:
    case, _ = planted
    _, paid = case.bench.run(name, tmp_path / "log")

    assert paid ^ case.paid == set()
