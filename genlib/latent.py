"""Where to go in latent space: draws, paths, planes and directions. Arrays in, arrays out; no model is needed.

Codes are float32, one row a code. Every draw has a seed and a generator of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from genlib import neighbours

# Up to here all principal directions are cheap to find exactly; beyond, Lanczos finds just the ones asked for.
FULL_DIMENSIONS = 1024


def sample(n: int, latent_dim: int, seed: int, temperature: float = 1.0, truncation: float | None = None) -> np.ndarray:
    """Draw n codes from the standard normal prior: (n, latent_dim) float32.

    `temperature` is the standard deviation. `truncation` keeps each number within so many standard deviations by squeezing
    the same draw into the shorter range, not by drawing again, so that a picture changes smoothly as the limit moves.
    The first rows do not depend on n. Raises ValueError for a temperature below zero or a truncation not above it.
    """
    if temperature < 0:
        raise ValueError(f"temperature must be at least 0, got {temperature:g}")
    if truncation is not None and truncation <= 0:
        raise ValueError(f"truncation must be above 0 (standard deviations), got {truncation:g}; leave it out for none")
    draws = np.random.default_rng(seed).standard_normal((n, latent_dim))
    if truncation is not None:
        from scipy.special import ndtr, ndtri

        low = ndtr(-truncation)
        draws = ndtri(low + ndtr(draws) * (1 - 2 * low)).clip(-truncation, truncation)
    return (temperature * draws).astype(np.float32)


def path(a: np.ndarray, b: np.ndarray, frames: int, kind: str = "straight") -> np.ndarray:
    """Walk from code a to code b, both ends included: (d,), (d,) -> (frames, d) float32. `kind` is a row of PATHS."""
    if frames < 2:
        raise ValueError(f"a path needs at least 2 frames, its two ends, got {frames}")
    if kind not in PATHS:
        raise ValueError(f"there is no path called {kind!r}. Possible: {', '.join(PATHS)}")
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    if a.ndim != 1 or a.shape != b.shape:
        raise ValueError(f"both ends of a path must be single codes of one length, got shapes {a.shape} and {b.shape}")
    walked = PATHS[kind](a, b, np.linspace(0.0, 1.0, frames)[:, None])
    walked[0], walked[-1] = a, b
    return walked.astype(np.float32)


def _straight(a: np.ndarray, b: np.ndarray, t: np.ndarray) -> np.ndarray:
    return (1 - t) * a + t * b


def _spherical(a: np.ndarray, b: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Turn the direction at constant speed (Shoemake 1985) while the length goes evenly from one to the other.

    A straight line between two draws of many dimensions passes near the origin, where no draw ever lies; this one does not.
    """
    long, other = np.linalg.norm(a), np.linalg.norm(b)
    if long == 0 or other == 0:  # from the origin there is only one direction to take
        return _straight(a, b, t)
    start, end = a / long, b / other
    # Kahan's form: exact for nearly equal and nearly opposite directions, where the arc cosine is not.
    angle = 2 * np.arctan2(np.linalg.norm(start - end), np.linalg.norm(start + end))
    if angle < 1e-6:
        return _straight(a, b, t)
    if np.pi - angle < 1e-6:
        raise ValueError("the two codes lie exactly opposite each other, so no way round is the shortest; choose the straight path")
    direction = (np.sin((1 - t) * angle) * start + np.sin(t * angle) * end) / np.sin(angle)
    return ((1 - t) * long + t * other) * direction


PATHS: dict[str, Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]] = {"straight": _straight, "spherical": _spherical}


def plane(origin: np.ndarray, u: np.ndarray, v: np.ndarray, xy: np.ndarray) -> np.ndarray:
    """Place points of a plane in latent space: origin + x u + y v; (d,), (d,), (d,), (n, 2) or (2,) -> (n, d) float32."""
    xy = np.atleast_2d(np.asarray(xy, np.float64))
    return (np.asarray(origin) + xy[:, :1] * np.asarray(u) + xy[:, 1:] * np.asarray(v)).astype(np.float32)


@dataclass(frozen=True, eq=False)
class Directions:
    """Ways to move a code, the most telling first."""

    mean: np.ndarray  # (d,) the middle of the codes they were found in
    vectors: np.ndarray  # (k, d) rows of length 1
    spread: np.ndarray  # (k,) standard deviation of the codes along each
    names: tuple[str, ...]


def principal(codes: np.ndarray, count: int) -> Directions:
    """Find the directions in which codes (n, d) vary most. At most min(n - 1, d) exist, so fewer than `count` may come back.

    A direction's sign is arbitrary; here its largest entry is positive, so that the same codes always give the same slider.
    """
    codes = _codes(codes)
    mean = codes.mean(axis=0, dtype=np.float64)
    count = max(1, min(count, len(codes) - 1, codes.shape[1]))
    centred = codes - mean.astype(np.float32)
    find = _all_axes if codes.shape[1] <= FULL_DIMENSIONS or not centred.any() else _leading_axes
    variance, vectors = find(centred, count)
    largest = np.take_along_axis(vectors, np.abs(vectors).argmax(axis=1)[:, None], axis=1)
    vectors = vectors * np.where(largest < 0, -1, 1)
    names = tuple(f"Direction {i + 1}" for i in range(len(vectors)))
    return Directions(mean.astype(np.float32), vectors.astype(np.float32), np.sqrt(variance).astype(np.float32), names)


def _all_axes(centred: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    if not centred.any():  # all codes are the same: any axes do
        return np.zeros(count), np.eye(count, centred.shape[1])
    variance, axes = np.linalg.eigh((centred.T @ centred).astype(np.float64) / len(centred))
    return variance[::-1][:count].clip(min=0), axes.T[::-1][:count]


def _leading_axes(centred: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    from scipy.sparse.linalg import svds

    count = min(count, min(centred.shape) - 1)
    start = np.random.default_rng(0).standard_normal(min(centred.shape)).astype(np.float32)
    _, lengths, axes = svds(centred, k=count, v0=start)
    order = np.argsort(lengths)[::-1]
    return lengths[order].astype(np.float64) ** 2 / len(centred), axes[order]


def raw(codes: np.ndarray, count: int) -> Directions:
    """Take the dimensions of codes (n, d) as they are, the one with the largest variance first; names count from 1."""
    codes = _codes(codes)
    spread = codes.std(axis=0, dtype=np.float64)
    order = np.argsort(-spread, kind="stable")[: max(1, count)]
    vectors = np.eye(codes.shape[1], dtype=np.float32)[order]
    names = tuple(f"Dimension {i + 1}" for i in order)
    return Directions(codes.mean(axis=0, dtype=np.float64).astype(np.float32), vectors, spread[order].astype(np.float32), names)


def move(directions: Directions, base: np.ndarray, amounts: np.ndarray) -> np.ndarray:
    """Move base (d,) or (n, d) by amounts (k,) or (n, k), each in standard deviations along its direction -> (n, d) float32."""
    amounts = np.atleast_2d(np.asarray(amounts, np.float32))
    if amounts.shape[1] != len(directions.vectors):
        raise ValueError(f"there are {len(directions.vectors)} directions, so as many amounts are needed, got {amounts.shape[1]}")
    return (np.atleast_2d(base) + (amounts * directions.spread) @ directions.vectors).astype(np.float32)


def _codes(codes: np.ndarray) -> np.ndarray:
    codes = neighbours.rows(codes)
    if len(codes) < 2:
        raise ValueError(f"directions need at least 2 codes, got {len(codes)}")
    return codes
