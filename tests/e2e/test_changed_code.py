"""Three nights by the real command line: units that change their codes are paid once.

A unit that labor knows by its old number alone is not paid: whatever lists by codes cannot speak of it.
"""

from __future__ import annotations

import copy
from datetime import date

import pytest
from sqlalchemy import text

from stable_jobs.credit_code import make_registration_no
from stable_jobs.store.database import database
from tests.e2e.conftest import Homes
from tests.e2e.dropped import drop
from tests.e2e.home import Home
from tests.policy.builder import NANCHANG, World, code

FIRST, SECOND, THIRD = date(2020, 5, 11), date(2020, 5, 12), date(2020, 5, 13)
OLD = make_registration_no("36010000000011")
NEW, LOOKS, ALIKE, PLAIN = (code(number) for number in range(1, 5))


def renamed(world: World, old: str, new: str, **unit: object) -> None:
    for (extract, _), rows in world.rows.items():
        for row in rows:
            if row.get("uscc") == old:
                row.update({"uscc": new} | (unit if extract == "insured_units" else {}))


def world_of(on: date) -> World:
    world = World(on=on, slots=(NANCHANG,))
    world.region(NANCHANG, refund_budget="1000000.00")
    world.unit(OLD, NANCHANG, unit_name="老号一有限公司", unit_no="U1")
    world.unit(LOOKS, NANCHANG, unit_name="换码有限公司", unit_no="U2")
    world.unit(PLAIN, NANCHANG, unit_no="U3")
    for number, uscc in enumerate((OLD, LOOKS, PLAIN)):
        world.change("payee_accounts", uscc, account_no=f"622299990000111{number}")
    return world


def paid(home: Home, day: date) -> list[str]:
    for command in ("night", "disburse"):
        done = home.run(command, "--date", day.isoformat())
        assert done.returncode == 0, done.stderr
    return asked(home, f"SELECT end_to_end_id FROM instructions WHERE instructed_on = '{day}' ORDER BY 1")


def asked(home: Home, query: str) -> list[str]:
    with database(home.settings()) as engine, engine.connect() as connection:
        return [" ".join(map(str, row)) for row in connection.execute(text(query))]


@pytest.mark.long
def test_a_unit_that_changes_its_code_is_paid_once(homes: Homes) -> None:
    first, second = world_of(FIRST), copy.deepcopy(world_of(SECOND))
    renamed(second, OLD, NEW, registration_no=OLD)
    renamed(second, LOOKS, ALIKE)
    third = copy.deepcopy(world_of(THIRD))
    renamed(third, OLD, NEW)
    renamed(third, LOOKS, ALIKE)
    with homes() as home:
        for day, world in ((FIRST, first), (SECOND, second), (THIRD, third)):
            drop(home.path / "landing", world, day)
        assert paid(home, FIRST) == sorted(f"20-{NANCHANG}-{uscc}-01-01" for uscc in (LOOKS, PLAIN))
        assert paid(home, SECOND) == [f"20-{NANCHANG}-{NEW}-01-01"]
        assert asked(home, "SELECT kind, units FROM open_doubts ORDER BY 1") == [
            "new_code 2",
            "shared_account 2",
        ]
        assert paid(home, THIRD) == []
        assert asked(home, "SELECT uscc FROM open_disagreements") == []
        shown = home.run("ledger", "show", "--region", NANCHANG, "--uscc", NEW)
        assert {OLD, NEW} <= set(shown.stdout.split())
        listed = home.run("doubt", "list")
        assert {LOOKS, ALIKE, "stops"} <= set(listed.stdout.split())
        waiting = home.path / "out" / THIRD.isoformat() / NANCHANG / "waiting" / "waiting.csv"
        (line,) = [row for row in waiting.read_text("utf-8-sig").splitlines() if ALIKE in row]
        assert "ruling on a doubt" in line
        ruled = home.run("doubt", "rule", "1", "2", "--same", "--reason", "asked them", "--by", "wang")
        assert ruled.returncode == 0, ruled.stderr
        assert home.run("ledger", "verify").returncode == 0
