"""Batches, their approvals, and the instruction of their payments."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import Connection, text

from stable_jobs.errors import LedgerRefused
from stable_jobs.ledger.event import Event, Statements, plan_for_all
from stable_jobs.ledger.people import UNAUTHENTICATED, hand_of, know_person
from stable_jobs.messages.ledger_refusals import refusal

# --- Units under their codes ---
# A unit has several codes over time: the night's tables are put under the code that the ledger knows it by.
#
# A unit's entitlement keeps the code under which the unit was first entitled in the policy year; every other
# code that a delivery or a person's ruling ever joined with it finds it. Where codes contradict each other
# (two of one unit on one night, a number that two units claim, a unit entitled twice) nothing is guessed: the
# unit is undecided that night.

UNITS_SQL = Statements("units")


def note_codes(connection: Connection) -> None:
    """Keep what the night's delivery says of changed codes (`night_codes`), for ever."""
    UNITS_SQL.run(connection, "code_changes")


def resolve_units(connection: Connection, business_date: date | None = None) -> None:
    """Put `night_units` and `night_refunds` under the ledger's codes; once, after they are filled.

    business_date: for a connection that only reads; an event has its own.

    `night_units.named`: the delivery's code where it is another one. `ledger_codes`: code → the ledger's.
    `unit_conflicts`: units that are undecided because of their codes, with the cause.
    """
    plan_for_all(connection)
    if business_date is not None:
        said = "SELECT set_config('stable_jobs.business_date', :on, true)"
        connection.execute(text(said), {"on": business_date.isoformat()})
    UNITS_SQL.run(
        connection, "links", "units", "heads", "conflicts", "codes", "undecided", "translated", "elsewhere"
    )


# --- Batches ---
# Batches: payments that may go out, by region and review level, in priority order, within the budget.
#
# A batch never changes: its lines come with it, its hash covers them, and a line that is wrong now voids it.

BATCHES_SQL = Statements("batches")


@dataclass(frozen=True)
class Batch:
    """One batch as the ledger has it. total: yuan."""

    id: int
    batch_no: str
    region_code: str
    business_date: date
    policy_year: int
    review_level: int
    count: int
    total: Decimal
    hash: str
    state: str
    reason: str


def form_batches(event: Event) -> list[Batch]:
    """Form batches of what is cleared or corrected, with the night's units in `night_units`; the new ones.

    Checked again: the unit is eligible tonight for this very amount, its account is known, its region is not
    held and is not of an older night, no refund is in doubt, the pooling region's budget reaches. Formed
    batches of which a line no longer holds are voided first.
    """
    resolve_units(event.connection)
    void_stale(event.connection)
    BATCHES_SQL.run(event.connection, "candidates", "chosen", "batches", "lines", "preparers", "batched")
    return _batches(event.connection, "b.event_id = ledger_event()")


def void_stale(connection: Connection) -> None:
    """Void the formed batches of which a line may not go out tonight, or not to that account.

    Their other payments are free again. Only of regions in `night_regions` whose newest night this is: others
    keep theirs and cannot publish them.
    """
    if connection.scalar(text("SELECT EXISTS (SELECT FROM batches WHERE state = 'formed')")):
        BATCHES_SQL.run(connection, "candidates", "stale", "unbatched", "drop_candidates")


def batch_by_no(connection: Connection, batch_no: str) -> Batch | None:
    """The batch of that number, if there is one."""
    found = _batches(connection, "b.batch_no = :batch_no", batch_no=batch_no)
    return found[0] if found else None


def open_batches(connection: Connection) -> list[Batch]:
    """Formed and not yet published, by number."""
    return _batches(connection, "b.state = 'formed'")


def published_on(connection: Connection, business_date: date) -> list[Batch]:
    """Every batch whose money was instructed on that date, by number."""
    condition = (
        "b.id IN (SELECT batch_id FROM batch_changes WHERE to_state = 'published' AND changed_on = :on)"
    )
    return _batches(connection, condition, on=business_date)


def _batches(connection: Connection, condition: str, **values: object) -> list[Batch]:
    query = f"""
        SELECT id, batch_no, region_code, business_date, policy_year, review_level, count, total, hash,
            state, reason
        FROM batches b WHERE {condition} ORDER BY batch_no
    """  # noqa: S608 - conditions are this module's own
    return [Batch(**row) for row in connection.execute(text(query), values).mappings()]


# --- Approvals ---
# Approvals: an answer belongs to a batch's hash and to a person. The database decides whether it counts.

APPROVALS_SQL = Statements("approvals")

APPROVED, REFUSED = "approved", "refused"


def record_answer(
    event: Event,
    batch_no: str,
    *,
    batch_hash: str,
    level: int,
    person: str,
    answer: str,
    reason: str,
    answered_in: str,
) -> None:
    """Record one person's answer for the lines with that hash; a refusal ends the batch.

    answered_in: where (`airflow`, `command line`). LedgerRefused for another hash, a preparer, the same
    person twice, a person who is not assigned, a batch that is not open.
    """
    batch = known_batch(event.connection, batch_no)
    if batch_hash == batch.hash and _is_known(event.connection, batch, level, person, answer):
        return
    event.connection.execute(
        text(APPROVALS_SQL["insert_approvals"]),
        {
            "batch": batch.id,
            "hash": batch_hash,
            "level": level,
            "person": person,
            "answer": answer,
            "reason": reason,
            "answered_in": answered_in,
        },
    )
    event.detail.update({"batch": batch_no, "hash": batch_hash, "level": level, "answer": answer})
    if answer == REFUSED:
        _end(event, batch, reason)


def known_batch(connection: Connection, batch_no: str) -> Batch:
    """The batch of that number; LedgerRefused if there is none."""
    batch = batch_by_no(connection, batch_no)
    if batch is None:
        raise LedgerRefused(refusal("batch_unknown", batch=batch_no))
    return batch


def approval_answers(connection: Connection, batch_id: int) -> list[tuple[int, str, str, str]]:
    """(level, approver, answer, reason) in order of level."""
    query = "SELECT level, approver, answer, reason FROM approvals WHERE batch_id = :id ORDER BY level"
    return [tuple(row) for row in connection.execute(text(query), {"id": batch_id})]


def answer_hands(connection: Connection, batch_id: int) -> dict[int, str]:
    """Level → in brackets where that answer was given and whether a login was checked; '' for Airflow's."""
    query = APPROVALS_SQL["answer_hands"]
    found = connection.execute(text(query), {"id": batch_id, "mark": UNAUTHENTICATED})
    return {level: f"（{words}）" if words else "" for level, words in found}


def has_answer_on_trust(connection: Connection, batch_id: int) -> bool:
    """Whether the batch has an unauthenticated answer: authenticated ones do not count beside it."""
    query = "SELECT EXISTS (SELECT FROM approval_hands WHERE batch_id = :id AND NOT is_authenticated)"
    return bool(connection.scalar(text(query), {"id": batch_id}))


def missing_level(connection: Connection, batch: Batch) -> int | None:
    """The approval for which a formed batch waits, 1 or 2; None if it waits for none."""
    given = sum(answer == APPROVED for _, _, answer, _ in approval_answers(connection, batch.id))
    return given + 1 if batch.state == "formed" and given < batch.review_level else None


def approvers(
    connection: Connection, region_code: str, level: int, *, is_authenticated: bool = False
) -> list[str]:
    """The people who are assigned as approvers of that level for the region, or for one above it.

    is_authenticated: only those whom a person assigned under a checked login, whose answers there count.
    """
    query = APPROVALS_SQL["approvers"]
    values = {"level": level, "region": region_code, "checked": is_authenticated}
    return list(connection.execute(text(query), values).scalars())


def hindrance(connection: Connection, batch: Batch, level: int, person: str) -> str | None:
    """The reason why that person's answer under a checked login would not count, before they give it.

    `prepared` a line, `answered` already, `not_assigned` to the level here or above, assigned by an
    `unchecked` person, `mixed` with unauthenticated answers; None: it would.
    """
    query = APPROVALS_SQL["hindrance"]
    found = connection.execute(text(query), {"id": batch.id, "person": person}).mappings().one()
    for name, is_so in found.items():
        if is_so:
            return str(name)
    if person in approvers(connection, batch.region_code, level, is_authenticated=True):
        return None
    return "unchecked" if person in approvers(connection, batch.region_code, level) else "not_assigned"


def assign_approver(
    event: Event, person: str, region_code: str, level: int, is_assigned: bool, by: str
) -> None:
    """Assign a person to a level of a region and all below it, or end that. Nobody assigns themselves.

    Under a checked login it stands for an assignment that was not. LedgerRefused for a person whose name
    looks like another's.
    """
    if person == by:
        raise LedgerRefused(refusal("assigns_self", person=person))
    if is_assigned:
        know_person(event.connection, person)
    event.connection.execute(
        text(APPROVALS_SQL["insert_approver_changes"]),
        {
            "person": person,
            "region": region_code,
            "level": level,
            "assigned": is_assigned,
            "checked": hand_of(by).login is not None,
            "by": by,
        },
    )
    event.detail.update({"approver": person, "region": region_code, "level": level, "assigned": is_assigned})


def _is_known(connection: Connection, batch: Batch, level: int, person: str, answer: str) -> bool:
    """The same answer again, from a task that was killed after it had recorded it."""
    return any(given[:3] == (level, person, answer) for given in approval_answers(connection, batch.id))


def _end(event: Event, batch: Batch, reason: str) -> None:
    event.connection.execute(
        text("UPDATE batches SET state = 'refused', reason = :reason WHERE id = :id"),
        {"id": batch.id, "reason": reason},
    )
    event.connection.execute(text(BATCHES_SQL["unbatched"]))


# --- Payments ---
# Money is instructed: the moment a batch is published, written down before any file is visible.

PAYMENTS_SQL = Statements("payments")


@dataclass(frozen=True)
class PublishedFile:
    """A file as it was published. folder: below `<out>`."""

    folder: str
    name: str
    sha256: str
    size_bytes: int


def instruct(event: Event, batch: Batch, files: Iterable[PublishedFile]) -> None:
    """Publish a batch: its lines become instructions and its files' hashes are known for good.

    LedgerRefused unless the ledger has the approvals for exactly these lines, on the region's newest night.
    """
    connection, values = event.connection, {"id": batch.id}
    connection.execute(text("UPDATE batches SET state = 'published' WHERE id = :id"), values)
    PAYMENTS_SQL.run(connection, "instructed", "moved", **values)
    record_files(event, files, batch.id)
    event.detail.update(
        {"batch": batch.batch_no, "hash": batch.hash, "count": batch.count, "total": str(batch.total)}
    )


def lines_of(batch_id: int, columns: Iterable[str]) -> str:
    """The query of these columns of a batch's lines, for COPY: the only one with whole account numbers."""
    return f"SELECT {', '.join(columns)} FROM batch_lines WHERE batch_id = {batch_id:d} ORDER BY line_no"  # noqa: S608 - columns are the caller's own words


def record_files(event: Event, files: Iterable[PublishedFile], batch_id: int | None = None) -> None:
    """Remember what was published, once by folder and name. LedgerRefused for other bytes of a name."""
    rows = [vars(file) | {"batch": batch_id} for file in files]
    if rows:
        event.connection.execute(
            text(PAYMENTS_SQL["insert_published_files"]),
            rows,
        )


def files_of(connection: Connection, batch_id: int) -> list[PublishedFile]:
    """The files of a published batch, by name."""
    query = PAYMENTS_SQL["files_of"]
    return [PublishedFile(*row) for row in connection.execute(text(query), {"id": batch_id})]


def manifests(connection: Connection) -> list[tuple[int, str]]:
    """(batch id, folder) of every published batch: the manifest is placed last and says that all is there."""
    query = PAYMENTS_SQL["manifests"]
    return [(row.batch_id, row.folder) for row in connection.execute(text(query))]
