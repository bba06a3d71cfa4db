"""Disbursement of one business date, step by step: notices closed, batches formed, approved ones published.

Each step is its own transaction and may be run again. Nothing waits for a person: who has not answered is
asked again by the next run.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from sqlalchemy import Connection, text

from stable_jobs.bank.banks import Banks
from stable_jobs.bank.batch import LINE, BatchHead
from stable_jobs.disbursement.batch_files import ENGINE, write_batch_files
from stable_jobs.disbursement.once import keep_files, place_files
from stable_jobs.disbursement.reasons import reasons
from stable_jobs.disbursement.sheets import waiting
from stable_jobs.disbursement.unknown_batches import published_elsewhere
from stable_jobs.disbursement.waived import publish_waived
from stable_jobs.errors import LedgerRefused, PolicyError, StableJobsError, StepError
from stable_jobs.ledger.anchors import last_anchor
from stable_jobs.ledger.approvals import answer_hands, answers, missing_level
from stable_jobs.ledger.batches import Batch, form_batches, open_batches, published_on
from stable_jobs.ledger.event import ledger_event
from stable_jobs.ledger.evidence import require_evidence
from stable_jobs.ledger.notices import close_due_notices
from stable_jobs.ledger.payments import PublishedFile, files_of, instruct, lines_of, manifests
from stable_jobs.ledger.persons import waive_overdue
from stable_jobs.ledger.policies import noted
from stable_jobs.ledger.policy_views import policy_version
from stable_jobs.ledger.standing import Waits, left_out, newest_of
from stable_jobs.ledger.units import resolve_units
from stable_jobs.night.context import NightContext, scratch
from stable_jobs.night.handed import decision_to_pay
from stable_jobs.night.ledger_night import deadlines, fill_night
from stable_jobs.night.notices import place_of, record_published, tonight
from stable_jobs.night.policies import note_profiles
from stable_jobs.night.steps import versions
from stable_jobs.publishing.checked import SumDiffers
from stable_jobs.publishing.ledger_lists import Rows, ledger_rows, publish_tables
from stable_jobs.publishing.manifest import file_entry
from stable_jobs.publishing.names import MANIFEST, region_folder
from stable_jobs.publishing.publish import Published
from stable_jobs.publishing.table import Sum
from stable_jobs.store.database import business_date_lock
from stable_jobs.store.engine import connect
from stable_jobs.store.loading import load_rows, temporary_table


@dataclass(frozen=True)
class Instructed:
    """One batch that is published. is_new: False where it stood there already."""

    batch: Batch
    folder: Path
    is_new: bool


def close_notices(night: NightContext) -> tuple[int, int]:
    """Clear the units whose notice is over, waive what is past the deadline; how many of each.

    Nothing in the name of a date of which no night counts. LedgerRefused where the date was decided again
    since.
    """
    if decision_to_pay(night) is None:
        return 0, 0
    note_profiles(night)
    with ledger_event(night.database, "close notices", business_date=night.business_date) as event:
        temporary_table(event.connection, "night_deadlines", {"region_code": "text", "deadline": "date"})
        known = {**dict(deadlines(night)), **noted(event.connection)}
        load_rows(event.connection, "night_deadlines", [one for one in known.items() if one[1] is not None])
        waived = waive_overdue(event)
        cleared = close_due_notices(event)
        event.detail.update(cleared=cleared, waived=waived)
    return cleared, waived


def form(night: NightContext) -> list[Batch]:
    """Check everything again by the night's own decision and form batches; every open batch, by number.

    LedgerRefused where the date was decided again since the ledger took over its night.
    """
    note_profiles(night)
    return _form(night)[0]


def _form(night: NightContext) -> tuple[list[Batch], list[Waits]]:
    """The open batches, and what was ready and is in none."""
    decision, left = decision_to_pay(night), list[Waits]()
    if decision is not None:
        with ledger_event(night.database, "form batches", business_date=night.business_date) as event:
            require_evidence(event.connection, decision.id)
            fill_night(night, event.connection, decision)
            made = form_batches(event)
            left = left_out(event.connection)
            event.detail.update(batches=[batch.batch_no for batch in made])
    with night.database.connect() as connection:
        return open_batches(connection), left


def publish(night: NightContext) -> list[Instructed]:
    """Publish every batch with the approvals it needs, then what was instructed today and has no files.

    A batch that the ledger refuses (a hold, a newer night, values that nobody confirmed) stays as it is, and
    so does one whose bank profile has a fault. StepError, once all others are published, if a unit of one
    stands in a published folder that the ledger does not know, or a file of one says another total.
    """
    banks = note_profiles(night)
    with night.database.connect() as connection:
        ready = [batch for batch in open_batches(connection) if missing_level(connection, batch) is None]
        elsewhere = {batch.id: published_elsewhere(night, connection, batch) for batch in ready}
    stopped = [said for said in elsewhere.values() if said is not None]
    with scratch(night) as work:
        for batch in ready:
            if elsewhere[batch.id] is None:
                try:
                    _instruct(night, batch, banks, work)
                except SumDiffers as error:
                    stopped.append(f"batch {batch.batch_no} is not published: {error}")
    with night.database.connect() as connection:
        done = published_on(connection, night.business_date)
        files = {batch.id: files_of(connection, batch.id) for batch in done}
    out = night.settings.out_root
    placed = [
        Instructed(batch, out / files[batch.id][0].folder, _place(night, files[batch.id])) for batch in done
    ]
    _place_left_over(night)
    if stopped:
        raise StepError("; ".join(stopped))
    return placed


def _place(night: NightContext, files: list[PublishedFile]) -> bool:
    return place_files(night.lake, night.settings.out_root, files, night.settings.payment_group)


def _place_left_over(night: NightContext) -> None:
    """Batches of other dates whose run was killed before their files had names."""
    out = night.settings.out_root
    with night.database.connect() as connection:
        for batch_id, folder in manifests(connection):
            if not (out / folder / MANIFEST).exists():
                _place(night, files_of(connection, batch_id))


def _instruct(night: NightContext, batch: Batch, banks: Banks, work: Path) -> None:
    """Make the files, keep them in the lake, and let the ledger instruct the batch with their hashes."""
    try:
        profile = banks.of(batch.region_code)
    except PolicyError as error:
        _tell(batch, error)
        return
    folder = _folder(night, batch)
    with tempfile.TemporaryDirectory(dir=work) as own:
        holder = Path(own)
        inner = holder / "files"
        inner.mkdir()
        with (
            night.database.connect() as connection,
            connect(night.settings.model_copy(update=ENGINE)) as duck,
        ):
            rows = ledger_rows(duck, connection, lines_of(batch.id, LINE), LINE, holder)
            head = _head(night, connection, batch)
            sums = write_batch_files(duck, rows.source, head, profile, inner, night.settings.workbook_rows)
        with night.database.connect() as connection:
            confirmed = policy_version(connection, batch.region_code)
        made_by = {**versions(night), "banks": banks.fingerprint, **confirmed}
        said = {**_manifest(head, sums), "versions": made_by}
        relative = folder.relative_to(night.settings.out_root).as_posix()
        files = keep_files(night.lake, inner, sums, relative, said)
        try:
            with ledger_event(
                night.database, "instruct", business_date=night.business_date, subject=batch.batch_no
            ) as event:
                instruct(event, batch, files)
        except LedgerRefused as refused:
            _tell(batch, refused)


def _tell(batch: Batch, refused: StableJobsError) -> None:
    import logging

    logging.getLogger(__name__).warning("batch %s is not published: %s", batch.batch_no, refused)


def _head(night: NightContext, connection: Connection, batch: Batch) -> BatchHead:
    place = place_of(night, batch.region_code)
    given, hands = answers(connection, batch.id), answer_hands(connection, batch.id)
    return BatchHead(
        batch_no=batch.batch_no,
        region_code=batch.region_code,
        business_date=night.business_date,
        policy_year=batch.policy_year,
        review_level=batch.review_level,
        count=batch.count,
        total=batch.total,
        hash=batch.hash,
        names=place.names,
        is_demo=place.is_demo,
        approvals=tuple((str(level), person + hands.get(level, "")) for level, person, _, _ in given),
        anchor=str(last_anchor(connection) or ""),
    )


def _manifest(head: BatchHead, sums: Mapping[str, Sum]) -> dict[str, object]:
    return {
        "batch": head.batch_no,
        "business_date": head.business_date.isoformat(),
        "region_code": head.region_code,
        "region": dict(zip(("zh", "en"), head.names, strict=True)),
        "review_level": head.review_level,
        "approvals": [list(pair) for pair in head.approvals],
        "hash": head.hash,
        "anchor": head.anchor,
        "count": head.count,
        "total": str(head.total),
        "files": {name: file_entry(found) for name, found in sums.items()},
    }


def _folder(night: NightContext, batch: Batch) -> Path:
    return region_folder(tonight(night), batch.region_code) / batch.batch_no


def list_waiting(night: NightContext) -> dict[str, tuple[int, Decimal]]:
    """Publish per region what did not go out and why; region → count and yuan.

    Of regions whose newest night this is: what an older night left is told by the newest. A list of the date
    that has become empty is published empty.
    """
    decision = decision_to_pay(night)
    if decision is None:
        return {}
    with scratch(night) as work, night.database.connect() as connection:
        fill_night(night, connection, decision)
        resolve_units(connection, night.business_date)
        query = waiting.QUERY.format(on=night.business_date.isoformat())
        rows = ledger_rows(night.duck, connection, query, waiting.ROWS, work)
        found = {*rows.different(night.duck, "region_code")}
        emptied = set(connection.scalars(text(NEWEST), {"on": night.business_date})) & {
            folder.parent.name for folder in tonight(night).glob("*/waiting")
        }
        parts = {code: rows.of(night.duck, "region_code", code) for code in sorted(found | emptied)}
        record_published(night, [_publish_waiting(night, *part) for part in parts.items()], "waiting")
    return {code: (own.count, own.total) for code, own in parts.items() if own.count}


NEWEST = "SELECT region_code FROM newest_nights WHERE business_date = :on AND NOT is_held"


def list_waiting_again(night: NightContext) -> None:
    """Publish anew what waits, where the date's lists stand already: the bank has answered meanwhile."""
    if any(tonight(night).glob("*/waiting")):
        list_waiting(night)


def _publish_waiting(night: NightContext, region_code: str, own: Rows) -> Published:
    place = place_of(night, region_code)
    folder = region_folder(tonight(night), region_code) / "waiting"
    said = {"count": own.count, "total": str(own.total)}
    table = waiting.waiting(own, place)
    return publish_tables(night.duck, folder, [table], place, night.settings.workbook_rows, **said)


@dataclass(frozen=True)
class Course:
    """What one disbursement came to. waiting: region → payments and yuan that did not go out.

    why: by region and cause, what every region's payments wait for. newest: of how many regions it is the
    newest night.
    """

    cleared: int
    waived: int
    open: tuple[Batch, ...]
    published: tuple[Instructed, ...]
    waiting: dict[str, tuple[int, Decimal]]
    why: tuple[Waits, ...]
    newest: int

    @property
    def is_normal(self) -> bool:
        """Whether any region's money of the date could move: its newest night is of that date, or it went."""
        return bool(self.newest or self.cleared or self.waived or self.published)


def _publish_all(night: NightContext) -> tuple[list[Instructed], StepError | None]:
    """What is published, and what stopped a batch: the lists of all others are made first."""
    try:
        return publish(night), None
    except StepError as error:
        return [], error


def disburse(night: NightContext, say: Callable[[str], None]) -> Course:
    """All steps in order under the business date's lock, as the command line runs them."""
    with business_date_lock(night.database, night.business_date):
        say("close notices")
        cleared, waived = close_notices(night)
        say("form batches")
        _, left = _form(night)
        say("publish")
        published, stopped = _publish_all(night)
        say("list what waits")
        found = list_waiting(night)
        publish_waived(night)
        why = reasons(night, left)
    if stopped is not None:
        raise stopped
    with night.database.connect() as connection:
        batches, newest = tuple(open_batches(connection)), newest_of(connection, night.business_date)
    return Course(cleared, waived, batches, tuple(published), found, why, newest)
