"""Runs in a list: what each looks like on Home and on the Runs page, and what can be done with it there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from genlib import jobs
from genlib.ui import charts, show, state

if TYPE_CHECKING:
    from genlib.runs import Run


def cards(runs: Sequence[Run], key: str, columns: int = 4) -> None:
    """Show runs as cards with what they drew last."""
    cells = st.grid(columns, min_column_width=210, gap="medium", border=True)
    for run in runs:
        with cells.cell():
            show.last_samples(run)
            st.markdown(f"**{show.title(run)}**")
            show.badge(show.run_state(run))
            st.caption(show.recipe(run.config))
            if st.button("Open", key=f"{key}-open-{run.name}", icon=":material/visibility:", width="stretch"):
                watch(run)


def watch(run: Run) -> None:
    """Go to the Train page and show a run there."""
    show_live(run)
    state.go("train")


def show_live(run: Run) -> None:
    """Make a run the current one, and the one that the Train page shows."""
    state.choose_run(run)
    state.later("train-view", "Watch")
    state.later("train-watch", [run.name])


def row(run: Run) -> None:
    """Show one run across the page: last samples, recipe, state and size, and what can be done with it."""
    with st.container(border=True, horizontal=True, gap="medium", vertical_alignment="center", key=f"run-{run.name}"):
        with st.container(width=112):
            show.last_samples(run, least=280)
        with st.container(gap="xsmall"):
            about(run)
            with st.container(horizontal=True, gap="small"):
                if st.button("Open", key=f"open-{run.name}", icon=":material/visibility:"):
                    watch(run)
                if not run.bundled:
                    rename(run)
                    delete(run)


def about(run: Run) -> None:
    """Say what a run is, how it stands and how much room it takes."""
    status = jobs.status(run)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"**{show.title(run)}**", width="content")
        show.badge("example" if run.bundled else status.state)
    st.caption(show.recipe(run.config))
    facts = [f"step {status.step:,} of {status.total:,}", f"trained for {show.duration(status.seconds)}", show.bytes_text(run.size())]
    if run.created:
        facts.append(show.moment(run, "%B %Y, %H:%M"))
    measured = [one for one in run.quality() if not one["search"] and "frechet" in one["figures"]]
    if measured:  # with what it may be compared by: other figures are of another measure
        last = measured[-1]
        features = f", features {last['features']['digest'][:8]}" if last["features"]["digest"] else ""
        facts.append(f"Fréchet distance {last['figures']['frechet']['value']:.3g} at step {last['step']:,} (N {last['n']:,}{features})")
    st.caption(" · ".join(facts))


def rename(run: Run) -> None:
    """Offer a new title."""
    with st.popover("Rename", icon=":material/edit:"), st.form(f"rename-{run.name}", border=False):
        title = st.text_input("Title", show.title(run), max_chars=120, key=f"title-{run.name}")
        if st.form_submit_button("Save", type="primary", icon=":material/check:", key=f"save-title-{run.name}"):
            try:
                run.rename(title or "")
            except ValueError as problem:
                st.error(str(problem), icon=":material/error:")
            else:
                st.rerun()


def delete(run: Run) -> None:
    """Offer to remove the run, asking once."""
    with st.popover("Delete", icon=":material/delete:"):
        st.markdown(f"Delete **{show.title(run)}** with its weights and pictures? This cannot be undone.")
        st.button("Delete it", key=f"delete-{run.name}", type="primary", icon=":material/delete_forever:", on_click=_delete, args=(run,))


def _delete(run: Run) -> None:
    title = show.title(run)
    if jobs.status(run).living:
        jobs.stop(run)
    run.delete()
    state.choose_run(None)
    state.turn("train-watch", [])
    state.say(f"Deleted {title}.", ":material/delete:")


def compare(runs: Sequence[Run]) -> None:
    """Lay one curve of several runs over each other."""
    told = {run.name: run for run in runs if "step" in state.history(run)}
    if len(told) < 2:
        return
    by_model: dict[str, list[str]] = {}
    for name, run in told.items():
        by_model.setdefault(run.config.model, []).append(name)
    alike = next((names for names in by_model.values() if len(names) > 1), list(told))  # other models have other curves
    st.subheader("Compare", anchor=False)
    chosen = st.multiselect(
        "Runs to compare",
        list(told),
        alike[:2],
        format_func=lambda name: show.run_label(told[name]),
        key="compare-runs",
        max_selections=8,
    )
    histories = charts.named((show.title(told[name]), state.history(told[name])) for name in chosen)
    metrics = charts.shared_metrics(histories.values())
    if not metrics:
        st.caption("Choose at least one run that has trained.")
        return
    metric = st.pills("Curve", metrics, default=metrics[0], required=True, format_func=charts.metric_label, key="compare-metric")
    st.caption(charts.METRICS[metric].why)
    charts.compare(histories, metric, "compare-chart")
