"""Settings from the environment and `.env`, and the only clock."""

from __future__ import annotations

import hashlib
import re
from datetime import date, datetime
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from stable_jobs.errors import UsageError

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


_MEMORY = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,3})?) ?([KMGT])i?B", re.ASCII | re.IGNORECASE)
_MEGABYTES = {"K": 1e-3, "M": 1.0, "G": 1e3, "T": 1e6}
_UNFIT = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


def _memory(text: str) -> str:
    """The engine takes a negative limit or `none` for no limit at all: neither is meant."""
    found = _MEMORY.fullmatch(text.strip())
    if found is None or not 16 <= float(found[1]) * _MEGABYTES[found[2].upper()] <= 1e8:
        raise ValueError("expected an amount of memory from 16MB to 100TB, such as 1500MB or 4GB")
    return text.strip()


def _given_folder(path: Path) -> Path:
    """A reader of a folder would take one that does not exist for an empty one."""
    try:
        if path.is_dir():
            return path
        found = "a file" if path.exists() else "nothing"
    except OSError as error:  # a name that no file can have
        found = str(error.strerror)
    raise ValueError(f"expected an existing folder, found {found}")


Folder = Annotated[Path, AfterValidator(_given_folder)]
SPARK_MASTER = r"^(local(\[([1-9][0-9]{0,2}|\*)\])?|yarn|k8s://\S+|spark://\S+)$"


class Settings(BaseSettings):
    """`STABLE_JOBS_…` in the environment or `.env`; see docs/how-to/settings.md.

    An empty one counts as not set. ValidationError if one is wrong; `read_settings` says it in a sentence.
    """

    model_config = SettingsConfigDict(
        env_prefix="STABLE_JOBS_", env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True
    )

    home: Path = Path("var")
    landing: Path | None = None
    lake: str | None = None
    out: Path | None = None
    database_url: SecretStr | None = None
    reader_url: SecretStr | None = None
    policies: Folder | None = None
    banks: Folder | None = None
    bank_answers: Path | None = None
    contracts: Folder | None = None
    engine: str = Field(default="duckdb", pattern="^(duckdb|spark)$")
    spark_master: str | None = Field(default=None, pattern=SPARK_MASTER, validate_default=True)
    memory_limit: Annotated[str, AfterValidator(_memory)] = "1500MB"
    threads: int = Field(default=2, ge=1, le=1024)
    workbook_rows: int = Field(default=50_000, ge=0, le=10_000_000)
    first_night: date | None = None
    payment_group: str | None = None
    mail_host: str | None = None
    mail_port: int = Field(default=587, ge=1, le=65_535)
    mail_sender: str = "stable-jobs@localhost"
    mail_recipients: str = ""
    mail_user: str | None = None
    mail_password: SecretStr | None = None
    mail_starttls: bool = True

    @field_validator("first_night", mode="before")
    @classmethod
    def _day(cls, value: Any) -> Any:
        """A number is no date, though one could be made of it."""
        if isinstance(value, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value.strip()) is None:
            raise ValueError("expected a date such as 2020-05-11")
        return value

    @field_validator("spark_master")
    @classmethod
    def _master(cls, value: str | None, known: ValidationInfo) -> str | None:
        """The engine is known by then: the fields are read in their order."""
        if value is None and known.data.get("engine") == "spark":
            raise ValueError("expected a master such as spark://host:7077, since STABLE_JOBS_ENGINE is spark")
        return value

    @field_validator("*", mode="before")
    @classmethod
    def _plain(cls, value: Any) -> Any:
        """No database, path or mail header takes what cannot be seen, and nobody means a blank."""
        text = value.get_secret_value() if isinstance(value, SecretStr) else value
        if isinstance(text, str | Path) and (
            _UNFIT.search(str(text)) or (str(text) and not str(text).strip())
        ):
            raise ValueError(
                "expected plain text in UTF-8, found blanks alone or characters that cannot be seen"
            )
        return value

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
        """The folder of temporary and repeatable files: spill files, unfinished files, comparisons."""
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


def read_settings() -> Settings:
    """The settings; UsageError naming the variable if one is wrong, never showing what it says."""
    try:
        return Settings()
    except ValidationError as error:
        said = ((str(e["loc"][0]).upper(), e["msg"].removeprefix("Value error, ")) for e in error.errors())
        wrong = "; ".join(f"STABLE_JOBS_{name}: {message}" for name, message in said)
        raise UsageError(f"a setting is wrong: {wrong}; see docs/how-to/settings.md") from None
    except (UnicodeDecodeError, OSError) as error:
        why = "expected UTF-8" if isinstance(error, UnicodeDecodeError) else error.strerror
        raise UsageError(f"the file .env here cannot be read: {why}; see docs/how-to/settings.md") from None
