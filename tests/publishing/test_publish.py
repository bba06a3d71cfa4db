"""Write-once publishing: what a second run does, kills at every write, two processes, bad names."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from stable_jobs.errors import StepError
from stable_jobs.publishing import folders, publish
from stable_jobs.publishing.folders import latest_manifest, newest
from stable_jobs.publishing.publish import publish_folder

A, B, C = b"first\r\n", b"second\r\n", b"third\r\n"


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below the folder with its bytes; hidden ones too."""
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def stamps(folder: Path) -> dict[str, tuple[int, int]]:
    return {p.name: (p.stat().st_ino, p.stat().st_mtime_ns) for p in folder.iterdir()}


def in_force(folder: Path) -> dict[str, str]:
    found = latest_manifest(folder)
    assert found is not None
    return {name: entry["file"] for name, entry in found.files.items()}


RUNS = [
    pytest.param([{"a.csv": A}], {"a.csv": "a.csv"}, {"a.csv", "manifest.json"}, id="first run"),
    pytest.param(
        [{"a.csv": A}, {"a.csv": A}], {"a.csv": "a.csv"}, {"a.csv", "manifest.json"}, id="same content again"
    ),
    pytest.param(
        [{"a.csv": A}, {"a.csv": B}],
        {"a.csv": "a.2.csv"},
        {"a.csv", "a.2.csv", "manifest.json", "manifest.2.json"},
        id="changed list gets the next number",
    ),
    pytest.param(
        [{"a.csv": A, "b.csv": A}, {"a.csv": B, "b.csv": A}],
        {"a.csv": "a.2.csv", "b.csv": "b.csv"},
        {"a.csv", "b.csv", "a.2.csv", "manifest.json", "manifest.2.json"},
        id="unchanged list beside a changed one is not written again",
    ),
    pytest.param(
        [{"a.csv": A}, {"a.csv": B}, {"a.csv": C}],
        {"a.csv": "a.3.csv"},
        {"a.csv", "a.2.csv", "a.3.csv", "manifest.json", "manifest.2.json", "manifest.3.json"},
        id="third version",
    ),
    pytest.param(
        [{"a.csv": A}, {"a.csv": B}, {"a.csv": A}],
        {"a.csv": "a.3.csv"},
        {"a.csv", "a.2.csv", "a.3.csv", "manifest.json", "manifest.2.json", "manifest.3.json"},
        id="back to the first content is a third version",
    ),
    pytest.param(
        [{"a.csv": A}, {}, {"a.csv": A}],
        {"a.csv": "a.csv"},
        {"a.csv", "manifest.json", "manifest.2.json", "manifest.3.json"},
        id="held between, then the same list is adopted",
    ),
    pytest.param(
        [{"a.csv": A}, {"a.csv": A, "b.xlsx": B}],
        {"a.csv": "a.csv", "b.xlsx": "b.xlsx"},
        {"a.csv", "b.xlsx", "manifest.json", "manifest.2.json"},
        id="new list",
    ),
    pytest.param(
        [{"a.csv": A, "b.csv": B}, {"a.csv": A}],
        {"a.csv": "a.csv"},
        {"a.csv", "b.csv", "manifest.json", "manifest.2.json"},
        id="dropped list stays on disk and leaves the manifest",
    ),
]


@pytest.mark.parametrize(("runs", "expected", "names"), RUNS)
def test_never_overwritten(
    tmp_path: Path, runs: list[dict[str, bytes]], expected: dict[str, str], names: set[str]
) -> None:
    seen: dict[str, tuple[int, int]] = {}
    for files in runs:
        publish_folder(tmp_path / "f", files, {"versions": {}})
        now = stamps(tmp_path / "f")
        assert {name: now[name] for name in seen} == seen
        seen = now
    assert in_force(tmp_path / "f") == expected
    assert set(seen) == names
    published = latest_manifest(tmp_path / "f")
    assert published is not None
    for name, entry in published.files.items():
        content = (tmp_path / "f" / entry["file"]).read_bytes()
        assert (content, hashlib.sha256(content).hexdigest()) == (runs[-1][name], entry["sha256"])


def test_says_whether_it_wrote(tmp_path: Path) -> None:
    first = publish_folder(tmp_path, {"a.csv": A}, {})
    again = publish_folder(tmp_path, {"a.csv": A}, {})
    changed = publish_folder(tmp_path, {"a.csv": B}, {})
    assert [(p.number, p.is_new) for p in (first, again, changed)] == [(1, True), (1, False), (2, True)]


def test_manifest_names_the_one_before_and_why(tmp_path: Path) -> None:
    entries = {"a.csv": {"count": 1, "total": "10.00"}}
    publish_folder(tmp_path, {"a.csv": A}, {"files": entries, "versions": {"policies": "p1"}})
    entries = {"a.csv": {"count": 2, "total": "30.00"}}
    publish_folder(tmp_path, {"a.csv": B}, {"files": entries, "versions": {"policies": "p2"}})
    previous = json.loads((tmp_path / "manifest.2.json").read_bytes())["previous"]
    assert previous == {
        "manifest": "manifest.json",
        "sha256": hashlib.sha256((tmp_path / "manifest.json").read_bytes()).hexdigest(),
        "why": [
            {
                "what": "a.csv",
                "zh": "有变化",
                "en": "changed",
                "before": "a.csv, count 1, total 10.00",
                "after": "a.2.csv, count 2, total 30.00",
            },
            {"what": "versions.policies", "zh": "有变化", "en": "changed", "before": '"p1"', "after": '"p2"'},
        ],
    }


@pytest.mark.parametrize(
    ("left", "run", "expected"),
    [
        pytest.param({"a.csv": A}, {"a.csv": A}, {"a.csv": "a.csv"}, id="same bytes are adopted"),
        pytest.param({"a.csv": C}, {"a.csv": A}, {"a.csv": "a.2.csv"}, id="other bytes keep their name"),
        pytest.param({"a.csv": C, "a.2.csv": A}, {"a.csv": A}, {"a.csv": "a.2.csv"}, id="newest is adopted"),
        pytest.param({"a.7.csv": C}, {"a.csv": A}, {"a.csv": "a.8.csv"}, id="numbers go on from the highest"),
        pytest.param(
            {"a.02.csv": C, "xa.csv": C}, {"a.csv": A}, {"a.csv": "a.csv"}, id="other names do not count"
        ),
    ],
)
def test_leftovers_without_a_manifest(
    tmp_path: Path, left: dict[str, bytes], run: dict[str, bytes], expected: dict[str, str]
) -> None:
    for name, content in left.items():
        (tmp_path / name).write_bytes(content)
    publish_folder(tmp_path, run, {})
    assert in_force(tmp_path) == expected
    assert {name: (tmp_path / name).read_bytes() for name in left} == left


def test_a_leftover_beside_what_is_in_force_changes_nothing(tmp_path: Path) -> None:
    publish_folder(tmp_path, {"a.csv": A}, {})
    (tmp_path / "a.2.csv").write_bytes(C)
    assert not publish_folder(tmp_path, {"a.csv": A}, {}).is_new
    assert in_force(tmp_path) == {"a.csv": "a.csv"}


def test_a_changed_file_is_published_anew(tmp_path: Path) -> None:
    publish_folder(tmp_path, {"a.csv": A}, {})
    (tmp_path / "a.csv").write_bytes(b"somebody was here")
    publish_folder(tmp_path, {"a.csv": A}, {})
    assert in_force(tmp_path) == {"a.csv": "a.2.csv"}
    assert (tmp_path / "a.2.csv").read_bytes() == A


@pytest.mark.parametrize(
    "name",
    [
        "manifest.json",
        "../a.csv",
        "a/b.csv",
        "a",
        ".hidden.csv",
        "manifest.2.json",
        "",
        "名单.csv",
        "a.csv\n",
    ],
)
def test_refused_names(tmp_path: Path, name: str) -> None:
    with pytest.raises(StepError, match="not a name for a published file"):
        publish_folder(tmp_path, {name: A}, {})
    assert tree(tmp_path) == {}


@pytest.mark.parametrize("content", [b"{", b"[]", b"{}", b"\xff"])
def test_a_damaged_manifest_is_an_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "manifest.json").write_bytes(content)
    with pytest.raises(StepError, match="is not a manifest as published"):
        publish_folder(tmp_path, {"a.csv": A}, {})


def test_no_manifest_yet(tmp_path: Path) -> None:
    assert latest_manifest(tmp_path) is None
    assert latest_manifest(tmp_path / "missing") is None


KILLED = 9


def die_at(step: int) -> None:
    """In a child process: die before the given call, from 0, that touches the disk. No clean-up runs."""
    calls = iter(range(1000))

    def counted(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            if next(calls) >= step:
                os._exit(KILLED)
            return real(*args, **kwargs)

        return call

    for module, name in ((publish, "_write"), (publish, "sync"), (publish, "link"), (folders, "_remove")):
        setattr(module, name, counted(getattr(module, name)))


def publish_and_die(folder: Path, files: Mapping[str, bytes], step: int) -> int:
    """Exit code of a child that publishes and dies at the step; 0 if it got through."""
    child = os.fork()
    if child == 0:
        die_at(step)
        publish_folder(folder, files, {})
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


FIRST: Mapping[str, bytes] = {"a.csv": A, "b.csv": A}
SECOND: Mapping[str, bytes] = {"a.csv": B, "b.csv": A, "c.csv": C}


@pytest.mark.parametrize("step", range(12))
def test_killed_at_any_write_then_run_again(tmp_path: Path, step: int) -> None:
    for files in (FIRST, SECOND):
        publish_folder(tmp_path / "undisturbed", files, {})
    publish_folder(tmp_path / "killed", FIRST, {})
    assert publish_and_die(tmp_path / "killed", SECOND, step) == KILLED
    publish_folder(tmp_path / "killed", SECOND, {})
    assert tree(tmp_path / "killed") == tree(tmp_path / "undisturbed")
    assert not (tmp_path / "killed" / folders.HIDDEN).exists()


def test_the_kills_cover_every_step(tmp_path: Path) -> None:
    publish_folder(tmp_path, FIRST, {})
    assert publish_and_die(tmp_path, SECOND, 12) == 0


def test_a_living_process_keeps_its_workspace(tmp_path: Path) -> None:
    with folders.workspace(tmp_path) as work:
        (work / "half.csv").write_bytes(A)
        publish_folder(tmp_path, {"a.csv": A}, {})
        assert (work / "half.csv").read_bytes() == A
    assert not (tmp_path / folders.HIDDEN).exists()


def test_a_file_that_appears_while_it_is_placed_is_taken_and_not_numbered_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process publishes the same bytes after this one has looked whether they are there."""

    def then_it_appears(folder: Path, name: str) -> int:
        found = newest(folder, name)
        if found == 0:
            (folder / name).write_bytes(A)
        return found

    monkeypatch.setattr(publish, "newest", then_it_appears)

    publish_folder(tmp_path, {"a.csv": A}, {})

    assert set(tree(tmp_path)) == {"a.csv", "manifest.json"}


def _publish_many(folder: str, start: Any) -> None:
    start.wait()
    for number in range(20):
        publish_folder(Path(folder) / str(number), {f"l{n}.csv": bytes([n]) * 1000 for n in range(5)}, {})


def test_two_processes_at_once(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    start = spawn.Barrier(2)
    both = [spawn.Process(target=_publish_many, args=(str(tmp_path), start)) for _ in range(2)]
    for process in both:
        process.start()
    for process in both:
        process.join()
    assert [process.exitcode for process in both] == [0, 0]
    names = {
        f"{number}/{name}"
        for number in range(20)
        for name in ("manifest.json", *(f"l{n}.csv" for n in range(5)))
    }
    assert set(tree(tmp_path)) == names
