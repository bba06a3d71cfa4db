"""The same settings in another process."""

from datetime import date
from typing import Any

import pytest

from stable_jobs.settings import Settings


@pytest.mark.parametrize(
    "given",
    [
        pytest.param({}, id="defaults"),
        pytest.param({"home": "/somewhere else", "lake": "memory://x", "threads": 1}, id="paths and numbers"),
        pytest.param({"first_night": date(2020, 5, 11), "mail_starttls": False}, id="a date and a flag"),
        pytest.param({"mail_user": "me", "mail_password": "p w"}, id="a password"),
        pytest.param({"database_url": "postgresql://u:p@h/d"}, id="a URL with one"),
        pytest.param({"engine": "spark", "spark_master": "spark://h:7077"}, id="another engine"),
    ],
)  # fmt: skip
def test_the_environment_makes_the_same_settings(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, Any]
) -> None:
    settings = Settings(_env_file=None, **given)
    for name, value in settings.as_environment().items():
        monkeypatch.setenv(name, value)
    assert Settings(_env_file=None) == settings
