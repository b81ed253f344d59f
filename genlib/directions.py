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

    A linear regression of pixels on codes is, for normal codes, the mean of the generator's Jacobian (Stein 1981); its left
    singular vectors are the steps of length 1 that change the pictures most on average. Raises ValueError for fewer than
    2 d codes, where the regression would fit noise.
    """
    n, dimensions = codes.shape
    if n < 2 * dimensions:
        raise ValueError(f"{dimensions} dimensions need at least {2 * dimensions} decoded codes, got {n}")
    pixels = decoded.reshape(n, -1).astype(np.float32)
    pixels -= pixels.mean(axis=0)
    mean = codes.mean(axis=0)
    slope, *_ = np.linalg.lstsq(codes - mean, pixels, rcond=None)
    # The left singular vectors of a wide matrix, by its small Gram matrix.
    _, axes = np.linalg.eigh(slope.astype(np.float64) @ slope.T.astype(np.float64))
    vectors = axes.T[::-1][:count]
    largest = np.take_along_axis(vectors, np.abs(vectors).argmax(axis=1)[:, None], axis=1)
    vectors = (vectors * np.where(largest < 0, -1, 1)).astype(np.float32)
    names = tuple(f"Direction {i + 1}" for i in range(len(vectors)))
    return Directions(np.zeros(dimensions, np.float32), vectors, np.ones(len(vectors), np.float32), names)


def decoded(generate: Callable[[np.ndarray], np.ndarray], latent_dim: int, count: int, seed: int = 0) -> Directions:
    """Draw from the prior, decode, and return the telling directions; `generate` is the model's."""
    codes = latent.sample(max(DRAWS, 4 * latent_dim), latent_dim, seed)
    return telling(codes, generate(codes), count)
