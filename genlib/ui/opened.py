"""An opened run: its weights at a step and its data, how its codes are drawn, and what lies near its items.

What Samples, Explore and Map have in common.
"""

from __future__ import annotations

import mimetypes
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from genlib import images, neighbours, scenes
from genlib.scenes import Scene
from genlib.ui import show, state

if TYPE_CHECKING:
    from genlib.dataset import Dataset
    from genlib.models.base import Model
    from genlib.runs import Run

LARGE = 288  # screen pixels of a picture that one looks at by itself


@dataclass(frozen=True, eq=False)
class Opened:
    """A run whose weights at a step, and whose data, are at hand."""

    run: Run
    step: int
    model: Model
    dataset: Dataset

    @property
    def name(self) -> str:
        """What tells this from every other opened run: for keys."""
        return f"{self.run.name}-{self.step}"

    @property
    def pictures(self) -> bool:
        return self.dataset.kind == "pictures"


def open_run(page: str) -> Opened | None:
    """Let a run and its step be chosen and load both weights and data; where that fails, say why and return None."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        with st.container(width=420):  # its name is read whole in a narrow window too
            run = show.choose_run(key=f"{page}-run")
        if run is None:
            return None
        step = time_bar(run, page)
    try:
        with st.spinner("Loading the model", show_time=True):
            return Opened(run, step, state.model(run, step), state.dataset(run.config.dataset, run.config.size))
    except (ValueError, OSError) as problem:
        st.error(f"{show.title(run)} cannot be shown: {problem}", icon=":material/error:")
        with st.container(horizontal=True):
            st.page_link(state.page("data"), label="Look at the data", icon=":material/photo_library:")
            st.page_link(state.page("runs"), label="Choose another run", icon=":material/folder_open:")
    return None


def time_bar(run: Run, page: str) -> int:
    """Let a moment of the training be chosen, the newest at first; return its step."""
    steps = run.snapshots()
    if len(steps) == 1:
        return steps[0]
    return st.select_slider(
        "Moment of training",
        steps,
        value=steps[-1],
        format_func=lambda step: f"step {step:,}",
        key=f"{page}-step-{run.name}-{len(steps)}",
        help="The weights that were kept along the way. Go back to see what the model could do earlier.",
        persist_state="session",
    )


# Cached by the run's name and step: models and arrays are no cache keys.


@st.cache_resource(max_entries=4, show_spinner=False)  # each holds its model
def _scene(name: str, _opened: Opened) -> Scene:
    return scenes.scene(_opened.model.generate, _opened.dataset.items)


def scene(opened: Opened) -> Scene:
    """How this run's codes are drawn."""
    return _scene(opened.name, opened)


def codes(opened: Opened) -> state.Codes:
    """Mean codes of some 2,000 items of the run's data."""
    return state.codes(opened.run, opened.step)


def codes_of(opened: Opened, rows: np.ndarray) -> np.ndarray:
    """Mean codes of some items (n, latent_dim)."""
    return opened.model.embed(opened.dataset.items[rows])


# Items and what lies near them


def enlarged(pixels: np.ndarray, least: int = LARGE) -> bytes:
    """A picture (h, w, c) as a PNG with its squares kept sharp."""
    return images.png(images.enlarge(pixels, least))


def bars(code: np.ndarray, key: str, height: int = 150) -> None:
    """Draw a code as small bars, one a dimension, in standard deviations of the prior."""
    reach = float(max(3.0, np.ceil(np.abs(code).max(initial=0.0))))
    spec: dict[str, Any] = {
        "animation": False,
        "grid": {"left": 4, "right": 4, "top": 8, "bottom": 4, "containLabel": True},
        "tooltip": {"trigger": "axis", "valueFormatter": "%.2f", "confine": True},
        "xAxis": {"type": "category", "data": [f"{i + 1}" for i in range(len(code))], "axisTick": {"show": False}},
        "yAxis": {"type": "value", "min": -reach, "max": reach, "interval": reach},
        "series": [{"type": "bar", "name": "value", "data": np.round(code, 3).tolist(), "barCategoryGap": "25%"}],
    }
    st.echarts_chart(spec, height=height, key=key, alt="The numbers of this code, one bar a dimension")


def nearest_training(opened: Opened, item: np.ndarray, count: int = 5) -> tuple[np.ndarray, np.ndarray]:
    """The training items most like an item: their rows and how far they are.

    The distance is the root mean square difference in grey levels for pictures, the plain distance for points.
    """
    rows = np.flatnonzero(opened.dataset.split)
    index, distance = neighbours.nearest(item[None], opened.dataset.items[rows], count)
    return rows[index[0]], distance[0] / _scale(opened)


@st.cache_resource(max_entries=8, show_spinner=False)
def _usual_distance(name: str, _opened: Opened) -> float:
    rows = np.flatnonzero(_opened.dataset.split)
    some = np.random.default_rng(0).choice(rows, min(len(rows), 100), replace=False)
    _, distance = neighbours.nearest(_opened.dataset.items[some], _opened.dataset.items[rows], 2)
    return float(np.median(distance[:, 1])) / _scale(_opened)


def usual_distance(opened: Opened) -> float:
    """How far a training item usually is from the next one: what a nearest distance is to be compared with."""
    return _usual_distance(f"{opened.run.config.dataset}-{opened.run.config.size}", opened)


def _scale(opened: Opened) -> float:
    return float(np.sqrt(np.prod(opened.dataset.shape))) if opened.pictures else 1.0


def class_of(opened: Opened, row: int) -> str:
    """The class of an item in words."""
    label = int(opened.dataset.labels[row])
    return opened.dataset.classes[label] if label >= 0 else "unlabelled"


def save(label: str, data: Callable[[], bytes | str], file: str, icon: str) -> None:
    """A button that makes a file when it is pressed, and nothing before."""
    mime = mimetypes.guess_type(file)[0]
    st.download_button(label, data, file, mime, icon=f":material/{icon}:", on_click="ignore", key=f"save-{icon}")
