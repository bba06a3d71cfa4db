"""Nights for which the departments' files say what they said before: the ledger does not read them again."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import text

from stable_jobs.night import notices
from stable_jobs.night.context import open_night
from stable_jobs.night.steps import run_night
from stable_jobs.settings import Settings
from stable_jobs.store.loading import load_from_engine
from tests.night.small_night import FirstNight

pytestmark = [pytest.mark.long, pytest.mark.xdist_group("tasks")]


NEWEST = "SELECT business_date FROM newest_nights WHERE region_code = '610100'"


def test_a_night_without_news_is_not_loaded(made: FirstNight, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second night finds some files too old; the third finds what the second found."""
    loaded: list[str] = []

    def heard(*given: Any) -> None:
        loaded.append(given[1])
        load_from_engine(*given)

    monkeypatch.setattr(notices, "load_from_engine", heard)
    with made.home():
        for day, expected in (
            (12, ["night_units", "night_regions", "night_refunds", "night_codes"]),
            (13, ["night_regions"]),
        ):
            loaded.clear()
            with open_night(Settings(), date(2020, 5, day)) as night:
                run_night(night, lambda _: None)
                with night.database.connect() as connection:
                    assert connection.scalar(text(NEWEST)) == night.business_date
            assert loaded == expected
