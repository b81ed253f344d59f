"""A page that holds every browser part on known data: what test_parts.py drives. Not a page of the app."""

import json
import time

import numpy as np
import streamlit as st

from genlib import images
from genlib.ui.parts.gallery import gallery
from genlib.ui.parts.pad import pad
from genlib.ui.parts.scatter import scatter, sprite
from genlib.ui.parts.sliders import sliders

st.set_page_config(layout="wide")
WHICH = st.query_params.get("part", "scatter")
COUNT = int(st.query_params.get("count", "0"))


def told(name: str, value: object) -> None:
    """Print a value where the test can read it."""
    st.markdown(f'<code data-told="{name}">{json.dumps(value)}</code>', unsafe_allow_html=True)


def swatches(count: int) -> np.ndarray:
    """Pictures (count, 8, 8, 3) that carry their number: red and green are its two bytes, blue is 200."""
    pixels = np.full((count, 8, 8, 3), 200, np.uint8)
    pixels[..., 0] = (np.arange(count) % 256)[:, None, None]
    pixels[..., 1] = (np.arange(count) // 256)[:, None, None]
    return pixels


@st.cache_resource
def lattice() -> tuple:
    """400 points on a 20 by 20 lattice; classes are quarters, the last row is noise."""
    row, column = np.divmod(np.arange(400), 20)
    labels = (row // 10) * 2 + column // 10
    labels[row == 19] = -1
    return np.stack([column, row], 1).astype(float), labels, sprite(swatches(400))


@st.cache_resource
def blobs(count: int, groups: int) -> tuple:
    """Clusters as a projection makes them, with a share of noise."""
    random = np.random.default_rng(0)
    labels = random.integers(-1, groups, count)
    centres = random.normal(size=(groups + 1, 2)) * 6
    xy = centres[labels] + random.normal(size=(count, 2)) * np.where(labels < 0, 7, 0.8)[:, None]
    return xy, labels, sprite(swatches(count)) if count <= 10_000 else None


def render(x: float, y: float) -> np.ndarray:
    """10 ms of work, and a picture in which the place can be read: red is x, green is y, both from -3..3 to 0..255."""
    time.sleep(0.01)
    ramp = np.linspace(0, 60, 28)
    picture = np.zeros((28, 28, 3), np.uint8)
    picture[..., 2] = ramp[:, None] + ramp[None, :]
    picture[..., 0] = round((x + 3) / 6 * 255)
    picture[..., 1] = round((y + 3) / 6 * 255)
    return picture


@st.cache_resource
def ground() -> tuple[np.ndarray, np.ndarray]:
    """Training codes in the plane, and 5 by 5 tiles of what is rendered there."""
    codes = np.random.default_rng(1).normal(size=(5000, 2)) * [0.9, 0.5] + [0.3, -0.2]
    return codes, images.montage(np.stack([render(x, y) for y in (2, 1, 0, -1, -2) for x in (-2, -1, 0, 1, 2)]), gap=0)


@st.fragment
def scatter_page() -> None:
    if COUNT:
        groups = int(st.query_params.get("groups", "10"))
        xy, labels, pictures = blobs(COUNT, groups)
        names = [f"Cluster {index + 1}" for index in range(groups)]
    else:
        xy, labels, pictures = lattice()
        names = ["Sandal", "Coat", "Bag", "Shirt"]
    if st.toggle("turned", key="turned"):
        xy = xy[:, ::-1] * [1.0, -1.0]
    other = st.toggle("other", key="other")
    marks = [0, 21] if st.toggle("marks", key="marks") else None
    also = None if COUNT else (np.arange(400) // 20 % 2, ["even", "odd"])
    picked = scatter(xy, labels, names, pictures, "map", items="other" if other else "", marks=marks, also=also)
    told("selected", None if picked.selected is None else picked.selected.tolist()[:2000])
    told("clicked", picked.clicked)
    told("count", 0 if picked.selected is None else len(picked.selected))


@st.fragment
def pad_page() -> None:
    codes, tiles = ground()
    start = (1.0, 1.0) if st.toggle("elsewhere", key="elsewhere") else (0.0, 0.0)
    told("at", pad(render, "pad", start, background=tiles if st.toggle("tiles", key="tiles") else None, points=codes))
    told("runs", st.session_state["runs"])


@st.fragment
def sliders_page() -> None:
    names = ["Sleeve length", "Brightness of the cloth", "Direction 3"]
    told("values", sliders(names, [0.0, 1.0, -1.5], -3, 3, "sliders", lambda values: render(values[0], values[1])))


@st.fragment
def gallery_page() -> None:
    pixels = np.full((48, 28, 28, 3), 90, np.uint8)
    pixels[:, 6:22, 6:22, 0] = np.arange(48)[:, None, None] * 5
    labels = [f"Sample {index}" for index in range(48)]
    items = "other" if st.toggle("other", key="other") else ""
    told("picked", gallery(images.montage(pixels, 10), 48, 10, "gallery", labels, items=items))


st.session_state["runs"] = st.session_state.get("runs", 0) + 1  # of the whole page
{"scatter": scatter_page, "pad": pad_page, "sliders": sliders_page, "gallery": gallery_page}[WHICH]()
