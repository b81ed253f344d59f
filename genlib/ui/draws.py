"""The controls of Samples: which codes are drawn, from where, and for which class or category."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st

from genlib import choices, mixtures, vectors
from genlib.mixtures import Mixture, MixtureOptions
from genlib.ui import forms, show, state
from genlib.ui.opened import Opened, choose_group
from genlib.vectors import Subject

SOURCES = {"prior": "The prior", "mixture": "Where the data lie"}
WHY = (
    "The prior is what the model was trained to expect (an autoencoder expects nothing: one normal laid over its codes stands in). "
    "Training items seldom fill it evenly; a mixture of normals fitted to their codes afterwards draws where some of them are."
)
NUMBERS = {"pictures": ([16, 36, 64, 100, 196], 64), "points": ([500, 2000, 4000], 2000)}  # to choose from, and at first


@dataclass(frozen=True, eq=False)
class Drawn:
    """Codes (n, latent_dim), the seed they come from, the class or category of each in words, and the run that is asked for it."""

    opened: Opened
    codes: np.ndarray
    seed: int
    groups: list[str]  # empty where there are none

    def named(self, index: int) -> str:
        """What one of the samples is called."""
        return f"Sample {index + 1}" + (f": {self.groups[index]}" if self.groups else "")

    @property
    def columns(self) -> int:
        """How many samples stand in a line: where classes take turns one of each, so that a column is a class."""
        turns = len(set(self.groups))
        return turns if 4 <= turns <= 16 else int(np.sqrt(len(self.codes)))


def draw(opened: Opened) -> Drawn | None:
    """The controls, and the codes that they draw; None while the mixture is fitted that they are to be drawn from."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        source, options = choose_source(opened) if opened.model.has_encoder else ("prior", None)
        grouped = source == "prior" or opened.prior is None  # the categories of a mixture prior are where its own codes come from
        if grouped:
            opened = choose_group(opened, "samples", turns=True)
    found = None
    if source == "mixture":
        found = None if options is None else fitted(opened, options)
        if found is None:
            return None
        if opened.model.classes:
            st.caption("These are codes of items of all classes. What in a code still tells its class may speak against the one asked for.")
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        seed, number, temperature, truncation = choose_draws(opened)
    make = opened.draw if found is None else found.sample
    return Drawn(opened, make(number, seed, temperature, truncation), seed, opened.named(number) if grouped else [])


def choose_source(opened: Opened) -> tuple[str, MixtureOptions | None]:
    """Let be chosen where codes are drawn from, and how the mixture is fitted: None where a knob is out of range, as its field says."""
    source = st.segmented_control(
        "Draw codes from", list(SOURCES), default="prior", format_func=SOURCES.__getitem__, key="samples-source", required=True,
        persist_state="session", help=WHY,
    )  # fmt: skip
    if source == "prior":
        return source, None
    row = choices.knobs(MixtureOptions)["components"]
    with st.container(width=140):
        components = forms.field(row, "samples-components", row.default)
    try:
        return source, choices.fill(MixtureOptions, {"components": components})
    except ValueError:
        return source, None


def fitted(opened: Opened, options: MixtureOptions) -> Mixture | None:
    """The mixture fitted to the codes of the training items; while it is fitted, show how far it is and return None."""
    subject = Subject(opened.run.folder, opened.step, "codes", "training")
    kept = mixtures.kept(subject.file, options)
    if kept is not None:
        return kept
    return show.work("samples-mixture", (subject, options), vectors.mixture, subject, options, warm="torch", words="Fitting the mixture")


def choose_draws(opened: Opened) -> tuple[int, int, float, float | None]:
    """The seed, how many codes, their temperature, and their truncation (None for none)."""
    seed = st.number_input("Seed", 0, 2**31 - 1, 0, key="samples-seed", persist_state="session", width=130)
    st.button("New seed", icon=":material/casino:", key="samples-dice", on_click=state.turn, args=("samples-seed", seed + 1))
    kind = opened.dataset.kind
    numbers, most = NUMBERS[kind]
    number = st.select_slider("Number", numbers, most, key=f"samples-number-{kind}", persist_state="session", width=200)
    temperature = st.slider(
        "Temperature", 0.0, 2.0, 1.0, 0.05, key="samples-temperature", persist_state="session", width=200,
        help="How far from the middle the codes are drawn; of a mixture, from the middle of each part. "
        "Below 1: safer and more alike. Above 1: bolder and stranger.",
    )  # fmt: skip
    limit = st.slider(
        "Truncation", 0.25, 4.0, 4.0, 0.25, key="samples-truncation", persist_state="session", width=200,
        help="No number of a code lies further from the middle than this, in standard deviations. At 4 nothing is cut.",
    )  # fmt: skip
    return seed, number, temperature, limit if limit < 4 else None
