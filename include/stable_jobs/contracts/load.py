"""Contracts from their documents: the one column list, and each extract's contract by version."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from stable_jobs.contracts.document import (
    ColumnProperties,
    ContractProperties,
    Options,
    Window,
    fault,
    parse,
    property_values,
    quality_entries,
    read_document,
    service_levels,
)
from stable_jobs.contracts.document import SendingRegion as SendingEntry
from stable_jobs.contracts.model import DEPARTMENTS, Column, Contract, Kind, Rule, SendingRegion, Terms
from stable_jobs.contracts.rule_tables import bound, project_rules
from stable_jobs.dated import as_of
from stable_jobs.regions import NATION, is_known, upward

if TYPE_CHECKING:
    from open_data_contract_standard.model import OpenDataContractStandard, SchemaObject, SchemaProperty


# --- The column list ---
# The one column list: from the properties of a document's schema.

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


# --- Contracts ---
# Contracts from their documents: Open Data Contract Standard 3, one file per extract and version.

SUFFIX = ".odcs.yaml"


def load_contracts(root: Path) -> tuple[Contract, ...]:
    """Every version of every contract under `<root>/<department>/<extract>[.<anything>].odcs.yaml`.

    Ordered by department (DEPARTMENTS first, others by name), extract, date of effect. Raises ContractError
    for a document that is wrong, two versions from one day, or an extract of two departments.
    """
    files = sorted(root.glob(f"*/*{SUFFIX}"))
    if not files:
        raise fault(root, "the folder", f"<department>/<extract>{SUFFIX}", "none", "check the folder's path")
    contracts = sorted((load_contract(file) for file in files), key=_order)
    _check_versions(root, contracts)
    return tuple(contracts)


def contracts_as_of(root: Path, on: date) -> dict[str, Contract]:
    """The version in force on a date, by extract, in the order of departments, then extracts.

    An extract whose first version holds later is left out; ContractError if that leaves none.
    """
    versions = groupby(load_contracts(root), key=lambda contract: contract.extract)
    in_force = {extract: as_of(list(group), on) for extract, group in versions}
    found = {extract: contract for extract, contract in in_force.items() if contract is not None}
    if not found:
        raise fault(
            root, "effectiveFrom", f"a contract in force on {on}", "none", "add a version from that day"
        )
    return found


def load_contract(file: Path) -> Contract:
    """One document as a contract. Raises ContractError."""
    read = read_document(file)
    document = read.document
    table = _table(file, document)
    properties = _properties(file, document)
    described = describe_columns(file, table)
    key = key_of(file, described)
    _check_columns(file, properties, described)
    rules = _rules(file, table, described, key, properties)
    levels = service_levels(file, document)
    contract = Contract(
        department=file.parent.name,
        extract=table.name or "",
        version=_text(file, "version", document.version),
        effective_from=properties.effective_from,
        title_zh=properties.title_zh,
        title_en=_text(file, "name", document.name),
        columns=tuple(d.column for d in described),
        key=key,
        encoding=properties.encoding,
        formats=properties.formats,
        null_words=properties.null_words,
        max_bytes=properties.max_bytes,
        rows_required=properties.rows_required,
        control_total=properties.control_total,
        absence=properties.absence,
        row_region=properties.row_region,
        subject=properties.subject,
        due_hours=levels.due_time.value,
        oldest_days=levels.oldest_acceptable_age.value,
        tolerance=properties.tolerance,
        rules=rules,
        fingerprint=read.fingerprint,
        purpose_zh=properties.purpose_zh,
        purpose_en=_purpose(file, document),
        sending_regions=sending_regions(properties.sending_regions),
        largest_drop=properties.row_change.hold,
        common_fingerprint=read.common_fingerprint,
    )
    check_sending_regions(file, contract)
    return contract


def _order(contract: Contract) -> tuple[int, str, str, date]:
    known = DEPARTMENTS.index(contract.department) if contract.department in DEPARTMENTS else len(DEPARTMENTS)
    return known, contract.department, contract.extract, contract.effective_from


def _check_versions(root: Path, contracts: Iterable[Contract]) -> None:
    departments: dict[str, str] = {}
    days: set[tuple[str, date]] = set()
    for contract in contracts:
        owner = departments.setdefault(contract.extract, contract.department)
        if owner != contract.department:
            raise fault(root, contract.extract, "one department", f"{owner} and {contract.department}")
        day = (contract.extract, contract.effective_from)
        if day in days:
            raise fault(
                root, contract.extract, "one version from a day", f"two from {contract.effective_from}"
            )
        days.add(day)


def _table(file: Path, document: OpenDataContractStandard) -> SchemaObject:
    """The one table, named as the file and its folder say."""
    tables = document.schema_ or []
    if len(tables) != 1:
        raise fault(file, "schema", "one table", len(tables))
    department, extract = file.parent.name, file.name.split(".")[0]
    found = (document.domain, tables[0].name, document.id)
    if found != (department, extract, f"{department}-{extract}"):
        expected = f"domain {department}, schema.name {extract}, id {department}-{extract} (folder and file)"
        raise fault(file, "domain, schema.name, id", expected, ", ".join(map(str, found)))
    return tables[0]


def _properties(file: Path, document: OpenDataContractStandard) -> ContractProperties:
    values = property_values(file, "the document", document.customProperties)
    return parse(file, "customProperties", ContractProperties, values)


def _purpose(file: Path, document: OpenDataContractStandard) -> str:
    described = document.description
    return _text(file, "description.purpose", None if described is None else described.purpose)


def _text(file: Path, place: str, value: str | None) -> str:
    if not value:
        raise fault(file, place, "a text", "nothing")
    return value


def _check_columns(file: Path, properties: ContractProperties, described: tuple[Described, ...]) -> None:
    kinds = {d.column.name: d.column.kind for d in described}
    if "region_code" not in kinds:
        raise fault(file, "schema.properties", "a column region_code", sorted(kinds))
    if ("uscc" in kinds) != (properties.subject != "region"):
        raise fault(
            file, "subject", "region where there is no column uscc, and only there", properties.subject
        )
    for name in properties.control_total:
        if kinds.get(name) is not Kind.MONEY:
            raise fault(file, "controlTotal", "columns of kind money", name)
    for window in properties.windows:
        _check_window(file, window, kinds)


def _check_window(file: Path, window: Window, kinds: Mapping[str, Kind]) -> None:
    kind = kinds.get(window.column)
    if kind is None:
        raise fault(file, "windows.column", "a column of this contract", window.column)
    for text in (window.first, window.last):
        try:
            bound(kind, text)
        except ValueError as error:
            raise fault(file, f"windows.{window.column}", str(error), text) from error


def _rules(
    file: Path,
    table: SchemaObject,
    described: tuple[Described, ...],
    key: tuple[str, ...],
    properties: ContractProperties,
) -> tuple[Rule, ...]:
    columns = tuple(d.column for d in described)
    options = {d.column.name: d.options for d in described}
    extract = table.name or ""
    quality = quality_entries(file, "schema", table.quality)
    rules = project_rules(extract, columns, options, key, properties, quality)
    _check_rules(file, extract, {column.name for column in columns}, rules)
    return rules


def _check_rules(file: Path, extract: str, names: set[str], rules: tuple[Rule, ...]) -> None:
    ids: set[str] = set()
    for rule in rules:
        if rule.id in ids or not rule.id.startswith(f"{extract}."):
            raise fault(
                file, f"rule {rule.id}", f"an id that starts with {extract}. and stands once", rule.id
            )
        unknown = {*rule.columns, *_pair(rule)} - names
        if unknown:
            raise fault(file, f"rule {rule.id}", "columns of this contract", sorted(unknown)[0])
        ids.add(rule.id)


def _pair(rule: Rule) -> tuple[str, ...]:
    return tuple(rule.arguments[name] for name in ("column_A", "column_B") if name in rule.arguments)


# ---- Single sending regions (`sendingRegions`), read and checked as a whole ----


def sending_regions(entries: Iterable[SendingEntry]) -> tuple[SendingRegion, ...]:
    """The document's entries as plain values, in its order."""
    return tuple(
        SendingRegion(
            region=entry.region,
            effective_from=entry.effective_from,
            reference=entry.reference,
            terms=Terms(**{f.name: getattr(entry, f.name) for f in fields(Terms)}),
            headers=entry.headers,
        )
        for entry in entries
    )


def check_sending_regions(file: Path, contract: Contract) -> None:
    """ContractError where an entry is of no region, doubles another, ends nothing, or mixes up headers."""
    for position, entry in enumerate(contract.sending_regions):
        place = f"customProperties.sendingRegions.{position}"
        if entry.region != NATION and not is_known(entry.region):
            expected = f"a region code of GB/T 2260, or {NATION} for the file for all regions"
            raise fault(file, f"{place}.region", expected, entry.region)
        _check_days(file, place, contract, entry)
        _check_headers(file, f"{place}.headers", contract, entry)


def _check_days(file: Path, place: str, contract: Contract, entry: SendingRegion) -> None:
    days = Counter(other.effective_from for other in contract.entries_of(entry.region))
    if days[entry.effective_from] > 1:
        expected = f"one entry of region {entry.region} from a day"
        raise fault(file, f"{place}.effectiveFrom", expected, f"two from {entry.effective_from}")
    if entry.is_empty and entry.effective_from == min(days):
        raise fault(file, place, "something that differs, or an earlier entry that it ends", "neither")


def _check_headers(file: Path, place: str, contract: Contract, entry: SendingRegion) -> None:
    """Each column's header stands for that column only, with every entry that can hold beside this one."""
    names = {c.name for c in contract.columns}
    for name in entry.headers:
        if name not in names:
            raise fault(file, f"{place}.{name}", "a column of this contract", name)
    for day in sorted(_days_of(contract, entry)):
        for name, header in _mixed_up(contract, contract.for_region(entry.region, day)):
            expected = "a header that is no other column's, in the contract or here"
            raise fault(file, f"{place}.{name}", expected, f"{header}, as it holds from {day}")


def _days_of(contract: Contract, entry: SendingRegion) -> Iterator[date]:
    """The days on which something changes for the entry's region."""
    return (one.effective_from for level in upward(entry.region) for one in contract.entries_of(level))


def _mixed_up(contract: Contract, resolved: Contract) -> Iterator[tuple[str, str]]:
    """Changed headers that are another column's, there or in the contract."""
    taken = Counter(c.header for c in resolved.columns)
    before = {c.header: c.name for c in contract.columns}
    for column in resolved.columns:
        owner = before.get(column.header)
        if owner != column.name and (owner is not None or taken[column.header] > 1):
            yield column.name, column.header
