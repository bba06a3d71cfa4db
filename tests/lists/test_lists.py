"""The night's lists of a small night: golden files, totals, what each list may show, re-runs, two at once."""

from __future__ import annotations

import csv
import json
import multiprocessing
import re
import zipfile
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest

from stable_jobs.errors import StepError
from stable_jobs.lists import lists
from stable_jobs.lists.inputs import Inputs, RegionNight
from stable_jobs.lists.lists import RegionLists, publish_lists
from stable_jobs.lists.sheets import notice
from stable_jobs.publishing import files
from stable_jobs.publishing.folders import latest_manifest
from stable_jobs.publishing.table import ListTable, Sum
from tests.lists.night_files import (
    BROKEN,
    HELD,
    LIAOYUAN,
    OWED,
    PAYEE,
    UNIT,
    XIAN,
    hostile_units,
    publish_night,
    with_versions,
    write_night,
)
from tests.publishing.test_publish import tree

GOLDEN = Path(__file__).parent / "golden"
LISTS = {
    "eligibility.csv",
    "eligibility.parquet",
    *(
        f"{n}.{e}"
        for n in ("notice", "disbursement_detail", "disbursement_application")
        for e in ("csv", "xlsx")
    ),
    *(f"{n}.{e}" for n in ("work_list", "rejected") for e in ("csv", "xlsx")),
    "orphans.csv",
    "quarantined.csv",
}
PAID = ("notice", "disbursement_detail", "disbursement_application")
DAY = "2020-05-11"


def publish(con: duckdb.DuckDBPyConnection, inputs: Inputs, out: Path, rows: int = 50_000) -> Path:
    """The folder of Xi'an's lists."""
    publish_lists(con, inputs, out=out, workbook_rows=rows)
    return out / DAY / XIAN


def rows_of(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as source:
        return list(csv.reader(source))


def comparable(name: str, content: bytes, path: Path) -> bytes | None:
    """What of a file is golden: compressed bytes are the libraries', so a sheet's XML, and no Parquet."""
    if name.endswith(".parquet"):
        return None
    if name.endswith(".xlsx"):
        with zipfile.ZipFile(path) as book:
            return book.read("xl/worksheets/sheet1.xml").replace(b"<row ", b"\n<row ")
    if name.endswith(".json"):
        body = json.loads(content)
        for file, entry in body["files"].items():
            if file.endswith((".xlsx", ".parquet")):
                entry.update(bytes="-", sha256="-")
        return json.dumps(body, ensure_ascii=False, indent=1).encode()
    return content


def test_golden_files(con: duckdb.DuckDBPyConnection, inputs: Inputs, tmp_path: Path, is_regen: bool) -> None:
    publish(con, inputs, tmp_path / "out")
    day = tmp_path / "out" / DAY
    found = {
        name.replace(".xlsx", ".xlsx.xml"): golden
        for name, content in tree(day).items()
        if (golden := comparable(name, content, day / name)) is not None
    }
    if is_regen:
        for name, golden in found.items():
            (GOLDEN / name).parent.mkdir(parents=True, exist_ok=True)
            (GOLDEN / name).write_bytes(golden)
    assert found == tree(GOLDEN)


def test_every_list_is_there(con: duckdb.DuckDBPyConnection, inputs: Inputs, tmp_path: Path) -> None:
    published = publish_lists(con, inputs, out=tmp_path, workbook_rows=50_000)
    assert [(p.region_code, p.is_held, p.units, p.payable, p.is_new) for p in published] == [
        (BROKEN, True, 0, Decimal(0), True),
        (XIAN, False, 3, Decimal("3703.68"), True),
    ]
    assert set(tree(tmp_path / DAY / XIAN)) == {*LISTS, "manifest.json"}
    assert set(tree(tmp_path / DAY / BROKEN)) == {"manifest.json"}
    assert set(published[1].files) == LISTS


def test_one_total_everywhere(con: duckdb.DuckDBPyConnection, inputs: Inputs, tmp_path: Path) -> None:
    folder = publish(con, inputs, tmp_path)
    manifest = latest_manifest(folder)
    assert manifest is not None
    assert (manifest.content["count"], manifest.content["total"]) == (3, "3703.68")
    for name, entry in manifest.files.items():
        if name.split(".")[0] in PAID:
            assert (entry["count"], entry["total"]) == (3, "3703.68"), name
    assert manifest.files["eligibility.csv"]["total"] == "3703.68"
    application = rows_of(folder / "disbursement_application.csv")
    assert application[-1][:6] == ["合计 Total", "", "3", "60", "3703.68", "叁仟柒佰零叁元陆角捌分"]


def test_held_region_has_reasons_only(con: duckdb.DuckDBPyConnection, inputs: Inputs, tmp_path: Path) -> None:
    publish(con, inputs, tmp_path)
    manifest = latest_manifest(tmp_path / DAY / BROKEN)
    assert manifest is not None
    assert (manifest.content["is_held"], manifest.files) == (True, {})
    assert [r["reason"] for r in manifest.content["held"]] == ["missing_delivery"]
    assert "total" not in manifest.content


def test_again_writes_nothing(con: duckdb.DuckDBPyConnection, inputs: Inputs, tmp_path: Path) -> None:
    def stamps() -> dict[str, tuple[int, int]]:
        files = [p for p in tmp_path.rglob("*") if p.is_file() and "out" in p.parts]
        return {str(p): (p.stat().st_ino, p.stat().st_mtime_ns) for p in files}

    publish(con, inputs, tmp_path / "out")
    first = stamps()
    again = publish_lists(con, inputs, out=tmp_path / "out", workbook_rows=50_000)
    assert stamps() == first
    assert [p.is_new for p in again] == [False, False]


def test_one_thread_makes_the_same_bytes(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    units = [{**UNIT, "uscc": f"9161010000000{n:05}", "priority": n % 7} for n in range(3000)]
    inputs = write_night(con, tmp_path / "many", eligibility=units, owed=[])
    for threads in (2, 1):
        con.execute(f"SET threads = {threads}")
        publish(con, inputs, tmp_path / str(threads))
    assert tree(tmp_path / "1") == tree(tmp_path / "2")


def _others(shape: str) -> list[dict[str, Any]]:
    """Rows of another region, by which the engine's vectors of both have other shapes."""
    empty = {"payable": None, "account_source": None, "meets_active": None, "layoff_rate": None}
    shapes: dict[str, list[dict[str, Any]]] = {
        "held": [],
        "all known": [{}] * 150,
        "some unknown": [{} if n % 3 else empty for n in range(150)],
        "all unknown": [empty] * 150,
        "many": [{"unit_name": f"单位{n}"} for n in range(600)],
    }
    refused = {**UNIT, "is_taken": False, "decision": "ineligible"}
    return [{**refused, **row, "uscc": f"9161010000000{n:05}"} for n, row in enumerate(shapes[shape])]


@pytest.mark.parametrize("has_gaps", [False, True])
def test_a_regions_files_follow_its_own_rows_alone(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, has_gaps: bool
) -> None:
    """Domain 1: what another region sends, or that it is held, changes no byte and writes nothing again."""
    own = [
        {
            **UNIT,
            "region_code": LIAOYUAN,
            "uscc": f"9122040000000{n:05}",
            "is_taken": False,
            "decision": "ineligible",
            "meets_active": None if has_gaps and n % 5 == 0 else True,
            "account_source": None if has_gaps and n % 2 == 0 else "corporate",
        }
        for n in range(120)
    ]
    first: dict[str, bytes] = {}
    for threads in (2, 1):
        con.execute(f"SET threads = {threads}")
        for number, shape in enumerate(("held", "all known", "some unknown", "all unknown", "many")):
            others = _others(shape)
            mixed = [*own[:50], *others, *own[50:]] if number % 2 else [*others, *own]
            night = write_night(con, tmp_path / f"{threads} {shape}", eligibility=mixed, owed=[], payees=[])
            publish(con, night, tmp_path / "out")
            found = tree(tmp_path / "out" / DAY / LIAOYUAN)
            first = first or found
            assert sorted(found) == sorted(first), (threads, shape)
    assert tree(tmp_path / "out" / DAY / LIAOYUAN) == first


def test_a_change_makes_second_versions_of_what_changed(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    folder = publish(con, write_night(con, tmp_path / "one"), tmp_path / "out")
    before = tree(folder)
    units = hostile_units()
    units[0]["payable"] = units[0]["entitlement"] = Decimal("1000.00")
    publish(con, write_night(con, tmp_path / "two", eligibility=units), tmp_path / "out")
    after = tree(folder)
    assert {name: after[name] for name in before} == before
    changed = {name.replace(".2.", ".") for name in after.keys() - before.keys()}
    assert changed == {f for f in LISTS if f.split(".")[0] in (*PAID, "eligibility")} | {"manifest.json"}


def test_a_change_of_versions_alone_writes_a_manifest_alone(
    con: duckdb.DuckDBPyConnection, inputs: Inputs, tmp_path: Path
) -> None:
    folder = publish(con, inputs, tmp_path / "out")
    before = set(tree(folder))
    publish(con, with_versions(inputs, code="0ther"), tmp_path / "out")
    assert set(tree(folder)) - before == {"manifest.2.json"}


def test_held_after_lists(con: duckdb.DuckDBPyConnection, inputs: Inputs, tmp_path: Path) -> None:
    publish(con, inputs, tmp_path / "out")
    held = [{"region_code": XIAN, "reason": "no_parameters", "department": "", "extract": "", "detail": ""}]
    night = write_night(con, tmp_path / "held", eligibility=[], owed=[], held=held)
    publish(con, night, tmp_path / "out")
    manifest = latest_manifest(tmp_path / "out" / DAY / XIAN)
    assert manifest is not None
    assert (manifest.number, manifest.content["is_held"], manifest.files) == (2, True, {})


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param(3, [], id="as long as allowed"),
        pytest.param(2, ["notice.xlsx", "disbursement_detail.xlsx"], id="one row too long"),
    ],
)
def test_long_lists_are_csv_only(
    con: duckdb.DuckDBPyConnection, inputs: Inputs, tmp_path: Path, rows: int, expected: list[str]
) -> None:
    manifest = latest_manifest(publish(con, inputs, tmp_path, rows))
    assert manifest is not None
    assert manifest.content["workbooks"]["csv_only"] == expected
    assert ("en" in manifest.content["workbooks"]) == bool(expected)
    assert LISTS - set(manifest.files) == set(expected)


SECRETS = ("6222021234567890123", "1234567890", "6222029999888877776", "张三", "110101199003078515")


def test_accounts_are_in_the_detail_only(
    con: duckdb.DuckDBPyConnection, inputs: Inputs, tmp_path: Path
) -> None:
    folder = publish(con, inputs, tmp_path)
    for path in (tmp_path / DAY).rglob("*"):
        if path.is_file():
            content = path.read_bytes() if path.suffix != ".xlsx" else sheet_xml(path)
            shown = [s for s in SECRETS if s.encode() in content]
            assert shown == (list(SECRETS[:2]) if path.name.startswith("disbursement_detail") else []), (
                path.name
            )
    assert [row[4] for row in rows_of(folder / "quarantined.csv")[1:]] == [
        "91610100000000006X",
        "*" * 14 + "8515",
    ]


def sheet_xml(path: Path) -> bytes:
    with zipfile.ZipFile(path) as book:
        return b"".join(book.read(name) for name in book.namelist())


def test_notice_shows_what_the_public_may_see(
    con: duckdb.DuckDBPyConnection, inputs: Inputs, tmp_path: Path
) -> None:
    header, *rows = rows_of(publish(con, inputs, tmp_path) / "notice.csv")
    assert [h.split(" ", 1)[1] for h in header] == [
        "Unit name", "Headcount", "Claimants", "Layoff rate", "Premium paid (yuan)", "Amount (yuan)",
    ]  # fmt: skip
    assert rows[2][1:] == ["20", "1", "0.050000", "2469.12", "1234.56"]


def test_detail_goes_by_priority_then_code(
    con: duckdb.DuckDBPyConnection, inputs: Inputs, tmp_path: Path
) -> None:
    _, *rows = rows_of(publish(con, inputs, tmp_path) / "disbursement_detail.csv")
    assert [(row[0], row[1][-2]) for row in rows] == [("1", "2"), ("1", "3"), ("7", "1")]
    assert {row[-1] for row in rows} == {
        "公示、审批、预算前 before notice, approval and budget; 演示参数 demonstration parameters"
    }


def test_formulas_are_inert_in_every_workbook_and_list(
    con: duckdb.DuckDBPyConnection, inputs: Inputs, tmp_path: Path
) -> None:
    folder = publish(con, inputs, tmp_path)
    for path in folder.glob("*.xlsx"):
        cells = [c for row in openpyxl.load_workbook(path).active.iter_rows() for c in row]
        assert {c.data_type for c in cells} <= {"s", "n"}, path.name
        assert not [c for c in cells if c.hyperlink], path.name
    for path in folder.glob("*.csv"):
        assert [v for row in rows_of(path) for v in row if re.match(r"\s*[=+@＝-]", v)] == [], path.name


def test_rare_characters_stand_as_sent_and_the_manifest_says_what_was_made_inert(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    """A private character is a rare one of a name; Parquet has every name exactly as it was sent."""
    names = ["南昌\ue863科技", "=1+1", "\t甲", "甲\u202e乙", "'=1", "@\U000f0000", "\U0002ebf0"]
    units = [{**UNIT, "uscc": f"9161010000000{n:05}", "unit_name": name} for n, name in enumerate(names)]
    folder = publish(con, write_night(con, tmp_path / "s", eligibility=units, owed=[]), tmp_path / "out")
    exact = con.sql(f"SELECT unit_name FROM '{folder}/eligibility.parquet' ORDER BY uscc").fetchall()
    assert [name for (name,) in exact] == names
    shown = ["南昌\ue863科技", "'=1+1", "'⟨U+0009⟩甲", "甲⟨U+202E⟩乙", "''=1", "'@\U000f0000", "\U0002ebf0"]
    for name, column in (("eligibility.csv", 3), ("notice.csv", 0), ("disbursement_detail.csv", 2)):
        _, *rows = rows_of(folder / name)
        assert {*shown} <= {row[column] for row in rows} | {row[column + 1] for row in rows}, name
    cells = {
        str(c.value) for row in openpyxl.load_workbook(folder / "notice.xlsx").active.iter_rows() for c in row
    }
    assert {"南昌\ue863科技", "=1+1", "⟨U+0009⟩甲", "甲⟨U+202E⟩乙", "'=1"} <= cells
    manifest = latest_manifest(folder)
    assert manifest is not None
    inert = {name: entry["inert"] for name, entry in manifest.files.items()}
    assert inert["eligibility.parquet"] == []
    assert inert["eligibility.csv"] == ["uscc", "unit_no", "unit_name"]
    assert inert["notice.csv"] == inert["notice.xlsx"] == ["单位名称 Unit name"]
    assert set(inert) == LISTS


def test_long_digits_stay_text_in_workbooks(
    con: duckdb.DuckDBPyConnection, inputs: Inputs, tmp_path: Path
) -> None:
    sheet = openpyxl.load_workbook(publish(con, inputs, tmp_path) / "disbursement_detail.xlsx").active
    header, first = list(sheet.iter_rows(min_row=6, max_row=7, values_only=True))
    values = dict(zip(header, first, strict=True))
    assert values["账号 Account number"] == "6222021234567890123"
    assert values["行号 CNAPS code"] == "102100099996"
    assert values["金额（元） Amount (yuan)"] == 1234.56


def test_eligibility_files(con: duckdb.DuckDBPyConnection, inputs: Inputs, tmp_path: Path) -> None:
    folder = publish(con, inputs, tmp_path)
    content = (folder / "eligibility.csv").read_bytes()
    assert not content.startswith(b"\xef\xbb\xbf")
    assert b"\r" not in content
    header, *rows = rows_of(folder / "eligibility.csv")
    assert header == list(UNIT)
    same = con.execute(
        f"(FROM '{inputs.eligibility}' EXCEPT ALL FROM '{folder}/eligibility.parquet') UNION ALL"
        f" (FROM '{folder}/eligibility.parquet' EXCEPT ALL FROM '{inputs.eligibility}')"
    )
    assert (len(rows), same.fetchall()) == (6, [])


def test_general_stands_before_difficult(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    units = [{**UNIT, "scheme": "difficult"}, {**UNIT, "is_taken": False}]
    folder = publish(con, write_night(con, tmp_path / "s", eligibility=units, owed=[]), tmp_path / "out")
    assert [row[6] for row in rows_of(folder / "eligibility.csv")[1:]] == ["general", "difficult"]


def test_each_region_has_its_own(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    units = [
        UNIT,
        {**UNIT, "region_code": LIAOYUAN, "payable": Decimal("0.05"), "entitlement": Decimal("0.05")},
    ]
    night = write_night(con, tmp_path / "s", eligibility=units, owed=[])
    found = {
        p.region_code: (p.units, p.payable)
        for p in publish_lists(con, night, out=tmp_path / "o", workbook_rows=9)
    }
    assert found == {XIAN: (1, Decimal("1234.56")), LIAOYUAN: (1, Decimal("0.05")), BROKEN: (0, Decimal(0))}
    assert "demonstration" not in (tmp_path / "o" / DAY / LIAOYUAN / "disbursement_detail.csv").read_text()


EXTRA = {"uscc": "91610100000000008X"}
OTHER = {**UNIT, "region_code": LIAOYUAN, "uscc": "91220400000000001X"}


def fault_of(found: list[RegionLists], code: str = XIAN) -> str | None:
    """Why that region is held by its lists; it must show no list then, and the others all of theirs."""
    by_code = {one.region_code: one for one in found}
    other = by_code[LIAOYUAN]
    assert (other.is_held, other.fault, set(other.files), other.payable) == (
        False, None, LISTS, UNIT["payable"]
    )  # fmt: skip
    own = by_code[code]
    manifest = latest_manifest(own.folder)
    assert manifest is not None
    assert (own.is_held, own.units, own.payable, dict(own.files)) == (True, 0, Decimal(0), {})
    assert (manifest.content["is_held"], manifest.content["files"]) == (True, {})
    assert set(tree(own.folder)) == {"manifest.json"}
    assert manifest.content["held"][-1] == {
        "reason": "lists_do_not_add_up", "department": "", "extract": "", "detail": own.fault
    }  # fmt: skip
    return own.fault


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        pytest.param({"owed": [OWED]}, r"1 undecided or unpriced row", id="unpriced unit owed by nobody"),
        pytest.param({"owed": []}, r"2 undecided or unpriced row", id="nothing owed"),
        pytest.param(
            {"payees": [{**PAYEE, "uscc": u["uscc"]} for u in hostile_units()[:2]]},
            r"1 unit\(s\) to be paid without exactly one account",
            id="a payee is missing",
        ),
        pytest.param(
            {"payees": [{**PAYEE, "uscc": u["uscc"]} for u in [*hostile_units(), UNIT]]},
            r"1 unit\(s\) to be paid without exactly one account",
            id="two payees",
        ),
        pytest.param(
            {"payees": [{**PAYEE, "uscc": u["uscc"], "account_name": ""} for u in hostile_units()]},
            r"disbursement_detail.csv of 610100 says 0 and",
            id="an account without a name",
        ),
        pytest.param({"eligibility": {"scheme": "difficult"}}, r"1 unit\(s\) taken twice", id="taken twice"),
        pytest.param(
            {"eligibility": {**EXTRA, "decision": "ineligible"}},
            r"1 row\(s\) to be paid that are not eligible",
            id="ineligible and paid",
        ),
        pytest.param(
            {"held": {"region_code": XIAN}}, r"it is held and has eligibility", id="held and decided"
        ),
    ],
)
def test_a_region_whose_promise_breaks_is_held_alone(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, changed: dict[str, Any], message: str
) -> None:
    """A single mapping stands for one row more. Its lists are not published, and all others' are."""
    whole = {"eligibility": ([*hostile_units(), OTHER], UNIT), "held": ([], HELD)}
    rows = {"eligibility": whole["eligibility"][0], **changed}
    for name in changed.keys() & whole.keys():
        own, sample = whole[name]
        rows[name] = [*own, {**sample, **changed[name]}]
    if "payees" in rows:
        rows["payees"] = [*rows["payees"], {**PAYEE, "region_code": LIAOYUAN, "uscc": OTHER["uscc"]}]
    night = write_night(con, tmp_path / "s", **rows)
    fault = fault_of(publish_lists(con, night, out=tmp_path / "out", workbook_rows=50_000))
    assert re.search(message, str(fault))


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"eligibility": [*hostile_units(), {**UNIT, "region_code": "../etc"}]}, id="a path"),
        pytest.param(
            {"eligibility": [*hostile_units(), {**UNIT, "region_code": "６10100"}]}, id="full width"
        ),
        pytest.param({"held": [{**HELD, "region_code": "61/100"}]}, id="a path that is held"),
    ],
)
def test_nothing_is_published_beside_a_code_that_is_a_path(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, changed: dict[str, Any]
) -> None:
    night = write_night(con, tmp_path / "s", **changed)
    with pytest.raises(StepError, match="not a region code"):
        publish_lists(con, night, out=tmp_path / "out", workbook_rows=9)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", sorted(LISTS))
def test_a_file_that_says_otherwise_holds_its_region_alone(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """As if a fen, or in a list without yuan a row, had got lost in that one file."""
    night = write_night(con, tmp_path / "snapshots", eligibility=[*hostile_units(), OTHER])
    stem, ending = name.split(".")
    write, measure = files.FORMATS[ending]

    def tampered(con: duckdb.DuckDBPyConnection, table: ListTable, path: Path) -> Sum:
        found = measure(con, table, path)
        if table.name != stem or XIAN not in path.parts:
            return found
        if found.total is None:
            return replace(found, count=found.count - 1)
        return replace(found, total=found.total - Decimal("0.01"))

    monkeypatch.setattr(files, "FORMATS", {**files.FORMATS, ending: (write, tampered)})
    fault = fault_of(publish_lists(con, night, out=tmp_path / "out", workbook_rows=50_000))
    assert f"{name} of 610100 says" in str(fault)


def test_what_the_engine_cannot_compute_of_a_region_holds_it_alone(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def overflowing(region: RegionNight) -> ListTable:
        table = notice(region)
        if region.code != XIAN:
            return table
        first, *rest = table.columns
        return replace(
            table,
            columns=(replace(first, sql="CAST(CAST(headcount * 99999 AS DECIMAL(4, 2)) AS VARCHAR)"), *rest),
        )

    night = write_night(con, tmp_path / "s", eligibility=[*hostile_units(), OTHER])
    monkeypatch.setattr(lists, "SHEETS", tuple(overflowing if s is notice else s for s in lists.SHEETS))
    fault = fault_of(publish_lists(con, night, out=tmp_path / "out", workbook_rows=50_000))
    assert "1999980" in str(fault)


def test_a_full_disk_is_not_a_regions_fault(
    con: duckdb.DuckDBPyConnection, inputs: Inputs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files, "FORMATS", {**files.FORMATS, "csv": (full, full)})
    with pytest.raises(OSError, match="No space left"):
        publish(con, inputs, tmp_path / "out")


def test_a_row_that_gets_lost_in_a_list_holds_its_region(
    con: duckdb.DuckDBPyConnection, inputs: Inputs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def short(region: RegionNight) -> ListTable:
        table = notice(region)
        return replace(table, source=f"{table.source} WHERE uscc NOT LIKE '%2X'")

    monkeypatch.setattr(lists, "SHEETS", (short,))
    found = {p.region_code: p for p in publish_lists(con, inputs, out=tmp_path / "out", workbook_rows=50_000)}
    assert re.search(
        r"notice.csv of 610100 says 2 and 2469.12 yuan, .* 3 and 3703.68", str(found[XIAN].fault)
    )


def test_work_list_goes_by_department_then_unit_then_scheme(
    con: duckdb.DuckDBPyConnection, inputs: Inputs, tmp_path: Path
) -> None:
    owed = [
        {**OWED, "department": "economy", "extract": "enterprise_sizes"},
        {**OWED, "scheme": "difficult"},
        OWED,
        {**OWED, "uscc": "91610100000000007X", "department": "labor", "extract": "insured_units"},
    ]
    folder = publish(con, write_night(con, tmp_path / "s", owed=owed), tmp_path / "out")
    _, *rows = rows_of(folder / "work_list.csv")
    assert [(row[0].split()[1], row[4].split()[1]) for row in rows] == [
        ("labor", "general"), ("tax", "general"), ("tax", "difficult"), ("economy", "general"),
    ]  # fmt: skip


def test_two_nights_at_once(con: duckdb.DuckDBPyConnection, inputs: Inputs, tmp_path: Path) -> None:
    publish(con, inputs, tmp_path / "alone")
    spawn = multiprocessing.get_context("spawn")
    start = spawn.Barrier(2)
    snapshots = str(Path(inputs.owed).parent)
    both = [
        spawn.Process(target=publish_night, args=(snapshots, str(tmp_path / "both"), start)) for _ in range(2)
    ]
    for process in both:
        process.start()
    for process in both:
        process.join()
    assert [process.exitcode for process in both] == [0, 0]
    assert tree(tmp_path / "both") == tree(tmp_path / "alone")
