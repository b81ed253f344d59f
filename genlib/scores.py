"""What a map, a clustering or a cloud of points is worth. What each figure means in words stands in metrics.

scikit-learn and SciPy are imported inside the functions, because pages that show such figures should open at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from genlib import neighbours

BLOCK = 256  # rows of distances held at a time


class Measured(NamedTuple):
    """A figure and the number of items it was measured on; the value is nan where it is not defined."""

    value: float
    n: int


class Modes(NamedTuple):
    """How many true modes were captured, and the share of good samples."""

    captured: int
    good: float


class Table(NamedTuple):
    """Counts (clusters, classes) with the cluster of each row (-1 = noise) and the class of each column."""

    counts: np.ndarray
    clusters: np.ndarray
    classes: np.ndarray


def cluster_table(labels: np.ndarray, truth: np.ndarray) -> Table:
    """Count the items of each cluster and class; items without a class (truth -1) are left out."""
    labels, truth = _pairs(labels, truth)
    clusters, row = np.unique(labels, return_inverse=True)
    classes, column = np.unique(truth, return_inverse=True)
    counts = np.zeros((len(clusters), len(classes)), np.int64)
    np.add.at(counts, (row, column), 1)
    return Table(counts, clusters, classes)


def agreement(labels: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    """Compare clusters with classes: ari, nmi, accuracy, and n, the number of items that have a class.

    Noise (label -1) counts as one group for ARI and NMI, and as wrong for the accuracy, in which each cluster is matched with
    at most one class (Hungarian method). All are nan when no item has a class.
    """
    from scipy.optimize import linear_sum_assignment
    from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

    labels, truth = _pairs(labels, truth)
    if len(truth) == 0:
        return {"ari": np.nan, "nmi": np.nan, "accuracy": np.nan, "n": 0}
    table = cluster_table(labels, truth)
    counts = table.counts[table.clusters >= 0]
    matched = counts[linear_sum_assignment(-counts)].sum()
    return {
        "ari": float(adjusted_rand_score(truth, labels)),
        "nmi": float(normalized_mutual_info_score(truth, labels)),
        "accuracy": float(matched / len(truth)),
        "n": len(truth),
    }


def silhouette(points: np.ndarray, labels: np.ndarray, seed: int = 0, limit: int = 2000) -> Measured:
    """Average the silhouette (Rousseeuw 1987) of at most `limit` drawn points, each against all the others.

    Noise (label -1) takes no part. The value is nan with fewer than two clusters.
    """
    labels = np.asarray(labels)
    points = neighbours.rows(points)[labels >= 0]
    clusters, group, size = np.unique(labels[labels >= 0], return_inverse=True, return_counts=True)
    drawn = _draw(len(points), limit, seed)
    if len(clusters) < 2:
        return Measured(np.nan, len(drawn))
    member = np.eye(len(clusters), dtype=np.float32)[group]
    total = np.concatenate([np.sqrt(d) @ member for d in _squares(points, drawn)]).astype(np.float64)
    own, each = group[drawn], np.arange(len(drawn))
    inside = total[each, own] / np.maximum(size[own] - 1, 1)
    mean = total / size
    mean[each, own] = np.inf
    outside = mean.min(axis=1)
    largest = np.maximum(inside, outside)
    # A cluster of one point has silhouette 0 by definition; so have points that all lie on one spot.
    value = np.where((size[own] > 1) & (largest > 0), (outside - inside) / np.where(largest > 0, largest, 1), 0.0)
    return Measured(float(value.mean()), len(drawn))


def trustworthiness(points: np.ndarray, xy: np.ndarray, k: int = 15, seed: int = 0, limit: int = 1000) -> Measured:
    """Say how far the k nearest on a map (n, 2) also were near in the space of the points (n, d) (Venna and Kaski 2001).

    1 is perfect and 0.5 about chance. The neighbours of at most `limit` drawn points are ranked among all n; nan where k is
    not less than half of n.
    """
    points = neighbours.rows(points)
    n = len(points)
    drawn = _draw(n, limit, seed)
    if n < 2 * k + 1:
        return Measured(np.nan, len(drawn))
    near = neighbours.without_self(neighbours.nearest(xy[drawn], xy, k + 1)[0], drawn)
    excess = 0.0
    for squares, block in zip(_squares(points, drawn), np.split(near, range(BLOCK, len(near), BLOCK)), strict=True):
        far = np.take_along_axis(squares, block, axis=1)
        for column in range(k):
            rank = (squares < far[:, column, None]).sum(axis=1)  # the point itself is the one that makes this count from 1
            excess += float(np.maximum(rank - k, 0).sum())
    return Measured(1 - 2 * excess / (len(drawn) * k * (2 * n - 3 * k - 1)), len(drawn))


def modes(samples: np.ndarray, centres: np.ndarray, std: float) -> Modes:
    """Count captured modes and good samples of points (n, 2) against mode centres (m, 2) (VEEGAN, Srivastava 2017).

    A sample is good within 3 `std` of its nearest centre; a mode is captured when it is nearest to at least one good sample.
    """
    if std <= 0 or len(samples) == 0:
        raise ValueError(f"modes are counted with samples and a standard deviation above 0, got {len(samples)} samples and {std:g}")
    finite = np.isfinite(samples).all(axis=1)  # a diverged generator's samples are not good, and no reason to stop
    index, distance = np.zeros(len(samples), int), np.full(len(samples), np.inf)
    if finite.any():
        found, far = neighbours.nearest(np.asarray(samples)[finite], centres)
        index[finite], distance[finite] = found[:, 0], far[:, 0]
    good = distance <= 3 * std
    return Modes(len(np.unique(index[good])), float(good.mean()))


def _pairs(labels: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    labels, truth = np.asarray(labels), np.asarray(truth)
    if labels.shape != truth.shape or labels.ndim != 1:
        raise ValueError(f"one cluster and one class an item are needed, got shapes {labels.shape} and {truth.shape}")
    known = truth >= 0
    return labels[known], truth[known]


def _draw(n: int, limit: int, seed: int) -> np.ndarray:
    return np.arange(n) if n <= limit else np.sort(np.random.default_rng(seed).choice(n, limit, replace=False))


def _squares(points: np.ndarray, drawn: np.ndarray) -> Iterator[np.ndarray]:
    """Yield squared distances from the drawn points to all, a block of rows at a time: (b, n) float32, own distance exactly 0."""
    centred = points - points.mean(axis=0)
    length = np.einsum("nd,nd->n", centred, centred)
    for start in range(0, len(drawn), BLOCK):
        rows = drawn[start : start + BLOCK]
        squares = length - 2 * (centred[rows] @ centred.T)
        squares += length[rows, None]
        np.maximum(squares, 0, out=squares)
        squares[np.arange(len(rows)), rows] = 0
        yield squares
