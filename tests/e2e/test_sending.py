"""Bureaus differ: one region's UTF-8 file is taken as its contract says, the same from another is refused.

And `check` tells of every file of the landing what the night then does with it.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from stable_jobs.contracts.load import contracts_as_of
from stable_jobs.night.check import check_file, manifest_beside
from stable_jobs.settings import Settings, data_folder
from stable_jobs.store.database import database
from tests.e2e.conftest import Homes
from tests.e2e.home import BUSINESS_DATE, Home, tree
from tests.e2e.small import write_small

pytestmark = [pytest.mark.long, pytest.mark.xdist_group("sending")]

D = date.fromisoformat(BUSINESS_DATE)
XIAN, NANCHANG, LIAOYUAN = "610100", "360100", "220400"
TOLERANCE = '  - {property: tolerance, value: "0.05"}\n'
JUDGED = """
    SELECT d.extract, d.file_name, d.status, d.problem ->> 'rule' AS rule, max(o.held_rule) AS held_rule,
           sum(o.received) AS received, sum(o.accepted) AS accepted, sum(o.quarantined) AS quarantined
    FROM deliveries d LEFT JOIN delivery_outcomes o ON o.delivery_id = d.id
    GROUP BY d.id ORDER BY d.id
"""


OUTCOME = ("rule", "held_rule", "received", "accepted", "quarantined")


def is_replaced(row: dict[str, Any]) -> bool:
    return row["status"] in ("landed", "staged") and row["received"] is None


def contracts_for(home: Home, *regions: str) -> str:
    """The packaged contracts, in which taxpayers of these regions come in UTF-8, with a header of theirs."""
    root = home.path / "contracts"
    shutil.copytree(data_folder("contracts"), root, dirs_exist_ok=True)
    entries = ", ".join(
        f'{{region: "{region}", effectiveFrom: "2020-01-01", reference: 来函, encoding: utf-8,'
        " headers: {arrears_amount: 欠缴金额}}"
        for region in regions
    )
    file = root / "tax" / "taxpayers.odcs.yaml"
    common = (data_folder("contracts") / "tax" / "taxpayers.odcs.yaml").read_text(encoding="utf-8")
    line = f"  - {{property: sendingRegions, value: [{entries}]}}\n"
    assert TOLERANCE in common
    file.write_text(common.replace(TOLERANCE, TOLERANCE + line), encoding="utf-8")
    return str(root)


def send_utf8(landing: Path, region: str) -> None:
    """The region's taxpayers in UTF-8, with a manifest that says so."""
    file = landing / "tax" / "taxpayers" / BUSINESS_DATE / f"{region}.csv"
    content = file.read_bytes().decode("gb18030").replace("欠费金额", "欠缴金额", 1).encode("utf-8")
    file.write_bytes(content)
    manifest = file.with_name(f"{region}.manifest.json")
    promised = json.loads(manifest.read_text(encoding="utf-8"))
    manifest.write_text(json.dumps(promised | {"sha256": hashlib.sha256(content).hexdigest()}))


@dataclass(frozen=True)
class Ran:
    """A night: regions that were held, what the catalog says of every file, every published list's hash."""

    held: set[str]
    judged: dict[tuple[str, str], dict[str, Any]]
    lists: dict[str, str]


@dataclass(frozen=True)
class Story:
    """Xi'an alone may send UTF-8, then Nanchang too, without sending anything again."""

    landing: Path
    contracts: Path
    one: Ran
    both: Ran


@pytest.fixture(scope="module")
def story(homes: Homes) -> Iterator[Story]:
    with homes() as home:
        landing = home.path / "landing"
        write_small(landing, home.path / "demo" / "expected.json", D)
        for region in (XIAN, NANCHANG):
            send_utf8(landing, region)
        one = night(home, contracts_for(home, XIAN))
        both = night(home, contracts_for(home, XIAN, NANCHANG))
        contracts_for(home, XIAN)
        yield Story(landing, home.path / "contracts", one, both)


def night(home: Home, contracts: str) -> Ran:
    told = home.run("night", "--date", BUSINESS_DATE, STABLE_JOBS_CONTRACTS=contracts)
    assert told.returncode == 0, told.stdout + told.stderr
    with database(home.settings()) as engine, engine.connect() as connection:
        judged = {
            (row["extract"], row["file_name"]): dict(row)
            for row in connection.execute(text(JUDGED)).mappings()
        }
    held = {line.split()[1].rstrip(":") for line in told.stdout.splitlines() if line.startswith("Held ")}
    lists = {name: digest for name, digest in tree(home.out).items() if name.endswith(".csv")}
    return Ran(held, judged, lists)


def taxpayers(ran: Ran, region: str) -> tuple[str, str | None]:
    found = ran.judged["taxpayers", f"{region}.csv"]
    return found["status"], found["rule"]


def test_one_region_s_utf8_is_taken_and_another_s_refused(story: Story) -> None:
    assert [taxpayers(story.one, region) for region in (XIAN, NANCHANG, LIAOYUAN)] == [
        ("staged", None),
        ("refused", "delivery.encoding"),
        ("staged", None),
    ]
    assert (XIAN in story.one.held, NANCHANG in story.one.held) == (False, True)


def test_what_was_refused_counts_once_the_contract_takes_it(story: Story) -> None:
    assert taxpayers(story.both, NANCHANG) == ("staged", None)
    assert story.one.held - story.both.held == {NANCHANG}


def test_nobody_else_s_lists_change(story: Story) -> None:
    of_others = {name: digest for name, digest in story.one.lists.items() if not name.startswith(NANCHANG)}
    assert of_others
    assert of_others.items() <= story.both.lists.items()


def test_check_tells_of_every_file_what_the_night_did_with_it(story: Story, settings: Settings) -> None:
    """Of every extract one file of each outcome."""
    contracts = contracts_as_of(story.contracts, D)
    told, did, alike = {}, {}, set()
    for (extract, name), row in story.one.judged.items():
        outcome = (extract, row["status"], row["rule"], bool(row["quarantined"]))
        if outcome in alike:
            continue
        alike.add(outcome)
        if row["rule"] == "delivery.manifest.missing" or is_replaced(row):
            continue  # no manifest: `check` looks at the rows all the same; replaced: nobody judged it
        contract = contracts[extract]
        file = story.landing / contract.department / extract / BUSINESS_DATE / name
        found = check_file(settings, contract, file, name[:6], D, manifest_beside(file))
        rule = found.refusal and found.refusal.rule
        held = found.held_parts[0].rule.id if found.held_parts else None
        told[extract, name] = (rule, held, found.received, found.accepted, found.quarantined)
        did[extract, name] = tuple(row[key] for key in OUTCOME)

    assert {key: (told[key], did[key]) for key in told if told[key] != did[key]} == {}
    assert len(told) > 25
    assert len({rule for rule, *_ in told.values()}) > 4
