"""Which value holds for a region, scheme and size on a date; and all that hold, as a table.

Values are inherited upward, never across policy years. The table has one row per region × scheme × size and
is joined once to every unit of every region.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from stable_jobs.dated import as_of
from stable_jobs.errors import PolicyError
from stable_jobs.policy.catalogue import (
    CATALOGUE,
    CATEGORIES,
    FORMULAS,
    PROVINCE,
    SIZES,
    UNKNOWN_SIZE,
    Parameter,
)
from stable_jobs.policy.load import Parsed, Policies, Scalar, Value
from stable_jobs.regions import NATION, is_code, is_province, upward
from stable_jobs.workdays import notice_ends_on

if TYPE_CHECKING:
    import ibis.expr.types as ir

# ---- What holds ----


@dataclass(frozen=True)
class Resolved:
    """A value in force and where it comes from. `region`: the level that set it."""

    value: Scalar | None
    region: str
    source: Value | None


def in_force(versions: tuple[Value, ...], on: date) -> Value | None:
    """The newest version of the policy year of `on` with `effective_from <= on`.

    A value of another policy year never holds (domain: section 2).
    """
    return as_of((v for v in versions if v.effective_from.year == on.year), on)


def participating_regions(policies: Policies, on: date) -> tuple[str, ...]:
    """Codes whose own folder has a value in force in the policy year; the nation only passes on.

    Without those that have a fault: nothing can be decided by their parameters. A province takes part for the
    units it insures itself (省本级) where its parameters are whole; else it only passes on.
    """
    faults = region_faults(policies, on)
    return tuple(
        code
        for code in _with_values(policies, on)
        if code not in faults and not (is_province(code) and province_fault(policies, code, on))
    )


def region_faults(policies: Policies, on: date) -> Mapping[str, str]:
    """Region → why its parameters cannot be used on that date; no province.

    The first fault of its files or of those above, a required parameter without a value, or a notice that
    ends in a year whose working days are not known yet.
    """
    if on not in policies.known:
        broken = {code for code in policies.faults if is_code(code)}
        codes = sorted(
            c for c in broken | set(_with_values(policies, on)) if not is_province(c) and c != NATION
        )
        found = ((code, _fault_of(policies, code, on)) for code in codes)
        policies.known[on] = {code: why for code, why in found if why is not None}
    faults: Mapping[str, str] = policies.known[on]
    return faults


def province_fault(policies: Policies, province: str, on: date) -> str | None:
    """Why a province's parameters cannot be used for its own units; None: they can, or it has no values.

    A province that insures no unit has no fault: it may set some values and leave the others to its cities.
    """
    key = (on, province)
    if key not in policies.known:
        has_own = province in policies.faults or province in _with_values(policies, on)
        policies.known[key] = _fault_of(policies, province, on) if has_own else None
    fault: str | None = policies.known[key]
    return fault


def _with_values(policies: Policies, on: date) -> list[str]:
    return [
        code
        for code, policy in sorted(policies.regions.items())
        if code != NATION and any(in_force(versions, on) for versions in policy.values.values())
    ]


def _fault_of(policies: Policies, region: str, on: date) -> str | None:
    read = next((policies.faults[level] for level in upward(region) if level in policies.faults), None)
    if read is not None:
        return read
    try:
        found = resolved_parameters(policies, region, on)
        for days in {one.value for name, one in found.items() if name.endswith(".notice_working_days")}:
            _last_day(on, days)
    except PolicyError as error:
        return str(error)
    return None


@lru_cache(maxsize=1024)
def _last_day(opened: date, days: object) -> None:
    """PolicyError where the calendar does not reach that far; asked once for all regions."""
    if isinstance(days, int):
        notice_ends_on(opened, days)


def resolved_parameters(policies: Policies, region: str, on: date) -> dict[str, Resolved]:
    """Every parameter that is set for a region on a date: `<scheme>.<name>`, or `<scheme>.<name>.<size>`.

    Of a scheme that is closed only that it is. PolicyError where a required one is missing.
    """
    is_open = set(schemes_open(policies, region, on))
    found: dict[str, Resolved] = {}
    for parameter in CATALOGUE.values():
        for scheme in parameter.schemes:
            if scheme in is_open or parameter.name == "scheme_open":
                for size in SIZES if parameter.by_size else (None,):
                    one = resolve(policies, region, scheme, parameter.name, on, size)
                    if one.source is not None:
                        found[".".join(filter(None, (scheme, parameter.name, size)))] = one
    return found


def demo_regions(policies: Policies, on: date) -> tuple[str, ...]:
    """Regions taking part that use, themselves or by inheritance, a value marked `demo: true`."""
    return tuple(code for code in participating_regions(policies, on) if _uses_demo(policies, code, on))


def _uses_demo(policies: Policies, region: str, on: date) -> bool:
    levels = (policies.regions[level] for level in upward(region) if level in policies.regions)
    found = (in_force(versions, on) for level in levels for versions in level.values.values())
    return any(value is not None and value.demo for value in found)


def resolve(
    policies: Policies, region: str, scheme: str, name: str, on: date, size: str | None = None
) -> Resolved:
    """The value for one region, scheme and, where the parameter has sizes, size.

    The nearest level with a version in force decides; a `null` there ends the value and is not
    inherited past. Raises PolicyError naming region, parameter and date where a required one is missing.
    """
    parameter = CATALOGUE[name]
    found = _nearest(policies, region, (scheme, name), on, size)
    if found is None:
        return _missing(parameter, region, scheme, on, size)
    level, version = found
    value = _of_size(version.value, size)
    if value is None and not parameter.nullable:
        return _missing(parameter, region, scheme, on, size)
    return Resolved(_place(region, value), level, version)


def _nearest(
    policies: Policies, region: str, key: tuple[str, str], on: date, size: str | None
) -> tuple[str, Value] | None:
    for level in upward(region):
        policy = policies.regions.get(level)
        versions = policy.values.get(key, ()) if policy else ()
        version = in_force(tuple(v for v in versions if _speaks_of(v.value, size)), on)
        if version is not None:
            return level, version
    return None


def _speaks_of(value: Parsed, size: str | None) -> bool:
    return value is None or size is None or (isinstance(value, dict) and size in value)


def _of_size(value: Parsed, size: str | None) -> Scalar | None:
    if isinstance(value, dict):
        return None if size is None else value[size]
    return value  # type: ignore[return-value]  # a Mapping is always a dict here


def _place(region: str, value: Scalar | None) -> Scalar | None:
    return region[:2] + "0000" if value == PROVINCE else value


def _missing(parameter: Parameter, region: str, scheme: str, on: date, size: str | None) -> Resolved:
    if not parameter.required:
        return Resolved(None, region, None)
    what = parameter.name if size is None else f"{parameter.name} ({size})"
    raise PolicyError(
        f"policies: region {region}, scheme {scheme}: expected a value of {what} "
        f"({parameter.meaning_zh}) in force on {on} within policy year {on.year}; found none here or "
        f"upward ({', '.join(upward(region))}); next: add it to {region}/{scheme}.yaml with its reference"
    )


def schemes_open(policies: Policies, region: str, on: date) -> Iterator[str]:
    """`general` always; `difficult` where the region opens it for the policy year."""
    yield "general"
    if resolve(policies, region, "difficult", "scheme_open", on).value:
        yield "difficult"


# ---- As a table ----

Row = Mapping[str, Any]

FUND = ("region_code", "scheme", "level", "distance")

REGION_COLUMNS = {
    "region_code": "string",
    "scheme": "string",
    "size": "string",
    "min_paid_months": "int64",
    "back_payment_counts_as_month": "boolean",
    "back_payment_earlier_years": "boolean",
    "headcount_basis": "string",
    "small_unit_headcount": "int64",
    "small_unit_cap_bp": "int64",
    "new_unit_base_month": "int64",
    "headcount_held_max_drop_bp": "int64",
    "in_scope_forms": "array<string>",
    "by_reference_forms": "array<string>",
    "by_reference_size": "string",
    "by_reference_large_headcount": "int64",
    "abnormal_taxpayer_passes": "boolean",
    "finance_section_counts_as_large": "boolean",
    "dispatch_counts_as_large": "boolean",
    "exclusion_lists": "array<string>",
    "benefit_months": "int64",
    "fund_min_reserve_months": "int64",
    "deadline": "date",
    "declared_tolerance_bp": "int64",
    "notice_working_days": "int64",
    "bank_answer_days": "int64",
    "same_day_promise": "boolean",
    **{f"place_{f}": "int64" for f in FORMULAS},
    **{f"place_{c}": "int64" for c in CATEGORIES},
    "place_last": "int64",
}
"""The same on every size's row. `…_bp`: a share in 1/10000, so that comparisons are of integers.
`place_…`: 1-based place in the region's order of formulas or categories; empty: not used."""

SIZE_COLUMNS = {
    "cap_low_bp": "int64",
    "cap_low_is_strict": "boolean",
    "cap_high_bp": "int64",
    "cap_high_is_strict": "boolean",
    "refund_rate": "decimal(9,4)",
    "lane": "string",
    "approvals": "int64",
}
"""Per size. `low`: the strictest cap the unit may have, `high`: the most lenient; they differ only on the row
of the unknown size, where the others are empty unless all sizes agree."""


def parameter_table(policies: Policies, on: date, regions: Iterable[str] | None = None) -> tuple[Row, ...]:
    """One row per taking-part region × open scheme × size (four sizes and `unknown`).

    regions: only these; None: all that take part. Raises PolicyError for a missing parameter.
    """
    codes = participating_regions(policies, on) if regions is None else regions
    return tuple(
        row
        for region in codes
        for scheme in schemes_open(policies, region, on)
        for row in _rows(policies, region, scheme, on)
    )


def as_table(rows: Iterable[Row]) -> ir.Table:
    """The rows as an Ibis table, typed; may be empty."""
    return typed_table(rows, REGION_COLUMNS | SIZE_COLUMNS)


def typed_table(rows: Iterable[Row], columns: Mapping[str, str]) -> ir.Table:
    """Plain rows as an Ibis table of exactly these columns and types."""
    import ibis
    import pyarrow as pa

    schema = ibis.schema(dict(columns)).to_pyarrow()
    return ibis.memtable(pa.Table.from_pylist([dict(row) for row in rows], schema=schema))


def levels(policies: Policies, on: date, rows: Iterable[Row], pooled: bool) -> tuple[Row, ...]:
    """Region × scheme × level upward with its distance; `pooled`: the set pooling region alone, where set."""
    keys = sorted({(row["region_code"], row["scheme"]) for row in rows})
    return tuple(
        dict(zip(FUND, (region, scheme, level, distance), strict=True))
        for region, scheme in keys
        for distance, level in enumerate(_chain(policies, region, scheme, on, pooled))
    )


def _chain(policies: Policies, region: str, scheme: str, on: date, pooled: bool) -> tuple[str, ...]:
    set_to = resolve(policies, region, scheme, "pooling_region", on).value if pooled else None
    return upward(region) if set_to is None else (str(set_to),)


def _rows(policies: Policies, region: str, scheme: str, on: date) -> list[Row]:
    def value(name: str, size: str | None = None) -> Any:
        if scheme not in CATALOGUE[name].schemes:
            return None
        return resolve(policies, region, scheme, name, on, size).value

    common = {"region_code": region, "scheme": scheme} | _region_wide(value)
    sizes = {size: _size_columns(value, size) for size in SIZES}
    sizes[UNKNOWN_SIZE] = _of_unknown(list(sizes.values()))
    return [common | {"size": size} | columns for size, columns in sizes.items()]


def _region_wide(value: Any) -> dict[str, Any]:
    skipped = {"region_code", "scheme", "size", "place_last"}
    plain = [c for c in REGION_COLUMNS if c not in skipped and not c.startswith("place_")]
    columns = {c: basis_points(value(c[:-3])) if c.endswith("_bp") else value(c) for c in plain}
    order = value("priority_order") or ()
    return columns | _places(FORMULAS, value("layoff_formulas")) | _places(CATEGORIES, order) | _last(order)


def _places(names: tuple[str, ...], order: tuple[str, ...]) -> dict[str, int | None]:
    return {f"place_{name}": order.index(name) + 1 if name in order else None for name in names}


def _last(order: tuple[str, ...]) -> dict[str, int]:
    return {"place_last": len(order) + 1}


def _size_columns(value: Any, size: str) -> dict[str, Any]:
    cap, strict = basis_points(value("layoff_cap", size)), value("layoff_cap_is_strict", size)
    return {
        "cap_low_bp": cap,
        "cap_low_is_strict": strict,
        "cap_high_bp": cap,
        "cap_high_is_strict": strict,
        "refund_rate": value("refund_rate", size),
        "lane": value("lane", size),
        "approvals": value("approvals", size),
    }


def _of_unknown(sizes: list[dict[str, Any]]) -> dict[str, Any]:
    caps = sorted((s["cap_low_bp"], not s["cap_low_is_strict"]) for s in sizes)
    agreed = {c: _agreed([s[c] for s in sizes]) for c in ("refund_rate", "lane", "approvals")}
    return {
        "cap_low_bp": caps[0][0],
        "cap_low_is_strict": not caps[0][1],
        "cap_high_bp": caps[-1][0],
        "cap_high_is_strict": not caps[-1][1],
    } | agreed


def _agreed(values: list[Any]) -> Any:
    return values[0] if len(set(values)) == 1 else None


def basis_points(share: Decimal | None) -> int | None:
    """A share of at most four places in 1/10000, exactly."""
    return None if share is None else int(share * 10_000)
