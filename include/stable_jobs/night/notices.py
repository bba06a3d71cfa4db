"""The step `notices`: the ledger takes over the night's decision; what is newly announced is published."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from sqlalchemy import text

from stable_jobs.ledger.entitlements import apply_night
from stable_jobs.ledger.event import ledger_event
from stable_jobs.ledger.payments import PublishedFile, record_files
from stable_jobs.night.desk import Desk
from stable_jobs.night.ledger_night import fill_night
from stable_jobs.payout.ledger_lists import Place, Rows, ledger_rows, publish_tables
from stable_jobs.payout.names import region_folder
from stable_jobs.payout.publish import Published
from stable_jobs.payout.sheets import public_notice
from stable_jobs.payout.workspace import workspace
from stable_jobs.policy.determine import Decision
from stable_jobs.policy.parameters import demo_regions


@dataclass(frozen=True)
class Notices:
    """What was announced on a date. older: regions of which the ledger knows a newer night: nothing was done.

    units and payable (yuan): on the notices opened on that date, by however many runs.
    """

    opened: int
    units: int
    payable: Decimal
    older: tuple[str, ...]
    folders: tuple[Path, ...]


def open_notices(desk: Desk, decision: Decision) -> Notices:
    """Take over the decision, publish the list of every notice opened on the date; again: no change."""
    with ledger_event(desk.database, "night", business_date=desk.business_date) as event:
        fill_night(desk, event.connection, decision)
        older = apply_night(event.connection)
        event.detail.update(decision=decision.eligibility.fingerprint, older=older)
    folder = desk.settings.out_root / desk.business_date.isoformat()
    folder.mkdir(parents=True, exist_ok=True)
    with workspace(folder) as work, desk.database.connect() as connection:
        query = public_notice.QUERY.format(on=desk.business_date.isoformat())
        rows = ledger_rows(desk.duck, connection, query, public_notice.ROWS, work)
        known = connection.execute(text(NOTICES), {"on": desk.business_date}).all()
        folders = [_publish(desk, rows, *notice) for notice in known]
    return Notices(len(known), rows.count, rows.total, tuple(older), tuple(folders))


NOTICES = """
    SELECT id, region_code, ordinal, clears_on FROM notices WHERE opened_on = :on
    ORDER BY region_code, ordinal
"""


def _publish(
    desk: Desk, rows: Rows, notice_id: int, region_code: str, ordinal: int, clears_on: object
) -> Path:
    place = place_of(
        desk, region_code, f"公示第 {ordinal} 号 notice {ordinal} · 期满日 over before {clears_on}"
    )
    own = rows.where(desk.duck, f"notice_id = {notice_id}")
    folder = (
        region_folder(desk.settings.out_root / desk.business_date.isoformat(), region_code)
        / f"notice-{ordinal}"
    )
    table = public_notice.public_notice(own, place)
    said = {"notice": ordinal, "clears_on": str(clears_on), "count": own.count, "total": str(own.total)}
    published = publish_tables(desk.duck, folder, [table], place, desk.settings.workbook_rows, **said)
    record_published(desk, published, f"notice {region_code} {ordinal}")
    return folder


def place_of(desk: Desk, region_code: str, *about: str) -> Place:
    """What stands on a list of that region tonight."""
    names = desk.names.get(region_code)
    is_demo = region_code in demo_regions(desk.policies, desk.business_date)
    both = (names.zh, names.en) if names else ("", "")
    return Place(region_code, desk.business_date, both, is_demo, about)


def record_published(desk: Desk, published: Published, subject: str) -> None:
    """Tell the ledger the files' hashes, so that `ledger verify` can look for them."""
    from stable_jobs.payout.sums import sha256_of

    root = desk.settings.out_root
    paths = [*published.files.values(), published.manifest]
    files = [
        PublishedFile(
            path.parent.relative_to(root).as_posix(), path.name, sha256_of(path), path.stat().st_size
        )
        for path in sorted(paths)
    ]
    with ledger_event(desk.database, "published", business_date=desk.business_date, subject=subject) as event:
        record_files(event, files)
