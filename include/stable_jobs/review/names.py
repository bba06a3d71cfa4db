"""What regions are called, as the policies say today."""

from __future__ import annotations

from collections.abc import Mapping

from stable_jobs.review.stores import Stores
from stable_jobs.words import Words


def names_of(stores: Stores) -> Mapping[str, Words]:
    """Region code → name in both languages."""
    return {code: Words(one.name_zh, one.name_en) for code, one in stores.policies.regions.items()}
