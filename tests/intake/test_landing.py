"""Landing: bytes once, rows in the catalog, and what running it again changes."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from stable_jobs.intake.connectors import DroppedFiles, Fetched, IncomingFile
from stable_jobs.intake.landing import collect_department
from stable_jobs.settings import SHANGHAI
from stable_jobs.store.catalog import current_deliveries, deliveries_for
from stable_jobs.store.lake import Lake
from tests.intake.conftest import REGION, Desk, csv_bytes, row


def statuses(desk: Desk) -> list[tuple[str, int, str, str | None]]:
    with desk.engine.connect() as connection:
        found = deliveries_for(connection, desk.on)
    return [(d.region_code, d.sequence, d.status, d.problem["rule"] if d.problem else None) for d in found]


def test_a_delivery_is_recorded_as_its_manifest_says(desk: Desk) -> None:
    path = desk.drop(csv_bytes(row()))

    [delivery] = desk.collect().deliveries

    assert (delivery.rows, delivery.control_total) == (1, Decimal("1234.50"))
    assert (delivery.file_name, delivery.file_format, delivery.size_bytes) == (
        path.name,
        "csv",
        path.stat().st_size,
    )
    assert Path(desk.lake.landing_path(delivery.sha256)).read_bytes() == path.read_bytes()


def test_the_landing_folder_is_only_read(desk: Desk) -> None:
    desk.drop(csv_bytes(row()))
    desk.drop(b"\xff", "220400.csv")
    before = {p: (p.stat().st_mtime_ns, p.read_bytes()) for p in desk.folder.iterdir()}

    desk.run()

    assert {p: (p.stat().st_mtime_ns, p.read_bytes()) for p in desk.folder.iterdir()} == before


def test_a_name_that_is_none_is_told_and_leaves_the_others(desk: Desk) -> None:
    desk.drop(csv_bytes(row()))
    for name in ("610100.CSV", "\udcd6\udcd0.csv", "a\nb", "9" * 255):
        (desk.folder / name).write_bytes(b"x")

    found = desk.collect()

    assert [one.status for one in found.deliveries] == ["landed"]
    assert found.unrecorded == found.problems
    assert {problem.rule for problem in found.problems} == {"delivery.name"}
    assert len(found.problems) == 4
    assert all(problem.sentence().encode() for problem in found.problems)


def test_a_file_that_went_since_it_was_listed_is_told(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    path = desk.drop(csv_bytes(row()))
    desk.drop(csv_bytes(row()), "220400.csv")
    real = DroppedFiles.list_files

    def then_gone(self: DroppedFiles, *slot: Any) -> Any:
        listing = real(self, *slot)
        path.unlink()
        return listing

    monkeypatch.setattr(DroppedFiles, "list_files", then_gone)

    found = desk.collect()

    assert [one.region_code for one in found.deliveries] == ["220400"]
    [problem] = found.unrecorded
    assert (problem.rule, problem.region) == ("delivery.name", REGION)
    assert "is gone" in problem.found


def test_nothing_dropped_is_nothing_collected(desk: Desk) -> None:
    assert desk.run() == ([], [])


def test_running_again_changes_nothing(desk: Desk) -> None:
    desk.drop(csv_bytes(row()))
    desk.drop(b"\xff\n", "220400.csv")
    first, again = desk.run(), desk.run()

    assert [p.rule for p in first[0]] == ["delivery.encoding"]
    assert again == ([], first[1])
    assert statuses(desk) == [("220400", 1, "refused", "delivery.encoding"), (REGION, 1, "staged", None)]


def test_a_file_sent_again_replaces_the_first_and_keeps_it(desk: Desk) -> None:
    desk.drop(csv_bytes(row()))
    desk.run()
    desk.drop(csv_bytes(row(heads="13")), f"{REGION}.2.csv")
    desk.run()

    assert statuses(desk) == [(REGION, 1, "staged", None), (REGION, 2, "staged", None)]
    with desk.engine.connect() as connection:
        [current] = current_deliveries(connection, desk.on, "payments")
    assert current.sequence == 2


def test_a_refused_second_file_leaves_the_first(desk: Desk) -> None:
    desk.drop(csv_bytes(row()))
    desk.drop(csv_bytes(row()[:-1]), f"{REGION}.2.csv")
    desk.run()

    with desk.engine.connect() as connection:
        [current] = current_deliveries(connection, desk.on, "payments")
    assert current.sequence == 1


@pytest.mark.parametrize(
    ("first", "rule"),
    [
        pytest.param(None, "delivery.manifest.missing", id="came later"),
        pytest.param({"rows": "1"}, "delivery.manifest.unreadable", id="was unreadable"),
        pytest.param({"sha256": "0" * 64}, "delivery.manifest.sha256", id="had another hash"),
        pytest.param({"rows": 2}, "delivery.manifest.rows", id="had other rows"),
        pytest.param({"control_total": "1.00"}, "delivery.manifest.control_total", id="had another total"),
    ],
)
def test_a_manifest_put_right_heals_the_refusal(desk: Desk, first: dict[str, Any] | None, rule: str) -> None:
    path = desk.drop(csv_bytes(row()), **(first or {}))
    if first is None:
        desk.manifest_of(path).unlink()
    desk.run()
    assert statuses(desk) == [(REGION, 1, "refused", rule)]

    desk.drop_manifest(path)

    assert desk.run()[0] == []
    assert statuses(desk) == [(REGION, 1, "staged", None)]


def test_a_staged_delivery_stays_staged_when_its_manifest_goes(desk: Desk) -> None:
    path = desk.drop(csv_bytes(row()))
    desk.run()
    desk.manifest_of(path).unlink()

    [problem], _ = desk.run()

    assert problem.rule == "delivery.manifest.missing"
    assert statuses(desk) == [(REGION, 1, "staged", None)]


SPARSE = 1024**3


def kept_bytes(desk: Desk) -> int:
    folder = Path(desk.lake.landing_path("0")).parent
    return sum(path.stat().st_blocks * 512 for path in folder.iterdir())


def drop_sparse(desk: Desk, size: int, name: str = f"{REGION}.csv") -> Path:
    path = desk.drop(b"x", name)
    os.truncate(path, size)
    return path


def test_a_file_above_the_limit_is_refused_without_a_byte_of_it(desk: Desk) -> None:
    path = drop_sparse(desk, SPARSE)

    [problem], staged = desk.run()

    assert (problem.rule, problem.region, staged) == ("delivery.too_large", REGION, [])
    assert (problem.expected, problem.found) == ("at most 200000 bytes", f"{SPARSE} bytes")
    assert statuses(desk) == [(REGION, 1, "refused", "delivery.too_large")]
    assert kept_bytes(desk) <= 4096
    with desk.engine.connect() as connection:
        [delivery] = deliveries_for(connection, desk.on)
    assert (delivery.size_bytes, delivery.file_name) == (SPARSE, path.name)
    note = Path(desk.lake.landing_path(delivery.sha256)).read_bytes()
    assert sha256(note).hexdigest() == delivery.sha256
    assert b"delivery.too_large" in note


def test_a_file_above_the_limit_is_one_refusal_night_after_night(desk: Desk) -> None:
    drop_sparse(desk, SPARSE)
    first = desk.collect()

    assert desk.collect() == first
    assert statuses(desk) == [(REGION, 1, "refused", "delivery.too_large")]


@pytest.mark.parametrize("name", [f"{REGION}.csv", f"{REGION}.2.csv"], ids=["same name", "next number"])
def test_a_file_of_the_right_size_ends_the_refusal(desk: Desk, name: str) -> None:
    drop_sparse(desk, SPARSE)
    desk.run()
    desk.drop(csv_bytes(row()), name)

    _, [delivery] = desk.run()

    assert delivery.file_name == name
    with desk.engine.connect() as connection:
        assert current_deliveries(connection, desk.on, "payments") == [delivery]


def test_a_file_that_grows_while_it_is_read_stops_at_the_limit(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a stat that lies, too: what was seen on opening is not what is read."""
    drop_sparse(desk, SPARSE)
    real = os.fstat
    monkeypatch.setattr(
        "stable_jobs.intake.connectors.os.fstat",
        lambda number: os.stat_result((*real(number)[:6], 9, *real(number)[7:])),
    )

    [problem] = desk.collect().problems

    assert (problem.rule, problem.expected) == ("delivery.too_large", "at most 200000 bytes")
    assert "more than 200000 bytes" in problem.found
    assert kept_bytes(desk) <= 4096


def test_a_sparse_manifest_is_read_no_further_than_a_manifest_goes(desk: Desk) -> None:
    path = desk.drop(csv_bytes(row()))
    os.truncate(desk.manifest_of(path), SPARSE)

    [problem] = desk.collect().problems

    assert (problem.rule, problem.found) == ("delivery.manifest.unreadable", "more")


class Failing(BytesIO):
    """A file whose disk or network share fails in the middle."""

    def read(self, size: int | None = -1) -> bytes:
        if self.tell():
            raise OSError(errno.EIO, "Input/output error")
        return super().read(3)


def test_a_read_that_fails_refuses_its_file_alone(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.drop(csv_bytes(row()))
    desk.drop(csv_bytes(row()), "220400.csv")
    real = DroppedFiles.fetch

    @contextmanager
    def fetch(self: DroppedFiles, file: IncomingFile) -> Iterator[Fetched]:
        with real(self, file) as fetched:
            yield replace(fetched, data=Failing(b"abcdef")) if file.region_code == REGION else fetched

    monkeypatch.setattr(DroppedFiles, "fetch", fetch)

    [problem], [other] = desk.run()

    assert (problem.rule, problem.found) == ("delivery.no_access", f"{REGION}.csv: Input/output error")
    assert other.region_code == "220400"
    assert statuses(desk)[1] == (REGION, 1, "refused", "delivery.no_access")


def test_a_closed_file_is_refused_until_it_is_open(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    path = desk.drop(csv_bytes(row()))
    real = os.open

    def closed(name: Path, *arguments: Any, **named: Any) -> int:
        if name == path:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return real(name, *arguments, **named)

    with monkeypatch.context() as patched:
        patched.setattr(os, "open", closed)
        [problem], _ = desk.run()
    assert (problem.rule, problem.region) == ("delivery.no_access", REGION)
    assert statuses(desk) == [(REGION, 1, "refused", "delivery.no_access")]

    assert [one.status for one in desk.run()[1]] == ["staged"]


def test_what_is_landed_already_is_not_written_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.drop(csv_bytes(row()))
    first = desk.collect()
    written: list[object] = []
    monkeypatch.setattr(Lake, "land", lambda self, pieces: written.append(pieces))

    assert desk.collect() == first
    assert written == []


def test_the_moment_of_receipt_is_the_first(desk: Desk) -> None:
    desk.drop(csv_bytes(row()))
    early, late = (datetime(2020, 5, 11, hour, tzinfo=SHANGHAI) for hour in (9, 21))
    for moment in (early, late):
        collect_department(
            desk.engine, desk.lake, DroppedFiles(desk.landing), desk.contracts, desk.on, moment
        )

    with desk.engine.connect() as connection:
        assert len(deliveries_for(connection, desk.on, known_at=early)) == 1
