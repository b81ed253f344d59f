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
    left, right = st.columns([3, 2], gap="large")
    with left:
        names = [name.replace("_", " ") for name in dataset.classes[: len(rows)]]
        _lines(names, images.montage(means, 1), images.montage(drawn, PER_CLASS), len(rows))
        if len(dataset.classes) > len(rows):
            st.caption(f"The first {len(rows)} of {len(dataset.classes)} classes.")
    with right:
        balance(dataset)


def _lines(names: Sequence[str], means: np.ndarray, drawn: np.ndarray, count: int) -> None:
    height = LINE * count
    side = f'<div class="names">{"".join(f"<span>{html.escape(name)}</span>" for name in names)}</div>'
    heads = ("<b></b>" if names else "") + "<b>Mean</b><b>Some of them</b>"
    uris = [images.data_uri(images.png(images.enlarge(part, LINE * (count if part is means else 1)))) for part in (means, drawn)]
    alts = ("Mean picture of each class", "Pictures of each class, a line a class")
    parts = "".join(f'<img src="{uri}" alt="{alt}" style="height:{height}px">' for uri, alt in zip(uris, alts, strict=True))
    st.html(
        f"""<style>
        .look {{display:grid; grid-template-columns:repeat({2 + bool(names)}, max-content); gap:.35rem .8rem; overflow-x:auto}}
        .look b {{font-weight:400; font-size:.8rem; opacity:.7}}
        .look img {{display:block; width:auto; max-width:none; border-radius:3px}}
        .look .names {{display:flex; flex-direction:column; height:{height}px}}
        .look .names span {{flex:1; display:flex; align-items:center; font-size:.9rem; max-width:11rem; overflow:hidden}}
        </style><div class="look">{heads}{side if names else ""}{parts}</div>"""
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
    left, right = st.columns([3, 2], gap="large")
    with left:
        charts.points(
            dataset.items, f"points-{dataset.name}", dataset.labels, dataset.classes, height=480, alt=f"The points of {dataset.name}"
        )
        if len(dataset) > charts.SHOWN:
            st.caption(f"{charts.SHOWN:,} of {len(dataset):,} points are drawn.")
    with right:
        balance(dataset)


def whole(dataset: Dataset) -> None:
    """Show everything worth seeing before training."""
    show.facts(data.facts(dataset))
    if dataset.kind == "points":
        points(dataset)
        return
    seed = show.another("look-seed", "Show others")
    pictures(dataset, seed)
