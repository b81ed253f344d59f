"""What several pages show of runs and data: pictures, states, progress, sizes and times."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import streamlit as st

from genlib import images
from genlib.ui import state

if TYPE_CHECKING:
    from genlib.computation import Computation
    from genlib.runs import Run

# state: word, icon, colour; the word and the icon say it without the colour
STATES = {
    "queued": ("Waiting", "hourglass_top", "orange"),
    "starting": ("Starting", "rocket_launch", "blue"),
    "running": ("Training", "play_arrow", "blue"),
    "paused": ("Paused", "pause", "orange"),
    "stopped": ("Stopped", "stop", "gray"),
    "finished": ("Finished", "check", "green"),
    "failed": ("Failed", "error", "red"),
    "lost": ("Interrupted", "link_off", "red"),
    "example": ("Example", "school", "violet"),
}


# Words and numbers


def badge(name: str) -> None:
    """Show the state of a run as an icon and a word."""
    word, icon, colour = STATES[name]
    st.badge(word, icon=f":material/{icon}:", color=colour)  # type: ignore[arg-type]


def bytes_text(size: float | None) -> str:
    """Write a size: 512 B, 3.4 MB. A dash where it is not known."""
    if size is None:
        return "–"
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000 or unit == "GB":
            break
        size /= 1000
    return f"{size:.0f} {unit}" if unit == "B" or size >= 100 else f"{size:.1f} {unit}"


def duration(seconds: float | None) -> str:
    """Write a time: 8 s, 3 min 20 s, 2 h 05 min. A dash where it is not known."""
    if seconds is None or not np.isfinite(seconds):
        return "–"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def count(number: float | None) -> str:
    """Write a count: 970, 12,000, 1.2 M."""
    if number is None or not np.isfinite(number):
        return "–"
    return f"{number / 1e6:.1f} M" if number >= 1e6 else f"{number:,.0f}"


def recipe(config: Any) -> str:
    """Say in one line what a run is made of."""
    size = f" at {config.size}×{config.size}" if config.size else ""
    parts = (config.model.upper(), f"{config.dataset}{size}", f"{config.latent_dim} latent dimensions", f"batch {config.batch_size}")
    return " · ".join(parts)


def facts(said: Mapping[str, str], width: int | Literal["content"] = "content") -> None:
    """Show short facts side by side: a quiet heading, and the value under it. With a width they stay when values change."""
    with st.container(horizontal=True, gap="medium"):
        for place, (heading, value) in enumerate(said.items(), 1):
            with st.container(gap=None, width="content" if place == len(said) else width):
                st.caption(heading)
                st.markdown(f"**{value}**", width="content")


# Pictures


def picture(pixels: np.ndarray, alt: str, least: int = 720, width: Any = "stretch", caption: str | None = None) -> None:
    """Show pixels (h, w, c) uint8 with their squares kept sharp; `least` is the fewest screen pixels across."""
    # Streamlit makes a JPEG of a PNG unless told not to, and blurs its squares.
    st.image(_png(np.ascontiguousarray(pixels), least), width=width, caption=caption, alt=alt, output_format="PNG")


@st.cache_data(max_entries=200, show_spinner=False)
def _png(pixels: np.ndarray, least: int) -> bytes:
    return images.png(images.enlarge(pixels, least))


def montage(pixels: np.ndarray, alt: str, columns: int | None = None, least: int = 720, width: Any = "stretch") -> None:
    """Show pictures (n, h, w, c) as one."""
    picture(images.montage(pixels, columns), alt, least, width)


def last_samples(run: Run, least: int = 480) -> None:
    """Show what a run drew last, whatever its kind; a quiet word where it has drawn nothing yet."""
    drawn = run.samples()
    alt = f"Samples of {title(run)}"
    if drawn is None:
        st.caption("Nothing drawn yet.")
    elif drawn.ndim == 3:
        picture(drawn, alt, least)
    else:
        picture(stamp(drawn), alt, least)


def stamp(points: np.ndarray, side: int = 72) -> np.ndarray:
    """Draw points (n, 2) as a small picture (side, side, 3): for lists, where a chart each would be slow."""
    reach = max(1.6, float(np.abs(points).max(initial=0.0)) * 1.1)
    edges = np.linspace(-reach, reach, side + 1)
    density = np.histogram2d(-points[:, 1], points[:, 0], bins=(edges, edges))[0]
    strongest = np.percentile(density[density > 0], 75) if density.any() else 1.0
    strength = np.where(density > 0, np.clip(density / strongest, 0.35, 1.0), 0.0)[..., None]  # a single point can still be seen
    paper, ink = np.array([240, 244, 247.0]), np.array([0, 90, 150.0])
    return np.rint(paper + (ink - paper) * strength).astype(np.uint8)


# Runs


def title(run: Run) -> str:
    """What a run is called on screen."""
    return run.config.title or run.name


def run_state(run: Run) -> str:
    """The state's name as STATES has it; bundled runs are examples."""
    from genlib import jobs

    return "example" if run.bundled else jobs.status(run).state


def choose_run(label: str = "Run", key: str = "run-choice") -> Run | None:
    """Let a run with weights be picked and make it the current one; where there is none, say how to get one."""
    runs = {run.name: run for run in state.runs() if run.snapshots()}
    if not runs:
        nothing_yet("There is no trained model for this page yet.")
        return None
    current = state.current_run()
    start = list(runs).index(current.name) if current and current.name in runs else 0
    name = st.selectbox(label, list(runs), index=start, format_func=lambda row: run_label(runs[row]), key=f"{key}-{list(runs)[start]}")
    if current is None or name != current.name:
        state.choose_run(runs[name])
    return runs[name]


def moment(run: Run, rest: str) -> str:
    """Say when a run was made: the day of the month, then as `rest` has it. Windows knows no day without a leading zero."""
    made = time.localtime(run.created)
    return f"{made.tm_mday} {time.strftime(rest, made)}"


def run_label(run: Run) -> str:
    """What a run is called in a list."""
    when = "example" if run.bundled else moment(run, "%b, %H:%M")
    return f"{title(run)} · {when}"


def nothing_yet(sentence: str) -> None:
    """Fill an empty page: the sentence, and the way to the first run."""
    with st.container(border=True, horizontal_alignment="center"):
        st.space("small")
        st.markdown(f":material/science: &nbsp; {sentence}", text_alignment="center")
        if st.button("Train one", type="primary", icon=":material/play_circle:", key="train-one"):
            state.go("train")
        st.space("small")


def problem(sentence: object) -> None:
    """Say what is not possible; the sentence names the way out."""
    st.error(f"{sentence}", icon=":material/error:")


def another(key: str, label: str) -> int:
    """Draw a button that counts its clicks: a seed for whoever wants to see others."""
    seed = state.kept(key, 0)
    st.button(label, icon=":material/shuffle:", key=f"{key}-button", on_click=state.keep, args=(key, seed + 1), type="tertiary")
    return seed


def welcome(runs: Sequence[Run]) -> None:
    """Show a finished run's samples beside the first words; where there is none, what could be learned from."""
    drawn = next((pixels for run in reversed(runs) if (pixels := run.samples()) is not None and pixels.ndim == 3), None)
    if drawn is not None:
        picture(drawn, "Pictures drawn by a trained model", least=480)
    else:
        montage(state.dataset("fashion-mnist-mini").items[:48], "Pictures of clothing from Fashion-MNIST", columns=8, least=480)


# Progress


def waiting(computation: Computation | None, words: str, key: str = "waiting") -> bool:
    """Show a computation's progress with Cancel while it runs, and say so where it failed; True while it runs.

    The page runs again when it is over, with the result in `computation.result`.
    """
    if computation is None:
        return False
    if computation.state == "failed":
        problem(computation.error or "This did not work.")
    if computation.state == "cancelled":
        st.caption(":material/cancel: Cancelled.")
    if computation.state != "running":
        return False
    st.fragment(_progress, run_every=0.3)(computation, words, key)
    return True


def work(key: str, asked: Any, function: Callable[..., Any], *args: Any, warm: Literal["torch", "umap"], words: str) -> Any:
    """See to a computation: start it when it was not asked for before, show how far it is, offer another try.

    Returns the result once it is there, else None.
    """
    if state.kept(key) != asked:
        state.keep(key, asked)
        state.compute(key, function, *args, warm=warm)
    task = state.computation(key)
    if waiting(task, words, key):
        return None
    if task is not None and task.state == "done":
        return task.result
    st.button("Try again", icon=":material/refresh:", key=f"{key}-again", on_click=state.keep, args=(key, None))
    return None


def _progress(computation: Computation, words: str, key: str) -> None:
    if computation.state != "running":
        st.rerun()
    bar, button = st.columns([5, 1], vertical_alignment="center")
    bar.progress(min(max(computation.fraction or 0.0, 0.0), 1.0), text=computation.message or words)
    button.button("Cancel", icon=":material/close:", key=f"{key}-cancel", on_click=computation.cancel, width="stretch")
