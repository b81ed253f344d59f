"""How good generated items are: distances between two sets of features (n, d), and between points and their density.

Every figure here is also computed of real items against other real items, with the same number: that is the floor, the best that a
perfect model could read. Figures of different n are not comparable, since each is biased by how few items there are.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from genlib import neighbours

BLOCK = 512  # rows of distances or of the kernel held at a time
K = 5  # neighbours of precision, recall, density and coverage
GRID = 30  # cells a side, for points
BINS = 20  # of a code's dimension, and at most of a factor


class Kernel(NamedTuple):
    """KID over several subsets: its mean, and the standard deviation between subsets."""

    mean: float
    std: float


class Neighbourhood(NamedTuple):
    """Precision, recall, density and coverage, and how many items a side they were measured on."""

    precision: float
    recall: float
    density: float
    coverage: float
    n: int


def frechet(a: np.ndarray, b: np.ndarray) -> float:
    """Return the squared Fréchet distance between Gaussians fitted to features (n, d) and (m, d) (Heusel 2017, arXiv:1706.08500)."""
    a, b = _pair(a, b)
    half = _root(np.atleast_2d(np.cov(a, rowvar=False)))
    other = np.atleast_2d(np.cov(b, rowvar=False))
    # tr (A B)^1/2 = tr (A^1/2 B A^1/2)^1/2, and this product is symmetric: its eigenvalues are real and not below 0.
    crossed = np.sqrt(np.linalg.eigvalsh(half @ other @ half).clip(min=0)).sum()
    shift = ((a.mean(axis=0) - b.mean(axis=0)) ** 2).sum()
    return float(max(0.0, shift + (half**2).sum() + np.trace(other) - 2 * crossed))


def kid(a: np.ndarray, b: np.ndarray, subsets: int = 20, size: int = 500, seed: int = 0) -> Kernel:
    """Return the kernel inception distance, unbiased, so that it is around 0 for equal distributions and may be below
    (Binkowski 2018, arXiv:1801.01401).

    The kernel is (x.y / d + 1)^3; mean and deviation are over `subsets` draws of at most `size` items from each side.
    """
    a, b = _pair(a, b)
    generator, size = np.random.default_rng(seed), min(size, len(a), len(b))
    found = [_mmd(*(side[generator.choice(len(side), size, replace=False)] for side in (a, b))) for _ in range(subsets)]
    return Kernel(float(np.mean(found)), float(np.std(found)))


def prdc(real: np.ndarray, fake: np.ndarray, k: int = K) -> Neighbourhood:
    """Ask who lies within whose k-th neighbour's reach (Kynkäänniemi 2019, arXiv:1904.06991; Naeem 2020, arXiv:2002.09797).

    Precision: the share of fake items in reach of any real one. Recall: of real items in reach of any fake one. Density: by how many
    real items a fake one is reached, over k; may pass 1. Coverage: the share of real items that have a fake one in reach.
    """
    real, fake = neighbours.rows(real), neighbours.rows(fake)
    centre = real.mean(axis=0)
    real, fake = real - centre, fake - centre  # distances are differences of squares, exact only where these are small
    reach, other = (neighbours.graph(side, k).distance[:, -1] for side in (real, fake))
    reached, covered = np.zeros(len(fake), np.int64), np.zeros(len(real), bool)
    recalled = np.zeros(len(real), bool)
    length = np.einsum("nd,nd->n", fake, fake)
    for start in range(0, len(real), BLOCK):
        part = slice(start, start + BLOCK)
        distance = length - 2 * (real[part] @ fake.T) + np.einsum("nd,nd->n", real[part], real[part])[:, None]
        distance = np.sqrt(distance.clip(min=0))
        inside = distance < reach[part, None]
        reached += inside.sum(axis=0)
        covered[part], recalled[part] = inside.any(axis=1), (distance < other).any(axis=1)
    n = min(len(real), len(fake))
    return Neighbourhood(float((reached > 0).mean()), float(recalled.mean()), float(reached.mean() / k), float(covered.mean()), n)


def spread(features: np.ndarray) -> float:
    """Return the root mean square distance of features (n, d) from their mean: collapsed samples have less than the data."""
    return float(np.sqrt(neighbours.rows(features).astype(np.float64).var(axis=0).sum()))


def js_divergence(samples: np.ndarray, truth: np.ndarray, cells: int = GRID) -> float:
    """Return the Jensen-Shannon divergence in bits, 0 to 1, of points (n, 2) and (m, 2) counted on a grid over all of the truth.

    What lies outside the grid, or is no number, is counted in one cell more: no sample is dropped. With 100,000 points a side a
    perfect generator reads less than 0.01 bit.
    """
    low, high = truth.min(axis=0), truth.max(axis=0)
    p, q = (_shares(points, low, high, cells) for points in (samples, truth))
    middle = (p + q) / 2
    return float((_entropy(middle) - (_entropy(p) + _entropy(q)) / 2).clip(0, 1))


def mutual_information_gap(codes: np.ndarray, factors: np.ndarray, bins: int = BINS) -> float:
    """Say how far single dimensions of codes (n, d) match single factors (n, f), 0 to 1 (Chen 2018, arXiv:1802.04942).

    For each factor: by how much the dimension that tells most about it exceeds the next one, as a share of the factor's entropy; the
    mean over the factors. The estimator is Locatello's (2019): counts of mean codes, here in `bins` bins with equally many items each.
    """
    columns, truths = ([_binned(column, bins) for column in np.asarray(table).T] for table in (codes, factors))
    gaps = []
    for truth in truths:
        entropy = _entropy(np.bincount(truth) / len(truth))
        if entropy > 0:
            told = sorted((_mutual_information(column, truth) for column in columns), reverse=True)
            gaps.append((told[0] - (told[1] if len(told) > 1 else 0.0)) / entropy)
    return float(np.mean(gaps)) if gaps else float("nan")


def _pair(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both sides as float64 rows; refuse what cannot be compared."""
    sides = tuple(neighbours.rows(side).astype(np.float64) for side in (a, b))
    if sides[0].shape[1] != sides[1].shape[1] or min(map(len, sides)) < 2:
        shapes = " and ".join(str(side.shape) for side in sides)
        raise ValueError(f"two sets of at least 2 items with the same features are compared, got shapes {shapes}")
    return sides[0], sides[1]


def _root(matrix: np.ndarray) -> np.ndarray:
    """The symmetric square root of a covariance."""
    values, axes = np.linalg.eigh(matrix)
    return (axes * np.sqrt(values.clip(min=0))) @ axes.T


def _mmd(a: np.ndarray, b: np.ndarray) -> float:
    """The squared maximum mean discrepancy; items are not compared with themselves, which makes it unbiased."""
    n, m = len(a), len(b)
    own = sum((_kernel_sum(side, side) - _kernel_diagonal(side)) / (len(side) * (len(side) - 1)) for side in (a, b))
    return float(own - 2 * _kernel_sum(a, b) / (n * m))


def _kernel_sum(a: np.ndarray, b: np.ndarray) -> float:
    return sum(float(((a[start : start + BLOCK] @ b.T / a.shape[1] + 1) ** 3).sum()) for start in range(0, len(a), BLOCK))


def _kernel_diagonal(a: np.ndarray) -> float:
    return float(((np.einsum("nd,nd->n", a, a) / a.shape[1] + 1) ** 3).sum())


def _shares(points: np.ndarray, low: np.ndarray, high: np.ndarray, cells: int) -> np.ndarray:
    """The share of points in each cell of the grid from low to high, and in a last cell the share outside."""
    inside = np.isfinite(points).all(axis=1) & (points >= low).all(axis=1) & (points <= high).all(axis=1)
    place = ((points[inside] - low) / np.maximum(high - low, 1e-12) * cells).astype(int).clip(max=cells - 1)
    counts = np.bincount(place[:, 0] * cells + place[:, 1], minlength=cells**2)
    return np.append(counts, len(points) - inside.sum()) / len(points)


def _entropy(shares: np.ndarray) -> np.float64:
    """In bits."""
    some = shares[shares > 0]
    return -(some * np.log2(some)).sum()


def _binned(column: np.ndarray, bins: int) -> np.ndarray:
    """Number the values of a column (n,): each value its own number where there are few, else bins of equally many items."""
    values, index = np.unique(column, return_inverse=True)
    if len(values) <= bins:
        return index
    edges = np.quantile(column, np.linspace(0, 1, bins + 1)[1:-1])
    return np.searchsorted(edges, column, side="right")


def _mutual_information(a: np.ndarray, b: np.ndarray) -> float:
    """In bits, of two columns of small numbers."""
    joint = np.zeros((a.max() + 1, b.max() + 1))
    np.add.at(joint, (a, b), 1 / len(a))
    return float(_entropy(joint.sum(axis=1)) + _entropy(joint.sum(axis=0)) - _entropy(joint.ravel()))
