"""A world of the policy's tests as files that departments drop."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from stable_jobs.contracts.load import contracts_as_of
from stable_jobs.contracts.model import Contract, Kind
from stable_jobs.settings import data_folder
from tests.policy.builder import World


def drop(landing: Path, world: World, day: date) -> None:
    """Every extract of every slot, each with its manifest, as the departments send it on that date."""
    for extract, contract in contracts_as_of(data_folder("contracts"), day).items():
        folder = landing / contract.department / extract / day.isoformat()
        folder.mkdir(parents=True)
        for slot in world.slots:
            rows = world.rows.get((extract, slot), [])
            content = written(contract, rows)
            manifest: dict[str, Any] = {
                "department": contract.department,
                "extract": extract,
                "business_date": day.isoformat(),
                "region_code": slot,
                "rows": len(rows),
                "sha256": hashlib.sha256(content).hexdigest(),
                "sent_at": f"{day}T00:10:00+08:00",
            }
            if contract.control_total:
                amounts = (row[name] for row in rows for name in contract.control_total)
                manifest["control_total"] = str(sum(amounts, Decimal("0.00")))
            (folder / f"{slot}.csv").write_bytes(content)
            (folder / f"{slot}.manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


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
