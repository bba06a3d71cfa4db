"""One person however a name is spelled, and nobody whose name looks like another's."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from stable_jobs.errors import LedgerRefused
from stable_jobs.ledger import rulings
from stable_jobs.ledger.people import skeleton
from tests.ledger.conftest import REGION, Books, unit
from tests.ledger.full import as_app, formed, person


def key(books: Books, name: str) -> str:
    with books.engine.connect() as connection:
        return str(connection.scalar(text("SELECT person_key(:name)"), {"name": name}))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("李 明", "李明", id="a blank inside"),
        pytest.param("李\u3000明", "李明", id="a wide blank inside"),
        pytest.param("li  ming", "li ming", id="doubled blanks"),
        pytest.param("İsmail", "i̇smail", id="the dotted I"),
        pytest.param("İsmail", "ismail", id="the dotted I, plain"),
        pytest.param("Straße", "STRASSE", id="sharp s"),
        pytest.param("LÜ", "lü", id="case beyond ASCII"),
        pytest.param("ΣΊΣΥΦΟΣ", "σίσυφος", id="final sigma"),
        pytest.param("li\u200bming", "liming", id="zero width"),
        pytest.param("li\u2060\u00adming\ufe0f", "liming", id="joiner, soft hyphen, selector"),
        pytest.param("ＱＩＡＮ", "qian", id="full width"),
        pytest.param("ﬁona", "FIONA", id="a ligature"),
        pytest.param("cafe\u0301", "café", id="composed or not"),
    ],
)
def test_one_person(books: Books, one: str, other: str) -> None:
    assert key(books, one) == key(books, other)
    books.assign((one, 1), (other, 2))
    batch = formed(books, unit(review_level=2))
    books.approve(batch, 1, one)
    with pytest.raises(LedgerRefused, match="the second approver is another person"):
        books.approve(batch, 2, other)


@pytest.mark.parametrize(
    ("known", "name"),
    [
        pytest.param("ivan", "іvan", id="Cyrillic i"),
        pytest.param("zhao", "zhаo", id="Cyrillic a"),
        pytest.param("sun", "ѕun", id="Cyrillic s"),
        pytest.param("yao", "yαo", id="Greek alpha"),
        pytest.param("ismail", "ısmail", id="dotless i"),
        pytest.param("li1", "lil", id="a digit"),
        pytest.param("modern", "rnodern", id="two letters for one"),
        pytest.param("Poe", "РОЕ", id="all Cyrillic capitals"),
    ],
)
def test_a_look_alike_is_refused(books: Books, known: str, name: str) -> None:
    books.assign((known, 1))
    with pytest.raises(LedgerRefused, match=f"{name} looks like {known}"):
        books.assign((name, 2))
    with pytest.raises(LedgerRefused, match=f"{name} looks like {known}"):
        person(books, name, rulings.hold_region, REGION, "x", name)
    assert books.ask("SELECT count(*) FROM payment_stops") == [(0,)]


CHINESE = ("李明", "李朋", "王一", "王二", "王三", "末", "未", "土", "士", "日", "曰", "己", "已", "巳")


@pytest.mark.parametrize("names", [CHINESE, ("wang", "wan", "qian")])
def test_different_people_are_different(books: Books, names: tuple[str, ...]) -> None:
    books.assign(*((name, 1) for name in names))
    assert books.ask("SELECT count(*) FROM assigned_approvers") == [(len(names),)]


def test_the_database_refuses_an_approver_whom_nobody_compared(books: Books) -> None:
    statement = """
        INSERT INTO approver_changes (person, region_code, level, is_assigned, entered_by)
        VALUES ('zhаo', '610100', 1, true, 'head')
    """
    with (
        as_app(books.engine, hand="head") as connection,
        pytest.raises(DBAPIError, match="not among"),
    ):
        connection.execute(text(statement))


def test_a_skeleton_is_its_own_skeleton() -> None:
    for name in ("modern", "О0o", "李明", "ﬃ", "𝒶lice"):
        assert skeleton(skeleton(name)) == skeleton(name)
