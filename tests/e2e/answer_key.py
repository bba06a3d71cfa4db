"""Hold a night's eligibility against the demonstration's answer key."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

COLUMNS = ("decision", "reasons", "entitlement", "already_paid", "payable", "is_taken")
Key = tuple[str, str, str]


def expected_rows(key: dict[str, Any]) -> dict[Key, tuple[Any, ...]]:
    """(region, uscc, scheme) → the answers, in the order of COLUMNS."""
    return {
        (unit["region"], unit["uscc"], scheme): (
            row["decision"],
            ";".join(row["reasons"]),
            *(_yuan(row[name]) for name in ("entitlement", "already_paid", "payable")),
            row["is_taken"],
        )
        for unit in key["units"]
        for scheme, row in unit["schemes"].items()
    }


def traps(key: dict[str, Any]) -> dict[tuple[str, str], str]:
    """(region, uscc) → the name of the unit's trap."""
    return {(unit["region"], unit["uscc"]): unit["trap"] for unit in key["units"]}


def decided_rows(out: Path) -> dict[Key, tuple[Any, ...]]:
    """The same of what the night published, read from every region's eligibility.csv by another library."""
    import csv

    found: dict[Key, tuple[Any, ...]] = {}
    for path in sorted(out.glob("[0-9]*/eligibility.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                place = (row["region_code"], row["uscc"], row["scheme"])
                assert place not in found, f"{place} stands twice"
                amounts = (_yuan(row[name] or None) for name in COLUMNS[2:5])
                found[place] = (row["decision"], row["reasons"], *amounts, row["is_taken"] == "true")
    return found


def differences(key: dict[str, Any], found: dict[Key, tuple[Any, ...]]) -> dict[str, list[str]]:
    """Trap → lines saying how its units differ from the key; empty when every one is as expected."""
    expected, names = expected_rows(key), traps(key)
    differing: dict[str, list[str]] = {}
    for place in sorted(expected.keys() | found.keys()):
        if expected.get(place) != found.get(place):
            line = f"{place}: expected {expected.get(place)}, found {found.get(place)}"
            differing.setdefault(names.get(place[:2], "not in the key"), []).append(line)
    return differing


def _yuan(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
