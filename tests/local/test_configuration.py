"""How a local Airflow is set up: on loopback, secrets kept for their owner, nothing of them in a default."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import make_url

from stable_jobs.errors import UsageError
from stable_jobs.local import configuration
from stable_jobs.local.configuration import (
    USERS,
    airflow_home,
    dags_folder,
    environment,
    generated_secrets,
    passwords,
    passwords_file,
)
from stable_jobs.settings import Settings

SERVER = make_url("postgresql+psycopg://postgres@/postgres?host=/somewhere/postgres")


def test_passwords_are_made_once_and_for_the_owner_only(tmp_path: Path) -> None:
    made = passwords(tmp_path / "airflow")
    assert passwords(tmp_path / "airflow") == made
    assert made.keys() == USERS.keys()
    assert len(set(made.values())) == len(USERS)
    assert min(map(len, made.values())) >= 16
    assert stat.S_IMODE(passwords_file(tmp_path / "airflow").stat().st_mode) == 0o600


def test_secrets_are_long_enough_and_differ_from_home_to_home(tmp_path: Path) -> None:
    one, other = (generated_secrets(tmp_path / name) for name in "ab")
    assert len(one["jwt_secret"]) >= 64
    assert not set(one.values()) & set(other.values())
    assert stat.S_IMODE((tmp_path / "a" / "secrets.json").stat().st_mode) == 0o600


def test_a_home_where_half_a_file_was_written_gets_a_whole_one(tmp_path: Path) -> None:
    (tmp_path / "passwords.99").write_text('{"engi')
    made = passwords(tmp_path)
    assert json.loads(passwords_file(tmp_path).read_text()) == made


def test_users_are_those_of_a_disbursement() -> None:
    assert USERS == {
        "engineer": "admin",
        "preparer": "user",
        "first": "user",
        "second": "user",
        "viewer": "viewer",
    }


def test_airflow_listens_on_loopback_and_knows_both_databases(settings: Settings) -> None:
    found = environment(settings, SERVER, 8123)
    assert (found["AIRFLOW__API__HOST"], found["AIRFLOW__API__PORT"]) == ("127.0.0.1", "8123")
    assert found["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] == "http://127.0.0.1:8123/execution/"
    metadata, business = (
        make_url(found[n]) for n in ("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "STABLE_JOBS_DATABASE_URL")
    )
    assert (metadata.username, metadata.database) == ("airflow", "airflow")
    assert (business.username, business.database) == ("stable_jobs_app", "stable_jobs")
    assert found["STABLE_JOBS_HOME"] == str(settings.home.absolute())
    assert found["AIRFLOW_HOME"] == str(airflow_home(settings))
    assert found["AIRFLOW__CORE__LOAD_EXAMPLES"] == "False"
    assert found["GX_ANALYTICS_ENABLED"] == "false"


def test_a_business_database_of_ones_own_stays(settings: Settings) -> None:
    own = settings.model_copy(update={"database_url": SecretStr("postgresql://someone@db/jobs")})
    assert environment(own, SERVER, 1)["STABLE_JOBS_DATABASE_URL"] == "postgresql://someone@db/jobs"


def test_the_checkout_has_its_dags() -> None:
    assert (dags_folder() / "nightly_eligibility.py").is_file()


def test_without_dags_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(configuration, "PACKAGE", tmp_path / "site-packages" / "stable_jobs")
    with pytest.raises(UsageError, match="run it from a checkout"):
        dags_folder()
