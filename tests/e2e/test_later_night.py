"""A later night of the same cities is decided as its generator built it to be."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from tests.e2e.answer_key import decided_rows, differences
from tests.e2e.home import BUSINESS_DATE, Home, new_home
from tests.e2e.published import manifest, regions
from tests.e2e.small import write_small

LATER = "2020-05-19"


@pytest.fixture(scope="module")
def later() -> Iterator[Home]:
    with new_home() as home:
        first, day = date.fromisoformat(BUSINESS_DATE), date.fromisoformat(LATER)
        write_small(home.path / "landing", home.path / "demo" / "expected.json", day, first)
        done = home.run("night", "--date", LATER)
        assert done.returncode == 0, done.stderr
        yield home


def test_every_unit_is_decided_as_expected(later: Home) -> None:
    found = differences(later.key(), decided_rows(later.path / "out" / LATER))

    assert not found, {trap: (len(lines), lines[:2]) for trap, lines in found.items()}


def test_no_region_is_held(later: Home) -> None:
    folders = regions(later.path / "out" / LATER)

    assert len(folders) == 8
    assert [folder.name for folder in folders if manifest(folder).get("held")] == []
