"""Moving through latent space: sliders for telling directions, a plane to drag in, and walks between two codes."""

import numpy as np
import streamlit as st

from genlib import latent, tables
from genlib.latent import Directions
from genlib.ui import walks
from genlib.ui.moves import choose_directions, choose_start, data_in, leading, plane, tiles
from genlib.ui.opened import LARGE, Opened, bars, choose_group, enlarged, open_run, save, scene
from genlib.ui.parts.pad import pad
from genlib.ui.parts.sliders import sliders

REACH = 3.0  # standard deviations to either side: 99.7 % of a normal cloud


@st.fragment
def slide(opened: Opened, directions: Directions, start: np.ndarray) -> None:
    """One slider a direction; the picture follows."""

    def at(amounts: list[float]) -> np.ndarray:
        return latent.move(directions, start, np.array(amounts))[0]

    place = st.container()
    directions = leading(directions, "explore-count")
    with place:
        amounts = sliders(
            directions.names, [0.0] * len(directions.names), -REACH, REACH, f"explore-sliders-{opened.name}",
            picture=lambda values: enlarged(scene(opened).picture(at(values)), 2 * LARGE), size=LARGE + 80,
        )  # fmt: skip
    take_away(opened, at(amounts), "explore-slide")


@st.fragment
def drag(opened: Opened, directions: Directions, start: np.ndarray) -> None:
    """A plane of two directions: tiles of what is decoded there, where the data lie, and the picture under the cross-hair."""
    names = list(range(len(directions.names)))
    if len(names) < 2:
        st.info("A pad needs two directions; this model has one latent dimension. Its slider shows it all.", icon=":material/tune:")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        x = st.selectbox("To the right", names, 0, format_func=directions.names.__getitem__, key="explore-x", width=200)
        y = st.selectbox("Upwards", names, 1, format_func=directions.names.__getitem__, key="explore-y", width=200)
        dots = st.toggle("Classes of the data", key="explore-dots", disabled=not opened.model.has_encoder or not opened.dataset.classes)
    flat = plane(opened, directions, start, x, y)
    points, labels = data_in(flat, opened) if opened.model.has_encoder else (None, None)
    place = pad(
        lambda right, up: enlarged(scene(opened).picture(flat.at(right, up)), 2 * LARGE),
        f"explore-pad-{opened.name}", limits=(-REACH, REACH), background=tiles(flat, opened, REACH), points=points,
        labels=labels if dots else None, names=(directions.names[x], directions.names[y]), size=480,
    )  # fmt: skip
    if points is not None:
        st.caption("Under the veil lie no training items: what is decoded there the model was never asked for.")
    take_away(opened, flat.at(*place), "explore-drag")


def take_away(opened: Opened, code: np.ndarray, key: str) -> None:
    """The code where one stands, as bars, and both picture and code to save."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        with st.container(width=420):
            st.caption("The code at this place, in standard deviations of the prior")
            bars(code, f"{key}-code", height=130)
        save("Picture", lambda: enlarged(scene(opened).picture(code), 512), f"{opened.name}-picture.png", "image")
        save("Code (CSV)", lambda: tables.codes(code[None], opened.named(1)), f"{opened.name}-code.csv", "table")


@st.fragment
def walk(opened: Opened) -> None:
    """From one code to another: strips straight and spherical, and a film."""
    left, right = st.columns(2, gap="large")
    with left:
        start = walks.choose_end(opened, "From", "a", 0)
    with right:
        end = walks.choose_end(opened, "To", "b", 1)
    frames = st.slider("Steps in a strip", 5, 21, 11, 2, key="explore-frames", persist_state="session", width=320)
    for kind, why in walks.KINDS.items():
        st.markdown(f"**{kind.capitalize()}** &nbsp; :small[:gray[{why}]]")
        walks.show_strip(opened, start, end, frames, kind)
    with st.container(border=True):
        walks.film_of(opened, start, end)


VIEWS = {"sliders": ":material/tune: Sliders", "pad": ":material/open_with: Pad", "walk": ":material/route: Walk"}

st.title("Explore", anchor=False)
st.caption("Every place in latent space becomes a picture or a point. Move, and see what lies next to what.")
opened = open_run("explore")
if opened is not None:
    with st.container(horizontal=True, gap="medium"):
        with st.container(width=300):
            view = st.segmented_control(
                "How to move", list(VIEWS), default="sliders", format_func=VIEWS.__getitem__, key="explore-view", required=True,
                persist_state="session",
            )  # fmt: skip
        opened = choose_group(opened, "explore")
        if view != "walk":
            with st.container(width=330):
                directions = choose_directions(opened, f"explore-kind-{opened.model.has_encoder}")
            with st.container(width=310):
                start = choose_start(opened, directions, f"explore-start-{opened.model.has_encoder}")
    if view == "walk":
        walk(opened)
    elif view == "pad":
        drag(opened, directions, start)
    else:
        slide(opened, directions, start)
