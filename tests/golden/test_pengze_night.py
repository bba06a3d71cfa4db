"""The published rows of Pengze once more, as files that departments drop and by the real command line."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from stable_jobs.contracts.load import contracts_as_of
from stable_jobs.contracts.model import Contract, Kind
from stable_jobs.settings import data_folder
from tests.e2e.home import new_home
from tests.golden.test_pengze import NIGHT, NOTICE, PENGZE, pengze

pytestmark = pytest.mark.xdist_group("night")
DAY = NIGHT.isoformat()


def written(contract: Contract, rows: list[dict[str, Any]]) -> bytes:
    """The rows as the department's file: its headers, labels and encoding."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(column.header for column in contract.columns)
    for row in rows:
        writer.writerow(_text(contract, name, row.get(name)) for name in _names(contract))
    return text.getvalue().encode(contract.encoding)


def _names(contract: Contract) -> list[str]:
    return [column.name for column in contract.columns]


def _text(contract: Contract, name: str, value: Any) -> str:
    column = contract.column(name)
    if value is None:
        return ""
    if column.kind is Kind.BOOLEAN:
        return "是" if value else "否"
    if isinstance(value, datetime):
        return value.isoformat(" ")
    return {value: label for label, value in column.labels.items()}.get(value, str(value))


def drop(landing: Path, contract: Contract, rows: list[dict[str, Any]]) -> None:
    """A file and its manifest in the landing folder."""
    folder = landing / contract.department / contract.extract / DAY
    folder.mkdir(parents=True)
    content = written(contract, rows)
    manifest = {
        "department": contract.department,
        "extract": contract.extract,
        "business_date": DAY,
        "region_code": PENGZE,
        "rows": len(rows),
        "sha256": hashlib.sha256(content).hexdigest(),
        "sent_at": f"{DAY}T00:10:00+08:00",
    }
    if contract.control_total:
        manifest["control_total"] = str(sum(row[name] for row in rows for name in contract.control_total))
    (folder / f"{PENGZE}.csv").write_bytes(content)
    (folder / f"{PENGZE}.manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


def test_the_notice_is_the_published_one() -> None:
    world = pengze()
    with new_home() as home:
        for contract in contracts_as_of(data_folder("contracts"), NIGHT).values():
            drop(home.path / "landing", contract, world.rows.get((contract.extract, PENGZE), []))
        done = home.run("night", "--date", DAY)
        assert done.returncode == 0, done.stderr
        notice = home.path / "out" / DAY / PENGZE / "notice.csv"
        with notice.open(encoding="utf-8-sig", newline="") as file:
            found = [tuple(row) for row in csv.reader(file)][1:]

    published = {(row["企业名称"], row["月均缴费人数"], row["实际返还(元)"]) for row in NOTICE}
    assert {(row[0], row[1], row[5]) for row in found} == published
    assert len(found) == len(NOTICE)
