"""A person takes a delivery that a table rule or the tolerance holds."""

from __future__ import annotations

from stable_jobs.errors import UsageError
from stable_jobs.settings import Settings, now
from stable_jobs.store.catalog import Release, delivery_by_id, held_outcomes, release_delivery
from stable_jobs.store.database import database


def release(settings: Settings, delivery_id: int, *, reason: str, released_by: str) -> list[Release]:
    """Release a delivery from every rule that holds it; bound to its bytes and those rules.

    UsageError where there is no such delivery, it was refused, nothing holds it, or reason or name is blank.
    """
    with database(settings) as engine, engine.begin() as connection:
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
        return [
            release_delivery(
                connection,
                delivery_id,
                rule_id=rule,
                reason=reason,
                released_by=released_by,
                released_at=now(),
            )
            for rule in rules
        ]
