"""Which dates and places a night may be run for: not after today, not where nothing ever came."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from sqlalchemy import text

from stable_jobs import settings as clock
from stable_jobs.errors import UsageError
from stable_jobs.intake.connectors.dropped_file import DroppedFiles
from stable_jobs.ledger.night import decision_taken
from stable_jobs.night.context import NightContext
from stable_jobs.settings import Settings
from stable_jobs.store.catalog import deliveries_for

WHERE = "set STABLE_JOBS_HOME and STABLE_JOBS_LANDING (docs/how-to/settings.md)"


def refuse_future(business_date: date) -> None:
    """UsageError for a date after today, in Shanghai: nothing can have been delivered for it."""
    today = clock.now().date()
    if business_date > today:
        raise UsageError(
            f"{business_date} is after today: expected {today} (Asia/Shanghai) or earlier; nothing was done;"
            " next: check the date"
        )


def check_places(settings: Settings, business_date: date) -> None:
    """UsageError for a home or a landing folder that is not there, or has nothing to begin with.

    Said before anything is opened, so that a mistyped path gets no database of its own.
    """
    home, landing = settings.home, settings.landing_root
    if not home.is_dir():
        raise UsageError(
            f"there is no home {home.absolute()}: expected an existing folder; next: {WHERE}, or make it"
        )
    if not landing.is_dir():
        raise UsageError(
            f"there is no landing folder {landing.absolute()}: expected the folder in which departments drop"
            f" their deliveries; next: {WHERE}, or `stable-jobs demo` for a demonstration"
        )
    if not has_database(settings) and not _holds_any(landing, business_date.isoformat()):
        raise UsageError(_never_any(settings, business_date))


def has_database(settings: Settings) -> bool:
    """Whether there is a database to look into: a server named by the settings, or one in the home."""
    return settings.database_url is not None or (settings.home / "postgres" / "PG_VERSION").is_file()


def require_database(settings: Settings) -> None:
    """UsageError for a home in which no night was ever run: nothing is made where somebody only looks."""
    if not has_database(settings):
        raise UsageError(
            f"there is no database in {settings.home.absolute()}: no night was ever run there; next: {WHERE},"
            " or run `stable-jobs night --date D` (or `stable-jobs db init`) first"
        )


def require_came(night: NightContext) -> None:
    """UsageError where no delivery of the business date came from anybody."""
    sentence = nothing_came(night)
    if sentence is not None:
        raise UsageError(
            f"{sentence}; nothing was done; next: check the date;"
            f" `stable-jobs night --date {night.business_date} --yes` runs it all the same,"
            " with what earlier deliveries still count for"
        )


def nothing_came(night: NightContext) -> str | None:
    """A sentence if no delivery of the business date is in the folder or known, and no night of it counts.

    UsageError if no delivery of any date was ever received: a night would have no data.
    """
    on = night.business_date
    with night.database.connect() as connection:
        if deliveries_for(connection, on) or decision_taken(connection, on) is not None or _lies(night):
            return None
        ever = connection.scalar(text("SELECT max(business_date) FROM deliveries"))
        newest = connection.scalar(text("SELECT max(business_date) FROM standing_nights"))
    if ever is None:
        raise UsageError(_never_any(night.settings, on))
    return f"no department delivered anything for {on} (the newest night is {newest or 'none'})"


def _lies(night: NightContext) -> bool:
    """Whether a file of the date lies in the landing folder of any department."""
    connector = DroppedFiles(night.settings.landing_root)
    return any(
        connector.list_files(contract.department, contract.extract, night.business_date).files
        for contract in night.contracts.values()
    )


def _holds_any(landing: Path, folder: str = "[0-9]*-*-*") -> bool:
    """Whether anything lies where a department drops a delivery of that date, or of some date."""
    return any(path.is_file() for path in landing.glob(f"*/*/{folder}/*"))


def _never_any(settings: Settings, business_date: date) -> str:
    """No delivery was ever taken, and none of the date is there to begin with."""
    landing = settings.landing_root
    if _holds_any(landing):
        found = "deliveries of other dates only, and none was ever taken"
    else:
        found = "no delivery of any date"
    return (
        f"nothing was delivered for {business_date}: expected"
        f" {landing.absolute()}/<department>/<extract>/{business_date}/<region>.csv, found {found};"
        f" nothing was done; next: check the date, and {WHERE}"
    )
