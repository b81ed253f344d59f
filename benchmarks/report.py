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
    """A measured value and its bar: at most the bar is good, or at least the bar where `least` is set; without a bar it is told along."""

    name: str
    value: float
    unit: str = ""
    bar: float | None = None
    least: bool = False

    @property
    def reached(self) -> bool | None:
        """Whether the bar was reached; None where there is none. What is not a number reaches no bar."""
        if self.bar is None:
            return None
        return self.value >= self.bar if self.least else self.value <= self.bar

    def json(self) -> dict[str, object]:
        """The figure as the last line has it; a value that is not finite becomes null."""
        value = round(self.value, 4) if math.isfinite(self.value) else None
        return {"name": self.name, "value": value, "unit": self.unit, "bar": self.bar, "least": self.least, "reached": self.reached}


def show(title: str, figures: Sequence[Figure], notes: Sequence[str] = ()) -> None:
    """Print the table, the notes, the machine, and the JSON line."""
    rows = [("figure", "value", "bar", "")]
    for figure in figures:
        sign = "≥" if figure.least else "≤"
        bar = "" if figure.bar is None else f"{sign} {figure.bar:g}"
        verdict = {None: "", True: "reached", False: "MISSED"}[figure.reached]
        rows.append((figure.name, f"{figure.value:.4g} {figure.unit}".strip(), bar, verdict))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    print(f"\n{title}\n")
    for number, row in enumerate(rows):
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
        if number == 0:
            print("  ".join("-" * width for width in widths).rstrip())
    for note in (*notes, machine()):
        print(f"\n{note}", end="")
    print("\n")
    print(json.dumps({"figures": [figure.json() for figure in figures]}))


def machine() -> str:
    """Say where it was measured: a figure without its machine cannot be compared."""
    packages = " · ".join(f"{name} {version(name)}" for name in ("torch", "streamlit"))
    return f"Measured on {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {packages}."
