"""A visitor for benchmarks: the app as a user starts it, a real browser, and the gestures that are timed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from genlib.runs import Run
from tests.e2e import browser as browsers
from tests.e2e.server import Server, serving

PATIENCE = 60_000  # milliseconds
# Times are taken inside the page, so that the driver's own delays do not count.
RECORD_CLICKS = "() => addEventListener('click', () => { window.clicked = Date.now() / 1000 }, true)"
RECORD_PICTURES = """() => {
  window.pictures = [];
  addEventListener('latent-lab-picture', (event) => {
    if (event.detail.alt.startsWith('Samples of')) requestAnimationFrame(() => window.pictures.push({at: Date.now() / 1000}));
  });
}"""
RECORD_DRAG = """() => {
  window.moved = 0; window.painted = [];
  addEventListener('pointermove', () => { window.moved = performance.now() }, true);
  addEventListener('latent-lab-answer', () => requestAnimationFrame(() => window.painted.push(performance.now())));
}"""


@contextmanager
def visiting(home: Path) -> Iterator[tuple[Server, Browser]]:
    """Start the app with a folder of its own, and a browser."""
    with serving(home) as server, sync_playwright() as playwright:
        path = browsers.find(playwright)
        if path is None:
            raise SystemExit(browsers.MISSING)
        with playwright.chromium.launch(executable_path=path, args=list(browsers.FLAGS)) as browser:
            yield server, browser


def open_tab(server: Server, browser: Browser, path: str = "") -> Page:
    """Open a page of the app with an empty browser cache."""
    page = browser.new_context(viewport={"width": 1440, "height": 1000}).new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(f"{server.address}/{path}", wait_until="commit")
    return page


def start_button(page: Page) -> None:
    """Wait for Home's one button."""
    page.locator(".st-key-quick-start button").wait_for()


def newest(home: Path) -> Run:
    """The run that was started last."""
    return Run.all(home / "runs", bundled=False)[0]


def click_train(page: Page) -> float:
    """Click Home's button and wait for the first picture; return when it was clicked, in seconds since 1970."""
    start_button(page)
    page.evaluate(RECORD_CLICKS)
    page.evaluate(RECORD_PICTURES)
    page.locator(".st-key-quick-start button").click()
    page.wait_for_function("() => window.pictures.length > 0")
    return float(page.evaluate("() => window.clicked"))


def click_stop(page: Page, run: Run) -> float:
    """Click Stop; return the seconds until the training had ended."""
    before = len(run.events())
    page.locator("[class*='st-key-stop-'] button").first.click()
    clicked = float(page.evaluate("() => window.clicked"))
    end = time.monotonic() + 30
    while time.monotonic() < end:
        ended = [event["time"] for event in run.events()[before:] if event["event"] == "stopped"]
        if ended:
            return float(ended[0]) - clicked
        time.sleep(0.02)
    raise RuntimeError(f"{run.name} did not stop within 30 s")


def drag(page: Page, moves: int = 40) -> list[float]:
    """Hold the pad's cross-hair and move it, each time until its picture is painted; return the milliseconds each took."""
    page.get_by_text("Pad", exact=True).click()
    plane = page.locator(".plane")
    plane.wait_for()
    page.wait_for_timeout(3000)  # tiles and density are there; only the drag is timed
    plane.scroll_into_view_if_needed()
    box = plane.bounding_box()
    assert box is not None
    page.evaluate(RECORD_DRAG)
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    took = []
    for number in range(moves + 3):
        share = (number % 20 + 1) / 22
        known = int(page.evaluate("() => window.painted.length"))
        page.mouse.move(box["x"] + share * box["width"], box["y"] + (0.2 + 0.6 * ((number * 7) % 20) / 20) * box["height"])
        page.wait_for_function(f"() => window.painted.length > {known} && window.painted.at(-1) > window.moved")
        took.append(float(page.evaluate(f"() => window.painted.slice({known}).find(at => at > window.moved) - window.moved")))
        page.wait_for_timeout(60)
    page.mouse.up()
    return took[3:]  # the first ones load what the rest have
