"""Reading one contract document: bytes, YAML, the standard's models. Nothing unknown passes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from stable_jobs.contracts.fault import fault, fault_of
from stable_jobs.strict_yaml import YamlFault, read_yaml

if TYPE_CHECKING:
    from open_data_contract_standard.model import OpenDataContractStandard

API_VERSIONS = ("v3.1.0", "v3.2.0")
FREE_FORM = frozenset({"logicalTypeOptions", "implementation", "arguments", "value"})
"""Places where the standard takes any keys; our own models look at those."""


def read_document(file: Path) -> tuple[OpenDataContractStandard, str]:
    """The document as the standard's model, and the SHA-256 of its bytes.

    Raises ContractError: unreadable, not UTF-8, not YAML, a repeated or unknown key, a wrong type,
    another standard.
    """
    content = _bytes(file)
    raw = _mapping(file, content)
    document = _model(file, raw)
    for place in _unknown_keys(raw, document.model_dump(by_alias=True), ""):
        raise fault(file, place, "a key of the Open Data Contract Standard", "an unknown key")
    _check_standard(file, document)
    return document, hashlib.sha256(content).hexdigest()


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
