"""What every benchmark ends with: a table for people, and as the last line one JSON object for machines."""

from __future__ import annotations

import json
import math
import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version


@dataclass(frozen=True)
class Figure:
    """A measured value and its bar: at most the bar is good, or at least the bar where `least` is set; without a bar it is told along.

    A figure that could not be measured here has no value, and `why` says the reason. `row` is the part of the benchmark it belongs to.
    """

    name: str
    value: float | None
    unit: str = ""
    bar: float | None = None
    least: bool = False
    row: str = ""
    why: str = ""

    @property
    def reached(self) -> bool | None:
        """Whether the bar was reached; None where there is none, or no value. What is not a number reaches no bar."""
        if self.bar is None or self.value is None:
            return None
        return self.value >= self.bar if self.least else self.value <= self.bar

    def cells(self) -> tuple[str, str, str, str, str]:
        """The figure as a line of a table: row, name, value, bar, verdict."""
        value = f"{self.value:.4g} {self.unit}".strip() if self.value is not None else f"empty: {self.why}"
        bar = "" if self.bar is None else f"{'≥' if self.least else '≤'} {self.bar:g}"
        return self.row, self.name, value, bar, {None: "", True: "reached", False: "MISSED"}[self.reached]

    def json(self) -> dict[str, object]:
        """The figure as the last line has it; a value that is not finite becomes null."""
        value = round(self.value, 4) if self.value is not None and math.isfinite(self.value) else None
        told = {"name": self.name, "value": value, "unit": self.unit, "bar": self.bar, "least": self.least, "reached": self.reached}
        return {**({"row": self.row} if self.row else {}), **told, **({"why": self.why} if self.why else {})}


def show(title: str, figures: Sequence[Figure], notes: Sequence[str] = ()) -> None:
    """Print the table, the notes, the machine, and the JSON line."""
    rows = [("row", "figure", "value", "bar", ""), *(figure.cells() for figure in figures)]
    if not any(figure.row for figure in figures):
        rows = [("", *row[1:]) for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    print(f"\n{title}\n")
    for number, row in enumerate(rows):
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True) if width).rstrip())
        if number == 0:
            print("  ".join("-" * width for width in widths if width).rstrip())
    for note in (*notes, machine()):
        print(f"\n{note}", end="")
    print("\n")
    print(json.dumps({"figures": [figure.json() for figure in figures]}))


def machine() -> str:
    """Say where it was measured: a figure without its machine cannot be compared."""
    packages = " · ".join(f"{name} {version(name)}" for name in ("torch", "streamlit"))
    return f"Measured on {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {packages}."
