"""Wrong usage ends with a sentence that says what to do, exit 2, and no traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError
from typer.testing import CliRunner

from stable_jobs.cli import main
from stable_jobs.errors import UsageError
from stable_jobs.settings import Settings, read_settings

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


def test_a_database_that_went_away_ends_with_one_sentence_and_no_value(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken() -> None:
        lost = Exception("server closed the connection unexpectedly\nDETAIL: 6222021001")
        raise OperationalError("INSERT INTO account_corrections", {"number": "6222021001"}, lost)

    monkeypatch.setattr(main, "app", broken)
    with pytest.raises(SystemExit, match="1"):
        main.main()
    said = capsys.readouterr().err
    assert said.startswith("stable-jobs: the database: server closed the connection unexpectedly;")
    assert "6222021001" not in said


RARE = "\U0002cb4e"
"""A character of names that GBK does not have, nor any encoding but those of Unicode and GB 18030."""


@pytest.mark.parametrize("encoding", ["gbk", "cp936", "gb2312", "big5", "ascii", "latin-1", "utf-8"])
@pytest.mark.parametrize("program", [[str(STABLE_JOBS)], [sys.executable, "-m", "stable_jobs"]])
def test_a_terminal_shows_what_it_can(tmp_path: Path, encoding: str, program: list[str]) -> None:
    """What its encoding lacks stands escaped, on both streams; the exit code is the command's own."""
    environment = {"PATH": "/usr/bin:/bin", "STABLE_JOBS_HOME": str(tmp_path / RARE), "PYTHONUTF8": "0"}
    environment["SUDO_USER"] = RARE
    ways = (["--help"], 0), (["whoami"], 0), (["night", "--date", "2020-05-11"], 2)
    said: dict[str, bytes] = {}
    for arguments, code in ways:
        done = subprocess.run(
            [*program, *arguments],
            env={**environment, "PYTHONIOENCODING": encoding, "LC_ALL": "C.UTF-8"},
            capture_output=True,
            check=False,
        )
        assert done.returncode == code, done.stderr
        assert b"Traceback" not in done.stderr
        said[arguments[0]] = done.stdout + done.stderr
    taken_for = {"ascii": "utf-8"}.get(encoding, encoding)  # by click: a terminal that says nothing of itself
    shown = RARE.encode(taken_for, "backslashreplace")
    assert shown in said["whoami"]
    assert shown in said["night"]


def test_whoever_stops_reading_changes_nothing(tmp_path: Path) -> None:
    """As behind `| head`: the reader is gone before the first line."""
    reading, writing = os.pipe()
    os.close(reading)
    for arguments, code in ((["--help"], 0), (["night", "--date", "2020-13-01"], 2)):
        done = subprocess.run(
            [str(STABLE_JOBS), *arguments],
            env={"PATH": "/usr/bin:/bin", "STABLE_JOBS_HOME": str(tmp_path)},
            stdout=writing,
            stderr=subprocess.PIPE,
            check=False,
        )
        assert done.returncode == code
        assert b"BrokenPipe" not in done.stderr
        assert b"Traceback" not in done.stderr
    done = subprocess.run([str(STABLE_JOBS), "night"], stdout=writing, stderr=writing, check=False)
    assert done.returncode == 2
    os.close(writing)


def test_a_full_disk_for_output_is_one_sentence(tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [str(STABLE_JOBS), "--help"], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 1
    assert "no space is left" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_word_in_another_encoding_is_refused(tmp_path: Path) -> None:
    done = subprocess.run(
        [str(STABLE_JOBS), "explain", "单位".encode("gbk"), "--date", "2020-05-11"],
        env={"PATH": "/usr/bin:/bin", "STABLE_JOBS_HOME": str(tmp_path), "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "expected text in the terminal's encoding" in done.stderr
    assert "Traceback" not in done.stderr


WRONG = {
    "ENGINE": ["spark", "polars", "\x01"],
    "SPARK_MASTER": ["host:7077", "local[0]", "http://h", "spark:// h", "  ", "\x01"],
    "MEMORY_LIMIT": ["lots", "0", "0MB", "-1GB", "1000", "1GB2", "none", "unlimited", "1e3GB", "999999TB",
        "50%", "٣GB", "  "],
    "THREADS": ["many", "0", "-1", "1.5", "99999999999999999999", "1e9", "  "],
    "WORKBOOK_ROWS": ["many", "-1", "99999999999999999999"],
    "FIRST_NIGHT": ["soon", "2020-13-01", "0", "  "],
    "DATABASE_URL": [
        "nonsense", "sqlite://", "mysql://h/d", "postgresql://h:port/d", "postgresql://[::1/d", "http://h/d",
        "  ", "\x01",
    ],
    "READER_URL": ["  ", "\x01"],
    "POLICIES": ["/dev/null", "/nowhere/at/all", "x" * 300, "  "],
    "BANKS": ["/dev/null", "/nowhere/at/all", "  "],
    "CONTRACTS": ["/dev/null", "/nowhere/at/all", "  "],
    "BANK_ANSWERS": ["a\nb", "  "],
    "HOME": ["/dev/null", "/nowhere/at/all", "x" * 5000, "\x01", "  "],
    "LANDING": ["/dev/null", "/nowhere/at/all", "x" * 5000, "  "],
    "LAKE": ["/dev/null/x", "nosuch://x", "s3://bucket", "zip://", "sftp://h", "http://", "\x01", "  "],
    "OUT": ["\x01", "  "],
    "PAYMENT_GROUP": ["  ", "a\nb"],
    "MAIL_HOST": ["  ", "h\nRCPT TO: x"],
    "MAIL_PORT": ["smtp", "0", "-1", "65536", "99999999999999999999"],
    "MAIL_SENDER": ["a\nBcc: b"],
    "MAIL_RECIPIENTS": ["a\nBcc: b"],
    "MAIL_STARTTLS": ["perhaps", "2"],
    "MAIL_USER": ["  "],
    "MAIL_PASSWORD": ["  "],
}  # fmt: skip
"""Each setting with what nobody can mean."""


def test_the_table_has_every_setting() -> None:
    assert set(WRONG) == {name.upper() for name in Settings.model_fields}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_setting_is_one_sentence(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It names the setting, or the place that the setting names, and what to do; nothing is begun."""
    delivered = tmp_path / "landing/labor/insured_units/2020-05-11/610100.csv"
    delivered.parent.mkdir(parents=True)
    delivered.write_text("a\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(main, "steady_streams", lambda: None)
    monkeypatch.setattr(main, "_hush", lambda: None)
    monkeypatch.setattr(sys, "argv", ["stable-jobs", "night", "--date", "2020-05-11"])
    for value in WRONG[name]:
        monkeypatch.setenv("STABLE_JOBS_HOME", str(tmp_path))
        monkeypatch.setenv(f"STABLE_JOBS_{name}", value)
        with pytest.raises(SystemExit) as ended:
            main.main()
        said = capsys.readouterr().err
        assert ended.value.code in (1, 2), value
        assert said.count("stable-jobs: ") == 1, (value, said)
        assert len([line for line in said.splitlines() if not line.startswith("[")]) == 1, (value, said)
        assert "broke" not in said, (value, said)
        place = value[:60] if name in ("HOME", "LANDING", "LAKE") else f"STABLE_JOBS_{name}"
        assert f"STABLE_JOBS_{name}" in said or place in said, (value, said)


@pytest.mark.parametrize("name", sorted(WRONG))
def test_an_empty_setting_counts_as_not_set(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    plain = read_settings()
    monkeypatch.setenv(f"STABLE_JOBS_{name}", "")
    assert read_settings() == plain


@pytest.mark.parametrize("content", ["STABLE_JOBS_OUT=西安市".encode("gbk"), None], ids=["GBK", "a folder"])
def test_an_env_file_that_cannot_be_read(
    content: bytes | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    if content is None:
        Path(".env").mkdir()
        assert read_settings().threads == 2
        return
    Path(".env").write_bytes(content)
    with pytest.raises(UsageError, match="cannot be read: expected UTF-8"):
        read_settings()


def test_help_is_quick_to_load() -> None:
    heavy = ("great_expectations", "pandas", "duckdb", "ibis", "pyarrow", "airflow")
    code = f"import sys; import stable_jobs.cli.main; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_the_version_is_the_installed_distribution_s() -> None:
    done = CliRunner().invoke(main.app, ["--version"])
    assert (done.exit_code, done.output) == (0, f"stable-jobs {version('stable-jobs')}\n")
