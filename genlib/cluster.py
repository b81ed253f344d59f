"""Groups among points, by the rows of CLUSTERERS. Labels count from 0, the largest cluster first; -1 is noise."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from genlib import choices, scores
from genlib.choices import Choice, knob
from genlib.neighbours import Neighbours, Progress, graph, k_distances, knee, rows

EDGES = 4_000_000  # pairs held at a time while DBSCAN joins clusters: about 64 MB


@dataclass(frozen=True)
class KMeansOptions:
    """What a person can turn on k-means."""

    k: int = knob(10, 2, 100, "How many clusters to make.", label="Clusters")
    starts: int = knob(3, 1, 20, "Tries from different centres; the one with the smallest inertia is kept.", level="advanced")


@dataclass(frozen=True)
class DBSCANOptions:
    """What a person can turn on DBSCAN."""

    eps: float = knob(0.0, 0.0, None, "How near counts as near; 0 takes the knee of the distance curve.", label="Reach (eps)")
    min_samples: int = knob(10, 2, 200, "How many items, itself counted, must be near for an item to be inside a cluster.")


@dataclass(frozen=True, eq=False)
class Clustering:
    """Groups. `options` holds the eps that was used. `scores`: clusters, noise, silhouette, silhouette_n and, of k-means, inertia."""

    labels: np.ndarray  # (n,) int32, -1 = noise
    method: str
    options: Any
    scores: dict[str, float]


def cluster(
    points: np.ndarray,
    method: str = "kmeans",
    options: Any | None = None,
    seed: int = 0,
    neighbours: Neighbours | None = None,
    progress: Progress | None = None,
) -> Clustering:
    """Group points (n, ...), codes or a map's xy; `options` is an object of the row's options class.

    `neighbours` must be of these very points; DBSCAN uses it when it holds at least min_samples - 1, else it computes its own.
    Scores are those of metrics.FIGURES; the silhouette is of silhouette_n drawn points. Raises ValueError with a sentence.
    """
    row = choices.pick("clusterer", method, CLUSTERERS)
    options = row.options() if options is None else options
    points = rows(points)
    if neighbours is not None and len(neighbours.index) != len(points):
        raise ValueError(f"the neighbour graph is of {len(neighbours.index)} points and there are {len(points)}; compute it anew")
    report = progress or _silent
    report(None, f"Grouping {len(points):,} points")
    labels, options, facts = row.make(points, options, seed, neighbours, report)
    report(0.9, "Measuring the clusters")
    found = judge(points, _by_size(labels), method, options, seed)
    return replace(found, scores={**found.scores, **facts})


def judge(points: np.ndarray, labels: np.ndarray, method: str, options: Any = None, seed: int = 0) -> Clustering:
    """Measure groups (n,) among points (n, ...) that were found elsewhere, their numbers left as they are; -1 = noise."""
    labels = np.asarray(labels, np.int32)
    width = scores.silhouette(points, labels, seed)
    found = {"clusters": len(np.unique(labels[labels >= 0])), "noise": float((labels < 0).mean())}
    return Clustering(labels, method, options, {**found, "silhouette": width.value, "silhouette_n": width.n})


def suggest_eps(neighbours: Neighbours, min_samples: int = 10) -> tuple[float, np.ndarray]:
    """Propose DBSCAN's eps: the knee of the sorted distances to the neighbour that makes a point a core point, and that curve.

    With the point itself counted, that neighbour is number min_samples - 1, which the graph must hold.
    """
    curve = k_distances(neighbours, min_samples - 1)
    return float(curve[knee(curve)]), curve


Found = tuple[np.ndarray, Any, dict[str, float]]  # labels, options as used, further scores


def _kmeans(points: np.ndarray, options: KMeansOptions, seed: int, neighbours: Neighbours | None, progress: Progress) -> Found:
    from sklearn.cluster import KMeans

    # Only as many rows as decide the question are compared: np.unique of everything takes longer than the clustering.
    distinct = len(np.unique(points[: 50 * options.k], axis=0))
    if distinct < options.k:
        distinct = len(np.unique(points, axis=0))
    if distinct < options.k:
        raise ValueError(f"{options.k} clusters need at least as many different points, got {distinct}; choose fewer clusters")
    found = KMeans(options.k, n_init=options.starts, random_state=seed).fit(points)
    return found.labels_, options, {"inertia": float(found.inertia_)}


def _dbscan(points: np.ndarray, options: DBSCANOptions, seed: int, neighbours: Neighbours | None, progress: Progress) -> Found:
    """Group by density (Ester 1996), giving scikit-learn's answer from the neighbour graph in bounded memory.

    A list that goes beyond eps holds all that is within; only core points whose list ends before eps are searched for more.
    """
    if len(points) < options.min_samples:
        raise ValueError(f"min_samples {options.min_samples} needs at least as many points, got {len(points)}; choose a smaller one")
    if neighbours is None or neighbours.k < options.min_samples - 1:
        neighbours = graph(points, min(max(15, options.min_samples - 1), len(points) - 1), progress)
    if options.eps == 0:
        options = DBSCANOptions(suggest_eps(neighbours, options.min_samples)[0], options.min_samples)
    near = neighbours.distance <= np.float32(options.eps)
    core = near[:, options.min_samples - 2]
    group = _joined(points, neighbours.index, near, core, options.eps, progress)
    labels = np.full(len(points), -1, np.int64)
    labels[core] = np.unique(group[core], return_inverse=True)[1]
    # A point at the rim of several clusters goes to the one whose first core point comes first, as in scikit-learn.
    none = labels.max() + 1
    reached = near & core[neighbours.index]
    first = np.where(reached, labels[neighbours.index], none).min(axis=1)
    rim = ~core & (first < none)
    labels[rim] = first[rim]
    return labels, options, {}


def _joined(points: np.ndarray, index: np.ndarray, near: np.ndarray, core: np.ndarray, eps: float, progress: Progress) -> np.ndarray:
    """Number the clusters that core points form (n,): by the ties of the graph, then by those that its lists were too short for."""
    row, column = np.nonzero(near & core[:, None] & core[index])
    group = _merged(np.arange(len(points)), row, index[row, column])
    short = np.flatnonzero(core & near[:, -1])  # a tie missing from both lists is between two of these
    if len(np.unique(group[short])) < 2:
        return group
    from sklearn.neighbors import NearestNeighbors

    search = NearestNeighbors(radius=eps).fit(points[short])
    step = max(1, EDGES // len(short))
    for start in range(0, len(short), step):
        part = short[start : start + step]
        progress(start / len(short), f"Joining clusters: {start:,} of {len(short):,} points")
        found = search.radius_neighbors(points[part], return_distance=False)
        row, column = np.repeat(part, [len(one) for one in found]), short[np.concatenate(found)]
        apart = group[row] != group[column]
        if apart.any():
            group = _merged(group, row[apart], column[apart])
            if len(np.unique(group[short])) < 2:
                break
    return group


def _merged(group: np.ndarray, row: np.ndarray, column: np.ndarray) -> np.ndarray:
    """Give one number to the groups that ties row-column connect; numbers follow each group's first point."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    n = len(group)
    ties = coo_matrix((np.ones(len(row), np.int8), (group[row], group[column])), shape=(n, n))
    merged = connected_components(ties, directed=False)[1][group]
    _, first, inverse = np.unique(merged, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[inverse]


def _by_size(labels: np.ndarray) -> np.ndarray:
    """Number clusters from the largest to the smallest, so that the clearest colours go to the largest."""
    names, inverse, size = np.unique(labels, return_inverse=True, return_counts=True)
    order = np.argsort(np.where(names < 0, 0, -size), kind="stable")
    place = np.empty(len(names), np.int32)
    place[order] = np.arange(len(names))
    place[names < 0] = -1
    return place[inverse]


def _silent(fraction: float | None, message: str, partial: object = None) -> None:
    """Report to nobody."""


CLUSTERERS: dict[str, Choice] = {
    "kmeans": Choice(
        "k-means", "Makes as many round groups of like size as you ask for; every item belongs to one.", KMeansOptions, _kmeans
    ),
    "dbscan": Choice(
        "DBSCAN",
        "Finds groups of any shape where items lie densely and calls the rest noise; one density must fit all groups.",
        DBSCANOptions,
        _dbscan,
    ),
}
