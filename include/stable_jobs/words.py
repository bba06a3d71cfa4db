"""Texts in two languages: a sentence, and the name of a region."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field


@dataclass(frozen=True)
class Words:
    """One sentence in both languages."""

    zh: str
    en: str

    def of(self, language: str) -> str:
        """That of `zh` or `en`."""
        return self.zh if language == "zh" else self.en

    @classmethod
    def as_written(cls, text: str) -> Words:
        """A text that is the same in both languages, as its author wrote it."""
        return cls(text, text)

    @property
    def both(self) -> str:
        """The one after the other, for both in one line."""
        return f"{self.zh} {self.en}"


@dataclass(frozen=True)
class Place:
    """A region and its name; published files call its code `region_code`."""

    code: Annotated[str, Field(alias="region_code")]
    name: Words
