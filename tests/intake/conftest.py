"""A department that drops files, and a contract of our own with one column of every kind."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from hashlib import sha256
from io import BytesIO
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

import duckdb
import pytest
from sqlalchemy import URL, Engine, create_engine
from sqlalchemy.pool import NullPool

from stable_jobs.contracts.model import Column, Contract, Kind
from stable_jobs.errors import Problem
from stable_jobs.intake.connectors import DroppedFiles
from stable_jobs.intake.landing import CollectResult, collect_department
from stable_jobs.intake.staging import StageResult, stage_delivery, stage_department
from stable_jobs.settings import Settings
from stable_jobs.store.catalog import Delivery
from stable_jobs.store.database import init_database
from stable_jobs.store.engine import connect
from stable_jobs.store.lake import Lake

D = date(2020, 5, 11)
REGION = "610100"
SLOT = {"department": "tax", "extract": "payments", "region_code": REGION}

COLUMNS = (
    Column("uscc", "统一社会信用代码", Kind.CODE, True, "", ""),
    Column("unit_name", "单位名称", Kind.TEXT, True, "", ""),
    Column("account_no", "账号", Kind.CODE, False, "", "", is_sensitive=True),
    Column("amount", "金额", Kind.MONEY, True, "", ""),
    Column("heads", "人数", Kind.INTEGER, True, "", ""),
    Column("paid_date", "入库日期", Kind.DATE, True, "", ""),
    Column("removed_on", "移出日期", Kind.OPEN_DATE, False, "", ""),
    Column("submitted_at", "受理时间", Kind.TIMESTAMP, True, "", ""),
    Column("fee_month", "费款所属期", Kind.MONTH, True, "", ""),
    Column("is_signed", "是否签署", Kind.BOOLEAN, True, "", "", {"是": "true", "否": "false"}),
    Column("status", "缴费类型", Kind.ENUM, True, "", "", {"正常": "regular", "补缴": "back_payment"}),
)
HEADERS = tuple(c.header for c in COLUMNS)
GOOD = {
    "uscc": "91110000600037341L",
    "unit_name": "西安（示例）有限公司",
    "account_no": "6222021234567890123",
    "amount": "1234.50",
    "heads": "12",
    "paid_date": "2020-05-11",
    "removed_on": "2020-06-01",
    "submitted_at": "2020-05-11 08:30:00",
    "fee_month": "202004",
    "is_signed": "是",
    "status": "正常",
}
STAGED = {
    "uscc": "91110000600037341L",
    "unit_name": "西安（示例）有限公司",
    "account_no": "6222021234567890123",
    "amount": Decimal("1234.50"),
    "heads": 12,
    "paid_date": date(2020, 5, 11),
}
"""What the first columns of GOOD are staged as."""

CONTRACT = Contract(
    department="tax",
    extract="payments",
    version="1.0.0",
    effective_from=date(2019, 1, 1),
    title_zh="缴费",
    title_en="Payments",
    columns=COLUMNS,
    key=("uscc",),
    encoding="gb18030",
    formats=("csv", "xlsx"),
    null_words=("", "NULL", "无", "暂无"),
    max_bytes=200_000,
    rows_required=True,
    control_total=("amount",),
    absence="unknown",
    row_region="own",
    subject="unit",
    due_hours=20,
    oldest_days=7,
    tolerance=Decimal("0.05"),
    rules=(),
    fingerprint="0" * 64,
)


def row(**changed: str) -> list[str]:
    """A good row as text, with some fields changed."""
    return list({**GOOD, **changed}.values())


def lines(*rows: list[str], header: tuple[str, ...] = HEADERS, end: str = "\n") -> str:
    """A header and rows as CSV text; fields are written as they are."""
    return "".join(",".join(fields) + end for fields in (list(header), *rows))


def csv_bytes(*rows: list[str], encoding: str = "gb18030", **how: Any) -> bytes:
    """The same, encoded."""
    return lines(*rows, **how).encode(encoding)


def workbook(*sheets: list[list[Any]], **options: Any) -> bytes:
    """An XLSX of sheets of rows; `datetime` cells get a date format."""
    import xlsxwriter

    out = BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "default_date_format": "yyyy-mm-dd hh:mm", **options})
    for rows in sheets:
        sheet = book.add_worksheet()
        for number, cells in enumerate(rows):
            for place, cell in enumerate(cells):
                sheet.write(number, place, cell)
    book.close()
    return out.getvalue()


@dataclass(frozen=True)
class Desk:
    """A landing folder, a lake, a catalog and an engine: the whole of intake on a small table."""

    landing: Path
    lake: Lake
    engine: Engine
    con: duckdb.DuckDBPyConnection
    on: date
    """A business date of the test's own: the catalog is shared by the tests of this folder."""
    contract: Contract = CONTRACT

    def under(self, **terms: Any) -> Desk:
        """The same desk under a changed contract."""
        return replace(self, contract=replace(self.contract, **terms))

    @property
    def folder(self) -> Path:
        folder = self.landing / self.contract.department / self.contract.extract / self.on.isoformat()
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def drop(self, content: bytes, name: str = f"{REGION}.csv", **manifest: Any) -> Path:
        """A file and its manifest; keywords change the manifest, a value of `...` leaves the field out."""
        path = self.folder / name
        path.write_bytes(content)
        self.drop_manifest(path, **manifest)
        return path

    def drop_manifest(self, path: Path, **changed: Any) -> None:
        fields = {**SLOT, "business_date": self.on.isoformat(), "rows": 1, "control_total": "1234.50"}
        fields |= {"sha256": sha256(path.read_bytes()).hexdigest(), "sent_at": "2020-05-11T08:00:00+08:00"}
        fields |= {"region_code": path.name[:6]} | changed
        kept = {name: value for name, value in fields.items() if value is not ...}
        self.manifest_of(path).write_text(json.dumps(kept), encoding="utf-8")

    def manifest_of(self, path: Path) -> Path:
        return path.with_name(path.name.rsplit(".", 1)[0] + ".manifest.json")

    def collect(self) -> CollectResult:
        connector = DroppedFiles(self.landing)
        return collect_department(self.engine, self.lake, connector, self.contracts, self.on)

    def stage(self) -> StageResult:
        return stage_department(self.engine, self.con, self.lake, self.contracts, self.on)

    def run(self) -> tuple[list[Problem], list[Delivery]]:
        """Both steps: every problem, and what was staged."""
        problems = self.collect().problems
        staged = self.stage()
        return [*problems, *staged.problems], list(staged.staged)

    @property
    def contracts(self) -> Mapping[str, Contract]:
        return {self.contract.extract: self.contract}


@pytest.fixture
def con(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """An engine of the test's own."""
    with connect(settings) as connection:
        yield connection


@pytest.fixture
def lake(settings: Settings) -> Lake:
    """A lake of the test's own."""
    return Lake(settings.lake_url)


@pytest.fixture(scope="session")
def catalog_engine(postgres_url: URL) -> Iterator[Engine]:
    """One migrated database for the tests of this folder."""
    engine = create_engine(init_database(postgres_url, name=f"intake_{uuid4().hex}"), poolclass=NullPool)
    yield engine
    engine.dispose()


DATES = (D + timedelta(days=n) for n in count())


@pytest.fixture
def desk(tmp_path: Path, lake: Lake, catalog_engine: Engine, con: duckdb.DuckDBPyConnection) -> Desk:
    """A desk with an empty landing folder and an empty day in the catalog, under a contract of its own: the
    same bytes under the same contract are read once for all dates."""
    own = replace(CONTRACT, fingerprint=uuid4().hex * 2)
    return Desk(tmp_path / "landing", lake, catalog_engine, con, next(DATES), own)


@dataclass(frozen=True)
class Bench:
    """Stages bytes without a catalog: what is written, as rows."""

    lake: Lake
    con: duckdb.DuckDBPyConnection
    folder: Path

    def delivery(self, content: bytes, file_format: str = "csv", **changed: Any) -> Delivery:
        source = self.folder / "sent"
        source.write_bytes(content)
        values = {**SLOT, "id": 7, "business_date": D, "sequence": 1, "file_name": "sent"}
        values |= {"file_format": file_format, "sha256": self.lake.put_landing(source)}
        values |= {"size_bytes": len(content), "rows": None, "control_total": None, "status": "landed"}
        return Delivery(**{**values, "problem": None, "staged_snapshot_id": None, **changed})

    def stage(self, content: bytes, contract: Contract = CONTRACT, **changed: Any) -> list[dict[str, Any]]:
        """The staged rows, in file order."""
        staged = stage_delivery(self.con, self.lake, contract, self.delivery(content, **changed))
        found = self.con.execute(
            f"SELECT * FROM read_parquet('{self.lake.path(staged.name)}') ORDER BY row_no"
        )
        names = [d[0] for d in found.description or ()]
        return [dict(zip(names, values, strict=True)) for values in found.fetchall()]


@pytest.fixture
def bench(lake: Lake, con: duckdb.DuckDBPyConnection, tmp_path: Path) -> Bench:
    """A bench on the test's own lake and engine."""
    return Bench(lake, con, tmp_path)
