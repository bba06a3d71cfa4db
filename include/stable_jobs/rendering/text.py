"""How one value is written on a page: hostile text made visible, counts, yuan, shares."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal

from markupsafe import Markup

from stable_jobs.names import visible_text
from stable_jobs.words import Words

LONGEST = 160
"""Code points of a text that are shown; the rest is cut and counted, as a name of 500 would hide the row."""


def visible(value: object) -> str:
    """The text with each control, bidirectional or zero-width character written as `⟨U+202E⟩`.

    A right-to-left mark in a unit's name would otherwise reorder the officer's line, and a zero-width one
    make two names look the same. A private-use character stays: it is a rare one of a name.
    """
    return visible_text(str(value))


def shorten(text: str, limit: int = LONGEST) -> str:
    """At most `limit` code points, with how many were left out: `…(+340)`."""
    if len(text) <= limit:
        return text
    return f"{text[:limit]}…(+{len(text) - limit})"


def foreign(value: object, limit: int = LONGEST) -> Markup:
    """Text that somebody outside wrote: cut, made visible, escaped, and isolated in its own direction."""
    return Markup('<bdi class="foreign">{}</bdi>').format(visible(shorten(str(value), limit)))


def labelled(value: object, words: Words | None, language: str, limit: int = LONGEST) -> Markup:
    """A code that was chosen from a list: in Chinese its label with the code behind it, else as it is."""
    if words is None or language != "zh":
        return foreign(value, limit)
    return Markup('{} <span class="code">{}</span>').format(words.zh, words.en)


def listed(value: object, words: Mapping[str, Words], language: str) -> Markup:
    """A value of a policy file as text: a code or a JSON list of codes, each as `labelled`."""
    said = str(value)
    try:
        found = json.loads(said) if said.startswith("[") else [said]
    except ValueError:
        found = [said]
    if language != "zh" or not all(isinstance(one, str) and one in words for one in found):
        return foreign(said)
    return Markup("、").join(labelled(one, words[one], language) for one in found)


def count(number: int) -> str:
    """`1234567` → `1,234,567`."""
    return f"{number:,}"


def percent(part: int | Decimal, whole: int | Decimal) -> str:
    """`3 of 400` → `0.75%`. Never rounded to nothing (`<0.01%`) or all (`>99.99%`); without a whole `–`."""
    if whole == 0:
        return "–"
    exact = Decimal(part) / Decimal(whole) * 100
    shown = exact.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)
    if exact > 0 and shown == 0:
        return "<0.01%"
    if exact < 100 and shown == 100:
        return ">99.99%"
    return f"{shown}%"
