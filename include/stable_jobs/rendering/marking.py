"""The mark by which `make messages` finds a text that is translated later."""

from __future__ import annotations


def N_(text: str) -> str:  # noqa: N802  # gettext's own name for "mark, translate later"
    """The text itself, marked for extraction; `environment.translated` looks it up."""
    return text
