"""What the engine refuses and no other reader finds wrong is still a refusal, without its words."""

from __future__ import annotations

from pathlib import Path

import pytest

from stable_jobs.intake.decoding import _rows, diagnose
from stable_jobs.intake.problems import Slot
from tests.intake.conftest import REGION

SLOT = Slot("tax", "payments", REGION)


@pytest.mark.parametrize(
    ("message", "row"),
    [
        pytest.param("CSV Error on Line: 7\nOriginal Line: 6222021234567890123,x", 6, id="with a line"),
        pytest.param("CSV Error on Line: 1\nOriginal Line: a", None, id="the header"),
        pytest.param("The CSV Parser state machine reached an invalid state", None, id="no line"),
    ],
)
def test_unexplained(tmp_path: Path, message: str, row: int | None) -> None:
    path = tmp_path / "text.csv"
    path.write_bytes(b"a,b\n1,2\n")

    problem = diagnose(SLOT, path, 2, message).problem

    assert (problem.rule, problem.row, problem.region) == ("delivery.csv", row, REGION)
    assert "6222021234567890123" not in problem.sentence()


def test_files_that_are_diagnosed_at_once_do_not_disturb_each_other(tmp_path: Path) -> None:
    """The limit on a field's length is the process's: who ends first must not lower it for the other."""
    path = tmp_path / "text.csv"
    path.write_text(f"a,b\n1,{'x' * 200_000}\n", encoding="utf-8")
    one, other = _rows(path), _rows(path)
    next(one)
    next(other)

    assert len(list(one)) == len(list(other)) == 1
