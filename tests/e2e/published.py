"""Read what a night published, and what the departments sent, with libraries that wrote neither."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow.parquet as pq

from stable_jobs.contracts.load import contracts_as_of
from stable_jobs.settings import data_folder
from tests.e2e.home import BUSINESS_DATE

AMOUNT = "金额（元） Amount (yuan)"
REFUNDED = "返还金额（元） Amount (yuan)"
Row = dict[str, Any]


@dataclass(frozen=True)
class Sum:
    """What a list comes to."""

    count: int
    yuan: Decimal


def read_csv(path: Path) -> list[Row]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def read_workbook(path: Path) -> list[Row]:
    """The rows below the header, which is the first row with more than one filled cell."""
    book = openpyxl.load_workbook(path, read_only=True)
    rows = [row for row in book.active.iter_rows(values_only=True) if any(row)]
    book.close()
    start = next(n for n, row in enumerate(rows) if sum(cell is not None for cell in row) > 1)
    return [dict(zip(rows[start], row, strict=False)) for row in rows[start + 1 :]]


def read_parquet(path: Path) -> list[Row]:
    rows: list[Row] = pq.read_table(path).to_pylist()
    return rows


def listed(rows: list[Row], column: str) -> Sum:
    return Sum(len(rows), sum((_yuan(row[column]) for row in rows), Decimal()))


def applied_for(rows: list[Row]) -> Sum:
    """The application's total line, which the lines above it must come to."""
    *groups, total = rows
    said = Sum(int(total["单位数 Units"]), _yuan(total[AMOUNT]))
    added = Sum(
        sum(int(row["单位数 Units"]) for row in groups), sum((_yuan(r[AMOUNT]) for r in groups), Decimal())
    )
    assert said == added
    return said


def taken(rows: list[Row]) -> Sum:
    """Of the eligibility table: what is to be paid."""
    paid = [r for r in rows if str(r["is_taken"]).lower() == "true" and r["payable"] and _yuan(r["payable"])]
    return listed(paid, "payable")


def _yuan(value: object) -> Decimal:
    """Of a workbook's number too: it is written with two places and read as a binary fraction."""
    return Decimal(str(value)).quantize(Decimal("0.01"))


def sums(folder: Path) -> dict[str, Sum]:
    """What every file of a region's folder comes to, by the file itself."""
    return {
        "notice.csv": listed(read_csv(folder / "notice.csv"), REFUNDED),
        "notice.xlsx": listed(read_workbook(folder / "notice.xlsx"), REFUNDED),
        "disbursement_detail.csv": listed(read_csv(folder / "disbursement_detail.csv"), AMOUNT),
        "disbursement_detail.xlsx": listed(read_workbook(folder / "disbursement_detail.xlsx"), AMOUNT),
        "disbursement_application.csv": applied_for(read_csv(folder / "disbursement_application.csv")),
        "disbursement_application.xlsx": applied_for(read_workbook(folder / "disbursement_application.xlsx")),
        "eligibility.csv": taken(read_csv(folder / "eligibility.csv")),
        "eligibility.parquet": taken(read_parquet(folder / "eligibility.parquet")),
    }


def manifest(folder: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return loaded


def regions(out: Path) -> list[Path]:
    return sorted(out.glob("[0-9]*"))


def decided(out: Path) -> list[Path]:
    """The folders of the regions that are not held."""
    return [folder for folder in regions(out) if not manifest(folder)["is_held"]]


def delivered(landing: Path, extract: str, day: str = BUSINESS_DATE) -> Iterator[Row]:
    """Every row that departments sent of one extract, by Chinese header, in files that can be read."""
    contract = contracts_as_of(data_folder("contracts"), date.fromisoformat(day))[extract]
    for path in sorted((landing / contract.department / extract / day).iterdir()):
        if path.suffix == ".csv":
            text = path.read_bytes().decode(contract.encoding, "replace")
            yield from csv.DictReader(io.StringIO(text.rstrip("\0"), newline=""))
        elif path.suffix == ".xlsx" and zipfile.is_zipfile(path):
            yield from read_workbook(path)


def texts(path: Path) -> Iterator[str]:
    """All that a person or a program can read in a file: of workbooks every part, of Parquet every value."""
    if path.suffix == ".xlsx":
        with zipfile.ZipFile(path) as book:
            yield from (book.read(name).decode("utf-8", "replace") for name in book.namelist())
    elif path.suffix == ".parquet":
        yield from (str(column.to_pylist()) for column in pq.read_table(path).columns)
    else:
        yield path.read_text(encoding="utf-8")


def digit_runs(text: str) -> set[str]:
    """Every run of ten or more digits."""
    return set(re.findall(r"\d{10,}", text))
