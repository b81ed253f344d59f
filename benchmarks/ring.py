"""Ring of 8: does the default GAN preset find all modes, how good are its samples, how long does it take?

VEEGAN's count (Srivastava 2017): 2,500 samples; one is good within 3 sigma of a mode, a mode is captured when it is nearest to at
least one good sample; mean of five runs.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean

import numpy as np

from benchmarks.report import Figure, show
from genlib import data, latent, scores
from genlib.config import Config
from genlib.presets import presets_for
from genlib.runs import Run
from genlib.train import train

SAMPLES = 2500


def measure(seed: int, root: Path) -> tuple[scores.Modes, float]:
    """Train the default preset once, as the app would, and count: modes and good share, seconds."""
    values = dict(next(iter(presets_for("ring", "points", "gan").values())).values)
    options = values.pop("options", {})
    run = Run.create(Config.create("ring", "gan", options, **values | {"seed": seed}), root)
    began = time.perf_counter()
    for _ in train(run):
        pass
    seconds = time.perf_counter() - began
    truth = data.load("ring")
    assert truth.modes is not None
    codes = latent.sample(SAMPLES, run.config.latent_dim, 1000 + seed)
    return scores.modes(run.load().generate(codes), truth.modes, truth.mode_std), seconds


def summarise(found: Sequence[scores.Modes], seconds: Sequence[float]) -> list[Figure]:
    """Mean figures against the bars, and the worst seed told along."""
    return [
        Figure("modes captured, mean", fmean(one.captured for one in found), "of 8", 8, least=True),
        Figure("good samples, mean", 100 * fmean(one.good for one in found), "%", 85, least=True),
        Figure("seconds, slowest", max(seconds), "s", 60),
        Figure("modes captured, worst seed", min(one.captured for one in found), "of 8"),
        Figure("good samples, worst seed", 100 * min(one.good for one in found), "%"),
        Figure("good samples, spread over seeds", 100 * float(np.std([one.good for one in found])), "%"),
    ]


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5, help="how many runs, each with a seed of its own")
    seeds = parser.parse_args().seeds
    found, seconds = [], []
    with tempfile.TemporaryDirectory() as root:
        for seed in range(seeds):
            modes, took = measure(seed, Path(root))
            print(f"seed {seed}: {modes.captured} modes, {100 * modes.good:.1f} % good, {took:.1f} s", flush=True)
            found.append(modes)
            seconds.append(took)
    show(f"Ring of 8, default GAN preset, {seeds} seeds", summarise(found, seconds))


if __name__ == "__main__":
    main()
