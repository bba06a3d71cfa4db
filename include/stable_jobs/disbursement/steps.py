"""Disbursement of one business date, each step once: notices closed, batches formed, approved ones published.

Each step is its own transaction and may be run again. The command line calls them as functions, a scheduler's
tasks by `.task` (`night.step`). Nothing waits for a person: the next run asks again whoever has not answered.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text

from stable_jobs.bank.banks import Banks
from stable_jobs.bank.batch import LINE, BatchHead
from stable_jobs.disbursement import approval
from stable_jobs.disbursement.batch_files import (
    ENGINE,
    WAITING,
    WAITING_ROWS,
    keep_files,
    place_files,
    waiting_list,
    write_batch_files,
)
from stable_jobs.disbursement.unpaid import publish_waived, published_elsewhere, unpaid_reasons
from stable_jobs.errors import LedgerRefused, PolicyError, StepError
from stable_jobs.ledger.batches import (
    Batch,
    PublishedFile,
    answer_hands,
    approval_answers,
    files_of,
    form_batches,
    instruct,
    lines_of,
    manifests,
    missing_level,
    open_batches,
    published_on,
    resolve_units,
)
from stable_jobs.ledger.event import ledger_event, require_evidence
from stable_jobs.ledger.notices import close_due_notices
from stable_jobs.ledger.policies import noted, policy_version
from stable_jobs.ledger.rulings import waive_overdue
from stable_jobs.ledger.verify import last_anchor
from stable_jobs.ledger.views import Waits, left_out, newest_of
from stable_jobs.night.alerts import tell_anchor, tell_awaiting
from stable_jobs.night.context import NightContext, scratch
from stable_jobs.night.handed import decision_to_pay
from stable_jobs.night.notices import deadlines, fill_night, heading_of, record_published, tonight
from stable_jobs.night.policies import note_profiles
from stable_jobs.night.step import Result, step
from stable_jobs.publishing.files import SumDiffers
from stable_jobs.publishing.folders import MANIFEST, region_folder
from stable_jobs.publishing.publish import Published, file_entry, publish_tables
from stable_jobs.publishing.table import Rows, Sum, ledger_rows
from stable_jobs.store.database import business_date_lock
from stable_jobs.store.engine import connect
from stable_jobs.store.loading import load_rows, temporary_table

log = logging.getLogger(__name__)
ANSWERED_IN = "airflow"
NOT_PUBLISHED = "batch %s is not published: %s"


@dataclass(frozen=True)
class Closed(Result[dict[str, int]]):
    """Units whose notice is over without an objection, and units past their region's deadline."""

    cleared: int
    waived: int

    def as_json(self, night: NightContext) -> dict[str, int]:
        """How many of each."""
        return asdict(self)


@step()
def close_notices(night: NightContext) -> Closed:
    """Clear the units whose notice is over, waive what is past the deadline.

    Nothing in the name of a date of which no night counts. LedgerRefused where the date was decided again
    since.
    """
    if decision_to_pay(night) is None:
        return Closed(0, 0)
    note_profiles(night)
    with ledger_event(night.database, "close notices", business_date=night.business_date) as event:
        temporary_table(event.connection, "night_deadlines", {"region_code": "text", "deadline": "date"})
        known = {**dict(deadlines(night)), **noted(event.connection)}
        load_rows(event.connection, "night_deadlines", [one for one in known.items() if one[1] is not None])
        waived = waive_overdue(event)
        cleared = close_due_notices(event)
        event.detail.update(cleared=cleared, waived=waived)
    return Closed(cleared, waived)


@dataclass(frozen=True)
class Formed(Result[list[dict[str, str]]]):
    """Every open batch, by number. left: what was ready and is in none."""

    open: tuple[Batch, ...]
    left: tuple[Waits, ...]

    def tell(self, night: NightContext) -> None:
        """Which batches wait for whom; all of them into the log."""
        tell_awaiting(night, approval.waiting_batches(night, self.open))
        for one in self.open:
            said = (one.batch_no, one.count, one.total, one.review_level)
            log.info("batch %s: %s units, %s yuan, level %s", *said)

    def as_json(self, night: NightContext) -> list[dict[str, str]]:
        """`batch_no` and `batch_hash` of those that wait for people."""
        waiting = approval.waiting_batches(night, self.open)
        return [{"batch_no": batch.batch_no, "batch_hash": batch.hash} for batch in waiting]


@step()
def form(night: NightContext) -> Formed:
    """Check everything again by the night's own decision and form batches.

    LedgerRefused where the date was decided again since the ledger took over its night.
    """
    note_profiles(night)
    decision, left = decision_to_pay(night), list[Waits]()
    if decision is not None:
        with ledger_event(night.database, "form batches", business_date=night.business_date) as event:
            require_evidence(event.connection, decision.id)
            fill_night(night, event.connection, decision)
            made = form_batches(event)
            left = left_out(event.connection)
            event.detail.update(batches=[batch.batch_no for batch in made])
    with night.database.connect() as connection:
        return Formed(tuple(open_batches(connection)), tuple(left))


@dataclass(frozen=True)
class Asked(Result[dict[str, Any] | None]):
    """A question to approvers; None if it is not asked."""

    request: approval.Request | None

    def as_json(self, night: NightContext) -> dict[str, Any] | None:
        """`subject`, `body`, `people` and the rest of the question."""
        return None if self.request is None else asdict(self.request)


@step(holds_date=False)
def request(night: NightContext, batch_no: str, level: int) -> Asked:
    """The question to the approvers of that level, whose logins Airflow checks."""
    return Asked(approval.approval_request(night, batch_no, level, is_authenticated=True))


@dataclass(frozen=True)
class Answered(Result[None]):
    """An answer that the ledger took."""

    batch_no: str
    level: int
    person: str

    def tell(self, night: NightContext) -> None:
        """Into the log."""
        said = (self.batch_no, self.level, self.person)
        log.info("batch %s, level %s: the ledger has the answer of %s", *said)

    def as_json(self, night: NightContext) -> None:
        """Nothing is handed on: the ledger has it."""


@step(holds_date=False)
def answer(
    night: NightContext,
    batch_no: str,
    batch_hash: str,
    level: int,
    person: str,
    is_approved: bool,
    reason: str,
) -> Answered:
    """Put an answer into the ledger, with any reason: Airflow accepted it and does not ask again.

    LedgerRefused where the ledger does not take it from this person for these lines.
    """
    approval.answer(night, batch_no, batch_hash, level, person, is_approved, reason, ANSWERED_IN)
    return Answered(batch_no, level, person)


@dataclass(frozen=True)
class Instructed:
    """One published batch. is_new: False if it was published before."""

    batch: Batch
    folder: Path
    is_new: bool


@dataclass(frozen=True)
class PublishedBatches(Result[dict[str, Any]]):
    """Every batch that is published on the date."""

    batches: tuple[Instructed, ...]

    def as_json(self, night: NightContext) -> dict[str, Any]:
        """`batches` of the date, of them `new`; their `units`, `total` (yuan)."""
        return {
            "batches": len(self.batches),
            "new": sum(one.is_new for one in self.batches),
            "units": sum(one.batch.count for one in self.batches),
            "total": str(sum((one.batch.total for one in self.batches), Decimal("0.00"))),
        }


@step(logged="published")
def publish(night: NightContext) -> PublishedBatches:
    """Publish every batch that has its approvals, then those instructed today whose files are missing.

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
    placed = tuple(
        Instructed(batch, out / files[batch.id][0].folder, _place(night, files[batch.id])) for batch in done
    )
    _place_left_over(night)
    if stopped:
        raise StepError("; ".join(stopped))
    return PublishedBatches(placed)


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
        log.warning(NOT_PUBLISHED, batch.batch_no, error)
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
        made_by = {**night.versions, "banks": banks.fingerprint, **confirmed}
        said = {**_manifest(head, sums), "versions": made_by}
        relative = folder.relative_to(night.settings.out_root).as_posix()
        files = keep_files(night.lake, inner, sums, relative, said)
        try:
            with ledger_event(
                night.database, "instruct", business_date=night.business_date, subject=batch.batch_no
            ) as event:
                instruct(event, batch, files)
        except LedgerRefused as refused:
            log.warning(NOT_PUBLISHED, batch.batch_no, refused)


def _head(night: NightContext, connection: Connection, batch: Batch) -> BatchHead:
    heading = heading_of(night, batch.region_code)
    given, hands = approval_answers(connection, batch.id), answer_hands(connection, batch.id)
    return BatchHead(
        batch_no=batch.batch_no,
        region_code=batch.region_code,
        business_date=night.business_date,
        policy_year=batch.policy_year,
        review_level=batch.review_level,
        count=batch.count,
        total=batch.total,
        hash=batch.hash,
        names=heading.names,
        is_demo=heading.is_demo,
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


@dataclass(frozen=True)
class Waiting(Result[dict[str, Any]]):
    """Payments that did not go out: region → number and yuan. waived_lists: number of waived lists."""

    regions: Mapping[str, tuple[int, Decimal]]
    waived_lists: int

    def tell(self, night: NightContext) -> None:
        """The ledger's newest event."""
        tell_anchor(night)

    def as_json(self, night: NightContext) -> dict[str, Any]:
        """`units`, `total` (yuan), `waived_lists`."""
        return {
            "units": sum(count for count, _ in self.regions.values()),
            "total": str(sum((yuan for _, yuan in self.regions.values()), Decimal("0.00"))),
            "waived_lists": self.waived_lists,
        }


@step(logged="waiting")
def list_waiting(night: NightContext) -> Waiting:
    """Publish per region what did not go out and why, and what is waived."""
    found = _publish_what_waits(night)
    return Waiting(found, len(publish_waived(night)))


def _publish_what_waits(night: NightContext) -> dict[str, tuple[int, Decimal]]:
    """Region → count and yuan of what did not go out.

    Only for regions whose newest night this is; it lists the older ones' payments too. A list of the date
    that has become empty is published empty.
    """
    decision = decision_to_pay(night)
    if decision is None:
        return {}
    with scratch(night) as work, night.database.connect() as connection:
        fill_night(night, connection, decision)
        resolve_units(connection, night.business_date)
        query = WAITING.format(on=night.business_date.isoformat())
        rows = ledger_rows(night.duck, connection, query, WAITING_ROWS, work)
        found = {*rows.different(night.duck, "region_code")}
        emptied = set(connection.scalars(text(NEWEST), {"on": night.business_date})) & {
            folder.parent.name for folder in tonight(night).glob("*/waiting")
        }
        parts = {code: rows.of(night.duck, "region_code", code) for code in sorted(found | emptied)}
        record_published(night, [_publish_waiting(night, *part) for part in parts.items()], "waiting")
    return {code: (own.count, own.total) for code, own in parts.items() if own.count}


NEWEST = "SELECT region_code FROM newest_nights WHERE business_date = :on AND NOT is_suspended"


def list_waiting_again(night: NightContext) -> None:
    """Publish anew what waits, where the date's lists stand already: the bank has answered meanwhile."""
    if any(tonight(night).glob("*/waiting")):
        _publish_what_waits(night)


def _publish_waiting(night: NightContext, region_code: str, own: Rows) -> Published:
    heading = heading_of(night, region_code)
    said = {**heading.manifest, **file_entry(own.sum)}
    folder = region_folder(tonight(night), region_code) / "waiting"
    tables = [waiting_list(own, heading)]
    return publish_tables(night.duck, folder, tables, said, night.settings.workbook_rows)


@dataclass(frozen=True)
class Disbursed:
    """The results of one disbursement.

    why: by region and cause, what every region's payments wait for. newest: of how many regions it is the
    newest night.
    """

    closed: Closed
    open: tuple[Batch, ...]
    published: tuple[Instructed, ...]
    why: tuple[Waits, ...]
    newest: int

    @property
    def is_normal(self) -> bool:
        """Whether any region's money of the date could move: its newest night is of that date, or it went."""
        return bool(self.newest or self.closed.cleared or self.closed.waived or self.published)


def disburse(night: NightContext, say: Callable[[str], None]) -> Disbursed:
    """All steps in order under the business date's lock, as the command line runs them.

    A StepError of `publish` is raised at the end: the lists are made first.
    """
    published, stopped = PublishedBatches(()), None
    with business_date_lock(night.database, night.business_date):
        say("close notices")
        closed = close_notices(night)
        say("form batches")
        left = form(night).left
        say("publish")
        try:
            published = publish(night)
        except StepError as error:
            stopped = error
        say("list what waits")
        list_waiting(night)
        why = unpaid_reasons(night, left)
    if stopped is not None:
        raise stopped
    with night.database.connect() as connection:
        batches, newest = tuple(open_batches(connection)), newest_of(connection, night.business_date)
    return Disbursed(closed, batches, published.batches, why, newest)
