"""The sheets of a comparison over rows that the comparison itself made."""

from __future__ import annotations

import csv
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import duckdb
import ibis
import openpyxl
import pytest

from stable_jobs.compare import changes, summary
from stable_jobs.errors import StepError
from stable_jobs.lists.changes import (
    EXACT,
    Changes,
    changes_summary,
    exact_changes,
    listed_changes,
)
from stable_jobs.publishing.files import write_tables
from stable_jobs.publishing.table import ListTable
from tests.lists.night_files import UNIT, XIAN, hostile_units, write_parquet


@pytest.fixture
def found(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> Changes:
    """A night of hostile names after one with a single unit: it goes, six appear."""
    before = [{**UNIT, "uscc": "=9161010000000000Z", "payable": Decimal("0.44")}]
    for name, rows in (("before", before), ("after", hostile_units())):
        write_parquet(con, tmp_path / f"{name}.parquet", rows, UNIT)
    backend = ibis.duckdb.from_connection(con)
    sides = (backend.read_parquet(str(tmp_path / f"{name}.parquet")) for name in ("before", "after"))
    changes(*sides).to_parquet(str(tmp_path / "rows.parquet"))
    summary(backend.read_parquet(str(tmp_path / "rows.parquet"))).to_parquet(str(tmp_path / "sums.parquet"))
    return Changes(
        name="changes",
        summary_name="summary",
        title="变化 Changes",
        rows_path=str(tmp_path / "rows.parquet"),
        summary_path=str(tmp_path / "sums.parquet"),
        rows=7,
        difference=Decimal("3703.24"),
        names={XIAN: "西安市 Xi'an"},
        remarks={},
        notes=("业务日期 business date 2020-05-11",),
    )


def written(con: duckdb.DuckDBPyConnection, table: ListTable, tmp_path: Path, most: int = 50_000) -> Path:
    """The folder that the list's files are in."""
    work = tmp_path / "comparison" / ".work" / "one"
    work.mkdir(parents=True, exist_ok=True)
    write_tables(con, [table], work, most)
    return work


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as source:
        return list(csv.DictReader(source))


def test_the_columns_are_those_of_the_comparison(con: duckdb.DuckDBPyConnection, found: Changes) -> None:
    described = con.execute(f"DESCRIBE FROM '{found.rows_path}'").fetchall()
    assert sorted(EXACT) == sorted(name for name, *_ in described)


def test_parquet_is_exact(con: duckdb.DuckDBPyConnection, found: Changes, tmp_path: Path) -> None:
    path = written(con, exact_changes(found), tmp_path) / "changes.parquet"
    columns = ", ".join(EXACT)
    same = f"SELECT {columns} FROM '{path}' EXCEPT ALL SELECT {columns} FROM '{found.rows_path}'"
    assert con.execute(f"SELECT count(*) FROM '{path}'").fetchone() == (7,)
    assert con.execute(same).fetchall() == []


def test_people_read_words_and_inert_names(
    con: duckdb.DuckDBPyConnection, found: Changes, tmp_path: Path
) -> None:
    rows = rows_of(written(con, listed_changes(found), tmp_path, most=6) / "changes.csv")
    assert [row["单位名称 Unit name"][:6] for row in rows[:3]] == ["'=HYPE", "' ＝1+1", "正常<b>&"]
    assert rows[-1]["统一社会信用代码 Credit code"] == "'=9161010000000000Z"
    assert "\u202e" not in rows[2]["单位名称 Unit name"]
    rejected = rows[3]
    assert rejected["地区 Region"] == "西安市 Xi'an"
    assert rejected["变化 Change"] == "新增 appeared"
    assert rejected["变化后认定结果 Decision after"] == "不符合 ineligible"
    assert rejected["变化后是否采用 Taken after"] == "否 no"
    assert rejected["变化后原因 Reasons after"] == (
        "裁员率高于规定上限 Layoff rate is above the cap；"
        "未申请或未签署承诺书 No application, or the commitment is not signed"
    )
    assert rejected["变化前认定结果 Decision before"] == ""


def test_a_workbook_keeps_names_as_text_and_says_what_the_yuan_are(
    con: duckdb.DuckDBPyConnection, found: Changes, tmp_path: Path
) -> None:
    sheet = openpyxl.load_workbook(written(con, listed_changes(found), tmp_path) / "changes.xlsx").active
    cells = [cell for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells if str(cell.value).startswith("=")} == {"s"}
    assert any("under the scheme that is taken" in str(cell.value) for cell in cells)


def test_a_summary_that_does_not_add_up_ends_the_step(
    con: duckdb.DuckDBPyConnection, found: Changes, tmp_path: Path
) -> None:
    with pytest.raises(StepError, match=r"summary.xlsx of comparison says 7 .* expected are 8"):
        written(con, changes_summary(replace(found, rows=8)), tmp_path)


def test_remarks_stand_beside_their_region_only(
    con: duckdb.DuckDBPyConnection, found: Changes, tmp_path: Path
) -> None:
    table = changes_summary(replace(found, remarks={XIAN: "没有 none"}))
    rows = rows_of(written(con, table, tmp_path) / "summary.csv")
    assert {row["地区代码 Region code"]: row["备注 Remark"] for row in rows} == {
        XIAN: "没有 none",
        "合计 Total": "",
    }
