"""Every page as people see it, light and dark, wide and narrow: nothing cut off, nothing pale, nothing beside the window.

Each view is also kept as a picture in screenshots/, for people to look at.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e import screen, server
from tests.pages import trained

WIDTHS = (1440, 820)
BRIGHTNESS = {"light": (0.8, 1.0), "dark": (0.0, 0.2)}  # of the paper, 0 black to 1 white
CONTRAST = {"text": 4.5, "control": 3.0}  # WCAG 2.2 AA for text, and for what marks a control
PATIENCE = 30_000  # milliseconds


@dataclass(frozen=True)
class View:
    """A page in one of its states: its address, what is done there, and what is visible when it is drawn."""

    path: str
    shown: Callable[[Page], object]
    act: Callable[[Page], object] = lambda page: None


def picture(name: str) -> Callable[[Page], object]:
    """Wait for a picture or chart by how its name begins."""
    return lambda page: expect(page.get_by_test_id("stMain").get_by_role("img", name=re.compile(f"^{name}")).first).to_be_visible()


def words(text: str) -> Callable[[Page], object]:
    """Wait for some words."""
    return lambda page: expect(page.get_by_test_id("stMain").get_by_text(text).first).to_be_visible()


def mapped(page: Page) -> None:
    """Wait for a map with points."""
    expect(page.locator(".st-key-map .plot").get_by_role("status")).to_have_text(re.compile(r"^[\d,]+ points$"))
    expect(page.get_by_test_id("stMetric").first).to_be_visible()


def side(kind: str, name: str) -> Callable[[Page], object]:
    """Choose one of a few that stand side by side."""
    return lambda page: page.get_by_test_id("stMain").get_by_role(kind, name=name, exact=True).click()  # type: ignore[arg-type]


def by_density(page: Page) -> None:
    """Colour the map by DBSCAN's groups."""
    page.get_by_role("tab", name="Groups").click()
    side("radio", "Cluster")(page)
    page.get_by_role("combobox", name="Find groups with").click()
    page.get_by_role("option", name="DBSCAN").click()


def advanced(page: Page) -> None:
    """Unfold the advanced knobs."""
    page.get_by_test_id("stMain").get_by_text("Advanced", exact=True).first.click()


def noise(page: Page) -> None:
    """Wait for groups with noise."""
    picture("Distance curve")(page)
    expect(page.locator(".st-key-map .legend li:visible").filter(has_text="Noise")).to_be_visible()


def beside(page: Page) -> None:
    """Watch a second run beside the first one."""
    page.get_by_role("combobox", name="Runs to watch").click()
    page.get_by_role("option", name=re.compile("Example: GAN on the ring")).click()
    page.keyboard.press("Escape")


VIEWS = {
    "home": View("", words("Latest runs")),
    "data": View("data", picture("Items of each class")),
    "data-points": View("data", picture("The points of"), side("radio", "Points")),
    "data-own": View("data", words("Bring your own"), side("radio", "Your own")),
    "train": View("train", words("Layers"), advanced),
    "train-watch": View("train?run=example-vae", picture("Evidence lower bound")),
    "train-two": View("train?run=example-gan", picture("Samples of Example: GAN on the ring"), beside),
    "samples": View("samples?run=example-vae", picture("Sample 1, large")),
    "samples-points": View("samples?run=example-ring", picture("Samples over the data")),
    "explore-sliders": View("explore?run=example-vae", picture("The numbers of this code")),
    "explore-pad": View("explore?run=example-vae", picture("The numbers of this code"), side("radio", "Pad")),
    "explore-walk": View("explore?run=example-vae", picture("spherical walk"), side("radio", "Walk")),
    "map": View("map?run=example-vae", mapped),
    "map-groups": View("map?run=example-vae", noise, by_density),
    "runs": View("runs", words("Compare")),
}


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[server.Server]:
    """The app with a run of one's own beside the examples."""
    home = tmp_path_factory.mktemp("pages")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LATENT_LAB_HOME", str(home))
        trained("fashion-mnist-mini", "vae", 40, title="A run with a rather long title, as people give them to runs")
    with server.serving(home) as running:
        yield running


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", VIEWS)
def test_a_page_looks_right(browser: Browser, full: server.Server, name: str, width: int):
    view = VIEWS[name]
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme="light")
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    try:
        page.goto(f"{full.address}/{view.path}")
        page.get_by_test_id("stMain").wait_for()
        screen.settled(page)
        view.act(page)
        view.shown(page)
        faults = {}
        for scheme, (least, most) in BRIGHTNESS.items():
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            page.wait_for_function(f"() => ({PAPER})() >= {least} && ({PAPER})() <= {most}")
            page.wait_for_timeout(400)  # charts draw themselves anew
            screen.shot(page, f"{name}-{width}-{scheme}")
            screen.no_error(page)
            faults |= {f"{scheme}: {fault}": None for fault in page.evaluate(FAULTS, CONTRAST)}
        assert not faults, "\n".join(["", *faults])
    finally:
        context.close()


PAPER = """() => {
    const [r, g, b] = getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor.match(/[\\d.]+/g);
    return (Number(r) + Number(g) + Number(b)) / 765;
}"""
FAULTS = (Path(__file__).parent / "faults.js").read_text(encoding="utf-8")
