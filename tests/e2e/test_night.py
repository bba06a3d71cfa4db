"""What the demonstration's night leaves: the same totals everywhere, nothing secret, nothing that runs."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import unicodedata
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from sqlalchemy import select

from stable_jobs.demo.names import HOSTILE
from stable_jobs.settings import Settings, data_folder
from stable_jobs.store.database import database
from stable_jobs.store.tables import metadata
from tests.e2e.conftest import Night
from tests.e2e.home import BUSINESS_DATE, Home, ages, tree
from tests.e2e.published import (
    Sum,
    delivered,
    digit_runs,
    manifest,
    read_csv,
    regions,
    sums,
    texts,
)

pytestmark = pytest.mark.xdist_group("night")

BROKEN = "220500"
STEPS = [
    *(f"collect {d}" for d in ("labor", "tax", "finance", "development", "economy")),
    *(f"validate {d}" for d in ("labor", "tax", "finance", "development", "economy")),
    "determine",
    "lists",
    "report",
]


@pytest.fixture(scope="module")
def report(night: Night) -> dict[str, Any]:
    """The night's validation report for machines."""
    path = night.home.out / "validation" / "validation.json"
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


@pytest.fixture(scope="module")
def accounts(night: Night) -> set[str]:
    """Every account number that a department sent."""
    landing = night.home.path / "landing"
    sent = [row.get("账号") for row in delivered(landing, "payee_accounts")]
    sent += [row.get("缴费账号") for row in delivered(landing, "taxpayers")]
    found = {re.sub(r"\D", "", unicodedata.normalize("NFKC", str(text))) for text in sent if text}
    found.discard("")
    assert len(found) > 25_000
    assert min(map(len, found)) >= 10
    return found


@pytest.fixture(scope="module")
def stored(night: Night) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table of the business database."""
    with pytest.MonkeyPatch.context() as patch:
        for name in night.home.environment():
            if name.startswith("STABLE_JOBS_"):
                patch.delenv(name, raising=False)
        settings = Settings(_env_file=None, home=night.home.path)
    with database(settings) as engine, engine.connect() as connection:
        return {
            table.name: [dict(row) for row in connection.execute(select(table)).mappings()]
            for table in metadata.sorted_tables
        }


def decided(night: Night) -> list[Path]:
    return [folder for folder in regions(night.home.out) if not manifest(folder)["is_held"]]


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
    folders = decided(night)
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
    for folder in decided(night):
        rows = [row for row in read_csv(folder / "eligibility.csv") if row["is_taken"] == "true"]
        assert said[folder.name] == (len(rows), Decimal(manifest(folder)["total"]))
    assert said[BROKEN] == (0, Decimal("0.00"))


def test_the_report_counts_what_was_decided(night: Night, report: dict[str, Any]) -> None:
    lines = {line["region_code"]: line for line in report["regions"]}
    for folder in decided(night):
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
    for folder in decided(night):
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


@pytest.mark.parametrize("folder", ["220400", "360100", "620100", "230200", "610100", "validation"])
def test_published_files_are_those_of_the_manifest(night: Night, folder: str) -> None:
    place = night.home.out / folder
    said = manifest(place)["files"]

    assert {path.name for path in place.iterdir()} == {entry["file"] for entry in said.values()} | {
        "manifest.json"
    }
    for entry in said.values():
        content = (place / entry["file"]).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (entry["bytes"], entry["sha256"])


def test_nothing_of_the_work_is_left(night: Night) -> None:
    hidden = [path for path in (night.home.path / "out").rglob("*") if path.name.startswith(".")]

    assert hidden == []


def test_account_numbers_are_in_the_disbursement_detail_only(night: Night, accounts: set[str]) -> None:
    found = {
        path.name.split(".")[0]
        for path in (night.home.path / "out").rglob("*")
        if path.is_file() and any(digit_runs(text) & accounts for text in texts(path))
    }

    assert found == {"disbursement_detail"}


def test_no_account_number_is_printed(night: Night, accounts: set[str]) -> None:
    assert not digit_runs(night.printed + night.progress) & accounts


def test_no_account_number_is_in_the_database(
    stored: dict[str, list[dict[str, Any]]], accounts: set[str]
) -> None:
    assert len(stored["deliveries"]) > 90
    assert len(stored["validation_results"]) > 1_000
    for name, rows in stored.items():
        assert not digit_runs(str(rows)) & accounts, name


def names_in(rows: list[dict[str, Any]]) -> set[str]:
    return {str(row[column]) for row in rows for column in row if "单位名称" in str(column)}


def visible(name: str) -> str:
    """As the lists promise to show it: a control or format character by its number."""
    return "".join(
        f"⟨U+{ord(c):04X}⟩" if unicodedata.category(c) in ("Cc", "Cf", "Co", "Zl", "Zp") else c for c in name
    )


def test_hostile_names_are_whole_and_inert_in_csv(night: Night) -> None:
    rows = [row for folder in decided(night) for row in read_csv(folder / "notice.csv")]
    found = names_in(rows)

    for name in HOSTILE:
        shown = visible(name)
        assert (f"'{shown}" if shown[0] in "=+-@" else shown) in found
    assert not [name for name in found if name.lstrip()[:1] in tuple("=+-@\t\r＝＋－＠")]


def test_every_csv_cell_is_inert(night: Night) -> None:
    for path in night.home.out.rglob("*.csv"):
        cells = {cell for row in read_csv(path) for cell in row.values() if cell and cell[0] in "=+-@\t\r"}
        assert not [cell for cell in cells if not re.fullmatch(r"-?\d+(\.\d+)?", cell)], path


def test_hostile_names_are_text_in_workbooks(night: Night) -> None:
    found = set()
    for folder in decided(night):
        book = openpyxl.load_workbook(folder / "notice.xlsx")
        for row in book.active.iter_rows():
            assert not [cell for cell in row if cell.data_type == "f" or cell.hyperlink]
            found.update(str(cell.value) for cell in row if cell.data_type in ("s", "inlineStr"))

    assert {visible(name) for name in HOSTILE} <= found


def test_no_workbook_has_a_formula_or_a_link(night: Night) -> None:
    for path in night.home.out.rglob("*.xlsx"):
        parts = "".join(texts(path))
        assert not re.search(r"<f[ >]|<hyperlink|externalLink|vbaProject|ddeLink", parts), path


class Links(HTMLParser):
    """Tags of a page and what it points to."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.targets: list[str] = []
        self.handlers: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.handlers += [name for name, _ in attrs if name.startswith("on")]
        self.targets += [
            value or "" for name, value in attrs if name in ("src", "href", "action", "srcset", "data")
        ]


def pages(night: Night) -> Iterator[tuple[Path, str, Links]]:
    for path in sorted((night.home.out / "validation").glob("*.html")):
        text = path.read_text(encoding="utf-8")
        links = Links()
        links.feed(text)
        yield path, text, links


def test_the_report_needs_no_other_host(night: Night) -> None:
    found = list(pages(night))

    assert len(found) == 12
    for path, text, links in found:
        foreign = re.findall(r"""(?:https?:)?//[^\s"'<>)]+""", text)
        assert set(foreign) <= {"http://www.w3.org/2000/svg"}, path
        assert not links.handlers
        assert not links.tags.keys() & {"iframe", "object", "embed", "base", "form"}
        local = [t for t in links.targets if not t.startswith(("#", "data:image/"))]
        assert local
        assert [t for t in local if not (path.parent / t.split("#")[0]).exists()] == []


def test_the_report_holds_no_foreign_tag(night: Night) -> None:
    for path, text, links in pages(night):
        assert "alert(" not in text, path
        assert not re.search(r"<b>粗|\{\{ 7", text), path
        assert links.tags["script"] <= 1, path


def test_quarantined_units_are_listed_and_not_decided(night: Night) -> None:
    key = night.home.key()["quarantined_units"]
    assert len(key) >= 60
    for folder in decided(night):
        mine = {unit["uscc"] for unit in key if unit["region"] == folder.name}
        units = [r for r in read_csv(folder / "quarantined.csv") if r["数据表 Extract"] == "insured_units"]
        assert {row["统一社会信用代码 Credit code"] for row in units} == mine
        assert not mine & {row["uscc"] for row in read_csv(folder / "eligibility.csv")}


def test_orphans_are_those_of_the_key(night: Night) -> None:
    expected = {(o["region"], o["extract"]): (o["rows"], o["fen"]) for o in night.home.key()["orphans"]}
    rows: Counter[tuple[str, str]] = Counter()
    fen: Counter[tuple[str, str]] = Counter()
    for folder in decided(night):
        for row in read_csv(folder / "orphans.csv"):
            place = folder.name, row["数据表 Extract"]
            rows[place] += int(row["行数 Rows"])
            fen[place] += int(Decimal(row["金额（元） Amount (yuan)"] or 0) * 100)

    assert {
        p: (n, fen[p] if expected.get(p, (0, None))[1] is not None else None) for p, n in rows.items()
    } == (expected)


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
            ("ineligible", "[fail] layoff_rate", "0.055", "headcount=31", "labor/monthly_headcount"),
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
        pytest.param(None, ("--region", BROKEN), BROKEN, id="a held region"),
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
    assert _counts(night.home) == {name: len(rows) for name, rows in stored.items()}


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
    moved = [row for row in rows if row["refund_rate"] and row["premium_base"]]
    new = [(Decimal(r["premium_base"]) * rate).quantize(Decimal("0.01"), "ROUND_HALF_UP") for r in moved]
    moved = [(row, now) for row, now in zip(moved, new, strict=True) if now != Decimal(row["entitlement"])]
    before = sum(Decimal(row["payable"] or 0) for row, _ in moved)
    after = sum(
        max(Decimal(), now - Decimal(row["already_paid"]))
        for row, now in moved
        if row["decision"] == "eligible" and row["already_paid"]
    )
    return Decimal(len(moved)), Decimal(before), Decimal(after)


def _counts(home: Home) -> dict[str, int]:
    from sqlalchemy import func

    settings = Settings(_env_file=None, home=home.path)
    with database(settings) as engine, engine.connect() as connection:
        return {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in metadata.sorted_tables
        }


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
