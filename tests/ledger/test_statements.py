"""The ledger's SQL files: each statement is used, and the header says which tables are read and written."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from stable_jobs.ledger import event
from stable_jobs.ledger.event import Statements

MODULES = Path(event.__file__).parent
FILES = sorted(path.stem for path in (MODULES / "sql").glob("*.sql"))

WRITES = re.compile(r"\b(?:INSERT INTO|UPDATE|DELETE FROM|CREATE TEMPORARY TABLE|ALTER TABLE)\s+(\w+)")
READS = re.compile(
    r"(?<!DISTINCT )(?<!DELETE )\b(?:FROM|JOIN|USING)\s+(\w+)\b(?!\s*[.(])((?:\s+\w+)?(?:,\s*\w+\s+\w+)*)"
)
COMMON = re.compile(r"\b(\w+)\s*(?:\([^()]*\))?\s+AS\s+(?:MATERIALIZED\s+)?\(")
NO_TABLES = {"LATERAL", "SELECT"}


def script_of(file: str) -> str:
    return (MODULES / "sql" / f"{file}.sql").read_text("utf-8")


def tables(script: str) -> tuple[set[str], set[str]]:
    """The tables and views that a script reads and those that it writes."""
    bare = re.sub(r"\"[^\"]*\"|'[^']*'", "''", re.sub(r"--.*", "", script))
    written = set(WRITES.findall(bare))
    read: set[str] = set()
    for first, others in READS.findall(bare):
        read |= {first, *re.findall(r",\s*(\w+)\s+\w+", others)}
    return read - set(COMMON.findall(bare)) - NO_TABLES, written


def header(script: str, word: str) -> set[str]:
    """The names behind `-- Reads:` or `-- Writes:`, which may go on over indented lines."""
    found = re.search(rf"^-- {word}: (.*(?:\n--   .*)*)\.$", script, re.MULTILINE)
    return set(re.findall(r"\w+", found[1])) if found else set()


@pytest.mark.parametrize("file", FILES)
def test_the_header_says_what_is_read_and_written(file: str) -> None:
    script = script_of(file)
    read, written = tables(script)
    assert header(script, "Reads") == read
    assert header(script, "Writes") == written


def used_in(module: str, name: str) -> Iterator[str]:
    """The statements that a module asks of the file that it calls `name`."""
    for node in ast.walk(ast.parse(module)):
        match node:
            case ast.Subscript(value=ast.Name(id=known)) if known == name:
                yield from _texts(node.slice)
            case ast.Call(func=ast.Attribute(value=ast.Name(id=known)), args=args) if known == name:
                yield from (one for arg in args for one in _texts(arg))


def _texts(node: ast.expr) -> Iterator[str]:
    match node:
        case ast.Constant(value=str(name)):
            yield name
        case ast.IfExp(body=one, orelse=other):
            yield from (*_texts(one), *_texts(other))


@pytest.mark.parametrize("file", FILES)
def test_every_statement_is_used_and_every_used_one_is_there(file: str) -> None:
    used: set[str] = set()
    for path in MODULES.glob("*.py"):
        module = path.read_text("utf-8")
        used |= set(used_in(module, f"{file.upper()}_SQL"))
        used |= set(used_in(module, "SQL")) if path.stem == file else set()
    assert used == set(Statements(file).scripts)


def test_a_name_may_stand_for_several_statements() -> None:
    assert len(Statements("batches").scripts["preparers"]) > 5


def test_comments_are_no_part_of_a_statement() -> None:
    assert all(
        "--" not in one for file in FILES for script in Statements(file).scripts.values() for one in script
    )


def test_an_unknown_name_is_an_error() -> None:
    with pytest.raises(KeyError):
        Statements("batches")["nothing"]
