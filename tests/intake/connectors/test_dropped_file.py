"""The landing folder: which names are deliveries, which are problems, which are nothing."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from stable_jobs.errors import DeliveryRefused
from stable_jobs.intake.connectors import DroppedFiles

D = date(2020, 5, 11)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "landing" / "tax" / "payments" / "2020-05-11"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def connector(tmp_path: Path) -> DroppedFiles:
    return DroppedFiles(tmp_path / "landing")


@pytest.mark.parametrize(
    ("name", "region", "sequence", "file_format"),
    [
        pytest.param("610100.csv", "610100", 1, "csv", id="first"),
        pytest.param("610100.2.csv", "610100", 2, "csv", id="second"),
        pytest.param("610100.12.xlsx", "610100", 12, "xlsx", id="twelfth workbook"),
        pytest.param("000000.csv", "000000", 1, "csv", id="for all regions"),
    ],
)
def test_deliveries(
    folder: Path, connector: DroppedFiles, name: str, region: str, sequence: int, file_format: str
) -> None:
    (folder / name).write_bytes(b"x")
    manifest = name.rsplit(".", 1)[0] + ".manifest.json"
    (folder / manifest).write_bytes(b"{}")

    listing = connector.list_files("tax", "payments", D)

    [file] = listing.files
    assert (file.region_code, file.sequence, file.file_format) == (region, sequence, file_format)
    assert (file.file_name, file.manifest_name) == (name, manifest)
    assert listing.problems == ()
    with connector.fetch(file) as fetched:
        assert (fetched.data.read(), fetched.size_bytes) == (b"x", 1)
        assert fetched.manifest is not None
        assert fetched.manifest.read() == b"{}"


@pytest.mark.parametrize(
    "name", [".x.tmp", ".610100.csv", "610100.csv.tmp", "610100.csv.part", "~$610100.xlsx"]
)
def test_hidden_and_half_written_files_are_nothing(folder: Path, connector: DroppedFiles, name: str) -> None:
    (folder / name).write_bytes(b"x")

    listing = connector.list_files("tax", "payments", D)

    assert (listing.files, listing.problems) == ((), ())


@pytest.mark.parametrize(
    ("name", "rule", "region"),
    [
        pytest.param("西安.csv", "delivery.name", "", id="a place's name"),
        pytest.param("61010.csv", "delivery.name", "", id="five digits"),
        pytest.param("６１０１００.csv", "delivery.name", "", id="full width"),
        pytest.param("610100.CSV", "delivery.name", "610100", id="upper case"),
        pytest.param("610100.xls", "delivery.name", "610100", id="old workbook"),
        pytest.param("610100.1.csv", "delivery.name", "610100", id="sequence one"),
        pytest.param("610100.02.csv", "delivery.name", "610100", id="leading zero"),
        pytest.param("610100.csv.exe", "delivery.name", "610100", id="executable"),
        pytest.param("610100", "delivery.name", "610100", id="no ending"),
        pytest.param("610100\udcd6\udcd0.csv", "delivery.name", "610100", id="no UTF-8"),
        pytest.param("\udcd6\udcd0.csv", "delivery.name", "", id="no UTF-8 at all"),
        pytest.param("610100.csv\n", "delivery.name", "610100", id="line end behind"),
        pytest.param("1" * 250 + ".csv", "delivery.name", "", id="very long"),
        pytest.param("a" * 245 + ".csv", "delivery.name", "", id="longer with a manifest's ending"),
        pytest.param("6222021234567890123.csv", "delivery.name", "", id="an account number"),
        pytest.param("a\nb.csv", "delivery.name", "", id="line end"),
        pytest.param("610100.manifest.json", "delivery.missing_file", "610100", id="manifest alone"),
        pytest.param("610100.2.manifest.json", "delivery.missing_file", "610100", id="second manifest alone"),
    ],
)
def test_other_names_are_problems(
    folder: Path, connector: DroppedFiles, name: str, rule: str, region: str
) -> None:
    (folder / name).write_bytes(b"x")

    listing = connector.list_files("tax", "payments", D)

    [problem] = listing.problems
    assert listing.files == ()
    assert (problem.rule, problem.region, problem.department, problem.owes) == (rule, region, "tax", "tax")
    assert "\n" not in problem.found
    assert problem.sentence().encode()
    assert len(problem.found) < 400
    assert "6222021234567890123" not in problem.found


@pytest.mark.parametrize("where", ["file", "manifest", "date", "extract", "department"])
def test_links_are_refused(folder: Path, connector: DroppedFiles, tmp_path: Path, where: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "610100.csv").write_bytes(b"secret")
    (outside / "610100.manifest.json").write_bytes(b"{}")
    if where == "file":
        (folder / "610100.csv").symlink_to(outside / "610100.csv")
    elif where == "manifest":
        (folder / "610100.csv").write_bytes(b"x")
        (folder / "610100.manifest.json").symlink_to(outside / "610100.manifest.json")
    else:
        at = {"date": folder, "extract": folder.parent, "department": folder.parent.parent}[where]
        at.rename(tmp_path / "moved")
        at.symlink_to(outside if where == "date" else tmp_path / "moved", target_is_directory=True)

    listing = connector.list_files("tax", "payments", D)

    assert [p.rule for p in listing.problems] == ["delivery.name"]
    assert "link" in listing.problems[0].found
    assert [f.manifest_name for f in listing.files] == ([None] if where == "manifest" else [])


def test_a_folder_or_pipe_with_a_deliverys_name_is_a_problem(folder: Path, connector: DroppedFiles) -> None:
    (folder / "610100.csv").mkdir()
    os.mkfifo(folder / "220400.csv")

    listing = connector.list_files("tax", "payments", D)

    assert listing.files == ()
    assert [(p.rule, p.region) for p in listing.problems] == [
        ("delivery.name", "220400"),
        ("delivery.name", "610100"),
    ]


@pytest.mark.parametrize("part", ["..", "a/b", "", "/etc", "Tax"])
def test_parts_that_lead_elsewhere_are_a_mistake_of_ours(connector: DroppedFiles, part: str) -> None:
    with pytest.raises(ValueError, match="not a folder name"):
        connector.list_files(part, "payments", D)
    with pytest.raises(ValueError, match="not a folder name"):
        connector.list_files("tax", part, D)


CHANGES: dict[str, Callable[[Path], object]] = {
    "removed": lambda path: None,
    "a link": lambda path: path.symlink_to("/etc/hostname"),
    "a pipe": os.mkfifo,
    "a folder": Path.mkdir,
    "a socket": lambda path: os.mknod(path, stat.S_IFSOCK | 0o600),
    "a device": lambda path: path.symlink_to("/dev/zero"),
}


@pytest.mark.parametrize("name", ["610100.csv", "610100.manifest.json"])
@pytest.mark.parametrize("change", CHANGES)
def test_a_file_that_changed_since_it_was_listed_is_refused_at_once(
    folder: Path, connector: DroppedFiles, change: str, name: str
) -> None:
    for one in ("610100.csv", "610100.manifest.json"):
        (folder / one).write_bytes(b"x")
    [file] = connector.list_files("tax", "payments", D).files
    (folder / name).unlink()
    CHANGES[change](folder / name)

    with pytest.raises(DeliveryRefused) as caught, connector.fetch(file):
        pass
    assert caught.value.problem.rule == "delivery.name"


def closed(monkeypatch: pytest.MonkeyPatch, closed: Path) -> None:
    """As an ordinary user finds what another one's umask has closed; the superuser may open everything."""

    def as_a_stranger(real: Any) -> Any:
        def call(path: Path, *arguments: Any) -> Any:
            if path == closed:
                raise PermissionError(errno.EACCES, "Permission denied", str(path))
            return real(path, *arguments)

        return call

    monkeypatch.setattr(Path, "iterdir", as_a_stranger(Path.iterdir))
    monkeypatch.setattr(os, "open", as_a_stranger(os.open))


@pytest.mark.parametrize("name", ["610100.csv", "610100.manifest.json"])
def test_a_file_that_may_not_be_read_is_refused_alone(
    folder: Path, connector: DroppedFiles, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    for one in ("610100.csv", "610100.manifest.json", "220400.csv"):
        (folder / one).write_bytes(b"x")
    closed(monkeypatch, folder / name)
    other, file = connector.list_files("tax", "payments", D).files

    with pytest.raises(DeliveryRefused) as caught, connector.fetch(file):
        pass

    found = caught.value.problem
    assert (found.rule, found.region) == ("delivery.no_access", "610100")
    assert found.found == f"{name}: Permission denied"
    with connector.fetch(other) as fetched:
        assert fetched.data.read() == b"x"


def test_a_folder_that_may_be_listed_and_not_entered_is_told_name_by_name(
    folder: Path, connector: DroppedFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "610100.csv").write_bytes(b"x")
    real = Path.lstat

    def lstat(path: Path) -> os.stat_result:
        if path.parent == folder:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(Path, "lstat", lstat)

    [problem] = connector.list_files("tax", "payments", D).problems

    assert (problem.rule, problem.region) == ("delivery.no_access", "610100")


def test_a_folder_that_is_closed_since_it_was_listed_refuses_its_files(
    folder: Path, connector: DroppedFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "610100.csv").write_bytes(b"x")
    [file] = connector.list_files("tax", "payments", D).files

    def closed(path: Path) -> bool:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "is_symlink", closed)

    with pytest.raises(DeliveryRefused) as caught, connector.fetch(file):
        pass
    assert caught.value.problem.rule == "delivery.no_access"


def test_a_file_in_the_folders_place_is_a_problem(folder: Path, connector: DroppedFiles) -> None:
    folder.rmdir()
    folder.write_bytes(b"x")

    [problem] = connector.list_files("tax", "payments", D).problems

    assert (problem.rule, problem.extract) == ("delivery.name", "payments")
    assert "a file instead of a folder" in problem.found


def test_a_folder_that_may_not_be_read_is_a_problem(
    folder: Path, connector: DroppedFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed(monkeypatch, folder)

    listing = connector.list_files("tax", "payments", D)

    assert listing.files == ()
    assert [(one.rule, one.extract) for one in listing.problems] == [("delivery.no_access", "payments")]


def test_files_come_in_order_of_region_and_sequence(folder: Path, connector: DroppedFiles) -> None:
    for name in ("610100.csv", "220400.10.csv", "220400.2.csv", "220400.csv", "220400.xlsx"):
        (folder / name).write_bytes(b"x")

    found = connector.list_files("tax", "payments", D).files

    assert [f.file_name for f in found] == [
        "220400.csv",
        "220400.xlsx",
        "220400.2.csv",
        "220400.10.csv",
        "610100.csv",
    ]
