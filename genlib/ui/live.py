"""A run that is being watched: its controls, pictures and curves, drawn anew while it lives."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from genlib import jobs
from genlib.ui import broadcast, cards, charts, show, state, turning
from genlib.ui.findings import show_findings
from genlib.ui.parts.monitor import monitor

if TYPE_CHECKING:
    from genlib.runs import Run

LOOK = 0.25  # seconds between two looks for a new picture, by the browser alone
# Seconds until the panel is drawn anew, by the state of its run. Each time costs the training a tenth of a second where both share a core.
PACES = {"starting": 0.5, "queued": 1.0, "running": 2.5, "paused": 2.5}


def watch(runs: Sequence[Run]) -> None:
    """Show one run, or two side by side, for as long as the page is open."""
    pace = _pace(runs)
    st.fragment(_watched, run_every=pace)(runs, pace)


def _pace(runs: Sequence[Run]) -> float | None:
    return min((PACES[state] for run in runs if (state := jobs.status(run).state) in PACES), default=None)


def _watched(runs: Sequence[Run], pace: float | None) -> None:
    if _pace(runs) != pace:
        st.rerun()  # the fragment takes its new pace, or comes to rest
    alone = len(runs) == 1
    for column, run in zip(st.columns(len(runs), gap="large"), runs, strict=True):
        with column:
            panel(run, jobs.status(run), alone)


def panel(run: Run, status: jobs.Status, wide: bool = True) -> None:
    """Draw one run: head, controls, trouble, what goes wrong, pictures and first curves, live knobs, the other curves."""
    head(run, status, wide)
    controls(run, status)
    trouble(run, status)
    history = state.history(run)
    show_findings(run, history, status.living)
    marks = turning.marks(run)
    groups = list(charts.grouped(history))
    beside = 2 if run.drawing(kind="reconstructions") is None else 1  # charts that find room next to the samples
    cells = st.grid(2 if wide else 1, min_column_width=340, gap=("small", "large"))
    with cells.cell():
        pictures(run, status)
    with cells.cell():
        reconstructions(run, status)
        charts.curves(history, f"curve-{run.name}", groups[:beside], columns=1, height=240, marks=marks)
    turning.knobs(run, status)
    charts.curves(history, f"curve-{run.name}", groups[beside:], columns=3 if wide else 2, height=210, marks=marks)


def head(run: Run, status: jobs.Status, wide: bool) -> None:
    """Say what is watched, how far it is, how fast and where."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.subheader(show.title(run), anchor=False, width="content")
        show.badge("example" if run.bundled else status.state)
    st.caption(show.recipe(run.config))
    place = "" if wide or not status.device else f" · {device(status)}"
    st.progress(min(1.0, status.step / status.total), text=progress_text(status) + place)
    said = {
        "Speed": f"{show.count(status.rate)} items/s" if status.rate else "–",
        "Time left": show.duration(status.left),
        "Trained for": show.duration(status.seconds),
    }
    show.facts(said | ({"Device": device(status)} if wide else {}), width=118)


def device(status: jobs.Status) -> str:
    """Say what a run trains on, and how much of its memory it holds."""
    return " · ".join(filter(None, (status.device, show.bytes_text(status.memory) if status.memory else ""))) or "–"


def progress_text(status: jobs.Status) -> str:
    """Say how far a run is: step of steps, and its place in the queue."""
    if status.state == "queued":
        waiting = f"{status.position} more before it" if status.position else "next in line"
        return f"Waiting for the device: {waiting}. It starts by itself."
    if status.state == "starting":
        return "Starting the training process …"
    return f"Step {status.step:,} of {status.total:,}"


def controls(run: Run, status: jobs.Status) -> None:
    """Draw the buttons; they keep their places, and those that make no sense now are grey."""
    now = status.state
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        if run.bundled:
            ways_on(run)
            return
        if status.living:
            _button("Pause", "pause", jobs.pause, run, now == "running" or now == "queued")
        else:
            _button("Resume", "play_arrow", jobs.resume, run, now != "finished", primary=now == "paused")
        _button("Step", "skip_next", jobs.step, run, now in ("running", "paused", "stopped"), "Do one single step and pause.")
        _button("Stop", "stop", jobs.stop, run, status.living or now == "paused", "End it. The weights are kept; Resume goes on from here.")
        ways_on(run)


def _button(
    word: str, icon: str, action: Callable[[Run], None], run: Run, possible: bool, help: str | None = None, primary: bool = False
) -> None:
    st.button(
        word,
        icon=f":material/{icon}:",
        key=f"{word.lower()}-{run.name}",
        help=help,
        disabled=not possible,
        type="primary" if primary else "secondary",
        on_click=_act,
        args=(action, run),
    )


def _act(action: Callable[[Run], None], run: Run) -> None:
    """Ask for something and wait a moment for it, so that the click itself shows what came of it."""
    before = jobs.status(run)
    try:
        action(run)
        state.keep(f"trouble-{run.name}", None)
    except OSError as error:
        state.keep(f"trouble-{run.name}", f"This could not be written into the run's folder: {error}. Make room on the disk and try again.")
        return
    patience = time.monotonic() + 0.4
    while time.monotonic() < patience:
        now = jobs.status(run)
        if now.state != before.state or (before.state == "paused" and now.step != before.step):
            return
        time.sleep(0.02)


def trouble(run: Run, status: jobs.Status) -> None:
    """Say what went wrong, with the way out."""
    kept = state.kept(f"trouble-{run.name}")
    sentence = kept or status.note
    if not sentence:
        return
    if status.state in ("failed", "lost"):
        st.error(f"{sentence}", icon=":material/error:")
    else:
        st.warning(f"{sentence}", icon=":material/warning:")


def pictures(run: Run, status: jobs.Status) -> None:
    """Show what the model draws from codes that stay the same, so that only learning moves them."""
    st.markdown("**Samples**, always from the same codes", help="What changes here is the model, never the codes: you see it learn.")
    if run.drawing() is None and not status.living:
        st.caption("Nothing was drawn before it ended.")
        return
    alt = f"Samples of {show.title(run)}"
    if run.config.size:
        _monitor(run, status, "samples", alt)
        return
    try:
        real = state.dataset(run.config.dataset)
        _monitor(run, status, "samples", f"{alt} over the data", behind=real.items, centres=real.modes)
    except (ValueError, OSError) as problem:
        st.caption(f"The data are not shown beneath: {problem}")
        _monitor(run, status, "samples", alt)


def _monitor(run: Run, status: jobs.Status, kind: str, alt: str, **more: Any) -> None:
    every = LOOK if status.living or status.state == "paused" else None
    monitor(broadcast.address(run, kind), f"{kind}-{run.name}", alt, status.state, every, **more)


def reconstructions(run: Run, status: jobs.Status) -> None:
    """Show held-out originals and under them what the model makes of them, where it has an encoder."""
    if run.config.size and run.drawing(kind="reconstructions"):
        st.markdown("**Reconstructions**: held-out originals above, what comes back below")
        _monitor(run, status, "reconstructions", f"Originals and reconstructions of {show.title(run)}", step=False)


def ways_on(run: Run) -> None:
    """Link to what can be done with the run as soon as it has weights."""
    if not run.snapshots():
        return
    for name, label, icon in (("samples", "Samples", "grid_view"), ("explore", "Explore", "open_with"), ("map", "Map", "scatter_plot")):
        if state.page(name).exists():
            st.page_link(state.page(name), label=label, icon=f":material/{icon}:", query_params={"run": run.name})


def activity() -> None:
    """Show in the sidebar what trains and what waits now, on every page. Called by the frame."""
    living = _living()
    if living:
        with st.sidebar:
            st.fragment(_activity, run_every=2 * PACES["running"])(len(living))


def _living() -> list[tuple[Run, jobs.Status]]:
    standing = [(run, jobs.status(run)) for run in state.runs() if not run.bundled]
    return [(run, status) for run, status in standing if status.living]


def _activity(before: int) -> None:
    living = _living()
    if len(living) != before:
        st.rerun()
    st.caption("Training now" if len(living) == 1 else f"Training now, {len(living) - 1} waiting")
    for run, status in sorted(living, key=lambda pair: pair[1].state == "queued")[:3]:
        if st.button(show.title(run), key=f"activity-{run.name}", type="tertiary", wrap=True):
            cards.watch(run)
        st.progress(min(1.0, status.step / status.total))
