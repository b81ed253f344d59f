"""The directions that change the decoded picture most: for generators without an encoder, whose codes have no shape of their own.

Apart from latent.py because the answer depends on what the generator makes of the codes, not on the codes alone.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from genlib import latent
from genlib.latent import Directions

DRAWS = 512  # at least; and four for each dimension, so that every one is seen often enough


def telling(codes: np.ndarray, decoded: np.ndarray, count: int) -> Directions:
    """Find how codes (n, d) of the prior move what was decoded from them (n, ...), the strongest direction first.

    They are the steps of length 1 that change the pictures most on average: the left singular vectors of `slope`.
    """
    # The left singular vectors of a wide matrix, by its small Gram matrix.
    gram = slope(codes, decoded)
    _, axes = np.linalg.eigh(gram @ gram.T)
    vectors = axes.T[::-1][:count]
    largest = np.take_along_axis(vectors, np.abs(vectors).argmax(axis=1)[:, None], axis=1)
    return _from_the_middle(vectors * np.where(largest < 0, -1, 1), [f"Direction {i + 1}" for i in range(len(vectors))])


def dimensions(codes: np.ndarray, decoded: np.ndarray, count: int) -> Directions:
    """Rank the raw dimensions of codes (n, d) by how much they change what was decoded (n, ...); names count from 1."""
    order = np.argsort(-np.linalg.norm(slope(codes, decoded), axis=1), kind="stable")[:count]
    return _from_the_middle(np.eye(codes.shape[1])[order], [f"Dimension {i + 1}" for i in order])


def slope(codes: np.ndarray, decoded: np.ndarray) -> np.ndarray:
    """Regress what was decoded (n, ...) on its codes (n, d): (d, pixels).

    For normal codes this is the mean of the generator's Jacobian (Stein 1981). Raises ValueError for fewer than 2 d codes,
    where it would fit noise.
    """
    n, d = codes.shape
    if n < 2 * d:
        raise ValueError(f"{d} dimensions need at least {2 * d} decoded codes, got {n}")
    pixels = decoded.reshape(n, -1).astype(np.float64)
    pixels -= pixels.mean(axis=0)
    return np.linalg.lstsq(codes - codes.mean(axis=0, dtype=np.float64), pixels, rcond=None)[0]


def from_generator(
    find: Callable[[np.ndarray, np.ndarray, int], Directions],
    generate: Callable[[np.ndarray], np.ndarray],
    latent_dim: int,
    count: int,
    seed: int = 0,
    draw: Callable[[int, int], np.ndarray] | None = None,
) -> Directions:
    """Draw codes, decode them with the model's `generate`, and `find` directions: `telling` or `dimensions`.

    `draw` (n, seed) draws from a prior that is not the standard normal.
    """
    n = max(DRAWS, 4 * latent_dim)
    codes = latent.sample(n, latent_dim, seed) if draw is None else draw(n, seed)
    return find(codes, generate(codes), count)


def coordinates(origin: np.ndarray, u: np.ndarray, v: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Find the place in a plane nearest to each code: what `latent.plane` undoes; (d,), (d,), (d,), (n, d) -> (n, 2) float32."""
    axes = np.stack([u, v], axis=1).astype(np.float64)
    return np.linalg.lstsq(axes, (codes - origin).T.astype(np.float64), rcond=None)[0].T.astype(np.float32)


def _from_the_middle(vectors: np.ndarray, names: list[str]) -> Directions:
    """Directions from the prior's middle, where one standard deviation is 1."""
    k, d = vectors.shape
    return Directions(np.zeros(d, np.float32), vectors.astype(np.float32), np.ones(k, np.float32), tuple(names))
