"""Reading a document: one broken file per message."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from stable_jobs.contracts.document import read_document
from stable_jobs.errors import ContractError
from tests.contracts.conftest import SMALL, place

FILE = "water/meters.odcs.yaml"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        pytest.param(
            "kind: DataContract",
            "kind: DataProduct",
            "kind: expected DataContract; found DataProduct",
            id="kind",
        ),
        pytest.param(
            "apiVersion: v3.2.0",
            "apiVersion: v2.2.2",
            "apiVersion: expected v3.1.0 or v3.2.0; found v2.2.2",
            id="version of the standard",
        ),
        pytest.param(
            "status: active",
            "owner: active",
            "the document.owner: expected no such key; found 'active'",
            id="unknown key at the top",
        ),
        pytest.param(
            "classification: restricted",
            "clasification: restricted",
            "schema[0].properties[3].clasification: expected a key of the Open Data",
            id="unknown key below, which the standard's models ignore",
        ),
        pytest.param(
            "{value: true, label: 是}",
            "{value: true, lable: 是}",
            "enum[0].lable: expected a key",
            id="unknown key in a list",
        ),
        pytest.param(
            "required: true", "required: perhaps", "schema.0.properties.0.required: expected", id="wrong type"
        ),
        pytest.param(
            "domain: water",
            "domain: water\ndomain: water",
            "line 1: expected YAML with every key once; found key written twice: domain",
            id="key twice",
        ),
        pytest.param("schema:", "schema: [", "expected YAML with every key once", id="no YAML"),
    ],
)
def test_a_broken_document(small: Callable[[str, str], Path], old: str, new: str, message: str) -> None:
    with pytest.raises(ContractError) as caught:
        read_document(small(old, new) / FILE)
    assert str(caught.value).startswith(f"{small(old, new) / FILE}: ")
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(SMALL.encode("gb18030"), "expected UTF-8; found another encoding", id="GB18030"),
        pytest.param(b"- a list", "the file: expected a mapping; found list", id="list"),
        pytest.param(b"", "the file: expected a mapping; found NoneType", id="empty"),
        pytest.param(b"a: !!python/object:os.system x", "could not determine a constructor", id="python tag"),
        pytest.param(b"a: \x07", "the file: expected YAML", id="control character"),
    ],
)
def test_a_file_that_is_no_document(tmp_path: Path, content: bytes, message: str) -> None:
    file = tmp_path / "meters.odcs.yaml"
    file.write_bytes(content)
    with pytest.raises(ContractError) as caught:
        read_document(file)
    assert message in str(caught.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="expected a readable file; found No such file"):
        read_document(tmp_path / "none.odcs.yaml")


def test_the_same_bytes_give_the_same_fingerprint(tmp_path: Path) -> None:
    first = read_document(place(tmp_path / "a", SMALL) / FILE).fingerprint
    again = read_document(place(tmp_path / "b", SMALL) / FILE).fingerprint
    other = read_document(place(tmp_path / "c", SMALL + "\n") / FILE).fingerprint
    assert first == again != other
