"""The map of 10,000 codes: seconds from the click to the finished UMAP, as the Map page computes it, when everything is warm."""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.report import Figure, show
from genlib import computation, maps, vectors
from genlib.computation import Computation
from genlib.config import Config
from genlib.project import PROJECTORS
from genlib.runs import Run
from genlib.train import train

COUNT, DIMENSIONS = 10_000, 32


def trained(root: Path, steps: int) -> Run:
    """Train a VAE with 32-dimensional codes on the bundled pictures for a little while."""
    recipe = Config.create("fashion-mnist-mini", "vae", {"trunk": "mlp"}, latent_dim=DIMENSIONS, steps=steps)
    run = Run.create(recipe, root)
    for _ in train(run):
        pass
    return run


def follow(function: Callable[..., Any], *arguments: Any, warm: computation.Warm) -> tuple[Any, float | None]:
    """Run a computation to its end; return its result and the seconds to its first progress. Raises RuntimeError if it fails."""
    began, first = time.perf_counter(), None
    running = Computation.start(function, *arguments, warm=warm)
    while not running.wait(0.01):
        if first is None and (running.fraction or running.message):
            first = time.perf_counter() - began
    if running.state != "done":
        raise RuntimeError(running.error)
    return running.result, first


def click(subject: vectors.Subject, seed: int) -> tuple[float, float, float]:
    """Do what the Map page does after its button: (seconds to the map, seconds to the first progress, trustworthiness)."""
    began = time.perf_counter()
    file, first = follow(vectors.make, subject, warm="torch")
    options = PROJECTORS["umap"].options()
    projection, later = follow(maps.draw, file, "umap", options, seed, warm="umap")
    seconds = time.perf_counter() - began
    return seconds, first if first is not None else (later or seconds), projection.trust


def forget(subject: vectors.Subject) -> None:
    """Remove what a click has kept, so that the next one computes again."""
    for path in subject.file.parent.glob(f"{subject.file.stem}*"):
        path.unlink()


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        run = trained(Path(folder), 400)
        click(vectors.Subject(run.folder, count=500), 0)  # warm: both nurseries, the compiled functions
        subject = vectors.Subject(run.folder, count=COUNT)
        clicks = []
        for seed in range(rounds):
            clicks.append(click(subject, seed))
            forget(subject)
            print(f"round {seed + 1}: {clicks[-1][0]:.2f} s, first progress after {clicks[-1][1]:.2f} s", flush=True)
    computation.close()
    seconds, first, trust = (median(column) for column in zip(*clicks, strict=True))
    figures = [
        Figure("click to map, warm", seconds, "s", 8),
        Figure("click to first progress", first, "s", 1),
        Figure("trustworthiness of the map (k=15)", trust),
    ]
    show(f"UMAP of {COUNT:,} codes, {DIMENSIONS} dimensions", figures, [f"Medians of {rounds} rounds; embedding and neighbours included."])


if __name__ == "__main__":
    main()
