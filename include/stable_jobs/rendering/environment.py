"""The one template environment: everything escaped, nothing undefined. Templates are written in
English; a catalog has the Chinese of each sentence, and `messages` what a code is called.

A page is one file without scripts or outside hosts: the style sheet stands in the page, and its hash in the
page's content security policy, which forbids everything else. Nothing here asks a clock.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Protocol

from babel.support import NullTranslations, Translations
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from stable_jobs.messages import words_of
from stable_jobs.messages.kept import kept_of
from stable_jobs.messages.policy_faults import policy_fault
from stable_jobs.messages.sent import POLICY_VALUES, sent_value
from stable_jobs.money import format_yuan
from stable_jobs.rendering import charts, text

HERE = Path(__file__).parent
LOCALE = HERE / "locale"
STATIC = HERE / "static"
LANGUAGES = ("zh", "en")
"""The first is what an officer sees unasked."""


class Bilingual(Protocol):
    """Two sentences that say the same."""

    @property
    def zh(self) -> str:
        """In Chinese."""

    @property
    def en(self) -> str:
        """In English."""


def render(template: str, language: str, **context: object) -> bytes:
    """One page in UTF-8.

    language: one of `LANGUAGES`, ValueError otherwise. A variable that the template names and `context` lacks
    raises `jinja2.UndefinedError`.
    """
    return environment(language).get_template(template).render(**context).encode()


def page_name(page: str, language: str, edition: int = 1) -> str:
    """`index.html` in the first language, `index.en.html` in the other, `index.en.2.html` in an edition 2."""
    tag = "" if language == LANGUAGES[0] else f".{language}"
    return numbered(f"{page}{tag}.html", edition)


def numbered(name: str, edition: int) -> str:
    """`validation.json`, `validation.2.json`: nothing published is overwritten."""
    stem, _, ending = name.rpartition(".")
    return name if edition == 1 else f"{stem}.{edition}.{ending}"


@lru_cache(maxsize=len(LANGUAGES))
def environment(language: str) -> Environment:
    """The environment of one language. Templates see `charts`, and the filters of `_filters`."""
    if language not in LANGUAGES:
        raise ValueError(f"no pages in {language!r}: {', '.join(LANGUAGES)}")
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.install_gettext_translations(catalog() if language == "zh" else NullTranslations(), newstyle=True)  # type: ignore[attr-defined]  # the extension adds it
    made.filters.update(_filters(language))
    made.globals.update(_globals(language))
    return made


@lru_cache(maxsize=1)
def catalog() -> Translations:
    """The compiled Chinese catalog; FileNotFoundError if it is not there, rather than pages in English."""
    with (LOCALE / "zh" / "LC_MESSAGES" / "messages.mo").open("rb") as compiled:
        return Translations(compiled)


def said(value: Bilingual, language: str) -> str:
    """The sentence in one language."""
    return value.zh if language == "zh" else value.en


def _filters(language: str) -> dict[str, Callable[..., str]]:
    return {
        "count": text.count,
        "foreign": text.foreign,
        "fault": lambda value, limit=text.LONGEST: text.foreign(policy_fault(str(value)).of(language), limit),
        "kept": lambda value, limit=text.LONGEST: text.foreign(kept_of(str(value)).of(language), limit),
        "percent_of": text.percent,
        "policy_value": lambda value: text.listed(value, POLICY_VALUES, language),
        "said": lambda value, limit=400: text.foreign(said(value, language), limit),
        "sent": lambda value, column, limit=text.LONGEST: text.labelled(
            value, sent_value(column, value), language, limit
        ),
        "word": lambda code, group: words_of(group, code).of(language),
        "yuan": format_yuan,
    }


def _globals(language: str) -> dict[str, object]:
    style = stylesheet()
    return {
        "charts": charts,
        "language": language,
        "languages": LANGUAGES,
        "page_name": page_name,
        "stylesheet": Markup(style),  # noqa: S704  # our own file, and the policy's hash must match it
        "stylesheet_hash": base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
    }


@lru_cache(maxsize=1)
def stylesheet() -> str:
    """The style sheet as it stands in every page."""
    return (STATIC / "report.css").read_text(encoding="utf-8")
