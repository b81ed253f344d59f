"""What a data set looks like: classes side by side, their balance and their means."""

from __future__ import annotations

import html
from collections.abc import Sequence

import numpy as np
import streamlit as st

from genlib import data, images
from genlib.data import Dataset
from genlib.ui import charts, show

PER_CLASS = 10
LINE = 44  # screen pixels a class


def pictures(dataset: Dataset, seed: int) -> None:
    """Show each class as a line: its name, the mean of its pictures, and some of them; beside it how many there are."""
    rows, drawn = data.gallery(dataset, PER_CLASS, seed)
    means = data.mean_pictures(dataset)[: len(rows)]
    row = st.container(horizontal=True, gap="large")
    with row.container(width=600):
        names = [name.replace("_", " ") for name in dataset.classes[: len(rows)]]
        _lines(names, images.montage(means, 1), images.montage(drawn, PER_CLASS), len(rows))
        if len(dataset.classes) > len(rows):
            st.caption(f"The first {len(rows)} of {len(dataset.classes)} classes.")
    with row.container(width=340):
        balance(dataset)


def _lines(names: Sequence[str], means: np.ndarray, drawn: np.ndarray, count: int) -> None:
    """Lay out names, means (count lines) and pictures in one grid whose lines meet; it shrinks with the window."""
    words = "".join(f"<span>{html.escape(name)}</span>" for name in names)
    heads = ("<b></b>" if names else "") + "<b>Mean</b><b>Some of them</b>"
    alts = ("Mean picture of each class", "Pictures of each class, a line a class")
    uris = [images.data_uri(images.png(images.enlarge(part, LINE))) for part in (means, drawn)]
    parts = "".join(f'<img src="{uri}" alt="{alt}">' for uri, alt in zip(uris, alts, strict=True))
    st.html(
        f"""<style>
        .look {{container-type:inline-size}}
        .look > div {{display:grid; grid-template-columns:repeat({2 + bool(names)}, max-content); gap:.35rem .8rem;
          --high:calc({count} * min({LINE}px, (100cqi - 10rem) / {PER_CLASS + 1.2}))}}
        .look b {{font-weight:400; font-size:.8rem; opacity:.7}}
        .look img {{display:block; width:auto; max-width:none; height:var(--high); border-radius:3px}}
        .look .names {{display:flex; flex-direction:column; height:var(--high)}}
        .look .names span {{flex:1; display:flex; align-items:center; font-size:.9rem; max-width:7.4rem; line-height:1.1; overflow:hidden}}
        </style><div class="look"><div>{heads}{f'<div class="names">{words}</div>' if names else ""}{parts}</div></div>"""
    )


def balance(dataset: Dataset) -> None:
    """Draw how many items each class has for training and for testing."""
    counts = data.balance(dataset)
    names = [name.replace("_", " ") for name in dataset.classes] or ["all"]
    columns = {"Training": counts[:, 0], "Test": counts[:, 1]}
    told = {series: dict(zip(names, map(int, column), strict=True)) for series, column in columns.items()}
    st.caption("Items a class")
    charts.bars(told, "Items of each class", f"balance-{dataset.name}", height=LINE * min(len(names), 24))


def points(dataset: Dataset) -> None:
    """Show a data set of points as a scatter, coloured by class, with the numbers beside it."""
    row = st.container(horizontal=True, gap="large")
    with row.container(width=540):
        charts.points(
            dataset.items, f"points-{dataset.name}", dataset.labels, dataset.classes, height=480, alt=f"The points of {dataset.name}"
        )
        if len(dataset) > charts.SHOWN:
            st.caption(f"{charts.SHOWN:,} of {len(dataset):,} points are drawn.")
    with row.container(width=340):
        balance(dataset)


def whole(dataset: Dataset) -> None:
    """Show everything worth seeing before training."""
    show.facts(data.facts(dataset))
    if dataset.kind == "points":
        points(dataset)
        return
    seed = show.another("look-seed", "Show others")
    pictures(dataset, seed)
