"""Faults planted into a copy of the package: one exact edit each, as a tired colleague would make it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from stable_jobs.settings import PACKAGE
from tests.e2e.home import BUSINESS_DATE, Home

INCLUDE = PACKAGE.parent


@dataclass(frozen=True)
class Fault:
    """What goes wrong, and the edit: the text stands once in the module and is replaced."""

    name: str
    module: str
    right: str
    wrong: str


def plant(fault: Fault | None, folder: Path) -> Path:
    """A copy of `include/` with the fault in it; without one, as it is. ValueError if the text has moved."""
    shutil.copytree(INCLUDE, folder, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    if fault is not None:
        path = folder / "stable_jobs" / fault.module
        text = path.read_text(encoding="utf-8")
        if text.count(fault.right) != 1:
            raise ValueError(f"{fault.name}: {fault.module} has {text.count(fault.right)} × {fault.right!r}")
        path.write_text(text.replace(fault.right, fault.wrong), encoding="utf-8")
    return folder


def run_night(home: Home, include: Path) -> subprocess.CompletedProcess[str]:
    """The night by that copy; the installed package is shadowed."""
    code = (
        "import sys, stable_jobs; from pathlib import Path;"
        f"assert Path(stable_jobs.__file__).is_relative_to({str(include)!r}), stable_jobs.__file__;"
        "from stable_jobs.cli.main import main; main()"
    )
    return subprocess.run(
        [sys.executable, "-c", code, "night", "--date", BUSINESS_DATE],
        env=home.environment(PYTHONPATH=str(include), PYTHONDONTWRITEBYTECODE="1"),
        cwd=os.sep,
        capture_output=True,
        text=True,
        check=False,
    )


def run_tests(node: str, include: Path) -> subprocess.CompletedProcess[str]:
    """Tests of this checkout, run on that copy in a process of their own; node: as pytest takes it."""
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", node],
        env=os.environ | {"PYTHONPATH": str(include), "PYTHONDONTWRITEBYTECODE": "1"},
        cwd=INCLUDE.parent,
        capture_output=True,
        text=True,
        check=False,
    )
