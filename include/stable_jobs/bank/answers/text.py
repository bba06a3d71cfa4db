"""A bank's own words: one line, no account number, nothing hidden, short."""

from __future__ import annotations

import re
from functools import lru_cache

from stable_jobs.accounts import masked
from stable_jobs.rendering.text import visible

MOST_TEXT = 400
"""Characters kept of a bank's reason."""
MOST_READ = 4_000
"""Characters looked at."""
ACCOUNT = re.compile(r"\d{9,}|\d{4}(?:[\s.\-]\d{4}){2,}(?:[\s.\-]?\d+)?")
"""A run of digits that may be an account, also written in groups of four."""
BLANKS = re.compile(r"[ \t\r\n]+")


def bank_text(text: str, most: int = MOST_TEXT) -> str:
    """At most `most` characters, hidden ones as `⟨U+202E⟩` (as on our pages), accounts as `****1234`.

    A run of blanks and line ends, as XML is indented, becomes one blank.
    """
    return _shown(text[:MOST_READ], most)


@lru_cache(maxsize=1024)
def _shown(text: str, most: int) -> str:
    plain = BLANKS.sub(" ", text).strip()
    safe = ACCOUNT.sub(lambda run: masked(run.group()), plain)
    shown = safe if safe.isprintable() else visible(safe)
    return shown if len(shown) <= most else shown[: most - 1] + "…"
