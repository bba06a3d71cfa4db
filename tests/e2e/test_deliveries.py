"""A department that is late, a delivery that is held and released: one home, several nights in order."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from stable_jobs.settings import now
from tests.e2e.answer_key import decided_rows, differences
from tests.e2e.conftest import Homes
from tests.e2e.home import BUSINESS_DATE, Home
from tests.e2e.small import write_small

pytestmark = [pytest.mark.long, pytest.mark.xdist_group("deliveries")]

LIAOYUAN = "220400"
LATER = "2020-05-20"
"""Nine days on: labor's, tax's and finance's files are too old to stand in, economy's are not."""
DECIDED = {"220400", "230200", "360100", "610100", "610122", "610124", "620100"}


@dataclass(frozen=True)
class Ran:
    """One command of the story: what it said, and what stood under `out/` after it."""

    told: subprocess.CompletedProcess[str]
    held: dict[str, list[dict[str, str]]]
    """Region → its reasons by the manifest in force; an empty list where it was decided."""
    report: dict[str, Any]
    differing: dict[str, list[str]]


@dataclass(frozen=True)
class Story:
    """The commands in order."""

    without_economy: Ran
    with_economy: Ran
    as_known_before: Ran
    dropped: Ran
    listed: subprocess.CompletedProcess[str]
    accepted_refused: subprocess.CompletedProcess[str]
    accepted_unheld: subprocess.CompletedProcess[str]
    accepted_unknown: subprocess.CompletedProcess[str]
    accepted: subprocess.CompletedProcess[str]
    listed_again: subprocess.CompletedProcess[str]
    released: Ran


@pytest.fixture(scope="module")
def story(homes: Homes) -> Iterator[Story]:
    with homes() as home:
        landing = home.path / "landing"
        write_small(landing, home.path / "demo" / "expected.json", date.fromisoformat(BUSINESS_DATE))
        economy = (landing / "economy").rename(home.path / "economy")
        without_economy = night(home, BUSINESS_DATE)
        moment = now().isoformat()
        economy.rename(landing / "economy")
        with_economy = night(home, BUSINESS_DATE)
        as_known_before = night(home, BUSINESS_DATE, "--known-at", moment)
        send_less(home)
        dropped = night(home, LATER)
        listed = home.run("delivery", "list", "--date", LATER)
        first = home.run("delivery", "list", "--date", BUSINESS_DATE).stdout
        yield Story(
            without_economy,
            with_economy,
            as_known_before,
            dropped,
            listed,
            accept(home, ids(first, "refused")[0]),
            accept(home, ids(first, "staged")[0]),
            accept(home, "999999"),
            accept(home, ids(listed.stdout, "held")[0]),
            home.run("delivery", "list", "--date", LATER),
            night(home, LATER),
        )


def night(home: Home, day: str, *more: str) -> Ran:
    told = home.run("night", "--date", day, *more)
    out = home.path / "out" / day
    assert told.returncode == 0, told.stderr
    held = {folder.name: in_force(folder, "manifest.json").get("held", []) for folder in out.glob("[0-9]*")}
    report = in_force(out / "validation", "validation.json")
    found = differences(home.key(), decided_rows(out)) if day == BUSINESS_DATE else {}
    return Ran(told, held, report, found)


def in_force(folder: Path, name: str) -> dict[str, Any]:
    """The newest of `validation.json`, `validation.2.json`, …"""
    stem, ending = name.split(".")
    newest = max(folder.glob(f"{stem}*.{ending}"), key=lambda path: (len(path.name), path.name))
    loaded: dict[str, Any] = json.loads(newest.read_text(encoding="utf-8"))
    return loaded


def send_less(home: Home) -> None:
    """For the later date Liaoyuan alone sends, economy nothing, and of three units in ten labor knows."""
    landing = home.path / "later"
    write_small(landing, home.path / "later.json", date.fromisoformat(LATER))
    for path in landing.glob(f"*/*/{LATER}/*"):
        department, extract = path.parts[-4:-2]
        if path.name[:6] in (LIAOYUAN, "000000") and department != "economy":
            target = home.path / "landing" / department / extract / LATER / path.name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(path, target)
    cut(home.path / "landing" / "labor" / "insured_units" / LATER / f"{LIAOYUAN}.csv")


def cut(path: Path) -> None:
    head, *rows = path.read_bytes().splitlines(keepends=True)
    data = b"".join([head, *rows[: len(rows) * 3 // 10]])
    path.write_bytes(data)
    manifest = path.with_name(path.name.replace(".csv", ".manifest.json"))
    said = json.loads(manifest.read_text(encoding="utf-8"))
    said |= {"rows": len(rows) * 3 // 10, "sha256": hashlib.sha256(data).hexdigest()}
    manifest.write_text(json.dumps(said), encoding="utf-8")


def ids(listed: str, state: str) -> list[str]:
    return re.findall(rf"^(\d+) .* {state}\b", listed, re.MULTILINE)


def accept(home: Home, number: str) -> subprocess.CompletedProcess[str]:
    return home.run("delivery", "accept", number, "--reason", "两区划转 <b>moved</b>", "--by", "王处长")


def test_a_missing_department_holds_regions_not_the_night(story: Story) -> None:
    held = story.without_economy.held

    assert set(held) == DECIDED | {"220500"}
    for code in DECIDED:
        assert [(r["reason"], r["department"], r["extract"]) for r in held[code]] == [
            ("missing_delivery", "economy", "enterprise_sizes")
        ]
        assert f"Held     {code}: 1 × missing_delivery: missing_delivery economy/enterprise_sizes" in (
            story.without_economy.told.stdout
        )


def test_what_is_missing_is_owed_by_its_department(story: Story) -> None:
    blocking = [item for item in story.without_economy.report["owed"] if item["level"] == "blocks"]
    economy = next(item for item in blocking if item["department"] == "economy" and not item["trouble"])

    assert set(economy["regions"]) >= DECIDED


def test_a_late_department_is_taken_up(story: Story) -> None:
    assert {code for code, reasons in story.with_economy.held.items() if reasons} == {"220500"}
    assert story.with_economy.differing == {}


def test_known_at_leaves_out_what_came_later(story: Story) -> None:
    assert story.as_known_before.held == story.without_economy.held
    table = story.without_economy.told.stdout.splitlines()
    assert story.as_known_before.told.stdout.splitlines()[: len(table) - 2] == table[:-2]


def test_a_delivery_that_lost_most_rows_is_held(story: Story) -> None:
    (reason,) = story.dropped.held[LIAOYUAN]

    assert (reason["reason"], reason["department"], reason["extract"]) == (
        "held_delivery", "labor", "insured_units",
    )  # fmt: skip
    assert len(ids(story.listed.stdout, "held")) == 1
    assert "insured_units.rows.drop" in story.listed.stdout


def test_other_regions_are_held_for_their_age(story: Story) -> None:
    reasons = {(r["reason"], r["department"]) for r in story.dropped.held["610100"]}

    assert ("missing_delivery", "labor") in reasons
    assert ("missing_delivery", "economy") not in reasons


@pytest.mark.parametrize(
    ("attempt", "says"),
    [
        pytest.param("accepted_refused", "refused", id="a refused delivery"),
        pytest.param("accepted_unheld", "no rule holds", id="one that nothing holds"),
        pytest.param("accepted_unknown", "999999", id="one that does not exist"),
    ],
)
def test_what_cannot_be_released(story: Story, attempt: str, says: str) -> None:
    told = getattr(story, attempt)

    assert (told.returncode, told.stdout) == (2, "")
    assert says in told.stderr
    assert len(told.stderr.strip().splitlines()) == 1


def test_a_released_delivery_counts_from_the_next_run(story: Story) -> None:
    assert story.accepted.returncode == 0, story.accepted.stderr
    assert "insured_units.rows.drop" in story.accepted.stdout
    assert len(ids(story.listed_again.stdout, "released")) == 1
    assert story.released.held[LIAOYUAN] == []
    (line,) = (line for line in story.released.report["regions"] if line["region_code"] == LIAOYUAN)
    assert line["reconciliation"]["units_in"] == 434 * 3 // 10
    assert line["is_held"] is False


def test_the_report_shows_who_released_it(story: Story) -> None:
    (extract,) = (e for e in story.released.report["extracts"] if e["extract"] == "insured_units")
    released = [line["release"] for line in extract["deliveries"] if line["release"]]

    assert len(released) == 1
    assert "王处长（未经验证 unauthenticated）" in released[0].values()
    assert "两区划转 <b>moved</b>" in released[0].values()
