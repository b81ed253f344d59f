"""How long a visitor waits: first page, first live picture, Stop, a drag; and what watching costs the training.

All in a real Chromium against the app as a user starts it. `--only` names some of the parts.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks import visitor
from benchmarks.report import Figure, show
from genlib import images
from genlib.config import Config
from genlib.models import build
from genlib.presets import presets_for
from genlib.runs import Run

ROOT = Path(__file__).resolve().parents[1]
QUICK = ("fashion-mnist-mini", "vae")  # what Home's button trains
DECODED = (  # data set, size, model: grey and colour, the sizes of the bar
    ("fashion-mnist-mini", 28, "vae"),
    ("textures", 32, "vae"),
    ("shapes", 48, "gan"),
    ("shapes", 64, "vae"),
    ("shapes", 64, "gan"),
)
IMPORTED = """
import sys
from streamlit.testing.v1 import AppTest
AppTest.from_file("genlib/ui/frame.py", default_timeout=60).run()
print(*sorted({"torch", "umap"} & set(sys.modules)), sep="\\n", end="")
"""


def first_page(folder: Path) -> list[Figure]:
    """Open Home on a cold server, three times with an empty browser cache; and see what drawing it imports."""
    waits = []
    for number in range(3):
        with visitor.visiting(folder / f"first-{number}") as (server, browser):
            began = time.perf_counter()
            visitor.start_button(visitor.open_tab(server, browser))
            waits.append(time.perf_counter() - began)
    done = subprocess.run([sys.executable, "-c", IMPORTED], cwd=ROOT, capture_output=True, text=True, check=True)
    heavy = len(done.stdout.split())
    return [Figure("first page, cold server", median(waits), "s", 3), Figure("torch and umap imported by it", heavy, "of 2", 0)]


def training(folder: Path) -> list[Figure]:
    """Click Train on Home, watch for ten seconds, click Stop."""
    with visitor.visiting(folder / "training") as (server, browser):
        page = visitor.open_tab(server, browser)
        visitor.start_button(page)
        page.wait_for_timeout(10_000)  # somebody reads; the app warms up meanwhile
        clicked = visitor.click_train(page)
        page.wait_for_timeout(12_000)
        shown = [picture["at"] for picture in page.evaluate("() => window.pictures")]
        stop = visitor.click_stop(page, visitor.newest(server.home))
    watched = [at for at in shown if at > shown[0] + 2]
    return [
        Figure("click on Train to first picture", shown[0] - clicked, "s", 3),
        Figure("click on Train to second picture, which has learned", shown[1] - clicked, "s"),
        Figure("live pictures while watching", (len(watched) - 1) / (watched[-1] - watched[0]), "a second", 2, least=True),
        Figure("longest wait between two", max(np.diff(watched)), "s"),
        Figure("click on Stop to stopped", stop, "s", 0.5),
    ]


def dragging(folder: Path) -> list[Figure]:
    """Drag in Explore's pad, first with nothing training, then beside a run that trains."""
    with visitor.visiting(folder / "dragging") as (server, browser):
        page = visitor.open_tab(server, browser)
        visitor.click_train(page)
        page.wait_for_timeout(6000)
        run = visitor.newest(server.home)
        visitor.click_stop(page, run)
        page.context.close()
        idle = visitor.drag(visitor.open_tab(server, browser, f"explore?run={run.name}"))
        other = visitor.open_tab(server, browser)
        visitor.click_train(other)
        other.context.close()  # the run goes on unwatched
        busy = visitor.drag(visitor.open_tab(server, browser, f"explore?run={run.name}"))
        assert visitor.newest(server.home).events()[-1]["event"] == "running", "the run ended before the drag did"
    return [
        Figure("drag to picture, idle, p50", float(np.percentile(idle, 50)), "ms", 150),
        Figure("drag to picture, idle, p95", float(np.percentile(idle, 95)), "ms"),
        Figure("drag to picture, while training, p50", float(np.percentile(busy, 50)), "ms", 400),
        Figure("drag to picture, while training, p95", float(np.percentile(busy, 95)), "ms"),
    ]


def decoding(folder: Path) -> list[Figure]:
    """One code to the PNG that a dragged pad shows, on the server's side, with the default networks."""
    figures = []
    for dataset, size, name in DECODED:
        config = Config.create(dataset, name, size=size)
        model = build(config, config.shape).eval()
        codes = np.random.default_rng(0).standard_normal((120, 1, config.latent_dim)).astype(np.float32)
        took = []
        for code in codes:
            began = time.perf_counter()
            images.png(images.enlarge(model.generate(code)[0], 576))
            took.append(1000 * (time.perf_counter() - began))
        figures.append(Figure(f"decode {dataset} {size}x{size}, {name}, p95", float(np.percentile(took[20:], 95)), "ms", 50))
    return figures


@contextmanager
def from_command_line(folder: Path) -> Iterator[Run]:
    """Train Home's recipe without a browser, until the block is left."""
    preset = next(iter(presets_for(QUICK[0], "pictures", QUICK[1])))
    command = [sys.executable, "-m", "genlib.train", "--dataset", QUICK[0], "--model", QUICK[1], "--preset", preset, "--steps", "1000000"]
    process = subprocess.Popen([*command, "--runs", str(folder)], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        end = time.monotonic() + 60
        while not (runs := Run.all(folder, bundled=False)) or not runs[0].history():
            if time.monotonic() > end:
                raise RuntimeError("the run did not start within a minute")
            time.sleep(0.2)
        yield runs[0]
    finally:
        process.terminate()
        process.wait()


def pace(run: Run, seconds: float) -> float:
    """Steps a second by the run's own log, over the next seconds."""
    before = run.history()
    time.sleep(seconds)
    after = run.history()
    return float((after["step"][-1] - before["step"][-1]) / (after["seconds"][-1] - before["seconds"][-1]))


def watching(folder: Path, rounds: int = 8) -> list[Figure]:
    """Compare the speed of one run from the command line while its page is open and while it is closed, in turn."""
    with visitor.visiting(folder) as (server, browser), from_command_line(server.home / "runs") as run:
        pairs = []
        for _ in range(rounds):
            page = visitor.open_tab(server, browser, f"train?run={run.name}")
            page.evaluate(visitor.RECORD_PICTURES)
            page.wait_for_function("() => window.pictures.length > 4")
            watched = pace(run, 8)
            page.context.close()
            time.sleep(1)
            pairs.append((watched, pace(run, 8)))
    return [
        Figure(
            "training speed while watched, of the command line's", median(100 * ours / alone for ours, alone in pairs), "%", 95, least=True
        ),
        Figure("steps a second, watched", median(ours for ours, _ in pairs), "/s"),
        Figure("steps a second, command line", median(alone for _, alone in pairs), "/s"),
    ]


PARTS = {"page": first_page, "training": training, "drag": dragging, "decode": decoding, "watching": watching}


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    figures = []
    with tempfile.TemporaryDirectory() as folder:
        for name in parser.parse_args().only:
            print(f"{name} ...", flush=True)
            measured = PARTS[name](Path(folder))
            print(json.dumps([figure.json() for figure in measured]), flush=True)
            figures += measured
    show("How long a visitor waits", figures)


if __name__ == "__main__":
    main()
