"""A map of many points: zoom, pan, lasso, and the picture of each point on hovering, all inside the browser."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import streamlit as st
from streamlit import runtime

from genlib import images
from genlib.ui.parts import belonging, nothing, packed, register
from genlib.ui.parts.answer import answer

_mount = register(__file__, "live.js", "palette.js", *(f"scatter/{name}.js" for name in ("places", "paint", "choose", "legend")))

BUDGET = 24_000_000  # pixels of a sprite: 96 MB in the browser, once unpacked


class Picked(NamedTuple):
    """What is chosen on a map: `selected` rows in rising order or None, and the row clicked last or None."""

    selected: np.ndarray | None
    clicked: int | None


@dataclass(frozen=True)
class Sprite:
    """The pictures of all points in one PNG, row by row: picture i is that of point i."""

    png: bytes
    count: int
    columns: int
    width: int
    height: int


def sprite(pixels: np.ndarray) -> Sprite:
    """Lay the pictures (n, h, w, c) uint8 out as the sprite of a map; keep it, for 10,000 pictures it takes half a second.

    Above 24 million pixels in all they are made smaller (28x28 from 30,000 pictures on): 20 pixels still tell a shoe from a bag.
    """
    count, height, width = pixels.shape[:3]
    side = int((BUDGET / max(1, count)) ** 0.5)
    if max(height, width) > side:
        pixels = images.resize(pixels, side)
    plan = images.grid(pixels, gap=0)
    return Sprite(images.png(images.montage(pixels, gap=0)), count, plan.columns, plan.width, plan.height)


def scatter(
    xy: np.ndarray,
    labels: np.ndarray,
    names: Sequence[str],
    pictures: Sprite | None,
    key: str,
    height: int = 560,
    colours: Sequence[str] | None = None,
    items: str = "",
    marks: Sequence[int] | np.ndarray | None = None,
    also: tuple[np.ndarray, Sequence[str]] | None = None,
) -> Picked:
    """Draw points (n, 2) coloured by `labels` (n,), which index `names`; label -1 is drawn hollow and grey as "Noise".

    `items` names what the rows are (a run and its data): while it and n stay, new places move the points there and zoom,
    selection and hidden groups are kept; otherwise the map starts afresh and `selected` is None. `marks` are rows to
    ring (a query and its neighbours); they may change at every run, the rest should not, or it is sent again. `also` is
    a second label of each point and its names (the class, while colours show clusters): it is read beside the picture.
    """
    data = _data(np.asarray(xy, np.float64), np.asarray(labels), names, colours)
    data |= {"name": key, "items": items, "height": height}
    if pictures is not None:
        if pictures.count != len(xy):
            raise ValueError(f"the map has {len(xy)} points but its sprite {pictures.count} pictures; each point needs its own")
        data["sprite"] = {"url": _url(pictures.png, key), "columns": pictures.columns, "width": pictures.width, "height": pictures.height}
    if also is not None:
        data["also"] = {"labels": packed((np.asarray(also[0]) + 1).astype(np.uint16)), "names": [str(name) for name in also[1]]}
    with st.container(gap=None):
        state = belonging(_mount(key=key, data=data, on_picked_change=nothing).get("picked"), n=len(xy), items=items)
        if marks is not None:
            answer(key, marks=[int(row) for row in marks])
    return Picked(_rows(state.get("bits"), len(xy)), state.get("clicked"))


def _data(xy: np.ndarray, labels: np.ndarray, names: Sequence[str], colours: Sequence[str] | None) -> dict[str, Any]:
    """Pack the points: places as uint16 in one common scale, labels shifted by one so that 0 is noise."""
    if xy.ndim != 2 or xy.shape[1] != 2 or labels.shape != xy.shape[:1]:
        raise ValueError(f"a map needs places (n, 2) and labels (n,), got {xy.shape} and {labels.shape}")
    if not np.isfinite(xy).all():
        raise ValueError("some places on the map are not finite numbers; the projection has failed, try another seed or method")
    if len(labels) and not (labels.min() >= -1 and labels.max() < len(names)):
        raise ValueError(f"labels must go from -1 to {len(names) - 1}, one below the number of names; got {labels.min()} to {labels.max()}")
    if colours is not None and len(colours) != len(names):
        raise ValueError(f"the map got {len(names)} names and {len(colours)} colours; each group needs one")
    least, most = (xy.min(0), xy.max(0)) if len(xy) else (np.zeros(2), np.ones(2))
    span = float((most - least).max()) or 1.0
    places = np.rint(((xy - (least + most) / 2) / span + 0.5) * 65535).astype(np.uint16)
    counts = np.bincount(labels.astype(np.int64) + 1, minlength=len(names) + 1)
    wide = len(names) > 254
    return {
        "n": len(xy),
        "xy": packed(places),
        "labels": packed((labels + 1).astype(np.uint16 if wide else np.uint8)),
        "wide": wide,
        "names": [str(name) for name in names],
        "counts": counts.tolist(),
        "colours": None if colours is None else list(colours),
    }


def _url(png: bytes, key: str) -> str:
    """Hand a picture to Streamlit's file store and return its address: megabytes do not belong into `data`."""
    base = str(st.get_option("server.baseUrlPath") or "").strip("/")
    url = runtime.get_instance().media_file_mgr.add(png, "image/png", f"{key}-sprite")
    return f"/{base}{url}" if base else url


def _rows(bits: str | None, count: int) -> np.ndarray | None:
    """Read a selection: a bit for each point, so that any of 60,000 takes 10 kB."""
    if bits is None:
        return None
    packed_bits = np.frombuffer(base64.b64decode(bits), np.uint8)
    return np.flatnonzero(np.unpackbits(packed_bits, count=count, bitorder="little"))
