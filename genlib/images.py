"""Pictures: the only place that turns pixels into images and back, and all that is written for people to take away.

*Pixels* are uint8 arrays, channels last: (n, h, w, c), c = 1 (grey) or 3 (RGB). *Images* are float32 in [-1, 1], channels
first, as networks want them. Everything else in the project that needs the one from the other comes here, so that a
picture shown, saved and trained on is the same picture to the last bit. No torch: `unit` takes tensors as they come.
"""

from __future__ import annotations

import base64
import io
import math
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

Progress = Callable[..., object]  # progress(fraction or None, message)


def unit(pixels: Any) -> Any:
    """Map uint8 to float32 in [-1, 1], in the layout given; a NumPy array or a torch tensor on any device."""
    if not str(pixels.dtype).endswith("uint8"):
        raise TypeError(f"unit takes uint8 pixels, got {pixels.dtype}")
    floats = pixels.astype(np.float32) if isinstance(pixels, np.ndarray) else pixels.float()
    floats /= 127.5
    floats -= 1.0
    return floats


def to_images(pixels: np.ndarray) -> np.ndarray:
    """Pixels (n, h, w, c) uint8 to images (n, c, h, w) float32 in [-1, 1]."""
    return unit(np.ascontiguousarray(np.moveaxis(pixels, -1, -3)))


def to_pixels(images: np.ndarray) -> np.ndarray:
    """Images (n, c, h, w) in [-1, 1] to pixels (n, h, w, c) uint8; values outside are clipped, NaN is refused.

    `to_pixels(to_images(pixels))` is `pixels`, exactly.
    """
    values = np.asarray(images, dtype=np.float32)
    if np.isnan(values).any():
        raise ValueError("the images contain NaN (not a number): the model that made them has diverged; go back to an earlier snapshot")
    values = np.rint(np.clip(values, -1.0, 1.0) * 127.5 + 127.5)
    return np.ascontiguousarray(np.moveaxis(values.astype(np.uint8), -3, -1))


@dataclass(frozen=True)
class Grid:
    """Where each picture of a montage lies: row by row from the top left, `gap` pixels between, none around."""

    count: int
    height: int
    width: int
    columns: int
    gap: int

    @property
    def rows(self) -> int:
        return -(-self.count // self.columns)

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of the whole montage."""
        return self.rows * (self.height + self.gap) - self.gap, self.columns * (self.width + self.gap) - self.gap

    def cell(self, index: int) -> tuple[int, int]:
        """Return (top, left) of picture `index`."""
        row, column = divmod(index, self.columns)
        return row * (self.height + self.gap), column * (self.width + self.gap)

    def at(self, x: float, y: float) -> int | None:
        """Return the picture at x to the right and y down; None in a gap, in an empty cell, or outside."""
        column, right = divmod(x, self.width + self.gap)
        row, down = divmod(y, self.height + self.gap)
        index = int(row) * self.columns + int(column)
        inside = right < self.width and down < self.height and 0 <= column < self.columns and row >= 0
        return index if inside and index < self.count else None


def grid(pixels: np.ndarray, columns: int | None = None, gap: int = 2) -> Grid:
    """Return the geometry of `montage` with the same arguments; without `columns` it is as near to a square as can be."""
    count, height, width = pixels.shape[:3]
    if count == 0:
        raise ValueError("a montage needs at least one picture, got none")
    columns = min(count, columns or math.ceil(math.sqrt(count)))
    return Grid(count, height, width, columns, gap)


def montage(pixels: np.ndarray, columns: int | None = None, gap: int = 2, paper: int = 255) -> np.ndarray:
    """Lay pictures (n, h, w, c) out in one (H, W, c); `grid` says where each lies, `paper` fills the gaps."""
    plan = grid(pixels, columns, gap)
    channels = pixels.shape[3]
    cells = np.full((plan.rows * plan.columns, plan.height + gap, plan.width + gap, channels), paper, np.uint8)
    cells[: plan.count, : plan.height, : plan.width] = pixels
    lines = cells.reshape(plan.rows, plan.columns, plan.height + gap, plan.width + gap, channels).swapaxes(1, 2)
    sheet = lines.reshape(plan.rows * (plan.height + gap), plan.columns * (plan.width + gap), channels)
    return np.ascontiguousarray(sheet[: plan.shape[0], : plan.shape[1]])


def enlarge(pixels: np.ndarray, least: int) -> np.ndarray:
    """Repeat each pixel a whole number of times until the shorter side is at least `least`: (h, w, c) or (n, h, w, c)."""
    times = max(1, -(-least // min(pixels.shape[-3:-1])))
    return pixels if times == 1 else pixels.repeat(times, axis=-3).repeat(times, axis=-2)


def resize(pixels: np.ndarray, size: int, progress: Progress | None = None) -> np.ndarray:
    """Resize pictures (n, h, w, c) to (n, size, size, c): Lanczos where it shrinks, bicubic where it grows.

    Both filters are linear and act on rows and columns apart, so the whole set is two matrix products.
    """
    count, height, width, channels = pixels.shape
    if (height, width) == (size, size):
        return pixels
    rows, columns = _filter(height, size), _filter(width, size)
    resized = np.empty((count, size, size, channels), np.uint8)
    for start in range(0, count, 1024):
        block = np.moveaxis(pixels[start : start + 1024], -1, 1).astype(np.float32)
        block = rows @ (block.reshape(-1, width) @ columns.T).reshape(-1, height, size)
        block = np.rint(block.clip(0, 255)).astype(np.uint8).reshape(-1, channels, size, size)
        resized[start : start + 1024] = np.moveaxis(block, 1, -1)
        if progress:
            progress(min(1.0, (start + 1024) / count), "resizing the pictures")
    return resized


def _filter(old: int, new: int) -> np.ndarray:
    """Return Pillow's resampling weights as a (new, old) matrix: what it makes of the unit vectors."""
    method = Image.Resampling.LANCZOS if new < old else Image.Resampling.BICUBIC
    return np.asarray(Image.fromarray(np.eye(old, dtype=np.float32)).resize((old, new), method))


def _picture(picture: np.ndarray) -> Image.Image:
    """Hand (h, w, 1 or 3) uint8 over to Pillow."""
    return Image.fromarray(np.ascontiguousarray(picture[..., 0] if picture.shape[-1] == 1 else picture))


def png(picture: np.ndarray) -> bytes:
    """Write one picture (h, w, c) as PNG."""
    file = io.BytesIO()
    # Level 4: within a few per cent of the smallest file in a third of the time; live pictures are sent twice a second.
    _picture(picture).save(file, "PNG", compress_level=4)
    return file.getvalue()


def read_png(source: bytes | Path) -> np.ndarray:
    """Read a PNG as (h, w, c) uint8: one channel when the file is grey, else three. ValueError if it is damaged."""
    data = source if isinstance(source, bytes) else source.read_bytes()
    try:
        with Image.open(io.BytesIO(data), formats=["PNG"]) as picture:
            pixels = np.asarray(picture if picture.mode in ("L", "RGB") else picture.convert("RGB"))
    except (OSError, SyntaxError, EOFError) as error:  # what Pillow raises for a file cut short or overwritten
        raise ValueError(f"this is not a PNG picture that can be read: {error}") from error
    return pixels if pixels.ndim == 3 else pixels[..., None]


def data_uri(data: bytes, mime: str = "image/png") -> str:
    """Return bytes as a data: address that a page can show."""
    return f"data:{mime};base64,{base64.b64encode(data).decode()}"


def _told(frames: np.ndarray, what: str, progress: Progress | None) -> Iterator[np.ndarray]:
    """Hand out frames one by one and report each."""
    for index, frame in enumerate(frames):
        if progress:
            progress(index / len(frames), f"{what}, frame {index + 1} of {len(frames)}")
        yield frame


def _check_film(frames: np.ndarray, fps: float) -> None:
    if len(frames) == 0:
        raise ValueError("a film needs at least one frame, got none")
    if not 0 < fps <= 50:
        raise ValueError(f"frames a second must be above 0 and at most 50, got {fps:g}")


def gif(frames: np.ndarray, fps: float = 12, loop: bool = True, progress: Progress | None = None) -> bytes:
    """Write frames (n, h, w, c) as an animated GIF; grey is kept exactly, colour in 256 colours a frame.

    GIF counts time in hundredths of a second, so single frames are rounded such that the whole film lasts n / fps.
    """
    _check_film(frames, fps)
    ends = np.rint(np.arange(len(frames) + 1) * 100 / fps).astype(int)
    pictures = (_picture(frame) for frame in _told(frames, "writing the GIF", progress))
    file = io.BytesIO()
    options = {"duration": [int(hundredths) * 10 for hundredths in np.diff(ends)]} | ({"loop": 0} if loop else {})
    next(pictures).save(file, "GIF", save_all=True, append_images=pictures, **options)
    return file.getvalue()


def mp4(frames: np.ndarray, fps: float = 24, progress: Progress | None = None) -> bytes:
    """Write frames (n, h, w, c) as H.264 in yuv420p, which every browser plays; an odd side is filled up by its last line."""
    import av  # late: loads the ffmpeg libraries, which only a film needs

    _check_film(frames, fps)
    height, width = (side + side % 2 for side in frames.shape[1:3])
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as film:
        stream = film.add_stream("libx264", rate=Fraction(fps).limit_denominator(1000), options={"crf": "16"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for frame in _told(frames, "writing the film", progress):
            frame = np.pad(frame, ((0, height - frame.shape[0]), (0, width - frame.shape[1]), (0, 0)), mode="edge")
            colour = np.ascontiguousarray(np.broadcast_to(frame, (height, width, 3)))
            film.mux(stream.encode(av.VideoFrame.from_ndarray(colour, format="rgb24")))
        film.mux(stream.encode())
    return file.getvalue()


def zip_of_pictures(pixels: np.ndarray, names: Sequence[str] | None = None) -> bytes:
    """Write pictures (n, h, w, c) as PNG files in one ZIP; without names they are 00000.png and so on."""
    names = names or [f"{index:05d}.png" for index in range(len(pixels))]
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, picture in zip(names, pixels, strict=True):
            # A fixed date: the same pictures give the same file.
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), png(picture))
    return file.getvalue()
