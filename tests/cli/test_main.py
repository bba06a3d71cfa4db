"""Wrong usage ends with a sentence that says what to do, exit 2, and no traceback."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from stable_jobs.cli import main

STABLE_JOBS = Path(sys.executable).parent / "stable-jobs"


def run(home: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    (home / "landing" / "labor").mkdir(parents=True, exist_ok=True)
    return subprocess.run(
        [str(STABLE_JOBS), *arguments],
        env={"PATH": "/usr/bin:/bin", "STABLE_JOBS_HOME": str(home), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("arguments", "environment", "sentence"),
    [
        pytest.param(["night"], {}, "--date", id="no date"),
        pytest.param(["night", "--date", "2020-13-01"], {}, "expected YYYY-MM-DD", id="no such date"),
        pytest.param(
            ["night", "--date", "2020-05-11", "--what-if"], {}, "go together", id="what-if without policies"
        ),
        pytest.param(
            ["night", "--date", "2020-05-11", "--policies", "."],
            {},
            "go together",
            id="policies without what-if",
        ),
        pytest.param(
            ["night", "--date", "2020-05-11", "--known-at", "soon"], {}, "not an instant", id="no instant"
        ),
        pytest.param(["demo", "--tier", "galaxy"], {}, "galaxy", id="no such tier"),
        pytest.param(["demo", "--date", "2023-05-11"], {}, "2020", id="a year without a demonstration"),
        pytest.param(["unknown"], {}, "No such command", id="no such command"),
        pytest.param(
            ["night", "--date", "2020-05-11"],
            {"STABLE_JOBS_THREADS": "many"},
            "STABLE_JOBS_THREADS",
            id="a setting that is no number",
        ),
        pytest.param(
            ["night", "--date", "2020-05-11"],
            {"STABLE_JOBS_DATABASE_URL": "sqlite://"},
            "PostgreSQL",
            id="another database",
        ),
    ],
)
def test_wrong_usage(
    tmp_path: Path, arguments: list[str], environment: dict[str, str], sentence: str
) -> None:
    done = run(tmp_path, *arguments, **environment)

    assert done.returncode == 2, done.stderr
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_a_folder_without_policies_ends_with_one_sentence(tmp_path: Path) -> None:
    """A file with a fault is its own region's: tests/e2e/test_policies.py."""
    folder = tmp_path / "policies"
    folder.mkdir()
    delivered = tmp_path / "landing/labor/insured_units/2020-05-11/610100.csv"
    delivered.parent.mkdir(parents=True)
    delivered.write_text("a\n", encoding="utf-8")

    done = run(tmp_path, "night", "--date", "2020-05-11", STABLE_JOBS_POLICIES=str(folder))

    assert done.returncode == 1
    assert "expected <region>/<scheme>.yaml; found no such file" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_database_that_went_away_ends_with_one_sentence_and_no_value(monkeypatch, capsys) -> None:
    def broken() -> None:
        lost = Exception("server closed the connection unexpectedly\nDETAIL: 6222021001")
        raise OperationalError("INSERT INTO account_corrections", {"number": "6222021001"}, lost)

    monkeypatch.setattr(main, "app", broken)
    with pytest.raises(SystemExit, match="1"):
        main.main()
    said = capsys.readouterr().err
    assert said.startswith("stable-jobs: the database: server closed the connection unexpectedly;")
    assert "6222021001" not in said


def test_help_is_quick_to_load() -> None:
    heavy = ("great_expectations", "pandas", "duckdb", "ibis", "pyarrow", "airflow")
    code = f"import sys; import stable_jobs.cli.main; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
