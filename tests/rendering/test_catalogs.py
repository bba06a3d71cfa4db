"""The Chinese catalog has every sentence of the templates, and is compiled."""

import io
import re
from html.parser import HTMLParser

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from jinja2 import nodes

from stable_jobs.rendering.environment import HERE, LOCALE, environment

METHODS = [("**.html", "jinja2")]
PLACEHOLDER = re.compile(r"%\(\w+\)s|%%|%")
TEMPLATES = sorted(p.relative_to(HERE / "templates").as_posix() for p in (HERE / "templates").rglob("*.html"))
CATALOG = LOCALE / "zh" / "LC_MESSAGES"


def read() -> Catalog:
    with (CATALOG / "messages.po").open("rb") as file:
        return read_po(file, locale="zh")


def several(text: str | list[str] | tuple[str, ...] | None) -> tuple[str, ...]:
    """Each form of a message that has a plural."""
    return tuple(text) if isinstance(text, list | tuple) else (text or "",)


def extracted() -> set[str]:
    keywords = {"_": None, "ngettext": (1, 2)}
    found = extract_from_dir(HERE, METHODS, {"**.html": {"silent": "false"}}, keywords=keywords)
    return {m[0] if isinstance(m, tuple) else m for _, _, m, _, _ in found}


def test_the_compiled_catalog_is_the_written_one() -> None:
    compiled = io.BytesIO()
    write_mo(compiled, read())
    assert (CATALOG / "messages.mo").read_bytes() == compiled.getvalue()


def test_every_text_is_in_the_catalog_and_no_other() -> None:
    assert {several(m.id)[0] for m in read() if m.id} == extracted()


def test_every_text_is_translated_with_the_same_places() -> None:
    for message in read():
        if not message.id:
            continue
        strings = several(message.string)
        assert all(strings), message.id
        assert not message.fuzzy, message.id
        expected = {tuple(sorted(PLACEHOLDER.findall(text))) for text in several(message.id)}
        assert {tuple(sorted(PLACEHOLDER.findall(text))) for text in strings} <= expected, message.id


def test_chinese_is_chinese_and_english_has_no_chinese() -> None:
    chinese = re.compile("[\u4e00-\u9fff]|^[：、，]$")
    for message in read():
        if message.id:
            assert all(chinese.search(s) for s in several(message.string)), message.id
            assert not any(chinese.search(s) for s in several(message.id)), message.id


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
    assert set(words) <= {"SHA"}  # SHA-256
