"""Figures of the GANs: modes on points with a known truth, and pictures in a classifier's features."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch

from benchmarks import plain
from benchmarks.report import Figure
from benchmarks.trained import Asked, Missing, Trained, over_seeds, recipe, trained
from genlib import data, diagnose, features, fidelity, latent, points, scores
from genlib.presets import presets_for

SAMPLES = 2500  # for modes and good samples (VEEGAN, Srivastava 2017)
MANY = 100_000  # a side, for the Jensen-Shannon divergence
PICTURES = 10_000  # a side, for distances between pictures
Judgement = tuple[float, float, float]  # Fréchet distance, precision, recall


def draw(found: Trained, n: int) -> np.ndarray:
    """Draw items with a seed of the run's own."""
    return found.model.generate(latent.sample(n, found.model.latent_dim, 1000 + found.run.config.seed))


def default(dataset: str) -> str:
    """The preset that a beginner gets for a set of points."""
    return next(iter(presets_for(dataset, "points", "gan")))


def count(found: Trained) -> scores.Modes:
    """Count modes captured and good samples."""
    truth = data.load(found.run.config.dataset)
    assert truth.modes is not None
    return scores.modes(draw(found, SAMPLES), truth.modes, truth.mode_std)


def mode_figures(dataset: str, cloud: Callable[..., points.Cloud], asked: Asked, good: float, seconds: float) -> list[Figure]:
    """Train the default preset and compare what it draws with the truth."""
    found = [trained(recipe(dataset, default(dataset), seed), asked.folder) for seed in asked.seeds]
    counts, truth = [count(one) for one in found], cloud(MANY, seed=1).points
    floor = fidelity.js_divergence(cloud(MANY, seed=2).points, truth)
    above = [fidelity.js_divergence(draw(one, MANY), truth) - floor for one in found]
    modes = len(cloud().classes)
    return [
        *over_seeds("modes captured", [one.captured for one in counts], f"of {modes}", modes, least=True),
        *over_seeds("good samples", [100 * one.good for one in counts], "%", good, least=True),
        Figure("seconds of training, slowest", max(one.seconds for one in found), "s", seconds),
        *over_seeds("JS divergence above its floor", above, "bit", 0.05 if dataset == "ring" else None),
        Figure("JS divergence, floor", floor, "bit"),
    ]


def ring(asked: Asked) -> list[Figure]:
    """The ring of 8."""
    return mode_figures("ring", points.ring, asked, good=95, seconds=120)


def grid(asked: Asked) -> list[Figure]:
    """The grid of 25."""
    return mode_figures("grid", points.grid, asked, good=90, seconds=240)


def ring_collapse(asked: Asked) -> list[Figure]:
    """The preset that is known to fail: it must fail, and diagnosis must say so."""
    failing = [name for name, preset in presets_for("ring", "points", "gan").items() if preset.fails]
    if not failing:
        raise Missing("there is no preset for the ring that is known to fail")
    found = [trained(recipe("ring", failing[0], seed), asked.folder) for seed in asked.seeds]
    captured = [count(one).captured for one in found]
    return [
        Figure("modes captured, most of all seeds", max(captured), "of 8", 4),
        *over_seeds("modes captured", captured, "of 8"),
        Figure("runs that diagnosis calls collapsed", sum(map(collapsed, found)), f"of {len(found)}", len(found), least=True),
    ]


def collapsed(found: Trained) -> bool:
    """Whether diagnosis speaks of mode collapse."""
    facts = diagnose.Facts.of(found.run.config, found.run.events())
    return any(finding.name == "mode collapse" for finding in diagnose.diagnose(found.run.history(), facts))


class Gallery:
    """Real pictures as features, and what generated ones are compared with."""

    def __init__(self, dataset: data.Dataset) -> None:
        self.extractor = features.extractor_for(dataset)
        self.real = self._features(dataset.items[~dataset.split][:PICTURES])
        rows = np.random.default_rng(0).permutation(np.flatnonzero(dataset.split))[:PICTURES]
        self.floor = self.judge(dataset.items[np.sort(rows)])

    def judge(self, items: np.ndarray) -> Judgement:
        """Return Fréchet distance, precision and recall of items against the test pictures."""
        fake = self._features(items)
        near = fidelity.prdc(self.real, fake)
        return fidelity.frechet(self.real, fake), near.precision, near.recall

    def _features(self, items: np.ndarray) -> np.ndarray:
        return features.extract(self.extractor, items)


def pytorch_gan(dataset: data.Dataset, folder: Path, seed: int, seconds: float) -> np.ndarray:
    """Train PyTorch-GAN's first example in a plain loop for some seconds; draw pictures."""
    torch.manual_seed(seed)
    network = plain.pytorch_gan()
    pictures = plain.loader(dataset, folder, True, 64, signed=True)
    began = time.perf_counter()
    for _ in network.train_on(pictures, torch.device("cpu")):
        if time.perf_counter() - began >= seconds:
            break
    return network.draw(PICTURES, 1000 + seed)


def judged(name: str, found: Sequence[Judgement], bar: float | None = None) -> list[Figure]:
    """Lay a contender's figures out."""
    distance, precision, recall = (list(column) for column in zip(*found, strict=True))
    return [
        *over_seeds(f"Fréchet distance, {name}", distance, "", bar),
        *over_seeds(f"precision, {name}", precision),
        *over_seeds(f"recall, {name}", recall),
    ]


def gan_conv(asked: Asked) -> list[Figure]:
    """The conv GAN, a VAE, and PyTorch-GAN's fully connected example, the same seconds each; pictures in a classifier's features."""
    dataset = data.load("fashion-mnist")
    gallery = Gallery(dataset)
    ours: list[Judgement] = []
    vae: list[Judgement] = []
    theirs: list[Judgement] = []
    for seed in asked.seeds:
        for preset, judgements in (("grey-gan", ours), ("grey-vae", vae)):
            config = recipe("fashion-mnist", preset, seed, steps=1_000_000)
            judgements.append(gallery.judge(draw(trained(config, asked.folder, asked.seconds), PICTURES)))
        theirs.append(gallery.judge(pytorch_gan(dataset, asked.folder, seed, asked.seconds)))
    rival = float(np.mean([distance for distance, _, _ in theirs]))
    distance, precision, recall = gallery.floor
    return [
        *judged("our conv GAN", ours, rival),
        *judged("PyTorch-GAN's MLP GAN", theirs),
        *judged("our VAE", vae),
        Figure("Fréchet distance, floor", distance),
        Figure("precision, floor", precision),
        Figure("recall, floor", recall),
        Figure("seconds each", asked.seconds, "s"),
        Figure("classifier's test accuracy", 100 * gallery.extractor.accuracy, "%"),
    ]
