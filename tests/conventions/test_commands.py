"""Every command and every option of the command line is documented, and nothing else is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from stable_jobs.cli.main import app

PAGE = (Path(__file__).parents[2] / "docs/reference/commands.md").read_text(encoding="utf-8")


def commands(command: Any, path: tuple[str, ...] = ("stable-jobs",)) -> Iterator[tuple[str, Any]]:
    """Name → command, the demonstration's with them."""
    if not hasattr(command, "list_commands"):
        yield " ".join(path), command
        return
    for name in command.list_commands(None):
        yield from commands(command.get_command(None, name), (*path, name))


EVERY = dict(commands(get_command(app)))


def section(name: str) -> str:
    found = re.search(
        rf"^## `{re.escape(name)}(?: [A-Z]+)?`\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL
    )
    assert found is not None, f"docs/reference/commands.md has no section for {name}"
    return found[1]


@pytest.mark.parametrize("name", EVERY)
def test_a_command_and_its_options_are_documented(name: str) -> None:
    text = section(name)
    options = [p.opts[0] for p in EVERY[name].params if p.opts[0].startswith("--") and p.name != "help"]

    assert [option for option in options if f"`{option}`" not in text] == []
    assert EVERY[name].help, f"{name} has no help text"


def test_no_section_is_about_a_command_that_is_gone() -> None:
    named = re.findall(r"^## `(stable-jobs[a-z -]*?)(?: [A-Z]+)?`$", PAGE, re.MULTILINE)

    assert sorted(named) == sorted(EVERY)
