"""Rules about the tree that a reader would otherwise have to remember."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "include/stable_jobs"
MODULES = sorted(PACKAGE.rglob("*.py"))
CLOCK = re.compile(r"\b(?:datetime|date)\.(?:now|today|utcnow)\(|\btime\.time\(")
LONGEST = 500
LOCKED = ("requirements", "requirements-dev", "requirements-uv")


def names(paths: list[Path]) -> list[str]:
    return [path.relative_to(PACKAGE).as_posix() for path in paths]


@pytest.mark.parametrize("path", MODULES, ids=names(MODULES))
def test_only_settings_asks_a_clock(path: Path) -> None:
    asked = CLOCK.search(path.read_text(encoding="utf-8"))

    assert (asked is None) or path.name == "settings.py", asked


@pytest.mark.parametrize("path", MODULES, ids=names(MODULES))
def test_a_module_is_small(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST


def test_every_direct_dependency_says_why_it_is_here() -> None:
    for name in ("requirements.in", "requirements-dev.in", "requirements-uv.in"):
        for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
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
