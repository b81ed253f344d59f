"""An opened run: its weights at a step and its data, how its codes are drawn, and what lies near its items.

What Samples, Explore and Map have in common.
"""

from __future__ import annotations

import dataclasses
import mimetypes
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from genlib import images, latent, neighbours, scenes
from genlib.mixtures import Mixture
from genlib.scenes import Scene
from genlib.ui import show, state

if TYPE_CHECKING:
    from genlib.dataset import Dataset
    from genlib.models.base import Model
    from genlib.runs import Run

LARGE = 288  # screen pixels of a picture that one looks at by itself


@dataclass(frozen=True, eq=False)
class Opened:
    """A run whose weights at a step, and whose data, are at hand; and which of its classes or categories is asked for."""

    run: Run
    step: int
    model: Model
    dataset: Dataset
    label: int | None = None  # None where the model has no groups, and where they take turns

    @property
    def name(self) -> str:
        """What tells this from every other opened run: for keys."""
        return f"{self.run.name}-{self.step}"

    @property
    def decoder(self) -> str:
        """What tells how codes become items here: the run and the label. For caches."""
        return f"{self.name}-{self.label}"

    @property
    def pictures(self) -> bool:
        return self.dataset.kind == "pictures"

    @property
    def groups(self) -> tuple[str, ...]:
        """The names of the classes that the model was told of, or of the categories that it found."""
        if self.model.classes and self.model.classes == len(self.dataset.classes):
            return self.dataset.classes
        return tuple(f"{self.kind_of_group} {i + 1}" for i in range(self.model.groups))

    @property
    def kind_of_group(self) -> str:
        return "Class" if self.model.classes else "Category"

    def asked(self, label: int | None) -> Opened:
        """The same run with another class or category asked for."""
        return dataclasses.replace(self, label=label)

    def labels(self, n: int) -> np.ndarray | None:
        """The group of each of n codes: the one asked for, or all in turn; None where the model has none."""
        if not self.model.groups:
            return None
        return np.arange(n) % self.model.groups if self.label is None else np.full(n, self.label)

    def named(self, n: int) -> list[str]:
        """The group of each of n codes in words; empty where the model has none."""
        labels = self.labels(n)
        return [] if labels is None else [self.groups[label] for label in labels]

    def generate(self, codes: np.ndarray) -> np.ndarray:
        """Decode codes (n, latent_dim) in the group asked for."""
        return scenes.decoder(self.model, self.label)(codes)

    def draw(self, n: int, seed: int, temperature: float = 1.0, truncation: float | None = None) -> np.ndarray:
        """Draw n codes from the model's prior; a prior that is a mixture is drawn from the components asked for."""
        if self.prior is None:
            return latent.sample(n, self.model.latent_dim, seed, temperature, truncation)
        return self.prior.sample(n, seed, temperature, truncation, self.labels(n))

    @property
    def prior(self) -> Mixture | None:
        """The prior where it is a mixture; None where it is the plain normal."""
        parts = self.model.components()
        return None if parts is None else Mixture(*(part.detach().cpu().numpy() for part in parts))


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


def step_key(run: Run, page: str) -> str:
    """The key of a page's time bar, by which it can be moved."""
    return f"{page}-step-{run.name}-{len(run.snapshots())}"


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
        key=step_key(run, page),
        help="The weights that were kept along the way. Go back to see what the model could do earlier.",
        persist_state="session",
    )


def choose_group(opened: Opened, page: str, turns: bool = False) -> Opened:
    """Let a class or category be asked for, where the model has any; with `turns` also all of them in turn."""
    names = opened.groups
    if not names:
        return opened
    told = "It was told of the classes while it trained, and draws the one you ask for."
    found = "The model found these groups by itself, without labels; a category is a class only by luck."
    if opened.prior is not None:
        found += " Each is a place among the codes: random codes, and the middle, are those of this one."
    label = st.selectbox(
        opened.kind_of_group, [*([-1] if turns else []), *range(len(names))], key=f"{page}-group-{opened.run.name}", width=190,
        format_func=lambda label: "All in turn" if label < 0 else names[label], help=told if opened.model.classes else found,
        persist_state="session",
    )  # fmt: skip
    return opened.asked(None if label < 0 else label)


# Cached by the run's name and step: models and arrays are no cache keys.


@st.cache_resource(max_entries=4, show_spinner=False)  # each holds its model
def _scene(name: str, _opened: Opened) -> Scene:
    return scenes.scene(_opened.generate, _opened.dataset.items)


def scene(opened: Opened) -> Scene:
    """How this run's codes are drawn."""
    return _scene(opened.decoder, opened)


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
