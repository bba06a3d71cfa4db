"""Which rows count and which regions are held: slots, files for all, stand-ins, unreadable rows,
parameters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from stable_jobs.errors import StepError
from stable_jobs.policy.extracts import Extracts, InputFile, Inputs, rows_of
from stable_jobs.policy.load import Policies, RegionPolicy
from stable_jobs.policy.owed import ALWAYS, needed_extracts, suspended_regions
from stable_jobs.policy.parameters import participating_regions, region_faults
from stable_jobs.store.working import working_tables
from tests.policy.builder import (
    LANZHOU,
    LIAOYUAN,
    NANCHANG,
    NIGHT,
    XIAN,
    Row,
    World,
    code,
    contracts,
    decided,
    policies,
    write,
)
from tests.policy.cases import test_regions
from tests.policy.engines import opened

NATION = "000000"
HERE = (XIAN, NANCHANG)
FOREIGN = "440100"


def only(*regions: str) -> Policies:
    """The packaged policies, as if only these regions took part."""
    whole = policies()
    kept = {c: p for c, p in whole.regions.items() if c in regions or c.endswith("0000")}
    return Policies(kept, whole.fingerprint)


def world_of(slots: tuple[str, ...] = HERE) -> World:
    world = World(slots=slots)
    for i, region in enumerate(slots, start=1):
        if region != NATION:
            world.region(region)
            world.unit(code(i), region)
    return world


def held(world: World, folder: Path, by: Policies) -> set[tuple[str, str, str]]:
    """(region, reason, extract) of every hold."""
    with opened() as backend, working_tables(backend) as working:
        rows = suspended_regions(Extracts(write(world, folder), working), by, world.on)
    assert all(
        r["department"] == (contracts()[r["extract"]].department if r["extract"] else "") for r in rows
    )
    return {(r["region_code"], r["reason"], r["extract"]) for r in rows}


def taxed(world: World, folder: Path) -> set[tuple[str, str]]:
    """(region, status) of the taxpayers that count."""
    with opened() as backend, working_tables(backend) as working:
        rows = rows_of(Extracts(write(world, folder), working).accepted("taxpayers"))
    return {(r["region_code"], r["taxpayer_status"]) for r in rows}


@pytest.mark.parametrize("extract", [pytest.param(e, id=e) for e in ALWAYS])
def test_a_missing_delivery_holds_its_region(extract: str, tmp_path: Path) -> None:
    world = world_of()
    world.undelivered.add((extract, NANCHANG))
    assert held(world, tmp_path, only(*HERE)) == {(NANCHANG, "missing_delivery", extract)}


@pytest.mark.parametrize(
    ("extract", "region", "is_held"),
    [
        pytest.param("applications", XIAN, True, id="applications: a lane needs them"),
        pytest.param("applications", NANCHANG, False, id="applications: no lane needs them"),
        pytest.param("priority_list", XIAN, True, id="priority_list: order and difficult scheme"),
        pytest.param("priority_list", NANCHANG, False, id="priority_list: neither"),
        pytest.param("benefit_standards", XIAN, True, id="benefit_standards: difficult scheme"),
        pytest.param("benefit_standards", NANCHANG, False, id="benefit_standards: closed"),
    ],
)
def test_what_the_parameters_need(extract: str, region: str, is_held: bool, tmp_path: Path) -> None:
    world = world_of()
    world.undelivered.add((extract, region))
    expected = {(region, "missing_delivery", extract)} if is_held else set()
    assert held(world, tmp_path, only(*HERE)) == expected


def test_needed_extracts() -> None:
    """Of each region taking part, what the parameters in force that day need; nothing of a year without."""
    needed = needed_extracts(only(*HERE), NIGHT)
    assert needed == {
        XIAN: (*ALWAYS, "applications", "benefit_standards", "priority_list"),
        NANCHANG: ALWAYS,
    }
    assert needed_extracts(only(), NIGHT) == {}
    assert needed_extracts(only(*HERE), NIGHT.replace(year=2031)) == {}


@pytest.mark.parametrize("region", [XIAN, NANCHANG])
def test_a_region_is_held_for_each_needed_extract(region: str, tmp_path: Path) -> None:
    """What a night waits for is what it holds for."""
    world = world_of()
    world.undelivered |= {(extract, region) for extract in contracts()}
    missing = {extract for where, reason, extract in held(world, tmp_path, only(*HERE)) if where == region}
    assert missing == set(needed_extracts(only(*HERE), NIGHT)[region])


def _unreadable(extract: str, slot: str, home: str) -> Callable[[World], object]:
    return lambda w: w.quarantine(extract, slot, home, known=False, region_code=home)


@pytest.mark.parametrize(
    ("break_it", "expected"),
    [
        pytest.param(_unreadable("exclusion_list", XIAN, XIAN), {XIAN}, id="exclusion list of a region"),
        pytest.param(
            _unreadable("prior_refunds", NANCHANG, NANCHANG), {NANCHANG}, id="prior refunds of a region"
        ),
        pytest.param(
            _unreadable("exclusion_list", NATION, NANCHANG),
            {NANCHANG},
            id="in a file for all, region readable",
        ),
        pytest.param(
            _unreadable("exclusion_list", NATION, NATION),
            {XIAN, NANCHANG},
            id="in a file for all, region unreadable",
        ),
        pytest.param(_unreadable("taxpayers", XIAN, XIAN), set(), id="in any other extract"),
    ],
)
def test_an_unreadable_row_holds(
    break_it: Callable[[World], None], expected: set[str], tmp_path: Path
) -> None:
    """It may be about any unit of the region."""
    world = world_of()
    break_it(world)
    if ("exclusion_list", NATION) in world.broken:
        world.undelivered |= {("exclusion_list", region) for region in HERE}
    found = held(world, tmp_path, only(*HERE))
    assert {region for region, reason, _ in found if reason == "unreadable_unit"} == expected


def test_suspended_regions_have_no_row_and_stop_nobody(tmp_path: Path) -> None:
    """One region without parameters, one with a delivery missing; the lists they sent still count."""
    world = world_of()
    world.unit(code(5), FOREIGN)
    world.slots = (*HERE, FOREIGN)
    world.exclude(code(1), NANCHANG, NIGHT)
    world.undelivered.add(("taxpayers", NANCHANG))
    tables = decided(world, tmp_path, only(*HERE))
    reasons = {(r["region_code"], r["reason"]) for r in tables["held"]}
    assert reasons == {(FOREIGN, "no_parameters"), (NANCHANG, "missing_delivery")}
    lines = {r["region_code"]: (r["is_held"], r["units_in"]) for r in tables["reconciliation"]}
    assert lines == {XIAN: (False, 1), NANCHANG: (True, 1), FOREIGN: (True, 1)}
    assert {r["region_code"]: r["reasons"] for r in tables["eligibility"]} == {XIAN: "not_excluded"}


def for_all(world: World, *without: str) -> None:
    """One file of taxpayers for all regions, and no file of these regions' own."""
    rows = [dict(r) for region in HERE for r in world.rows[("taxpayers", region)]]
    world.rows[("taxpayers", NATION)] = [r | {"taxpayer_status": "abnormal"} for r in rows]
    world.undelivered |= {("taxpayers", region) for region in without}


@pytest.mark.parametrize(
    ("without", "held_parts", "expected"),
    [
        pytest.param((), (), {(XIAN, "normal"), (NANCHANG, "normal")}, id="own files win"),
        pytest.param((NANCHANG,), (), {(XIAN, "normal"), (NANCHANG, "abnormal")}, id="one own file"),
        pytest.param(HERE, (), {(XIAN, "abnormal"), (NANCHANG, "abnormal")}, id="no own file"),
        pytest.param(HERE, (NANCHANG,), {(XIAN, "abnormal")}, id="a held part does not count"),
    ],
)
def test_a_file_for_all(
    without: tuple[str, ...], held_parts: tuple[str, ...], expected: set[Any], tmp_path: Path
) -> None:
    world = world_of()
    for_all(world, *without)
    world.held_parts["taxpayers"] = held_parts
    assert taxed(world, tmp_path) == expected
    missing = {(r, "missing_delivery", "taxpayers") for r in held_parts}
    assert held(world, tmp_path, only(*HERE)) == missing


def test_a_delivery_that_came_and_is_held_is_not_missing() -> None:
    inputs = Inputs(
        (InputFile("taxpayers", XIAN, 1, "", ""),), contracts(), frozenset({("taxpayers", LANZHOU)})
    )
    assert inputs.covers("taxpayers", XIAN)
    assert not inputs.covers("taxpayers", LANZHOU)


def test_a_unit_twice_is_an_error(tmp_path: Path) -> None:
    """Two rows of one unit would pay it twice: nothing is decided."""
    world = world_of()
    world.rows[("insured_units", XIAN)] *= 2
    with pytest.raises(StepError, match=r"units.*2.*nothing was registered|changed the number of units"):
        decided(world, tmp_path, only(*HERE))


def test_every_yuan_is_accounted_for(tmp_path: Path) -> None:
    """Premium in = base + late fees + outside the year + earlier back payments + orphans + quarantined."""
    world = world_of()
    world.pay(code(1), XIAN, 201905, "1.00", "late_fee")
    world.pay(code(1), XIAN, 201811, "2.00")
    world.pay(code(1), XIAN, 201801, "4.00", "back_payment", paid_date=NIGHT.replace(year=2019))
    world.pay(code(99), XIAN, 201905, "8.00")
    amounts: Row = {"employer_amount": Decimal("16.00"), "employee_amount": None}
    world.quarantine("premium_payments", uscc=code(98), region_code=XIAN, **amounts)
    world.quarantine("insured_units", uscc=code(97), region_code=XIAN)
    [row] = [r for r in decided(world, tmp_path, only(*HERE))["reconciliation"] if r["region_code"] == XIAN]
    units = {
        "units_in": 2,
        "units_eligible": 0,
        "units_ineligible": 0,
        "units_undecided": 1,
        "units_quarantined": 1,
    }
    yuan: dict[str, Any] = {
        "premium_in": "1231.00",
        "premium_base": "1200.00",
        "premium_late_fee": "1.00",
        "premium_outside_year": "2.00",
        "premium_earlier_back_payment": "4.00",
        "premium_orphan": "8.00",
        "premium_quarantined": "16.00",
    }
    expected = units | {"units_eligible": 1, "units_undecided": 0} | {k: Decimal(v) for k, v in yuan.items()}
    assert row == expected | {"region_code": XIAN, "is_held": False}


def test_no_region_participates(tmp_path: Path) -> None:
    """A year without parameters: every sender is held, nothing breaks."""
    world = world_of()
    assert {r for _, r, _ in held(world, tmp_path, only())} == {"no_parameters"}
    tables = decided(world, tmp_path, only())
    assert tables["eligibility"] == []


def test_test_regions_take_part() -> None:
    """The regions the other tests make do not hide the packaged ones."""
    assert {XIAN, LIAOYUAN, "130100", "130200"} <= set(test_regions().regions)


PROVINCE = "130000"


def with_province(**gone: object) -> Policies:
    """A city and its province, which has the city's whole set of values, less what is `gone`."""
    base = test_regions()
    city = base.regions["130200"]
    values = {k: v for k, v in city.values.items() if k[1] not in gone}
    regions = {c: p for c, p in base.regions.items() if c in ("130200", "000000")}
    return Policies(regions | {PROVINCE: RegionPolicy(PROVINCE, "省", "Province", values)}, "x")


def province_world(*slots: str) -> World:
    world = world_of(("130200",))
    world.slots = ("130200", *slots)
    return world


def test_a_provinces_own_units_are_decided(tmp_path: Path) -> None:
    """省本级: by the province's own values, and the nation's above them."""
    world = province_world(PROVINCE)
    world.region(PROVINCE)
    world.unit(code(8), PROVINCE)
    tables = decided(world, tmp_path, with_province())
    assert tables["held"] == []
    assert {r["region_code"]: r["decision"] for r in tables["eligibility"]} == {
        "130200": "eligible", PROVINCE: "eligible",
    }  # fmt: skip
    assert {r["pooling_region"] for r in tables["terms"] if r["region_code"] == PROVINCE} == {PROVINCE}


def test_a_provinces_units_in_files_for_all(tmp_path: Path) -> None:
    world = province_world(PROVINCE)
    world.region(PROVINCE)
    world.unit(code(8), PROVINCE)
    for extract in contracts():
        world.rows[(extract, NATION)] = world.rows.pop((extract, PROVINCE), [])
    world.slots = ("130200", NATION)
    tables = decided(world, tmp_path, with_province())
    assert {r["region_code"] for r in tables["eligibility"]} == {"130200", PROVINCE}


@pytest.mark.parametrize(
    ("by", "sent"),
    [
        pytest.param(with_province(), (), id="a whole set, nothing sent"),
        pytest.param(with_province(), ("fund_balances", "benefit_standards"), id="its fund and its benefit"),
        pytest.param(with_province(), ("exclusion_list", "enterprise_sizes"), id="lists for its cities"),
        pytest.param(with_province(layoff_formulas=None), (), id="not all values: it passes them on"),
        pytest.param(
            with_province(layoff_formulas=None), ("exclusion_list",), id="not all values, and a list"
        ),
    ],
)
def test_a_province_that_insures_nobody_is_no_region(
    by: Policies, sent: tuple[str, ...], tmp_path: Path
) -> None:
    """Neither held nor at fault, in no list and no report."""
    world = province_world(PROVINCE)
    world.undelivered |= {(e, PROVINCE) for e in contracts() if e not in sent}
    tables = decided(world, tmp_path, by)
    for kind in ("held", "eligibility", "terms", "reconciliation"):
        assert PROVINCE not in {r["region_code"] for r in tables[kind]}
    assert PROVINCE not in region_faults(by, NIGHT)
    assert PROVINCE not in needed_extracts(by, NIGHT)


@pytest.mark.parametrize(
    ("by", "reason"),
    [
        pytest.param(with_province(layoff_formulas=None), "bad_parameters", id="not all values"),
        pytest.param(only(*HERE), "no_parameters", id="none"),
        pytest.param(
            replace(only(*HERE), faults={PROVINCE: "130000/common.yaml: wrong"}),
            "bad_parameters",
            id="a bad file",
        ),
    ],
)
def test_a_province_with_units_and_no_whole_set_is_held(by: Policies, reason: str, tmp_path: Path) -> None:
    """And the officer is told what is missing, not that there is no file."""
    world = world_of()
    world.unit(code(8), PROVINCE)
    world.slots = (*HERE, PROVINCE)
    assert {(r, why) for r, why, _ in held(world, tmp_path, by) if r == PROVINCE} == {(PROVINCE, reason)}


def test_a_province_with_units_misses_a_delivery(tmp_path: Path) -> None:
    """It is held as any region is."""
    world = province_world(PROVINCE)
    world.region(PROVINCE)
    world.unit(code(8), PROVINCE)
    world.undelivered.add(("taxpayers", PROVINCE))
    assert held(world, tmp_path, with_province()) == {(PROVINCE, "missing_delivery", "taxpayers")}


def test_the_nation_never_takes_part(tmp_path: Path) -> None:
    by = with_province()
    own, nation = by.regions["130200"].values, by.regions[NATION]
    by = replace(by, regions={**by.regions, NATION: replace(nation, values={**nation.values, **own})})
    assert set(participating_regions(by, NIGHT)) == {"130200", PROVINCE}


def test_yuan_add_up_beyond_any_column(tmp_path: Path) -> None:
    """A region's sums, its orphans' and its quarantine's may be larger than an amount can be."""
    world = world_of()
    most: Row = {
        "employer_amount": Decimal("1000000000000.00"),
        "employee_amount": Decimal("1000000000000.00"),
    }
    for i in range(5_001):
        paid: Row = {
            "paid_date": NIGHT.replace(year=2000 + i % 17),
            "payment_kind": "regular",
            "fee_month": 201701,
        }
        for uscc in (code(1), code(99)):
            world.add("premium_payments", uscc=uscc, region_code=XIAN, **paid, **most)
        world.quarantine("premium_payments", uscc=code(98), region_code=XIAN, **most)
    [row] = [r for r in decided(world, tmp_path, only(*HERE))["reconciliation"] if r["region_code"] == XIAN]
    sum_of = Decimal("10002000000000000.00")
    names = ("premium_outside_year", "premium_orphan", "premium_quarantined", "premium_in")
    assert [row[n] for n in names] == [sum_of, sum_of, sum_of, 3 * sum_of + Decimal("1200.00")]
