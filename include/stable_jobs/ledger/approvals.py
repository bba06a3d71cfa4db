"""Approvals: an answer belongs to a batch's hash and to a person. The database decides whether it counts."""

from __future__ import annotations

from sqlalchemy import Connection, text

from stable_jobs.errors import LedgerRefused
from stable_jobs.ledger.batches import SQL as BATCHES_SQL
from stable_jobs.ledger.batches import Batch, batch_by_no
from stable_jobs.ledger.event import Event
from stable_jobs.ledger.hands import UNAUTHENTICATED, hand_of
from stable_jobs.ledger.known_persons import know_person
from stable_jobs.ledger.statements import Statements

SQL = Statements("approvals")

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
        text(SQL["insert_approvals"]),
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
        raise LedgerRefused(f"there is no batch {batch_no}: `stable-jobs batch list` shows them")
    return batch


def answers(connection: Connection, batch_id: int) -> list[tuple[int, str, str, str]]:
    """(level, approver, answer, reason) in order of level."""
    query = "SELECT level, approver, answer, reason FROM approvals WHERE batch_id = :id ORDER BY level"
    return [tuple(row) for row in connection.execute(text(query), {"id": batch_id})]


def answer_hands(connection: Connection, batch_id: int) -> dict[int, str]:
    """Level → in brackets where that answer was given and whether a login was checked; '' for Airflow's."""
    query = SQL["answer_hands"]
    found = connection.execute(text(query), {"id": batch_id, "mark": UNAUTHENTICATED})
    return {level: f"（{words}）" if words else "" for level, words in found}


def has_answer_on_trust(connection: Connection, batch_id: int) -> bool:
    """Whether the batch has an unauthenticated answer: authenticated ones do not count beside it."""
    query = "SELECT EXISTS (SELECT FROM approval_hands WHERE batch_id = :id AND NOT is_authenticated)"
    return bool(connection.scalar(text(query), {"id": batch_id}))


def missing_level(connection: Connection, batch: Batch) -> int | None:
    """Which approval a formed batch waits for: 1 or 2; None if for none."""
    given = sum(answer == APPROVED for _, _, answer, _ in answers(connection, batch.id))
    return given + 1 if batch.state == "formed" and given < batch.review_level else None


def approvers(
    connection: Connection, region_code: str, level: int, *, is_authenticated: bool = False
) -> list[str]:
    """The people who are assigned as approvers of that level for the region, or for one above it.

    is_authenticated: only those whom a person assigned under a checked login, whose answers there count.
    """
    query = SQL["approvers"]
    values = {"level": level, "region": region_code, "checked": is_authenticated}
    return list(connection.execute(text(query), values).scalars())


def hindrance(connection: Connection, batch: Batch, level: int, person: str) -> str | None:
    """The reason why that person's answer under a checked login would not count, before they give it.

    `prepared` a line, `answered` already, `not_assigned` to the level here or above, assigned by an
    `unchecked` person, `mixed` with unauthenticated answers; None: it would.
    """
    query = SQL["hindrance"]
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
        raise LedgerRefused(f"{person} cannot assign themselves: another person must")
    if is_assigned:
        know_person(event.connection, person)
    event.connection.execute(
        text(SQL["insert_approver_changes"]),
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
    return any(given[:3] == (level, person, answer) for given in answers(connection, batch.id))


def _end(event: Event, batch: Batch, reason: str) -> None:
    event.connection.execute(
        text("UPDATE batches SET state = 'refused', reason = :reason WHERE id = :id"),
        {"id": batch.id, "reason": reason},
    )
    event.connection.execute(text(BATCHES_SQL["unbatched"]))
