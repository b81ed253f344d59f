"""The Train page's form: what to learn from, which model, which settings; and which runs to watch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import streamlit as st

from genlib import choices, data, jobs, presets
from genlib.choices import Value
from genlib.config import Config
from genlib.runs import Run
from genlib.ui import cards, downloads, forms, show, state

if TYPE_CHECKING:
    from genlib.data import Source

QUICK = {"dataset": "fashion-mnist-mini", "model": "vae"}
VIEWS = ("Set up", "Watch")


def start(**recipe: Any) -> Run | None:
    """Check a recipe and start it as the current run; where it cannot be, show the sentence and return None."""
    try:
        recipe["title"] = recipe.get("title") or f"{recipe['model'].upper()} on {data.sources()[recipe['dataset']].label}"
        with st.spinner("Preparing the run …"):  # the first one imports torch
            run = jobs.start(Config.create(**recipe))
    except (ValueError, OSError) as problem:
        st.error(f"This run was not started: {problem}", icon=":material/error:")
        return None
    cards.show_live(run)
    return run


def quick_start() -> None:
    """Start the default VAE on the bundled clothes, and go where it is shown."""
    fitting = presets.presets_for(QUICK["dataset"], "pictures", QUICK["model"])
    values = next(iter(fitting.values())).values if fitting else {}
    if start(**QUICK, **values):
        state.go("train")


def open_view() -> str:
    """Let the page be switched between setting up and watching; a run that was chosen is watched."""
    if state.turned("train-view") not in VIEWS:
        state.turn("train-view", VIEWS[1] if state.chosen_run() else VIEWS[0])
    view = st.segmented_control("View", VIEWS, required=True, key="train-view", label_visibility="collapsed", persist_state="session")
    return view or VIEWS[0]


def choose_data() -> str:
    """Pick a data set by name."""
    return forms.pick("Data set", data.sources(), "train-dataset", QUICK["dataset"], label=downloads.label)


def choose_preset(name: str, source: Source, model: str) -> dict[str, Any]:
    """Pick settings known to work, with the reason, or known to fail, with what to look at; the values that they set."""
    fitting = presets.presets_for(name, source.kind, model)
    if not fitting:
        return {}
    row = st.selectbox(
        "Settings", list(fitting), format_func=lambda key: fitting[key].title, key=f"train-preset-{name}-{model}", persist_state="session"
    )
    st.caption(fitting[row].why)
    if fitting[row].fails:
        st.caption(f":orange[:material/warning: Known to fail: {fitting[row].fails}]")
    return {"preset": row, **fitting[row].values}


def choose_knobs(source: Source, model: choices.Choice, preset: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Turn the knobs of the run and of its model; the values as Config.create takes them."""
    ours, theirs = choices.knobs(Config), choices.knobs(model.options)
    values: dict[str, Value] = {**preset, **preset.get("options", {})}
    turned = forms.lay_out({**_size(source), **ours, **theirs}, key, values, columns=4)
    settings: dict[str, Any] = {name: turned[name] for name in ours}
    size = int(str(turned["size"]).split()[0]) if "size" in turned else None
    return {**settings, "size": size, "options": {name: turned[name] for name in theirs}}


def _size(source: Source) -> dict[str, choices.Knob]:
    """Describe the size of the pictures as a knob; none for points."""
    if not source.sizes:
        return {}
    words = {size: f"{size} × {size}" for size in sorted(source.sizes)}
    own = words[source.sizes[0]]
    why = f"Pixels a side; {own} is the pictures' own size. Twice the side is about four times the work."
    return {"size": choices.Knob("size", str, own, None, None, tuple(words.values()), "Picture size", why, False, "basic")}


def launch(name: str, model: str, settings: Mapping[str, Any]) -> None:
    """Give the run a title and start it, after a download where the data are not here yet."""
    if downloads.offer(name, "train-download"):
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        title = st.text_input(
            "Title", placeholder="Named after model and data if left empty", max_chars=120, key="train-title", persist_state="session"
        )
        wrong = problem(name, model, settings)
        pressed = st.button("Start training", type="primary", icon=":material/play_circle:", key="start-training", disabled=bool(wrong))
    if wrong:
        st.error(f"This run cannot be started: {wrong}.", icon=":material/error:")
    if pressed and start(dataset=name, model=model, title=title or "", **settings):
        st.rerun()


def problem(name: str, model: str, settings: Mapping[str, Any]) -> str:
    """Say why knobs cannot be, or cannot go together; nothing where they can. What only the data can tell is found on starting."""
    from genlib.models import settle

    source = data.sources()[name]
    size = settings["size"] or next(iter(source.sizes), None)
    try:
        for row in choices.knobs(Config).values():
            row.check(settings[row.name])
        settle(model, (source.channels, size, size) if size else (2,), settings["options"])
    except ValueError as error:
        return str(error)
    return ""


def choose_watched(runs: Mapping[str, Run]) -> list[Run]:
    """Pick one run to watch, or two side by side; the first becomes the current one."""
    current = state.current_run()
    kept = [name for name in state.turned("train-watch") or [] if name in runs]
    if current and current.name not in kept:
        kept = [current.name]
    state.turn("train-watch", kept)
    chosen = st.multiselect(
        "Runs to watch",
        list(runs),
        format_func=lambda name: show.run_label(runs[name]),
        key="train-watch",
        max_selections=2,
        placeholder="Choose a run, and a second one to see beside it",
        label_visibility="collapsed",
        on_change=_follow,
        args=(runs,),
    )
    return [runs[name] for name in chosen]


def _follow(runs: Mapping[str, Run]) -> None:
    """Make the first of the watched runs the current one."""
    chosen = state.turned("train-watch")
    if chosen:
        state.choose_run(runs[chosen[0]])
