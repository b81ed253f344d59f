"""One exact neighbour graph, kept on disk, shared by map, clusters, paths and scores.

Distances are Euclidean. Exact because at the sizes of this app it costs no more than the approximations do: 10,000 codes of
32 dimensions take 0.2 s and 60,000 take 5 s on two cores. scikit-learn is imported inside the functions, as it takes a second.
"""

from __future__ import annotations

import hashlib
import os
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

Progress = Callable[..., None]  # called with (fraction or None, message[, partial result])

LARGEST = 1e15  # in squares and sums of squares float32 ends at 3e38
BLOCK_WORK = 3e10  # multiply-adds between two reports: about half a second on two cores
BLOCK_BYTES = 64 * 2**20  # of items held as float32 at a time


@dataclass(frozen=True, eq=False)
class Neighbours:
    """The k nearest other points of each point, nearest first. A point is never its own neighbour; its duplicates may be."""

    index: np.ndarray  # (n, k) int32
    distance: np.ndarray  # (n, k) float32

    @property
    def k(self) -> int:
        return self.index.shape[1]

    def first(self, k: int) -> Neighbours:
        """Keep only the k nearest."""
        return Neighbours(self.index[:, :k], self.distance[:, :k])


def rows(points: np.ndarray) -> np.ndarray:
    """Lay items out as one float32 row each: (n, ...) -> (n, d). Raises ValueError where a value is not a number, or so large that its
    square is none."""
    points = np.asarray(points)
    if points.ndim < 2 or len(points) == 0:
        raise ValueError(f"one row a point is needed, got an array of shape {points.shape}")
    flat = np.ascontiguousarray(points.reshape(len(points), -1), dtype=np.float32)
    bad = np.flatnonzero(~(np.abs(flat) < LARGEST).all(axis=1))  # true of nan as well
    if len(bad):
        raise ValueError(
            f"{len(bad)} of {len(flat)} points hold a value that is no number or beyond {LARGEST:g}, the first in row {bad[0]}; "
            "the run may have diverged, so choose an earlier snapshot"
        )
    return flat


def graph(points: np.ndarray, k: int = 15, progress: Progress | None = None, keep: Path | None = None) -> Neighbours:
    """Find the k nearest others of every point (n, ...).

    `keep` names a file (.npz): a graph of the very same points with at least k neighbours is read from it, any other content
    is replaced. Raises ValueError when there are not k others.
    """
    points = rows(points)
    if k < 1:
        raise ValueError(f"at least 1 neighbour is needed, got {k}")
    if len(points) <= k:
        raise ValueError(f"{k} neighbours need at least {k + 1} points, got {len(points)}; ask for fewer neighbours or take more items")
    stamp = _stamp(points) if keep else ""
    kept = _read(keep, stamp) if keep else None
    if kept is not None and kept.k >= k:
        return kept.first(k)
    found = _search(points, k, progress or _silent)
    if keep:
        _write(keep, stamp, found)
    return found


def _search(points: np.ndarray, k: int, progress: Progress) -> Neighbours:
    from sklearn.neighbors import NearestNeighbors

    search = NearestNeighbors(n_neighbors=k + 1, algorithm="brute").fit(points)
    n, d = points.shape
    index, distance = np.empty((n, k), np.int32), np.empty((n, k), np.float32)
    step = int(np.clip(BLOCK_WORK / (n * max(d, 16)), 64, 4096))
    for start in range(0, n, step):
        progress(start / n, f"Neighbours of {start:,} of {n:,} points")
        part = slice(start, min(start + step, n))
        found = search.kneighbors(points[part], return_distance=False)
        others = without_self(found, np.arange(part.start, part.stop))
        index[part], distance[part] = _measured(points[part], points, others)
    return Neighbours(index, distance)


def without_self(found: np.ndarray, own: np.ndarray) -> np.ndarray:
    """Drop each point from its own list (m, k + 1) -> (m, k); among many duplicates it may be missing, then the last one goes."""
    drop = found == own[:, None]
    drop[~drop.any(axis=1), -1] = True
    return found[~drop].reshape(len(found), -1)


def _measured(queries: np.ndarray, items: np.ndarray, index: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Measure each found distance from the differences, as (a-b)^2 = aa - 2ab + bb leaves duplicates a little apart, and sort."""
    distance = np.empty(index.shape, np.float64)
    for column in range(index.shape[1]):
        difference = items[index[:, column]].astype(np.float64) - queries
        distance[:, column] = np.sqrt(np.einsum("nd,nd->n", difference, difference))
    order = np.argsort(distance, axis=1, kind="stable")
    return np.take_along_axis(index, order, axis=1), np.take_along_axis(distance, order, axis=1)


def nearest(queries: np.ndarray, items: np.ndarray, k: int = 1, progress: Progress | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Find the k items nearest to each query: (q, ...), (n, ...) -> index (q, k) int32, distance (q, k) float32.

    Takes pixels as uint8 or any numbers; the distance is in the units given. Items are read in blocks, so that even all of
    CelebA needs little memory.
    """
    from sklearn.neighbors import NearestNeighbors

    queries, items = rows(queries), np.asarray(items)
    width = int(np.prod(items.shape[1:]))
    if queries.shape[1] != width:
        raise ValueError(f"queries hold {queries.shape[1]} numbers each and items {width}; they must be of one size")
    if not 1 <= k <= len(items):
        raise ValueError(f"the number of nearest items must be from 1 to {len(items)}, got {k}")
    index, distance = np.empty((len(queries), 0), np.int64), np.empty((len(queries), 0))
    step = max(k, BLOCK_BYTES // (4 * width))
    for start in range(0, len(items), step):
        (progress or _silent)(start / len(items), f"Compared with {start:,} of {len(items):,} items")
        block = rows(items[start : start + step])
        search = NearestNeighbors(n_neighbors=min(k, len(block)), algorithm="brute").fit(block)
        found, far = _measured(queries, block, search.kneighbors(queries, return_distance=False))
        index, distance = np.hstack([index, found + start]), np.hstack([distance, far])
        order = np.argsort(distance, axis=1, kind="stable")[:, :k]
        index, distance = np.take_along_axis(index, order, axis=1), np.take_along_axis(distance, order, axis=1)
    return index.astype(np.int32), distance.astype(np.float32)


def k_distances(neighbours: Neighbours, k: int) -> np.ndarray:
    """Sort the distances of all points to their k-th neighbour, smallest first: the curve by which DBSCAN's eps is chosen."""
    if not 1 <= k <= neighbours.k:
        raise ValueError(f"this neighbour graph holds {neighbours.k} neighbours a point, so k must be from 1 to {neighbours.k}, got {k}")
    return np.sort(neighbours.distance[:, k - 1])


def knee(curve: np.ndarray) -> int:
    """Find where a rising curve turns upward: the index farthest below the line from its first to its last value.

    Both axes are scaled to 0..1 first (Satopaa 2011, "Kneedle"). A flat curve has no knee: its last index is returned.
    """
    curve = np.asarray(curve, np.float64)
    height = curve[-1] - curve[0]
    if len(curve) < 3 or height <= 0:
        return len(curve) - 1
    return int(np.argmax(np.linspace(0, 1, len(curve)) - (curve - curve[0]) / height))


def _stamp(points: np.ndarray) -> str:
    return f"{points.shape} {hashlib.blake2b(points.tobytes(), digest_size=16).hexdigest()}"


def _read(keep: Path, stamp: str) -> Neighbours | None:
    """Read a kept graph; None where there is none, it belongs to other points, or the file is damaged: it is only a store."""
    try:
        with keep.open("rb") as file, np.load(file, allow_pickle=False) as held:  # np.load alone leaves a damaged file open
            if str(held["stamp"]) != stamp:
                return None
            return Neighbours(held["index"], held["distance"])
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None


def _write(keep: Path, stamp: str, found: Neighbours) -> None:
    keep.parent.mkdir(parents=True, exist_ok=True)
    temporary = keep.with_name(f"{keep.name}.{os.getpid()}.tmp")
    with temporary.open("wb") as file:
        np.savez(file, stamp=np.array(stamp), index=found.index, distance=found.distance)
    os.replace(temporary, keep)


def _silent(fraction: float | None, message: str, partial: object = None) -> None:
    """Report to nobody."""
