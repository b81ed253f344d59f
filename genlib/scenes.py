"""How codes are shown: a picture as it is, a point as a dot over its data; and tiles, strips and steps made of them.

Everything that moves through latent space draws here, so that a slider, a strip and a film show the same thing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from genlib import images, latent

SIDE = 288  # of a drawn point's picture: what a screen shows of it
REACH = 1.15  # the picture shows this times the range that the data fill
DOT = np.array([213, 94, 0], np.uint8)  # vermillion of Okabe and Ito: seen beside grey by everybody


@dataclass(frozen=True, eq=False)
class Scene:
    """`generate` decodes (n, d) codes; `backdrop` (side, side, 1) is there for points only, with `reach` in data units."""

    generate: Callable[[np.ndarray], np.ndarray]
    backdrop: np.ndarray | None = None
    reach: float = 1.0

    def pictures(self, codes: np.ndarray) -> np.ndarray:
        """Decode and draw: codes (n, d) to pixels (n, h, w, c)."""
        return self.drawn(self.generate(np.ascontiguousarray(codes, np.float32)))

    def drawn(self, items: np.ndarray) -> np.ndarray:
        """Draw decoded items: pictures as they are, points (n, 2) as dots (n, h, w, c)."""
        return items if self.backdrop is None else dots(items, self.backdrop, self.reach)

    def picture(self, code: np.ndarray) -> np.ndarray:
        """Decode and draw one code (d,) as (h, w, c)."""
        return self.pictures(code[None])[0]

    def tiles(self, origin: np.ndarray, u: np.ndarray, v: np.ndarray, limits: tuple[float, float], columns: int) -> np.ndarray:
        """Draw a plane as columns x columns pictures without gaps, x to the right and y up: (H, W, c)."""
        low, high = limits
        centres = low + (np.arange(columns) + 0.5) * (high - low) / columns
        x, y = np.meshgrid(centres, centres[::-1])
        pixels = self.pictures(latent.plane(origin, u, v, np.stack([x.ravel(), y.ravel()], axis=1)))
        return images.montage(pixels[:, :: self._thin, :: self._thin], columns, gap=0)

    @property
    def _thin(self) -> int:
        return 1 if self.backdrop is None else 6


def decoder(model: Any, label: int | None = None) -> Callable[[np.ndarray], np.ndarray]:
    """Return the model's `generate` for one class or category; without a label its groups take turns, where it has any."""
    if label is None:
        return model.generate
    return lambda codes: model.generate(codes, np.full(len(codes), label))


def scene(generate: Callable[[np.ndarray], np.ndarray], items: np.ndarray) -> Scene:
    """Make the scene of a data set's items: pictures (n, h, w, c), or points (n, 2) over their own density."""
    if items.ndim == 4:
        return Scene(generate)
    reach = float(np.abs(items).max()) * REACH
    return Scene(generate, density(items, reach), reach)


def density(points: np.ndarray, reach: float, side: int = SIDE) -> np.ndarray:
    """Draw points (n, 2) as a grey density on paper: (side, side, 1), dark where many lie."""
    edges = np.linspace(-reach, reach, side // 2 + 1)
    counts, _, _ = np.histogram2d(points[:, 1], points[:, 0], bins=(edges, edges))
    shade = np.sqrt(counts / max(1.0, float(np.quantile(counts[counts > 0], 0.95)) if counts.any() else 1.0)).clip(0, 1)
    pixels = np.rint(255 - 140 * shade[::-1]).astype(np.uint8)
    return pixels.repeat(2, axis=0).repeat(2, axis=1)[..., None]


def dots(points: np.ndarray, backdrop: np.ndarray, reach: float, radius: int = 8) -> np.ndarray:
    """Draw each point (n, 2) as a dot over the same backdrop: (n, side, side, 3). Outside, the dot stays at the rim."""
    side = len(backdrop)
    pictures = np.repeat(backdrop, 3, axis=2)[None].repeat(len(points), axis=0)
    where = (np.nan_to_num(points) / reach * [0.5, -0.5] + 0.5) * side
    where = where.clip(radius, side - 1 - radius)
    down, right = np.mgrid[:side, :side]
    for picture, (x, y) in zip(pictures, where, strict=True):
        picture[(right - x) ** 2 + (down - y) ** 2 <= radius**2] = DOT
    return pictures


def strip(pixels: np.ndarray, least: int = 48) -> np.ndarray:
    """Lay the frames of a path out in one row: (n, h, w, c) to (H, W, c)."""
    return images.montage(images.enlarge(pixels, least), columns=len(pixels), gap=4)


def steps(items: np.ndarray) -> np.ndarray:
    """Return how much each item of a walk differs from the one before: (n - 1,).

    Of pixels (n, h, w, c) in root mean square grey levels, of points (n, 2) as a distance in the units of the data.
    """
    squares = np.diff(items.reshape(len(items), -1).astype(np.float32), axis=0) ** 2
    return np.sqrt(squares.mean(axis=1) if items.ndim == 4 else squares.sum(axis=1))
