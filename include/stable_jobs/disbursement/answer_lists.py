"""What is published of the bank's answers: paid and returned by batch, what waits and what was refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from stable_jobs.disbursement.sheets import bank_results, refused_answers, returns_work_list
from stable_jobs.disbursement.sheets.paid import paid
from stable_jobs.disbursement.sheets.returned import returned
from stable_jobs.errors import StepError
from stable_jobs.ledger.batches import Batch, batch_by_no
from stable_jobs.night.context import NightContext, scratch
from stable_jobs.night.notices import place_of, record_published, tonight
from stable_jobs.publishing.ledger_lists import Place, Rows, ledger_rows, publish_tables
from stable_jobs.publishing.manifest import file_entry
from stable_jobs.publishing.names import REGION, region_folder
from stable_jobs.publishing.publish import Published
from stable_jobs.publishing.table import ListTable, Sum
from stable_jobs.regions import NATION

OUTCOMES = {"paid": "outcome = 'paid'", "returned": "outcome = 'returned'", "unanswered": "outcome IS NULL"}


@dataclass(frozen=True)
class BatchResults:
    """What the bank has said of a batch up to the date. The three sums add up to the batch."""

    batch_no: str
    folder: Path
    paid: Sum
    returned: Sum
    unanswered: Sum


@dataclass(frozen=True)
class AnswerLists:
    """What stands in the folders of a date.

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
        query = bank_results.QUERY.format(on=night.business_date)
        rows = ledger_rows(night.duck, connection, query, bank_results.ROWS, work)
        numbers = rows.different(night.duck, "batch_no")
        batches = [batch for batch in (batch_by_no(connection, number) for number in numbers) if batch]
        return tuple(_publish_batch(night, rows, batch, parent, made) for batch in batches)


def _publish_batch(
    night: NightContext, rows: Rows, batch: Batch, parent: Path, made: list[Published]
) -> BatchResults:
    own = rows.of(night.duck, "batch_no", batch.batch_no)
    parts = {name: own.where(night.duck, condition) for name, condition in OUTCOMES.items()}
    _assert_whole(batch, [part.sum for part in parts.values()])
    place = place_of(night, batch.region_code, f"批次 batch {batch.batch_no}")
    tables = [paid(parts["paid"], place), returned(parts["returned"], place)]
    folder = region_folder(parent, batch.region_code) / f"{batch.batch_no}-answers"
    said = {"batch": batch.batch_no, "count": batch.count, "total": str(batch.total)}
    sums = {name: file_entry(part.sum) for name, part in parts.items()}
    made.append(_publish(night, folder, tables, place, **said, **sums))
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
        query = returns_work_list.query_of(night.business_date)
        rows = ledger_rows(night.duck, connection, query, returns_work_list.ROWS, work)
        found = {*rows.different(night.duck, "region_code")}
        before = {f.parent.name for f in parent.glob("*/returns") if REGION.fullmatch(f.parent.name)}
        return {code: _publish_work_list(night, rows, code, parent, made) for code in sorted(found | before)}


def _publish_work_list(
    night: NightContext, rows: Rows, region_code: str, parent: Path, made: list[Published]
) -> Sum:
    place = place_of(night, region_code)
    own = rows.of(night.duck, "region_code", region_code)
    table = returns_work_list.returns_work_list(own, place)
    folder = region_folder(parent, region_code) / "returns"
    made.append(_publish(night, folder, [table], place, **file_entry(own.sum)))
    return own.sum


def _publish_refused(night: NightContext, connection: Connection, parent: Path, made: list[Published]) -> int:
    with scratch(night) as work:
        query = refused_answers.QUERY.format(on=night.business_date)
        rows = ledger_rows(night.duck, connection, query, refused_answers.ROWS, work)
        if rows.count:
            place = place_of(night, NATION)
            table = refused_answers.refused_answers(rows, place)
            made.append(_publish(night, parent / "bank_answers", [table], place, count=rows.count))
        return rows.count


def _publish(
    night: NightContext, folder: Path, tables: list[ListTable], place: Place, **said: object
) -> Published:
    return publish_tables(night.duck, folder, tables, place, night.settings.workbook_rows, **said)
