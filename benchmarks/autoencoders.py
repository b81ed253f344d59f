"""Figures of the models with an encoder: likelihood, and clusters in their codes."""

from __future__ import annotations

from collections.abc import Callable
from statistics import fmean

import numpy as np
import torch

from benchmarks import plain
from benchmarks.report import Figure
from benchmarks.trained import Asked, Trained, over_seeds, recipe, trained
from genlib import data
from genlib.cluster import cluster
from genlib.config import Config
from genlib.feed import Feed
from genlib.presets import PRESETS
from genlib.scores import agreement
from genlib.train import held_out

BATCH, EPOCHS, WIDTH, LATENT = 128, 10, 400, 20
MINUTE = 60.0  # seconds of training
# Averaged weights gain one nat for a twentieth more time.
TEXTBOOK = {"trunk": "mlp", "width": WIDTH, "layers": 1, "likelihood": "bernoulli", "learning_rate": 1e-3, "ema": 0.999}
MIXTURE = dict(PRESETS["clusters-vae"].values["options"])
Sort = Callable[[Trained, np.ndarray], np.ndarray]  # (n, h, w, c) pixels -> (n,) groups


def elbo(found: Trained) -> float:
    """Measure minus ELBO over the whole test split, in nats a picture."""
    feed = Feed(data.load(found.run.config.dataset, found.run.config.size), BATCH, 0, found.model.device)
    return -held_out(found.model, feed, None)["test_elbo"]


def vae_mlp(asked: Asked) -> list[Figure]:
    """Train the textbook network for ten epochs, and the plain loop beside it."""
    dataset = data.load("fashion-mnist")
    steps = -(-int(dataset.split.sum()) // BATCH) * EPOCHS
    found = [
        elbo(
            trained(
                Config.create("fashion-mnist", "vae", TEXTBOOK, latent_dim=LATENT, batch_size=BATCH, steps=steps, seed=seed),
                asked.folder,
            )
        )
        for seed in asked.seeds
    ]
    torch.manual_seed(asked.seeds[0])
    network = plain.mlp_vae(WIDTH, LATENT)
    loop = network.train_on(plain.loader(dataset, asked.folder, True, BATCH), torch.device("cpu"))
    for _ in range(steps):
        next(loop)
    reference = network.test_loss(plain.loader(dataset, asked.folder, False, BATCH))
    return [*over_seeds("test -ELBO", found, "nats", 244.5), Figure("test -ELBO, plain loop, one seed", reference, "nats")]


def vae_best(asked: Asked) -> list[Figure]:
    """Train the best VAE of ours, by its preset, for a minute."""
    found = [trained(recipe("fashion-mnist", "best-vae", seed), asked.folder, MINUTE) for seed in asked.seeds]
    sizes = {one.run.config.latent_dim for one in found}
    return [
        *over_seeds("test -ELBO", [elbo(one) for one in found], "nats", 237),
        Figure("seconds of training, slowest", max(one.seconds for one in found), "s", MINUTE + 1),  # and the tick it ends with
        Figure("latent dimensions", max(sizes), "", LATENT),
    ]


def by_codes(found: Trained, items: np.ndarray) -> np.ndarray:
    """Group by k-means on the mean codes."""
    return cluster(found.model.embed(items), "kmeans", seed=found.run.config.seed).labels


def by_itself(found: Trained, items: np.ndarray) -> np.ndarray:
    """Group as the model itself does."""
    return found.model.sort(items)


# What clusters: a preset, and in which ways its groups are read off.
CLUSTERING: dict[str, tuple[str, dict[str, Sort]]] = {
    "autoencoder": ("grey-ae", {"codes + k-means": by_codes}),
    "VAE": ("grey-vae", {"codes + k-means": by_codes}),
    "mixture-prior VAE": ("clusters-vae", {"codes + k-means": by_codes, "by itself": by_itself}),
    "InfoGAN": ("info-gan", {"by itself": by_itself}),
}


def clusters(asked: Asked) -> list[Figure]:
    """Group the test pictures by codes or categories, and compare with the classes."""
    dataset = data.load("fashion-mnist")
    items, labels = dataset.items[~dataset.split], dataset.labels[~dataset.split]
    scores: dict[str, list[dict[str, float]]] = {}
    for name, (preset, ways) in CLUSTERING.items():
        for seed in asked.seeds:
            found = trained(recipe("fashion-mnist", preset, seed), asked.folder)
            for way, sort in ways.items():
                scores.setdefault(f"{name}, {way}", []).append(agreement(sort(found, items), labels))
    best = max(scores, key=lambda name: fmean(score["accuracy"] for score in scores[name]))
    figures = [
        Figure(f"accuracy of the best: {best}", fmean(score["accuracy"] for score in scores[best]), "", 0.60, least=True),
        Figure("NMI of the same", fmean(score["nmi"] for score in scores[best]), "", 0.63, least=True),
    ]
    for name, found_scores in scores.items():
        for metric, label in (("accuracy", "accuracy"), ("nmi", "NMI")):
            figures += over_seeds(f"{label}, {name}", [score[metric] for score in found_scores])
    return figures
