"""Charts that keep their place while their data grow: curves, bars and scatters, all by ECharts with a key."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import streamlit as st

from genlib.metrics import GROUPS, METRICS

LIMIT = 500  # points a curve on screen: more cannot be told apart and cost time at each tick
SHOWN = 4000  # points a scatter
_GREY = "#8a8f98"  # readable on light and dark

History = Mapping[str, np.ndarray]
Mark = tuple[int, str]  # a step, and what happened there


def thin(x: np.ndarray, y: np.ndarray, limit: int = LIMIT) -> list[list[float]]:
    """Turn a curve into at most `limit` [x, y] pairs without gaps, the last one kept.

    The stride is a power of two, so that a growing curve does not shimmer.
    """
    there = np.flatnonzero(np.isfinite(y))
    stride = 1
    while len(there) / stride > limit - 1:
        stride *= 2
    places = np.unique(np.append(there[::stride], there[-1:])).astype(int)
    return [[float(x[place]), float(f"{y[place]:.5g}")] for place in places]


def curves(
    history: History,
    key: str,
    groups: Iterable[str] | None = None,
    columns: int = 3,
    height: int = 220,
    marks: Sequence[Mark] = (),
) -> None:
    """Draw a run's history: one chart a group of METRICS, one line a metric; some of the groups only, where named.

    `marks` are drawn across each chart: where somebody changed something.
    """
    known = grouped(history)
    chosen = [group for group in (known if groups is None else groups) if group in known]
    if not chosen:
        return
    cells = st.grid(columns, min_column_width=230, gap=("small", "medium"))
    for group in chosen:
        with cells.cell():
            lines = {metric_label(name): thin(history["step"], history[name]) for name in known[group]}
            line_chart(lines, GROUPS[group], f"{key}-{group}", height, unit=metric_unit(known[group][0]), marks=marks)


def named(histories: Iterable[tuple[str, History]]) -> dict[str, History]:
    """Put histories under their titles; a number tells equal titles apart."""
    found: dict[str, History] = {}
    for title, history in histories:
        number = 1 + sum(known == title or known.startswith(f"{title} (") for known in found)
        found[title if number == 1 else f"{title} ({number})"] = history
    return found


def compare(histories: Mapping[str, History], metric: str, key: str, height: int = 260) -> None:
    """Draw one metric of several runs, one line a run."""
    lines = {title: thin(history["step"], history[metric]) for title, history in histories.items() if metric in history}
    line_chart(lines, metric_label(metric), key, height, unit=metric_unit(metric), legend=True)


def grouped(history: History) -> dict[str, list[str]]:
    """Sort the metrics that a history has into their charts, in the order of METRICS."""
    found: dict[str, list[str]] = {}
    for name, metric in METRICS.items():
        if name in history and np.isfinite(history[name]).any():
            found.setdefault(metric.group, []).append(name)
    return found


def shared_metrics(histories: Iterable[History]) -> list[str]:
    """List the metrics that at least one of the histories has, in the order of METRICS."""
    names = {name for history in histories for group in grouped(history).values() for name in group}
    return [name for name in METRICS if name in names]


def metric_label(name: str) -> str:
    """Return what a metric is called; its own name where METRICS does not know it."""
    return METRICS[name].label if name in METRICS else name


def metric_unit(name: str) -> str:
    """Return the unit of a metric, or nothing."""
    return METRICS[name].unit if name in METRICS else ""


def line_chart(
    lines: Mapping[str, list[list[float]]],
    title: str,
    key: str,
    height: int = 220,
    unit: str = "",
    legend: bool = False,
    marks: Sequence[Mark] = (),
) -> None:
    """Draw named lines of [step, value] pairs. The legend, of several lines or where asked for, stands under the title and scrolls."""
    told = legend or len(lines) > 1
    seen = [pair[0] for pairs in lines.values() for pair in pairs]
    across = _across(marks, min(seen, default=0.0), max(seen, default=0.0))
    spec: dict[str, Any] = {
        "animation": False,
        "title": {"text": f"{title} ({unit})" if unit not in ("", "share") else title, "left": 0, "top": 6, "textStyle": {"fontSize": 13}},
        "legend": {"show": told, "type": "scroll", "left": 0, "top": 28, "itemWidth": 16, "itemHeight": 8, "itemGap": 14},
        "grid": {"left": 4, "right": 14, "top": 58 if told else 34, "bottom": 4, "containLabel": True},
        "tooltip": {"trigger": "axis", "confine": True},
        "xAxis": {
            "type": "value",
            "min": "dataMin",
            "max": "dataMax",
            "splitNumber": 4,
            "splitLine": {"show": False},
            "axisLabel": {"hideOverlap": True},
        },
        "yAxis": {"type": "value", "scale": True, "splitNumber": 4} | ({"min": 0, "max": 1, "interval": 0.25} if unit == "share" else {}),
        "series": [
            {"type": "line", "name": name, "data": pairs, "showSymbol": len(pairs) == 1, "lineStyle": {"width": 1.8}}
            for name, pairs in lines.items()
        ],
    }
    if across and spec["series"]:
        spec["series"][0]["markLine"] = across
    alt = f"{title} by training step: {', '.join(lines)}" + "".join(f"; at step {step:,}: {text}" for step, text in marks)
    st.echarts_chart(spec, height=height, key=key, alt=alt)


def _across(marks: Sequence[Mark], first: float, last: float) -> dict[str, Any]:
    """Draw marks as upright lines, each with its text along it; where they stand too near for two texts, the later one is told."""
    within = [(step, text) for step, text in marks if first <= step <= last]
    if not within:
        return {}
    room = (last - first) / 16  # a line of text is that wide in a narrow chart
    nexts = [step for step, _ in within[1:]] + [math.inf]
    data = [
        {"xAxis": step, "name": text, "label": {"show": following - step >= room}}
        for (step, text), following in zip(within, nexts, strict=True)
    ]
    # White on grey can be read on light and dark alike.
    tag = {"color": "#ffffff", "backgroundColor": "#5f6975e6", "padding": [2, 5], "borderRadius": 3, "fontSize": 10}
    label = {"formatter": "{b}", "position": "insideEndTop", "distance": 3, **tag}
    line = {"type": "dashed", "width": 1.2, "color": _GREY}
    return {"silent": True, "animation": False, "symbol": "none", "lineStyle": line, "label": label, "data": data}


def bars(values: Mapping[str, Mapping[str, int]], title: str, key: str, height: int = 260) -> None:
    """Draw stacked bars: series name -> category -> count. Categories are read from the first series."""
    categories = list(next(iter(values.values()), {}))
    spec = {
        "animation": False,
        "legend": {"left": 0, "top": 0},
        "grid": {"left": 4, "right": 14, "top": 32, "bottom": 4, "containLabel": True},
        "tooltip": {"trigger": "axis", "confine": True},
        "xAxis": {"type": "value", "splitNumber": 4},
        "yAxis": {
            "type": "category",
            "data": categories,
            "inverse": True,
            "axisLabel": {"width": 110, "overflow": "truncate", "interval": 0},
        },
        "series": [
            {"type": "bar", "name": name, "stack": "all", "data": [int(row[category]) for category in categories], "barWidth": "62%"}
            for name, row in values.items()
        ],
    }
    st.echarts_chart(spec, height=max(height, 60 + 22 * len(categories)), key=key, alt=title)


def points(
    xy: np.ndarray,
    key: str,
    labels: np.ndarray | None = None,
    names: tuple[str, ...] = (),
    behind: np.ndarray | None = None,
    centres: np.ndarray | None = None,
    height: int = 420,
    alt: str = "Points in the plane",
) -> None:
    """Draw points (n, 2) in a frame that does not move; by label where given, with others greyed `behind` them.

    Around `centres` (m, 2) stand rings: where the modes are that a model should find.
    At most SHOWN of each are drawn: the first ones, as the order of a data set is random.
    """
    series = [] if behind is None else [_dots("Data", behind[:SHOWN], 3, _GREY, 0.35)]
    if labels is None or not names:
        series.append(_dots("Samples" if behind is not None else "Points", xy[:SHOWN], 4))
    else:
        shown, belongs = xy[:SHOWN], labels[:SHOWN]
        series += [_dots(name, shown[belongs == label], 4) for label, name in enumerate(names)]
    if centres is not None:
        series.append(_rings(centres))
    reach = float(np.ceil(np.abs(behind if behind is not None else xy).max(initial=1.0) * 1.15 * 2) / 2)
    axis = {"type": "value", "min": -reach, "max": reach, "splitNumber": 4, "axisLabel": {"showMinLabel": False, "showMaxLabel": False}}
    spec = {
        "animation": False,
        "legend": {"type": "scroll", "left": 0, "top": 0, "show": len(series) > 1},
        "grid": {"left": 4, "right": 10, "top": 30 if len(series) > 1 else 8, "bottom": 4, "containLabel": True},
        "tooltip": {"trigger": "item"},
        "xAxis": axis,
        "yAxis": axis,
        "series": series,
    }
    st.echarts_chart(spec, height=height, key=key, alt=alt)


def _rings(centres: np.ndarray) -> dict[str, Any]:
    style = {"color": "transparent", "borderColor": _GREY, "borderWidth": 1.5}
    return {"type": "scatter", "name": "True modes", "data": centres.tolist(), "symbolSize": 22, "itemStyle": style, "silent": True}


def _dots(name: str, xy: np.ndarray, size: float, colour: str | None = None, opacity: float = 0.75) -> dict[str, Any]:
    style: dict[str, Any] = {"opacity": opacity} | ({"color": colour} if colour else {})
    data = np.round(xy, 3).tolist()
    return {"type": "scatter", "name": name, "data": data, "symbolSize": size, "itemStyle": style, "silent": colour is not None}
