"""The page docs/where-to-look.md leads to folders that exist and to names that they define."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/where-to-look.md").read_text(encoding="utf-8")
ROWS = [line.strip("| ").split(" | ") for line in PAGE.splitlines() if line.startswith("| ")][2:]
SOURCES = {".py", ".sql", ".yaml", ".po"}


def sources(folder: str) -> dict[str, str]:
    """The text of every source file below a folder of the project, by its path."""
    files = sorted(path for path in (ROOT / folder).rglob("*") if path.suffix in SOURCES)
    return {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in files}


def defining(folder: str, name: str) -> list[str]:
    """The files below a folder that define a name: a class, a function, a constant, a table or a key."""
    defined = re.compile(
        rf"^\s*(?:def|class|CREATE [A-Z ]*?(?:FUNCTION|TABLE|VIEW|TRIGGER)) {name}\b"
        rf"|^\s*(?:- )?{name}(?:: | ?=|:$)|^{name} \"|dag_id=\"{name}\"",
        re.MULTILINE,
    )
    return [path for path, text in sources(folder).items() if defined.search(text)]


def test_the_page_answers_at_least_ten_questions() -> None:
    assert len(ROWS) >= 10
    assert all(len(row) == 4 and row[0].endswith("?") for row in ROWS)


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_the_folder_of_a_question_defines_the_name(row: list[str]) -> None:
    _, folder, name, _ = row

    assert defining(folder.strip("`"), name.strip("`")) != []


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_an_answer_names_only_folders_and_names_that_exist(row: list[str]) -> None:
    named = re.findall(r"`([^`]+)`", row[3])
    folders = [name for name in named if "/" in name]
    names = [name for name in named if "/" not in name]

    assert [folder for folder in folders if not (ROOT / folder).is_dir()] == []
    assert [name for name in names if not defining("include/stable_jobs", name)] == []
