"""What reason codes mean, in both languages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from stable_jobs.policy.reasons import BY_CODE
from stable_jobs.quality.report_parts import Words


def sentences_of(codes: Iterable[str]) -> Mapping[str, Words]:
    """Code → sentence. An earlier night may have a reason that the code no longer knows: it is its own."""
    return {
        code: Words(BY_CODE[code].zh, BY_CODE[code].en) if code in BY_CODE else Words(code, code)
        for code in codes
        if code
    }
