"""A table that pages and sorts where its rows lie: the browser gets one page of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import Request

PAGE_SIZE = 50
LAST_PAGE = 1_000_000


@dataclass(frozen=True)
class Order:
    """How a table is cut: sorted by a column that it has, page 1 first."""

    column: str
    is_descending: bool
    page: int

    @property
    def offset(self) -> int:
        """Rows before the page."""
        return (self.page - 1) * PAGE_SIZE

    def sql(self, columns: Mapping[str, str], tie: str) -> str:
        """`ORDER BY … LIMIT … OFFSET …`. columns: name on the page → SQL; tie: SQL of a key, so that pages do
        not overlap. Only what the program wrote gets into it."""
        direction = "DESC" if self.is_descending else "ASC"
        return (
            f"ORDER BY {columns[self.column]} {direction} NULLS LAST, {tie}"
            f" LIMIT {PAGE_SIZE} OFFSET {self.offset}"
        )

    def rows_sql(self, columns: Mapping[str, str], source: str, where: str) -> str:
        """`WHERE … ORDER BY …` of the page's rows of a Parquet file, of which only those are read whole.

        source: `read_parquet_sql` of the one file; rows that sort alike stay in the file's order.
        """
        by = self.sql(columns, "file_row_number")
        return (
            f"WHERE file_row_number IN (SELECT file_row_number FROM {source} WHERE {where} {by})"  # noqa: S608 - the program's own
            f" {by.partition(' LIMIT ')[0]}"
        )


@dataclass(frozen=True)
class Grid:
    """One page of a table. `rows` are mappings; `total` counts all rows."""

    rows: Sequence[Mapping[str, Any]]
    total: int
    order: Order

    @property
    def pages(self) -> int:
        """How many there are; 1 for an empty table."""
        return max(1, -(-self.total // PAGE_SIZE))

    @property
    def first(self) -> int:
        """Number of the page's first row; 0 for an empty table."""
        return min(self.order.offset + 1, self.total)

    @property
    def last(self) -> int:
        """Number of the page's last row."""
        return min(self.order.offset + PAGE_SIZE, self.total)


def order_of(request: Request, columns: Mapping[str, str], default: str) -> Order:
    """What the address asks for (`sort=-payable&page=3`); anything it does not know is the default.

    default: a column of `columns`, with a minus in front for descending.
    """
    asked = request.query_params.get("sort", default)
    if asked.lstrip("-") not in columns or asked.startswith("--"):
        asked = default
    page = request.query_params.get("page", "1")
    number = int(page) if page.isascii() and page.isdigit() and len(page) < 9 else 1
    return Order(asked.lstrip("-"), asked.startswith("-"), min(max(number, 1), LAST_PAGE))
