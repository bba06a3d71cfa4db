"""Administrative division codes (GB/T 2260): six digits, province, city, county."""

from __future__ import annotations

NATION = "000000"


def upward(code: str) -> tuple[str, ...]:
    """The code and every level above it, nearest first: `610124` → `610124, 610100, 610000, 000000`."""
    levels = (code, code[:4] + "00", code[:2] + "0000", NATION)
    return tuple(dict.fromkeys(levels))
