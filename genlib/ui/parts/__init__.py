"""Browser parts of our own, for what Streamlit has no widget for: one folder each with its Python, script and style.

All follow the same three rules. What is large goes into `data` once and stays the same from run to run, so that the
browser keeps its instance and Streamlit sends a reference of a few bytes. What changes while somebody drags comes
back through `answer`, which is small. And a part sends one question at a time, always the newest (`live.js`).
Call a live part inside `st.fragment`, so that a drag runs that fragment and not the page.
"""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

from genlib import images

Picture = bytes | np.ndarray  # a PNG, or pixels (h, w, c) uint8


def register(file: str, *shared: str) -> ComponentRenderer:
    """Register the part in the folder of `file`: its part.js and part.css, after the scripts named in `shared`."""
    folder = Path(file).parent
    scripts = [folder.parent / name for name in shared] + [folder / "part.js"]
    return st.components.v2.component(
        f"latent_lab_{folder.name}",
        html='<div class="part"></div>',
        css=(folder / "part.css").read_text(encoding="utf-8"),
        js="\n".join(script.read_text(encoding="utf-8") for script in scripts),
    )


def packed(array: np.ndarray) -> str:
    """Return the bytes of an array, little-endian, as base64: what `unpack` in live.js reads."""
    little = np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<"), copy=False)
    return base64.b64encode(little.tobytes()).decode()


def png_uri(picture: Picture) -> str:
    """Return a picture as an address that a page can show."""
    return images.data_uri(images.png(picture) if isinstance(picture, np.ndarray) else picture)


def nothing() -> None:
    """Do nothing: a state of a part exists in Python only if it has a callback."""


def belonging(state: dict[str, Any] | None, **same: object) -> dict[str, Any]:
    """Return what the browser sent, if it was sent about these same things (limits, items, a start); else nothing."""
    return state if state and all(state[name] == value for name, value in same.items()) else {}
