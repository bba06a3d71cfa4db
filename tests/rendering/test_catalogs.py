"""The catalogs say what the templates and words say, in both languages, and are compiled."""

import io
import re
from html.parser import HTMLParser

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from jinja2 import nodes

from stable_jobs.rendering.environment import HERE, LANGUAGES, LOCALE, environment

METHODS = [("**.py", "python"), ("**.html", "jinja2")]
PLACEHOLDER = re.compile(r"%\(\w+\)s|%%|%")
TEMPLATES = sorted(p.name for p in (HERE / "templates").glob("*.html"))


def spelled(text: str | list[str] | tuple[str, ...] | None) -> tuple[str, ...]:
    """Each form of a message that has a plural."""
    return tuple(text) if isinstance(text, list | tuple) else (text or "",)


def read(language: str) -> Catalog:
    with (LOCALE / language / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file, locale=language)


def extracted() -> set[str]:
    keywords = {"_": None, "N_": None, "ngettext": (1, 2)}
    found = extract_from_dir(HERE, METHODS, {"**.html": {"silent": "false"}}, keywords=keywords)
    return {m[0] if isinstance(m, tuple) else m for _, _, m, _, _ in found}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_compiled_catalog_is_the_written_one(language: str) -> None:
    compiled = io.BytesIO()
    write_mo(compiled, read(language))
    assert (LOCALE / language / "LC_MESSAGES" / "messages.mo").read_bytes() == compiled.getvalue()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_in_the_catalog_and_no_other(language: str) -> None:
    written = {m.id[0] if isinstance(m.id, tuple) else m.id for m in read(language) if m.id}
    assert written == extracted()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_translated_with_the_same_places(language: str) -> None:
    for message in read(language):
        if not message.id:
            continue
        ids = spelled(message.id)
        strings = spelled(message.string)
        assert all(strings), message.id
        assert not message.fuzzy, message.id
        expected = {tuple(sorted(PLACEHOLDER.findall(text))) for text in ids}
        assert {tuple(sorted(PLACEHOLDER.findall(text))) for text in strings} <= expected, message.id


NAMES = {"Airflow"}
"""What is called the same in every language."""


def test_chinese_is_chinese_and_english_has_no_chinese() -> None:
    chinese = re.compile("[\u4e00-\u9fff]|^[：、]$")
    for message in read("zh"):
        strings = spelled(message.string)
        assert not message.id or message.id in NAMES or all(chinese.search(s) for s in strings), message.id
    for message in read("en"):
        strings = spelled(message.string)
        assert not message.id or not any(chinese.search(s) for s in strings), message.id


class Text(HTMLParser):
    """What a reader would see of a template's own bytes: text, and the attributes that are read out."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def handle_data(self, data: str) -> None:
        self.seen.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen += [v or "" for k, v in attrs if k in ("title", "aria-label", "alt", "data-label")]


@pytest.mark.parametrize("name", TEMPLATES)
def test_no_template_has_words_of_its_own(name: str) -> None:
    """File names and the languages' own names are the same in every language."""
    source = (HERE / "templates" / name).read_text(encoding="utf-8")
    tree = environment("zh").parse(source)
    data = "".join(node.data for node in tree.find_all(nodes.TemplateData))
    reader = Text()
    reader.feed(data)
    words = re.findall(r"[A-Za-z\u4e00-\u9fff]{2,}", " ".join(reader.seen))
    assert words == []
