"""Hostile values by the thousand, one in one region of many: each stops itself and touches no other."""

from __future__ import annotations

import json
import os
import random
import shutil
import zipfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from stable_jobs.contracts.load import contracts_as_of
from stable_jobs.contracts.model import Contract
from stable_jobs.regions import NATION, known_codes
from stable_jobs.settings import data_folder
from tests.e2e.conftest import Homes
from tests.e2e.dropped import drop
from tests.e2e.home import ANCHOR, Home, without_anchor
from tests.e2e.plantings import (
    DAY,
    UNITS,
    Must,
    Planting,
    of_cells,
    of_manifests,
    of_policies,
    plant_cell,
    plant_manifest,
    plant_policy,
)
from tests.policy.builder import World, code

SEED = 13
CONTROLS = 3
SAMPLE = 30
"""Plantings of the quick run, in one night."""
AT_ONCE = 220
"""Plantings of a night of the long run."""
PARTS = 2


@dataclass(frozen=True)
class Field:
    """A landing and policies of regions that are all alike; the last `CONTROLS` are never planted."""

    contracts: dict[str, Contract]
    regions: tuple[str, ...]
    landing: Path
    own: Path
    """Every region's own file of every extract, as it could be sent."""
    policies: Path
    pays: bool
    """Whether its nights go on to the payments: two people confirm the policies first."""
    clean: dict[str, dict[str, bytes]] = dataclass_field(default_factory=dict)
    """What a control publishes where nothing is planted."""

    @property
    def controls(self) -> tuple[str, ...]:
        return self.regions[-CONTROLS:]


def field(folder: Path, plots: int, pays: bool) -> Field:
    """As many regions as plots and controls, everything of theirs clean.

    The plots' rows come in a file for all, and beside it lies the file of each that can be planted and sent.
    """
    codes = sorted(one for one in known_codes() if one.endswith("00") and not one.endswith("0000"))
    regions = tuple(random.Random(SEED).sample(codes, plots + CONTROLS))
    world = World(on=DAY, slots=regions)
    for place, region in enumerate(regions):
        sow(world, region, place * 1000)
    drop(folder / "own", world, DAY)
    drop(folder / "landing", together(world, regions[:plots]), DAY)
    packaged = data_folder("policies")
    shutil.copytree(packaged / NATION, folder / "policies" / NATION)
    for region in regions:
        shutil.copytree(packaged / "610100", folder / "policies" / region)
        for file in (folder / "policies" / region).iterdir():
            said = file.read_text(encoding="utf-8").replace('"610100"', f'"{region}"')
            if region in regions[plots:]:
                said = said.replace("value: 5\n", "value: 0\n")  # the notice ends on the same day
            file.write_text(said, encoding="utf-8")
    return Field(
        contracts_as_of(data_folder("contracts"), DAY),
        regions,
        folder / "landing",
        folder / "own",
        folder / "policies",
        pays,
    )


def together(world: World, plots: Sequence[str]) -> World:
    """The same rows, those of the plots in one file for all."""
    found = World(on=world.on, slots=(NATION, *(slot for slot in world.slots if slot not in plots)))
    for (extract, slot), rows in world.rows.items():
        found.rows.setdefault((extract, NATION if slot in plots else slot), []).extend(rows)
    return found


def sow(world: World, region: str, first: int) -> None:
    """Units that are paid, each with a row in every extract."""
    world.region(region, refund_budget="1000000.00")
    for number in range(first, first + UNITS):
        uscc = world.unit(code(number), region, registration_no=None)
        world.change(
            "taxpayers", uscc, account_name="某", account_no=f"6222{number:09}", bank_code="105002103908"
        )
        world.claim(uscc, region, 1, layoffs=1, natural_attrition=0)
        world.apply(uscc, region)
        world.refund(uscc, region, "1.00")
        world.exclude(uscc, region, date(2018, 1, 2), date(2019, 1, 2))
        world.prioritise(uscc, region, "retail", date(2020, 12, 31))


@dataclass(frozen=True)
class Sown:
    """A night over a landing: what it published, its report, and what is in the quarantine."""

    out: Path
    report: dict[str, Any]
    quarantine: dict[tuple[str, str], list[tuple[int, list[str]]]]

    def delivery(self, extract: str, region: str) -> dict[str, Any]:
        [one] = [e for e in self.report["extracts"] if e["extract"] == extract]
        found: list[dict[str, Any]] = [d for d in one["deliveries"] if d["file_name"] == f"{region}.csv"]
        assert len(found) == 1, f"{len(found)} deliveries in the report"
        return found[0]

    def broken(self, extract: str, region: str) -> set[str]:
        """Rules that the report counts against the region, each with what was expected and what to do."""
        [one] = [e for e in self.report["extracts"] if e["extract"] == extract]
        assert one["department"]
        return {
            rule["id"]
            for rule in one["rules"]
            if any(place["region_code"] == region and place["failed"] for place in rule["regions"])
            and all(rule["sentence"].values()) and all(rule["next_step"].values())
        }  # fmt: skip


def night(home: Home, landing: Path, policies: Path, pays: bool) -> Sown:
    """The night, and its payments if asked for, by the real command line; it must end well."""
    settings = {"STABLE_JOBS_LANDING": str(landing), "STABLE_JOBS_POLICIES": str(policies)}
    on = ("--date", DAY.isoformat())
    confirmed = (
        ("policy", "propose", "--region", NATION, *on, "--reason", "as planted", "--by", "li"),
        ("proposal", "confirm", "1", "--by", "wang"),
    )
    for command in (*confirmed, ("night", *on), ("disburse", *on)) if pays else [("night", *on)]:
        done = home.run(*command, **settings)
        assert done.returncode == 0, f"{command}: {done.stdout[-3000:]}{done.stderr[-6000:]}"
        assert "Traceback" not in done.stderr
    out = home.path / "out" / DAY.isoformat()
    report = json.loads((out / "validation" / "validation.json").read_text(encoding="utf-8"))
    return Sown(out, report, quarantined(home))


def quarantined(home: Home) -> dict[tuple[str, str], list[tuple[int, list[str]]]]:
    """Extract and sending region → row and rules of each quarantined row."""
    found: dict[tuple[str, str], list[tuple[int, list[str]]]] = {}
    for path in (home.path / "lake/snapshots/quarantine").iterdir():
        rows = duckdb.execute(f"SELECT rules, delivery_region, row_no FROM '{path}'").fetchall()
        for rules, region, row in rows:
            found.setdefault((rules[0].split(".")[0], region), []).append((row, rules))
    return found


def copied(source: Path, target: Path) -> Path:
    shutil.copytree(source, target, copy_function=os.link)
    return target


def planted(plot: Field, folder: Path, plantings: Sequence[Planting]) -> tuple[Path, Path]:
    """The landing and the policies with one planting in each of the first regions."""
    landing = copied(plot.landing, folder / "landing")
    policies = Path(shutil.copytree(plot.policies, folder / "policies"))
    for region, planting in zip(plot.regions, plantings, strict=False):
        rng = random.Random(f"{SEED} {planting}")
        if not planting.extract:
            plant_policy(policies / region, planting)
            continue
        contract = plot.contracts[planting.extract]
        folder_of = Path(contract.department) / contract.extract / DAY.isoformat()
        where = landing / folder_of
        for file in (plot.own / folder_of).glob(f"{region}.*"):
            os.link(file, where / file.name)
        if planting.place.startswith("manifest"):
            plant_manifest(where, region, planting)
        else:
            plant_cell(where, region, contract, planting, rng)
    return landing, policies


def outcome(sown: Sown, region: str, planting: Planting) -> str:
    """What became of it: taken, warned, quarantined, held, refused; AssertionError where it is not named."""
    if not planting.extract:
        return of_policy(sown, region, planting)
    delivery = sown.delivery(planting.extract, region)
    trouble = delivery["trouble"]
    if trouble is not None:
        for key in ("rule", "what", "expected", "found", "next_step"):
            assert trouble[key], f"{trouble['rule']} without {key}"
    if delivery["status"] == "refused":
        return "refused"
    rows = sown.quarantine.get((planting.extract, region), [])
    assert len(rows) == delivery["quarantined"], f"{rows} are in quarantine, {delivery['quarantined']} told"
    broken = sown.broken(planting.extract, region)
    for row, rules in rows:
        assert row > 0
        assert set(rules) <= broken, f"of {rules} the report has {broken}"
    if delivery["status"] == "held":
        return "held"
    return "quarantined" if rows else "warned" if broken else "taken"


def of_policy(sown: Sown, region: str, planting: Planting) -> str:
    [place] = [one for one in sown.report["regions"] if one["region_code"] == region]
    if not place["is_held"]:
        return "taken"
    [cause] = place["causes"]
    assert cause["reason"] == "bad_parameters", cause
    for word in (region, planting.place, "expected", "found", "next"):
        assert word in cause["detail"], f"no {word} in {cause['detail']}"
    return "refused"


STOPPED = ("refused", "held", "quarantined")


def fault(sown: Sown, region: str, planting: Planting) -> tuple[str, str | None]:
    """The outcome of a planting, and what is wrong with it, if something is."""
    where = f"{planting.extract}.{planting.place} {planting.what}"
    try:
        found = outcome(sown, region, planting)
        assert (sown.out / region / "manifest.json").is_file(), "not published"
    except (AssertionError, KeyError, ValueError) as error:
        return "not named", f"{where}: {error}"
    if planting.must is Must.STOP and found not in STOPPED:
        return found, f"{where}: must be stopped, was {found}"
    if planting.must is Must.PASS and found in STOPPED:
        rows = sown.quarantine.get((planting.extract, region))
        return found, f"{where}: must be taken, was {found}: {rows}"
    return found, None


NAMES_THE_VERSION = ("manifest.json", "disbursement_application.csv", ".xlsx")
"""These name what all policies were: one edited file anywhere changes them."""


def published(sown: Sown, region: str) -> dict[str, bytes]:
    """Every file of a region. Without the ledger's numbers: its anchor, and a batch's hash, which is over
    the numbers of payments."""
    files = (path for path in sorted((sown.out / region).rglob("*")) if path.is_file())
    return {path.relative_to(sown.out).as_posix(): without_hash(path) for path in files}


def without_hash(path: Path) -> bytes:
    content = without_anchor(path)
    manifest = path.with_name("manifest.json")
    number = json.loads(manifest.read_text(encoding="utf-8")).get("hash")
    if number is None:
        return content
    if path == manifest:
        said = json.loads(content)
        said["files"] = sorted(said["files"])  # the files themselves are compared
        content = json.dumps(said, sort_keys=True).encode()
    elif path.suffix == ".xlsx" and zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as book:
            content = b"".join(one.encode() + book.read(one) for one in sorted(book.namelist()))
    return ANCHOR.sub(b"anchor", content).replace(number.encode(), b"hash")


def differing(found: dict[str, bytes], clean: dict[str, bytes], is_policy: bool) -> list[str]:
    """Files of a region without a planting that are not as they are where nothing is planted."""
    names = sorted(name for name in {*found, *clean} if found.get(name) != clean.get(name))
    if is_policy:
        names = [one for one in names if not one.endswith(NAMES_THE_VERSION)]
    return [f"nothing is planted there, but {name} differs" for name in names]


def planted_night(
    plot: Field, homes: Homes, folder: Path, plantings: Sequence[Planting]
) -> tuple[Counter[Any], list[str]]:
    """One night with a planting in each region: how many came to what, and what is wrong."""
    landing, policies = planted(plot, folder, plantings)
    counts: Counter[Any] = Counter()
    faults: list[str] = []
    with homes() as home:
        found = night(home, landing, policies, plot.pays)
        for region, planting in zip(plot.regions, plantings, strict=False):
            came_to, wrong = fault(found, region, planting)
            counts[planting.kind, came_to] += 1
            faults += [wrong] if wrong else []
        for region in plot.controls:
            faults += differing(published(found, region), plot.clean[region], not plantings[0].extract)
    shutil.rmtree(folder)
    return counts, faults


@pytest.fixture
def plantings() -> list[Planting]:
    """Those in cells and manifests, shuffled: a night has something of each kind."""
    contracts = contracts_as_of(data_folder("contracts"), DAY)
    return shuffled([*of_cells(contracts), *of_manifests(contracts)])


@pytest.fixture
def policy_plantings() -> list[Planting]:
    return shuffled([*of_policies()])


def shuffled(found: list[Planting]) -> list[Planting]:
    random.Random(SEED).shuffle(found)
    return found


def field_of(homes: Homes, folder: Path, plots: int, pays: bool) -> Field:
    """The field, and its night without a planting."""
    plot = field(folder, plots, pays)
    with homes() as home:
        found = night(home, plot.landing, plot.policies, plot.pays)
        held = [one for one in found.report["regions"] if one["is_held"]]
        assert not held, held[:3]
        for region in plot.controls:
            plot.clean[region] = published(found, region)
            names = plot.clean[region].keys()
            assert any(name.endswith("bank.csv" if pays else "notice.csv") for name in names), names
    return plot


@pytest.mark.long
def test_a_hostile_value_stops_no_other_region(
    homes: Homes, tmp_path: Path, plantings: list[Planting]
) -> None:
    """Without the payments, and the policy files, of which tests/policy/test_hostile_values.py has more."""
    plot = field_of(homes, tmp_path / "field", SAMPLE, pays=False)
    manifests = [one for one in plantings if one.kind == "manifest"][: SAMPLE // 5]
    some = [*manifests, *plantings[: SAMPLE - len(manifests)]]
    counts, faults = planted_night(plot, homes, tmp_path / "night", some)
    assert not faults, "\n".join(faults)
    assert counts.total() == SAMPLE


@pytest.mark.long
@pytest.mark.parametrize("part", range(PARTS))
def test_every_hostile_value_everywhere(
    homes: Homes, tmp_path: Path, plantings: list[Planting], policy_plantings: list[Planting], part: int
) -> None:
    """In parts, so that two processes share them (`-n 2`)."""
    assert len(plantings) + len(policy_plantings) >= 3000
    plot = field_of(homes, tmp_path / "field", AT_ONCE, pays=True)
    counts: Counter[Any] = Counter()
    faults: list[str] = []
    parts = [some[part::PARTS] for some in (plantings, policy_plantings)]
    for some in parts:
        for first in range(0, len(some), AT_ONCE):
            came_to, wrong = planted_night(plot, homes, tmp_path / "night", some[first : first + AT_ONCE])
            counts += came_to
            faults += wrong
            print(f"{counts.total()} planted, seed {SEED}: {len(faults)} wrong", *wrong, sep="\n", flush=True)
    for kind_and_outcome, number in sorted(counts.items()):
        print(*kind_and_outcome, number)
    assert not faults, "\n".join(faults)
    assert counts.total() == sum(map(len, parts))
