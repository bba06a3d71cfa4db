import hashlib
import os
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import fsspec
import pytest

from stable_jobs.errors import UsageError
from stable_jobs.settings import Settings
from stable_jobs.store import lake as lake_module
from stable_jobs.store.engine import connect, quote_literal, read_parquet_sql
from stable_jobs.store.lake import Content, Lake, LakeChanged

BYTES = "统一社会信用代码\n".encode("gb18030") * 3
SHA256 = hashlib.sha256(BYTES).hexdigest()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "610100.csv"
    path.write_bytes(BYTES)
    return path


@pytest.fixture(params=["folder", "file url", "memory"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    urls = {"folder": str(tmp_path / "lake"), "file url": f"file://{tmp_path}/lake"}
    return urls.get(request.param, f"memory://{uuid4().hex}/lake")


def files(url: str) -> list[str]:
    filesystem, root = fsspec.core.url_to_fs(url)
    return sorted(name.removeprefix(f"{root}/") for name in filesystem.find(root))


def test_landing_keeps_the_bytes_under_their_hash(url: str, source: Path) -> None:
    lake = Lake(url)
    assert lake.put_landing(source) == SHA256
    with fsspec.open(lake.landing_path(SHA256)) as landed:
        assert landed.read() == BYTES
    assert source.read_bytes() == BYTES
    assert files(url) == [f"landing/{SHA256}"]


def test_landing_the_same_bytes_again_changes_nothing(tmp_path: Path, source: Path) -> None:
    lake = Lake(str(tmp_path / "lake"))
    lake.put_landing(source)
    before = Path(lake.landing_path(SHA256)).stat()
    assert lake.put_landing(source) == SHA256
    after = Path(lake.landing_path(SHA256)).stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert files(str(tmp_path / "lake")) == [f"landing/{SHA256}"]


def test_zeros_that_take_no_room_take_none_in_the_lake(url: str, tmp_path: Path) -> None:
    source = tmp_path / "sparse.csv"
    source.write_bytes(BYTES)
    os.truncate(source, 64 << 20)
    with source.open("r+b") as file:
        file.seek(40 << 20)
        file.write(BYTES)
    lake = Lake(url)

    sha256 = lake.put_landing(source)

    assert lake.content(f"landing/{sha256}") == Content(sha256, 64 << 20)
    assert sha256 == hashlib.sha256(source.read_bytes()).hexdigest()
    if not url.startswith("memory:"):
        assert Path(lake.landing_path(sha256)).stat().st_blocks * 512 <= 4 << 20


def test_landed_files_are_read_only(tmp_path: Path, source: Path) -> None:
    lake = Lake(str(tmp_path / "lake"))
    lake.put_landing(source)
    assert stat.S_IMODE(Path(lake.landing_path(SHA256)).stat().st_mode) == 0o400


def test_many_may_land_the_same_bytes_at_once(url: str, source: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(Lake(url).put_landing, [source] * 24)) == {SHA256}
    assert files(url) == [f"landing/{SHA256}"]


def test_an_interrupted_copy_is_never_seen(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_writer: object) -> None:
        raise OSError("disk full")

    lake = Lake(str(tmp_path / "lake"))
    monkeypatch.setattr(lake_module, "_sync", fail)
    with pytest.raises(OSError, match="disk full"):
        lake.put_landing(source)
    assert files(str(tmp_path / "lake")) == []


def test_a_copy_is_not_under_its_name_before_it_is_on_disk(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = Lake(str(tmp_path / "lake"))
    seen = []
    monkeypatch.setattr(lake_module, "_sync", lambda _: seen.append(files(str(tmp_path / "lake"))))
    lake.put_landing(source)
    assert len(seen) == 1
    assert f"landing/{SHA256}" not in seen[0]


def test_a_missing_source_leaves_nothing(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path / "lake"))
    with pytest.raises(FileNotFoundError):
        lake.put_landing(tmp_path / "none.csv")
    assert files(str(tmp_path / "lake")) == []


def test_new_names_are_never_the_same(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path / "lake"))
    names = {lake.new_name("eligibility") for _ in range(1000)}
    assert len(names) == 1000
    assert all(name.startswith("snapshots/eligibility/") and name.endswith(".parquet") for name in names)


def test_a_folder_s_paths_are_plain_and_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = Path(Lake("lake").path("snapshots/owed/one.parquet"))
    assert path == tmp_path / "lake/snapshots/owed/one.parquet"
    assert path.parent.is_dir()


def test_duckdb_writes_and_reads_through_the_lake(url: str, source: Path, tmp_path: Path) -> None:
    lake = Lake(url)
    path = lake.path(lake.new_name("staged"))
    landed = lake.landing_path(lake.put_landing(source))
    with connect(Settings(_env_file=None, home=tmp_path, lake=url)) as duck:
        duck.execute(f"COPY (SELECT range AS n FROM range(3)) TO {quote_literal(path)} (FORMAT parquet)")
        assert duck.execute(f"SELECT sum(n) FROM {read_parquet_sql([path])}").fetchone() == (3,)
        assert duck.execute(f"SELECT size FROM read_blob({quote_literal(landed)})").fetchone() == (
            len(BYTES),
        )


def test_an_unknown_protocol_names_the_setting() -> None:
    with pytest.raises(UsageError, match="STABLE_JOBS_LAKE=nowhere://lake"):
        Lake("nowhere://lake")


def kept(lake: Lake, name: str, content: bytes = b"PAR1") -> Content:
    """A file that was written and registered."""
    with fsspec.open(lake.path(name), "wb") as target:
        target.write(content)
    return lake.keep(name)


def test_a_file_is_known_by_its_bytes_and_their_number(url: str) -> None:
    lake = Lake(url)
    assert kept(lake, "snapshots/terms/x.parquet") == Content(hashlib.sha256(b"PAR1").hexdigest(), 4)


@pytest.mark.parametrize(
    ("name", "file", "folder"),
    [
        ("snapshots/payees/x.parquet", 0o400, 0o700),
        ("snapshots/staged/x.parquet", 0o400, 0o700),
        ("snapshots/quarantine/x.parquet", 0o400, 0o700),
        ("snapshots/terms/x.parquet", 0o440, None),
        ("snapshots/eligibility/x.parquet", 0o440, None),
    ],
)
@pytest.mark.parametrize("umask", [0, 0o022, 0o077])
def test_modes_of_registered_files_are_no_matter_of_the_umask(
    tmp_path: Path, name: str, file: int, folder: int | None, umask: int
) -> None:
    before = os.umask(umask)
    try:
        lake = Lake(str(tmp_path / "lake"))
        kept(lake, name)
    finally:
        os.umask(before)
    path = tmp_path / "lake" / name
    assert stat.S_IMODE(path.stat().st_mode) == file
    assert folder is None or stat.S_IMODE(path.parent.stat().st_mode) == folder


@pytest.mark.parametrize("folder", ["landing", "published"])
@pytest.mark.parametrize("umask", [0, 0o022])
def test_folders_of_files_with_accounts_are_their_owners(
    tmp_path: Path, source: Path, folder: str, umask: int
) -> None:
    before = os.umask(umask)
    try:
        getattr(Lake(str(tmp_path / "lake")), f"put_{folder}")(source)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "lake" / folder).stat().st_mode) == 0o700


def same_size(path: Path) -> None:
    path.chmod(0o600)
    path.write_bytes(b"PAR2")


def with_its_old_time(path: Path) -> None:
    known = path.stat()
    same_size(path)
    os.utime(path, ns=(known.st_atime_ns, known.st_mtime_ns))


def another_in_its_place(path: Path) -> None:
    other = path.with_name("other")
    other.write_bytes(b"PAR2")
    known = path.stat()
    os.utime(other, ns=(known.st_atime_ns, known.st_mtime_ns))
    other.replace(path)


@pytest.mark.parametrize("change", [same_size, with_its_old_time, another_in_its_place, Path.unlink])
def test_a_changed_file_is_not_read(tmp_path: Path, change: Callable[[Path], object]) -> None:
    lake = Lake(str(tmp_path / "lake"))
    name = "snapshots/payees/x.parquet"
    known = kept(lake, name)
    assert lake.check(name, known) == str(tmp_path / "lake" / name)
    change(tmp_path / "lake" / name)
    with pytest.raises(LakeChanged, match="was changed since it was made"):
        lake.check(name, known)
    with pytest.raises(LakeChanged, match="no money moves on it"):
        lake.fetch(name, tmp_path / "copy", known)
    assert not (tmp_path / "copy").exists()


def test_bytes_that_did_not_change_are_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lake = Lake(str(tmp_path / "lake"))
    known = kept(lake, "snapshots/terms/x.parquet")
    monkeypatch.setattr(lake_module, "_content", None)
    lake.check("snapshots/terms/x.parquet", known)


def test_a_copy_is_of_the_bytes_that_were_compared(url: str, tmp_path: Path) -> None:
    lake = Lake(url)
    known = kept(lake, "snapshots/terms/x.parquet")
    lake.fetch("snapshots/terms/x.parquet", tmp_path / "copy", known)
    assert (tmp_path / "copy").read_bytes() == b"PAR1"


@pytest.mark.parametrize("folder", ["landing", "published"])
def test_what_was_laid_under_a_hash_before_the_file_came_is_put_aside(
    url: str, source: Path, folder: str, caplog: pytest.LogCaptureFixture
) -> None:
    lake = Lake(url)
    with fsspec.open(lake.path(f"{folder}/{SHA256}"), "wb") as target:
        target.write(b"something else")
    assert getattr(lake, f"put_{folder}")(source) == SHA256
    with fsspec.open(lake.path(f"{folder}/{SHA256}")) as found:
        assert found.read() == BYTES
    (aside,) = [name for name in lake.kept_names() if "foreign" in name]
    with fsspec.open(lake.path(aside)) as found:
        assert found.read() == b"something else"
    assert "did not hold the bytes that its name says" in caplog.text


def test_a_file_named_by_its_hash_is_compared_when_it_is_fetched(
    url: str, source: Path, tmp_path: Path
) -> None:
    lake = Lake(url)
    lake.put_published(source)
    path = lake.published_path(SHA256)
    if "://" not in path:
        Path(path).chmod(0o600)
    with fsspec.open(path, "wb") as target:
        target.write(b"other")
    with pytest.raises(LakeChanged):
        lake.fetch(f"published/{SHA256}", tmp_path / "copy")
    assert not (tmp_path / "copy").exists()
