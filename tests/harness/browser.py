"""Debian's Chromium, driven by Playwright, with everything that an opened page says or asks for."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
NO_CHROMIUM = "no Chromium: the report was not opened in a browser"

SWITCHES = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
DESKTOP, PHONE = (1280, 900), (360, 740)

PATIENCE = 30_000
"""Milliseconds."""


@dataclass
class Opened:
    """A page in the browser, what it complained of, and the addresses that it asked for."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)


@contextmanager
def running() -> Iterator[Browser]:
    """The browser, until the end of the block."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*SWITCHES])
        yield browser
        browser.close()


@contextmanager
def opened(browser: Browser, path: Path, size: tuple[int, int] = DESKTOP, **context: Any) -> Iterator[Opened]:
    """A report in a window of its own, offline, with its charts drawn."""
    width, height = size
    window = browser.new_context(viewport={"width": width, "height": height}, offline=True, **context)
    seen = Opened(window.new_page())
    page = seen.page
    page.set_default_timeout(PATIENCE)
    page.on("console", lambda message: seen.complaints.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: seen.complaints.append(f"error: {error}"))
    page.on("dialog", lambda dialog: seen.complaints.append(f"dialog: {dialog.message}"))
    page.on("request", lambda request: seen.addresses.append(request.url))
    page.goto(path.as_uri())
    if context.get("java_script_enabled", True):
        drawn(page)
    yield seen
    window.close()


def drawn(page: Page) -> None:
    """Wait until every chart that can be seen is drawn."""
    page.wait_for_selector("html[data-drawn=yes]", state="attached")
