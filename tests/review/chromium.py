"""The browser of the tests: Debian's Chromium, which the tests do not install."""

from collections.abc import Iterator
from contextlib import contextmanager
from shutil import which

import pytest
from playwright.sync_api import Browser, Playwright


@contextmanager
def chromium(playwright: Playwright) -> Iterator[Browser]:
    """Chromium without a window. The test fails where there is none."""
    path = which("chromium")
    if path is None:
        pytest.fail("these tests look at the pages in Chromium: apt install chromium")
    with playwright.chromium.launch(executable_path=path, args=["--no-sandbox"]) as browser:
        yield browser
