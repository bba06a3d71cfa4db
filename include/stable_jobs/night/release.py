"""A person takes a delivery that a table rule or the tolerance holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stable_jobs.errors import UsageError
from stable_jobs.ledger.event import ledger_event
from stable_jobs.settings import now
from stable_jobs.store.catalog import Release, delivery_by_id, held_outcomes, release_delivery

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine


def release(engine: Engine, delivery_id: int, *, reason: str, released_by: str) -> list[Release]:
    """Release a delivery from every rule that holds it; bound to its bytes and those rules. One audit event.

    Released again it stays as it was, and no event is left. UsageError where there is no such delivery, it
    was refused, nothing holds it, or reason or name is blank.
    """
    subject = f"delivery {delivery_id}"
    with ledger_event(engine, "delivery_release", actor=released_by, subject=subject) as event:
        rules = _holding(event.connection, delivery_id)
        released = [
            release_delivery(
                event.connection,
                delivery_id,
                rule_id=rule,
                reason=reason,
                released_by=released_by,
                released_at=now(),
            )
            for rule in rules
        ]
        event.detail.update({"delivery": delivery_id, "sha256": released[0].sha256, "rules": rules})
        return released


def _holding(connection: Connection, delivery_id: int) -> list[str]:
    """The rules that hold the delivery, released from already or not."""
    try:
        delivery = delivery_by_id(connection, delivery_id)
    except KeyError:
        raise UsageError(
            f"there is no delivery {delivery_id}; `stable-jobs delivery list` lists them"
        ) from None
    held = held_outcomes(connection, delivery.business_date)
    rules = sorted({one.rule_id for one in held if one.delivery_id == delivery_id})
    if not rules:
        raise UsageError(
            f"delivery {delivery_id} is {delivery.status} and no rule holds it: nothing to release. "
            "A refused delivery has to be sent again"
        )
    return rules
