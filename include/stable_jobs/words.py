"""What stands in two languages: a sentence, and the name of a region."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Json = dict[str, object]


@dataclass(frozen=True)
class Words:
    """One sentence in both languages."""

    zh: str
    en: str

    def of(self, language: str) -> str:
        """That of `zh` or `en`."""
        return self.zh if language == "zh" else self.en

    @property
    def both(self) -> str:
        """The one after the other, where both stand in one line."""
        return f"{self.zh} {self.en}"


@dataclass(frozen=True)
class Place:
    """A region and its name."""

    code: str
    name: Words


def words_json(words: Words) -> Json:
    """Both languages by name."""
    return {"zh": words.zh, "en": words.en}


def place_json(place: Place) -> Json:
    """A region's code and name."""
    return {"region_code": place.code, "name": words_json(place.name)}


def place_from_json(one: Mapping[str, Any]) -> Place:
    """What `place_json` made."""
    return Place(one["region_code"], Words(**one["name"]))
