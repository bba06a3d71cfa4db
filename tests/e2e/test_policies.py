"""A policy file that somebody edits, by the real command line: the region's money waits for two people."""

from __future__ import annotations

import copy
import json
import shutil
from datetime import date
from typing import Any

import pytest

from stable_jobs.settings import data_folder
from tests.e2e.conftest import Homes
from tests.e2e.dropped import drop
from tests.e2e.home import Home
from tests.policy.builder import NANCHANG, XIAN, World, code

pytestmark = pytest.mark.long

FIRST, NEXT, THIRD = "2020-05-11", "2020-05-12", "2020-05-13"
SIZES = ["small"] * 8 + ["medium"] * 3 + ["large"] * 2
APPROVALS = "{micro: 0, small: 0, medium: 1, large: 2}"


def nanchang() -> World:
    """Small units that nobody reviews, medium and large ones that people do; each paid 1,200.00."""
    world = World(on=date.fromisoformat(FIRST), slots=(NANCHANG,))
    world.region(NANCHANG, refund_budget="1000000.00")
    for number, size in enumerate(SIZES, 1):
        world.unit(code(number), NANCHANG, size=size, heads=1000 if size == "large" else 100)
    return world


def later(world: World, **premium: Any) -> World:
    """The next night: two small units have another account."""
    moved = World(on=date.fromisoformat(NEXT), slots=world.slots)
    moved.rows = copy.deepcopy(world.rows)
    for number in (1, 5):
        moved.change("payee_accounts", code(number), account_no=f"62220000777712{number:02}")
    return moved


def edited(home: Home, name: str, **files: tuple[str, str]) -> str:
    """A copy of the packaged policies with one text replaced in files of Nanchang's."""
    folder = home.path / name
    shutil.copytree(data_folder("policies"), folder)
    for stem, (old, new) in files.items():
        file = folder / NANCHANG / f"{stem}.yaml"
        text = file.read_text(encoding="utf-8")
        assert old in text
        file.write_text(text.replace(old, new), encoding="utf-8")
    return str(folder)


def run(home: Home, *arguments: str, code: int = 0, **environment: str) -> str:
    done = home.run(*arguments, **environment)
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


def batches(home: Home) -> dict[str, str]:
    """Batch number → state."""
    lines = (line.split() for line in run(home, "batch", "list").splitlines()[1:])
    states = {"formed", "published", "voided", "refused"}
    return {words[0]: next(w for w in words if w in states) for words in lines}


def begun(home: Home, world: World) -> None:
    """The first night as packaged: level 0 is out, levels 1 and 2 wait for people."""
    drop(home.path / "landing", world, world.on)
    moved = later(world)
    drop(home.path / "landing", moved, moved.on)
    run(home, "night", "--date", FIRST)
    run(home, "disburse", "--date", FIRST)


def test_an_edited_policy_moves_no_money_until_two_people_agree(homes: Homes) -> None:
    with homes() as home:
        begun(home, nanchang())
        before = batches(home)
        assert before == {
            f"{NANCHANG}-20200511-L0-1": "published",
            f"{NANCHANG}-20200511-L1-1": "formed",
            f"{NANCHANG}-20200511-L2-1": "formed",
        }
        changed: dict[str, Any] = {
            "STABLE_JOBS_POLICIES": edited(
                home,
                "edited",
                common=(APPROVALS, "{micro: 0, small: 0, medium: 0, large: 0}"),
                general=('"0.5"', '"1.0"'),
            )
        }
        said = run(home, "night", "--date", NEXT, **changed)
        for name in ("general.approvals.large", "general.approvals.medium", "general.refund_rate.small"):
            assert name in said
        paid = run(home, "disburse", "--date", NEXT, **changed)
        assert "general.refund_rate.small" in paid
        assert batches(home) == before
        assert not list((home.path / "out" / NEXT / NANCHANG).glob(f"{NANCHANG}-*"))
        report = (home.path / "out" / NEXT / "validation" / "index.html").read_text(encoding="utf-8")
        assert "general.refund_rate.small" in report
        assert "0.5" in report
        # Under the old law nothing of the new night goes either: its values are not what the files say.
        shown = run(home, "policy", "show", "--region", NANCHANG, "--date", NEXT, **changed)
        assert "general.approvals.large" in shown
        run(
            home,
            "policy",
            "propose",
            "--region",
            NANCHANG,
            "--date",
            NEXT,
            "--reason",
            "a letter",
            "--by",
            "li",
            **changed,
        )
        assert "general.approvals.large" in run(home, "policy", "show", "--proposal", "1")
        assert "another person" in run(home, "proposal", "confirm", "1", "--by", "LI ", code=1)
        run(home, "night", "--date", NEXT, **changed)
        assert batches(home) == before
        run(home, "proposal", "confirm", "1", "--by", "wang")
        assert "Every value" in run(home, "policy", "show", "--date", NEXT, **changed)
        run(home, "night", "--date", NEXT, **changed)
        run(home, "disburse", "--date", NEXT, **changed)
        after = batches(home)
        assert after[f"{NANCHANG}-20200511-L1-1"] == "voided"
        assert after[f"{NANCHANG}-20200512-L0-1"] == "published"
        manifest = json.loads(
            (home.path / "out" / NEXT / NANCHANG / f"{NANCHANG}-20200512-L0-1" / "manifest.json").read_text()
        )
        assert manifest["versions"]["policy_confirmed"] == "proposal 1"
        assert "OK" in run(home, "ledger", "verify")


def test_one_regions_broken_files_hold_that_region_alone(homes: Homes) -> None:
    """A rate of 5.0, three approvals: the region is held with file and place; the other is paid."""
    world = World(on=date.fromisoformat(FIRST), slots=(NANCHANG, XIAN))
    for region in world.slots:
        world.region(region, refund_budget="1000000.00")
    world.unit(code(1), NANCHANG, size="small")
    world.unit(code(2), XIAN, size="small")
    with homes() as home:
        drop(home.path / "landing", world, world.on)
        broken: dict[str, Any] = {
            "STABLE_JOBS_POLICIES": edited(
                home, "broken", common=("large: 2}", "large: 3}"), general=('"0.5"', '"5.0"')
            )
        }
        said = run(home, "night", "--date", FIRST, **broken)
        place = f"{NANCHANG}/common.yaml: parameters.approvals.values.0.value"
        (line,) = [line for line in said.splitlines() if line.startswith(f"Held     {NANCHANG}")]
        assert f"1 × bad_parameters: bad_parameters {place}" in line
        paid = run(home, "disburse", "--date", FIRST, **broken)
        assert "Traceback" not in paid
        assert f"bad_parameters × 1 ({place}" in " ".join(paid.split())
        assert (home.path / "out" / FIRST / XIAN / "notice-1").is_dir()
        assert not (home.path / "out" / FIRST / NANCHANG / "notice-1").exists()
        report = (home.path / "out" / FIRST / "validation" / "index.html").read_text(encoding="utf-8")
        assert "parameters.approvals.values.0.value" in report
