"""Groups on the Map page: the controls of a clusterer, its groups at once or with progress, and the figures that judge them."""

from __future__ import annotations

import html
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from genlib import choices, cluster, maps, scores, vectors
from genlib.choices import Choice, NoOptions, knobs
from genlib.cluster import CLUSTERERS, Clustering, DBSCANOptions
from genlib.neighbours import Neighbours, graph, knee
from genlib.project import Projection
from genlib.ui import forms, show
from genlib.ui.map_views import points as points_of_file
from genlib.ui.opened import Opened
from genlib.ui.parts.sliders import sliders
from genlib.vectors import WHAT, Subject

TABLE_STYLE = """<style>
.classes { overflow-x: auto; }
.classes table { border-collapse: separate; border-spacing: 2px; font-size: 0.85rem; width: 100%; }
.classes td, .classes th { padding: 0.25rem 0.5rem; text-align: right; font-weight: 400; border: none; border-radius: 3px; }
.classes th { white-space: nowrap; }
.classes th[scope=row] { text-align: left; }
@media (max-width: 900px) {
  .classes table { font-size: 0.72rem; }
  .classes td, .classes th { padding: 0.2rem; }
  .classes th[scope=col] { white-space: normal; }
}
</style>"""
OWN = "own"
_OWN = Choice(
    "The model's own categories",
    "What the model sorted the items into by itself while it trained, without labels.",
    NoOptions,
    vectors.sort,
)
LIVE = 4_000_000  # numbers that are grouped while one waits; more become a computation that can be cancelled


@dataclass(frozen=True, eq=False)
class Grouped:
    """The groups on screen: a label for each item (-1 = noise), and what they were found by; None while they are not there."""

    labels: np.ndarray
    colour: str  # cluster or class
    clustering: Clustering | None

    @property
    def names(self) -> tuple[str, ...]:
        if self.clustering is None:
            return ("Items",)
        return tuple(f"{word(self.clustering)} {i + 1}" for i in range(int(self.labels.max(initial=-1)) + 1))

    def name_of(self, place: int) -> str:
        """The group of an item in words."""
        label = int(self.labels[place])
        return "noise" if label < 0 else self.names[label]


def group(opened: Opened, subject: Subject, finished: Projection) -> Grouped:
    """The controls of the groups, and the groups they make."""
    colours = ["class", "cluster"] if opened.dataset.classes else ["cluster"]
    colour = st.segmented_control("Colour by", colours, default=colours[0], format_func=str.capitalize, key="map-colour", required=True)
    table = CLUSTERERS | ({OWN: _OWN} if opened.model.categories else {})
    method = forms.pick("Find groups with", table, "map-clusterer")
    places = {"vectors": f"the {WHAT[subject.what].label.lower()}", "map": "the map"}
    where = st.segmented_control("Among", list(places), default="vectors", format_func=places.__getitem__, key="map-where", required=True)
    name, points = points_of(subject, finished, where)
    try:
        found = _found(method, opened, subject, name, points)
    except ValueError as problem:
        st.error(f"{problem}.", icon=":material/error:")
        found = None
    return Grouped(np.zeros(len(points), np.int32) if found is None else found.labels, colour, found)


def _found(method: str, opened: Opened, subject: Subject, name: tuple, points: np.ndarray) -> Clustering | None:
    if method == OWN:
        return own(subject, name, points)
    if method == "dbscan":
        return _by_density(subject, name, points)
    start = {"k": len(opened.dataset.classes)} if len(opened.dataset.classes) > 1 else None
    values = forms.fields(CLUSTERERS[method].options, f"map-{method}-{opened.run.config.dataset}", start, columns=2)
    return clusters(name, points, method, choices.fill(CLUSTERERS[method].options, values), None)


def own(subject: Subject, name: tuple, points: np.ndarray) -> Clustering | None:
    """The categories that the model itself found while it trained; None while every item is put into one."""
    labels = vectors.sorted_before(subject)
    if labels is None:
        labels = show.work("map-own", subject, vectors.sort, subject, warm="torch", words="Asking the model for each item's category")
    return None if labels is None else _judged(name, labels, points)


@st.cache_resource(max_entries=16, show_spinner=False)
def _judged(name: tuple, labels: np.ndarray, _points: np.ndarray) -> Clustering:
    return cluster.judge(_points, labels, OWN)


def word(found: Clustering) -> str:
    """What one of the groups is called: a model's own are numbered as everywhere else in the app."""
    return "Category" if found.method == OWN else "Cluster"


def _by_density(subject: Subject, name: tuple, points: np.ndarray) -> Clustering | None:
    """DBSCAN: eps is a live slider that starts at the knee of the curve drawn under it."""
    least = int(forms.field(knobs(DBSCANOptions)["min_samples"], "map-dbscan-least", 10))
    least = min(least, len(points) - 1)
    near = neighbours_of(subject, name, points, least - 1)
    if near is None:
        return None
    start, curve = cluster.suggest_eps(near, least)
    start = start or float(curve[-1]) or 1.0
    most = max(float(curve[-1]), 2 * start)
    key = f"map-eps-{subject.file.stem[:8]}-{len(name)}"
    eps = sliders([knobs(DBSCANOptions)["eps"].label], [start], most / 200, most, key)[0]
    distance_curve(curve, eps)
    return clusters(name, points, "dbscan", DBSCANOptions(eps, least), near)


def figures(found: Grouped, truth: np.ndarray) -> list[tuple[str, str, str]]:
    """Each figure with its name and what it says; a dash where it is not defined."""
    if found.clustering is None:
        return []
    known, own = agreement(found.labels, truth), found.clustering.scores
    on, drawn = f" Measured on {known['n']:,} items that have a class.", f" Measured on {own['silhouette_n']:,.0f} items."
    return [
        (
            "ARI",
            _two(known["ari"]),
            "Adjusted Rand index: how often groups and classes agree about two items; 0 is chance, 1 perfect." + on,
        ),
        ("NMI", _two(known["nmi"]), "Normalised mutual information: how much a group tells about the class; 0 nothing, 1 everything." + on),
        (
            "Accuracy",
            _two(known["accuracy"]),
            "The share of items that are right when each group stands for one class, at best." + on,
        ),
        (
            "Silhouette",
            _two(own["silhouette"]),
            f"How much nearer items are to their own group than to the next; -1 to 1.{drawn}",
        ),
        ("Clusters", f"{own['clusters']:.0f}", "How many groups were found, noise not counted."),
        ("Noise", f"{own['noise']:.0%}", "The share of items that belong to no group."),
    ]


def _two(value: float) -> str:
    return "–" if np.isnan(value) else f"{value:.2f}"


@st.cache_resource(max_entries=64, show_spinner=False)
def _clusters(name: tuple, method: str, options: Any, seed: int, _points: np.ndarray, _neighbours: Neighbours | None) -> Clustering:
    return cluster.cluster(_points, method, options, seed, _neighbours)


def clusters(name: tuple, points: np.ndarray, method: str, options: Any, neighbours: Neighbours | None) -> Clustering | None:
    """The groups among points; at once where they are few enough, else as a computation."""
    if points.size <= LIVE:
        return _clusters(name, method, options, 0, points, neighbours)
    asked = (name, method, options)
    return show.work(
        "map-clusters", asked, cluster.cluster, points, method, options, 0, neighbours, warm="umap", words="Grouping the items"
    )


@st.cache_resource(max_entries=8, show_spinner=False)
def _graph_of_map(name: tuple, k: int, _xy: np.ndarray) -> Neighbours:
    return graph(_xy, k)


def points_of(subject: Subject, finished: Projection, where: str) -> tuple[tuple, np.ndarray]:
    """The points that are grouped, the mapped vectors or the places on the map, and a name for them."""
    if where == "map":
        recipe = (finished.method, repr(finished.options))
        return (str(subject.file), *recipe, hash(finished.xy.tobytes())), finished.xy
    return (str(subject.file),), points_of_file(str(subject.file))


def neighbours_of(subject: Subject, name: tuple, points: np.ndarray, k: int) -> Neighbours | None:
    """The neighbour graph of the points that are grouped; None while it is computed."""
    k = min(max(k, maps.NEIGHBOURS), len(points) - 1)
    if len(name) > 1:
        return _graph_of_map(name, k, points)
    if points.size <= LIVE or maps.has_neighbours(subject.file, k):
        return _graph_of_vectors(str(subject.file), k)
    show.work("map-graph", (subject, k), maps.neighbours, subject.file, k, warm="umap", words="Finding each item's neighbours")
    return None


@st.cache_resource(max_entries=4, show_spinner="Finding each item's neighbours")
def _graph_of_vectors(file: str, k: int) -> Neighbours:
    return maps.neighbours(Path(file), k)


def distance_curve(curve: np.ndarray, eps: float) -> None:
    """Draw the sorted distances to the k-th neighbour, with the knee and the eps in use."""
    bend = knee(curve)
    thin = np.unique(np.append(np.linspace(0, len(curve) - 1, 300).astype(int), bend))
    line = {"symbol": "none", "label": {"formatter": "eps {c}", "position": "insideStartTop"}, "data": [{"yAxis": round(eps, 4)}]}
    spec: dict[str, Any] = {
        "animation": False,
        "grid": {"left": 4, "right": 12, "top": 8, "bottom": 4, "containLabel": True},
        "tooltip": {"trigger": "axis", "valueFormatter": "%.3f"},
        "xAxis": {"type": "value", "max": len(curve) - 1},
        "yAxis": {"type": "value"},
        "series": [
            {
                "type": "line", "name": "distance", "showSymbol": False, "data": [[int(i), round(float(curve[i]), 4)] for i in thin],
                "markLine": line,
                "markPoint": {"symbol": "circle", "symbolSize": 10, "label": {"formatter": "knee", "position": [-34, -12]},
                              "data": [{"coord": [int(bend), round(float(curve[bend]), 4)]}]},
            }
        ],
    }  # fmt: skip
    st.caption("How far each item must reach to be inside a cluster, nearest items first. Beyond the knee lie the outliers.")
    st.echarts_chart(spec, height=170, key="map-curve", alt=f"Distance curve; its knee is at {curve[bend]:.3g}, eps is {eps:.3g}")


@st.cache_data(max_entries=64, show_spinner=False)
def agreement(labels: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    """How far the groups are the classes."""
    return scores.agreement(labels, truth)


def class_table(found: Clustering, truth: np.ndarray, names: tuple[str, ...]) -> None:
    """Draw how many items of each class fell into each cluster: a table whose cells are the darker the more they hold."""
    table = scores.cluster_table(found.labels, truth)
    head = "".join(f"<th scope=col>{html.escape(names[j])}</th>" for j in table.classes)
    rows = []
    for label, counts in zip(table.clusters, table.counts, strict=True):
        shades = 0.6 * np.sqrt(counts / max(1, counts.sum()))
        cells = "".join(f"<td style='background:rgba(0,114,178,{shade:.2f})'>{n:,}</td>" for shade, n in zip(shades, counts, strict=True))
        rows.append(f"<tr><th scope=row>{'Noise' if label < 0 else f'{word(found)} {label + 1}'}</th>{cells}</tr>")
    st.html(f"{TABLE_STYLE}<div class=classes><table><tr><td></td>{head}</tr>{''.join(rows)}</table></div>")
