"""How one moves in Explore: the kinds of directions, where one starts, and planes of two directions."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import streamlit as st

from genlib import dataset, directions, images, latent
from genlib.latent import Directions
from genlib.ui import state
from genlib.ui.opened import Opened, class_of, codes, codes_of, enlarged, scene
from genlib.ui.parts.gallery import gallery

COUNT = 12  # directions to choose from
WAYS = {"middle": "Middle", "seed": "Random", "item": "Item"}
SHOWN = 8  # sliders, unless more are asked for
TILES = 11  # along one side of a plane


def _principal(opened: Opened) -> Directions:
    return latent.principal(codes(opened).values, COUNT)


def _telling(opened: Opened) -> Directions:
    return directions.from_generator(directions.telling, opened.generate, opened.model.latent_dim, COUNT, draw=opened.draw)


def _raw(opened: Opened) -> Directions:
    if opened.model.has_encoder:
        return latent.raw(codes(opened).values, opened.model.latent_dim)
    dimensions = opened.model.latent_dim
    return directions.from_generator(directions.dimensions, opened.generate, dimensions, dimensions, draw=opened.draw)


@dataclass(frozen=True)
class Kind:
    """A way to find directions."""

    label: str
    why: str
    find: Callable[[Opened], Directions]


KINDS = {
    "principal": Kind("Of the data", "The axes along which the codes of the training items spread most.", _principal),
    "telling": Kind("Of the decoder", "The steps that change the decoded result most, found by decoding random codes.", _telling),
    "raw": Kind("Raw", "The numbers of the code themselves, those that matter most first.", _raw),
}


def kinds(opened: Opened) -> dict[str, Kind]:
    """The ways to find directions that this run allows: where the data vary is known only with an encoder."""
    return {name: kind for name, kind in KINDS.items() if name != "principal" or opened.model.has_encoder}


@st.cache_resource(max_entries=16, show_spinner="Looking for telling directions")
def _directions(name: str, kind: str, _opened: Opened) -> Directions:
    return KINDS[kind].find(_opened)


def found(opened: Opened, kind: str) -> Directions:
    """The directions of a kind, found once."""
    return _directions(opened.decoder, kind, opened)


def choose_directions(opened: Opened, key: str) -> Directions:
    """Let a kind of directions be picked; return them."""
    table = kinds(opened)
    kind = st.segmented_control(
        "Directions", list(table), default=next(iter(table)), format_func=lambda name: table[name].label, key=key, required=True
    )
    st.caption(table[kind].why)
    return found(opened, kind)


def leading(found: Directions, key: str) -> Directions:
    """Let be chosen how many of the directions, the first ones, get a slider."""
    total = len(found.names)
    if total <= SHOWN:
        return found
    steps = sorted({step for step in (4, SHOWN, 12, 16, 24, 32) if step < total} | {total})
    most = st.select_slider("How many sliders", steps, SHOWN, key=key, width=260)
    return Directions(found.mean, found.vectors[:most], found.spread[:most], found.names[:most])


def choose_start(opened: Opened, found: Directions, key: str) -> np.ndarray:
    """Let the place be chosen from which one moves; return its code (d,)."""
    # A generator without an encoder has learned nothing about the middle: hardly any random code lies there.
    ways = ["middle", "seed", "item"] if opened.model.has_encoder else ["seed", "middle"]
    way = st.segmented_control("Start from", ways, default=ways[0], format_func=WAYS.__getitem__, key=key, required=True)
    if way == "middle" and opened.prior is not None and opened.label is not None:
        st.caption(f"The middle of {opened.groups[opened.label].lower()}, where the model expects its codes.")
        return opened.prior.means[opened.label]
    if way == "middle":
        ordinary = "The middle of all codes: the most ordinary thing the model knows."
        st.caption(ordinary if opened.model.has_encoder else "The code of nothing but zeros: near it lies hardly any random code.")
        return found.mean
    if way == "seed":
        seed = st.number_input("Seed", 0, 2**31 - 1, 0, key=f"{key}-seed", persist_state="session", width=160)
        return opened.draw(1, seed)[0]
    return choose_item(opened, f"{key}-item")[1]


def choose_item(opened: Opened, key: str, first: int = 0) -> tuple[int, np.ndarray]:
    """Let an item of the data be picked from a gallery by class; return its row and its code (d,)."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        seed = state.kept(f"{key}-gallery", 0)
        rows, columns = _offered(opened, seed)
        shown, words = st.container(width=72), st.container(width=180, gap="xsmall")
        with words.popover("Choose", icon=":material/photo_library:"):
            st.button("Show others", icon=":material/refresh:", key=f"{key}-others", on_click=state.keep, args=(f"{key}-gallery", seed + 1))
            pixels = scene(opened).drawn(opened.dataset.items[rows])
            labels = [class_of(opened, row) for row in rows]
            name = f"{opened.run.config.dataset}-{seed}"
            picked = gallery(images.montage(pixels, columns), len(rows), columns, f"{key}-pick", labels, items=name, largest=48)
        row = int(rows[picked if picked is not None else min(first, len(rows) - 1)])
        code = codes_of(opened, np.array([row]))[0]
        shown.image(enlarged(item_picture(opened, row), 144), width=72, alt=class_of(opened, row), output_format="PNG")
        words.caption(f"Item {row:,}: {class_of(opened, row)}")
    return row, code


def _offered(opened: Opened, seed: int) -> tuple[np.ndarray, int]:
    """Rows of a few items of each class, and how many stand in a line."""
    rows, _ = dataset.gallery(opened.dataset, 8, seed, most=12)
    return rows[rows >= 0], 8


def item_picture(opened: Opened, row: int) -> np.ndarray:
    """An item of the data as a picture; a point as a dot over its data."""
    return scene(opened).drawn(opened.dataset.items[[row]])[0]


# Planes


@dataclass(frozen=True, eq=False)
class Plane:
    """Two directions from a start, in standard deviations of the codes along each."""

    name: str
    origin: np.ndarray
    u: np.ndarray
    v: np.ndarray

    def at(self, x: float, y: float) -> np.ndarray:
        """The code (d,) at a place."""
        return latent.plane(self.origin, self.u, self.v, np.array([x, y]))[0]


def plane(opened: Opened, found: Directions, start: np.ndarray, x: int, y: int) -> Plane:
    """Span a plane by two of the directions."""
    u, v = (found.vectors[i] * found.spread[i] for i in (x, y))
    return Plane(hashlib.sha256(b"".join(np.ascontiguousarray(part).tobytes() for part in (start, u, v))).hexdigest()[:16], start, u, v)


@st.cache_resource(max_entries=16, show_spinner=False)
def _tiles(name: str, plane_name: str, reach: float, _plane: Plane, _opened: Opened) -> bytes:
    return images.png(scene(_opened).tiles(_plane.origin, _plane.u, _plane.v, (-reach, reach), TILES))


def tiles(flat: Plane, opened: Opened, reach: float) -> bytes:
    """The plane's decoded tiles as a PNG, made once."""
    return _tiles(opened.decoder, flat.name, reach, flat, opened)


@st.cache_resource(max_entries=16, show_spinner=False)
def _data_in(name: str, plane_name: str, _plane: Plane, _opened: Opened) -> tuple[np.ndarray, np.ndarray]:
    known = codes(_opened)
    return directions.coordinates(_plane.origin, _plane.u, _plane.v, known.values), _opened.dataset.labels[known.rows]


def data_in(flat: Plane, opened: Opened) -> tuple[np.ndarray, np.ndarray]:
    """Where the data's codes lie in the plane (n, 2), seen from straight above, and their classes."""
    return _data_in(opened.name, flat.name, flat, opened)
