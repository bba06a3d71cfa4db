"""Verification: nothing to say of a ledger that was left alone, and the first break of one that was not."""

import pytest
from sqlalchemy import text

from stable_jobs.ledger.event import chained, ledger_event
from stable_jobs.ledger.verify import verify_ledger
from tests.ledger.conftest import unit
from tests.ledger.full import CLEARED, LAST, TABLES, as_app, formed, tamper


def verified(books):
    with books.engine.connect() as connection:
        return verify_ledger(connection, books.out)


def first(books):
    found = verified(books).breaks[0]
    return found.check, found.where


def event_of(books, table, order="1"):
    return books.ask(f"SELECT event_id FROM {table} ORDER BY {order} LIMIT 1")[0][0]


def test_an_empty_ledger_is_whole(books):
    found = verified(books)
    assert (found.events, found.entitlements, found.files, found.breaks) == (0, 0, 0, ())


def test_a_ledger_left_alone_is_whole(full):
    found = verified(full)
    assert found.breaks == ()
    assert found.events == full.ask("SELECT count(*) FROM audit_events")[0][0] > 20
    assert (found.entitlements, found.files) == (7, 2)


@pytest.mark.parametrize("table", sorted(set(TABLES) - {"later_columns"}))
def test_the_full_ledger_has_rows_of(full, table):
    assert full.ask(f"SELECT count(*) > 0 FROM {table}") == [(True,)]


@pytest.mark.parametrize(
    ("statement", "where"),
    [
        pytest.param(
            "UPDATE audit_events SET body = replace(body, 'head', 'nobody') WHERE id = 1",
            "event 1",
            id="a changed body",
        ),
        pytest.param(
            "UPDATE audit_events SET hash = repeat('a', 64) WHERE id = 3", "event 3", id="a changed hash"
        ),
        pytest.param("DELETE FROM audit_events WHERE id = 4", "event 5", id="an event removed"),
        pytest.param("DELETE FROM audit_events WHERE id = 1", "event 2", id="the first event removed"),
        pytest.param(
            "DELETE FROM audit_events WHERE id = (SELECT max(id) FROM audit_events)",
            "table event_hands",
            id="the last event cut off",
        ),
    ],
)
def test_a_broken_chain_is_named(copy, statement, where):
    tamper(copy.engine, statement)
    assert first(copy) == ("chain", where)


def test_an_event_written_again_breaks_the_next(copy):
    (before, body) = copy.ask("SELECT previous_hash, body FROM audit_events WHERE id = 3")[0]
    forged = body.replace("zhao", "nobody")
    assert forged != body
    with copy.engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(
            text("UPDATE audit_events SET body = :body, hash = :hash WHERE id = 3"),
            {"body": forged, "hash": chained(before, forged)},
        )
    assert first(copy) == ("chain", "event 4")


@pytest.mark.parametrize(
    ("table", "order", "statement"),
    [
        pytest.param(
            "payment_lines", "id", "UPDATE payment_lines SET amount = 999 WHERE id = 1", id="amount of a line"
        ),
        pytest.param(
            "payment_lines",
            "id",
            "UPDATE payment_lines SET account_no = '1' WHERE id = 1",
            id="account of a line",
        ),
        pytest.param(
            "payments", "id", "UPDATE payments SET amount = 999 WHERE id = 1", id="amount of a payment"
        ),
        pytest.param("batches", "id", "UPDATE batches SET total = 999 WHERE id = 1", id="total of a batch"),
        pytest.param("approvals", "id", "DELETE FROM approvals WHERE id = 1", id="an approval removed"),
        pytest.param(
            "approvals", "id", "UPDATE approvals SET approver = 'other' WHERE id = 1", id="another approver"
        ),
        pytest.param("instructions", "1", "DELETE FROM instructions", id="instructions removed"),
        pytest.param(
            "bank_results", "1", "UPDATE bank_results SET outcome = 'paid'", id="an answer turned round"
        ),
        pytest.param("region_holds", "id", "DELETE FROM region_holds", id="a hold removed"),
        pytest.param(
            "state_changes", "id", "DELETE FROM state_changes WHERE id = 1", id="a change of state removed"
        ),
        pytest.param(
            "published_files", "id", "UPDATE published_files SET sha256 = repeat('a', 64)", id="a file's hash"
        ),
        pytest.param(
            "batch_preparers",
            "event_id",
            "INSERT INTO batch_preparers"
            " SELECT batch_id, 'other', deed, event_id FROM batch_preparers LIMIT 1",
            id="a row more",
        ),
        pytest.param(
            "acknowledgements",
            "id",
            "UPDATE acknowledgements SET reason = 'looked into'",
            id="another reason for a finding",
        ),
        pytest.param(
            "release_events",
            "release_id",
            "UPDATE delivery_releases SET released_by = 'other'",
            id="a delivery released by another",
        ),
        pytest.param(
            "release_events",
            "release_id",
            "UPDATE delivery_releases SET released_at = released_at - interval '1 hour'",
            id="a delivery released earlier",
        ),
        pytest.param("release_events", "1", "DELETE FROM release_events", id="the event of a release"),
        pytest.param(
            "entitlement_revisions",
            "id",
            "UPDATE entitlements SET uscc = '91610100MA6T99999X' WHERE id = 1",
            id="an entitlement moved to another unit",
        ),
        pytest.param(
            "entitlement_revisions",
            "id",
            "UPDATE entitlements SET policy_year = 2019 WHERE id = 1",
            id="an entitlement moved to another year",
        ),
    ],
)
def test_a_changed_row_is_named_with_its_event(copy, table, order, statement):
    event = event_of(copy, table, order)
    tamper(copy.engine, statement)
    assert first(copy) == ("rows", f"event {event}, table {table}")


@pytest.mark.parametrize(
    ("statement", "where"),
    [
        pytest.param("UPDATE payments SET state = 'paid' WHERE id = 5", "payment 5", id="state of a payment"),
        pytest.param("UPDATE payments SET reason = 'x' WHERE id = 1", "payment 1", id="reason of a payment"),
        pytest.param(
            "UPDATE payments SET changed_on = '2020-01-01' WHERE id = 1", "payment 1", id="day of a payment"
        ),
        pytest.param(
            "UPDATE batches SET state = 'voided' WHERE id = 1",
            "batch 610100-20200519-L0-1",
            id="state of a batch",
        ),
        pytest.param(
            "UPDATE entitlements SET entitled_amount = 999 WHERE uscc LIKE '%00005X'",
            "entitlement 610100 91610100MA6T00005X",
            id="amount of an entitlement",
        ),
    ],
)
def test_a_changed_state_is_named(copy, statement, where):
    tamper(copy.engine, statement)
    assert first(copy) == ("states", where)


def test_broken_sums_are_named(books):
    formed(books, unit())
    with ledger_event(books.engine, "x", business_date=CLEARED) as event:
        event.connection.execute(text("UPDATE entitlements SET entitled_amount = 100.01"))
    (found,) = verified(books).breaks
    assert found.sentence() == (
        "sums: 610100 91610100MA6T00001X 2020: expected 100.01; found 0.00 + 0 + 100.00 + 0 - 0"
    )


def test_a_batch_published_without_instructions_is_named(books):
    batch = formed(books, unit())
    with ledger_event(books.engine, "x", business_date=CLEARED) as event:
        event.connection.execute(text("UPDATE batches SET state = 'published'"))
    (found,) = verified(books).breaks
    assert (found.check, found.where, found.expected) == ("batches", batch.batch_no, "1 instructions")


def test_an_edited_file_and_a_missing_one_are_named(copy):
    edited, missing = sorted(copy.out.glob("a/*.csv"))
    edited.write_bytes(b"1,3\n")
    missing.unlink()
    found = verified(copy).breaks
    assert [(one.check, one.where) for one in found] == [
        ("files", f"a/{edited.name}"),
        ("files", f"a/{missing.name}"),
    ]
    assert found[1].found == "no file"


def test_a_changed_line_cannot_be_published_and_is_named(copy, postgres_url):
    """The triggers were passed by; the batch's hash says so all the same."""
    two = copy.ask("SELECT id, batch_no FROM batches WHERE review_level = 2 AND state = 'formed'")
    (number, batch_no) = two[0]
    tamper(copy.engine, f"UPDATE payment_lines SET account_no = '111' WHERE batch_id = {number}")
    with (
        as_app(copy.engine, on=LAST) as connection,
        pytest.raises(Exception, match="not those that were approved"),
    ):
        connection.execute(text(f"UPDATE batches SET state = 'published' WHERE id = {number}"))
    assert [one.check for one in verified(copy).breaks] == ["rows", "batches"]
    assert verified(copy).breaks[1].where == batch_no
