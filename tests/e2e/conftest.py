"""The real app in a real browser: one server a session, and pages of it in both colour schemes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Playwright

from tests.e2e import browser as browsers
from tests.e2e import screen
from tests.e2e.server import Server, serving

SCHEMES = ("light", "dark")
PATIENCE = 15_000  # milliseconds; two busy cores
Visit = Callable[..., Page]


@pytest.fixture(scope="session")
def browser_type_launch_args(playwright: Playwright) -> dict[str, Any]:
    """Launch the Chromium that is there; fail with the sentence if there is none."""
    path = browsers.find(playwright)
    if path is None:
        pytest.fail(browsers.MISSING, pytrace=False)
    return {"executable_path": path, "args": list(browsers.FLAGS), "headless": True}


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The app, started as a user starts it, with an empty folder of its own."""
    with serving(tmp_path_factory.mktemp("home")) as running:
        yield running


@pytest.fixture
def visit(browser: Browser, server: Server) -> Iterator[Visit]:
    """Open pages of the app: visit("map?run=x", scheme="dark", width=820) -> Page. Fails if the server printed a traceback meanwhile."""
    contexts = []
    printed = server.log.stat().st_size

    def open_page(path: str = "", *, scheme: str = "light", width: int = 1440, height: int = 900) -> Page:
        context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": height})  # type: ignore[arg-type]
        contexts.append(context)
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        page.goto(f"{server.address}/{path}")
        page.get_by_test_id("stMain").wait_for()
        return page

    yield open_page
    for context in contexts:
        for page in context.pages:
            screen.no_error(page)
        context.close()
    new = server.log.read_bytes()[printed:].decode(errors="replace")
    assert "Traceback" not in new, new


@pytest.fixture(params=SCHEMES)
def scheme(request: pytest.FixtureRequest) -> str:
    """Run the test once in light and once in dark."""
    return str(request.param)
