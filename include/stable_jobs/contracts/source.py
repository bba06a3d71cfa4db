"""Reading one contract document: bytes, YAML, the standard's models. Nothing unknown passes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from pydantic import ValidationError

from stable_jobs.contracts.fault import fault, fault_of
from stable_jobs.strict_yaml import YamlFault, read_yaml

if TYPE_CHECKING:
    from open_data_contract_standard.model import OpenDataContractStandard

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
