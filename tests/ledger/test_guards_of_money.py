"""Money by plain SQL: lines, batches, instructions and answers that do not belong are refused."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import text

from tests.ledger.conftest import CODES, REGION, Books, Night, unit
from tests.ledger.full import CLEARED, LAST, RETURNED, accept, as_app, end_to_end, formed, move, refused

PAID, _, BATCHED = CODES[:3]

LINE = """
    INSERT INTO payment_lines (batch_id, line_no, payment_id, attempt, end_to_end_id, pooling_region,
        unit_name, scheme, priority, amount, account_name, account_no, bank_code, account_source)
    SELECT {batch}, 9, p.id, {attempt}, '{end_to_end}', '610100', 'x', p.scheme, 1, {amount}, 'x', '1', '1',
        'person'
    FROM payments p JOIN entitlements e ON e.id = p.entitlement_id WHERE e.uscc = '{uscc}'
"""
BATCH = """
    INSERT INTO batches
        (batch_no, region_code, business_date, policy_year, review_level, ordinal, count, total, hash)
    VALUES ('{region}-20200702-L0-9', '{region}', {on}, {year}, 0, 9, {count}, {total}, repeat('a', 64))
    RETURNING id
"""


def batch(**changed: Any) -> str:
    values = {"region": REGION, "on": "ledger_date()", "year": 2020, "count": 1, "total": 100}
    return BATCH.format(**values | changed)


def line(number: int, **changed: Any) -> str:
    uscc = changed.setdefault("uscc", RETURNED)
    changed.setdefault("attempt", 2)
    values = {"batch": number, "amount": 100, "end_to_end": end_to_end(uscc, 1, changed["attempt"])}
    return LINE.format(**values | changed)


def test_a_batch_of_the_past_takes_no_more_lines(full: Books) -> None:
    with as_app(full.engine, on=LAST) as connection:
        number = connection.scalar(text("SELECT id FROM batches WHERE state = 'formed'"))
        refused(connection, line(number), "takes no more lines")


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"amount": 101}, id="another amount"),
        pytest.param({"attempt": 1}, id="an attempt that was made"),
        pytest.param({"attempt": 3}, id="an attempt skipped"),
        pytest.param({"end_to_end": "20-610100-91610100MA6T00009X-01-02"}, id="the id of another unit"),
        pytest.param({"uscc": PAID, "attempt": 2}, id="a payment that is paid"),
        pytest.param({"uscc": BATCHED, "attempt": 1}, id="a payment that is in another batch"),
    ],
)
def test_a_line_that_is_not_its_payment_is_refused(full: Books, changed: dict[str, Any]) -> None:
    with as_app(full.engine, on=LAST) as connection:
        number = connection.scalar(text(batch()))
        refused(connection, line(number, **changed), "is not its payment")


def test_a_line_of_another_region_or_year_is_refused(full: Books) -> None:
    with as_app(full.engine, on=LAST) as connection:
        number = connection.scalar(text(batch(year=2019)))
        refused(connection, line(number), "is not its payment")


@pytest.mark.parametrize(
    ("changed", "on", "word"),
    [
        pytest.param({}, CLEARED, "newest decided night is 2020-07-02", id="on an older night"),
        pytest.param({"on": "'2020-07-02'"}, None, "on its night", id="on no night"),
        pytest.param({"on": "'2020-05-19'"}, LAST, "on its night", id="on a day that is not the night's"),
        pytest.param(
            {"region": "620100"}, LAST, "newest decided night is none", id="of a region without a night"
        ),
    ],
)
def test_a_batch_is_refused(full: Books, changed: dict[str, str], on: date | None, word: str) -> None:
    with as_app(full.engine, on=on) as connection:
        refused(connection, batch(**changed), word)


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        pytest.param({}, "not those that were approved", id="a hash that is not the lines'"),
        pytest.param({"count": 2}, "not those that were approved", id="a count that is not the lines'"),
    ],
)
def test_a_batch_that_is_not_its_lines_is_not_published(
    full: Books, changed: dict[str, int], word: str
) -> None:
    with as_app(full.engine, on=LAST) as connection:
        number = connection.scalar(text(batch(**changed)))
        connection.execute(text(line(number)))
        refused(connection, f"UPDATE batches SET state = 'published' WHERE id = {number}", word)


@pytest.mark.parametrize(("count", "total"), [(2, 100), (1, 99)], ids=["count", "total"])
def test_what_approvers_saw_is_what_the_lines_sum_up_to(full: Books, count: int, total: int) -> None:
    """The hash is over the lines: the batch's count and total have to fit them as well."""
    with as_app(full.engine, on=LAST) as connection:
        probe = connection.begin_nested()
        number = connection.scalar(text(batch()))
        connection.execute(text(line(number)))
        made = connection.scalar(text("SELECT batch_hash(:id)"), {"id": number})
        probe.rollback()
        statement = batch(count=count, total=total).replace("repeat('a', 64)", f"'{made}'")
        number = connection.scalar(text(statement))
        connection.execute(text(line(number)))
        assert connection.scalar(text("SELECT batch_hash(:id)"), {"id": number}) == made
        refused(
            connection, f"UPDATE batches SET state = 'published' WHERE id = {number}", "not those that were"
        )


def test_a_batch_that_begins_published_is_refused(full: Books) -> None:
    with as_app(full.engine, on=LAST) as connection:
        refused(
            connection,
            batch().replace("hash)", "hash, state)").replace("64))", "64), 'published')"),
            "begins",
        )


INSTRUCT = """
    INSERT INTO instructions (line_id, batch_id, payment_id, attempt, end_to_end_id, amount, instructed_on)
    SELECT id, batch_id, payment_id, attempt, end_to_end_id, amount + {more}, {on} FROM payment_lines
    WHERE batch_id = {batch}
"""


def test_instructions_of_a_batch_that_is_not_published_are_refused(full: Books) -> None:
    with as_app(full.engine, on=LAST) as connection:
        number = connection.scalar(text("SELECT id FROM batches WHERE state = 'formed'"))
        statement = INSTRUCT.format(batch=number, more=0, on="ledger_date()")
        refused(connection, statement, "not of a batch published now")


@pytest.mark.parametrize(
    "changed",
    [pytest.param({"more": 1}, id="another amount"), pytest.param({"on": "'2020-01-01'"}, id="another day")],
)
def test_an_instruction_that_is_not_its_line_is_refused(full: Books, changed: dict[str, Any]) -> None:
    with as_app(full.engine, on=LAST) as connection:
        number = connection.scalar(text("SELECT id FROM batches WHERE state = 'formed'"))
        connection.execute(text(f"UPDATE batches SET state = 'published' WHERE id = {number}"))
        values = {"batch": number, "more": 0, "on": "ledger_date()"} | changed
        refused(connection, INSTRUCT.format(**values), "not of a batch published now")


def test_instructions_of_a_batch_published_before_are_refused(full: Books) -> None:
    with as_app(full.engine, on=LAST) as connection:
        number = connection.scalar(text("SELECT id FROM batches WHERE review_level = 0"))
        refused(connection, INSTRUCT.format(batch=number, more=0, on="ledger_date()"), "instructions_pkey")


def test_an_unanswered_payment_does_not_go_back(books: Books) -> None:
    """Instructed in the ledger but not yet moved: it may not be freed for another batch."""
    number = formed(books, unit()).id
    with as_app(books.engine) as connection:
        connection.execute(text("UPDATE batches SET state = 'published'"))
        connection.execute(text(INSTRUCT.format(batch=number, more=0, on="ledger_date()")))
        refused(connection, move(CODES[0], "cleared"), "nothing in the ledger makes it cleared")


def test_the_second_attempt_is_not_returned_by_the_first_answer(books: Books) -> None:
    first = formed(books, unit())
    books.publish(first, CLEARED)
    books.answer([{"end_to_end_id": end_to_end(CODES[0]), "outcome": "returned"}])
    again = Night(LAST, (unit(account_no="999"),), regions={REGION: {"working_days": 0}})
    books.apply(again)
    accept(books, end_to_end(CODES[0]))
    (second,) = books.form(again)
    books.publish(second, LAST)
    with as_app(books.engine, on=LAST) as connection:
        refused(connection, move(CODES[0], "returned"), "nothing in the ledger makes it returned")


RESULT = "INSERT INTO bank_results (line_id, answer_id, row_no, outcome, amount) VALUES (1, 1, 3, '{0}', {1})"


@pytest.mark.parametrize(
    ("statement", "word"),
    [
        pytest.param(
            RESULT.format("returned", 100), "bank_results_pkey", id="a second answer to a paid line"
        ),
        pytest.param(
            "INSERT INTO bank_answers (sha256, file_name, format, rows)"
            " SELECT sha256, 'x', 'csv', 0 FROM bank_answers",
            "bank_answers_sha256_key",
            id="the same bytes",
        ),
    ],
)
def test_answers_are_taken_once(full: Books, statement: str, word: str) -> None:
    with as_app(full.engine, on=LAST) as connection:
        refused(connection, statement, word)


def test_an_answer_with_another_amount_is_refused(books: Books) -> None:
    formed_batch = formed(books, unit())
    books.publish(formed_batch, CLEARED)
    with as_app(books.engine) as connection:
        connection.execute(
            text(
                "INSERT INTO bank_answers (sha256, file_name, format, rows)"
                " VALUES (repeat('a', 64), 'x', 'csv', 1)"
            )
        )
        connection.execute(
            text("INSERT INTO bank_answer_rows (answer_id, row_no, standing) VALUES (1, 3, 'applied')")
        )
        refused(connection, RESULT.format("paid", 99), "does not fit")


def test_a_notice_is_not_closed_before_its_day_or_on_another_day(books: Books) -> None:
    books.decide(unit(), on=CLEARED)
    for statement in (
        "INSERT INTO notice_closings (notice_id) VALUES (1)",
        "INSERT INTO notice_closings (notice_id, closed_on) VALUES (1, '2020-12-31')",
    ):
        with as_app(books.engine, on=CLEARED) as connection:
            refused(connection, statement, "stands until")


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        pytest.param("approvals", "*", id="approvals"),
        pytest.param("instructions", "*", id="instructions"),
        pytest.param("payment_lines", "*", id="lines"),
        pytest.param("region_nights", "*", id="nights"),
        pytest.param(
            "life_cycle", "'payment' AS subject, 'paid' AS from_state, 'cleared' AS to_state", id="life cycle"
        ),
    ],
)
def test_a_temporary_table_of_the_same_name_fools_no_guard(full: Books, table: str, columns: str) -> None:
    with as_app(full.engine, on=CLEARED) as connection:
        connection.execute(text(f"CREATE TEMPORARY TABLE {table} AS SELECT {columns} FROM ledger.{table}"))
        if table == "approvals":
            connection.execute(text("UPDATE approvals SET answer = 'approved'"))
        refused(connection, move(PAID, "cleared"), "cannot become")
        connection.rollback()
    with as_app(full.engine, on=CLEARED) as connection:
        connection.execute(text(f"CREATE TEMPORARY TABLE {table} AS SELECT {columns} FROM ledger.{table}"))
        refused(connection, batch(), "newest decided night is 2020-07-02")


def test_a_forged_approval_in_a_temporary_table_publishes_nothing(books: Books) -> None:
    made = formed(books, unit(review_level=1))
    with as_app(books.engine) as connection:
        connection.execute(
            text(
                "CREATE TEMPORARY TABLE approvals AS SELECT id AS batch_id, hash AS batch_hash, 1 AS level,"
                " 'first' AS approver, 'approved' AS answer FROM batches"
            )
        )
        assert connection.scalar(text("SELECT count(*) FROM approvals")) == 1
        refused(
            connection, f"UPDATE batches SET state = 'published' WHERE id = {made.id}", "0 of 1 approvals"
        )
