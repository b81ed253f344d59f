"""A film of a walk between two codes, as a GIF or MP4. Made in a process of its own, since it takes seconds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from genlib import choices, images, latent
from genlib.choices import knob

Progress = Callable[..., None]
WRITERS: dict[str, Callable[..., bytes]] = {"GIF": images.gif, "MP4": images.mp4}
MIME = {"GIF": "image/gif", "MP4": "video/mp4"}


@dataclass(frozen=True)
class FilmOptions:
    """How a film is made."""

    format: str = knob("GIF", values=("GIF", "MP4"), help="A GIF plays anywhere by itself; an MP4 is smaller and keeps all colours.")
    frames: int = knob(48, 2, 600, "How many pictures lie between the two ends, the ends included.")
    fps: int = knob(20, 1, 50, "How many of them are shown a second.", label="Frames a second")
    side: int = knob(256, 32, 1024, "At least so many pixels on the shorter side; pictures are enlarged by whole numbers.", label="Size")
    back: bool = knob(True, help="Walk back again, so that the film repeats without a jump.", label="There and back")


def film(
    folder: Path,
    step: int | None,
    ends: np.ndarray,
    kind: str,
    options: FilmOptions,
    label: int | None = None,
    progress: Progress | None = None,
) -> bytes:
    """Decode the path between two codes (2, d) with a run's weights and write it as a film.

    `kind` is a row of latent.PATHS, `label` the class or category for a model that has groups.
    Raises ValueError with a sentence for options out of range.
    """
    from genlib.runs import Run
    from genlib.scenes import decoder, scene

    options = choices.fill(FilmOptions, vars(options))
    run = Run(folder)
    drawn = scene(decoder(run.load(step), label), _items(run.config))
    codes = latent.path(ends[0], ends[1], options.frames, kind)
    parts = []
    for start in range(0, len(codes), 16):
        if progress:
            progress(0.5 * start / len(codes), f"decoding frame {start + 1} of {len(codes)}")
        parts.append(drawn.pictures(codes[start : start + 16]))
    frames = images.enlarge(np.concatenate(parts), options.side)
    if options.back:
        frames = np.concatenate([frames, frames[-2:0:-1]])
    return WRITERS[options.format](frames, options.fps, progress=_second_half(progress))


def _items(config: Any) -> np.ndarray:
    """The items behind a point's dot; pictures need none, so their data set is not even read."""
    from genlib import data

    return data.load(config.dataset).items if config.size is None else np.empty((0, config.size, config.size, 1), np.uint8)


def _second_half(progress: Progress | None) -> Progress | None:
    if progress is None:
        return None

    def tell(fraction: float | None, message: str) -> None:
        progress(0.5 + 0.5 * (fraction or 0.0), message)

    return tell
