"""Sliders whose picture follows while they are dragged; Streamlit's own send only when they are let go."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import streamlit as st

from genlib.ui.parts import Picture, belonging, nothing, register
from genlib.ui.parts.answer import answer

_mount = register(__file__, "live.js")

STEPS = 200  # positions of a slider, at least; much finer ones would be many presses of a key


def sliders(
    names: Sequence[str],
    values: Sequence[float],
    low: float | Sequence[float],
    high: float | Sequence[float],
    key: str,
    picture: Picture | Callable[[list[float]], Picture | None] | None = None,
    size: int = 280,
) -> list[float]:
    """Draw a slider for each name and return their values; live while one is dragged.

    `low` and `high` hold for all, or name one limit each. `values` is where they start and where Reset goes; other
    `values` (or names or limits) set them anew. `picture` is best a function of the newest values, as in `pad`.
    """
    count = len(names)
    lows = [float(low)] * count if isinstance(low, int | float) else [float(value) for value in low]
    highs = [float(high)] * count if isinstance(high, int | float) else [float(value) for value in high]
    start = [float(value) for value in values]
    if not count == len(start) == len(lows) == len(highs):
        raise ValueError(f"each slider needs a name, a value and two limits, got {count}, {len(start)}, {len(lows)} and {len(highs)}")
    if not all(least < most for least, most in zip(lows, highs, strict=True)):
        raise ValueError(f"the lower limit of each slider must be below the upper one, got {lows} and {highs}")
    rows = [
        {"name": name, "value": value, "low": least, "high": most, "step": _step(most - least)}
        for name, value, least, most in zip(names, start, lows, highs, strict=True)
    ]
    with st.container(horizontal=True, gap="medium"):
        at = belonging(_mount(key=key, data={"name": key, "rows": rows}, on_at_change=nothing).get("at"), rows=rows)
        moved = [float(value) for value in at.get("values", start)]
        shown = picture(moved) if callable(picture) else picture
        answer(key, shown, size, alt="Picture at these values", number=at.get("number", 0))
    return moved


def _step(span: float) -> float:
    """Return 1, 2 or 5 times a power of ten, so that round values lie on a step."""
    finest = span / STEPS
    unit = 10.0 ** math.floor(math.log10(finest))
    return round(unit * max(step for step in (1, 2, 5) if step * unit <= finest * 1.000001), 12)
