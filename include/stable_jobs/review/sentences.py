"""What reason codes mean, in both languages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from stable_jobs.report.comparison import reason_sentence
from stable_jobs.words import Words


def sentences_of(codes: Iterable[str]) -> Mapping[str, Words]:
    """Code → sentence, each once; an empty code has none."""
    return {code: reason_sentence(code) for code in codes if code}
