"""A later night of the same cities is decided as its generator built it to be."""

from __future__ import annotations

import json

import pytest

from tests.conftest import TWO_NIGHTS
from tests.e2e.answer_key import decided_rows, differences
from tests.e2e.home import Home
from tests.e2e.published import manifest, regions

pytestmark = pytest.mark.xdist_group("review")
LATER = TWO_NIGHTS[1]


def test_every_unit_is_decided_as_expected(two_nights: Home) -> None:
    key = json.loads((two_nights.path / "demo" / f"{LATER}.json").read_text(encoding="utf-8"))
    found = differences(key, decided_rows(two_nights.path / "out" / LATER.isoformat()))

    assert not found, {trap: (len(lines), lines[:2]) for trap, lines in found.items()}


def test_no_region_is_held(two_nights: Home) -> None:
    folders = regions(two_nights.path / "out" / LATER.isoformat())

    assert len(folders) == 8
    assert [folder.name for folder in folders if manifest(folder).get("held")] == []
