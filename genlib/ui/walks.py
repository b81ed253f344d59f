"""Walks in Explore: their two ends, the strip of each kind of path, and the film."""

from __future__ import annotations

import dataclasses

import numpy as np
import streamlit as st

from genlib import choices, film, latent, scenes
from genlib.film import MIME, FilmOptions
from genlib.ui import forms, show, state
from genlib.ui.moves import choose_item
from genlib.ui.opened import Opened, scene

KINDS = {
    "straight": "the shortest way; between random codes it passes through the crowded middle, where results blur.",
    "spherical": "keeps its distance from the middle, as random codes do.",
}


def choose_end(opened: Opened, label: str, key: str, number: int) -> np.ndarray:
    """Let one end of a walk be chosen: an item of the data, or a seed. Return its code (d,)."""
    key = f"explore-end-{key}"
    ways = (["An item"] if opened.model.has_encoder else []) + ["A seed"]
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        way = st.segmented_control(label, ways, default=ways[0], key=key, required=True) if len(ways) > 1 else ways[0]
        if way == "An item":
            return choose_item(opened, f"{key}-item-{opened.run.name}", first=number * 8)[1]
        seed = st.number_input(
            "Seed" if len(ways) > 1 else f"{label} seed", 0, 2**31 - 1, number, key=f"{key}-seed", persist_state="session", width=130
        )
        code = opened.draw(1, seed)[0]
        show.picture(scene(opened).picture(code), f"What seed {seed} becomes", least=144, width=72)
    return code


def show_strip(opened: Opened, start: np.ndarray, end: np.ndarray, frames: int, kind: str) -> None:
    """Draw the walk as one row, and say how even its steps are."""
    try:
        items = opened.generate(latent.path(start, end, frames, kind))
    except ValueError as problem:
        st.warning(f"No {kind} walk: {problem}.", icon=":material/route:")
        return
    show.picture(scenes.strip(scene(opened).drawn(items)), f"{kind} walk in {frames} pictures", least=64)
    steps = scenes.steps(items)
    if opened.pictures:
        st.caption(f"From picture to picture {steps.mean():.3g} grey levels change on average, {steps.max():.3g} at the largest step.")
    else:
        st.caption(f"From dot to dot it is {steps.mean():.3g} units of the data on average, {steps.max():.3g} at the largest step.")


def film_of(opened: Opened, start: np.ndarray, end: np.ndarray) -> None:
    """The knobs of a film, the button that makes it, and the film made last."""
    st.subheader("Film", anchor=False)
    kind = st.segmented_control("Way", list(KINDS), default="spherical", format_func=str.capitalize, key="explore-film-kind", required=True)
    values = forms.fields(FilmOptions, "explore-film", columns=5)
    name = f"{opened.decoder if opened.groups else opened.name}-{kind}.{str(values['format']).lower()}"
    if st.button("Make the film", type="primary", icon=":material/movie:", key="explore-film-make"):
        try:
            options = choices.fill(FilmOptions, values)
        except ValueError as problem:
            st.error(f"{problem}.", icon=":material/error:")
            return
        state.compute("film", film.film, opened.run.folder, opened.step, np.stack([start, end]), kind, options, opened.label)
        state.keep("film", (name, dataclasses.asdict(options)))
    computation = state.computation("film")
    if show.waiting(computation, "Making the film", "film") or computation is None or computation.state != "done":
        return
    made, options = state.kept("film")
    mime = MIME[options["format"]]
    if mime.startswith("video"):
        st.video(computation.result, format=mime, loop=True, autoplay=True, muted=True, width=360)
    else:
        # Its own size: Streamlit makes a wider picture smaller, and keeps the first frame only.
        st.image(computation.result, width="content", alt=f"Film: {made}")
    size = show.bytes_text(len(computation.result))
    st.download_button(f"Save the film ({size})", computation.result, made, mime, icon=":material/download:", on_click="ignore")
