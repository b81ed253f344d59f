"""Maps kept on disk: the layout of a file of vectors, and its neighbour graph.

A map is found again by what it was made from (the file of vectors), how (method and options) and the seed.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from genlib import choices, files
from genlib.neighbours import Neighbours, graph
from genlib.project import PROJECTORS, Projection, project

Progress = Callable[..., None]
NEIGHBOURS = 15  # kept for each item, or as many as a projector wants


def points(file: Path) -> np.ndarray:
    """Read the vectors of a map as (n, d) float32; pixels become grey levels from 0 to 1."""
    with np.load(file) as kept:
        values = kept["values"]
    return values.astype(np.float32) / 255 if values.dtype == np.uint8 else values.astype(np.float32)


def neighbours(file: Path, k: int = NEIGHBOURS, progress: Progress | None = None) -> Neighbours:
    """Return the k nearest others of each vector. One graph lies beside the file; it is computed anew only for a larger k."""
    vectors = points(file)
    return graph(vectors, min(k, len(vectors) - 1), progress=progress, keep=_beside(file, "graph"))


def has_neighbours(file: Path, k: int) -> bool:
    """Say whether the graph beside the file holds k neighbours, so that `neighbours` needs no time."""
    path = _beside(file, "graph")
    if not path.exists():
        return False
    with np.load(path) as stored:
        return stored["index"].shape[1] >= k


def kept(file: Path, method: str, options: Any, seed: int) -> Projection | None:
    """Return the layout made earlier with the same method, options and seed; None where there is none."""
    path = _beside(file, _name(method, options, seed))
    if not path.exists():
        return None
    with np.load(path) as stored:
        return Projection(stored["xy"], method, options, float(stored["trust"]), int(stored["trust_n"]))


def draw(file: Path, method: str, options: Any, seed: int = 0, progress: Progress | None = None) -> Projection:
    """Lay the vectors of a file out in two dimensions and keep the layout. A layout kept earlier is returned at once."""
    found = kept(file, method, options, seed)
    if found is not None:
        return found
    vectors = points(file)
    shared = None
    if method != "pca":
        shared = neighbours(file, _needed(options, len(vectors)), progress=_part(progress, 0.0, 0.2))
    made = project(vectors, method, options, seed, neighbours=shared, progress=_part(progress, 0.2, 1.0))
    buffer = io.BytesIO()
    np.savez(buffer, xy=made.xy, trust=made.trust, trust_n=made.trust_n)
    files.write(_beside(file, _name(method, options, seed)), buffer.getvalue())
    return made


def _needed(options: Any, count: int) -> int:
    """Say how many neighbours the options ask for: UMAP names them, t-SNE wants three times its perplexity."""
    asked = asdict(options)
    wanted = int(asked.get("neighbours", 3 * asked.get("perplexity", 0)))
    return min(max(NEIGHBOURS, wanted), count - 1)


def _name(method: str, options: Any, seed: int) -> str:
    choices.pick("projector", method, PROJECTORS)
    text = json.dumps([method, asdict(options), seed], sort_keys=True)
    return f"{method}-{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def _beside(file: Path, name: str) -> Path:
    return file.with_name(f"{file.stem}-{name}.npz")


def _part(progress: Progress | None, start: float, end: float) -> Progress | None:
    """Fit a part's progress from 0 to 1 into the whole."""
    if progress is None:
        return None

    def tell(fraction: float | None, message: str, partial: Any = None) -> None:
        progress(None if fraction is None else start + (end - start) * fraction, message, partial)

    return tell
