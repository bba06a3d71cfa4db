"""Chinese pages have no English: the report and the review of two demonstration nights, refusals and all."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
from starlette.testclient import TestClient

from stable_jobs.settings import Settings, data_folder
from tests.e2e.home import Home
from tests.latin import english
from tests.review.conftest import LATER
from tests.review.stand_in import PREFIX, client, mounted
from tests.review.test_guard import of as token_of

pytestmark = pytest.mark.xdist_group("review")

PEOPLE = {"ann", "first", "second", "engineer"}
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
        if set(english(seen)) - PEOPLE and not NAMED.fullmatch(seen.strip())
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


REFUSED = [
    pytest.param("get", "/batches/610100-20200511-L1-9", {}, 404, "这里没有内容", id="no such batch"),
    pytest.param(
        "post", "/proposals/999/answer", {"outcome": "confirmed"}, 409, "不在等待复核", id="no proposal"
    ),
    pytest.param(
        "post", "/proposals/999/answer", {"outcome": "rejected"}, 409, "驳回须说明理由", id="no reason"
    ),
    pytest.param(
        "post",
        "/proposals/999/answer",
        {"outcome": "rejected", "reason": "6222021234567890123"},
        409,
        "未作任何更改：理由中有账号",
        id="an account in the reason",
    ),
    pytest.param(
        "post",
        "/proposals/999/answer",
        {"outcome": "confirmed", "reason": "长" * 501},
        409,
        "理由最多 500 字，现有 501 字",
        id="too long a reason",
    ),
    pytest.param("post", "/proposals/999/answer", {"form_token": "x"}, 403, "此表单已过期", id="an old form"),
    pytest.param("get", "/nights/tonight", {}, 404, "这里没有内容", id="no page"),
]


@pytest.mark.parametrize(("method", "path", "fields", "status", "says"), REFUSED)
def test_a_page_of_a_refusal_has_no_english(
    browser: TestClient, method: str, path: str, fields: dict[str, str], status: int, says: str
) -> None:
    data = {"data": {"form_token": token_of("ann"), **fields}} if method == "post" else {}
    answer = browser.request(method, PREFIX + path, **data)
    assert answer.status_code == status
    assert says in answer.text
    assert not wrong(answer.text)


@pytest.mark.parametrize("path", ["/regions", "/regions/360100"])
def test_a_page_of_a_policy_fault_has_no_english(tmp_path: Path, path: str) -> None:
    policies = tmp_path / "policies"
    shutil.copytree(data_folder("policies"), policies)
    [file, *_] = sorted((policies / "360100").glob("*.yaml"))
    file.write_text("", encoding="utf-8")
    app = mounted(Settings(_env_file=None, home=tmp_path, policies=policies))
    page = client(app, "ann:officer").get(PREFIX + path, params={"on": LATER})
    [inner] = [route.app for route in app.routes if hasattr(route, "app")]
    inner.state.stores.close()
    assert page.status_code == 200
    assert f"360100/{file.name}：全文：应为：" in page.text
    assert not wrong(page.text)


def _read(page: Path) -> str:
    return page.read_text(encoding="utf-8")
