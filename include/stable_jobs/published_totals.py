"""The totals that cities published for a day, printed beside a night's figures: `published_totals.csv`."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

TOTALS = Path(__file__).with_name("published_totals.csv")


@dataclass(frozen=True)
class Published:
    """A city's published totals: enterprises, refund in yuan, employees."""

    enterprises: int
    refund: Decimal
    employees: int

    @property
    def fen(self) -> int:
        """The refund in fen."""
        return int(self.refund * 100)


ANNOUNCED_ON = date(2020, 5, 11)
"""The day of the announcement that the demonstration is calibrated to."""


def published_totals(on: date = ANNOUNCED_ON) -> dict[str, Published]:
    """Region → what it published on that date; empty for a day without publications.

    Source: the report of 11 May 2020 on five cities and the nation.
    """
    text = TOTALS.read_text(encoding="utf-8-sig")
    rows = [row for row in csv.DictReader(text.splitlines()) if row["published_on"] == on.isoformat()]
    return {
        row["region_code"]: Published(
            int(row["enterprises"]), Decimal(row["refund_yuan"]), int(row["employees"])
        )
        for row in rows
    }
