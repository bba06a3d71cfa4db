"""Landing: bytes once, rows in the catalog, and what running it again changes."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest

from stable_jobs.intake.connectors.dropped_file import DroppedFiles
from stable_jobs.intake.landing import collect_department
from stable_jobs.settings import SHANGHAI
from stable_jobs.store.catalog import current_deliveries, deliveries_for
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
def test_a_manifest_put_right_heals_the_refusal(
    desk: Desk, first: dict[str, object] | None, rule: str
) -> None:
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


def test_the_moment_of_receipt_is_the_first(desk: Desk) -> None:
    desk.drop(csv_bytes(row()))
    early, late = (datetime(2020, 5, 11, hour, tzinfo=SHANGHAI) for hour in (9, 21))
    for moment in (early, late):
        collect_department(
            desk.engine, desk.lake, DroppedFiles(desk.landing), desk.contracts, desk.on, moment
        )

    with desk.engine.connect() as connection:
        assert len(deliveries_for(connection, desk.on, known_at=early)) == 1
