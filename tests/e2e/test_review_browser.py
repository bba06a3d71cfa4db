"""The review pages of a real Airflow in a real browser: both languages, phone and desk, and people's ways."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.e2e.asked import batch
from tests.e2e.reviewed import BROWSED, FIRST, HELD, PAGES, Reviewed
from tests.review.chromium import chromium

pytestmark = [pytest.mark.long, pytest.mark.xdist_group("airflow")]

DESK, PHONE = (1366, 768), (360, 740)
SCREENS = {
    "desk": (*DESK, "light"),
    "phone": (*PHONE, "light"),
    "dark": (*DESK, "dark"),
}
SERIOUS = ("serious", "critical")
FOLDER = os.environ.get("STABLE_JOBS_SCREENSHOTS")
"""Read before a home's own environment takes its place."""
A_WHILE = 60_000
MOST_WAITS = 120


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright, chromium(playwright) as found:
        yield found


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Path:
    """Where this run's screenshots land; the terminal says so."""
    folder = Path(FOLDER) if FOLDER else tmp_path_factory.mktemp("screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    capture = pytestconfig.pluginmanager.getplugin("capturemanager")
    assert capture is not None
    with capture.global_and_fixture_disabled():
        print(f"\nscreenshots: {folder}")
    return folder


@dataclass
class Seen:
    """A page in a browser; `trouble` is everything that its console complained about."""

    page: Page
    trouble: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, page: Page) -> Seen:
        seen = cls(page)
        complaints = ("error", "warning")
        page.on("console", lambda one: seen.trouble.append(one.text) if one.type in complaints else None)
        page.on("pageerror", lambda error: seen.trouble.append(str(error)))
        return seen

    def open(self, address: str) -> None:
        """Go there, again while the page is being made; nothing complains and nothing scrolls sideways."""
        answer = self.page.goto(address)
        for _ in range(MOST_WAITS):
            if answer is None or "refresh" not in answer.headers:
                break
            self.page.wait_for_timeout(1000)
            answer = self.page.goto(address)
        assert answer is not None
        assert answer.status == 200, address
        self.check()

    def check(self) -> None:
        """Whatever page it is by now."""
        wide, window = self.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert wide <= window, f"{self.page.url} scrolls sideways: {wide} of {window}"
        assert self.trouble == [], self.page.url


@contextmanager
def signed_in(
    browser: Browser, reviewed: Reviewed, user: str, screen: str = "desk", language: str = "zh-CN"
) -> Iterator[Seen]:
    """A browser that has the cookie which Airflow's login gives."""
    width, height, scheme = SCREENS[screen]
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=scheme,  # type: ignore[arg-type]  # one of playwright's words
        locale=language,
    )
    cookie = {"name": "_token", "value": reviewed.token(user), "url": reviewed.url}
    context.add_cookies([cookie])  # type: ignore[list-item]  # what it is
    yield Seen.of(context.new_page())
    context.close()


@pytest.fixture(scope="module")
def addresses(reviewed: Reviewed) -> dict[str, str]:
    """Every page, and the first enterprise that is found."""
    found = re.search(
        r'/stable-jobs(/nights/[^"/]+/enterprises/[^"]+)"', reviewed.get("first", "/enterprises").text
    )
    return {**PAGES, "enterprise": found.group(1) if found else "/no-enterprise-is-listed"}


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("name", [*PAGES, "enterprise"])
def test_a_page_is_whole_and_for_everybody(
    browser: Browser,
    reviewed: Reviewed,
    addresses: dict[str, str],
    pictures: Path,
    name: str,
    language: str,
    screen: str,
) -> None:
    address = addresses[name]
    with signed_in(browser, reviewed, "first", screen) as seen:
        seen.open(f"{reviewed.url}{address}{'&' if '?' in address else '?'}lang={language}")
        seen.page.screenshot(path=pictures / f"{name}-{language}-{screen}.png", full_page=True)
        assert seen.page.locator("html").get_attribute("lang") == {"zh": "zh-CN", "en": "en"}[language]
        assert seen.page.locator("h1").count() == 1
        found = Axe().run(seen.page).response["violations"]
        assert [
            (one["id"], [node["html"][:200] for node in one["nodes"]])
            for one in found
            if one["impact"] in SERIOUS
        ] == []
        seen.check()


def test_a_page_is_used_by_keyboard(browser: Browser, reviewed: Reviewed) -> None:
    """The first stop leads past the navigation; every stop shows where one is."""
    with signed_in(browser, reviewed, "first") as seen:
        seen.open(f"{reviewed.url}/nights/{FIRST}?lang=en")
        seen.page.keyboard.press("Tab")
        assert seen.page.evaluate("document.activeElement.getAttribute('href')") == "#main"
        for _ in range(5):
            seen.page.keyboard.press("Tab")
            outline = seen.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert outline != "none", seen.page.evaluate("document.activeElement.outerHTML")


def test_it_is_inside_airflow_and_leads_back_to_it(
    browser: Browser, reviewed: Reviewed, pictures: Path
) -> None:
    home = reviewed.both.airflow.url
    with signed_in(browser, reviewed, "first") as seen:
        seen.page.goto(home)
        seen.page.get_by_role("link", name="复核 Review").click()
        frame = seen.page.frame_locator("iframe[title='复核 Review']")
        expect(frame.locator("h1")).to_be_visible(timeout=A_WHILE)
        seen.page.screenshot(path=pictures / "in-airflow.png")
        assert [one for one in seen.trouble if "Content Security Policy" in one] == []
        frame.locator("a[target=_top][href*='/runs/']").first.click()
        seen.page.wait_for_url(
            re.compile(rf"^{re.escape(home)}/dags/nightly_eligibility/runs/"), timeout=A_WHILE
        )


def test_an_officer_s_way(browser: Browser, reviewed: Reviewed, pictures: Path) -> None:
    """Who prepares sees what is held, reads why, acknowledges a finding and looks at an enterprise."""
    with signed_in(browser, reviewed, "preparer") as seen:
        page = seen.page
        seen.open(f"{reviewed.url}/nights/{FIRST}?lang=en")
        held = page.locator("tr", has_text=HELD)
        expect(held).to_contain_text("Held")
        held.get_by_role("link").first.click()
        expect(page.locator("h1")).to_be_visible()
        assert HELD in page.locator("main").inner_text()
        seen.check()

        seen.open(f"{reviewed.url}{PAGES['extract']}?lang=en")
        deed = page.locator("details", has=page.locator("form[action$='/acknowledgements']")).first
        deed.locator("summary").click()
        form = deed.locator("form")
        form.locator("[name=reason]").fill("问过税务 asked the tax bureau")
        form.get_by_role("button").click()
        expect(page.get_by_text("问过税务 asked the tax bureau").first).to_be_visible()
        assert page.locator("main").inner_text().count("preparer") >= 1
        page.screenshot(path=pictures / "way-acknowledged.png", full_page=True)
        seen.check()

        seen.open(f"{reviewed.url}/enterprises?night={FIRST}&lang=en")
        page.locator("[name=q]").fill("辽源")
        page.locator("[name=q]").press("Enter")
        page.locator("main table a[href*='/enterprises/']").first.click()
        expect(page.locator("h1")).to_be_visible()
        seen.check()


def test_an_approver_s_way(browser: Browser, reviewed: Reviewed, pictures: Path) -> None:
    """Who is assigned approves a batch on its page, and takes its list away when it is published."""
    with signed_in(browser, reviewed, "first") as seen:
        page = seen.page
        seen.open(f"{reviewed.url}/batches?lang=en")
        page.get_by_role("link", name=BROWSED).click()
        page.screenshot(path=pictures / "way-batch.png", full_page=True)
        form = page.locator("form[action$='/answer']").first
        form.locator("[name=reason]").fill("金额核对无误 amounts checked")
        form.get_by_role("button", name="Approve").click()
        expect(page.locator("h1")).to_be_visible()
        seen.check()
        reviewed.both.until(lambda: reviewed.asked.is_settled(BROWSED))
        assert batch(reviewed.both.home, BROWSED) == (
            "published",
            [(1, "first", "approved", "金额核对无误 amounts checked", "airflow")],
        )
        page.reload()
        assert page.locator("form[action$='/answer']").count() == 0
        with page.expect_download() as taken:
            page.locator("a[href*='/files/']").first.click()
        name = taken.value.suggested_filename.removeprefix(f"{BROWSED}-")
        published = [*(reviewed.both.home.path / "out").glob(f"*/*/{BROWSED}/{name}")]
        assert [path.read_bytes() for path in published] == [Path(taken.value.path()).read_bytes()]
        assert page.locator("a[href*='payment'], a[href$='.xml']").count() == 0
