"""The one column list: from the properties of a document's schema."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from stable_jobs.contracts.document import ColumnProperties, Options, fault, parse, property_values
from stable_jobs.contracts.model import Column, Kind

if TYPE_CHECKING:
    from open_data_contract_standard.model import SchemaObject, SchemaProperty

LOGICAL_TYPES = {
    Kind.TEXT: "string",
    Kind.CODE: "string",
    Kind.ENUM: "string",
    Kind.INTEGER: "integer",
    Kind.MONTH: "integer",
    Kind.MONEY: "number",
    Kind.DATE: "date",
    Kind.OPEN_DATE: "date",
    Kind.TIMESTAMP: "timestamp",
    Kind.BOOLEAN: "boolean",
}
"""The standard's type of each kind."""

STAGED = frozenset(
    {
        "row_id",
        "delivery_id",
        "row_no",
        "delivery_region",
        "raw",
        "unreadable",
        "rules",
        "home_region",
        "is_unit_known",
    }
)
"""Names that staging and quarantine add beside the columns."""

FORMAT_KINDS = {"name": Kind.TEXT}
"""The kind a format stands on, where it is not a code."""


@dataclass(frozen=True)
class Described:
    """A column, the options of its rules, and its place in the key (None: not in it)."""

    column: Column
    options: Options
    key_position: int | None


def describe_columns(file: Path, table: SchemaObject) -> tuple[Described, ...]:
    """The columns in the document's order. Raises ContractError."""
    described = tuple(_describe(file, entry) for entry in table.properties or ())
    for what, values in (
        ("name", [d.column.name for d in described]),
        ("businessName", [d.column.header for d in described]),
    ):
        repeated = sorted({value for value in values if values.count(value) > 1})
        if repeated:
            raise fault(file, "schema.properties", f"every {what} once", f"{repeated[0]} twice")
    return described


def key_of(file: Path, described: tuple[Described, ...]) -> tuple[str, ...]:
    """The key's columns in the order of their positions; ContractError unless these are 1, 2, 3 …"""
    placed = sorted((d.key_position, d.column.name) for d in described if d.key_position is not None)
    positions = [position for position, _ in placed]
    if not placed or positions != list(range(1, len(placed) + 1)):
        raise fault(file, "primaryKeyPosition", "positions 1, 2, 3 … without a gap", positions or "no key")
    return tuple(name for _, name in placed)


def _describe(file: Path, entry: SchemaProperty) -> Described:
    place = f"schema.properties.{entry.name}"
    values = property_values(file, place, entry.customProperties)
    properties = parse(file, f"{place}.customProperties", ColumnProperties, values)
    options = parse(file, f"{place}.logicalTypeOptions", Options, entry.logicalTypeOptions or {})
    column = _column(file, place, entry, properties)
    _check_type(file, place, entry, column.kind)
    _check_options(file, place, options, column.kind)
    _check_unused(file, place, entry)
    return Described(column, options, entry.primaryKeyPosition if entry.primaryKey else None)


def _column(file: Path, place: str, entry: SchemaProperty, properties: ColumnProperties) -> Column:
    if not entry.businessName or not entry.description or entry.required is None:
        raise fault(file, place, "businessName, description and required", "one of them missing")
    return Column(
        name=_name(file, place, entry.name),
        header=entry.businessName,
        kind=properties.kind,
        required=entry.required,
        description_en=entry.description,
        description_zh=properties.description_zh,
        labels=_labels(file, place, entry, properties.kind),
        is_sensitive=_is_sensitive(file, place, entry),
    )


def _name(file: Path, place: str, name: str | None) -> str:
    if name is None or not re.fullmatch(r"[a-z][a-z0-9_]*", name) or name in STAGED:
        raise fault(file, f"{place}.name", "a name in small letters that staging does not use itself", name)
    return name


def _labels(file: Path, place: str, entry: SchemaProperty, kind: Kind) -> dict[str, str]:
    """Chinese label to value; booleans are `true` and `false`."""
    labels = {str(e.label): _value(e.value) for e in entry.enum or () if e.label is not None}
    if len(labels) != len(entry.enum or ()):
        raise fault(file, f"{place}.enum", "a label for every value, each once", "a label missing or twice")
    if bool(labels) != (kind in (Kind.ENUM, Kind.BOOLEAN)):
        raise fault(file, f"{place}.enum", "values where the kind is enum or boolean, and only there", kind)
    if kind is Kind.BOOLEAN and set(labels.values()) != {"true", "false"}:
        raise fault(file, f"{place}.enum", "the values true and false", sorted(labels.values()))
    return labels


def _value(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _is_sensitive(file: Path, place: str, entry: SchemaProperty) -> bool:
    if entry.classification not in (None, "restricted"):
        raise fault(file, f"{place}.classification", "restricted, or none", entry.classification)
    return entry.classification == "restricted"


def _check_type(file: Path, place: str, entry: SchemaProperty, kind: Kind) -> None:
    expected = LOGICAL_TYPES[kind]
    if entry.logicalType != expected:
        raise fault(file, f"{place}.logicalType", f"{expected}, for kind {kind}", entry.logicalType)


def _check_options(file: Path, place: str, options: Options, kind: Kind) -> None:
    place = f"{place}.logicalTypeOptions"
    for name in ("minimum", "maximum"):
        if getattr(options, name) is not None and kind not in (Kind.MONEY, Kind.INTEGER):
            raise fault(file, f"{place}.{name}", "a column of kind money or integer", kind)
    if options.format is not None and kind is not FORMAT_KINDS.get(options.format, Kind.CODE):
        raise fault(file, f"{place}.format", "a format that fits the kind", f"{options.format} on {kind}")
    if (options.min_length or options.max_length) and kind not in (Kind.TEXT, Kind.CODE):
        raise fault(file, f"{place}.maxLength", "a column of kind text or code", kind)


def _check_unused(file: Path, place: str, entry: SchemaProperty) -> None:
    """Keys of the standard that would be taken for a promise here, but that no rule comes from."""
    for key in ("unique", "quality", "items", "properties", "map"):
        if getattr(entry, key) is not None:
            raise fault(
                file, f"{place}.{key}", "the key or a quality entry of the table", "a key no rule comes from"
            )
