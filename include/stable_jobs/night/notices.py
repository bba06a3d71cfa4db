"""The step `notices`: the ledger takes over the night's decision; the new notices are published."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from sqlalchemy import text

from stable_jobs.digests import sha256_of
from stable_jobs.errors import StepError
from stable_jobs.ledger.entitlements import apply_night
from stable_jobs.ledger.event import ledger_event
from stable_jobs.ledger.evidence import record_evidence
from stable_jobs.ledger.payments import PublishedFile, record_files
from stable_jobs.ledger.policies import suspend_stopped
from stable_jobs.lists.sheets import ANNOUNCED, ANNOUNCED_ROWS, public_notice
from stable_jobs.night.context import NightContext, scratch
from stable_jobs.night.ledger_night import fill_night
from stable_jobs.night.policies import note_policies, require_same_files
from stable_jobs.policy.determine import Decision
from stable_jobs.publishing.files import SumDiffers
from stable_jobs.publishing.manifest import region_folder
from stable_jobs.publishing.publish import Published, publish_tables
from stable_jobs.publishing.table import Heading, Rows, ledger_rows


@dataclass(frozen=True)
class Notices:
    """The notices of a date. older: regions for which the ledger has a newer night, so nothing was done.

    stopped: regions whose values or total wait for people, and where the ledger stays as it was.

    units and payable (yuan): on the notices opened on that date, by however many runs.
    """

    opened: int
    units: int
    payable: Decimal
    older: tuple[str, ...]
    folders: tuple[Path, ...]
    stopped: tuple[str, ...] = ()


def open_notices(night: NightContext, decision: Decision) -> Notices:
    """Take over the decision, publish the list of every notice opened on the date; again: no change.

    StepError, once all others are published, if the file of a notice says another total than the ledger.
    """
    note_policies(night)
    with ledger_event(night.database, "night", business_date=night.business_date) as event:
        require_same_files(night, event.connection, decision)
        fill_night(night, event.connection, decision)
        stopped = suspend_stopped(event.connection)
        older = apply_night(event.connection)
        record_evidence(event, decision.id)
        event.detail.update(decision=decision.eligibility.fingerprint, older=older, stopped=stopped)
    with scratch(night) as work, night.database.connect() as connection:
        query = ANNOUNCED.format(on=night.business_date.isoformat())
        rows = ledger_rows(night.duck, connection, query, ANNOUNCED_ROWS, work)
        known = connection.execute(text(NOTICES), {"on": night.business_date}).all()
        made, differing = list[Published](), list[str]()
        for notice in known:
            try:
                made.append(_publish_notice(night, rows, *notice))
            except SumDiffers as error:
                differing.append(str(error))
    record_published(night, made, "notices")
    if differing:
        raise StepError("; ".join(differing))
    folders = tuple(one.folder for one in made)
    return Notices(len(known), rows.count, rows.total, tuple(older), folders, tuple(stopped))


NOTICES = """
    SELECT id, region_code, ordinal, notice_ends_on FROM notices WHERE opened_on = :on
    ORDER BY region_code, ordinal
"""


def _publish_notice(
    night: NightContext, rows: Rows, notice_id: int, region_code: str, ordinal: int, notice_ends_on: date
) -> Published:
    about = f"公示第 {ordinal} 号 notice {ordinal} · 期满日 over before {notice_ends_on}"
    heading = heading_of(night, region_code, about)
    own = rows.where(night.duck, f"notice_id = {notice_id}")
    said = {"notice": ordinal, "clears_on": str(notice_ends_on), "count": own.count, "total": str(own.total)}
    return publish_tables(
        night.duck,
        region_folder(tonight(night), region_code) / f"notice-{ordinal}",
        [public_notice(own, heading)],
        {**heading.manifest, **said},
        night.settings.workbook_rows,
    )


def tonight(night: NightContext) -> Path:
    """Where the business date's lists are published."""
    return night.settings.out_root / night.business_date.isoformat()


def heading_of(night: NightContext, region_code: str, *about: str) -> Heading:
    """The place that a list of that region names tonight."""
    names = night.names.get(region_code)
    both = (names.zh, names.en) if names else ("", "")
    return Heading(region_code, night.business_date, both, region_code in night.demo_regions, about)


def record_published(night: NightContext, published: Iterable[Published], subject: str) -> None:
    """Tell the ledger the hashes of all these folders' files, so that `ledger verify` can look for them."""
    root = night.settings.out_root
    paths = [path for one in published for path in (*one.files.values(), one.manifest)]
    files = [
        PublishedFile(
            path.parent.relative_to(root).as_posix(), path.name, sha256_of(path), path.stat().st_size
        )
        for path in sorted(paths)
    ]
    with ledger_event(
        night.database, "published", business_date=night.business_date, subject=subject
    ) as event:
        record_files(event, files)
