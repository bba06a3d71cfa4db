"""A contract document, read strictly: bytes, YAML, the standard's models, and our own where it is free-form.

The standard's models (Open Data Contract Standard 3) say what a document looks like; they take anything in
`logicalTypeOptions`, `implementation`, `arguments` and `customProperties`. Their content is ours, so it
is checked here, with `extra="forbid"`: nothing unknown passes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from pydantic.alias_generators import to_camel

from stable_jobs.contracts.model import Kind, Scope, Severity
from stable_jobs.errors import ContractError, document_fault
from stable_jobs.strict_yaml import YamlFault, read_yaml

if TYPE_CHECKING:
    from open_data_contract_standard.model import (
        CustomProperty,
        DataQuality,
        OpenDataContractStandard,
        ServiceLevelAgreementProperty,
    )

# ---- Faults ----

NEXT_STEP = "correct this place in the contract file and run again"


def fault(file: Path, place: str, expected: str, found: object, next_step: str = NEXT_STEP) -> ContractError:
    """A ContractError that says all five."""
    return ContractError(document_fault(file, place, expected, found, next_step))


def fault_of(file: Path, place: str, error: ValidationError) -> ContractError:
    """The first thing a model refused, as a fault at its place."""
    first = error.errors(include_url=False)[0]
    where = ".".join([place, *(str(step) for step in first["loc"])])
    return fault(file, where, _expected(first["type"], first["msg"]), _found(first))


def _expected(kind: str, message: str) -> str:
    known = {"missing": "a value", "extra_forbidden": "no such key"}
    return known.get(kind, message)


def _found(error: Any) -> str:
    return "nothing" if error["type"] == "missing" else repr(error["input"])


# ---- Our own models ----

Share = Annotated[Decimal, Field(ge=0, le=1, decimal_places=6)]
Sentence = Annotated[str, StringConstraints(min_length=2)]
Encoding = Literal["gb18030", "utf-8", "utf-8-sig"]
Formats = Annotated[tuple[Literal["csv", "xlsx"], ...], Field(min_length=1)]
Header = Annotated[str, StringConstraints(pattern=r"^\S([^\r\n]*\S)?$")]
Hours = Annotated[int, Field(ge=0, le=72)]
Bound = Annotated[str, StringConstraints(pattern=r"^(D|Y(-\d{1,2})?(/(0[1-9]|1[0-2]))?)$")]


class Strict(BaseModel):
    """Nothing unknown, nothing changed afterwards; keys in camelCase as the standard asks."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel, populate_by_name=False)


class Options(Strict):
    """`logicalTypeOptions` of a column: the standard's keys, as far as a rule comes from each."""

    format: Literal["credit_code", "registration_no", "region_code", "bank_code", "name"] | None = None
    min_length: int | None = Field(None, ge=1)
    max_length: int | None = Field(None, ge=1)
    minimum: int | None = None
    maximum: int | None = None


class ColumnProperties(Strict):
    """`customProperties` of a column."""

    kind: Kind
    description_zh: Sentence


class RowChange(Strict):
    """How far a delivery's row count may move from the last accepted one, as shares of that one.

    `resets_in_january`: the extract covers the policy year, so a fall in January holds nothing.
    """

    warning: Share
    hold: Share
    resets_in_january: bool = False


class Window(Strict):
    """A column's first and last value: `Y-1`, `Y-3/01` (year and month), `D` (business date)."""

    column: str
    first: Bound = Field(alias="from")
    last: Bound = Field(alias="to")


class SendingRegion(Strict):
    """One entry of `sendingRegions`: the differences of files of this region and of those below it.

    From its day on the entry goes before the contract. A field that it leaves out comes from the entry of the
    level above (county, city, province, 000000), then from the contract. A later entry of the same region
    replaces the earlier one whole; one that says nothing ends it. `headers`: column → the header that its
    file carries instead of the contract's.
    """

    region: Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]
    effective_from: date
    reference: Sentence
    encoding: Encoding | None = None
    formats: Formats | None = None
    null_words: tuple[str, ...] | None = None
    headers: dict[str, Header] = Field(default_factory=dict)
    due_hours: Hours | None = None
    tolerance: Share | None = None


class ContractProperties(Strict):
    """`customProperties` of the document."""

    effective_from: date
    title_zh: Sentence
    purpose_zh: Sentence
    encoding: Encoding
    formats: Formats
    null_words: tuple[str, ...]
    max_bytes: int = Field(gt=0)
    rows_required: bool
    control_total: tuple[str, ...]
    absence: Literal["none", "unknown"]
    row_region: Literal["own", "upward", "sent"]
    subject: Literal["unit", "enterprise", "region"]
    tolerance: Share
    row_change: RowChange
    windows: tuple[Window, ...] = ()
    """A row must lie in one of them."""
    sending_regions: tuple[SendingRegion, ...] = ()


class DueTime(Strict):
    """`dueTime`: hours after 00:00 of the business date, Asia/Shanghai."""

    value: Hours
    unit: Literal["h"]


class OldestAge(Strict):
    """`oldestAcceptableAge`: days for which an accepted delivery may stand in."""

    value: int = Field(ge=0, le=366)
    unit: Literal["d"]


class ServiceLevels(Strict):
    """`slaProperties` by name."""

    due_time: DueTime
    oldest_acceptable_age: OldestAge


class RowsQuery(Strict):
    """Arguments of `UnexpectedRowsExpectation`: a query that selects all columns of the failing rows."""

    model_config = ConfigDict(alias_generator=None)
    unexpected_rows_query: Annotated[str, StringConstraints(pattern=r"(?s)^SELECT \* FROM \{batch\}.*$")]


class RowsImplementation(Strict):
    """A rule that is a query."""

    expectation: Literal["UnexpectedRowsExpectation"]
    arguments: RowsQuery


class PairOrder(Strict):
    """Arguments of the expectation that one column is not before another."""

    model_config = ConfigDict(alias_generator=None)
    column_A: str  # noqa: N815 - the name Great Expectations gives it
    column_B: str  # noqa: N815 - the name Great Expectations gives it
    or_equal: bool
    ignore_row_if: Literal["both_values_are_missing", "either_value_is_missing", "never"]


class PairImplementation(Strict):
    """A rule that is an order of two columns."""

    expectation: Literal["ExpectColumnPairValuesAToBeGreaterThanB"]
    arguments: PairOrder


Implementation = Annotated[RowsImplementation | PairImplementation, Field(discriminator="expectation")]


class QualityProperties(Strict):
    """`customProperties` of a quality entry."""

    scope: Scope
    columns: tuple[str, ...] = Field(min_length=1)
    sentence_zh: Sentence
    sentence_en: Sentence
    next_step_zh: Sentence
    next_step_en: Sentence


class Quality(Strict):
    """A quality entry, free-form places included."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]+(\.[a-z0-9_]+){2}$")]
    severity: Severity
    implementation: Implementation
    properties: QualityProperties


# ---- Reading a document: bytes, YAML, the standard's models ----

API_VERSIONS = ("v3.1.0", "v3.2.0")
FREE_FORM = frozenset({"logicalTypeOptions", "implementation", "arguments", "value"})
"""Places where the standard takes any keys; our own models look at those."""


BY_REGION = "sendingRegions"
"""The property of a document that concerns some regions only."""


@dataclass(frozen=True)
class Read:
    """A document as the standard's model; SHA-256 of its bytes, and of what it says to every region alike."""

    document: OpenDataContractStandard
    fingerprint: str
    common_fingerprint: str


def read_document(file: Path) -> Read:
    """The document, checked against the standard.

    Raises ContractError: unreadable, not UTF-8, not YAML, a repeated or unknown key, a wrong type,
    another standard.
    """
    content = _bytes(file)
    raw = _mapping(file, content)
    document = _model(file, raw)
    for place in _unknown_keys(raw, document.model_dump(by_alias=True), ""):
        raise fault(file, place, "a key of the Open Data Contract Standard", "an unknown key")
    _check_standard(file, document)
    return Read(document, hashlib.sha256(content).hexdigest(), _common(content))


def _common(content: bytes) -> str:
    """SHA-256 of the text without the lines of its sending regions: of all of it, where it has none."""
    text = content.decode("utf-8")
    for entry in reversed(_by_region(yaml.compose(text, Loader=yaml.CSafeLoader))):
        first, end = _lines_of(text, entry.start_mark.index, entry.end_mark.index)
        text = text[:first] + text[end:]
    return hashlib.sha256(text.encode()).hexdigest()


def _by_region(document: yaml.Node | None) -> list[yaml.Node]:
    """The entries of `customProperties` that concern some regions only."""
    entries = _value(document, "customProperties")
    found = entries.value if isinstance(entries, yaml.SequenceNode) else []
    return [one for one in found if getattr(_value(one, "property"), "value", None) == BY_REGION]


def _value(node: yaml.Node | None, key: str) -> yaml.Node | None:
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    return next((value for name, value in pairs if name.value == key), None)


def _lines_of(text: str, first: int, end: int) -> tuple[int, int]:
    """Where the lines of a list's item begin and end; only the item itself where it shares its lines."""
    line = text.rfind("\n", 0, first) + 1
    if text[line:first].strip() != "-":
        return first, end
    last = text.rfind("\n", 0, end) + 1
    if not text[last:end].strip():  # a block ends where the next line's item begins
        return line, last
    rest, newline, _ = text[end:].partition("\n")
    return (line, end + len(rest + newline)) if not rest.strip() else (first, end)


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise fault(file, "the file", "a readable file", error.strerror, "check its permissions") from error


def _mapping(file: Path, content: bytes) -> dict[str, Any]:
    try:
        raw = read_yaml(content)
    except YamlFault as error:
        raise fault(file, error.place, error.expected, error.found) from None
    if not isinstance(raw, dict):
        raise fault(file, "the file", "a mapping", type(raw).__name__)
    return raw


def _model(file: Path, raw: dict[str, Any]) -> OpenDataContractStandard:
    from open_data_contract_standard.model import OpenDataContractStandard

    try:
        return OpenDataContractStandard.model_validate(raw)
    except ValidationError as error:
        raise fault_of(file, "the document", error) from error


def _unknown_keys(raw: object, known: object, place: str) -> Iterator[str]:
    """Keys that the models dropped: below the top they ignore what they do not know."""
    if isinstance(raw, Mapping) and isinstance(known, Mapping):
        for key, value in raw.items():
            here = f"{place}.{key}".lstrip(".")
            if key not in known:
                yield here
            elif key not in FREE_FORM:
                yield from _unknown_keys(value, known[key], here)
    elif isinstance(raw, list) and isinstance(known, list):
        for position, (value, other) in enumerate(zip(raw, known, strict=True)):
            yield from _unknown_keys(value, other, f"{place}[{position}]")


def _check_standard(file: Path, document: OpenDataContractStandard) -> None:
    if document.kind != "DataContract":
        raise fault(file, "kind", "DataContract", document.kind)
    if document.apiVersion not in API_VERSIONS:
        raise fault(file, "apiVersion", " or ".join(API_VERSIONS), document.apiVersion)


# ---- The free-form parts ----

M = TypeVar("M", bound=BaseModel)
ENGINE = "greatExpectations"


def parse(file: Path, place: str, model: type[M], values: Mapping[str, Any]) -> M:
    """The values as that model; ContractError at the first that it refuses."""
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        raise fault_of(file, place, error) from error


def property_values(file: Path, place: str, properties: Iterable[CustomProperty] | None) -> dict[str, Any]:
    """`customProperties` as a mapping; ContractError where one has no name or stands twice."""
    values: dict[str, Any] = {}
    for entry in properties or ():
        if entry.property is None or entry.property in values:
            raise fault(
                file, f"{place}.customProperties", "every property once, with its name", entry.property
            )
        values[entry.property] = entry.value
    return values


def service_levels(file: Path, document: OpenDataContractStandard) -> ServiceLevels:
    """Due time and oldest acceptable age."""
    levels = {entry.property or "": _level(entry) for entry in document.slaProperties or ()}
    return parse(file, "slaProperties", ServiceLevels, levels)


def _level(entry: ServiceLevelAgreementProperty) -> dict[str, Any]:
    return {"value": entry.value, "unit": entry.unit}


def quality_entries(file: Path, place: str, entries: Iterable[DataQuality] | None) -> tuple[Quality, ...]:
    """The quality entries; ContractError for another engine or a part that our models refuse."""
    return tuple(_quality(file, f"{place}.quality.{entry.name}", entry) for entry in entries or ())


def _quality(file: Path, place: str, entry: DataQuality) -> Quality:
    if entry.type != "custom" or entry.engine != ENGINE:
        raise fault(file, place, f"type custom, engine {ENGINE}", f"{entry.type}, {entry.engine}")
    values = {
        "name": entry.name,
        "severity": entry.severity,
        "implementation": entry.implementation,
        "properties": property_values(file, place, entry.customProperties),
    }
    return parse(file, place, Quality, values)
