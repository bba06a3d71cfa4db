import hashlib
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import fsspec
import pytest

from stable_jobs.errors import UsageError
from stable_jobs.settings import Settings
from stable_jobs.store import lake as lake_module
from stable_jobs.store.engine import connect, quote_literal, read_parquet_sql
from stable_jobs.store.lake import Lake

BYTES = "统一社会信用代码\n".encode("gb18030") * 3
SHA256 = hashlib.sha256(BYTES).hexdigest()


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "610100.csv"
    path.write_bytes(BYTES)
    return path


@pytest.fixture(params=["folder", "file url", "memory"])
def url(request, tmp_path):
    urls = {"folder": str(tmp_path / "lake"), "file url": f"file://{tmp_path}/lake"}
    return urls.get(request.param, f"memory://{uuid4().hex}/lake")


def files(url):
    filesystem, root = fsspec.core.url_to_fs(url)
    return sorted(name.removeprefix(f"{root}/") for name in filesystem.find(root))


def test_landing_keeps_the_bytes_under_their_hash(url, source):
    lake = Lake(url)
    assert lake.put_landing(source) == SHA256
    with fsspec.open(lake.landing_path(SHA256)) as landed:
        assert landed.read() == BYTES
    assert source.read_bytes() == BYTES
    assert files(url) == [f"landing/{SHA256}"]


def test_landing_the_same_bytes_again_changes_nothing(tmp_path, source):
    lake = Lake(str(tmp_path / "lake"))
    lake.put_landing(source)
    before = Path(lake.landing_path(SHA256)).stat()
    assert lake.put_landing(source) == SHA256
    after = Path(lake.landing_path(SHA256)).stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert files(str(tmp_path / "lake")) == [f"landing/{SHA256}"]


def test_landed_files_are_read_only(tmp_path, source):
    lake = Lake(str(tmp_path / "lake"))
    lake.put_landing(source)
    assert stat.S_IMODE(Path(lake.landing_path(SHA256)).stat().st_mode) == 0o440


def test_many_may_land_the_same_bytes_at_once(url, source):
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(Lake(url).put_landing, [source] * 24)) == {SHA256}
    assert files(url) == [f"landing/{SHA256}"]


def test_an_interrupted_copy_is_never_seen(tmp_path, source, monkeypatch):
    def fail(_writer):
        raise OSError("disk full")

    lake = Lake(str(tmp_path / "lake"))
    monkeypatch.setattr(lake_module, "_sync", fail)
    with pytest.raises(OSError, match="disk full"):
        lake.put_landing(source)
    assert files(str(tmp_path / "lake")) == []


def test_a_copy_is_not_under_its_name_before_it_is_on_disk(tmp_path, source, monkeypatch):
    lake = Lake(str(tmp_path / "lake"))
    seen = []
    monkeypatch.setattr(lake_module, "_sync", lambda _: seen.append(files(str(tmp_path / "lake"))))
    lake.put_landing(source)
    assert len(seen) == 1
    assert f"landing/{SHA256}" not in seen[0]


def test_a_missing_source_leaves_nothing(tmp_path):
    lake = Lake(str(tmp_path / "lake"))
    with pytest.raises(FileNotFoundError):
        lake.put_landing(tmp_path / "none.csv")
    assert files(str(tmp_path / "lake")) == []


def test_new_names_are_never_the_same(tmp_path):
    lake = Lake(str(tmp_path / "lake"))
    names = {lake.new_name("eligibility") for _ in range(1000)}
    assert len(names) == 1000
    assert all(name.startswith("snapshots/eligibility/") and name.endswith(".parquet") for name in names)


def test_a_folder_s_paths_are_plain_and_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = Path(Lake("lake").path("snapshots/owed/one.parquet"))
    assert path == tmp_path / "lake/snapshots/owed/one.parquet"
    assert path.parent.is_dir()


def test_duckdb_writes_and_reads_through_the_lake(url, source, tmp_path):
    lake = Lake(url)
    path = lake.path(lake.new_name("staged"))
    landed = lake.landing_path(lake.put_landing(source))
    with connect(Settings(_env_file=None, home=tmp_path, lake=url)) as duck:
        duck.execute(f"COPY (SELECT range AS n FROM range(3)) TO {quote_literal(path)} (FORMAT parquet)")
        assert duck.execute(f"SELECT sum(n) FROM {read_parquet_sql([path])}").fetchone() == (3,)
        assert duck.execute(f"SELECT size FROM read_blob({quote_literal(landed)})").fetchone() == (
            len(BYTES),
        )


def test_an_unknown_protocol_names_the_setting():
    with pytest.raises(UsageError, match="STABLE_JOBS_LAKE=nowhere://lake"):
        Lake("nowhere://lake")
