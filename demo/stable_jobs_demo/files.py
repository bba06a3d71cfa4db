"""Blocks of units → the files of a night: which rows go to which slot, as what, in which order."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from stable_jobs.contracts.model import Contract
from stable_jobs_demo.block import Block, Extra, Raw
from stable_jobs_demo.deliver import CsvFile, Slot, write_workbook
from stable_jobs_demo.moment import Moment
from stable_jobs_demo.render import Spelling, render_extras, render_rows
from stable_jobs_demo.tables import TABLES, Rows

if TYPE_CHECKING:
    import pyarrow as pa

Array = npt.NDArray[Any]
Progress = Callable[[str], None]

WORKBOOKS = {
    ("payee_accounts", "220400"),
    ("prior_refunds", "360100"),
    ("fund_balances", "610100"),
    ("enterprise_sizes", "230200"),
    ("priority_list", "220400"),
    ("prior_refunds", "610122"),
}
"""Deliveries that come as XLSX."""
SENT_TWICE = {("taxpayers", "230200"), ("payee_accounts", "620100")}
"""Deliveries whose first file was wrong; the second replaces it."""
ONLY_FOR_ALL = frozenset({"exclusion_list"})
"""Extracts that come as one file for all regions."""
_AMOUNT = re.compile(r"-?\d+(\.\d{1,2})?")


@dataclass(frozen=True)
class Office:
    """Everything that the departments' clerks need to write a night's files."""

    landing: Path
    contracts: Mapping[str, Contract]
    moment: Moment
    seed: int
    progress: Progress

    def slot(self, extract: str, region: str, sequence: int = 1) -> Slot:
        """A delivery's place."""
        return Slot(self.landing, self.contracts[extract], self.moment.on, region, sequence)

    def rng(self, extract: str, region: str) -> np.random.Generator:
        """A generator of its own for each file."""
        place = sorted(self.contracts).index(extract)
        return np.random.default_rng(np.random.SeedSequence([self.seed, int(region), 1_000 + place]))


def write_blocks(
    office: Office,
    blocks: Sequence[Block],
    others: Iterable[tuple[str, Extra]],
    only_for_all: frozenset[str] = ONLY_FOR_ALL,
) -> int:
    """Every extract of every region; `others` are rows about regions, with their slot. The number of rows."""
    extras: dict[tuple[str, str], list[Extra]] = {}
    for region, extra in _extras(blocks, others):
        extras.setdefault((extra.extract, region), []).append(extra)
    written = 0
    for extract in office.contracts:
        for region, block in _slots(blocks, extract in only_for_all):
            written += _write(office, extract, region, block, extras.pop((extract, region), []))
        office.progress(extract)
    if extras:
        raise ValueError(f"rows without a file: {sorted(extras)}")
    return written


def _extras(blocks: Sequence[Block], others: Iterable[tuple[str, Extra]]) -> Iterable[tuple[str, Extra]]:
    for block in blocks:
        for extra in block.extras:
            yield extra.slot or block.city.code, extra
    yield from others


def _slots(blocks: Sequence[Block], is_for_all: bool) -> Iterable[tuple[str, Block | None]]:
    if is_for_all:
        return [("000000", None)]
    return [(block.city.code, block) for block in blocks]


def _write(office: Office, extract: str, region: str, block: Block | None, extras: list[Extra]) -> int:
    rng, contract = office.rng(extract, region), office.contracts[extract]
    make = TABLES.get(extract)
    rows = None if block is None or make is None else make(block, office.moment)
    columns = _columns(contract, rows, extras, rng)
    total = control_total(contract, rows, extras)
    if (extract, region) in SENT_TWICE:
        half = [column.slice(0, len(column) // 2) for column in columns]
        _send(office.slot(extract, region), half, total, is_workbook=False)
    slot = office.slot(extract, region, 2 if (extract, region) in SENT_TWICE else 1)
    _send(slot, columns, total, is_workbook=(extract, region) in WORKBOOKS)
    return len(columns[0])


def _send(slot: Slot, columns: list[pa.Array[Any]], total: int, *, is_workbook: bool) -> None:
    if is_workbook:
        write_workbook(slot, columns, total)
    else:
        with CsvFile(slot) as file:
            file.add(columns, total)


def _columns(
    contract: Contract, rows: Rows | None, extras: Sequence[Extra], rng: np.random.Generator
) -> list[pa.Array[Any]]:
    """Regular and extra rows as text, shuffled."""
    import pyarrow as pa

    spelling = Spelling(contract.null_words, rng)
    parts = [render_extras([extra.values for extra in extras], contract, spelling)]
    if rows is not None:
        parts.append(render_rows(rows, contract, spelling))
    columns = [pa.concat_arrays(pieces) for pieces in zip(*parts, strict=True)]
    order = pa.array(rng.permutation(len(columns[0])))
    return [column.take(order) for column in columns]


def control_total(contract: Contract, rows: Rows | None, extras: Sequence[Extra]) -> int:
    """The control total in fen; what is no amount adds nothing, as in the sender's own sum."""
    regular = 0 if rows is None else sum(int(rows[name].sum()) for name in contract.control_total)
    return regular + sum(fen_of(extra.values[name]) for extra in extras for name in contract.control_total)


def fen_of(value: Any) -> int:
    """An extra row's amount in fen: whole fen, or raw text in yuan if that is a number."""
    if not isinstance(value, Raw):
        return int(value)
    return int(Decimal(value) * 100) if _AMOUNT.fullmatch(value) else 0
