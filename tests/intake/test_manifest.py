"""Good manifests; the bad ones are in test_malformed."""

from __future__ import annotations

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
