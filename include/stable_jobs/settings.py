"""Settings from the environment and `.env`, and the only clock."""

from __future__ import annotations

import hashlib
from datetime import date, datetime
from functools import cached_property, lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

SHANGHAI = ZoneInfo("Asia/Shanghai")
PACKAGE = Path(__file__).parent


def now() -> datetime:
    """The instant, in Asia/Shanghai. Nothing else in the package asks a clock."""
    return datetime.now(SHANGHAI)


def instant(text: str) -> datetime:
    """An ISO 8601 instant; without an offset it is Asia/Shanghai. ValueError if it is none."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=SHANGHAI)


@lru_cache(maxsize=1)
def code_fingerprint() -> str:
    """SHA-256 over the package's own sources: a snapshot made by other code is another snapshot."""
    digest = hashlib.sha256()
    for path in sorted(PACKAGE.rglob("*.py")):
        digest.update(path.relative_to(PACKAGE).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def data_folder(name: str) -> Path:
    """`contracts`, `policies` or `banks`, inside an installed package or beside it in a checkout."""
    inside = PACKAGE / "_data" / name
    return inside if inside.is_dir() else PACKAGE.parent / name


class Settings(BaseSettings):
    """`STABLE_JOBS_…` in the environment or `.env`; see docs/how-to/settings.md."""

    model_config = SettingsConfigDict(env_prefix="STABLE_JOBS_", env_file=".env", extra="ignore", frozen=True)

    home: Path = Path("var")
    landing: Path | None = None
    lake: str | None = None
    out: Path | None = None
    database_url: SecretStr | None = None
    reader_url: SecretStr | None = None
    policies: Path | None = None
    banks: Path | None = None
    bank_answers: Path | None = None
    contracts: Path | None = None
    engine: str = Field(default="duckdb", pattern="^duckdb$")
    memory_limit: str = "1500MB"
    threads: int = Field(default=2, ge=1)
    workbook_rows: int = Field(default=50_000, ge=0)
    first_night: date | None = None
    payment_group: str | None = None
    mail_host: str | None = None
    mail_port: int = 587
    mail_sender: str = "stable-jobs@localhost"
    mail_recipients: str = ""
    mail_user: str | None = None
    mail_password: SecretStr | None = None
    mail_starttls: bool = True

    def as_environment(self) -> dict[str, str]:
        """The variables that make these settings in another process. With secrets: not for a log."""
        values = {name: getattr(self, name) for name in type(self).model_fields}
        return {
            f"STABLE_JOBS_{name.upper()}": str(
                value.get_secret_value() if isinstance(value, SecretStr) else value
            )
            for name, value in values.items()
            if value is not None
        }

    @cached_property
    def landing_root(self) -> Path:
        """Where departments drop files; only read."""
        return self.landing or self.home / "landing"

    @cached_property
    def lake_url(self) -> str:
        """The lake: a folder or an fsspec URL."""
        return self.lake or str((self.home / "lake").absolute())

    @cached_property
    def scratch_root(self) -> Path:
        """Where what is on its way or can be made again lies: spill files, unfinished files, comparisons."""
        return self.home.absolute() / "tmp"

    @cached_property
    def out_root(self) -> Path:
        """Where lists and reports are published."""
        return self.out or self.home / "out"

    @cached_property
    def contracts_root(self) -> Path:
        """The folder of contract documents."""
        return self.contracts or data_folder("contracts")

    @cached_property
    def policies_root(self) -> Path:
        """The folder of policy files."""
        return self.policies or data_folder("policies")

    @cached_property
    def is_demonstration(self) -> bool:
        """Whether a database made now is marked as a demonstration's: nothing but what the package brings.

        An embedded server for one person's machine, and the demonstration's own policies.
        """
        return self.database_url is None and self.policies_root.resolve() == data_folder("policies").resolve()

    @cached_property
    def banks_root(self) -> Path:
        """The folder of bank profiles."""
        return self.banks or data_folder("banks")

    @cached_property
    def bank_answers_root(self) -> Path:
        """Where the bank drops its answers; only read."""
        return self.bank_answers or self.home / "bank" / "answers"
