"""A plane to drag in: the picture follows the cross-hair."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import streamlit as st

from genlib.ui.parts import Picture, belonging, nothing, packed, png_uri, register
from genlib.ui.parts.answer import answer

_mount = register(__file__, "live.js", "palette.js")

CELLS = 72  # of the density, along one side: 5 CSS pixels each at the default size
DOTS = 4000  # drawn at most; more hide the tiles and each other


def pad(
    picture: Picture | Callable[[float, float], Picture | None] | None,
    key: str,
    xy: tuple[float, float] = (0.0, 0.0),
    limits: tuple[float, float] = (-3.0, 3.0),
    background: Picture | None = None,
    points: np.ndarray | None = None,
    labels: np.ndarray | None = None,
    names: tuple[str, str] = ("x", "y"),
    size: int = 360,
) -> tuple[float, float]:
    """Draw a square plane from `limits[0]` to `limits[1]` in both directions and return where its cross-hair is.

    `picture` is best a function (x, y) -> PNG or pixels (h, w, c): it is called with the newest place, so that picture
    and place belong together. `xy` is where the cross-hair starts; another `xy` moves it there. `background` fills the
    plane (a grid of decoded tiles). `points` (n, 2), the training codes in this plane, become a density: dim where
    there are none, with a sentence when the cross-hair leaves them; with `labels` (n,) they are dots in class colours.
    """
    low, high = limits
    if not low < high:
        raise ValueError(f"the lower limit of the pad must be below the upper one, got {low} and {high}")
    start = [float(xy[0]), float(xy[1])]
    data: dict[str, object] = {"name": key, "start": start, "low": float(low), "high": float(high), "names": list(names), "size": size}
    if background is not None:
        data["background"] = _address(background)
    if points is not None and len(points):
        data |= _cloud(np.asarray(points, np.float64), labels, low, high)
    with st.container(horizontal=True, gap="medium"):
        at = belonging(_mount(key=key, data=data, width=size, on_at_change=nothing).get("at"), start=start)
        x, y = float(at.get("x", start[0])), float(at.get("y", start[1]))
        shown = picture(x, y) if callable(picture) else picture
        answer(key, shown, alt=f"Picture at {names[0]} {x:.2f}, {names[1]} {y:.2f}", number=at.get("number", 0))
    return x, y


def density(points: np.ndarray, limits: tuple[float, float], cells: int = CELLS) -> np.ndarray:
    """Return (cells, cells) uint8, row 0 at the top: 255 where `points` (n, 2) are densest, 0 outside them.

    The value is a rank: at level v, a share v/255 of the points lies where it is no denser. So the cells above 2
    hold 99 % of them, whatever the shape of the cloud.
    """
    edges = np.linspace(*limits, cells + 1)
    counts = np.histogram2d(points[:, 1], points[:, 0], bins=(edges, edges))[0][::-1]
    blur = np.exp(-0.5 * (np.arange(-6, 7) / 2.0) ** 2)
    smooth = counts
    for _ in range(2):
        smooth = np.apply_along_axis(np.convolve, 0, smooth, blur, mode="same").T
    order = np.argsort(smooth, axis=None)
    ranks = np.zeros(counts.size)
    ranks[order] = 255 * np.cumsum(counts.ravel()[order]) / max(1.0, counts.sum())
    return np.rint(ranks).astype(np.uint8).reshape(cells, cells)


# Kept, both: they are asked for again at every step of a drag, and do not change.
@st.cache_data(show_spinner=False, max_entries=32)
def _address(background: Picture) -> str:
    """Return the background as a page can show it."""
    return png_uri(background)


@st.cache_data(show_spinner=False, max_entries=32)
def _cloud(points: np.ndarray, labels: np.ndarray | None, low: float, high: float) -> dict[str, object]:
    """Return what the browser needs to draw the training codes."""
    cloud: dict[str, object] = {"density": packed(density(points, (low, high))), "cells": CELLS}
    if labels is None:
        return cloud
    if len(labels) != len(points):
        raise ValueError(f"the pad got {len(points)} points and {len(labels)} labels; each point needs one")
    thin = slice(None, None, -(-len(points) // DOTS))
    inside = ((points[thin] >= low) & (points[thin] <= high)).all(1)
    places = np.rint((points[thin][inside] - low) / (high - low) * 65535).astype(np.uint16)
    groups = np.clip(np.asarray(labels)[thin][inside] + 1, 0, 255).astype(np.uint8)
    return cloud | {"dots": packed(places), "groups": packed(groups)}
