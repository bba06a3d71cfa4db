"""Verification: nothing to say of a ledger that was left alone, and the first break of one that was not."""

import hashlib
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, Connection, text

from stable_jobs.errors import UsageError
from stable_jobs.ledger.batches import record_files
from stable_jobs.ledger.event import chained, ledger_event
from stable_jobs.ledger.verify import Anchor, last_anchor, read_anchor, verify_ledger
from stable_jobs.store import catalog
from stable_jobs.store.lake import Lake
from tests.ledger.conftest import Books, unit
from tests.ledger.full import CLEARED, LAST, TABLES, as_app, formed, tamper, write
from tests.ledger.verified import first, rewritten, verified


def event_of(books: Books, table: str, order: str = "1") -> int:
    return int(books.ask(f"SELECT event_id FROM {table} ORDER BY {order} LIMIT 1")[0][0])


HASHED = {
    "payment_stops": "region_holds",
    "entitlement_versions": "entitlements",
}
"""Table or view → the name under which an event counts its rows."""


def test_an_empty_ledger_is_whole(books: Books) -> None:
    found = verified(books)
    assert (found.events, found.entitlements, found.files, found.breaks) == (0, 0, 0, ())


def test_a_ledger_left_alone_is_whole(full: Books) -> None:
    found = verified(full)
    assert found.breaks == ()
    assert found.events == full.ask("SELECT count(*) FROM audit_events")[0][0] > 20
    assert (found.entitlements, found.files) == (7, 2)


@pytest.mark.parametrize("table", sorted(set(TABLES) - {"later_columns"}))
def test_the_full_ledger_has_rows_of(full: Books, table: str) -> None:
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
def test_a_broken_chain_is_named(copy: Books, statement: str, where: str) -> None:
    tamper(copy.engine, statement)
    assert first(copy) == ("chain", where)


def test_an_event_written_again_breaks_the_next(copy: Books) -> None:
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
        pytest.param("payment_stops", "id", "DELETE FROM payment_stops", id="a hold removed"),
        pytest.param(
            "payment_stops", "id", "UPDATE payment_stops SET stopped_by = 'other' WHERE id = 1", id="who held"
        ),
        pytest.param(
            "region_nights",
            "id",
            "UPDATE region_nights SET is_suspended = NOT is_suspended WHERE id = 1",
            id="a region suspended",
        ),
        pytest.param(
            "notices",
            "id",
            "UPDATE notices SET notice_ends_on = notice_ends_on + 1 WHERE id = 1",
            id="end of a notice",
        ),
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
            "entitlement_versions",
            "event_id",
            "UPDATE entitlements SET entitled_amount = 999 WHERE event_id ="
            " (SELECT min(event_id) FROM entitlement_versions)",
            id="amount of an entitlement",
        ),
        pytest.param(
            "entitlement_versions",
            "event_id",
            "UPDATE entitlement_revisions SET entitled_amount = 999",
            id="amounts that entitlements had before",
        ),
        pytest.param(
            "entitlement_revisions",
            "event_id",
            "UPDATE entitlement_revisions SET replaced_in = NULL",
            id="versions told as those of an older release",
        ),
        pytest.param(
            "entitlement_versions",
            "event_id",
            "UPDATE entitlements SET event_id = NULL",
            id="entitlements told as those of an older release",
        ),
        pytest.param(
            "entitlement_versions",
            "id, event_id",
            "UPDATE entitlements SET uscc = '91610100MA6T99999X' WHERE id = 1",
            id="an entitlement moved to another unit",
        ),
        pytest.param(
            "entitlement_versions",
            "id, event_id",
            "UPDATE entitlements SET policy_year = 2019 WHERE id = 1",
            id="an entitlement moved to another year",
        ),
    ],
)
def test_a_changed_row_is_named_with_its_event(copy: Books, table: str, order: str, statement: str) -> None:
    event = event_of(copy, table, order)
    tamper(copy.engine, statement)
    hashed = HASHED.get(table, table)
    assert first(copy) == ("rows", f"event {event}, table {hashed}")


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
    ],
)
def test_a_changed_state_is_named(copy: Books, statement: str, where: str) -> None:
    tamper(copy.engine, statement)
    assert first(copy) == ("states", where)


def test_broken_sums_are_named(books: Books) -> None:
    formed(books, unit())
    with ledger_event(books.engine, "x", business_date=CLEARED) as event:
        event.connection.execute(
            text("UPDATE entitlements SET entitled_amount = 100.01, event_id = ledger_event()")
        )
    (found,) = verified(books).breaks
    assert found.sentence() == (
        "sums: 610100 91610100MA6T00001X 2020: expected 100.01; found 0.00 + 0 + 100.00 + 0 - 0"
    )


def test_a_batch_published_without_instructions_is_named(books: Books) -> None:
    batch = formed(books, unit())
    with ledger_event(books.engine, "x", business_date=CLEARED) as event:
        event.connection.execute(text("UPDATE batches SET state = 'published'"))
    (found,) = verified(books).breaks
    assert (found.check, found.where, found.expected) == ("batches", batch.batch_no, "1 instructions")


def test_an_edited_file_and_a_missing_one_are_named(copy: Books) -> None:
    edited, missing = sorted(copy.out.glob("a/*.csv"))
    edited.write_bytes(b"1,3\n")
    missing.unlink()
    found = verified(copy).breaks
    assert [(one.check, one.where) for one in found] == [
        ("files", f"a/{edited.name}"),
        ("files", f"a/{missing.name}"),
    ]
    assert found[1].found == "no file"


def test_a_changed_line_cannot_be_published_and_is_named(copy: Books, postgres_url: URL) -> None:
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


@pytest.mark.parametrize(
    ("statement", "where"),
    [
        pytest.param(
            "DROP TRIGGER guard ON approvals", "trigger: ledger.approvals.guard", id="a dropped guard"
        ),
        pytest.param(
            "ALTER TABLE approvals DISABLE TRIGGER guard",
            "trigger: ledger.approvals.guard",
            id="a guard switched off",
        ),
        pytest.param(
            "ALTER TABLE objections DISABLE TRIGGER ALL",
            "foreign key triggers: ledger.objections",
            id="foreign keys switched off",
        ),
        pytest.param(
            "ALTER TABLE bank_results DISABLE TRIGGER guard",
            "trigger: ledger.bank_results.guard",
            id="what stands for a foreign key switched off",
        ),
        pytest.param(
            "CREATE OR REPLACE FUNCTION guard_approval() RETURNS trigger LANGUAGE plpgsql"
            " AS $$ BEGIN RETURN NEW; END $$",
            "function: ledger.guard_approval()",
            id="a guard that lets everything through",
        ),
        pytest.param(
            "DROP INDEX payments_one_open_index", "index: ledger.payments_one_open_index", id="an index"
        ),
        pytest.param(
            "ALTER TABLE instructions DROP CONSTRAINT instructions_attempt_key",
            "constraint: ledger.instructions.instructions_attempt_key",
            id="a constraint",
        ),
        pytest.param(
            "INSERT INTO life_cycle VALUES ('payment', 'paid', 'cleared')",
            "rows: ledger.life_cycle",
            id="a change of state more",
        ),
        pytest.param(
            "GRANT DELETE ON audit_events TO stable_jobs_app",
            "grants: ledger.audit_events",
            id="a right more",
        ),
        pytest.param(
            "GRANT UPDATE (account_no) ON payment_lines TO stable_jobs_app",
            "grants: ledger.payment_lines.account_no",
            id="a right on one column",
        ),
        pytest.param(
            "GRANT SELECT ON payment_lines TO PUBLIC", "grants: ledger.payment_lines", id="everybody"
        ),
        pytest.param(
            "CREATE OR REPLACE VIEW unit_stops AS SELECT NULL::bigint AS entitlement_id, NULL::text AS cause,"
            " NULL::text AS detail WHERE false",
            "view: ledger.unit_stops",
            id="a view that stops nobody",
        ),
        pytest.param(
            "CREATE FUNCTION mine() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$",
            "function: ledger.mine()",
            id="a function more",
        ),
        pytest.param(
            "CREATE RULE r AS ON INSERT TO payment_stops DO INSTEAD NOTHING",
            "rule: ledger.payment_stops.r",
            id="a rule that swallows holds",
        ),
        pytest.param(
            "ALTER TABLE payment_stops ENABLE ROW LEVEL SECURITY",
            "table: ledger.payment_stops",
            id="rows that are hidden",
        ),
        pytest.param(
            "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET session_replication_role = replica',"
            " current_database()); END $$",
            "setting: everybody",
            id="no trigger fires in any session",
        ),
        pytest.param("CREATE TABLE other (x integer)", "table: ledger.other", id="a table more"),
    ],
)
def test_what_the_promises_rest_on_is_named_when_it_is_changed(
    copy: Books, statement: str, where: str
) -> None:
    with copy.engine.begin() as connection:
        connection.execute(text(statement))
    assert where in [one.where for one in verified(copy).breaks if one.check == "schema"]


def test_a_database_that_cannot_answer_is_named(copy: Books) -> None:
    with copy.engine.begin() as connection:
        connection.execute(text("DROP VIEW broken_evidence"))
    found = {one.where: one.found for one in verified(copy).breaks}
    assert 'relation "broken_evidence" does not exist' in found["the check of the catalog"]
    assert "view: ledger.broken_evidence" in found


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param("UPDATE snapshots SET name = name || '.other' WHERE id = {id}", id="another file"),
        pytest.param("UPDATE snapshots SET rows = rows + 1 WHERE id = {id}", id="another count"),
        pytest.param(
            "UPDATE snapshot_contents SET sha256 = repeat('e', 64) WHERE snapshot_id = {id}", id="other bytes"
        ),
        pytest.param("DELETE FROM snapshot_contents WHERE snapshot_id = {id}", id="no bytes known"),
    ],
)
def test_a_changed_row_of_the_catalog_is_named(copy: Books, statement: str) -> None:
    ((event, number),) = copy.ask(
        "SELECT event_id, subject_id FROM night_evidence WHERE subject = 'snapshot'"
    )
    tamper(copy.engine, statement.format(id=number))
    assert ("catalog", f"event {event}, snapshot {number}") in [
        (one.check, one.where) for one in verified(copy).breaks
    ]


LAST_EVENTS = "(SELECT id FROM audit_events ORDER BY id DESC LIMIT 3)"


def cut_tail(copy: Books) -> None:
    """Take the newest three events away with all they wrote, states and all."""
    (tables,) = copy.ask(
        "SELECT array_agg(table_name::text) FROM information_schema.columns c JOIN"
        " information_schema.tables t"
        " USING (table_schema, table_name) WHERE column_name = 'event_id' AND table_type = 'BASE TABLE'"
    )[0]
    cut = [f"DELETE FROM {table} WHERE event_id IN {LAST_EVENTS}" for table in tables]
    tamper(copy.engine, *cut, f"DELETE FROM audit_events WHERE id IN {LAST_EVENTS}")


def anchor_of(books: Books) -> Anchor | None:
    with books.engine.connect() as connection:
        return last_anchor(connection)


def test_a_tail_that_was_cut_off_is_found_by_an_anchor_from_outside(copy: Books) -> None:
    anchor = anchor_of(copy)
    assert anchor is not None
    cut_tail(copy)
    with copy.engine.connect() as connection:
        assert verify_ledger(connection, copy.out).breaks == ()
        (found,) = verify_ledger(connection, copy.out, anchors=[anchor]).breaks
    assert (found.check, found.where.strip(), found.expected) == (
        "anchors",
        f"event {anchor.number} of",
        anchor.hash,
    )
    assert "restore the newer database" in found.found


def test_anchors_of_the_past_hold(full: Books) -> None:
    numbers = full.ask("SELECT id, hash FROM audit_events ORDER BY id")
    with full.engine.connect() as connection:
        found = verify_ledger(connection, full.out, anchors=[Anchor(*row) for row in numbers])
    assert found.breaks == ()


def test_another_hash_under_an_anchor_is_named(full: Books) -> None:
    with full.engine.connect() as connection:
        (found,) = verify_ledger(connection, full.out, anchors=[Anchor(3, "a" * 64, "--anchor")]).breaks
    assert (found.check, found.where) == ("anchors", "event 3 of --anchor")


@pytest.mark.parametrize(
    "spelled", ["", "3", "3:", f"0:{'a' * 64}", f"3:{'a' * 63}", f"-3:{'a' * 64}", "x:y"]
)
def test_a_text_that_is_no_anchor_is_wrong_usage(spelled: str) -> None:
    with pytest.raises(UsageError, match="NUMBER:HASH"):
        read_anchor(spelled)


def test_a_published_batch_that_the_ledger_does_not_know_is_named_with_its_anchor(copy: Books) -> None:
    folder = copy.out / "2020-05-19/610100/610100-20200519-L0-9"
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text(json.dumps({"anchor": f"999:{'a' * 64}", "files": {}}))
    found = {one.check: one for one in verified(copy).breaks}
    assert found["unknown"].where == "2020-05-19/610100/610100-20200519-L0-9"
    assert "leave the folder where it is" in found["unknown"].found
    assert found["anchors"].where == "event 999 of 2020-05-19/610100/610100-20200519-L0-9/manifest.json"


@pytest.mark.parametrize(
    ("name", "where"),
    [
        pytest.param("a/evil.exe", None, id="outside a business date"),
        pytest.param("2020-05-19/610100/notice-1/名单.exe", "names", id="in a folder of the ledger"),
        pytest.param("2020-05-19/610100/evil.exe", "names", id="in a folder of lists"),
        pytest.param("2020-05-19/610100/notice-1/manifest.2.json", "names", id="a manifest more"),
        pytest.param("2020-05-19/evil.exe", "names", id="beside the regions"),
        pytest.param("2020-05-19/610100/notice-1/inner/evil.exe", "names", id="in a folder of its own"),
        pytest.param("2020-05-19/610100/.work/x/evil.exe", None, id="a process's unfinished file"),
    ],
)
def test_a_stray_in_a_published_folder_is_named(copy: Books, name: str, where: str | None) -> None:
    kept = write(copy.out, "2020-05-19/610100/notice-1", "public_notice.csv", b"1\n")
    with ledger_event(copy.engine, "published") as event:
        record_files(event, [kept])
    listed = copy.out / "2020-05-19/610100"
    (listed / "notice.csv").write_bytes(b"2\n")
    entry = {"file": "notice.csv", "sha256": hashlib.sha256(b"2\n").hexdigest()}
    (listed / "manifest.json").write_text(json.dumps({"files": {"notice.csv": entry}}))
    assert verified(copy).breaks == ()
    (copy.out / name).parent.mkdir(parents=True, exist_ok=True)
    (copy.out / name).write_bytes(b"MZ")
    assert [one.where for one in verified(copy).breaks] == ([name] if where else [])


def test_other_bytes_in_a_list_that_only_its_manifest_knows_are_named(copy: Books) -> None:
    folder = copy.out / "2020-05-19/610100"
    folder.mkdir(parents=True)
    (folder / "notice.csv").write_bytes(b"2\n")
    (folder / "manifest.json").write_text(
        json.dumps({"files": {"notice.csv": {"file": "notice.csv", "sha256": "a" * 64}}})
    )
    assert [(one.check, one.where) for one in verified(copy).breaks] == [
        ("files", "2020-05-19/610100/notice.csv")
    ]


@pytest.mark.parametrize(
    ("away", "where"),
    [
        pytest.param(timedelta(days=-3650), ["event 7"], id="ten years back"),
        pytest.param(timedelta(minutes=-6), ["event 7"], id="six minutes back"),
        pytest.param(timedelta(seconds=-20), [], id="as far as two machines are apart"),
        pytest.param(timedelta(days=3650), ["event 8", "newest"], id="ten years on"),
    ],
)
def test_times_that_run_backwards_are_named(copy: Books, away: timedelta, where: list[str]) -> None:
    def moved(_: Connection, event: dict[str, Any]) -> None:
        if event["id"] == 7:
            event["at"] = (datetime.fromisoformat(event["at"]) + away).isoformat()

    rewritten(copy, moved)
    found = [one for one in verified(copy).breaks if one.check == "times"]
    assert [one.where for one in found if one.where in where] == [w for w in where if w.startswith("event")]
    assert bool(found) == bool(where)


def test_every_byte_of_the_lake_is_read_again(copy: Books, tmp_path: Path) -> None:
    """Registered files by their catalog row, those that bear their hash by their name."""
    lake = Lake(str(tmp_path / "lake"))
    source = tmp_path / "x"
    source.write_bytes(b"as it came")
    landed, published = lake.put_landing(source), lake.put_published(source)
    path = Path(lake.path("snapshots/payees/x.parquet"))
    path.write_bytes(b"PAR1")
    with copy.engine.begin() as connection:
        catalog.register_snapshot(
            connection, kind="payees", business_date=CLEARED, fingerprint="f" * 64,
            name="snapshots/payees/x.parquet", rows=1, inputs={},
            content=lake.keep("snapshots/payees/x.parquet"),
        )  # fmt: skip

    def lost() -> dict[str, str]:
        with copy.engine.connect() as connection:
            found = verify_ledger(connection, copy.out, lake).breaks
        return {one.where: one.found for one in found if one.check == "lake" and "no file" not in one.found}

    assert lost() == {}
    for name in (f"landing/{landed}", f"published/{published}", "snapshots/payees/x.parquet"):
        file = Path(lake.path(name))
        file.chmod(0o600)
        file.write_bytes(b"PAR2")
        assert set(lost()) == {name}
        file.unlink()
    Path(lake.path("landing/evil.exe")).write_bytes(b"MZ")
    assert set(lost()) == {"landing/evil.exe"}
