"""What browser tests do to a page of the app: wait for it, and keep a picture of it for people to look at."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Page, expect

SCREENSHOTS = Path(__file__).resolve().parents[2] / "screenshots"
TALLEST = 4000  # pixels
SETTLED = "[data-testid=stApp][data-test-connection-state=CONNECTED][data-test-script-state=notRunning]"


def settled(page: Page, seconds: float = 30) -> None:
    """Wait until the page's script is done. Never comes while a fragment ticks: then wait for content."""
    expect(page.locator(SETTLED)).to_be_attached(timeout=1000 * seconds)


def no_error(page: Page) -> None:
    """Fail if the page shows an exception."""
    expect(page.get_by_test_id("stException")).to_have_count(0)


def shot(page: Page, name: str) -> Path:
    """Write the whole page, to its end, into screenshots/<name>.png, and return the path. Waits for parts that are still loading."""
    if not re.fullmatch(r"[a-z0-9-]+", name):
        raise ValueError(f"a screenshot's name has small letters, digits and hyphens, got {name!r}")
    path = SCREENSHOTS / f"{name}.png"
    expect(page.get_by_test_id("stSkeleton").or_(page.get_by_test_id("stAppSkeleton"))).to_have_count(0, timeout=10_000)
    before = page.viewport_size
    tall = page.evaluate("() => document.querySelector('[data-testid=stMain]')?.scrollHeight ?? 0")
    if before and tall > before["height"]:
        page.set_viewport_size({"width": before["width"], "height": min(int(tall) + 40, TALLEST)})
        page.wait_for_timeout(400)  # charts draw themselves anew at the new size
    page.screenshot(path=path)
    if before and page.viewport_size != before:
        page.set_viewport_size(before)
    return path
