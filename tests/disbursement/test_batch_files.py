"""All files of a batch: golden bytes, one count and total everywhere, what a broken writer leaves."""

from __future__ import annotations

import csv
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest

from stable_jobs.bank import payment_files
from stable_jobs.bank.banks import BankProfile
from stable_jobs.bank.batch import Batch
from stable_jobs.disbursement.batch_files import write_batch_files
from stable_jobs.errors import StepError
from stable_jobs.publishing.folders import check_name
from stable_jobs.publishing.table import DEMONSTRATION, Sum
from tests.bank.batch_lines import HASH, bank, batch, hostile_lines, line, work_folder
from tests.lists.test_lists import comparable, rows_of
from tests.publishing.test_publish import tree

GOLDEN = Path(__file__).parents[1] / "golden" / "batch"
FILES = {
    "disbursement_application.csv",
    "disbursement_application.xlsx",
    "disbursement_detail.csv",
    "disbursement_detail.xlsx",
    "payment.001.xml",
    "payment.002.xml",
    "payment.003.xml",
    "bank.csv",
}
TOTAL = Sum(7, Decimal("28000.70"))


def write(
    con: duckdb.DuckDBPyConnection, made: Batch, work: Path, profile: BankProfile, rows: int = 100
) -> dict[str, Sum]:
    return write_batch_files(con, made.source, made.head, profile, work, rows)


def hostile(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> Batch:
    return batch(con, tmp_path / "lines.parquet", hostile_lines())


def test_golden_files(con: duckdb.DuckDBPyConnection, tmp_path: Path, is_regen: bool) -> None:
    """What money moves by is written once: `--regen` leaves a payment file alone that stands there."""
    work = work_folder(tmp_path)
    write(con, hostile(con, tmp_path), work, bank(transactions_per_file=3))
    found = {
        name.replace(".xlsx", ".xlsx.xml"): golden
        for name, content in tree(work).items()
        if (golden := comparable(name, content, work / name)) is not None
    }
    for name, golden in found.items() if is_regen else ():
        if not (GOLDEN / name).exists() or name.startswith("disbursement_"):
            (GOLDEN / name).write_bytes(golden)
    assert found == tree(GOLDEN)


def test_one_count_and_total(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    work = work_folder(tmp_path)
    said = write(con, hostile(con, tmp_path), work, bank(transactions_per_file=3))
    assert (set(said), set(tree(work))) == (FILES, FILES)
    messages = {name: found for name, found in said.items() if name.startswith("payment.")}
    assert {found for name, found in said.items() if name not in messages} == {TOTAL}
    assert [found.count for found in messages.values()] == [3, 3, 1]
    assert sum(found.total or 0 for found in messages.values()) == TOTAL.total
    for name in said:
        check_name(name)


@pytest.mark.parametrize(
    ("rows", "has_workbook"),
    [pytest.param(7, True, id="as many as fit"), pytest.param(6, False, id="one too many")],
)
def test_a_long_detail_is_csv_only(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, rows: int, has_workbook: bool
) -> None:
    said = write(con, hostile(con, tmp_path), work_folder(tmp_path), bank(), rows)
    assert ("disbursement_detail.xlsx" in said) is has_workbook
    assert "disbursement_application.xlsx" in said


def test_the_application_says_what_was_approved_by_whom(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    work = work_folder(tmp_path)
    write(con, hostile(con, tmp_path), work, bank(demo=False))
    header, *groups, total = rows_of(work / "disbursement_application.csv")
    assert len(groups) == 3
    assert total[:6] == ["合计 Total", "", "7", "120", "28000.70", "贰万捌仟元柒角"]
    for row in (*groups, total):
        assert row[6:9] == ["610100-20200519-L1-1", HASH, "第1级 level 1: =王芳"]
    sheet = openpyxl.load_workbook(work / "disbursement_application.xlsx").active
    head = [sheet.cell(row, 1).value for row in range(1, 8)]
    assert head == [
        "失业保险稳岗返还拨付申请表 Disbursement application",
        "西安市 Xi'an 610100 · 业务日期 business date 2020-05-19",
        "批次 batch 610100-20200519-L1-1",
        f"批次摘要 hash {HASH}",
        "审批 approved by 第1级 level 1: =王芳",
        "已批准，银行尚未答复 approved, not yet answered by the bank",
        "合计 total ￥28,000.70 · 人民币（大写）贰万捌仟元柒角",
    ]
    assert len(header) == 10


@pytest.mark.parametrize(
    ("is_demo_head", "is_demo_bank", "expected"),
    [(False, False, False), (True, False, True), (False, True, True)],
    ids=["real", "demonstration parameters", "demonstration bank"],
)
def test_a_demonstration_says_so(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, is_demo_head: bool, is_demo_bank: bool, expected: bool
) -> None:
    work = work_folder(tmp_path)
    made = batch(con, tmp_path / "lines.parquet", [line(1)], is_demo=is_demo_head)
    write(con, made, work, bank(demo=is_demo_bank))
    for name in ("disbursement_application", "disbursement_detail"):
        cells = rows_of(work / f"{name}.csv")[1]
        assert (DEMONSTRATION in cells[-1]) is expected
        sheet = openpyxl.load_workbook(work / f"{name}.xlsx").active
        assert any(DEMONSTRATION in str(sheet.cell(row, 1).value) for row in range(1, 8)) is expected


def test_the_detail_is_in_the_batchs_order(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    work = work_folder(tmp_path)
    made = batch(con, tmp_path / "lines.parquet", hostile_lines()[::-1])
    write(con, made, work, bank())
    with (work / "disbursement_detail.csv").open(encoding="utf-8-sig", newline="") as source:
        rows = list(csv.DictReader(source))
    assert [row["序号 Line"] for row in rows] == [str(n) for n in range(1, 8)]
    assert rows[-1]["支付编号 End-to-end id"] == "20-610100-91610100MA6T000007-01-02"
    assert (rows[-1]["次数 Attempt"], rows[-1]["账户来源 Account source"]) == (
        "2",
        "人工更正 corrected by people",
    )
    assert rows[1]["开户行 Bank"] == "'=1+1"


def drop_a_line(path: Path) -> None:
    rows = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(row for row in rows if b"MA6T000002" not in row))


@pytest.mark.parametrize(
    ("writer", "name"),
    [
        pytest.param("write_pain001", "payment.001.xml", id="message"),
        pytest.param("write_bank_csv", "bank.csv", id="bank"),
    ],
)
def test_a_writer_that_loses_a_line_stops_everything(
    con: duckdb.DuckDBPyConnection,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    writer: str,
    name: str,
) -> None:
    write_rightly: Callable[..., None] = getattr(payment_files, writer)

    def lose(*arguments: Any) -> None:
        write_rightly(*arguments)
        drop_a_line(arguments[-1])

    monkeypatch.setattr(payment_files, writer, lose)
    with pytest.raises(StepError, match=rf"{name} of 610100 says .* nothing was published"):
        write(con, hostile(con, tmp_path), work_folder(tmp_path), bank())


def test_nothing_is_written_for_a_bad_line(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    work = work_folder(tmp_path)
    made = batch(con, tmp_path / "lines.parquet", [line(1, account_no=None)])
    with pytest.raises(StepError, match="line 1"):
        write(con, made, work, bank())
    assert tree(work) == {}


def test_twice_the_same_bytes(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    made = batch(con, tmp_path / "lines.parquet", [line(n) for n in range(1, 3_000)])
    folders = [work_folder(tmp_path / name) for name in ("one", "two")]
    for folder in folders:
        write(con, made, folder, bank(transactions_per_file=1_000), 5_000)
    assert tree(folders[0]) == tree(folders[1])
