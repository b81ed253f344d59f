"""Maps: many dimensions laid out in two, by the rows of PROJECTORS.

UMAP is umap-learn's own optimisation step with our exact neighbours and a PCA start, in a loop of ours, so that the map can be
watched while it settles. Its graph is computed in NumPy (same formulas): umap-learn's version compiles for ten seconds and starts
threads, after which a process must not fork. Measured on two cores, warm and seeded: 10,000 x 32 in 2.6 s, neighbours included.
"""

from __future__ import annotations

import importlib
import os
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from genlib import choices, latent, scores
from genlib.choices import Choice, NoOptions, knob
from genlib.neighbours import Neighbours, Progress, graph, rows

REPORT_EVERY = 0.25  # seconds between two looks at a map that settles
MAP_SHARE = 0.1, 0.95  # of the whole progress; before it come the neighbours, after it the faithfulness
TRUST_NEIGHBOURS = 15


@dataclass(frozen=True)
class UMAPOptions:
    """What a person can turn on UMAP."""

    neighbours: int = knob(15, 2, 200, "How many neighbours each item is tied to: few show fine detail, many the large picture.")
    min_dist: float = knob(0.1, 0.0, 0.99, "How tightly items may be packed on the map.", label="Minimum distance")
    epochs: int = knob(0, 0, 2000, "Rounds of settling; 0 takes 200 from 10,000 items on and more for fewer.", level="advanced")
    negative_samples: int = knob(5, 1, 20, "How many strangers each item is pushed away from, for each neighbour.", level="advanced")


@dataclass(frozen=True)
class TSNEOptions:
    """What a person can turn on t-SNE."""

    perplexity: float = knob(30, 2, 100, "About how many neighbours each item attends to.")
    epochs: int = knob(500, 100, 3000, "Rounds of settling after the first 250, in which groups find each other.", level="advanced")
    exaggeration: float = knob(1, 1, 10, "Pulls neighbours together; above 1 groups get tighter and wider apart.", level="advanced")


@dataclass(frozen=True, eq=False)
class Projection:
    """A map. `trust` is the trustworthiness (1 perfect, 0.5 chance, nan for fewer than 31 items) of `trust_n` drawn items."""

    xy: np.ndarray  # (n, 2) float32
    method: str
    options: Any
    trust: float
    trust_n: int = 0


def project(
    codes: np.ndarray,
    method: str = "umap",
    options: Any | None = None,
    seed: int = 0,
    neighbours: Neighbours | None = None,
    progress: Progress | None = None,
) -> Projection:
    """Lay out items (n, ...) in two dimensions; `options` is an object of the row's options class.

    `neighbours` is used when it holds enough of them, else they are computed. `progress` gets the unfinished map (n, 2) as its
    third argument several times a second. The same seed gives the same map. Raises ValueError with a sentence for items that
    cannot be laid out: too few, all the same, not finite.
    """
    row = choices.pick("projector", method, PROJECTORS)
    options = row.options() if options is None else options
    points = rows(codes)
    if len(points) < 3:
        raise ValueError(f"a map needs at least 3 items, got {len(points)}")
    if np.ptp(points, axis=0).max() == 0:
        raise ValueError("all items are the same, so there is nothing to lay out; choose other items or what else to map")
    if neighbours is not None and len(neighbours.index) != len(points):
        raise ValueError(f"the neighbour graph is of {len(neighbours.index)} items and there are {len(points)}; compute it anew")
    report = progress or _silent
    xy = row.make(points, options, seed, neighbours, report)
    report(MAP_SHARE[1], "Measuring how faithful the map is", xy)
    trust = scores.trustworthiness(points, xy, TRUST_NEIGHBOURS, seed)
    return Projection(xy, method, options, trust.value, trust.n)


def _pca(points: np.ndarray, options: NoOptions, seed: int, neighbours: Neighbours | None, progress: Progress) -> np.ndarray:
    axes = latent.principal(points, 2)
    xy = (points - axes.mean) @ axes.vectors.T
    return np.pad(xy, ((0, 0), (0, 2 - xy.shape[1]))).astype(np.float32)


def _start(points: np.ndarray, scale: float, seed: int) -> np.ndarray:
    """Begin from PCA with its widest coordinate at `scale`, and noise a 100,000th of it, so that duplicates can part."""
    xy = _pca(points, NoOptions(), seed, None, _silent)
    noise = np.random.default_rng(seed).normal(scale=1e-5 * scale, size=xy.shape)
    return (xy * (scale / np.abs(xy).max()) + noise).astype(np.float32)


def _enough(points: np.ndarray, k: int, neighbours: Neighbours | None, progress: Progress) -> Neighbours:
    if neighbours is not None and neighbours.k >= k:
        return neighbours.first(k)
    return graph(points, k, lambda fraction, message: progress(MAP_SHARE[0] * fraction, message))


def _umap(points: np.ndarray, options: UMAPOptions, seed: int, neighbours: Neighbours | None, progress: Progress) -> np.ndarray:
    start = _start(points, 10.0, seed)
    progress(0.0, "Starting from the principal components", start)
    # umap-learn counts a point as its own first neighbour.
    near = _enough(points, options.neighbours - 1, neighbours, progress)
    epochs = options.epochs or int(np.clip(2_000_000 / len(points), 200, 500))
    return _settle(start, fuzzy_graph(near), options.min_dist, options.negative_samples, epochs, seed, progress)


def fuzzy_graph(near: Neighbours) -> Any:
    """Weigh the ties between neighbours: sparse symmetric (n, n) float32 in 0..1 (McInnes 2018, section 4.1).

    Each point's weights fall off from its nearest neighbour so that they sum to log2(k + 1); two one-way ties are united by
    a + b - ab.
    """
    from scipy.sparse import coo_matrix

    distance = near.distance.astype(np.float64)
    n, k = distance.shape
    nearest = np.where(distance > 0, distance, np.inf).min(axis=1)
    beyond = np.maximum(distance - np.where(np.isfinite(nearest), nearest, 0)[:, None], 0)
    weight = np.exp(-beyond / _widths(beyond, distance, np.isfinite(nearest))[:, None])
    ties = coo_matrix((weight.astype(np.float32).ravel(), (np.repeat(np.arange(n), k), near.index.ravel())), shape=(n, n)).tocsr()
    back = ties.T.tocsr()
    united = (ties + back - ties.multiply(back)).tocoo()
    united.sum_duplicates()
    return united


def _widths(beyond: np.ndarray, distance: np.ndarray, apart: np.ndarray) -> np.ndarray:
    """Find by bisection the width (n,) at which each point's weights sum to log2(k + 1)."""
    k = distance.shape[1]
    target = np.log2(k + 1)
    low, high, width = np.zeros(len(beyond)), np.full(len(beyond), np.inf), np.ones(len(beyond))
    for _ in range(64):
        total = np.exp(-beyond / width[:, None]).sum(axis=1)
        unsettled = np.abs(total - target) >= 1e-5
        if not unsettled.any():
            break
        high = np.where(unsettled & (total > target), width, high)
        low = np.where(unsettled & (total <= target), width, low)
        between = np.where(np.isfinite(high), (low + np.where(np.isfinite(high), high, 0)) / 2, 2 * width)
        width = np.where(unsettled, between, width)
    # Not below a thousandth of the mean distance, the point itself counted, or ties among duplicates become all or nothing.
    least = 1e-3 * np.where(apart, distance.sum(axis=1) / (k + 1), distance.sum() / (distance.shape[0] * (k + 1)))
    return np.maximum(width, np.maximum(least, np.finfo(np.float32).tiny))


def _settle(start: np.ndarray, ties: Any, min_dist: float, negatives: int, epochs: int, seed: int, progress: Progress) -> np.ndarray:
    """Pull neighbours together and push strangers apart, as umap-learn's optimize_layout_euclidean does, with a look in between."""
    step, curve, schedule, entropy = _library(seed)
    a, b = curve(1.0, min_dist)
    kept = ties.data >= ties.data.max() / (epochs if epochs > 10 else 500)
    head, tail, weight = ties.row[kept], ties.col[kept], ties.data[kept]
    low, high = start.min(axis=0), start.max(axis=0)
    xy = np.ascontiguousarray(10.0 * (start - low) / (high - low), np.float32)
    every = schedule(weight, epochs)
    every_negative = every / negatives
    next_, next_negative = every.copy(), every_negative.copy()
    random = np.full((len(xy), 3), entropy, np.int64) + xy[:, :1].astype(np.float64).view(np.int64)
    no_density = (False, np.zeros(1, np.float32), np.zeros(1, np.float32), 0, 0, 0, 0, *(np.zeros(1, np.float32),) * 2, 0)
    alpha, shown = 1.0, time.monotonic()
    for epoch in range(epochs):
        step(
            xy, xy, head, tail, len(xy), every, a, b, random, 1.0, 2, True, alpha, every_negative, next_negative, next_, epoch, *no_density
        )
        alpha = 1.0 - epoch / epochs
        if time.monotonic() - shown >= REPORT_EVERY:
            progress(_within(epoch / epochs), f"Settling: round {epoch} of {epochs}", xy.copy())
            shown = time.monotonic()
    return xy


def _library(seed: int) -> tuple[Callable[..., None], Callable[..., Any], Callable[..., np.ndarray], np.ndarray]:
    """Take from umap-learn its compiled step, the curve fitted to a minimum distance, the schedule of ties, and its random start."""
    with warnings.catch_warnings():
        # umap-learn announces on import that its neural variant lacks Tensorflow; nothing here uses it.
        warnings.filterwarnings("ignore", message="Tensorflow not installed", category=ImportWarning)
        from umap import layouts, umap_

    entropy = np.random.RandomState(seed).randint(umap_.INT32_MIN, umap_.INT32_MAX, 3).astype(np.int64)
    step = layouts._get_optimize_layout_euclidean_single_epoch_fn(False)  # not the parallel one: it is neither seeded nor safe to fork
    return step, umap_.find_ab_params, umap_.make_epochs_per_sample, entropy


def warm_umap() -> None:
    """Import and compile all that a map needs, without starting threads, so that a process can fork afterwards."""
    importlib.import_module("openTSNE")
    importlib.import_module("sklearn.cluster")
    points = np.random.default_rng(0).standard_normal((40, 3)).astype(np.float32)
    index = (np.arange(40)[:, None] + np.arange(1, 15)) % 40
    distance = np.sort(np.linalg.norm(points[:, None] - points[index], axis=2), axis=1)
    near = Neighbours(index.astype(np.int32), distance.astype(np.float32))
    _umap(points, UMAPOptions(epochs=20), 0, near, _silent)


def _tsne(points: np.ndarray, options: TSNEOptions, seed: int, neighbours: Neighbours | None, progress: Progress) -> np.ndarray:
    from openTSNE import TSNEEmbedding, affinity, nearest_neighbors

    start = _start(points, 1.0, seed)
    progress(0.0, "Starting from the principal components", start)
    k = int(3 * options.perplexity)
    if len(points) <= k:
        most = (len(points) - 1) // 3
        raise ValueError(f"perplexity {options.perplexity:g} needs at least {k + 1} items, got {len(points)}; choose at most {most}")
    near = _enough(points, k, neighbours, progress)
    # Half of the processors: OpenMP waits busily, and beside a training run two threads on two cores are twice as slow as one.
    jobs = max(1, (os.cpu_count() or 1) // 2)
    index = nearest_neighbors.PrecomputedNeighbors(near.index, near.distance.astype(np.float64))
    ties = affinity.PerplexityBasedNN(perplexity=options.perplexity, knn_index=index, n_jobs=jobs)
    # The width that lets t-SNE begin (Kobak 2019).
    xy = TSNEEmbedding(start / start[:, 0].std() * 1e-4, ties, n_jobs=jobs, random_state=seed)
    total = 250 + options.epochs
    for rounds, exaggeration, momentum, done in ((250, 12.0, 0.5, 0), (options.epochs, options.exaggeration, 0.8, 250)):
        look = _watch(progress, done, total)
        xy = xy.optimize(rounds, exaggeration=exaggeration, momentum=momentum, callbacks=look, callbacks_every_iters=5)
    return np.asarray(xy, np.float32)


def _watch(progress: Progress, done: int, total: int) -> Callable[[int, float, np.ndarray], None]:
    shown = time.monotonic()

    def look(iteration: int, error: float, xy: np.ndarray) -> None:
        nonlocal shown
        if time.monotonic() - shown >= REPORT_EVERY:
            shown = time.monotonic()
            progress(_within((done + iteration) / total), f"Settling: round {done + iteration} of {total}", np.array(xy, np.float32))

    return look


def _within(fraction: float) -> float:
    return MAP_SHARE[0] + (MAP_SHARE[1] - MAP_SHARE[0]) * fraction


def _silent(fraction: float | None, message: str, partial: object = None) -> None:
    """Report to nobody."""


PROJECTORS: dict[str, Choice] = {
    "umap": Choice("UMAP", "Keeps neighbours together and shows groups clearly; distances between groups mean little.", UMAPOptions, _umap),
    "tsne": Choice("t-SNE", "Shows the finest neighbourhoods; sizes of groups and gaps between them mean nothing.", TSNEOptions, _tsne),
    "pca": Choice(
        "PCA", "Turns the cloud so that its two widest directions show: instant and undistorted, but groups overlap.", NoOptions, _pca
    ),
}
