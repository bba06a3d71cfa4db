"""A small decision beside earlier ones, from real snapshots: figures, files, what is written again."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from sqlalchemy import Engine

from stable_jobs.errors import StepError
from stable_jobs.night.comparison import Comparison, compare_night, load_comparison
from stable_jobs.night.context import NightContext
from stable_jobs.policy.determine import KINDS, Decision
from stable_jobs.policy.load import load_policies
from stable_jobs.publishing import files
from stable_jobs.publishing.table import Sum
from stable_jobs.settings import Settings, data_folder
from stable_jobs.store import catalog
from stable_jobs.store.catalog import Snapshot
from stable_jobs.store.engine import connect
from stable_jobs.store.lake import Lake
from tests.lists.night_files import LIAOYUAN, UNIT, XIAN, write_parquet
from tests.publishing.test_publish import tree

D = date(2020, 5, 11)
VERSIONS = {"code": "c0de"}
SCRIPT = "<script>alert(1)</script>"
FORMULA = '=cmd|" /C calc"!A0'


def unit(number: int, **changed: Any) -> dict[str, Any]:
    return {**UNIT, "uscc": f"9161010000000000{number}X", "unit_name": f"单位{number}", **changed}


def paid(number: int, yuan: str, **changed: Any) -> dict[str, Any]:
    return unit(number, entitlement=Decimal(yuan), payable=Decimal(yuan), **changed)


def undecided(number: int, reasons: str, **changed: Any) -> dict[str, Any]:
    values = {"decision": "undecided", "is_taken": False, "entitlement": None, "payable": None}
    return unit(number, **values, reasons=reasons, **changed)


BEFORE = [
    paid(1, "100.00"),
    paid(2, "40.00", unit_name=SCRIPT),
    undecided(3, "size_known_unknown;active_unknown", unit_name=FORMULA),
    paid(4, "7.00"),
    paid(1, "9.00", region_code=LIAOYUAN),
]
AFTER = [
    paid(1, "100.00"),
    paid(3, "1000.00", unit_name=FORMULA),
    undecided(4, "in_time_unknown"),
    paid(5, "0.01"),
]
"""Xi'an: 2 goes, 3 is decided, 4 is doubted, 5 appears. Liaoyuan is held and goes."""


@dataclass(frozen=True)
class Nights:
    """Registers decisions and compares the last one."""

    desk: NightContext

    def decided(self, rows: list[dict[str, Any]], on: date = D) -> Decision:
        name = self.desk.lake.new_name("eligibility")
        write_parquet(self.desk.duck, Path(self.desk.lake.path(name)), rows or [UNIT], UNIT)
        if not rows:
            empty = self.desk.lake.new_name("eligibility")
            source, target = self.desk.lake.path(name), self.desk.lake.path(empty)
            self.desk.duck.execute(f"COPY (FROM '{source}' LIMIT 0) TO '{target}' (FORMAT parquet)")
            name = empty
        return Decision(**dict.fromkeys(KINDS, self._register(name, on, len(rows))))

    def _register(self, name: str, on: date, rows: int) -> Snapshot:
        with self.desk.database.begin() as connection:
            return catalog.register_snapshot(
                connection, kind="eligibility", business_date=on, name=name, rows=rows,
                fingerprint=catalog.fingerprint(name=name), inputs={},
            )  # fmt: skip

    def compared(self, rows: list[dict[str, Any]], desk: NightContext | None = None) -> Comparison:
        return compare_night(desk or self.desk, self.decided(rows), VERSIONS)


@pytest.fixture
def nights(settings_with_database: Settings, engine: Engine, tmp_path: Path) -> Iterator[Nights]:
    with connect(settings_with_database) as duck:
        policies = load_policies(data_folder("policies"))
        lake = Lake(str(tmp_path / "lake"))
        yield Nights(NightContext(settings_with_database, D, None, {}, policies, engine, duck, lake))


@pytest.fixture
def xian(nights: Nights) -> Comparison:
    """Against last night."""
    nights.decided(BEFORE, D - timedelta(days=1))
    return nights.compared(AFTER)


def manifest_of(found: Comparison) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(found.manifest.read_bytes())
    return content


def csv_rows(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as source:
        return list(csv.reader(source))


def test_first_night_has_no_baseline(nights: Nights) -> None:
    found = nights.compared(AFTER)
    assert found.baselines == {}
    assert set(tree(found.folder)) == {"manifest.json"}
    manifest = manifest_of(found)
    assert manifest["baselines"] == {"night_before": None, "earlier_decision": None}
    assert manifest["without"]["night_before"]["en"] == "There is no earlier night to compare with."


def test_the_night_before(xian: Comparison) -> None:
    assert set(xian.baselines) == {"night_before"}
    found = xian.baselines["night_before"]
    assert found.business_date == D - timedelta(days=1)
    assert dict(found.kinds) == {"appeared": 1, "gone": 2, "changed": 2}
    assert found.payable_difference == Decimal("944.01")
    assert set(tree(xian.folder)) == {
        *("changes.parquet", "changes.xlsx", "summary.csv", "summary.xlsx", "manifest.json")
    }


def test_per_region_and_which_side_was_not_decided(xian: Comparison) -> None:
    found = xian.baselines["night_before"]
    assert [(r.place.code, dict(r.kinds), r.payable_difference, r.sides) for r in found.regions] == [
        (LIAOYUAN, {"appeared": 0, "gone": 1, "changed": 0}, Decimal("-9.00"), "only_before"),
        (XIAN, {"appeared": 1, "gone": 1, "changed": 2}, Decimal("953.01"), None),
    ]


def test_by_reason(xian: Comparison) -> None:
    found = {r.reason: (r.gained, r.lost) for r in xian.baselines["night_before"].reasons}
    assert found == {"active_unknown": (0, 1), "in_time_unknown": (1, 0), "size_known_unknown": (0, 1)}


def test_a_reason_that_is_no_longer_known_is_its_own_sentence(nights: Nights) -> None:
    nights.decided([undecided(3, "abolished_unknown")], D - timedelta(days=1))
    (reason,) = nights.compared([paid(3, "1.00")]).baselines["night_before"].reasons
    assert (reason.what.zh, reason.lost) == ("abolished_unknown", 1)


def test_the_largest_differences(xian: Comparison) -> None:
    largest = xian.baselines["night_before"].largest
    assert [(r.unit_name, r.decision_before, r.payable_before, r.payable_after) for r in largest] == [
        (FORMULA, "undecided", None, Decimal("1000.00")),
        (SCRIPT, "eligible", Decimal("40.00"), None),
        ("单位1", "eligible", Decimal("9.00"), None),
        ("单位4", "eligible", Decimal("7.00"), None),
        ("单位5", None, None, Decimal("0.01")),
    ]


def test_at_most_ten_are_the_largest(nights: Nights) -> None:
    nights.decided([], D - timedelta(days=1))
    largest = nights.compared([paid(n, f"{n}.00", uscc=f"U{n:03}") for n in range(1, 13)]).baselines
    assert [r.payable_after for r in largest["night_before"].largest] == [
        Decimal(n) for n in range(12, 2, -1)
    ]


def test_a_unit_with_two_eligible_schemes_is_paid_once(nights: Nights) -> None:
    """The scheme that is taken changes; the difference is that of the lists' totals."""
    nights.decided([paid(1, "10.00")], D - timedelta(days=1))
    general = paid(1, "10.00", is_taken=False)
    found = nights.compared([general, paid(1, "25.00", scheme="difficult")]).baselines["night_before"]
    assert dict(found.kinds) == {"appeared": 1, "gone": 0, "changed": 1}
    assert found.payable_difference == Decimal("15.00")
    assert [(r.scheme, r.payable_before, r.payable_after) for r in found.largest] == [
        ("difficult", None, Decimal("25.00")),
        ("general", Decimal("10.00"), None),
    ]
    back = nights.compared([paid(1, "10.00")]).baselines["earlier_decision"]
    assert [(r.scheme, r.payable_before, r.payable_after) for r in back.largest] == [
        ("difficult", Decimal("25.00"), None),
        ("general", None, Decimal("10.00")),
    ]


def test_the_newest_earlier_night_and_its_last_decision(nights: Nights) -> None:
    nights.decided([], D - timedelta(days=9))
    nights.decided(BEFORE, D - timedelta(days=3))
    nights.decided(AFTER, D - timedelta(days=3))
    nights.decided(BEFORE, D + timedelta(days=1))
    found = nights.compared(AFTER).baselines["night_before"]
    assert (found.business_date, found.rows) == (D - timedelta(days=3), 0)


def test_nothing_differs(nights: Nights) -> None:
    nights.decided(AFTER, D - timedelta(days=1))
    found = nights.compared(AFTER)
    header = csv_rows(found.folder / "summary.csv")
    assert (len(header), header[0][0]) == (1, "地区代码 Region code")
    rows = openpyxl.load_workbook(found.folder / "changes.xlsx").active.iter_rows(values_only=True)
    assert [row for row in rows if row[0]][-1][0] == "地区代码 Region code"
    assert manifest_of(found)["files"]["changes.parquet"]["count"] == 0


def test_this_date_decided_otherwise_before(nights: Nights) -> None:
    nights.decided(BEFORE)
    found = nights.compared(AFTER)
    assert set(found.baselines) == {"earlier_decision"}
    assert found.baselines["earlier_decision"].business_date == D
    assert found.baselines["earlier_decision"].payable_difference == Decimal("944.01")
    assert {"corrections.parquet", "corrections.xlsx", "corrections_summary.csv"} < set(tree(found.folder))


def test_a_decision_is_compared_with_those_before_it_only(nights: Nights) -> None:
    first = nights.decided(BEFORE)
    nights.decided(AFTER)
    assert compare_night(nights.desk, first, VERSIONS).baselines == {}


def test_names_are_text_in_every_file(xian: Comparison) -> None:
    sheet = openpyxl.load_workbook(xian.folder / "changes.xlsx").active
    cells = {cell.value: cell.data_type for row in sheet.iter_rows() for cell in row}
    assert (cells[FORMULA], cells[SCRIPT]) == ("s", "s")


def test_the_summary_has_totals_both_ways(xian: Comparison) -> None:
    rows = csv_rows(xian.folder / "summary.csv")[1:]
    shown = [(row[0], row[2].split()[-1], row[3], row[6]) for row in rows]
    assert shown == [
        (LIAOYUAN, "gone", "1", "-9.00"),
        (LIAOYUAN, "Total", "1", "-9.00"),
        (XIAN, "appeared", "1", "0.01"),
        (XIAN, "gone", "1", "-40.00"),
        (XIAN, "changed", "2", "993.00"),
        (XIAN, "Total", "4", "953.01"),
        ("合计 Total", "appeared", "1", "0.01"),
        ("合计 Total", "gone", "2", "-49.00"),
        ("合计 Total", "changed", "2", "993.00"),
        ("合计 Total", "Total", "5", "944.01"),
    ]
    assert {row[0] for row in rows if row[7]} == {LIAOYUAN}


def test_the_parquet_has_every_row_as_it_is(nights: Nights, xian: Comparison) -> None:
    path = xian.folder / "changes.parquet"
    found = nights.desk.duck.execute(f"SELECT unit_name, payable_difference FROM '{path}'").fetchall()
    assert found[-3:] == [
        (FORMULA, Decimal("1000.00")),
        ("单位4", Decimal("-7.00")),
        ("单位5", Decimal("0.01")),
    ]


@pytest.mark.parametrize(
    ("most", "ending", "left_out"),
    [
        pytest.param(5, "xlsx", [], id="as many as fit"),
        pytest.param(4, "csv", ["changes.xlsx"], id="one too many"),
    ],
)
def test_a_long_list_is_csv(nights: Nights, most: int, ending: str, left_out: list[str]) -> None:
    nights.decided(BEFORE, D - timedelta(days=1))
    short = nights.desk.settings.model_copy(update={"workbook_rows": most})
    found = nights.compared(AFTER, replace(nights.desk, settings=short))
    names = {name for name in tree(found.folder) if name.startswith("changes.")}
    assert names == {"changes.parquet", f"changes.{ending}"}
    assert manifest_of(found)["workbooks"]["csv_only"] == left_out
    if ending == "csv":
        assert "'=cmd" in (found.folder / "changes.csv").read_text(encoding="utf-8-sig")


def test_the_same_again_writes_nothing(nights: Nights) -> None:
    nights.decided(BEFORE, D - timedelta(days=1))
    decision = nights.decided(AFTER)
    first = compare_night(nights.desk, decision, VERSIONS)
    ages = {path: path.stat().st_mtime_ns for path in first.folder.iterdir()}
    assert compare_night(nights.desk, decision, VERSIONS) == first
    assert {path: path.stat().st_mtime_ns for path in first.folder.iterdir()} == ages


def test_the_same_rows_under_other_ids_write_nothing(nights: Nights) -> None:
    """A night that was killed and run again registers other snapshots of the same rows."""
    before = D - timedelta(days=1)
    nights.decided(BEFORE, before)
    decision = nights.decided(AFTER)
    first = compare_night(nights.desk, decision, VERSIONS)
    content = tree(first.folder)
    nights.decided(BEFORE, before)
    compare_night(nights.desk, decision, VERSIONS)
    assert tree(first.folder) == content


def test_a_correction_is_published_beside_what_was(nights: Nights) -> None:
    nights.decided(BEFORE, D - timedelta(days=1))
    first = nights.compared(AFTER)
    kept = tree(first.folder)
    second = nights.compared([*AFTER, paid(6, "1.00")])
    assert second.manifest.name == "manifest.2.json"
    assert kept.items() < tree(first.folder).items()
    assert dict(second.baselines["earlier_decision"].kinds)["appeared"] == 1
    assert load_comparison(first.manifest) == first


def test_another_process_finds_it_by_its_manifest(xian: Comparison) -> None:
    assert load_comparison(xian.manifest) == xian


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(None, id="gone"),
        pytest.param(b"{", id="no JSON"),
        pytest.param(b'{"previous": null}', id="another manifest"),
        pytest.param(b'{"previous": null, "baselines": {"night_before": 3}}', id="other values"),
    ],
)
def test_what_is_no_manifest_of_a_comparison_is_refused(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "manifest.json").write_bytes(content)
    with pytest.raises(StepError, match=r"manifest.json is not a manifest as published"):
        load_comparison(tmp_path / "manifest.json")


@pytest.mark.parametrize("name", ["changes.parquet", "changes.xlsx", "summary.xlsx", "summary.csv"])
def test_a_file_that_says_otherwise_ends_the_step(
    nights: Nights, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    stem, ending = name.split(".")
    write, measure = files.FORMATS[ending]

    def tampered(con: Any, table: Any, path: Path) -> Sum:
        found = measure(con, table, path)
        return replace(found, count=found.count - 1) if table.name == stem else found

    monkeypatch.setattr(files, "FORMATS", {**files.FORMATS, ending: (write, tampered)})
    nights.decided(BEFORE, D - timedelta(days=1))
    with pytest.raises(StepError, match=f"{name} of comparison says 4 .* expected are 5"):
        nights.compared(AFTER)
    assert tree(nights.desk.settings.out_root / D.isoformat() / "comparison") == {}
