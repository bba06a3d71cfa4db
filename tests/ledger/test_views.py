"""What lists show: whose rows, how much of an account, which night is the newest."""

from __future__ import annotations

import pytest

from stable_jobs.ledger import notices, views
from stable_jobs.ledger.views import Which
from tests.ledger.conftest import CODES, REGION, Books, D, unit
from tests.ledger.full import LATER, formed, person

A, B = CODES[:2]
COUNTY = "610113"


@pytest.mark.parametrize(
    ("account", "shown"),
    [
        pytest.param("6222020200112233445", "***************3445", id="a card"),
        pytest.param("12345678", "****5678", id="eight"),
        pytest.param("1234567", "****", id="seven: nothing of it"),
    ],
)
def test_of_an_account(books: Books, account: str, shown: str) -> None:
    formed(books, unit(A, account_no=account))
    with books.engine.connect() as connection:
        lines = views.unit_lines(connection, REGION, A)
    assert [row[lines.headers.index("account")] for row in lines.rows] == [shown]


@pytest.mark.parametrize(
    ("which", "found"),
    [
        pytest.param(Which(), [(REGION, A), (COUNTY, A), (COUNTY, B)], id="all"),
        pytest.param(Which(REGION), [(REGION, A), (COUNTY, A), (COUNTY, B)], id="a city and its counties"),
        pytest.param(Which(COUNTY), [(COUNTY, A), (COUNTY, B)], id="a county"),
        pytest.param(Which(REGION, A), [(REGION, A)], id="a unit of exactly that region"),
        pytest.param(Which("610300"), [], id="elsewhere"),
    ],
)
def test_whose_rows(books: Books, which: Which, found: list[tuple[str, str]]) -> None:
    units = [(REGION, A), (COUNTY, A), (COUNTY, B)]
    regions: dict[str, dict[str, object]] = {REGION: {}, COUNTY: {}}
    books.decide(*(unit(uscc, region_code=region) for region, uscc in units), regions=regions)
    for region, uscc in units:
        person(books, "li", notices.add_objection, region, uscc, "a letter", "li")
    with books.engine.connect() as connection:
        rows = views.objections(connection, which).rows
    assert [row[1:3] for row in rows] == found


def test_the_newest_night(books: Books) -> None:
    with books.engine.connect() as connection:
        assert views.newest_date(connection) is None
    books.decide(unit(A), on=LATER)
    books.decide(unit(A, region_code=COUNTY), on=D, regions={COUNTY: {}})
    with books.engine.connect() as connection:
        assert views.newest_date(connection) == LATER
