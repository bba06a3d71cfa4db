"""The answer key, `expected.json`: what the night must say of every unit."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from stable_jobs_demo.block import Block
from stable_jobs_demo.events import EVENTS
from stable_jobs_demo.outcome import Scheme, Settled, decision_of, is_unit, reasons_of, settle
from stable_jobs_demo.traps.every import TRAPS

Json = dict[str, Any]


@dataclass(frozen=True)
class Total:
    """The sums over a region's taken rows. fen: payable, where it can be known."""

    region: str
    units: int
    enterprises: int
    employees: int
    fen: int


def yuan(fen: int) -> str | None:
    """`123456` → `1234.56`; a negative number is an amount that cannot be known."""
    return None if fen < 0 else f"{fen // 100}.{fen % 100:02d}"


def name_of(number: int) -> str:
    """The trap's name; `ordinary` without one."""
    return "ordinary" if number < 0 else TRAPS[number].name


def totals(blocks: Sequence[Block], year: int) -> list[Total]:
    """One line a region."""
    settled = [(block, settle(block, year)) for block in blocks]
    return [
        Total(block.city.code, int(is_unit(block).sum()), s.enterprises, s.employees, s.fen)
        for block, s in settled
    ]


def write_key(path: Path, blocks: Sequence[Block], year: int, head: Json) -> None:
    """One unit a line, so that two keys can be compared with a text tool."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as file:
        opening = json.dumps(head, ensure_ascii=False, indent=1)
        file.write(opening.removesuffix("\n}") + ',\n "units": [\n')
        lines = (json.dumps(unit, ensure_ascii=False) for block in blocks for unit in units_of(block, year))
        file.write(",\n".join(lines))
        file.write("\n ]\n}\n")


def units_of(block: Block, year: int) -> Iterator[Json]:
    """Every unit that has a decision: region, code, trap, what befell it since the first night, and a row
    for each of its schemes."""
    settled = settle(block, year)
    for unit in np.flatnonzero(settled.general.has_row).tolist():
        yield {
            "region": block.city.code,
            "uscc": str(block.uscc[unit]),
            "trap": name_of(int(block.trap[unit])),
            **_event_of(block, unit),
            "schemes": {s.name: _row(block, unit, s) for s in _schemes(settled) if s.has_row[unit]},
        }


def _event_of(block: Block, unit: int) -> Json:
    number = int(block.event[unit])
    return {} if number < 0 else {"event": EVENTS[number].name}


def _schemes(settled: Settled) -> tuple[Scheme, Scheme]:
    return settled.general, settled.difficult


def _row(block: Block, unit: int, scheme: Scheme) -> Json:
    reasons = reasons_of(block, unit, scheme.name)
    decision = decision_of(reasons)
    fen = int(scheme.fen[unit])
    already = int(block.already_paid[unit]) if block.knows_already[unit] else -1
    return {
        "decision": decision,
        "reasons": list(reasons),
        "entitlement": yuan(fen),
        "already_paid": yuan(already),
        "payable": _payable(decision, fen, already),
        "is_taken": bool(scheme.is_taken[unit]),
    }


def _payable(decision: str, fen: int, already: int) -> str | None:
    if decision == "ineligible":
        return "0.00"
    if decision == "undecided" or fen < 0 or already < 0:
        return None
    return yuan(max(0, fen - already))


def quarantined_units(blocks: Sequence[Block]) -> list[Json]:
    """Units whose own row is quarantined: they have no decision."""
    return [
        {"region": block.city.code, "uscc": str(block.uscc[unit]), "trap": name_of(int(block.trap[unit]))}
        for block in blocks
        for unit in np.flatnonzero(~is_unit(block)).tolist()
    ]
