"""YAML that people write: what is read, and what is refused at which place."""

from __future__ import annotations

import pytest

from stable_jobs.strict_yaml import MOST_NESTED, YamlFault, read_yaml

READ = [
    pytest.param(b"a: 1\nb: [x, '2']\n", {"a": 1, "b": ["x", "2"]}, id="a mapping"),
    pytest.param("甲: 乙".encode(), {"甲": "乙"}, id="Chinese"),
    pytest.param(b"", None, id="nothing"),
    pytest.param(b"[" * MOST_NESTED + b"]" * MOST_NESTED, None, id="as deep as allowed"),
]
REFUSED = [
    pytest.param(b"\xff", "byte 0", "UTF-8", id="another encoding"),
    pytest.param(b"a: 1\nb:\n  c: 1\n  c: 2\n", "line 3", "every key once", id="a key written twice"),
    pytest.param(b"? [1]\n: a\n? [1]\n: b\n", "line 1", "every key once", id="a list as a key, twice"),
    pytest.param(b"a:\n  - [1\n", "line 3", "YAML", id="cut off"),
    pytest.param(b"a: b: c", "line 1", "YAML", id="a mapping in a line"),
    pytest.param(b"a: 1\n---\nb: 2\n", "line 2", "YAML", id="two documents"),
    pytest.param(b"a: \x00", "the file", "YAML", id="a control character"),
    pytest.param(b"a: 2020-13-01", "the file", "YAML", id="a date that is none"),
    pytest.param(b"a: !!python/object/apply:os.getcwd []", "line 1", "YAML", id="an object to be made"),
    pytest.param(b"[\n" * 200_000, f"line {MOST_NESTED + 1}", "levels", id="lists without end"),
    pytest.param(b"a: &x 1\nb: *x", "line 2", "every value written out", id="an alias"),
    pytest.param(b"&x [*x]", "line 1", "every value written out", id="a list in itself"),
    pytest.param(b"{a: " * 200_000, "line 1", "levels", id="mappings without end"),
]


@pytest.mark.parametrize(("content", "values"), READ)
def test_plain_values_are_read(content: bytes, values: object) -> None:
    found = read_yaml(content)

    assert found == values or (values is None and isinstance(found, list))


@pytest.mark.parametrize(("content", "place", "expected"), REFUSED)
def test_anything_else_is_refused_at_its_place(content: bytes, place: str, expected: str) -> None:
    with pytest.raises(YamlFault) as refused:
        read_yaml(content)

    assert refused.value.place == place
    assert expected in refused.value.expected


def test_a_value_is_never_shown() -> None:
    with pytest.raises(YamlFault) as refused:
        read_yaml(b"debtor: {account_no: 6222020200112233445\n")

    assert "62220202" not in str(refused.value)
