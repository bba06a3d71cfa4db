"""YAML that people write: plain values only, every key once, no alias, no deeper or longer than is meant."""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

MOST_NESTED = 50
"""Levels. The parser in C that reads the values ends the whole process where they go too deep."""


MOST_BYTES = 1_000_000
"""Of a file that people write; a longer one is not read."""


class YamlFault(Exception):
    """A fault of a document: place (`line 3`), expected and found.

    found never shows a plain value of the document: it may be an account number.
    """

    def __init__(self, place: str, expected: str, found: str) -> None:
        super().__init__(f"{place}: expected {expected}; found {found}")
        self.place, self.expected, self.found = place, expected, found


class _Loader(yaml.CSafeLoader):
    """The safe loader, which takes a repeated key in silence, made to refuse it."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        repeated = [key for key in keys if keys.count(key) > 1]
        if repeated:
            raise yaml.constructor.ConstructorError(
                None, None, f"key written twice: {min(map(str, repeated))}", node.start_mark
            )
        return super().construct_mapping(node, deep)


def read_regular(path: Path) -> bytes:
    """The bytes of a file that people write. OSError if it cannot be read; YamlFault for a folder, a link to
    nothing or a pipe, which might never end, and for a file that is too long."""
    if not path.is_file():
        raise YamlFault("the file", "a regular file", _kind(path))
    with path.open("rb") as source:
        content = source.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise YamlFault("the file", f"at most {MOST_BYTES} bytes", "more")
    return content


def _kind(path: Path) -> str:
    if path.is_dir():
        return "a folder"
    return "something else" if path.exists() else "a link to nothing" if path.is_symlink() else "nothing"


def read_yaml(content: bytes) -> object:
    """The values of one document in UTF-8. YamlFault for anything else."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise YamlFault(f"byte {error.start}", "UTF-8", "another encoding") from None
    try:
        _check_shape(text)
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - a subclass of the safe loader
    except yaml.MarkedYAMLError as error:
        place = f"line {error.problem_mark.line + 1}" if error.problem_mark else "the file"
        raise YamlFault(place, "YAML with every key once", error.problem or "something else") from None
    except (yaml.YAMLError, ValueError):
        raise YamlFault("the file", "YAML", "something else") from None


def _check_shape(text: str) -> None:
    """An alias may stand for itself or, over a few levels, for more values than a memory holds."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.AliasEvent):
            place = f"line {event.start_mark.line + 1}" if event.start_mark else "the file"
            raise YamlFault(place, "every value written out", "an alias")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MOST_NESTED:
            place = f"line {event.start_mark.line + 1}" if event.start_mark else "the file"
            raise YamlFault(place, f"at most {MOST_NESTED} levels", "more")
