"""What the demonstration's night leaves: the same totals everywhere, and all that the key says of it."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from decimal import Decimal
from typing import Any

import pytest

from tests.e2e.conftest import Night
from tests.e2e.home import BUSINESS_DATE, ages, tree
from tests.e2e.published import Sum, decided, manifest, read_csv, regions, sums

pytestmark = pytest.mark.xdist_group("night")

BROKEN = "220500"
STEPS = [
    *(f"collect {d}" for d in ("labor", "tax", "finance", "development", "economy")),
    *(f"validate {d}" for d in ("labor", "tax", "finance", "development", "economy")),
    "determine",
    "compare",
    "lists",
    "notices",
    "report",
]


def printed_figures(text: str) -> dict[str, tuple[int, Decimal]]:
    """Region → enterprises and yuan as the table on the terminal says."""
    found = {}
    for line in text.splitlines():
        if match := re.match(r"(\d{6}) +\S+ .*?((?: +[\d,.]+){4,}) +(?:published|held)", line):
            figures = [number.replace(",", "") for number in match[2].split()]
            yuan = next(number for number in figures if "." in number)
            found[match[1]] = int(figures[0]), Decimal(yuan)
    return found


def test_every_step_is_told_in_order(night: Night) -> None:
    told = re.findall(r"^\[ *\d+\.\d s\] (.+)$", night.progress, re.MULTILINE)

    assert told == STEPS
    assert len(told) == len(night.progress.splitlines())


def test_a_second_run_changes_no_byte(night: Night) -> None:
    out = night.home.path / "out"
    before, written = tree(out), ages(out)
    again = night.home.run("night", "--date", BUSINESS_DATE)

    assert again.returncode == 0, again.stderr
    assert again.stdout == night.printed
    assert tree(out) == before
    assert ages(out) == written


def test_totals_are_the_same_everywhere(night: Night) -> None:
    folders = decided(night.home.out)
    assert len(folders) == 7
    for folder in folders:
        said = manifest(folder)
        total = Sum(said["count"], Decimal(said["total"]))
        found = sums(folder)
        assert found == dict.fromkeys(found, total)
        for name in found:
            entry = said["files"][name]
            assert Decimal(entry["total"]) == total.yuan, (folder.name, name)


def test_the_terminal_says_what_was_published(night: Night) -> None:
    said = printed_figures(night.printed)

    assert set(said) == {folder.name for folder in regions(night.home.out)}
    for folder in decided(night.home.out):
        rows = [row for row in read_csv(folder / "eligibility.csv") if row["is_taken"] == "true"]
        assert said[folder.name] == (len(rows), Decimal(manifest(folder)["total"]))
    assert said[BROKEN] == (0, Decimal("0.00"))


def test_the_report_counts_what_was_decided(night: Night, report: dict[str, Any]) -> None:
    lines = {line["region_code"]: line for line in report["regions"]}
    for folder in decided(night.home.out):
        counted = Counter(
            row["decision"] for row in read_csv(folder / "eligibility.csv") if row["scheme"] == "general"
        )
        line = lines[folder.name]["reconciliation"]
        found = {name: line[f"units_{name}"] for name in ("eligible", "ineligible", "undecided")}
        assert found == {name: counted[name] for name in found}
        assert line["units_in"] == sum(counted.values()) + line["units_quarantined"]
        mine = manifest(folder)["reconciliation"]
        assert {name: mine[name] for name in mine if name in line} == {n: line[n] for n in mine if n in line}


def test_received_is_accepted_and_quarantined(night: Night, report: dict[str, Any]) -> None:
    listed: Counter[str] = Counter()
    for folder in decided(night.home.out):
        listed.update(row["数据表 Extract"] for row in read_csv(folder / "quarantined.csv"))
    for extract in report["extracts"]:
        assert extract["received"] == extract["accepted"] + extract["quarantined"]
        assert extract["quarantined"] == listed[extract["extract"]], extract["extract"]
    assert sum(listed.values()) > 400


def test_refused_deliveries_are_reported_with_their_rule(night: Night, report: dict[str, Any]) -> None:
    found = {
        (extract["department"], extract["extract"], line["region_code"]): line["trouble"]["rule"]
        for extract in report["extracts"]
        for line in extract["deliveries"]
        if line["status"] == "refused"
    }
    expected = {(r["department"], r["extract"], r["region"]): r["rule"] for r in night.home.key()["refused"]}

    assert found == expected
    assert len(expected) == 13


def test_a_held_region_has_a_manifest_and_nothing_else(night: Night) -> None:
    held = [folder for folder in regions(night.home.out) if manifest(folder)["is_held"]]

    assert [folder.name for folder in held] == [BROKEN] == list(night.home.key()["held_regions"])
    assert [path.name for path in held[0].iterdir()] == ["manifest.json"]
    said = manifest(held[0])
    assert said["files"] == {}
    assert {reason["reason"] for reason in said["held"]} == {"missing_delivery"}
    assert {reason["department"] for reason in said["held"]} == {
        "labor", "tax", "finance", "development", "economy",
    }  # fmt: skip


LISTS = ["220400", "360100", "620100", "230200", "610100"]


@pytest.mark.parametrize("folder", [*LISTS, *(f"{region}/notice-1" for region in LISTS), "validation"])
def test_published_files_are_those_of_the_manifest(night: Night, folder: str) -> None:
    place = night.home.out / folder
    said = manifest(place)["files"]

    assert {path.name for path in place.iterdir() if path.is_file()} == {
        "manifest.json",
        *(entry["file"] for entry in said.values()),
    }
    for entry in said.values():
        content = (place / entry["file"]).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (entry["bytes"], entry["sha256"])


def test_nothing_of_the_work_is_left(night: Night) -> None:
    hidden = [path for path in (night.home.path / "out").rglob("*") if path.name.startswith(".")]

    assert hidden == []


def test_quarantined_units_are_listed_and_not_decided(night: Night) -> None:
    key = night.home.key()["quarantined_units"]
    assert len(key) >= 60
    for folder in decided(night.home.out):
        mine = {unit["uscc"] for unit in key if unit["region"] == folder.name}
        units = [r for r in read_csv(folder / "quarantined.csv") if r["数据表 Extract"] == "insured_units"]
        assert {row["统一社会信用代码 Credit code"] for row in units} == mine
        assert not mine & {row["uscc"] for row in read_csv(folder / "eligibility.csv")}


def test_orphans_are_those_of_the_key(night: Night) -> None:
    expected = {(o["region"], o["extract"]): (o["rows"], o["fen"]) for o in night.home.key()["orphans"]}
    rows: Counter[tuple[str, str]] = Counter()
    fen: Counter[tuple[str, str]] = Counter()
    for folder in decided(night.home.out):
        for row in read_csv(folder / "orphans.csv"):
            place = folder.name, row["数据表 Extract"]
            rows[place] += int(row["行数 Rows"])
            fen[place] += int(Decimal(row["金额（元） Amount (yuan)"] or 0) * 100)

    assert {
        p: (n, fen[p] if expected.get(p, (0, None))[1] is not None else None) for p, n in rows.items()
    } == (expected)
