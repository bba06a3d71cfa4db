"""The lists about the bank's answers: paid and returned by batch, waiting payments, and refused rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from stable_jobs.disbursement.sheets import answers
from stable_jobs.errors import StepError
from stable_jobs.ledger.batches import Batch, batch_by_no
from stable_jobs.night.context import NightContext, scratch
from stable_jobs.night.notices import heading_of, record_published, tonight
from stable_jobs.publishing.manifest import REGION, region_folder
from stable_jobs.publishing.publish import Published, file_entry, publish_tables
from stable_jobs.publishing.table import Rows, Sum, ledger_rows
from stable_jobs.regions import NATION

OUTCOMES = {"paid": "outcome = 'paid'", "returned": "outcome = 'returned'", "unanswered": "outcome IS NULL"}


@dataclass(frozen=True)
class BatchResults:
    """The bank's results for a batch up to the date. The three sums add up to the batch."""

    batch_no: str
    folder: Path
    paid: Sum
    returned: Sum
    unanswered: Sum


@dataclass(frozen=True)
class AnswerLists:
    """The lists in the folders of a date.

    batches: those that got a result on it. returned: region → its payments that wait for another account.
    refused: rows of the date's files that were not applied.
    """

    batches: tuple[BatchResults, ...]
    returned: Mapping[str, Sum]
    refused: int


def publish_answers(night: NightContext) -> AnswerLists:
    """Publish the lists of a date's answers; run again they are the same, whenever that is.

    StepError where paid, returned and unanswered do not add up to their batch.
    """
    parent = tonight(night)
    made: list[Published] = []
    with night.database.connect() as connection:
        found = AnswerLists(
            _publish_batches(night, connection, parent, made),
            _publish_work_lists(night, connection, parent, made),
            _publish_refused(night, connection, parent, made),
        )
    record_published(night, made, "bank answers")
    return found


def _publish_batches(
    night: NightContext, connection: Connection, parent: Path, made: list[Published]
) -> tuple[BatchResults, ...]:
    with scratch(night) as work:
        query = answers.RESULTS.format(on=night.business_date)
        rows = ledger_rows(night.duck, connection, query, answers.RESULTS_ROWS, work)
        numbers = rows.different(night.duck, "batch_no")
        batches = [batch for batch in (batch_by_no(connection, number) for number in numbers) if batch]
        return tuple(_publish_batch(night, rows, batch, parent, made) for batch in batches)


def _publish_batch(
    night: NightContext, rows: Rows, batch: Batch, parent: Path, made: list[Published]
) -> BatchResults:
    own = rows.of(night.duck, "batch_no", batch.batch_no)
    parts = {name: own.where(night.duck, condition) for name, condition in OUTCOMES.items()}
    _assert_whole(batch, [part.sum for part in parts.values()])
    heading = heading_of(night, batch.region_code, f"批次 batch {batch.batch_no}")
    tables = [answers.paid(parts["paid"], heading), answers.returned(parts["returned"], heading)]
    folder = region_folder(parent, batch.region_code) / f"{batch.batch_no}-answers"
    said = {"batch": batch.batch_no, "count": batch.count, "total": str(batch.total)}
    said |= {name: file_entry(part.sum) for name, part in parts.items()}
    manifest = {**heading.manifest, **said}
    made.append(publish_tables(night.duck, folder, tables, manifest, night.settings.workbook_rows))
    return BatchResults(batch.batch_no, folder, *(part.sum for part in parts.values()))


def _assert_whole(batch: Batch, parts: list[Sum]) -> None:
    count, total = sum(part.count for part in parts), sum(part.total or 0 for part in parts)
    if (count, total) != (batch.count, batch.total):
        raise StepError(
            f"batch {batch.batch_no}: paid, returned and unanswered are {count} and {total} yuan, expected"
            f" are {batch.count} and {batch.total}; nothing was published; next: stable-jobs ledger verify"
        )


def _publish_work_lists(
    night: NightContext, connection: Connection, parent: Path, made: list[Published]
) -> dict[str, Sum]:
    """Of every region where a payment waits, and of those whose list of this date is to become empty."""
    with scratch(night) as work:
        query = answers.work_list_query(night.business_date)
        rows = ledger_rows(night.duck, connection, query, answers.WORK_LIST_ROWS, work)
        found = {*rows.different(night.duck, "region_code")}
        before = {f.parent.name for f in parent.glob("*/returns") if REGION.fullmatch(f.parent.name)}
        return {code: _publish_work_list(night, rows, code, parent, made) for code in sorted(found | before)}


def _publish_work_list(
    night: NightContext, rows: Rows, region_code: str, parent: Path, made: list[Published]
) -> Sum:
    heading = heading_of(night, region_code)
    own = rows.of(night.duck, "region_code", region_code)
    tables = [answers.returns_work_list(own, heading)]
    folder = region_folder(parent, region_code) / "returns"
    manifest = {**heading.manifest, **file_entry(own.sum)}
    made.append(publish_tables(night.duck, folder, tables, manifest, night.settings.workbook_rows))
    return own.sum


def _publish_refused(night: NightContext, connection: Connection, parent: Path, made: list[Published]) -> int:
    with scratch(night) as work:
        query = answers.REFUSED.format(on=night.business_date)
        rows = ledger_rows(night.duck, connection, query, answers.REFUSED_ROWS, work)
        if rows.count:
            heading = heading_of(night, NATION)
            tables = [answers.refused_answers(rows, heading)]
            manifest = {**heading.manifest, "count": rows.count}
            folder, most = parent / "bank_answers", night.settings.workbook_rows
            made.append(publish_tables(night.duck, folder, tables, manifest, most))
        return rows.count
