"""The days and months that a night's extracts are about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

HEAD_MONTHS = 14
"""December Y-2, twelve months of Y-1, the newest closed month."""
LAST = 12
"""Place of December Y-1 among them."""


@dataclass(frozen=True)
class Moment:
    """The business date and what follows from it; Y is its year."""

    on: date

    @property
    def year(self) -> int:
        """The policy year Y."""
        return self.on.year

    @property
    def head_months(self) -> Array:
        """YYYYMM of the headcount months, in order."""
        last_year = [(self.year - 1) * 100 + month for month in range(1, 13)]
        return np.array([(self.year - 2) * 100 + 12, *last_year, self.year * 100 + self.on.month - 1])

    @property
    def fee_months(self) -> Array:
        """YYYYMM of Y-1's twelve fee months."""
        return self.head_months[1:13]

    @property
    def recovering_since(self) -> date:
        """The day on which the recovering list of the year begins."""
        return date(self.year, 2, 1)

    def day(self, offset: int = 0) -> date:
        """The business date plus so many days."""
        return date.fromordinal(self.on.toordinal() + offset)

    def days(self, offsets: Array) -> Array:
        """The same for many offsets at once: datetime64[D]."""
        return np.datetime64(self.on, "D") + offsets.astype("timedelta64[D]")

    def at(self, offset: int, hour: int = 10, minute: int = 0, second: int = 0) -> datetime:
        """An instant on the business date plus so many days, Shanghai wall clock."""
        return datetime.combine(self.day(offset), time(hour, minute, second))
