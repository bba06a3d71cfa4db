"""The published rows of Pengze once more, as files that departments drop and by the real command line."""

from __future__ import annotations

import csv

from tests.databases import Databases
from tests.e2e.dropped import drop
from tests.e2e.home import home_with_database
from tests.golden.test_pengze import NIGHT, NOTICE, PENGZE, pengze

DAY = NIGHT.isoformat()


def test_the_notice_is_the_published_one(databases: Databases, demonstration_database: str) -> None:
    world = pengze()
    with home_with_database(databases, demonstration_database) as home:
        drop(home.path / "landing", world, NIGHT)
        done = home.run("night", "--date", DAY)
        assert done.returncode == 0, done.stderr
        notice = home.path / "out" / DAY / PENGZE / "notice.csv"
        with notice.open(encoding="utf-8-sig", newline="") as file:
            found = [tuple(row) for row in csv.reader(file)][1:]

    published = {(row["企业名称"], row["月均缴费人数"], row["实际返还(元)"]) for row in NOTICE}
    assert {(row[0], row[1], row[5]) for row in found} == published
    assert len(found) == len(NOTICE)
