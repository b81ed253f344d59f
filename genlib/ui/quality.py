"""How good an opened run is: figures beside what real items read, measured when asked for, and the best of its snapshots."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

from genlib import features, metrics, quality
from genlib.metrics import Metric
from genlib.quality import DRAWS
from genlib.ui import show as shown
from genlib.ui import state
from genlib.ui.opened import Opened, step_key

KINDS = {"own": "the data set's own", "inception": "Inception"}


def show(opened: Opened) -> None:
    """The section on Samples: the buttons, the progress, the figures, the best snapshot."""
    st.subheader("How good is it?", anchor=False)
    st.caption(
        "Samples are compared with training items, and training items with each other: that is the floor, the best a perfect model "
        "could read. It takes some seconds; the first time on a data set also the training of the small network that compares."
    )
    _controls(opened)
    task = state.computation("quality") if state.kept("quality") == opened.run.name else None
    shown.waiting(task, "Measuring", "quality")
    measured = opened.run.quality()
    _snapshots(opened, quality.best(measured))
    _table([one for one in measured if one["step"] == opened.step and not one["search"]])


def _controls(opened: Opened) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        rows = [name for name, row in DRAWS.items() if row.possible(opened.model)]
        codes, kinds = "prior", features.possible(opened.dataset)
        kind = kinds[0]
        if len(rows) > 1:
            codes = st.segmented_control(
                "Codes drawn from", rows, default="prior", format_func=lambda name: DRAWS[name].label, key="quality-codes", required=True,
                help=" ".join(f"**{DRAWS[name].label}**: {DRAWS[name].why}" for name in rows),
            )  # fmt: skip
        if len(kinds) > 1:
            kind = st.segmented_control(
                "Features", kinds, default=kind, format_func=KINDS.__getitem__, key="quality-kind", required=True,
                help="Inception's weights are read from the file that you named; on a CPU it takes minutes.",
            )  # fmt: skip
        st.button(
            "Measure this snapshot", icon=":material/straighten:", key="quality-measure", on_click=_start,
            args=(opened, quality.assess, opened.run, opened.step, quality.COUNT, codes, kind),
        )  # fmt: skip
        if len(opened.run.snapshots()) > 1:
            st.button(
                "Find the best snapshot", icon=":material/trophy:", key="quality-search", on_click=_start,
                args=(opened, quality.best_step, opened.run, quality.SEARCHED, quality.SEARCH_COUNT, codes),
                help=f"Measures the last {quality.SEARCHED} snapshots with fewer samples. GANs get worse after their best point.",
            )  # fmt: skip


def _start(opened: Opened, function: Any, *args: Any) -> None:
    state.compute("quality", function, *args)
    state.keep("quality", opened.run.name)


def _snapshots(opened: Opened, ranked: list[dict[str, Any]]) -> None:
    """What the last search found, and a way to look at the best."""
    if not ranked:
        return
    judge = quality.judged_by(ranked[0]["figures"])
    metric, step = metrics.FIGURES[judge], ranked[0]["step"]
    in_turn = sorted(ranked, key=lambda one: one["step"])
    said = " · ".join(f"step {one['step']:,}: {_number(one['figures'][judge]['value'], metric)}" for one in in_turn)
    with st.container(border=True, horizontal=True, vertical_alignment="center", gap="medium"):
        st.markdown(
            f"**Best snapshot: step {step:,}**, by {metric.label} with {ranked[0]['figures'][judge]['n']:,} samples each.  \n:small[{said}]"
        )
        if step != opened.step and step in opened.run.snapshots():
            st.button(
                f"Look at step {step:,}", icon=":material/history:", key="quality-best",
                on_click=state.turn, args=(step_key(opened.run, "samples"), step),
            )  # fmt: skip


def _table(measured: list[dict[str, Any]]) -> None:
    """The figures of this snapshot: a column for each way to draw codes, only those that may be compared with the newest."""
    if not measured:
        return
    newest = measured[-1]
    alike = {one["codes"]: one for one in measured if all(one[name] == newest[name] for name in ("n", "features"))}
    known = {**metrics.METRICS, **metrics.FIGURES}
    heads = [DRAWS[name].label if name in DRAWS else name for name in alike]
    lines = [f"| Figure | {' | '.join(heads)} | Real against real | N | What it says |", "|---" + "|--:" * (len(heads) + 2) + "|---|"]
    for name in newest["figures"]:
        metric = known[name]
        cells = [_cell(one["figures"].get(name), metric) for one in alike.values()]
        found = newest["figures"][name]
        floor = "–" if found["floor"] is None else _number(found["floor"], metric)
        unit = f" ({metric.unit})" if metric.unit not in ("", "share") else ""
        lines.append(f"| {metric.label}{unit} | {' | '.join(cells)} | {floor} | {found['n']:,} | {metric.why} |")
    st.markdown("\n".join(lines))
    st.caption(_said_of(newest))


def _cell(figure: dict[str, Any] | None, metric: Metric) -> str:
    if figure is None:
        return "–"
    about = f" ± {figure['std']:.2g}" if "std" in figure else ""
    return f"**{_number(figure['value'], metric)}**{about}"


def _number(value: float, metric: Metric) -> str:
    if not np.isfinite(value):
        return "–"
    return f"{value:.1%}" if metric.unit == "share" else f"{value:.4g}" if abs(value) >= 100 else f"{value:.3g}"


def _said_of(one: dict[str, Any]) -> str:
    """What the figures were measured with, and what they may be compared with."""
    used = one["features"]
    network = f"; right about {used['accuracy']:.1%} of test items" if used["accuracy"] is not None else ""
    weights = f"; weights {used['digest']}" if used["digest"] else ""
    return (
        f"Measured on {one['n']:,} samples in {one['seconds']:.0f} s. Features: {used['name']}{network}{weights}. "
        "Compare figures only where N and the features are the same: fewer items read worse, other features read other numbers."
    )
