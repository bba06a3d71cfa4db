"""Names that want to run, through the real pages in a real browser: nothing runs, nothing breaks out."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, sync_playwright

from tests.e2e.home import BUSINESS_DATE, Home, new_home
from tests.e2e.small import write_small
from tests.review.chromium import chromium
from tests.review.conftest import FIRST
from tests.review.stand_in import PREFIX, StandIn, mounted

pytestmark = [pytest.mark.long, pytest.mark.xdist_group("hostile")]
REGION = "220400"
HOSTILE = (
    "<script>window.ran='script'</script>有限公司",
    "<img src=x onerror=\"window.ran='img'\">有限公司",
    '" autofocus onfocus="window.ran=\'quote\'" x="有限公司',
    "' onmouseover='window.ran=1' 有限公司",
    "javascript:window.ran='scheme'//有限公司",
    "</title></style></script><svg onload=\"window.ran='svg'\">有限公司",
    "{{ 7*7 }}${7*7}%(num)s%s{0}有限公司",
    "\u202e司公限有\u2066gnp.exe",
    "𠮷野家𡃁𩸽有限公司",
    "长" * 500,
    "W" * 500,
    "=cmd|'/C calc'!A0 有限公司",
    "a/../../b?c=d&e=f#g%2e%2e有限公司",
)


def rename(landing: Path) -> None:
    """Give the first units of a region, as labor sent them, hostile names; the manifest says so."""
    [path] = landing.glob(f"labor/insured_units/{BUSINESS_DATE}/{REGION}.csv")
    rows = list(csv.reader(io.StringIO(path.read_bytes().decode("gb18030"), newline="")))
    column = rows[0].index("单位名称")
    for row, name in zip(rows[20:], HOSTILE, strict=False):
        row[column] = name
    written = io.StringIO(newline="")
    csv.writer(written, lineterminator="\r\n").writerows(rows)
    content = written.getvalue().encode("gb18030")
    path.write_bytes(content)
    manifest = path.with_name(f"{REGION}.manifest.json")
    said = {**json.loads(manifest.read_text()), "sha256": hashlib.sha256(content).hexdigest()}
    manifest.write_text(json.dumps(said))


@pytest.fixture(scope="module")
def home() -> Iterator[Home]:
    with new_home() as made:
        write_small(made.path / "landing", made.path / "demo" / "expected.json", FIRST)
        rename(made.path / "landing")
        for command in ("night", "disburse"):
            done = made.run(command, "--date", BUSINESS_DATE)
            assert done.returncode == 0, done.stdout + done.stderr
        yield made


@pytest.fixture(scope="module")
def address(home: Home) -> Iterator[str]:
    """A server of its own over the home."""
    app = mounted(home.settings(), StandIn())
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}{PREFIX}"
    server.should_exit = True
    thread.join()
    [inner] = [route.app for route in app.routes if hasattr(route, "app")]
    inner.state.differences.close()
    inner.state.stores.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright, chromium(playwright) as found:
        yield found


@dataclass
class Seen:
    """A page in a browser, and everything about it that should not have happened."""

    page: Page
    trouble: list[str] = field(default_factory=list)

    def open(self, url: str) -> None:
        answer = self.page.goto(url)
        assert answer is not None
        assert answer.status == 200, f"{url}: {answer.status}"
        self.page.mouse.move(200, 300)
        ran = self.page.evaluate("window.ran")
        assert ran is None, f"{url}: {ran} ran"
        width = self.page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
        assert width[0] <= width[1], f"{url} scrolls sideways: {width}"
        assert self.trouble == []


@pytest.fixture(params=[360, 1366])
def seen(browser: Browser, address: str, request: pytest.FixtureRequest) -> Iterator[Seen]:
    context = browser.new_context(
        viewport={"width": request.param, "height": 800},
        extra_http_headers={"authorization": "Bearer ann:officer,approver,engineer"},
    )
    found = Seen(context.new_page())
    host = address.partition(PREFIX)[0]
    found.page.on("dialog", lambda dialog: found.trouble.append(f"dialog {dialog.message}"))
    found.page.on("console", lambda said: found.trouble.append(f"console {said.text}"))
    found.page.on("pageerror", lambda error: found.trouble.append(f"error {error}"))
    found.page.on(
        "request",
        lambda asked: None if asked.url.startswith(host) else found.trouble.append(f"asked {asked.url}"),
    )
    yield found
    context.close()


def names_on(page: Page) -> str:
    return str(page.evaluate("document.body.innerText"))


def test_the_names_are_in_the_night(seen: Seen, address: str) -> None:
    for name in ("window.ran='script'", "onerror", "𠮷野家", "{{ 7*7 }}"):
        seen.open(f"{address}/enterprises?lang=en&q={quote(name)}")
        assert name in names_on(seen.page)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_a_unit_of_that_name(seen: Seen, address: str, name: str, language: str) -> None:
    seen.open(f"{address}/enterprises?lang={language}&q={quote(name[:60])}")
    row = seen.page.locator(f"a[href*='/enterprises/{REGION}/']").first
    href = row.get_attribute("href")
    assert href is not None
    seen.open(address.partition(PREFIX)[0] + href)
    assert seen.page.locator("script").count() == 1, "ours only"


@pytest.mark.parametrize(
    "path",
    [
        *("/nights", f"/nights/{BUSINESS_DATE}/report", f"/nights/{BUSINESS_DATE}/report/labor"),
        *("/enterprises?sort=unit", "/enterprises?sort=-unit", "/batches"),
        f"/enterprises?q={quote('<script>window.ran=1</script>')}",
        f"/enterprises?night={BUSINESS_DATE}&region={REGION}&sort=-unit",
    ],
)
def test_the_other_pages(seen: Seen, address: str, path: str) -> None:
    seen.open(address + path)


def test_a_batch_with_such_names(seen: Seen, address: str) -> None:
    seen.open(f"{address}/batches")
    for href in seen.page.eval_on_selector_all("a[href*='/batches/']", "all => all.map(a => a.href)"):
        seen.open(href)
