"""Knobs that a person turns while a run trains: the form on the watch panel, and what was turned when."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from genlib import changes, choices, jobs
from genlib.ui import forms, state

if TYPE_CHECKING:
    from genlib.runs import Run
    from genlib.ui.charts import Mark

TOLD = 4  # changes that are told one by one
LETTERS = 28  # of a mark on a curve


def knobs(run: Run, status: jobs.Status) -> None:
    """Offer the knobs of a run that may be turned while it trains, and say what was turned and when.

    Works in a fragment that is drawn anew all the time: what is being typed stays in the browser until Apply.
    """
    rows = {} if run.bundled or status.state == "finished" else changes.live(run.config.model)
    if rows:
        with st.expander("Turn knobs while it trains", icon=":material/tune:", key=f"turning-{run.name}"):
            _form(run, rows)
    told(run, status)


def marks(run: Run) -> list[Mark]:
    """Return where knobs were turned, for the curves of the run; in few letters, as a text stands upright in a low chart."""
    return [(change.step, _short(change)) for change in run.changes()]


def _short(change: changes.Change) -> str:
    if len(change.text) <= LETTERS:
        return change.text
    return f"{len(change.options)} knobs turned" if len(change.options) > 1 else f"…{change.text[1 - LETTERS :]}"  # the values are the news


def told(run: Run, status: jobs.Status) -> None:
    """Say what was turned at which step, the latest first, and what is still to come."""
    made, asked = run.changes(), run.asked()
    if asked and status.state != "finished":
        text = ", ".join(f"{name.replace('_', ' ')} {changes.word(value)}" for options in asked for name, value in options.items())
        due = max([change.step for change in made], default=0)
        when = f"when step {due:,} is reached again" if due > status.step else "from the next step on"
        st.caption(f":material/tune: Asked for: {text}. It holds {when}.")
    if made:
        lines = [f"at step {change.step:,} {change.text}" for change in reversed(made)]
        earlier = f"; {len(lines) - TOLD} earlier, marked on the curves" if len(lines) > TOLD else ""
        st.caption(f":material/tune: Turned while it trained: {'; '.join(lines[:TOLD])}{earlier}.")


def _form(run: Run, rows: dict[str, choices.Knob]) -> None:
    # After each change the fields are new ones, so that they show what holds, whoever turned it.
    key = f"turn-{run.name}-{sum(event['event'] == 'asked' for event in run.events())}"
    with st.form(f"form-{key}", border=False):
        forms.grid(rows, key, run.wanted(), columns=4)
        with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
            st.form_submit_button("Apply", icon=":material/check:", key=f"apply-{run.name}", on_click=_apply, args=(run, list(rows), key))
            st.caption("Training goes on with the new values from the next step. Each change is marked on the curves.")
    if problem := state.kept(f"turning-{run.name}"):
        st.error(problem, icon=":material/error:")


def _apply(run: Run, names: list[str], key: str) -> None:
    """Turn what was changed in the form; where that cannot be, keep the sentence that says why."""
    problem = None
    try:
        jobs.turn(run, {name: state.turned(f"{key}-{name}") for name in names})
    except ValueError as error:
        problem = f"Nothing was turned: {error}."
    except OSError as error:
        problem = f"Nothing was turned: this could not be written into the run's folder ({error}). Make room on the disk and try again."
    state.keep(f"turning-{run.name}", problem)
