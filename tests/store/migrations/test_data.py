"""Migrations on data: what a version does not own survives it, forward and back, with the rights beside."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import URL, Engine, create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from stable_jobs.store import catalog, database
from tests.databases import run_sql
from tests.ledger.conftest import Books
from tests.ledger.full import TABLES, fill, person

CATALOG = (
    "snapshots",
    "deliveries",
    "delivery_releases",
    "validations",
    "validation_results",
    "delivery_outcomes",
)
RIGHTS = """
    SELECT c.relname, string_agg(a.privilege_type, ' ' ORDER BY a.privilege_type)
    FROM pg_class c CROSS JOIN aclexplode(c.relacl) a JOIN pg_roles r ON r.oid = a.grantee
    WHERE c.relnamespace IN (SELECT oid FROM pg_namespace WHERE nspname IN ('public', 'ledger'))
        AND r.rolname = 'stable_jobs_app' GROUP BY c.relname
"""
LEFT = """
    SELECT 'table', relname::text FROM pg_class
    WHERE relkind IN ('r', 'v') AND relnamespace IN (
        SELECT oid FROM pg_namespace WHERE nspname IN ('public', 'ledger'))
    UNION ALL SELECT 'function', proname::text FROM pg_proc WHERE pronamespace IN (
        SELECT oid FROM pg_namespace WHERE nspname IN ('public', 'ledger'))
"""


@pytest.fixture
def url(postgres_url: URL) -> Iterator[URL]:
    """The superuser's URL of a migrated database of the test's own. A copy lacks the database's rights."""
    name = f"data_{uuid4().hex}"
    database.init_database(postgres_url, name=name)
    yield postgres_url.set(database=name)
    run_sql(postgres_url, f"DROP DATABASE {name} WITH (FORCE)")


def engine_of(url: URL, **changed: Any) -> Engine:
    return create_engine(url.set(**changed), poolclass=NullPool)


def rows(url: URL, query: str) -> list[tuple[Any, ...]]:
    with engine_of(url).connect() as connection:
        return sorted(tuple(row) for row in connection.execute(text(query)))


def contents(url: URL) -> dict[str, list[tuple[Any, ...]]]:
    return {table: rows(url, f"SELECT to_jsonb(t)::text FROM {table} t") for table in CATALOG}


def write_catalog(url: URL) -> None:
    day = date(2020, 5, 11)
    with engine_of(url, username=database.APP).begin() as connection:
        snapshot = catalog.register_snapshot(
            connection, kind="staged", business_date=day, fingerprint="a" * 64, name="x.parquet", rows=3,
            inputs={"名": "𠮷"},
        )  # fmt: skip
        delivery = catalog.record_delivery(
            connection, department="tax", extract="taxpayers", business_date=day, region_code="610100",
            sequence=1, file_name="610100.csv", file_format="csv", sha256="b" * 64, size_bytes=1, rows=3,
            control_total=None,
            received_at=datetime(2020, 5, 11, tzinfo=UTC),
        )  # fmt: skip
        catalog.mark_staged(connection, delivery.id, snapshot.id)
        catalog.record_validation(
            connection, business_date=day, extract="taxpayers", fingerprint="c" * 64,
            quarantine_snapshot_id=snapshot.id,
            results=[catalog.RuleResult("r", "critical", "row", "610100", 3, 1)],
            outcomes=[catalog.DeliveryOutcome(delivery.id, "610100", 3, 2, 1, "r", {"share": "1/3"})],
        )  # fmt: skip
        catalog.release_delivery(
            connection, delivery.id, rule_id="r", reason="x", released_by="王芳",
            released_at=datetime(2020, 5, 11, tzinfo=UTC),
        )  # fmt: skip


def test_the_catalog_survives_the_ledgers_coming_and_going(url: URL) -> None:
    database.downgrade(url, "0001")
    at_first = rows(url, RIGHTS)
    write_catalog(url)
    before = contents(url)
    assert all(before.values())
    database.upgrade(url)
    with_ledger = rows(url, RIGHTS)
    assert contents(url) == before
    database.downgrade(url, "0001")
    assert contents(url) == before
    assert rows(url, RIGHTS) == at_first
    assert {name for _, name in rows(url, LEFT)} == {*CATALOG, "alembic_version"}
    database.upgrade(url)
    assert contents(url) == before
    assert rows(url, RIGHTS) == with_ledger


def test_a_full_ledger_goes_back_and_comes_again_empty_and_working(url: URL, tmp_path: Path) -> None:
    books = Books(engine_of(url, username=database.APP), tmp_path)
    fill(books)
    snapshots = contents(url)
    database.downgrade(url, "0001")
    assert contents(url) == snapshots
    database.upgrade(url)
    assert contents(url) == snapshots
    counts = {table: books.ask(f"SELECT count(*) FROM {table}")[0][0] for table in TABLES}
    assert {table for table, count in counts.items() if count} == {"life_cycle", "later_columns"}
    fill(books)
    assert books.breaks() == []


def test_releases_are_in_the_chain_from_the_version_that_covers_them_on(url: URL, tmp_path: Path) -> None:
    database.downgrade(url, "0002")
    write_catalog(url)
    at_first, before = rows(url, RIGHTS), contents(url)
    database.upgrade(url)
    books = Books(engine_of(url, username=database.APP), tmp_path)
    assert contents(url) == before
    assert books.ask("SELECT * FROM release_events") == []
    fill(books)
    assert books.breaks() == []

    database.downgrade(url, "0002")
    assert {"acknowledgements", "release_events", "record_releases"}.isdisjoint(
        name for _, name in rows(url, LEFT)
    )
    assert rows(url, RIGHTS) == at_first
    lost = [one.partition(": ")[2].partition(":")[0] for one in books.breaks()]
    assert {"release_events", "acknowledgements"} <= {where.rpartition(" ")[2] for where in lost}
    database.upgrade(url)
    assert rows(url, "SELECT * FROM acknowledgements") == []


def test_a_renamed_table_or_column_changes_no_events_hash(url: URL, tmp_path: Path) -> None:
    """0014 hashes the names that tables and columns had then; its events verify under today's names."""
    same = "- '{entitlements,entitlement_revisions,state_changes}'::text[]"  # what only one version writes
    digests = f"SELECT id, (event_digest(id, 1) {same})::text FROM audit_events"
    digests_then = f"SELECT id, (event_digest(id) {same})::text FROM audit_events"
    books = Books(engine_of(url, username=database.APP), tmp_path)
    fill(books)
    today = rows(url, digests)
    for renamed in ("payment_stops", "payment_stop_ends", "region_nights", "notices"):
        assert rows(url, f"SELECT 1 FROM {renamed} LIMIT 1") == [(1,)]

    database.downgrade(url, "0014")
    assert rows(url, digests_then) == today
    stop = "INSERT INTO region_holds (region_code, reason, held_by) VALUES ('610300', 'x', 'zhao')"
    person(books, "zhao", lambda event: event.connection.execute(text(stop)))
    then = rows(url, digests_then)
    database.upgrade(url)
    assert rows(url, digests) == then
    assert books.breaks() == []


def test_a_ledger_that_goes_back_to_0019_and_comes_again_is_as_it_was(url: URL, tmp_path: Path) -> None:
    """0019 finds the rows that it looks for; 0020 says again what it said without them."""
    kept = (
        "SELECT * FROM entitlements ORDER BY id",
        "SELECT entitlement_id, entitled_amount, event_id, replaced_in FROM entitlement_revisions"
        " ORDER BY entitlement_id, event_id",
        "SELECT * FROM state_changes ORDER BY id",
        "SELECT * FROM event_tables ORDER BY 1, 2",
    )
    books = Books(engine_of(url, username=database.APP), tmp_path)
    fill(books)
    before = [rows(url, query) for query in kept]
    assert all(before)

    database.downgrade(url, "0019")
    started = (
        "SELECT count(*) FROM payments p JOIN state_changes c ON c.payment_id = p.id AND from_state IS NULL"
    )
    assert rows(url, started) == rows(url, "SELECT count(*) FROM payments")
    newest = """
        SELECT count(*) FROM entitlements e CROSS JOIN LATERAL (
            SELECT * FROM entitlement_revisions WHERE entitlement_id = e.id ORDER BY id DESC LIMIT 1) r
        WHERE (r.entitled_amount, r.unit_name, r.decided_on) = (e.entitled_amount, e.unit_name, e.decided_on)
    """
    assert rows(url, newest) == rows(url, "SELECT count(*) FROM entitlements")

    database.upgrade(url)
    assert [rows(url, query) for query in kept] == before
    assert books.breaks() == []


@pytest.mark.parametrize("zone", ["UTC", "Asia/Shanghai", "America/Lima"])
def test_a_release_verifies_whatever_the_time_zone(url: URL, tmp_path: Path, zone: str) -> None:
    fill(Books(engine_of(url, username=database.APP), tmp_path))
    elsewhere = create_engine(
        url.set(username=database.APP), poolclass=NullPool, connect_args={"options": f"-c timezone={zone}"}
    )
    assert Books(elsewhere, tmp_path).breaks() == []


def test_a_release_without_an_event_is_refused(url: URL) -> None:
    with pytest.raises(DBAPIError, match="a row of release_events needs an audit event"):
        write_catalog(url)


def test_rights_in_the_ledger(url: URL) -> None:
    found = dict(rows(url, RIGHTS))
    views = (
        "assigned_approvers",
        "doubtful_refunds",
        "entitlement_balances",
        "newest_nights",
        "standing_nights",
        "open_proposals",
        "individual_businesses",
        "catalog_digests",
        "broken_evidence",
        "region_stops",
        "unit_stops",
        "doubt_stops",
        "contradiction_stops",
        "policy_stops",
        "total_stops",
        "policies_in_force",
        "totals_in_force",
        "newest_settlements",
        "line_results",
        "open_contradictions",
        "duplicate_lines",
        "failed_lines",
        "doubtful_accounts",
        "accepted_accounts",
        "surplus_payments",
        "payment_stops_in_force",
    )
    recorded = (
        "life_cycle",
        "later_columns",
        "installation",
        "entitlement_revisions",
        "state_changes",
        "batch_changes",
        "release_events",
        "event_hands",
        "event_tables",
    )
    for name in (*views, *recorded):
        assert found[name].removeprefix("MAINTAIN ") == "SELECT"
    for name in set(TABLES) - set(recorded):
        assert found[name].replace("MAINTAIN ", "") == "INSERT SELECT"
    columns = """
        SELECT c.relname || '.' || a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        CROSS JOIN aclexplode(a.attacl) x JOIN pg_roles r ON r.oid = x.grantee
        WHERE r.rolname = 'stable_jobs_app' AND x.privilege_type = 'UPDATE' AND c.relname <> 'deliveries'
    """
    assert [name for (name,) in rows(url, columns)] == sorted(
        [
            f"entitlements.{c}"
            for c in ("unit_name", "scheme", "entitled_amount", "outside_amount", "decided_on", "event_id")
        ]
        + [f"payments.{c}" for c in ("state", "reason", "changed_on")]
        + [f"batches.{c}" for c in ("state", "reason")]
    )


@pytest.mark.parametrize(("version", "may"), [("0001", False), ("head", True)])
def test_temporary_tables_come_with_the_ledger(url: URL, version: str, may: bool) -> None:
    if version != "head":
        database.downgrade(url, version)
    with engine_of(url, username=database.APP).connect() as connection:
        if may:
            connection.execute(text("CREATE TEMPORARY TABLE x (y integer)"))
        else:
            with pytest.raises(DBAPIError, match="permission denied to create temporary tables"):
                connection.execute(text("CREATE TEMPORARY TABLE x (y integer)"))
