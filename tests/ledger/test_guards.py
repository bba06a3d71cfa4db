"""Routes round the ledger's rules with plain SQL: every one refused by the database."""

from collections.abc import Callable

import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from stable_jobs.ledger.event import LEDGER_LOCK
from tests.ledger.conftest import CODES, REGION, Books
from tests.ledger.full import RETURNED, TABLES, WAITING, as_app, as_owner, move, refused

CHANGEABLE = {"entitlements", "payments", "batches"}
RECORDED = {
    "event_tables",
    "life_cycle",
    "later_columns",
    "installation",
    "entitlement_revisions",
    "state_changes",
    "batch_changes",
    "release_events",
}


def plain_column(connection: Connection, table: str) -> str:
    query = """
        SELECT attname FROM pg_attribute
        WHERE attrelid = CAST(:table AS regclass) AND attnum > 0 AND attidentity = '' ORDER BY attnum LIMIT 1
    """
    return str(connection.scalar(text(query), {"table": table}))


def test_the_list_of_tables_is_the_databases(full: Books) -> None:
    found = full.ask("SELECT tablename FROM pg_tables WHERE schemaname = 'ledger'")
    assert {name for (name,) in found} == set(TABLES)


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize(
    "deed", ["DELETE FROM {table}", "TRUNCATE {table} CASCADE"], ids=["delete", "truncate"]
)
@pytest.mark.parametrize("who", ["app", "owner"])
def test_no_row_is_removed(copy_of: Callable[[str], Engine], table: str, deed: str, who: str) -> None:
    with as_app(copy_of(who)) as connection:
        if who == "owner":
            as_owner(connection)
        word = "permission denied" if who == "app" else "the ledger keeps its history"
        refused(connection, deed.format(table=table), word)


@pytest.mark.parametrize("table", sorted(set(TABLES) - CHANGEABLE))
@pytest.mark.parametrize("who", ["app", "owner"])
def test_no_row_is_rewritten(copy_of: Callable[[str], Engine], table: str, who: str) -> None:
    with as_app(copy_of(who)) as connection:
        if who == "owner":
            as_owner(connection)
        column = plain_column(connection, table)
        word = "permission denied" if who == "app" else "the ledger keeps its history"
        refused(connection, f"UPDATE {table} SET {column} = {column}", word)


@pytest.mark.parametrize("table", sorted(RECORDED))
def test_what_triggers_record_nobody_else_writes(full: Books, table: str) -> None:
    with as_app(full.engine) as connection:
        refused(connection, f"INSERT INTO {table} DEFAULT VALUES", "permission denied")


@pytest.mark.parametrize(
    ("statement", "word"),
    [
        pytest.param("UPDATE entitlements SET uscc = 'X'", "permission denied", id="unit of an entitlement"),
        pytest.param("UPDATE payments SET amount = 1", "permission denied", id="amount of a payment"),
        pytest.param(
            "UPDATE payments SET entitlement_id = 1", "permission denied", id="entitlement of a payment"
        ),
        pytest.param("UPDATE batches SET hash = repeat('a', 64)", "permission denied", id="hash of a batch"),
        pytest.param(
            "UPDATE batches SET review_level = 0", "permission denied", id="review level of a batch"
        ),
        pytest.param(
            "UPDATE payment_lines SET account_no = '1'", "permission denied", id="account of a line"
        ),
        pytest.param("ALTER TABLE payments DISABLE TRIGGER ALL", "must be owner", id="triggers off"),
        pytest.param("SET session_replication_role = replica", "permission denied", id="replica"),
        pytest.param("CREATE TABLE public.x (y integer)", "permission denied", id="a table of its own"),
        pytest.param("DROP VIEW newest_nights", "must be owner", id="a view dropped"),
        pytest.param("SET ROLE stable_jobs_owner", "permission denied", id="the owner's role"),
    ],
)
def test_the_application_may_not(full: Books, statement: str, word: str) -> None:
    with as_app(full.engine) as connection:
        refused(connection, statement, word)


@pytest.mark.parametrize(
    ("statement", "word"),
    [
        pytest.param(
            "UPDATE entitlements SET uscc = '91610100MA6T99999X' WHERE id = 1", "keeps its unit", id="unit"
        ),
        pytest.param("UPDATE entitlements SET policy_year = 2021", "keeps its unit", id="policy year"),
        pytest.param("UPDATE payments SET amount = 1", "only the state changes", id="amount of a payment"),
        pytest.param("UPDATE payments SET event_id = 1", "only the state changes", id="event of a payment"),
        pytest.param(
            "UPDATE batches SET review_level = 0", "only the state changes", id="review level of a batch"
        ),
        pytest.param(
            "UPDATE batches SET hash = repeat('a', 64)", "only the state changes", id="hash of a batch"
        ),
    ],
)
def test_the_owner_may_not_either(copy_of: Callable[[str], Engine], statement: str, word: str) -> None:
    with as_app(copy_of("owner")) as connection:
        as_owner(connection)
        refused(connection, statement, word)


PAID, _, BATCHED, UPHELD, _ = CODES[:5]


@pytest.mark.parametrize(
    ("statement", "word"),
    [
        pytest.param(move(PAID, "instructed"), "paid cannot become instructed", id="paid again"),
        pytest.param(move(PAID, "cleared"), "paid cannot become cleared", id="paid goes back"),
        pytest.param(move(UPHELD, "cleared"), "withdrawn cannot become cleared", id="withdrawn comes back"),
        pytest.param(move(BATCHED, "paid"), "batched cannot become paid", id="paid without instruction"),
        pytest.param(
            move(BATCHED, "instructed"), "nothing in the ledger makes it instructed", id="instructed by hand"
        ),
        pytest.param(
            move(BATCHED, "corrected"), "nothing in the ledger makes it corrected", id="corrected by hand"
        ),
        pytest.param(
            move(RETURNED, "batched"), "nothing in the ledger makes it batched", id="batched without a batch"
        ),
        pytest.param(
            move(WAITING, "returned"), "nothing in the ledger makes it returned", id="returned by hand"
        ),
        pytest.param(
            "INSERT INTO payments (entitlement_id, ordinal, notice_id, scheme, amount, reason)"
            " VALUES (4, 2, 1, 'general', 100, 'for a friend')",
            "begins on notice",
            id="on notice for a reason",
        ),
        pytest.param(
            "INSERT INTO payments (entitlement_id, ordinal, notice_id, scheme, amount, changed_on)"
            " VALUES (4, 2, 1, 'general', 100, DATE '2020-01-01')",
            "begins on notice",
            id="on notice before its notice",
        ),
        pytest.param(
            "INSERT INTO payments (entitlement_id, ordinal, notice_id, scheme, amount, changed_on)"
            " SELECT 4, 2, id, 'general', 100, opened_on FROM notices WHERE id = 1",
            "begins on notice",
            id="on a notice that was opened before",
        ),
        pytest.param(
            "INSERT INTO payments (entitlement_id, ordinal, notice_id, scheme, amount, state)"
            " VALUES (4, 2, 1, 'general', 100, 'cleared')",
            "begins on notice",
            id="a payment that begins cleared",
        ),
        pytest.param(
            "INSERT INTO payments (entitlement_id, ordinal, notice_id, scheme, amount)"
            " VALUES (3, 2, 1, 'general', 100)",
            "payments_one_open_index",
            id="a second open payment",
        ),
        pytest.param(
            f"INSERT INTO entitlements (region_code, uscc, policy_year, unit_name, scheme, entitled_amount,"
            f" outside_amount, decided_on)"
            f" VALUES ('{REGION}', '{PAID}', 2020, 'x', 'difficult', 1, 0, '2020-05-19')",
            "entitlements_unit_key",
            id="a second entitlement of the year, for the other scheme",
        ),
        pytest.param(
            f"INSERT INTO entitlements (region_code, uscc, policy_year, scheme_pair, unit_name, scheme,"
            f" entitled_amount, outside_amount, decided_on)"
            f" VALUES ('{REGION}', '{PAID}', 2020, 'x', 'x', 'general', 1, 0, '2020-05-19')",
            "entitlements_scheme_pair_check",
            id="a scheme pair of one's own",
        ),
    ],
)
def test_states_are_not_set_by_hand(full: Books, statement: str, word: str) -> None:
    with as_app(full.engine) as connection:
        refused(connection, statement, word)


APPROVER = "INSERT INTO approver_changes (person, region_code, level, is_assigned, entered_by) VALUES ({0})"


@pytest.mark.parametrize("by", ["li", "Li ", "Ｌi"], ids=["the same", "case and blanks", "full width"])
def test_nobody_assigns_themselves(full: Books, by: str) -> None:
    with as_app(full.engine) as connection:
        refused(connection, APPROVER.format(f"'li', '000000', 1, true, '{by}'"), "another person than li")


def test_no_event_no_row(full: Books) -> None:
    with as_app(full.engine, event="") as connection:
        refused(connection, APPROVER.format("'li', '000000', 1, true, 'head'"), "needs an audit event")


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param("UPDATE entitlements SET entitled_amount = 1", id="an amount"),
        pytest.param(move(RETURNED, "withdrawn"), id="a state"),
        pytest.param("UPDATE batches SET state = 'voided' WHERE state = 'formed'", id="a batch"),
    ],
)
def test_no_event_no_change(full: Books, statement: str) -> None:
    with as_app(full.engine, event="") as connection:
        refused(connection, statement, "needs an audit event")


@pytest.mark.parametrize("event", ["1", "3", "99999"])
def test_no_row_for_an_event_that_is_written_or_not_next(full: Books, event: str) -> None:
    with as_app(full.engine, event=event) as connection:
        refused(connection, APPROVER.format("'li', '000000', 1, true, 'head'"), f"cannot be of event {event}")
    with as_app(full.engine, event=event) as connection:
        refused(connection, move(RETURNED, "withdrawn"), f"cannot be of event {event}")


def test_the_event_of_a_row_is_not_the_statements_to_say(full: Books) -> None:
    with as_app(full.engine, hand="head") as connection:
        statement = APPROVER.replace("entered_by)", "entered_by, event_id)")
        refused(connection, statement.format("'first', '610100', 2, true, 'head', 1"), "of another event")


ORPHANS = [
    pytest.param(
        "INSERT INTO payments (entitlement_id, ordinal, notice_id, scheme, amount)"
        " VALUES ({gone}, 2, 1, 'general', 1)",
        "no such entitlement or notice",
        id="a payment's entitlement",
    ),
    pytest.param(
        "INSERT INTO payments (entitlement_id, ordinal, notice_id, scheme, amount)"
        " VALUES (1, 9, {gone}, 'general', 1)",
        "no such entitlement or notice",
        id="a payment's notice",
    ),
    pytest.param(
        "INSERT INTO notice_lines (payment_id, notice_id, unit_name, premium_base, amount)"
        " VALUES ({gone}, 1, 'x', 9, 1)",
        "no such payment on that notice",
        id="a notice line's payment",
    ),
    pytest.param(
        "INSERT INTO unit_numbers (entitlement_id, unit_no) VALUES ({gone}, 'x')",
        "names a row of entitlements that is not there",
        id="a number's entitlement",
    ),
    pytest.param(
        "INSERT INTO payment_lines (batch_id, line_no, payment_id, attempt, end_to_end_id, pooling_region,"
        " unit_name, scheme, priority, amount, account_name, account_no, bank_code, account_source)"
        " VALUES ({gone}, 1, 1, 1, 'X', '610100', 'x', 'general', 1, 1, 'x', '1', '1', 'corporate')",
        "takes no more lines",
        id="a line's batch",
    ),
    pytest.param(
        "INSERT INTO instructions (line_id, batch_id, payment_id, attempt, end_to_end_id, amount)"
        " VALUES ({gone}, 1, 1, 50, 'X', 1)",
        "is not of a batch published now",
        id="an instruction's line",
    ),
    pytest.param(
        "INSERT INTO bank_answer_rows (answer_id, row_no, standing) VALUES ({gone}, 1, 'applied')",
        "names a row of bank_answers that is not there",
        id="an answer row's answer",
    ),
    pytest.param(
        "INSERT INTO bank_results (line_id, answer_id, row_no, outcome, amount)"
        " VALUES ({gone}, 1, 1, 'paid', 1)",
        "does not fit it",
        id="a result's line",
    ),
]


@pytest.mark.parametrize(("statement", "word"), ORPHANS)
def test_a_row_names_rows_that_are_there(full: Books, statement: str, word: str) -> None:
    """Tables with a row for each unit have no foreign keys: a statement is checked as a whole."""
    with as_app(full.engine) as connection:
        refused(connection, statement.format(gone=10**9), word)


def test_rows_without_their_audit_event_are_not_kept(full: Books) -> None:
    with as_app(full.engine, hand="head") as connection:
        connection.execute(text(APPROVER.format("'first', '610100', 2, true, 'head'")))
        with pytest.raises(DBAPIError, match="event_id_fkey"):
            connection.commit()


def test_plain_sql_waits_for_the_ledgers_writer(full: Books) -> None:
    with full.engine.begin() as writer:
        writer.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LEDGER_LOCK})
        with as_app(full.engine) as connection:
            connection.execute(text("SET LOCAL lock_timeout = '200ms'"))
            refused(connection, APPROVER.format("'li', '000000', 1, true, 'head'"), "lock timeout")


@pytest.mark.parametrize("function", ["keep_former_entitlements", "record_changed_payments", "record_batch"])
def test_what_writes_as_the_owner_cannot_be_hung_on_ones_own_table(full: Books, function: str) -> None:
    with as_app(full.engine) as connection:
        connection.execute(
            text("CREATE TEMPORARY TABLE mine (id bigint, state text, reason text, changed_on date)")
        )
        statement = f"CREATE TRIGGER mine AFTER INSERT ON mine FOR EACH ROW EXECUTE FUNCTION {function}()"
        refused(connection, statement, "permission denied for function")
