"""Points in the plane: drawn from densities that are known, where a model can be checked against the truth, or read from a table.

Ring and grid are those of the literature (VEEGAN, https://arxiv.org/abs/1705.07761; PacGAN, https://arxiv.org/abs/1712.04086), so
that captured modes and good samples can be compared with published figures.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from genlib.images import Progress

COUNT = 10_000


@dataclass(frozen=True, eq=False)
class Cloud:
    """A draw from one density, standardised."""

    points: np.ndarray  # (n, 2) float32
    labels: np.ndarray  # (n,) int64: the part of the density each comes from
    classes: tuple[str, ...]
    modes: np.ndarray | None = None  # (m, 2) float32, the true centres after standardising
    mode_std: float = 0.0


def standardise(points: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Shift and scale both columns to mean 0 and standard deviation 1: the points as float32, the old means, the old deviations."""
    centre, spread = points.mean(axis=0), points.std(axis=0)
    return ((points - centre) / spread).astype(np.float32), centre, spread


def _gaussians(centres: np.ndarray, std: float, name: str, count: int, seed: int) -> Cloud:
    """Equal parts of round Gaussians around centres (m, 2), whose mean is 0 and whose spread is the same in both directions.

    Standardised by the true spread, not by that of the draw, so that the modes lie exactly where they are said to.
    """
    generator = np.random.default_rng(seed)
    labels = generator.permutation(np.arange(count) % len(centres))
    points = centres[labels] + std * generator.standard_normal((count, 2))
    scale = np.sqrt((centres**2).mean() + std**2)
    classes = tuple(f"{name} {index + 1}" for index in range(len(centres)))
    return Cloud((points / scale).astype(np.float32), labels, classes, (centres / scale).astype(np.float32), float(std / scale))


def ring(count: int = COUNT, seed: int = 0) -> Cloud:
    """8 Gaussians on a circle of radius 1, standard deviation 0.01 (PacGAN, section 4.1)."""
    angles = np.arange(8) * np.pi / 4
    return _gaussians(np.stack([np.cos(angles), np.sin(angles)], axis=1), 0.01, "mode", count, seed)


def grid(count: int = COUNT, seed: int = 0) -> Cloud:
    """5 x 5 Gaussians 2 apart, standard deviation 0.05 (PacGAN, section 4.1)."""
    places = np.arange(-4.0, 5.0, 2.0)
    return _gaussians(np.stack(np.meshgrid(places, places), axis=-1).reshape(-1, 2), 0.05, "mode", count, seed)


def gaussian(count: int = COUNT, seed: int = 0) -> Cloud:
    """One round Gaussian of standard deviation 1 at the origin."""
    return _gaussians(np.zeros((1, 2)), 1.0, "mode", count, seed)


Raw = Callable[[np.random.Generator, int], tuple[np.ndarray, np.ndarray]]  # (generator, count) -> points (n, 2) and labels (n,)


def _cloud(raw: Raw, classes: tuple[str, ...], count: int, seed: int) -> Cloud:
    """Standardise by the draw that is the data set, so that any other draw lies in the same place."""
    points, labels = raw(np.random.default_rng(seed), count)
    _, centre, spread = standardise(raw(np.random.default_rng(0), COUNT)[0])
    return Cloud(((points - centre) / spread).astype(np.float32), labels.astype(np.int64), classes)


def _moons(generator: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    labels = generator.permutation(np.arange(count) % 2)
    angle = generator.uniform(0, np.pi, count)
    side = 1.0 - 2.0 * labels
    points = np.stack([np.cos(angle) * side + labels, np.sin(angle) * side + 0.5 * labels], axis=1)
    return points + 0.08 * generator.standard_normal((count, 2)), labels


def moons(count: int = COUNT, seed: int = 0) -> Cloud:
    """Two half circles of radius 1 that reach into each other, with noise of 0.08."""
    return _cloud(_moons, ("upper", "lower"), count, seed)


def _spiral(generator: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    labels = generator.permutation(np.arange(count) % 3)
    radius = generator.uniform(0.08, 1.0, count)
    angle = 2 * np.pi * (radius + labels / 3)
    points = np.stack([np.cos(angle), np.sin(angle)], axis=1) * radius[:, None]
    return points + 0.03 * generator.standard_normal((count, 2)), labels


def spiral(count: int = COUNT, seed: int = 0) -> Cloud:
    """Three arms that wind out from the middle, a turn each; even in radius, with noise of 0.03 of the largest one."""
    return _cloud(_spiral, ("arm 1", "arm 2", "arm 3"), count, seed)


def _swiss_roll(generator: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    place = generator.uniform(0, 1, count)
    angle = 1.5 * np.pi * (1 + 2 * place)
    points = angle[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1) + 0.25 * generator.standard_normal((count, 2))
    return points, (place * 4).astype(int)


def swiss_roll(count: int = COUNT, seed: int = 0) -> Cloud:
    """One sheet rolled up one and a half times, seen from its end; the labels are its quarters from the inside out."""
    return _cloud(_swiss_roll, ("innermost", "inner", "outer", "outermost"), count, seed)


def _checkerboard(generator: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    labels = generator.permutation(np.arange(count) % 8)
    row, column = labels // 2, labels % 2 * 2 + labels // 2 % 2
    return np.stack([column, row], axis=1) + generator.uniform(0, 1, (count, 2)), labels


def checkerboard(count: int = COUNT, seed: int = 0) -> Cloud:
    """The 8 dark squares of a 4 x 4 board, evenly filled, with sharp edges and nothing between."""
    return _cloud(_checkerboard, tuple(f"row {index // 2 + 1}, square {index % 2 + 1}" for index in range(8)), count, seed)


# Each draws any number of points from one density, by the name of the data set that is its first draw.
DENSITIES: dict[str, Callable[[int, int], Cloud]] = {
    "ring": ring,
    "grid": grid,
    "moons": moons,
    "spiral": spiral,
    "swiss-roll": swiss_roll,
    "checkerboard": checkerboard,
    "gaussian": gaussian,
}


def read_table(data: bytes, progress: Progress | None = None) -> tuple[np.ndarray, list[str]]:
    """Read two columns of numbers as (n, 2) float64, and the columns' names, x and y where there is no header.

    Comma, semicolon, tab or spaces separate; where commas do not, they may be decimal commas. A line that starts with # is a remark.
    ValueError names the line that is wrong.
    """
    lines = _lines(data)
    separator = next((mark for mark in (";", "\t", ",") if any(mark in line for _, line in lines)), None)
    rows = [(number, [cell.strip().strip('"') for cell in line.split(separator)]) for number, line in lines]
    header = rows[0][1] if rows and all(_number(cell, separator) is None for cell in rows[0][1]) else []
    rows = rows[1:] if header else rows
    table = np.empty((len(rows), 2))
    for index, (number, cells) in enumerate(rows):
        table[index] = _point(number, cells, separator)
        if progress and index % 10_000 == 0:
            progress(index / len(rows), f"reading line {number:,}")
    return table, header or ["x", "y"]


def _lines(data: bytes) -> list[tuple[int, str]]:
    """Return the lines that say something, with their numbers."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError("the table is not a text file: save it as CSV (UTF-8)") from error
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), start=1)]
    return [(number, line) for number, line in lines if line and not line.startswith("#")]


def _number(cell: str, separator: str | None) -> float | None:
    """Read one number, "nan" and "inf" included; None where it is none."""
    try:
        return float(cell if separator == "," else cell.replace(",", "."))
    except ValueError:
        return None


def _point(line: int, cells: list[str], separator: str | None) -> list[float]:
    if len(cells) != 2:
        raise ValueError(f"line {line} has {len(cells)} {'columns' if len(cells) > 1 else 'column'}, and two are needed")
    values = []
    for cell in cells:
        value = _number(cell, separator)
        if value is None or not abs(value) < 1e30:  # NaN fails every comparison; beyond, the deviation would overflow
            raise ValueError(f"line {line}: {cell!r} is not a number that can be used")
        values.append(value)
    return values
