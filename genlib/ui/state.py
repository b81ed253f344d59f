"""What a visitor has chosen, and what all visitors share: sole owner of session keys, query parameters and caches."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import streamlit as st

from genlib.runs import Damaged, Run

if TYPE_CHECKING:
    from genlib.computation import Computation
    from genlib.data import Dataset
    from genlib.models.base import Model

FIRST_PAGE = threading.Event()  # set when any page was drawn: heavy imports wait for it
_PAGES = Path(__file__).resolve().parents[2] / "pages"


# Pages


def page(name: str) -> Path:
    """Return the file of a page, as st.page_link and st.switch_page want it."""
    return _PAGES / f"{name}.py"


def go(name: str) -> None:
    """Leave for another page at once; the current run comes along."""
    st.switch_page(page(name))


def say(text: str, icon: str = ":material/check_circle:") -> None:
    """Keep a message for the frame: a toast that is followed by a rerun would never be seen."""
    st.session_state.setdefault("messages", []).append((text, icon))


def show_messages() -> None:
    """Show the kept messages once. Called by the frame."""
    for text, icon in st.session_state.pop("messages", []):
        st.toast(text, icon=icon)


# What a page keeps for itself


def keep(key: str, value: Any) -> None:
    """Remember a value for this visitor, over reruns and pages; None forgets it."""
    if value is None:
        st.session_state.pop(f"kept-{key}", None)
    else:
        st.session_state[f"kept-{key}"] = value


def kept(key: str, default: Any = None) -> Any:
    """Return what was kept under the key."""
    return st.session_state.get(f"kept-{key}", default)


def turn(key: str, value: Any) -> None:
    """Set a widget by its key. Only before the widget is drawn: in a callback, or above it on the page."""
    st.session_state[key] = value


def turned(key: str, default: Any = None) -> Any:
    """Read a widget by its key, as callbacks must."""
    return st.session_state.get(key, default)


def later(key: str, value: Any) -> None:
    """Set a widget by its key when its page is drawn next, where it may be on screen already now."""
    st.session_state.setdefault("later", {})[key] = value


def settle_later() -> None:
    """Do what `later` put off. Called by the frame, before any widget is drawn."""
    for key, value in st.session_state.pop("later", {}).items():
        st.session_state[key] = value


# Runs, and the current one


def runs() -> list[Run]:
    """List the runs whose recipe can be read: newest first, the bundled examples last."""
    return [run for run in Run.all() if not _damage(run)]


def damaged_runs() -> list[tuple[str, str]]:
    """List the others: (name, what is wrong)."""
    return [(run.name, reason) for run in Run.all() if (reason := _damage(run))]


def _damage(run: Run) -> str:
    try:
        _ = run.config
    except Damaged as error:
        return str(error)
    return ""


def chosen_run() -> Run | None:
    """Return the run that this visitor asked for, if it is still there."""
    name = st.query_params.get("run") or st.session_state.get("run")
    return next((run for run in runs() if run.name == name), None) if name else None


def current_run() -> Run | None:
    """Return the run that this visitor looks at; the newest one where none was chosen; None where there is none."""
    return chosen_run() or next(iter(runs()), None)


def choose_run(run: Run | None) -> None:
    """Make a run the current one, in the session and in the address; None forgets it."""
    if run is None:
        st.session_state.pop("run", None)
        st.query_params.pop("run", None)
    else:
        st.session_state["run"] = run.name
        st.query_params["run"] = run.name


def restore() -> None:
    """Put ?run= back, which navigation drops, and say so where it names no run. Called by the frame."""
    named = st.query_params.get("run")
    if named and Run.find(named) is None:
        say("The run in the address is not there any more, so the newest one is shown.", ":material/info:")
        choose_run(None)
    elif named:
        st.session_state["run"] = named
    elif st.session_state.get("run"):
        st.query_params["run"] = st.session_state["run"]


# Long computations


def compute(key: str, function: Callable[..., Any], *args: Any, warm: Literal["torch", "umap"] = "torch", **kwargs: Any) -> Computation:
    """Start a function in a process of its own under the visitor's key; one that still runs there is cancelled."""
    from genlib.computation import Computation

    forget(key)
    st.session_state[f"computation-{key}"] = started = Computation.start(function, *args, warm=warm, **kwargs)
    return started


def computation(key: str) -> Computation | None:
    """Return the computation under the key, running or over."""
    return st.session_state.get(f"computation-{key}")


def forget(key: str) -> None:
    """Drop the computation under the key, and cancel it if it still runs."""
    old = st.session_state.pop(f"computation-{key}", None)
    if old is not None and old.state == "running":
        old.cancel()


# What all visitors share: read only, keyed by names, never by arrays or modules


@st.cache_resource(max_entries=4, show_spinner=False)
def _dataset(name: str, size: int | None, stamp: str) -> Dataset:
    from genlib import data

    return data.load(name, size)


def dataset(name: str, size: int | None = None) -> Dataset:
    """Load a data set once for everybody. Raises as data.load does: ValueError, DataMissing."""
    from genlib import home

    return _dataset(name, size, str(home()))


def forget_datasets() -> None:
    """Read data sets anew: one was brought, downloaded or removed."""
    _dataset.clear()


@st.cache_resource(max_entries=8, show_spinner=False)
def _model(folder: str, step: int | None, stamp: tuple, _run: Run) -> Model:
    return _run.load(step).eval()


def model(run: Run, step: int | None = None) -> Model:
    """Load the weights of a run at a snapshot's step, or its newest, once for everybody."""
    return _model(str(run.folder), step, _stamp(run, step), run)


def _stamp(run: Run, step: int | None) -> tuple:
    # A snapshot never changes; the newest weights do.
    return (step,) if step is not None else tuple(run.version())


@st.cache_resource(max_entries=32, show_spinner=False)
def _history(folder: str, stamp: tuple, _run: Run) -> dict[str, np.ndarray]:
    return _run.history()


def history(run: Run) -> dict[str, np.ndarray]:
    """Read a run's log, once for everybody and each change: columns step, seconds and each metric."""
    return _history(str(run.folder), tuple(run.version()), run)


@dataclass(frozen=True)
class Codes:
    """Mean codes of some items: values (n, latent_dim) float32 and rows (n,), the items' places in the data set."""

    values: np.ndarray
    rows: np.ndarray


def rows(total: int, n: int | None, seed: int = 0) -> np.ndarray:
    """Choose n of `total` items at random, in their own order; all where n is None or larger."""
    if n is None or n >= total:
        return np.arange(total)
    return np.sort(np.random.default_rng(seed).choice(total, n, replace=False))


@st.cache_resource(max_entries=6, show_spinner=False)
def _codes(folder: str, step: int | None, n: int | None, seed: int, stamp: tuple, _run: Run) -> Codes:
    items = dataset(_run.config.dataset, _run.config.size).items
    chosen = rows(len(items), n, seed)
    return Codes(model(_run, step).embed(items[chosen]), chosen)


def codes(run: Run, step: int | None = None, n: int | None = 2000, seed: int = 0) -> Codes:
    """Embed n items of the run's data set. Raises TypeError for a model without an encoder.

    Takes more than a second for many large pictures: let those run as a computation.
    """
    return _codes(str(run.folder), step, n, seed, _stamp(run, step), run)
