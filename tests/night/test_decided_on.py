"""Lists and report read the deliveries that the decision was made from, whatever is sent meanwhile."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from stable_jobs.night import steps
from stable_jobs.night.step import Run
from tests.e2e.home import BUSINESS_DATE, Home, tree
from tests.night.small_night import FirstNight

pytestmark = pytest.mark.xdist_group("tasks")

REGION, EXTRACT = "610100", "taxpayers"


@dataclass(frozen=True)
class Told:
    """What a home's lists and report say of the business date."""

    lists: dict[str, str]
    report: dict[str, Any]

    @property
    def extract(self) -> dict[str, Any]:
        [found] = [one for one in self.report["extracts"] if one["extract"] == EXTRACT]
        return dict(found)

    def deliveries(self, status: str) -> list[str]:
        return [one["file_name"] for one in self.extract["deliveries"] if one["status"] == status]


def told(home: Home) -> Told:
    lists = {name: sha for name, sha in tree(home.out).items() if name[:6].isdigit() and "notice" not in name}
    report = json.loads((home.out / "validation" / "validation.json").read_text(encoding="utf-8"))
    return Told(lists, report)


def send_again(landing: Path) -> None:
    """The same file, the last row of which is now quarantined."""
    folder = landing / "tax" / EXTRACT / BUSINESS_DATE
    manifest = json.loads((folder / f"{REGION}.manifest.json").read_text(encoding="utf-8"))
    head, *rows = (folder / f"{REGION}.csv").read_bytes().splitlines(keepends=True)
    place = head.decode("gb18030").strip().split(",").index("欠费金额")
    last = rows[-1].decode("gb18030").split(",")
    rows[-1] = ",".join([*last[:place], "-5.00", *last[place + 1 :]]).encode("gb18030")
    data = b"".join([head, *rows])
    (folder / f"{REGION}.2.csv").write_bytes(data)
    manifest |= {"sha256": hashlib.sha256(data).hexdigest()}
    (folder / f"{REGION}.2.manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


@pytest.fixture(scope="module")
def undisturbed(made: FirstNight) -> Told:
    with made.home() as home:
        return told(home)


@pytest.fixture(scope="module")
def sent_again(made: FirstNight) -> Told:
    """Between `determine` and `lists` the department sends a file again; it is collected and validated."""
    with made.decided_home() as home, pytest.MonkeyPatch.context() as patch:
        landing = Path(shutil.copytree(made.places.landing, home.path / "landing"))
        patch.setenv("STABLE_JOBS_LANDING", str(landing))
        determined = made.results(home)["determine"]
        send_again(landing)
        assert steps.collect.task(Run(BUSINESS_DATE), "tax")["deliveries"] > 0
        assert steps.validate.task(Run(BUSINESS_DATE), "tax")["quarantined"] > 0
        steps.lists.task(Run(BUSINESS_DATE), determined)
        steps.report.task(Run(BUSINESS_DATE), determined, None)
        return told(home)


def test_the_lists_are_those_of_the_deliveries_decided_on(sent_again: Told, undisturbed: Told) -> None:
    assert len(undisturbed.lists) > 50
    assert sent_again.lists == undisturbed.lists


def test_the_report_counts_the_deliveries_decided_on(sent_again: Told, undisturbed: Told) -> None:
    """The file that came later is named as one that no validation of the night has read."""
    assert f"{REGION}.2.csv" in sent_again.deliveries("pending")
    assert sent_again.deliveries("accepted") == undisturbed.deliveries("accepted")
    assert sent_again.extract["rules"] == undisturbed.extract["rules"]
    assert sent_again.report["regions"] == undisturbed.report["regions"]
