"""Deliveries on the command line: what was released, by whom, and that nobody checked who that was."""

from __future__ import annotations

from tests.ledger.full import DROP, held_delivery

DATE = ("delivery", "list", "--date", "2020-05-11")


def test_a_release_on_trust_is_marked(run, books):
    number = held_delivery(books).id
    assert run(*DATE).row(DROP).split()[-2:] == ["held", DROP]
    why = ("--reason", "a firm moved away", "--by", "li")
    assert run("delivery", "accept", str(number), *why).code == 0
    line = " ".join(run(*DATE).out.split())
    assert f"released {DROP}; li（未经验证 unauthenticated）: a firm moved away" in line
