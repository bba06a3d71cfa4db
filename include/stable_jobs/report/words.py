"""Places with their names in both languages."""

from __future__ import annotations

from collections.abc import Mapping

from stable_jobs.messages import words_of
from stable_jobs.regions import NATION
from stable_jobs.words import Place, Words


def place_of(code: str, names: Mapping[str, Words]) -> Place:
    """A region with its name. A region that no policy names is called unknown, not left out."""
    if code in names and code != NATION:
        return Place(code, names[code])
    return Place(code, words_of("place", "none" if code == NATION else "unknown"))


def slot_of(code: str, names: Mapping[str, Words]) -> Place:
    """The same for what a delivery speaks of: `000000` is a file for all regions."""
    return Place(code, words_of("place", "all")) if code == NATION else place_of(code, names)
