"""Deliveries on the command line: what was released, by whom, and that nobody checked who that was."""

from __future__ import annotations

from datetime import UTC, datetime

from stable_jobs.store import catalog
from tests.cli.conftest import Run
from tests.ledger.conftest import Books
from tests.ledger.full import DROP, held_delivery

DATE = ("delivery", "list", "--date", "2020-05-11")


def test_a_release_on_trust_is_marked(run: Run, books: Books) -> None:
    number = held_delivery(books).id
    assert run(*DATE).row(DROP).split()[-2:] == ["held", DROP]
    why = ("--reason", "a firm moved away", "--by", "li")
    assert run("delivery", "accept", str(number), *why).code == 0
    line = " ".join(run(*DATE).out.split())
    assert f"released {DROP}; li（未经验证 unauthenticated）: a firm moved away" in line


def test_an_older_file_that_was_never_read_is_said_to_be_replaced(run: Run, books: Books) -> None:
    held = held_delivery(books)
    values = {name: getattr(held, name) for name in ("department", "extract", "business_date", "region_code")}
    values |= {"rows": 3, "control_total": None, "size_bytes": 1, "file_format": "csv"}
    values |= {"received_at": datetime(2020, 5, 11, tzinfo=UTC), "file_name": "620100.csv"}
    with books.engine.begin() as connection:
        catalog.record_delivery(connection, **values, sequence=1, sha256="0" * 64)
        catalog.record_delivery(connection, **values, sequence=2, sha256="1" * 64)
        newest = catalog.record_delivery(connection, **values, sequence=3, sha256="2" * 64)
        catalog.mark_staged(connection, newest.id, held.staged_snapshot_id or 0)
    said = " ".join(run(*DATE).out.split())
    assert (
        said.count("superseded 已由后来的文件取代，未读取 replaced by a later file before it was read") == 2
    )
    assert "landed" not in said
