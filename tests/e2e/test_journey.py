"""A newcomer's whole way through the app, in a real Chromium: data, training, samples, latent space, map, runs.

The tests share one server with an empty folder of its own and are meant to run in order: later ones use the runs that earlier ones
trained, and say so where such a run is missing.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
import signal
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, TimeoutError, expect

from genlib import images
from tests.e2e import screen, server

MANY = "1000000"  # steps: a run that does not end while a test looks at it
SECOND = 1000  # milliseconds
AWAY = ("WebSocket", "ERR_CONNECTION_REFUSED", "ERR_CONNECTION_RESET")  # while the server was away, on purpose
# Streamlit asks where it lives, first of all below the page's own address; and a live picture may be gone when it is asked for, as a
# newer one has taken its place: that none stays broken is looked at in the end.
HARMLESS = re.compile(r"404.*(/\w+/_stcore/(health|host-config)|/media/\w+\.png)$|Image source error - \S+/media/\w+\.png")
SAVE_FILM = re.compile("^Save the film")
BROKEN = "() => [...document.images].filter(image => image.complete && !image.naturalWidth).map(image => image.src)"


# The lab: one server, one visitor, and everything the browser complains about


@dataclass
class Lab:
    """A server with one visitor. `errors` is what the browser's console said, `page` the visitor's tab."""

    server: server.Server
    context: BrowserContext
    errors: list[str] = field(default_factory=list)
    page: Page = field(init=False)

    def __post_init__(self) -> None:
        self.page = self.tab()

    def tab(self) -> Page:
        """Open another tab, which is watched for errors."""
        page = self.context.new_page()
        page.on("pageerror", lambda error: self.errors.append(f"uncaught: {error}"))
        page.on("console", self.note)
        return page

    def note(self, message: ConsoleMessage) -> None:
        """Keep what the console says if it is an error, and of the app."""
        text = f"{message.text} {message.location.get('url', '')}"
        if message.type == "error" and not HARMLESS.search(text):
            self.errors.append(text)

    def open(self, path: str = "", page: Page | None = None) -> Page:
        """Go to a page by its address."""
        page = page or self.page
        page.goto(f"{self.server.address}/{path}")
        page.get_by_test_id("stMain").get_by_role("heading").first.wait_for()
        return page

    def folder(self, title: str) -> Path:
        """Return the folder of the run with this title; fail where it is missing, because its test has failed."""
        for config in sorted((self.server.home / "runs").glob("*/config.json")):
            if json.loads(config.read_text())["title"] == title:
                return config.parent
        pytest.fail(f"there is no run {title!r}: the test that trains it has failed, or was not run", pytrace=False)

    def worker(self, title: str) -> int:
        """Return the process id of the run's worker."""
        return int(json.loads((self.folder(title) / "worker.json").read_text())["pid"])


@pytest.fixture(scope="module")
def lab(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A lab on a fresh machine."""
    home = tmp_path_factory.mktemp("journey")
    context = browser.new_context(viewport={"width": 1440, "height": 1000}, accept_downloads=True)
    context.set_default_timeout(20 * SECOND)
    made = Lab(server.start(home), context)
    try:
        yield made
    finally:
        context.close()
        made.server.stop()
        server.end_all(home)


@pytest.fixture(autouse=True)
def healthy(lab: Lab, request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test in which the browser reported an error, a page broke, or the server printed a traceback. Keep a picture of its end."""
    lab.errors.clear()
    printed = lab.server.log.stat().st_size
    yield
    lab.page.screenshot(path=screen.SCREENSHOTS / f"journey-{request.node.originalname.removeprefix('test_').replace('_', '-')}.png")
    for page in lab.context.pages:
        screen.no_error(page)
        until(page, "every picture on the page is there", lambda page=page: not page.evaluate(BROKEN), 5)
    new = lab.server.log.read_bytes()[printed:].decode(errors="replace")
    assert "Traceback" not in new, new
    assert not lab.errors, lab.errors


# What a visitor does


def go(page: Page, name: str) -> None:
    """Go to a page by the navigation at the left."""
    page.get_by_test_id("stSidebarNav").get_by_role("link", name=name, exact=True).click()
    expect(page.get_by_test_id("stMain").get_by_role("heading", name=name, exact=True)).to_be_visible()


def choose(page: Page, label: str, option: str | re.Pattern[str]) -> None:
    """Choose from a list. It closes when the page is drawn anew under it; then it is opened again, as anybody would."""
    for _ in range(4):
        page.get_by_role("combobox", name=label).first.click()
        try:
            return page.get_by_role("option", name=option).first.click(timeout=4 * SECOND)
        except TimeoutError:
            page.keyboard.press("Escape")
    pytest.fail(f"the list {label} offers no {option}", pytrace=False)


def add(page: Page, label: str, option: str) -> bool:
    """Try to choose one more from a list: by typing, as the list draws only its top. It closes when the page moves under it: then False."""
    page.get_by_role("combobox", name=label).fill(option)
    try:
        page.get_by_role("option", name=re.compile(f"^{option}")).first.click(timeout=2 * SECOND)
    except TimeoutError:
        return False
    page.wait_for_timeout(SECOND)
    page.keyboard.press("Escape")
    return True


def take(page: Page, option: str) -> None:
    """Choose one of a few that stand side by side."""
    page.get_by_test_id("stMain").get_by_role("radio", name=option, exact=True).click()


def enter(page: Page, role: Any, label: str, value: str) -> None:
    """Type into a field and leave it."""
    box = page.get_by_role(role, name=label, exact=True).first
    box.fill(value)
    box.press("Enter")


def start_training(page: Page, title: str, model: str, steps: str = MANY, **lists: str) -> None:
    """Fill the form of the page Train, and start."""
    choose(page, "Model", re.compile(model))
    for label, option in lists.items():
        choose(page, label, option)
    enter(page, "spinbutton", "Steps", steps)
    enter(page, "textbox", "Title", title)
    press(page, "Start training")


def press(page: Page, name: str) -> None:
    """Press a button of the page itself."""
    page.get_by_test_id("stMain").get_by_role("button", name=name, exact=True).click()


def saved(page: Page, name: str | re.Pattern[str]) -> bytes:
    """Press a button that saves a file, and return the file."""
    with page.expect_download(timeout=30 * SECOND) as download:
        page.get_by_test_id("stMain").get_by_role("button", name=name).click()
    return Path(download.value.path()).read_bytes()


def box_of(locator: Locator) -> dict[str, float]:
    """Return the place of an element in the window, scrolled to: x, y, width, height."""
    locator.scroll_into_view_if_needed()
    found = locator.bounding_box()
    assert found is not None, "the element has no place on the page"
    return dict(found)


def drag(page: Page, places: list[tuple[float, float]]) -> None:
    """Press at the first place, go along the others, let go."""
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=8)
    page.mouse.up()


# What a visitor sees


def badge(page: Page, word: str, seconds: float = 20) -> None:
    """Wait until the run that is watched has this state."""
    expect(page.get_by_test_id("stMain").locator(".stBadge, .stMarkdownBadge").filter(has_text=word).first).to_be_visible(
        timeout=seconds * SECOND
    )


def steps_of(page: Page) -> int:
    """Return how many steps the page says the run has done."""
    text = page.get_by_text(re.compile(r"^Step [\d,]+ of [\d,]+$")).first.inner_text()
    return int(text.split()[1].replace(",", ""))


def until(page: Page, what: str, wanted: Callable[[], Any], seconds: float = 20) -> None:
    """Wait until something is true; fail with the sentence where it does not come."""
    end = time.monotonic() + seconds
    while not wanted():
        assert time.monotonic() < end, f"after {seconds:.0f} seconds still not: {what}"
        page.wait_for_timeout(50)


def samples_of(page: Page, title: str) -> Locator:
    """Return the picture of what a watched run draws."""
    return page.get_by_test_id("stMain").get_by_role("img", name=re.compile(f"^Samples of {title}"))


def look(locator: Locator) -> str:
    """Return something that changes when a picture changes: its address, or the pixels of a canvas."""
    return str(
        locator.evaluate("e => e.tagName === 'IMG' ? e.src : e.tagName === 'CANVAS' ? e.toDataURL() : getComputedStyle(e).backgroundImage")
    )


def changes(page: Page, picture: Locator, before: str, what: str, seconds: float = 20) -> None:
    """Wait until a picture is another one."""
    until(page, f"{what} changed", lambda: look(picture) != before, seconds)


# Home and Data


def test_home_says_what_this_is(lab: Lab):
    page = lab.open()
    expect(page.get_by_role("heading", name="See a model learn")).to_be_visible()
    expect(page.get_by_role("button", name="Train a VAE on Fashion-MNIST now")).to_be_enabled()


def test_data_are_chosen_and_looked_at(lab: Lab):
    page = lab.open()
    go(page, "Data")
    clothes = page.get_by_role("img", name="Pictures of each class, a line a class")
    expect(clothes).to_be_visible()
    before = look(clothes)
    choose(page, "Data set", "Handwritten digits")
    changes(page, clothes, before, "the gallery")
    before = look(clothes)
    press(page, "Show others")
    changes(page, clothes, before, "the gallery after Show others")
    take(page, "Points")
    expect(page.get_by_role("img", name=re.compile("^The points of"))).to_be_visible()
    take(page, "Pictures")
    choose(page, "Data set", "Fashion-MNIST, small")
    expect(page.get_by_text("Ankle boot").first).to_be_visible()
    press(page, "Train with this data")
    expect(page.get_by_role("combobox", name="Data set")).to_have_value("Fashion-MNIST, small")


def archive() -> bytes:
    """Make a ZIP of 40 pictures in two folders, with one file that is none."""
    chance = np.random.default_rng(0)
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as made:
        for kind in ("cats", "dogs"):
            for i in range(20):
                picture = io.BytesIO()
                Image.fromarray(chance.integers(0, 255, (40, 50, 3), dtype=np.uint8)).save(picture, "PNG")
                made.writestr(f"{kind}/{i:02d}.png", picture.getvalue())
        made.writestr("cats/torn.png", b"this is not a picture")
    return written.getvalue()


def test_own_pictures_are_read_kept_and_trained_on(lab: Lab):
    page = lab.open("data")
    take(page, "Your own")
    chooser = page.get_by_test_id("stFileUploader").locator("input[type=file]")
    chooser.set_input_files({"name": "pets.zip", "mimeType": "application/zip", "buffer": archive()})
    choose(page, "size", "32")
    press(page, "Read them")
    expect(page.get_by_text("40 pictures in 2 classes can be used.")).to_be_visible()
    expect(page.get_by_text("1 file was left out.")).to_be_visible()
    listed = page.get_by_test_id("stDataFrame").locator("[role=gridcell]")
    expect(listed.nth(0)).to_have_text("cats/torn.png")
    expect(listed.nth(1)).to_have_text(re.compile(r"\w+ \w+ \w+"))  # the reason is a sentence
    enter(page, "textbox", "Name to keep them under", "Pets")
    press(page, "Keep")
    expect(page.get_by_role("combobox", name="Data set")).to_have_value("Pets")
    expect(page.get_by_text("dogs").first).to_be_visible()
    press(page, "Train with this data")
    start_training(page, "Pets VAE", "VAE", steps="8")
    badge(page, "Finished", seconds=40)
    expect(samples_of(page, "Pets VAE")).to_be_visible()


# Train


def test_a_vae_trains_live(lab: Lab):
    page = lab.open("data")
    press(page, "Train with this data")
    start_training(page, "Clothes VAE", "VAE")
    picture = samples_of(page, "Clothes VAE")
    expect(picture).to_be_visible()
    badge(page, "Training")
    for time_ in ("first", "second", "third"):
        changes(page, picture, look(picture), f"the live picture, for the {time_} time,", 6)
    expect(page.get_by_role("img", name=re.compile("^Originals and reconstructions"))).to_be_visible()
    for curve in ("Loss", "Reconstruction", "Divergence from the prior"):
        expect(page.get_by_role("img", name=re.compile(f"^{curve} by training step")).first).to_be_attached()
    expect(page.get_by_text(re.compile(r"^[\d,]+ items/s$"))).to_be_visible()
    expect(page.get_by_test_id("stMain").get_by_text("CPU").first).to_be_visible()


def test_pause_single_step_and_resume(lab: Lab):
    page = watching(lab, "Clothes VAE")
    press(page, "Pause")
    badge(page, "Paused")
    page.wait_for_timeout(2 * SECOND)  # the last tick before the pause is on screen
    paused = steps_of(page)
    page.wait_for_timeout(2 * SECOND)
    assert steps_of(page) == paused, "steps are counted while the run is paused"
    press(page, "Step")
    until(page, "a single step adds one step", lambda: steps_of(page) > paused)
    page.wait_for_timeout(2 * SECOND)
    assert steps_of(page) == paused + 1, "Step did not add exactly one step"
    badge(page, "Paused")
    press(page, "Resume")
    badge(page, "Training")
    until(page, "the run goes on after Resume", lambda: steps_of(page) > paused + 5)


def test_a_knob_is_turned_while_it_trains(lab: Lab):
    page = watching(lab, "Clothes VAE")
    form = page.locator("[class*=st-key-turning-]")
    form.get_by_text("Turn knobs while it trains").click()
    form.get_by_role("spinbutton", name="Beta", exact=True).fill("4")
    page.wait_for_timeout(6 * SECOND)  # the panel is drawn anew meanwhile, and what was typed stays
    form.get_by_role("button", name="Apply").click()
    expect(page.get_by_text(re.compile(r"Turned while it trained: at step [\d,]+ beta 1 → 4"))).to_be_visible()
    turned = [json.loads(line) for line in (lab.folder("Clothes VAE") / "events.jsonl").read_text().splitlines()]
    assert [event["options"] for event in turned if event["event"] == "turned"] == [{"beta": 4.0}]
    badge(page, "Training")


def watching(lab: Lab, title: str) -> Page:
    """Go to the page Train with the named run on it."""
    page = lab.open(f"train?run={lab.folder(title).name}")
    expect(page.get_by_role("heading", name=title)).to_be_visible()
    return page


def test_reload_and_a_second_tab_show_the_run(lab: Lab):
    page = watching(lab, "Clothes VAE")
    page.reload()
    expect(page.get_by_role("heading", name="Clothes VAE")).to_be_visible()
    badge(page, "Training")
    second = lab.open(f"train?run={lab.folder('Clothes VAE').name}", lab.tab())
    badge(second, "Training")
    expect(samples_of(second, "Clothes VAE")).to_be_visible()
    changes(second, samples_of(second, "Clothes VAE"), look(samples_of(second, "Clothes VAE")), "the picture in the second tab")
    second.close()


def test_leaving_the_page_does_not_stop_it(lab: Lab):
    page = watching(lab, "Clothes VAE")
    before = steps_of(page)
    page.goto("about:blank")
    page.wait_for_timeout(2 * SECOND)
    lab.open()
    page.get_by_test_id("stSidebar").get_by_role("button", name="Clothes VAE").click()
    badge(page, "Training")
    until(page, "the run went on while nobody looked", lambda: steps_of(page) > before + 5)


def test_a_second_run_waits_and_says_its_place(lab: Lab):
    page = lab.open()
    press(page, "Train a VAE on Fashion-MNIST now")
    expect(page.get_by_text("next in line")).to_be_visible()
    badge(page, "Waiting")
    take(page, "Set up")
    choose(page, "Data set", "Fashion-MNIST, small")
    start_training(page, "Clothes GAN", "GAN")
    expect(page.get_by_text("1 more before it")).to_be_visible()
    quick = watching(lab, "VAE on Fashion-MNIST, small")
    press(quick, "Stop")
    badge(quick, "Stopped")
    expect(watching(lab, "Clothes GAN").get_by_text("next in line")).to_be_visible()


def test_stop_ends_it_and_the_next_one_starts(lab: Lab):
    page = watching(lab, "Clothes VAE")
    badge(page, "Training")
    press(page, "Stop")
    badge(page, "Stopped")
    stopped = steps_of(page)
    page = watching(lab, "Clothes GAN")
    badge(page, "Training")
    picture = samples_of(page, "Clothes GAN")
    expect(picture).to_be_visible()
    changes(page, picture, look(picture), "the picture of the GAN", 8)
    expect(page.get_by_role("img", name=re.compile("by training step.*[Dd]iscriminator")).first).to_be_attached()
    assert steps_of(watching(lab, "Clothes VAE")) == stopped


def test_a_restarted_server_adopts_the_run(lab: Lab):
    page = watching(lab, "Clothes GAN")
    badge(page, "Training")
    before, worker = steps_of(page), lab.worker("Clothes GAN")
    page.goto("about:blank")
    lab.server.stop()
    lab.server = server.start(lab.server.home)
    lab.errors[:] = [error for error in lab.errors if not any(word in error for word in AWAY)]
    page = watching(lab, "Clothes GAN")
    badge(page, "Training")
    until(page, "the run goes on after the restart", lambda: steps_of(page) > before + 5)
    assert lab.worker("Clothes GAN") == worker, "the run was given to another process"


def test_a_killed_worker_is_told_and_resumed(lab: Lab):
    page = watching(lab, "Clothes GAN")
    badge(page, "Training")
    os.kill(lab.worker("Clothes GAN"), signal.SIGKILL)
    badge(page, "Interrupted")
    expect(page.get_by_text("The training process is gone")).to_be_visible()
    kept = steps_of(page)
    press(page, "Resume")
    badge(page, "Training")
    until(page, "the run goes past where it was killed", lambda: steps_of(page) > kept + 5, 30)
    press(page, "Stop")
    badge(page, "Stopped")


# Samples


def opened(lab: Lab, path: str, title: str) -> Page:
    """Open a page about a run and wait for its first content."""
    page = lab.open(f"{path}?run={lab.folder(title).name}")
    expect(page.get_by_role("combobox", name="Run", exact=True)).to_have_value(re.compile(title))
    return page


def test_samples_are_drawn_looked_at_and_saved(lab: Lab):
    page = opened(lab, "samples", "Clothes VAE")
    ninth = page.get_by_role("radio", name="Sample 9", exact=True)
    ninth.click()
    expect(page.get_by_role("heading", name="Sample 9")).to_be_visible()
    large = page.get_by_role("img", name="Sample 9, large")
    expect(large).to_be_visible()
    expect(page.get_by_text("The nearest training items")).to_be_visible()
    near = [float(text) for text in page.get_by_test_id("stMain").locator("strong").all_inner_texts() if re.fullmatch(r"[\d.]+", text)]
    assert len(near) >= 5 and near == sorted(near), f"five distances in rising order were expected, the page shows {near}"
    before, sheet = look(large), look(ninth)
    press(page, "New seed")
    changes(page, large, before, "the large picture after New seed")
    changes(page, ninth, sheet, "the gallery after New seed")
    whole = images.read_png(saved(page, "All as one PNG"))
    assert whole.shape[0] >= 8 * 28 and whole.shape[1] >= 8 * 28
    with zipfile.ZipFile(io.BytesIO(saved(page, "Each as PNG (ZIP)"))) as pack:
        names = pack.namelist()
        assert len(names) == 64
        assert images.read_png(pack.read(names[0])).shape[:2] == (28, 28)


def test_it_is_measured_how_good_a_run_is(lab: Lab):
    page = opened(lab, "samples", "Clothes VAE")
    press(page, "Measure this snapshot")
    row = page.get_by_role("row", name=re.compile("^Fréchet distance"))
    expect(row).to_be_visible(timeout=90 * SECOND)  # the small network that compares is trained first
    value, floor = (float(cell.replace("±", " ").split()[0]) for cell in row.get_by_role("cell").all_inner_texts()[1:3])
    assert value > floor > 0, "real pictures are nearer to real ones than samples are"
    expect(page.get_by_text(re.compile(r"Measured on [\d,]+ samples"))).to_be_visible()


def test_samples_of_a_gan_are_there_too(lab: Lab):
    page = opened(lab, "samples", "Clothes GAN")
    page.get_by_role("radio", name="Sample 2", exact=True).click()
    expect(page.get_by_role("img", name="Sample 2, large")).to_be_visible()


# Explore


def canvas_of(page: Page, key: str) -> Locator:
    """Return the picture beside a live part."""
    return page.locator(f"[class*=st-key-{key}][class*=answer] canvas").first


@pytest.mark.parametrize("title", ["Clothes VAE", "Clothes GAN"])
def test_dragging_a_slider_changes_the_picture(lab: Lab, title: str):
    page = opened(lab, "explore", title)
    slider = page.get_by_test_id("stMain").locator("[class*=st-key-explore-sliders] input[type=range]").first
    picture = canvas_of(page, "explore-sliders")
    expect(picture).to_be_visible()
    inside = box_of(slider)
    middle = inside["y"] + inside["height"] / 2
    before = look(picture)
    page.mouse.move(inside["x"] + inside["width"] / 2, middle)
    page.mouse.down()
    page.mouse.move(inside["x"] + 0.95 * inside["width"], middle, steps=10)
    changes(page, picture, before, "the picture while a slider is dragged")
    page.mouse.up()
    before = look(picture)
    page.get_by_role("button", name="Reset", exact=True).click()
    changes(page, picture, before, "the picture after Reset")


def test_dragging_the_pad_changes_the_picture(lab: Lab):
    page = opened(lab, "explore", "Clothes VAE")
    take(page, "Pad")
    plane = page.locator("[class*=st-key-explore-pad] .plane")
    picture = canvas_of(page, "explore-pad")
    expect(picture).to_be_visible()
    inside = box_of(plane)
    x, y = inside["x"] + inside["width"] / 2, inside["y"] + inside["height"] / 2
    before = look(picture)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + inside["width"] / 3, y - inside["height"] / 3, steps=10)
    changes(page, picture, before, "the picture while the pad is dragged")
    page.mouse.up()
    page.wait_for_timeout(2 * SECOND)  # as a hand takes to get there: a file that is asked for while the page is drawn anew is refused
    assert images.read_png(saved(page, "Picture")).shape[0] >= 28


def test_a_walk_becomes_a_strip_and_a_film(lab: Lab):
    page = opened(lab, "explore", "Clothes VAE")
    take(page, "Walk")
    for kind in ("straight", "spherical"):
        expect(page.get_by_role("img", name=re.compile(f"^{kind} walk"))).to_be_visible()
    press(page, "Make the film")
    film = page.get_by_role("img", name=re.compile("^Film"))
    expect(film).to_be_visible(timeout=30 * SECOND)
    shown = lab.context.request.get(look(film)).body()
    for data in (shown, saved(page, SAVE_FILM)):
        with Image.open(io.BytesIO(data)) as read:
            assert read.format == "GIF" and getattr(read, "n_frames", 1) > 40, "the film does not move"
    choose(page, "Format", "MP4")
    press(page, "Make the film")
    expect(page.locator("video")).to_be_visible(timeout=30 * SECOND)
    with av.open(io.BytesIO(saved(page, SAVE_FILM))) as read:
        assert sum(1 for _ in read.decode(video=0)) > 40


# Map


def map_of(page: Page) -> Locator:
    """Return the plot of the map, once it has points."""
    plot = page.locator(".st-key-map .plot")
    expect(plot.get_by_role("status")).to_have_text(re.compile(r"^[\d,]+ points$"), timeout=30 * SECOND)
    return plot


def groups_of(page: Page) -> list[str]:
    """Return the names in the map's legend."""
    return [name.strip() for name in page.locator(".st-key-map .legend li:visible .label").all_inner_texts()]


def test_the_map_is_projected_with_progress(lab: Lab):
    page = opened(lab, "map", "Clothes VAE")
    plot = map_of(page)
    assert "Sneaker" in groups_of(page)
    points = plot.locator("canvas.points")
    choose(page, "Projector", "PCA")
    expect(page.get_by_text("items by PCA")).to_be_visible()
    before = look(points)
    choose(page, "Projector", "UMAP")
    press(page, "Draw this map")
    expect(page.get_by_test_id("stMain").get_by_role("progressbar").first).to_be_visible()
    expect(page.get_by_text("items by UMAP")).to_be_visible(timeout=60 * SECOND)
    changes(page, points, before, "the map")


def test_hovering_shows_a_picture_and_a_lasso_selects(lab: Lab):
    page = opened(lab, "map", "Clothes VAE")
    plot = map_of(page)
    inside = box_of(plot)
    tip = plot.locator(".tip")

    def found() -> bool:
        for i in range(1, 30):
            page.mouse.move(inside["x"] + inside["width"] * i / 30, inside["y"] + inside["height"] * (0.3 + 0.4 * (i % 5) / 4))
            if tip.is_visible():
                return True
        return False

    until(page, "hovering over the map shows a picture", found)
    assert tip.locator("canvas").evaluate("c => c.width * c.height") > 0
    plot.get_by_role("button", name="Select with a lasso").click()
    left, top = inside["x"] + 8, inside["y"] + 60
    right, low = inside["x"] + inside["width"] - 8, inside["y"] + inside["height"] - 40
    drag(page, [(left, top), (right, top), (right, low), (left, low), (left, top)])
    expect(page.get_by_role("heading", name=re.compile(r"^[\d,]+ selected$"))).to_be_visible()
    expect(page.get_by_role("img", name=re.compile("of the selected items$"))).to_be_visible()
    expect(page.get_by_role("img", name="Classes of the selection")).to_be_visible()


def test_groups_are_found_by_k_means_and_by_density(lab: Lab):
    page = opened(lab, "map", "Clothes VAE")
    map_of(page)
    page.get_by_role("tab", name="Groups").click()
    take(page, "Cluster")
    until(page, "the legend names ten clusters", lambda: len(groups_of(page)) == 10 and "Cluster 1" in groups_of(page))
    for figure in ("ARI", "NMI", "Silhouette"):
        expect(page.get_by_test_id("stMetric").filter(has_text=figure)).to_contain_text(re.compile(r"\d"))
    choose(page, "Find groups with", "DBSCAN")
    expect(page.get_by_role("img", name=re.compile("^Distance curve; its knee is at"))).to_be_visible()
    until(page, "noise is a group of its own", lambda: "Noise" in groups_of(page))
    expect(page.get_by_test_id("stMetric").filter(has_text="Noise")).to_contain_text("%")
    rows = list(csv.reader(io.StringIO(saved(page, "Map as CSV").decode())))
    assert len(rows) > 1000 and all(len(row) == len(rows[0]) for row in rows)
    assert any("-1" in row for row in rows[1:]), "noise is missing in the table"


# Runs


def row_of(page: Page, folder: Path) -> Locator:
    """Return the line of a run on the page Runs."""
    return page.locator(f".st-key-run-{folder.name}")


def test_a_run_gets_another_name(lab: Lab):
    folder = lab.folder("Pets VAE")
    page = lab.open("runs")
    row_of(page, folder).get_by_role("button", name="Rename").click()
    box = page.get_by_role("textbox", name="Title")
    box.fill("My pets")
    page.get_by_role("button", name="Save").click()
    expect(row_of(page, folder).get_by_text("My pets")).to_be_visible()
    assert json.loads((folder / "config.json").read_text())["title"] == "My pets"


def test_curves_of_runs_are_compared(lab: Lab):
    page = lab.open("runs")
    expect(page.get_by_role("heading", name="Compare")).to_be_visible()
    screen.settled(page)
    compared = page.get_by_role("group", name="Selected values")
    expect(compared).to_contain_text("Clothes GAN")  # the newest, and another one with the same curves
    expect(page.get_by_role("img", name=re.compile("by training step: Clothes GAN, .*GAN"))).to_be_visible()
    until(page, "a third run is chosen", lambda: add(page, "Runs to compare", "Clothes VAE") and "Clothes VAE" in compared.inner_text())
    take(page, "ELBO, test")
    expect(page.get_by_role("img", name=re.compile("^ELBO, test by training step: Clothes VAE"))).to_be_visible()


def test_a_run_is_opened_and_deleted_after_one_question(lab: Lab):
    folder = lab.folder("My pets")
    page = lab.open("runs")
    row_of(page, folder).get_by_role("button", name="Open").click()
    expect(page.get_by_role("heading", name="My pets")).to_be_visible()
    badge(page, "Finished")
    go(page, "Runs")
    row_of(page, folder).get_by_role("button", name="Delete").click()
    expect(page.get_by_text("This cannot be undone.")).to_be_visible()
    assert folder.exists(), "the run was deleted without a question"
    page.get_by_role("button", name="Delete it").click()
    expect(page.get_by_text("Deleted My pets.")).to_be_visible()
    expect(row_of(page, folder)).to_have_count(0)
    assert not folder.exists()
