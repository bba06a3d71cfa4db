"""Good manifests; the bad ones are in test_malformed."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from tests.intake.conftest import Desk, csv_bytes, row


@pytest.mark.parametrize(
    ("terms", "fields", "total"),
    [
        pytest.param({}, {}, Decimal("1234.50"), id="as agreed"),
        pytest.param({}, {"control_total": "1234.5"}, Decimal("1234.50"), id="one place"),
        pytest.param({}, {"sent_at": "2020-05-11T00:00:00Z"}, Decimal("1234.50"), id="another zone"),
        pytest.param({"control_total": ()}, {"control_total": ...}, None, id="none asked for, none given"),
        pytest.param({"control_total": ()}, {"control_total": None}, None, id="none asked for, null"),
        pytest.param(
            {"control_total": ()}, {"control_total": "7.00"}, None, id="none asked for, not compared"
        ),
    ],
)
def test_taken(desk: Desk, terms: dict[str, Any], fields: dict[str, Any], total: Decimal | None) -> None:
    desk = desk.under(**terms)
    desk.drop(csv_bytes(row()), **fields)

    problems, [delivery] = desk.run()

    assert problems == []
    assert (delivery.status, delivery.rows, delivery.control_total) == ("staged", 1, total)


def test_as_windows_writes_it(desk: Desk) -> None:
    """A byte-order mark, the ends of lines, the hash in capitals."""
    data = desk.drop(csv_bytes(row()))
    manifest = desk.manifest_of(data)
    said = json.loads(manifest.read_text(encoding="utf-8"))
    said["sha256"] = said["sha256"].upper()
    manifest.write_bytes(json.dumps(said, indent=2).replace("\n", "\r\n").encode("utf-8-sig"))

    problems, [delivery] = desk.run()

    assert problems == []
    assert (delivery.status, delivery.sha256) == ("staged", said["sha256"].lower())


@pytest.mark.parametrize("end", ["\n", "\r\n\r\n", " \t"], ids=repr)
def test_blanks_around_the_object_are_nothing(desk: Desk, end: str) -> None:
    manifest = desk.manifest_of(desk.drop(csv_bytes(row())))
    manifest.write_text(f"{end}{manifest.read_text()}{end}")

    assert desk.run()[0] == []
