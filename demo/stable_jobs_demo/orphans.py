"""Rows that match no unit, as the answer key counts them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from stable_jobs_demo.block import Block, Raw
from stable_jobs_demo.files import fen_of
from stable_jobs_demo.moment import Moment
from stable_jobs_demo.outcome import is_unit
from stable_jobs_demo.tables import TABLES

AMOUNTS = {"premium_payments": ("employer_amount", "employee_amount"), "prior_refunds": ("amount",)}
ENTERPRISE = ("enterprise_sizes", "exclusion_list", "priority_list")
"""Extracts about enterprises: a row matches wherever its enterprise, or a branch of it, is insured."""

Row = Mapping[str, Any]


def orphans(blocks: Sequence[Block], moment: Moment) -> list[dict[str, Any]]:
    """`region, extract, rows, fen` of accepted rows that match nothing; fen null where there is no amount."""
    walks = {block.city.code: _walk(block) for block in blocks}
    known = {block.city.code: set(block.uscc[is_unit(block)]) for block in blocks}
    everywhere = set[str]().union(*known.values(), *(_parents(block, walks) for block in blocks))
    rows: Counter[tuple[str, str]] = Counter()
    fen: defaultdict[tuple[str, str], int] = defaultdict(int)
    for extract, row in _rows(blocks, moment):
        region = row["region_code"]
        code = walks[region].get(row["uscc"], row["uscc"])
        if code not in (everywhere if extract in ENTERPRISE else known[region]):
            rows[region, extract] += 1
            fen[region, extract] += sum(fen_of(row[name]) for name in AMOUNTS.get(extract, ()))
    return [
        {"region": r, "extract": e, "rows": count, "fen": fen[r, e] if e in AMOUNTS else None}
        for (r, e), count in sorted(rows.items())
    ]


def _walk(block: Block) -> dict[str, str]:
    """Old number → code, where exactly one unit of the region has it."""
    pairs = [(old, code) for old, code in zip(block.registration_no, block.uscc, strict=True) if old]
    often = Counter(old for old, _ in pairs)
    return {old: code for old, code in pairs if often[old] == 1}


def _parents(block: Block, walks: Mapping[str, Mapping[str, str]]) -> set[str]:
    walk = walks[block.city.code]
    return {walk.get(code, code) for code in block.parent[is_unit(block)] if code}


def _rows(blocks: Sequence[Block], moment: Moment) -> Iterator[tuple[str, Row]]:
    """Rows of all extracts but insured_units; a row with raw text is quarantined and left out."""
    for block in blocks:
        for extract in TABLES:
            if extract != "insured_units":
                columns = TABLES[extract](block, moment)
                for values in zip(*columns.values(), strict=True):
                    yield extract, dict(zip(columns, values, strict=True))
        for extra in block.extras:
            is_bad = any(isinstance(value, Raw) for value in extra.values.values())
            if extra.extract != "insured_units" and not is_bad:
                yield extra.extract, extra.values
