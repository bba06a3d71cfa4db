"""Rules about the tree that a reader would otherwise have to remember."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
PACKAGE, DEMONSTRATION = ROOT / "include/stable_jobs", ROOT / "demo/stable_jobs_demo"
MODULES = sorted([*PACKAGE.rglob("*.py"), *DEMONSTRATION.rglob("*.py")])
CLOCK = re.compile(r"\b(?:datetime|date)\.(?:now|today|utcnow)\(|\btime\.time\(")
LONGEST = 500
LOCKED = ("requirements", "requirements-dev", "requirements-uv", "requirements-bench", "requirements-spark")


def names(paths: list[Path]) -> list[str]:
    return [path.relative_to(ROOT).as_posix() for path in paths]


@pytest.mark.parametrize("path", MODULES, ids=names(MODULES))
def test_only_settings_asks_a_clock(path: Path) -> None:
    asked = CLOCK.search(path.read_text(encoding="utf-8"))

    assert (asked is None) or path.name == "settings.py", asked


@pytest.mark.parametrize("path", MODULES, ids=names(MODULES))
def test_a_module_is_small(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST


def test_the_disbursement_does_without_great_expectations() -> None:
    """Money that was decided is paid without the rules being run again: its processes start light."""
    everything = """
import importlib, pkgutil, sys
import stable_jobs.disbursement as room
for found in pkgutil.walk_packages(room.__path__, room.__name__ + "."):
    importlib.import_module(found.name)
print(len([name for name in sys.modules if name.startswith(room.__name__)]))
print([name for name in sys.modules if name.split(".")[0] == "great_expectations"])
"""
    done = subprocess.run([sys.executable, "-c", everything], capture_output=True, text=True, check=True)

    modules, loaded = done.stdout.splitlines()
    assert int(modules) > 5
    assert loaded == "[]"


def test_every_direct_dependency_says_why_it_is_here() -> None:
    for name in LOCKED:
        for line in (ROOT / f"{name}.in").read_text(encoding="utf-8").splitlines():
            if line and not line.startswith(("#", "-r ")):
                assert re.fullmatch(r"[a-z0-9-]+(\[[a-z]+\])?==\S+ +# \S.+", line), line


def test_every_direct_dependency_is_pinned_as_compiled() -> None:
    for name in LOCKED:
        pins = set((ROOT / f"{name}.txt").read_text(encoding="utf-8").split())
        asked = re.findall(
            r"^([a-z0-9-]+(?:\[[a-z]+\])?==\S+)", (ROOT / f"{name}.in").read_text(), re.MULTILINE
        )
        bare = {re.sub(r"\[[a-z]+\]", "", pin) for pin in asked}
        compiled = {re.sub(r"\[[a-z]+\]", "", pin) for pin in pins}
        assert bare <= compiled, bare - compiled


def test_every_pin_carries_the_hashes_of_its_files() -> None:
    for name in LOCKED:
        entries = re.split(r"^(?=\S)", (ROOT / f"{name}.txt").read_text(encoding="utf-8"), flags=re.MULTILINE)
        bare = [
            one.split()[0]
            for one in entries
            if one.strip() and not re.search(r"--hash=sha256:[0-9a-f]{64}", one)
        ]
        assert bare == [], name


def test_whatever_installs_them_requires_the_hashes() -> None:
    for name in ("Makefile", "Dockerfile"):
        joined = (ROOT / name).read_text(encoding="utf-8").replace("\\\n", " ")
        installs = [line.strip() for line in joined.splitlines() if re.search(r"pip install", line)]
        assert len(installs) >= 2
        for line in installs:
            ours = "--no-deps" in line and "--no-build-isolation" in line
            assert ours or ("--require-hashes" in line and "--only-binary :all:" in line), line


def test_records_of_decisions_are_all_listed() -> None:
    index = (ROOT / "docs/adr/README.md").read_text(encoding="utf-8")

    assert [p.name for p in sorted((ROOT / "docs/adr").glob("0*.md")) if p.name not in index] == []


def test_what_lies_beside_the_code_is_in_the_wheel() -> None:
    named = re.search(
        r"^BESIDE_CODE = \((.+)\)$", (ROOT / "setup.py").read_text(encoding="utf-8"), re.MULTILINE
    )
    files = [path for path in PACKAGE.rglob("*.*") if path.is_file() and "__pycache__" not in path.parts]
    of_the_tools = {".py", ".typed", ".cfg"}

    assert named is not None
    assert {path.suffix for path in files} - of_the_tools == {
        f".{kind}" for kind in re.findall(r"\w+", named[1])
    }


def test_the_product_never_imports_the_demonstration() -> None:
    """Not by a name in a text either: its entry points are the only way to it."""
    product = [path for folder in ("include", "dags", "plugins") for path in (ROOT / folder).rglob("*.py")]

    assert product
    assert [path for path in product if "stable_jobs_demo" in path.read_text(encoding="utf-8")] == []


def declared(file: str) -> dict[str, Any]:
    """What a `pyproject.toml` says of its distribution."""
    project: dict[str, Any] = tomllib.loads((ROOT / file).read_text(encoding="utf-8"))["project"]
    return project


def test_the_demonstration_is_of_the_products_version() -> None:
    product, demonstration = declared("pyproject.toml"), declared("demo/pyproject.toml")

    assert demonstration["version"] == product["version"]
    assert f"stable-jobs=={product['version']}" in demonstration["dependencies"]
    assert demonstration["requires-python"] == product["requires-python"]


def imported(path: Path) -> set[str]:
    """The roots of whatever a module imports, wherever in it."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    whole = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    parts = [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
    return {name.partition(".")[0] for name in whole + parts}


def test_the_demonstration_asks_for_what_it_imports_in_the_versions_that_are_pinned() -> None:
    asked = [Requirement(text) for text in declared("demo/pyproject.toml")["dependencies"]]
    found = set().union(*(imported(path) for path in DEMONSTRATION.rglob("*.py")))
    foreign = found - sys.stdlib_module_names - {"stable_jobs_demo"}
    pins = dict(re.findall(r"^([a-z0-9-]+)==(\S+)", (ROOT / "requirements.txt").read_text(), re.MULTILINE))

    assert {one.name.replace("-", "_") for one in asked} == foreign
    beside = [one for one in asked if one.name != "stable-jobs"]
    assert [str(one) for one in beside if pins[one.name] not in one.specifier] == []


def test_every_package_of_the_demonstration_is_in_its_wheel() -> None:
    told = tomllib.loads((ROOT / "demo/pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    found = {path.parent.relative_to(ROOT / "demo") for path in DEMONSTRATION.rglob("*.py")}

    assert sorted(told["packages"]) == sorted(".".join(path.parts) for path in found)
