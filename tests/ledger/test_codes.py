"""Codes that a licence bears though their check character is wrong: two people, one region, in the chain."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from stable_jobs.acts import decide_proposal
from stable_jobs.credit_code import is_credit_code, make_credit_code
from stable_jobs.errors import LedgerRefused, UsageError
from stable_jobs.ledger.event import ledger_event
from stable_jobs.ledger.proposals import propose_code
from stable_jobs.ledger.views import Which, registered_codes
from stable_jobs.store import validations
from tests.ledger.conftest import Books, unit
from tests.ledger.full import LICENCE, person

XIAMEN = "350200"


def proposed(books: Books, code: str = LICENCE, by: str = "li") -> int:
    more: dict[str, Any] = {
        "evidence": "licence seen, copy in file 7",
        "reason": "issued in 2015",
        "person": by,
    }
    return int(person(books, by, propose_code, code, XIAMEN, **more))


def known(books: Books) -> tuple[tuple[str, str], ...]:
    with books.engine.connect() as connection:
        return validations.registered_codes(connection)


def test_two_people_register_a_code(books: Books) -> None:
    number = proposed(books)
    assert known(books) == ()

    person(books, "wang", decide_proposal, number, "confirmed", "", "wang")

    assert known(books) == ((XIAMEN, LICENCE),)
    with books.engine.connect() as connection:
        row = registered_codes(connection, Which("350000")).rows[0]
        assert list(registered_codes(connection, Which("360000")).rows) == []
    assert tuple(row)[:6] == (LICENCE, XIAMEN, "licence seen, copy in file 7", "issued in 2015", "li", "wang")
    assert books.breaks() == []


def test_nobody_registers_a_code_alone(books: Books) -> None:
    number = proposed(books)
    with pytest.raises(LedgerRefused, match="another person than li must confirm it"):
        person(books, " LI", decide_proposal, number, "confirmed", "", " LI")
    assert known(books) == ()


def test_what_is_rejected_counts_for_nothing(books: Books) -> None:
    person(books, "wang", decide_proposal, proposed(books), "rejected", "no such licence", "wang")
    assert known(books) == ()


def test_a_code_is_registered_once_for_a_region(books: Books) -> None:
    person(books, "wang", decide_proposal, proposed(books), "confirmed", "", "wang")
    with pytest.raises(LedgerRefused, match="is registered for region 350200"):
        proposed(books)


@pytest.mark.parametrize(
    ("code", "told"),
    [
        pytest.param("91350200M000100Y4", "is no code of a licence", id="17 characters"),
        pytest.param("91350200M000100YO3", "is no code of a licence", id="a letter outside the alphabet"),
        pytest.param("91999900MA0000000X", "is no code of a licence", id="no division"),
        pytest.param("B1350200MA0000000X", "is no code of a licence", id="no authority"),
        pytest.param("0" * 18, "is no code of a licence", id="zeros"),
        pytest.param("350200000000000", "is no code of a licence", id="15 digits"),
        pytest.param("11010519491231002X", "identity-card number", id="a person's number"),
        pytest.param("511119195001010569", "identity-card number", id="a person's that passes as a code"),
        pytest.param(make_credit_code(LICENCE[:17]), "needs no registration", id="a right code"),
    ],
)  # fmt: skip
def test_what_no_licence_bears_is_refused(books: Books, code: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        proposed(books, code)


def test_the_licences_code_is_wrong() -> None:
    assert not is_credit_code(LICENCE)


@pytest.mark.parametrize("proposal", ["NULL", "(SELECT id FROM proposals)"], ids=["none", "one that waits"])
def test_the_database_takes_no_code_that_two_people_did_not_agree_on(books: Books, proposal: str) -> None:
    proposed(books)
    with (
        pytest.raises(LedgerRefused, match="two people must register it"),
        ledger_event(books.engine, "deed") as event,
    ):
        event.connection.execute(
            text(
                "INSERT INTO registered_codes (code, region_code, evidence, proposal_id)"
                f" VALUES ('{LICENCE}', '{XIAMEN}', 'none', {proposal})"
            )
        )


@pytest.mark.parametrize(
    "code",
    [
        pytest.param("0" * 18, id="18 zeros"),
        pytest.param("0" * 15, id="15 zeros"),
        pytest.param("91999999MA00000001", id="no division"),
        pytest.param("B1350200MA00000001", id="no authority"),
    ],
)
def test_the_database_promises_nothing_to_what_is_no_code(books: Books, code: str) -> None:
    with pytest.raises(LedgerRefused, match="entitlements_code_check"):
        books.decide(unit(code))


@pytest.mark.parametrize(
    "code", [LICENCE, "36010000000001X"[:14] + "1", "91100000MA00000001", "N2110302MA00000001"]
)
def test_it_promises_to_what_can_be_one(books: Books, code: str) -> None:
    books.decide(unit(code))
    assert books.ask("SELECT uscc FROM entitlements") == [(code,)]
