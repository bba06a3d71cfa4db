"""Deliveries read back with other libraries than those that wrote them."""

from __future__ import annotations

import csv
from pathlib import Path

from openpyxl import load_workbook

from stable_jobs.contracts.model import Contract


def read_delivery(path: Path, contract: Contract) -> tuple[list[str], list[list[str]]]:
    """Headers and rows as text."""
    if path.suffix == ".xlsx":
        book = load_workbook(path, read_only=True)
        lines = [
            ["" if cell is None else str(cell) for cell in row]
            for row in book.active.iter_rows(values_only=True)
        ]
        book.close()
    else:
        with path.open(encoding=contract.encoding, newline="") as file:
            lines = list(csv.reader(file, strict=True))
    return lines[0], lines[1:]
