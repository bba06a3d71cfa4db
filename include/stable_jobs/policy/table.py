"""Parameters as a table: one row per region × scheme × size, joined once to every unit of every region."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from stable_jobs.policy.catalogue import CATALOGUE, CATEGORIES, FORMULAS, SIZES, UNKNOWN_SIZE
from stable_jobs.policy.load import Policies
from stable_jobs.policy.parameters import regions_taking_part, resolve, schemes_open
from stable_jobs.regions import upward

if TYPE_CHECKING:
    import ibis.expr.types as ir

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
    codes = regions_taking_part(policies, on) if regions is None else regions
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
    sizes = {size: _of_size(value, size) for size in SIZES}
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


def _of_size(value: Any, size: str) -> dict[str, Any]:
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
