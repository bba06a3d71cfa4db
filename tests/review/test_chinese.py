"""Chinese pages have no English: the report and the review of two demonstration nights, refusals and all."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
from starlette.testclient import TestClient

from tests.e2e.home import Home
from tests.latin import english
from tests.review.conftest import LATER
from tests.review.stand_in import PREFIX

pytestmark = pytest.mark.xdist_group("review")

PEOPLE = {"ann", "first", "second", "engineer"}
SENT = {"regular", "zombie", "null"}
"""Codes of values, as quarantined rows and policies have them."""
NAMED = re.compile(r".*(?:有限公司|事务所)")
"""Names of units, of which the demonstration has some meant to break a page."""
PAGES = 400


class Text(HTMLParser):
    """What a reader sees and hears of a page, without elements of class `code`; and the page's own links."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []
        self.links: list[str] = []
        self.hidden: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if tag == "a" and named.get("href"):
            self.links.append(str(named["href"]))
        if tag in ("br", "img", "input", "link", "meta", "rect", "path", "polyline", "polygon", "circle"):
            return
        is_code = tag in ("code", "script", "style") or "code" in (named.get("class") or "").split()
        if self.hidden or is_code:
            self.hidden.append(tag)
            return
        self.seen += [v or "" for k, v in attrs if k in ("aria-label", "alt", "data-label", "placeholder")]

    def handle_endtag(self, tag: str) -> None:
        if self.hidden and self.hidden[-1] == tag:
            self.hidden.pop()

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.seen.append(data)


def read(page: str) -> Text:
    text = Text()
    text.feed(page)
    return text


def wrong(page: str) -> set[str]:
    """The texts of a page in which English stands."""
    return {
        seen.strip()
        for seen in read(page).seen
        if set(english(seen)) - PEOPLE - SENT and not NAMED.fullmatch(seen.strip())
    }


def pages(browser: TestClient) -> Iterator[tuple[str, str]]:
    """Each address of the review with its page, from the list of nights on."""
    waiting, known = [f"{PREFIX}/"], set[str]()
    shapes: dict[str, int] = {}
    while waiting and len(known) < PAGES:
        address = waiting.pop(0)
        answer = browser.get(address)
        if not answer.headers.get("content-type", "").startswith("text/html"):
            continue
        yield address, answer.text
        for link in read(answer.text).links:
            target = urljoin(address, link).partition("#")[0]
            path = urlsplit(target).path
            shape = re.sub(r"[0-9A-Z]{6,}|[0-9]{4}-[0-9]{2}-[0-9]{2}", "*", target)
            is_ours = path.startswith(PREFIX) and "lang=en" not in target and "sort=" not in target
            if is_ours and target not in known and shapes.get(shape, 0) < 2:
                shapes[shape] = shapes.get(shape, 0) + 1
                known.add(target)
                waiting.append(target)


def test_the_published_report_has_no_english(two_nights: Home) -> None:
    out = two_nights.settings().out_root
    written = sorted(p for p in out.glob("*/validation/*.html") if ".en." not in p.name)
    assert len(written) > 10
    found_wrong = {
        f"{page.parent.parent.name}/{page.name}: {said}" for page in written for said in wrong(_read(page))
    }
    assert not found_wrong, "\n".join(sorted(found_wrong))


def test_the_review_pages_have_no_english(browser: TestClient) -> None:
    found = dict(pages(browser))
    assert any(f"/nights/{LATER}/report/" in address for address in found)
    found_wrong = {f"{address}: {said}" for address, page in found.items() for said in wrong(page)}
    assert not found_wrong, "\n".join(sorted(found_wrong))


def _read(page: Path) -> str:
    return page.read_text(encoding="utf-8")
