"""The catalog: what exists, and what is in force. Functions take a connection; the caller commits."""

from stable_jobs.store.deliveries import (
    Delivery,
    Release,
    current_deliveries,
    deliveries_for,
    delivery_by_id,
    mark_refused,
    mark_staged,
    record_delivery,
    release_delivery,
    releases,
    take_up_again,
)
from stable_jobs.store.in_force import HeldOutcome, InForce, held_outcomes, in_force, last_accepted_rows
from stable_jobs.store.snapshots import (
    Snapshot,
    find_snapshot,
    fingerprint,
    register_snapshot,
    snapshot_by_id,
)
from stable_jobs.store.validations import (
    DeliveryOutcome,
    HistoryPoint,
    RuleResult,
    Validation,
    find_validation,
    record_validation,
    results_history,
)

__all__ = [
    "Delivery",
    "DeliveryOutcome",
    "HeldOutcome",
    "HistoryPoint",
    "InForce",
    "Release",
    "RuleResult",
    "Snapshot",
    "Validation",
    "current_deliveries",
    "deliveries_for",
    "delivery_by_id",
    "find_snapshot",
    "find_validation",
    "fingerprint",
    "held_outcomes",
    "in_force",
    "last_accepted_rows",
    "mark_refused",
    "mark_staged",
    "record_delivery",
    "record_validation",
    "register_snapshot",
    "release_delivery",
    "releases",
    "results_history",
    "snapshot_by_id",
    "take_up_again",
]
