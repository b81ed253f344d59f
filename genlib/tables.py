"""Tables that people take away, as CSV, and the counts that stand beside a selection."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

import numpy as np


def codes(values: np.ndarray, groups: Sequence[str] = ()) -> str:
    """Write codes (n, d), one a line: the sample's number, its class or category where `groups` names them, its numbers to six digits."""
    header = ["sample", *(["group"] if groups else []), *(f"dimension {i + 1}" for i in range(values.shape[1]))]
    firsts = [[str(i), *groups[i : i + 1]] for i in range(len(values))]
    return _csv(header, ([*first, *(f"{value:.6g}" for value in row)] for first, row in zip(firsts, values, strict=True)))


def layout(rows: np.ndarray, xy: np.ndarray, clusters: np.ndarray, labels: np.ndarray, classes: Sequence[str]) -> str:
    """Write a map: place in the data set, x, y, cluster (-1 = noise), class (empty where unlabelled)."""
    lines = zip(rows, xy, clusters, labels, strict=True)
    named = ([int(row), f"{x:.6g}", f"{y:.6g}", int(cluster), class_name(label, classes, "")] for row, (x, y), cluster, label in lines)
    return _csv(["index", "x", "y", "cluster", "class"], named)


def counts(labels: np.ndarray, classes: Sequence[str]) -> dict[str, int]:
    """Count the classes of some items, the most frequent first; -1 counts as unlabelled."""
    values, number = np.unique(labels, return_counts=True)
    order = np.argsort(-number, kind="stable")
    return {class_name(values[i], classes, "unlabelled"): int(number[i]) for i in order}


def class_name(label: int, classes: Sequence[str], absent: str) -> str:
    """Return the name of a class, or `absent` for -1."""
    return classes[label] if label >= 0 else absent


def _csv(header: list[str], lines: Iterable[list]) -> str:
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(lines)
    return file.getvalue()
