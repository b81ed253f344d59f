"""Coloured shapes, drawn from known factors: what a latent dimension has learned can be checked against the truth.

Each picture shows one shape on a dark ground. Every factor is drawn on its own, so none tells anything about another, and each
picture has exactly one set of factors: the hue stops before it comes round to red again, and the angle stays within what leaves
even the square, which looks the same every 90 degrees, unambiguous.
"""

from __future__ import annotations

import numpy as np

COUNT = 10_000
CLASSES = ("ellipse", "square", "triangle")
FACTORS = ("shape", "hue", "size", "x", "y", "angle")
# Hue: red (0) to violet (0.8). Size: the shape's radius, x and y: its centre, all as shares of the picture's side. Angle: degrees.
RANGES = {"hue": (0.0, 0.8), "size": (0.12, 0.25), "x": (0.29, 0.71), "y": (0.29, 0.71), "angle": (-40.0, 40.0)}
GROUND = 26


def factors() -> np.ndarray:
    """Return the factors (n, 6) float32 in the order of FACTORS; the shapes take equal shares."""
    generator = np.random.default_rng(0)
    columns = [generator.permutation(np.arange(COUNT) % len(CLASSES))]
    columns += [generator.uniform(*RANGES[name], COUNT) for name in FACTORS[1:]]
    return np.stack(columns, axis=1).astype(np.float32)


def draw(truth: np.ndarray, size: int = 64) -> np.ndarray:
    """Draw factors (n, 6) as pictures (n, size, size, 3) uint8, with smooth edges."""
    pictures = np.full((len(truth), size, size, 3), GROUND, np.uint8)
    for start in range(0, len(truth), 128):
        _draw_block(truth[start : start + 128], pictures[start : start + 128])
    return pictures


def _draw_block(truth: np.ndarray, pictures: np.ndarray) -> None:
    """Draw each shape in a window that just holds the largest one; the rest of the picture is ground."""
    size = pictures.shape[1]
    shape, hue, radius, x, y, angle = (column[:, None, None] for column in truth.T)
    window = int(np.ceil(2 * RANGES["size"][1] * size)) + 2
    left, top = (np.clip(np.floor(centre * size - window / 2), 0, size - window).astype(int) for centre in (x, y))
    steps = np.arange(window, dtype=np.float32) + np.float32(0.5)
    right, down = (left + steps[None, None, :]) / size - x, (top + steps[None, :, None]) / size - y
    cosine, sine = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    u, v = cosine * right + sine * down, cosine * down - sine * right
    distance = np.empty_like(u)
    for index, outline in enumerate((_ellipse, _square, _triangle)):
        rows = shape[:, 0, 0] == index
        distance[rows] = outline(u[rows], v[rows], radius[rows])
    # A pixel whose centre lies half a pixel inside the edge is covered, half a pixel outside is not.
    covered = np.clip(0.5 - distance * size, 0, 1)[..., None]
    colour = (255 * _rgb(hue[:, 0, 0]))[:, None, None, :]
    drawn = np.rint(GROUND + covered * (colour - GROUND)).astype(np.uint8)
    for picture, tile, row, column in zip(pictures, drawn, top.ravel(), left.ravel(), strict=True):
        picture[row : row + window, column : column + window] = tile


def _ellipse(u: np.ndarray, v: np.ndarray, radius: np.ndarray) -> np.ndarray:
    """Distance outside (negative: inside) an ellipse half as high as wide, to first order near its edge."""
    level = np.sqrt(u**2 + 4 * v**2) + 1e-6
    return (level - radius) * level / np.sqrt(u**2 + 16 * v**2 + 1e-12)


def _square(u: np.ndarray, v: np.ndarray, radius: np.ndarray) -> np.ndarray:
    return np.maximum(abs(u), abs(v)) - radius * np.float32(np.sqrt(0.5))


def _triangle(u: np.ndarray, v: np.ndarray, radius: np.ndarray) -> np.ndarray:
    """Equilateral, one corner up: the farthest out of its three sides."""
    return np.maximum(abs(u) * np.float32(np.sqrt(0.75)) - v / 2, v) - radius / 2


def _rgb(hue: np.ndarray) -> np.ndarray:
    """Hue in [0, 1) to RGB (n, 3) in [0, 1], at saturation 0.8 and value 0.95."""
    wheel = np.abs((hue[:, None] * 6 + np.array([0, 4, 2], np.float32)) % 6 - 3) - 1
    return 0.95 * (1 - 0.8 * (1 - np.clip(wheel, 0, 1)))
