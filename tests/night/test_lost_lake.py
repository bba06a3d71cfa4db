"""A lake that is not where the catalog says, or not what it was: one sentence that names the file."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from itertools import cycle
from pathlib import Path

import duckdb
import pytest

from stable_jobs.errors import StepError, store_fault
from stable_jobs.night import steps
from stable_jobs.night.step import Run
from tests.e2e.home import BUSINESS_DATE
from tests.night.small_night import FirstNight, Results

pytestmark = pytest.mark.xdist_group("tasks")


def _gone(path: Path) -> None:
    path.unlink()


def _cut(path: Path) -> None:
    _overwrite(path, path.read_bytes()[:100])


def _overwrite(path: Path, content: bytes) -> None:
    path.chmod(0o600)
    path.write_bytes(content)


def _other_type(path: Path) -> None:
    _overwrite(path, b"a,b\n1,2\n")


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _nothing(path: Path) -> None:
    _overwrite(path, b"")


def _other_rows(path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path.chmod(0o600)
    pq.write_table(pa.table({"x": [1]}), path)


WAYS = {
    "gone": _gone, "cut": _cut, "a CSV": _other_type, "a folder": _folder, "empty": _nothing,
    "another table": _other_rows,
}  # fmt: skip
TASKS: dict[str, Callable[[Results], object]] = {
    "validate": lambda r: steps.validate.task(Run(BUSINESS_DATE), "tax"),
    "determine": lambda r: steps.determine.task(
        Run(BUSINESS_DATE),
        [r[f"{d}.validate"] for d in ("labor", "tax", "finance", "development", "economy")],
    ),
    "compare": lambda r: steps.compare.task(Run(BUSINESS_DATE), r["determine"]),
    "lists": lambda r: steps.lists.task(Run(BUSINESS_DATE), r["determine"]),
    "notices": lambda r: steps.notices.task(Run(BUSINESS_DATE), r["determine"]),
    "report": lambda r: steps.report.task(Run(BUSINESS_DATE), r["determine"], r["compare"]),
}


@pytest.mark.parametrize(
    "name", [pytest.param(one, marks=[pytest.mark.long] * (one != "determine")) for one in TASKS]
)
def test_every_step_names_the_file_and_what_to_do(made: FirstNight, name: str, tmp_path: Path) -> None:
    """Each kind of snapshot broken in turn, each in another way: the step goes on, or says one sentence."""
    wrong, stopped = [], []
    with made.home() as home:
        found, lake = made.results(home), home.path / "lake"
        kinds = sorted(path.name for path in (lake / "snapshots").iterdir())
        assert len(kinds) > 8
        for kind, way in zip(kinds, cycle(WAYS), strict=False):
            folder = lake / "snapshots" / kind
            shutil.copytree(folder, tmp_path / kind)
            for path in folder.iterdir():
                WAYS[way](path)
            try:
                TASKS[name](found)
            except StepError as error:
                stopped.append(kind)
                said = str(error)
                if f"/{kind}/" not in said or "; next: " not in said or "Error" in said:
                    wrong.append((kind, way, said))
            except Exception as error:
                wrong.append((kind, way, f"{type(error).__name__}: {error}"[:300]))
            shutil.rmtree(folder)
            shutil.copytree(tmp_path / kind, folder)
    assert wrong == [], json.dumps(wrong, indent=1)
    assert bool(stopped) is (name not in ("validate", "compare"))


def test_a_lake_that_is_elsewhere(made: FirstNight, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with made.home() as home:
        monkeypatch.setenv("STABLE_JOBS_LAKE", str(tmp_path / "elsewhere"))
        for name in ("determine", "lists", "report"):
            with pytest.raises(StepError, match=rf"^{tmp_path}/elsewhere/.*; next: "):
                TASKS[name](made.results(home))


@pytest.mark.parametrize(
    ("said", "path"),
    [
        ('IO Error: No files found that match the pattern "/lake/a.parquet"\n\nLINE 1', "/lake/a.parquet"),
        ('IO Error: No files found that match the pattern "s3://lake/a.parquet"', "s3://lake/a.parquet"),
        ("Invalid Input Error: No magic bytes found at end of file '/lake/a.parquet'", "/lake/a.parquet"),
        ("Invalid Input Error: File '/l/a' too small to be a Parquet file", "/l/a"),
        (
            "IO Error: No files found that match the pattern",
            "IO Error: No files found that match the pattern",
        ),
    ],
)
def test_what_the_engine_says_of_a_lost_file_is_one_sentence(said: str, path: str) -> None:
    fault = store_fault(duckdb.IOException(said))
    assert str(fault).startswith(f"{path}: the file that was written there is gone or is another one; next: ")
    assert "\n" not in str(fault)
