"""The findings of validation about one extract, in counts. Plain values, which need no database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class RuleResult:
    """One rule in one region (`000000` where a failure belongs to none): `failed` of `evaluated`."""

    rule_id: str
    severity: str
    scope: str
    region_code: str
    evaluated: int
    failed: int


@dataclass(frozen=True)
class DeliveryOutcome:
    """One delivery's rows, `received = accepted + quarantined`, and the rule that holds it.

    `region_code` is the slot, or one region of a file for all that is judged by itself (see `in_force`).
    """

    delivery_id: int
    region_code: str
    received: int
    accepted: int
    quarantined: int
    held_rule: str | None = None
    held_detail: Mapping[str, Any] | None = None
