"""The other commands over the demonstration's night, and wrong usage of every one."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from stable_jobs.settings import data_folder
from tests.e2e.conftest import Night, table_rows
from tests.e2e.home import BUSINESS_DATE, Home, ages, tree
from tests.e2e.published import digit_runs, read_csv

pytestmark = pytest.mark.xdist_group("night")

HELD = "220500"


def unit_of(home: Home, trap: str, region: str) -> dict[str, Any]:
    units = home.key()["units"]
    found: dict[str, Any] = next(u for u in units if u["trap"] == trap and u["region"] == region)
    return found


@pytest.mark.parametrize(
    ("trap", "region", "lang", "says"),
    [
        pytest.param(
            "premium_quarantined_twelfth",
            "220400",
            "zh",
            ("待定", "[不明] paid_months", "已隔离：premium_payments.", "人社部发", "第"),
            id="a quarantined premium",
        ),
        pytest.param(
            "small_unit_thirty_one",
            "360100",
            "en",
            ("Ineligible", "[fail] layoff_rate", "0.055", "headcount=31", "labor/monthly_headcount"),
            id="31 heads",
        ),
        pytest.param(
            "branch_large_parent", "620100", "en", ("is_parent_size=true", "policy_size=large"), id="a branch"
        ),
        pytest.param(
            "paid_less", "610100", "zh", ("already_paid=", "finance/prior_refunds"), id="paid before"
        ),
    ],
)
def test_explain(
    night: Night, accounts: set[str], trap: str, region: str, lang: str, says: tuple[str, ...]
) -> None:
    unit = unit_of(night.home, trap, region)
    told = night.home.run(
        "explain", unit["uscc"], "--date", BUSINESS_DATE, "--region", region, "--lang", lang
    )

    assert told.returncode == 0, told.stderr
    assert [words for words in says if words not in told.stdout] == []
    for row in unit["schemes"].values():
        assert row["entitlement"] is None or row["entitlement"] in told.stdout
    assert not digit_runs(told.stdout) & accounts


@pytest.mark.parametrize(
    ("code", "more", "says"),
    [
        pytest.param(
            "91110000600037341L", (), "91110000600037341L", id="an enterprise that is insured nowhere"
        ),
        pytest.param("'; DROP TABLE x --", (), "DROP", id="no code at all"),
        pytest.param(None, ("--region", HELD), HELD, id="a held region"),
    ],
)
def test_explain_of_nobody_is_wrong_usage(
    night: Night, code: str | None, more: tuple[str, ...], says: str
) -> None:
    uscc = code or unit_of(night.home, "paid_less", "610100")["uscc"]
    told = night.home.run("explain", uscc, "--date", BUSINESS_DATE, *more)

    assert_sentence(told, says)
    assert told.stdout == ""


def assert_sentence(told: subprocess.CompletedProcess[str], says: str) -> None:
    """Wrong usage: exit 2, what is wrong in a few lines, no traceback."""
    assert told.returncode == 2, told.stderr
    assert says in told.stderr
    assert "Traceback" not in told.stdout + told.stderr
    assert len(told.stderr.strip().splitlines()) <= 4, told.stderr


def test_what_if_touches_nothing(night: Night, tmp_path: Path, stored: dict[str, list[Any]]) -> None:
    """Qiqihar at 60 % for all sizes instead of 50 %."""
    policies = tmp_path / "policies"
    shutil.copytree(data_folder("policies"), policies)
    raised = _raise_rate(policies / "230200")
    out, lake = night.home.path / "out", night.home.path / "lake"
    before, kept = tree(out), ages(lake)
    told = night.home.run(
        "night", "--date", BUSINESS_DATE, "--what-if", "--policies", str(policies),
        "--scratch", str(tmp_path / "scratch"),
    )  # fmt: skip

    assert told.returncode == 0, told.stderr
    (line,) = read_csv(tmp_path / "scratch" / "summary.csv")
    rows = read_csv(night.home.out / "230200" / "eligibility.csv")
    assert (line["region_code"], line["change"]) == ("230200", "changed")
    assert _expected_change(rows, raised) == tuple(
        Decimal(line[name]) for name in ("rows", "payable_before", "payable_after")
    )
    assert line["payable_difference"] in told.stdout
    assert (tree(out), ages(lake)) == (before, kept)
    assert table_rows(night.home) == stored


def _raise_rate(folder: Path) -> Decimal:
    """Half becomes three fifths, in every file of the region that says the rate."""
    changed = 0
    for path in folder.glob("*.yaml"):
        text = path.read_text(encoding="utf-8")
        new, count = re.subn(r"(refund_rate:(?:\n[ ]{4}.*)+)", lambda m: m[0].replace("0.5", "0.6"), text)
        changed += count
        path.write_text(new, encoding="utf-8")
    assert changed == 1
    return Decimal("0.6")


def _expected_change(rows: list[dict[str, str]], rate: Decimal) -> tuple[Decimal, Decimal, Decimal]:
    """Rows whose entitlement the rate moves, and what their payable was and will be, by hand."""
    rated = [row for row in rows if row["refund_rate"] and row["premium_base"]]
    new = [(Decimal(r["premium_base"]) * rate).quantize(Decimal("0.01"), "ROUND_HALF_UP") for r in rated]
    moved = [(row, now) for row, now in zip(rated, new, strict=True) if now != Decimal(row["entitlement"])]
    before = sum(Decimal(row["payable"] or 0) for row, _ in moved)
    after = sum(
        max(Decimal(), now - Decimal(row["already_paid"]))
        for row, now in moved
        if row["decision"] == "eligible" and row["already_paid"]
    )
    return Decimal(len(moved)), Decimal(before), Decimal(after)


def test_deliveries_are_listed_with_what_became_of_them(night: Night) -> None:
    told = night.home.run("delivery", "list", "--date", BUSINESS_DATE)

    assert told.returncode == 0
    states = Counter(re.findall(r" (staged|refused|landed|held|released)\b", told.stdout))
    assert (states["refused"], states["held"], states["landed"]) == (13, 0, 0)
    assert states["staged"] > 80
    assert "delivery.not_a_workbook" in told.stdout


USAGE = [
    pytest.param(("night",), "--date", id="no date"),
    pytest.param(("night", "--date", "11.05.2020"), "YYYY-MM-DD", id="a German date"),
    pytest.param(("night", "--date", "2020-02-30"), "2020-02-30", id="a day that is none"),
    pytest.param(("night", "--date", BUSINESS_DATE, "--bogus"), "--bogus", id="unknown option"),
    pytest.param(("night", "--date", BUSINESS_DATE, "--known-at", "now"), "--known-at", id="no instant"),
    pytest.param(("night", "--date", BUSINESS_DATE, "--what-if"), "--policies", id="what-if alone"),
    pytest.param(("night", "--date", BUSINESS_DATE, "--policies", "."), "--what-if", id="policies alone"),
    pytest.param(
        ("night", "--date", BUSINESS_DATE, "--what-if", "--policies", "/nowhere"), "/nowhere",
        id="policies that are not there",
    ),
    pytest.param(("nights",), "nights", id="unknown command"),
    pytest.param(("explain", "--date", BUSINESS_DATE), "USCC", id="no code"),
    pytest.param(("explain", "x", "--date", BUSINESS_DATE, "--lang", "fr"), "fr", id="unknown language"),
    pytest.param(("demo", "--date", "2021-05-11"), "2020-05-11", id="no demo that year"),
    pytest.param(("demo", "--tier", "galaxy"), "county", id="unknown tier"),
    pytest.param(("delivery", "accept", "1", "--by", "me"), "--reason", id="no reason"),
    pytest.param(("delivery", "accept", "x", "--by", "me", "--reason", "y"), "integer", id="no number"),
    pytest.param(("delivery", "list", "--date", "x"), "YYYY-MM-DD", id="delivery date"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "says"), USAGE)
def test_wrong_usage_is_a_sentence(night: Night, arguments: tuple[str, ...], says: str) -> None:
    assert_sentence(night.home.run(*arguments), says)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        pytest.param("HOME", "/tmp/a home", "STABLE_JOBS_HOME", id="a home with a space"),
        pytest.param("THREADS", "many", "STABLE_JOBS_THREADS", id="a number that is none"),
        pytest.param("THREADS", "0", "STABLE_JOBS_THREADS", id="no thread"),
        pytest.param("ENGINE", "spark", "STABLE_JOBS_ENGINE", id="an engine we do not have"),
        pytest.param("LAKE", "nothing://lake", "STABLE_JOBS_LAKE", id="a lake of no kind"),
        pytest.param("DATABASE_URL", "mysql://u:hush@h/x", "PostgreSQL", id="another database"),
    ],
)
def test_a_wrong_setting_is_a_sentence(night: Night, name: str, value: str, says: str) -> None:
    told = night.home.run("night", "--date", BUSINESS_DATE, **{f"STABLE_JOBS_{name}": value})

    assert_sentence(told, says)
    assert "hush" not in told.stderr
