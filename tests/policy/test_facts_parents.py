"""A branch takes its own size only where economy has, and can have, nothing about its parent."""
# One case a line reads as a table.
# ruff: noqa: E501

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from stable_jobs.credit_code import make_credit_code, make_registration_no
from tests.policy.builder import LANZHOU, LIAOYUAN, QIQIHAR, XIAN, Row, World, code, policies, write
from tests.policy.cases import Case, check, decide_cases, params
from tests.policy.engines import decided_by_engines

LANTIAN, ZHOUZHI = "610122", "610124"


def at(division: str) -> str:
    """A code registered in a division."""
    return make_credit_code(f"91{division}700000001")


def branch(parent: str, size: str | None = "small") -> dict[str, Any]:
    return {"parent_uscc": parent, "size": size}


INSURED = code(9_001)
BROKEN = at("610103")[:17] + "I"
SILENT_OLD, HEARD_OLD = (make_registration_no(f"{place}00000001") for place in ("220400", "610103"))
UNSIZED = "size_known_unknown;applied_unknown"


def owes(extract: str, cause: str) -> frozenset[tuple[str, str, str]]:
    return frozenset((reason, extract, cause) for reason in UNSIZED.split(";"))


def size(value: str | None) -> dict[str, Any]:
    return {"size_class": value}


SILENCE = owes("enterprise_sizes", "missing")
CASES = [
    Case("registered in a region that spoke", "", unit=branch(at(XIAN)), columns=size("small")),
    Case("registered in a district of it", "", unit=branch(at("610103")), columns=size("small")),
    Case("registered in a region that takes part and sent nothing", UNSIZED, unit=branch(at(LIAOYUAN)), columns=size(None), owed=SILENCE),
    Case("registered in a district of one", UNSIZED, unit=branch(at("220402")), columns=size(None), owed=SILENCE),
    Case("registered in a county that takes part, sent nothing, in a city that spoke", UNSIZED, unit=branch(at(LANTIAN)), columns=size(None), owed=SILENCE),
    Case("registered in a county that spoke", "", unit=branch(at(ZHOUZHI)), columns=size("small")),
    Case("registered where no region takes part", UNSIZED, unit=branch(at("440305")), columns=size(None), owed=SILENCE),
    Case("registered by the nation's authority", UNSIZED, unit=branch(at("100000")), columns=size(None), owed=SILENCE),
    Case("insured where nobody spoke, registered where somebody did", UNSIZED, unit=branch(INSURED), columns=size(None), owed=SILENCE),
    Case("the parent has a size, whoever is silent", "applied", lambda w, u: w.size(at("220403"), XIAN, "large"), unit=branch(at("220403")), columns=size("large")),
    Case("the parent's code is wrong", UNSIZED, unit=branch(BROKEN), columns=size(None), owed=owes("insured_units", "parent_code")),
    Case("the parent's code is no code", UNSIZED, unit=branch("123"), columns=size(None), owed=owes("insured_units", "parent_code")),
    Case("the parent's old number, of a region that spoke", "", unit=branch(HEARD_OLD), columns=size("small")),
    Case("the parent's old number, of a region that did not", UNSIZED, unit=branch(SILENT_OLD), columns=size(None), owed=SILENCE),
    Case("no parent", "", columns=size("small")),
]  # fmt: skip


def prepare(world: World) -> None:
    """Qiqihar insures a parent and sent no sizes; Lantian and Liaoyuan sent nothing."""
    world.unit(INSURED, QIQIHAR, size=None)
    world.undelivered.add(("enterprise_sizes", QIQIHAR))


SLOTS = (XIAN, LANZHOU, QIQIHAR, ZHOUZHI)


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Row]]:
    """All cases, decided in one night."""
    return decide_cases(CASES, tmp_path_factory.mktemp("night"), None, SLOTS, prepare)


@pytest.mark.parametrize(("number", "case"), params(CASES))
def test_case(tables: dict[str, list[Row]], number: int, case: Case) -> None:
    check(tables, number, case)


FOR_ALL = [
    Case("a file for all speaks of every place", "", unit=branch(at("440305")), columns=size("small")),
    Case("but not of a region whose part is held", UNSIZED, unit=branch(at("220402")), columns=size(None)),
]  # fmt: skip


def test_a_file_for_all(tmp_path: Path) -> None:
    def prepare(world: World) -> None:
        world.size(code(9_002), LANZHOU, "small", date(2020, 3, 1), "000000")
        world.held_parts["enterprise_sizes"] = (LIAOYUAN,)

    found = decide_cases(FOR_ALL, tmp_path, None, (XIAN,), prepare)
    for number, case in enumerate(FOR_ALL, start=1):
        check(found, number, case)


def test_a_registered_code_is_a_code(tmp_path: Path) -> None:
    """Two people registered it though its check character is wrong."""
    from dataclasses import replace

    world = World(slots=(XIAN,))
    world.region(XIAN)
    world.unit(code(1), XIAN, **branch(BROKEN))
    inputs = replace(write(world, tmp_path), registered=((XIAN, BROKEN),))
    [row] = decided_by_engines(inputs, policies(), world.on, tmp_path)["eligibility"]
    assert (row["size_class"], row["reasons"]) == ("small", "")
