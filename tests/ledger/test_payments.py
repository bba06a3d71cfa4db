"""Publishing: money is instructed once, on the region's newest night, and its files are known for good."""

from datetime import date

import pytest
from sqlalchemy import text

from stable_jobs.bank.batch import LINE
from stable_jobs.errors import LedgerRefused
from stable_jobs.ledger import batches
from stable_jobs.ledger.batches import Batch, PublishedFile
from stable_jobs.ledger.event import ledger_event
from tests.ledger.conftest import CODES, REGION, Books, Night, unit
from tests.ledger.full import CLEARED, LATER, end_to_end, formed, write

FILE = PublishedFile("2020-05-19/610100", "payment.xml", "a" * 64, 10)


def publish(books: Books, batch: Batch, *files: batches.PublishedFile, on: date | None = CLEARED) -> None:
    with ledger_event(books.engine, "publish", business_date=on) as event:
        batches.instruct(event, batch, files)


def test_what_is_published_is_written_down(books: Books) -> None:
    batch = formed(books, unit())
    file = write(books.out, "2020-05-19", "payment.xml", b"<x/>")
    publish(books, batch, file)
    with books.engine.connect() as connection:
        assert batches.files_of(connection, batch.id) == [file]
        assert batches.manifests(connection) == []
        assert [b.id for b in batches.published_on(connection, CLEARED)] == [batch.id]
        (line,) = connection.execute(text(batches.lines_of(batch.id, LINE))).mappings()
    assert (line["end_to_end_id"], line["account_no"], line["uscc"]) == (
        end_to_end(CODES[0]),
        "6200001",
        CODES[0],
    )
    assert books.breaks() == []


def test_a_batch_is_published_once(books: Books) -> None:
    batch = formed(books, unit())
    publish(books, batch)
    with pytest.raises(LedgerRefused, match="published cannot become published"):
        publish(books, batch)
    assert books.ask("SELECT count(*) FROM instructions") == [(1,)]


@pytest.mark.parametrize(
    ("on", "tonight", "word"),
    [
        pytest.param(
            CLEARED, None, "newest decided night is 2020-07-01", id="on the day it was formed, later"
        ),
        pytest.param(
            LATER, {"is_suspended": True}, "the region is held that night", id="its region is held tonight"
        ),
        pytest.param(
            LATER.replace(day=2), None, "newest decided night is 2020-07-01", id="on a night not decided"
        ),
        pytest.param(None, None, "newest decided night is 2020-07-01", id="on no night"),
    ],
)
def test_publishing_is_refused(
    books: Books, on: date | None, tonight: dict[str, bool] | None, word: str
) -> None:
    batch = formed(books, unit())
    books.apply(Night(LATER, (unit(),), regions={REGION: tonight or {}}))
    with pytest.raises(LedgerRefused, match=word):
        publish(books, batch, on=on)
    assert set(books.states().values()) == {"batched"}


def test_a_batch_whose_unit_fell_out_is_not_published(books: Books) -> None:
    batch = formed(books, unit())
    books.decide(unit(decision="ineligible", reasons="not_excluded"), on=LATER)
    with pytest.raises(LedgerRefused, match="voided cannot become published"):
        publish(books, batch, on=LATER)
    assert set(books.states().values()) == {"withdrawn"}


@pytest.mark.parametrize(
    ("again", "count"),
    [
        pytest.param(FILE, 1, id="the same"),
        pytest.param(PublishedFile(FILE.folder, "other.xml", FILE.sha256, 10), 2, id="another name"),
        pytest.param(PublishedFile("other", FILE.name, FILE.sha256, 10), 2, id="another folder"),
    ],
)
def test_files_are_remembered_once(books: Books, again: PublishedFile, count: int) -> None:
    for file in (FILE, again):
        with ledger_event(books.engine, "files") as event:
            batches.record_files(event, [file])
    assert books.ask("SELECT count(*) FROM published_files") == [(count,)]


def test_a_name_has_one_content(books: Books) -> None:
    for sha256, may in (("a", True), ("b", False)):
        file = PublishedFile(FILE.folder, FILE.name, sha256 * 64, 10)
        if may:
            with ledger_event(books.engine, "files") as event:
                batches.record_files(event, [file])
            continue
        with (
            pytest.raises(LedgerRefused, match="published_files_name_key"),
            ledger_event(books.engine, "f") as event,
        ):
            batches.record_files(event, [file])


def test_no_files_no_event(books: Books) -> None:
    with ledger_event(books.engine, "files") as event:
        batches.record_files(event, [])
    assert books.ask("SELECT count(*) FROM audit_events") == [(0,)]
