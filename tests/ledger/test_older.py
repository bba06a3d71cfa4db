"""A ledger that a version before 0020 wrote: it verifies as before, and goes on."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection, text

from stable_jobs.ledger.event import ledger_event
from tests.ledger.conftest import Books
from tests.ledger.full import LAST, tamper
from tests.ledger.verified import first, rewritten, verified

BEFORE_0020 = (
    "INSERT INTO state_changes (payment_id, to_state, reason, changed_on, event_id)"
    " SELECT payment_id, to_state, reason, changed_on, event_id FROM payment_states WHERE from_state IS NULL",
    "UPDATE entitlement_revisions SET replaced_in = NULL",
    "INSERT INTO entitlement_revisions (entitlement_id, unit_name, scheme, entitled_amount, outside_amount,"
    " decided_on, event_id) SELECT id, unit_name, scheme, entitled_amount, outside_amount, decided_on,"
    " event_id FROM entitlements ORDER BY id",
    "UPDATE entitlements SET event_id = NULL",
    "INSERT INTO event_tables SELECT event, 'entitlement_revisions' FROM event_tables"
    " WHERE table_name = 'entitlements'"
    " UNION SELECT event_id, 'state_changes' FROM payments ON CONFLICT DO NOTHING",
    "DELETE FROM event_tables WHERE table_name = 'entitlements'",
)
"""What an older version wrote for each payment and each entitlement, as rows of their own."""


@pytest.fixture
def older(copy: Books) -> Books:
    """The full ledger as the version before 0020 would have left it, taken over by this one."""

    def counted(connection: Connection, event: dict[str, Any]) -> None:
        event["rows"] = connection.scalar(text("SELECT event_digest(:id)"), {"id": event["id"]})

    tamper(copy.engine, *BEFORE_0020)
    rewritten(copy, counted)
    return copy


def test_a_ledger_of_an_older_version_is_whole_and_goes_on(older: Books) -> None:
    assert verified(older).breaks == ()
    assert older.ask("SELECT count(*) FROM entitlement_versions") == [(0,)]
    with ledger_event(older.engine, "x", business_date=LAST) as event:
        event.connection.execute(
            text("UPDATE entitlements SET unit_name = 'another', event_id = ledger_event() WHERE id < 3")
        )
    with ledger_event(older.engine, "x", business_date=LAST) as event:
        event.connection.execute(
            text("UPDATE entitlements SET unit_name = 'a third', event_id = ledger_event() WHERE id = 1")
        )
    assert older.ask("SELECT id, unit_name FROM entitlement_versions ORDER BY event_id, id") == [
        (1, "another"),
        (2, "another"),
        (1, "a third"),
    ]
    assert verified(older).breaks == ()


@pytest.mark.parametrize(
    ("statement", "where"),
    [
        pytest.param(
            "UPDATE entitlements SET entitled_amount = 999 WHERE id = 1",
            ("states", "entitlement 610100 91610100MA6T00001X"),
            id="an amount",
        ),
        pytest.param(
            "UPDATE payments SET reason = 'x' WHERE id = 1", ("states", "payment 1"), id="a payment's reason"
        ),
        pytest.param(
            "DELETE FROM state_changes WHERE from_state IS NULL AND payment_id = 1",
            ("rows", "event 5, table state_changes"),
            id="a first state",
        ),
        pytest.param(
            "UPDATE entitlement_revisions SET entitled_amount = 999 WHERE entitlement_id = 1",
            ("rows", "event 5, table entitlement_revisions"),
            id="a revision",
        ),
        pytest.param(
            "UPDATE entitlement_revisions SET replaced_in = 6 WHERE entitlement_id = 1",
            ("rows", "event 5, table entitlement_revisions"),
            id="a revision given to a later version",
        ),
    ],
)
def test_what_an_older_version_wrote_is_verified_as_before(
    older: Books, statement: str, where: tuple[str, str]
) -> None:
    tamper(older.engine, statement)
    assert first(older) == where
