"""Reading one contract document: bytes, YAML, the standard's models. Nothing unknown passes."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from pydantic import ValidationError

from stable_jobs.contracts.fault import fault, fault_of

if TYPE_CHECKING:
    from open_data_contract_standard.model import OpenDataContractStandard

API_VERSIONS = ("v3.1.0", "v3.2.0")
FREE_FORM = frozenset({"logicalTypeOptions", "implementation", "arguments", "value"})
"""Places where the standard takes any keys; our own models look at those."""


class UniqueKeyLoader(yaml.SafeLoader):
    """YAML's safe loader, which takes a repeated key in silence, made to refuse it."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """The mapping; ConstructorError where a key stands twice."""
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        repeated = {key for key in keys if keys.count(key) > 1}
        if repeated:
            raise yaml.constructor.ConstructorError(
                None, None, f"key written twice: {sorted(map(str, repeated))[0]}", node.start_mark
            )
        return super().construct_mapping(node, deep)


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
        raw = yaml.load(content.decode("utf-8"), Loader=UniqueKeyLoader)  # noqa: S506 - a subclass of SafeLoader
    except UnicodeDecodeError as error:
        raise fault(file, f"byte {error.start}", "UTF-8", "another encoding", "save it as UTF-8") from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise fault(file, f"line {line}", "YAML with every key once", error.problem) from error
    except yaml.YAMLError as error:
        raise fault(file, "the file", "YAML", error) from error
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
