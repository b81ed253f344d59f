"""What the Map page maps and how it is laid out: vectors and layouts, each kept by what it was made from."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import streamlit as st

from genlib import choices, computation, maps, vectors
from genlib.choices import Choice, NoOptions
from genlib.project import PROJECTORS, Projection
from genlib.ui import forms, show, state
from genlib.ui.opened import Opened
from genlib.ui.parts.scatter import Sprite, sprite
from genlib.vectors import PARTS, WHAT, Subject, Vectors

# What is mapped


def choose_subject(opened: Opened) -> Subject:
    """Let be chosen what is mapped, of which items, and how many."""
    total = {"all": len(opened.dataset), "training": int(opened.dataset.split.sum())}
    total["test"] = total["all"] - total["training"]
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        table = vectors.possible(opened.model)
        what = st.segmented_control(
            "What to map", table, default=table[0], format_func=lambda name: WHAT[name].label, key=f"map-what-{opened.model.has_encoder}",
            required=True, help=" ".join(f"**{WHAT[name].label}**: {WHAT[name].why}" for name in table),
        )  # fmt: skip
        part = st.segmented_control(
            "Of which items", list(PARTS), default="all", format_func=PARTS.__getitem__, key="map-part", required=True
        )
        most = max(total[part], 16)
        count = st.number_input(
            f"How many of {total[part]:,}", 16, most, min(most, vectors.LIMIT), 1000, key=f"map-count-{opened.run.name}-{part}", width=170,
            help=f"All of them up to {vectors.LIMIT:,}; raise it if you have the time: four times the items take about ten times as long.",
        )  # fmt: skip
    return Subject(opened.run.folder, opened.step, what, part, count)


def ready_vectors(subject: Subject) -> Vectors | None:
    """The vectors of a subject; while they are computed, show how far they are and return None."""
    words = f"Computing the {WHAT[subject.what].label.lower()}"
    if not subject.file.exists() and show.work("map-vectors", subject, vectors.make, subject, warm="torch", words=words) is None:
        return None
    return _vectors(str(subject.file))


@st.cache_resource(max_entries=4, show_spinner=False)
def _vectors(file: str) -> Vectors:
    return vectors.read(Path(file))


@st.cache_resource(max_entries=4, show_spinner=False)
def points(file: str) -> np.ndarray:
    """The vectors of a file as (n, d) float32, read once."""
    return maps.points(Path(file))


@st.cache_resource(max_entries=3, show_spinner="Laying out the pictures")
def _sprite(file: str, _opened: Opened, _rows: np.ndarray) -> Sprite:
    return sprite(_opened.dataset.items[_rows])


def pictures(subject: Subject, opened: Opened, rows: np.ndarray) -> Sprite | None:
    """The pictures that hovering shows; None for points."""
    return _sprite(str(subject.file), opened, rows) if opened.pictures else None


# The layout


class Recipe(NamedTuple):
    """How a map is drawn."""

    method: str
    options: Any
    seed: int


def choose_recipe() -> Recipe | None:
    """Let the projector and its knobs be chosen; None where a knob is out of range, which its field says."""
    method = forms.pick("Projector", PROJECTORS, "map-projector")
    values = forms.fields(PROJECTORS[method].options, f"map-{method}", columns=2)
    seed = 0 if method == "pca" else int(st.number_input("Seed", 0, 2**31 - 1, 0, key="map-seed", persist_state="session"))
    return _filled(method, PROJECTORS[method], values, seed)


def _filled(method: str, row: Choice, values: forms.Values, seed: int) -> Recipe | None:
    try:
        return Recipe(method, choices.fill(row.options, values), seed)
    except ValueError:  # forms.field has named it under the field
        return None


PCA = Recipe("pca", NoOptions(), 0)


@st.cache_resource(max_entries=16, show_spinner="Turning the cloud to its widest side")
def _pca(file: str) -> Projection:
    return maps.draw(Path(file), *PCA)


def layout(subject: Subject, recipe: Recipe) -> Projection | None:
    """The layout where it was made before; PCA is made at once."""
    if recipe.method == "pca":
        return _pca(str(subject.file))
    return maps.kept(subject.file, *recipe)


def warm() -> None:
    """Have umap ready in its own process by the time somebody asks for a map: importing it takes seconds."""
    computation.warm_up("umap")


def start(subject: Subject, recipe: Recipe) -> None:
    """Begin to draw a map, and look at it from now on while it settles."""
    state.compute("map", maps.draw, subject.file, *recipe, warm="umap")
    state.keep("map", (subject, recipe))
    st.rerun()


def running() -> bool:
    """Say whether a map is being drawn: then the page looks again twice a second."""
    task = state.computation("map")
    return task is not None and task.state == "running"


def waiting(subject: Subject, recipe: Recipe) -> bool:
    """Show how far this map is, with a way to stop it; True while it is being drawn."""
    task = state.computation("map")
    if task is None or state.kept("map") != (subject, recipe):
        return False
    if task.state == "failed":
        st.error(task.error, icon=":material/error:")
    if task.state != "running":
        return False
    st.progress(min(max(task.fraction or 0.0, 0.0), 1.0), text=task.message or "Starting")
    st.button("Stop", icon=":material/stop:", key="map-stop", on_click=task.cancel)
    return True


def settled(subject: Subject, recipe: Recipe) -> tuple[np.ndarray, Projection]:
    """Where the points are now, and the last finished layout: of this recipe, else of PCA, from which the others start."""
    finished = layout(subject, recipe) or _pca(str(subject.file))
    task = state.computation("map")
    if task is None or task.state != "running" or state.kept("map") != (subject, recipe):
        return finished.xy, finished
    return (finished.xy if task.partial is None else task.partial), finished
