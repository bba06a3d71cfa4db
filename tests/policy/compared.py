"""A hostile landing decided twice, by the set-based decision and by the oracle, and laid side by side."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.policy import hostile
from tests.policy.engines import decided_by_engines
from tests.policy.oracle import Books
from tests.policy.oracle_tests import COMPARED
from tests.policy.oracle_tests import decide as decided_by_oracle


@dataclass
class Compared:
    """What a comparison came to. `differences`: kind → how many; `first`: one of each kind."""

    units: int = 0
    rows: int = 0
    decisions: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    differences: Counter[str] = field(default_factory=Counter)
    first: dict[str, Any] = field(default_factory=dict)
    taken: Counter[str] = field(default_factory=Counter)

    def add(self, key: tuple[str, str, str], row: dict[str, Any] | None, want: dict[str, Any] | None) -> None:
        """One row of both."""
        if row is None or want is None:
            self._differs("row", key, row is not None, want is not None)
            return
        self.rows += 1
        self.units += key[2] == "general"
        self.decisions[row["decision"]] += 1
        self.reasons.update(filter(None, row["reasons"].split(";")))
        self.taken[key[2]] += row["is_taken"]
        for name in COMPARED:
            if row[name] != want[name]:
                kind = name
                if name == "reasons":
                    kind = " ".join(sorted(set(row[name].split(";")) ^ set(want[name].split(";"))))
                self._differs(kind, key, row[name], want[name])

    def _differs(self, kind: str, key: tuple[str, str, str], found: Any, expected: Any) -> None:
        self.differences[kind] += 1
        self.first.setdefault(kind, (key, found, expected))


def compare(world: hostile.Landing, folder: Path, into: Compared) -> Books:
    """Decide a landing twice and add what differs."""
    inputs = hostile.write(world, folder)
    assert world.policies is not None
    rows = decided_by_engines(inputs, world.policies, world.on, folder)["eligibility"]
    books = Books(world, world.policies, world.on)
    expected = decided_by_oracle(books)
    got = {(r["region_code"], r["uscc"], r["scheme"]): r for r in rows}
    for key in got.keys() | expected.keys():
        into.add(key, got.get(key), expected.get(key))
    return books
