"""One sentence of the message book, with the values of its places."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from stable_jobs.words import Words


@dataclass(frozen=True)
class Message:
    """A sentence with places such as `{batch}`, and their values. `str()` gives the English one.

    code: the sentence's name in its group of the book. given: place → value; one that is `Words` or another
    message is said in the sentence's language, any other by its `str()`.
    """

    code: str
    words: Words
    given: Mapping[str, object] = field(default_factory=dict)

    @property
    def zh(self) -> str:
        """The sentence in Chinese."""
        return self.of("zh")

    @property
    def en(self) -> str:
        """The sentence in English."""
        return self.of("en")

    def of(self, language: str) -> str:
        """The sentence in `zh` or `en`."""
        values = {name: _said(value, language) for name, value in self.given.items()}
        return self.words.of(language).format(**values)

    def __str__(self) -> str:
        return self.en


def _said(value: object, language: str) -> str:
    return value.of(language) if isinstance(value, (Words, Message)) else str(value)
