"""Any table of choices, and any class of knobs, drawn as a form. A new row or knob appears here by itself."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from genlib.choices import Choice, Knob, Value, knobs
from genlib.ui import state

Values = dict[str, Value]
_SLIDER_STEPS = 40  # a whole number with at most so many values is a slider; typing is quicker for more


def pick(
    title: str,
    table: Mapping[str, Choice],
    key: str,
    default: str | None = None,
    why: bool = True,
    label: Callable[[str], str] | None = None,
) -> str:
    """Let one row of a table be picked, with its sentence under it; return the row's name. `label` words a row by its name."""
    names = list(table)
    if state.turned(key) not in names:  # never drawn yet, or its row is gone
        state.turn(key, default if default in names else names[0])
    name = st.selectbox(
        title,
        names,
        format_func=label or (lambda row: table[row].label),
        key=key,
        persist_state="session",
    )
    if why:
        st.caption(table[name].why)
    return name


def choose(title: str, table: Mapping[str, Choice], key: str, default: str | None = None, columns: int = 2) -> tuple[str, Values]:
    """Let one row be picked and its knobs be turned: (name, options)."""
    name = pick(title, table, key, default)
    return name, fields(table[name].options, f"{key}-{name}", columns=columns)


def fields(options: type, key: str, values: Mapping[str, Value] | None = None, columns: int = 3) -> Values:
    """Draw the knobs of an options class: basic ones first, the rest under Advanced. Return the values by name.

    `values` are the starting ones where they differ from the defaults; use another key for other starting values.
    A value that cannot be is named at its field, and still returned: what starts the work checks again.
    """
    return lay_out(knobs(options), key, values, columns)


def lay_out(rows: Mapping[str, Knob], key: str, values: Mapping[str, Value] | None = None, columns: int = 3) -> Values:
    """Draw knobs of one class or several; as `fields`."""
    basic = {name: row for name, row in rows.items() if row.level == "basic"}
    rest = {name: row for name, row in rows.items() if row.level != "basic"}
    chosen = grid(basic, key, values, columns)
    if rest:
        with st.expander("Advanced", icon=":material/tune:", key=f"{key}-advanced"):
            chosen |= grid(rest, key, values, columns)
    return chosen


def grid(rows: Mapping[str, Knob], key: str, values: Mapping[str, Value] | None = None, columns: int = 3) -> Values:
    """Draw some knobs side by side; as `fields`, without the division in basic and advanced."""
    if not rows:
        return {}
    cells = st.grid(columns, min_column_width=170, gap=("small", "medium"), vertical_alignment="bottom")
    chosen: Values = {}
    for name, row in rows.items():
        with cells.cell():
            chosen[name] = field(row, f"{key}-{name}", (values or {}).get(name, row.default))
    return chosen


def field(row: Knob, key: str, value: Value) -> Value:
    """Draw one knob and return its value; one that is not possible is named under it."""
    start, problem = _checked(row, value)
    chosen, wrong = _checked(row, _widget(row)(row, key, row.default if problem else start))
    if problem or wrong:
        st.error(f"{problem or wrong}.", icon=":material/error:")
    return chosen


def _checked(row: Knob, value: Value) -> tuple[Value, str]:
    try:
        return row.check(value), ""
    except ValueError as problem:
        return value, str(problem)


def _widget(row: Knob) -> Callable[[Knob, str, Any], Value]:
    if row.kind is bool:
        return _switch
    if row.kind is str:
        return _list
    if row.low is not None and row.high is not None and row.kind is int and row.high - row.low <= _SLIDER_STEPS:
        return _slider
    return _number


def _switch(row: Knob, key: str, value: bool) -> bool:
    return st.toggle(row.label, value, key=key, help=row.sentence(), persist_state="session")


def _list(row: Knob, key: str, value: str) -> str:
    place = row.values.index(value) if value in row.values else 0
    return st.selectbox(row.label, row.values, index=place, key=key, help=row.sentence(), persist_state="session")


def _slider(row: Knob, key: str, value: int) -> int:
    return st.slider(row.label, int(row.low or 0), int(row.high or 0), int(value), key=key, help=row.sentence(), persist_state="session")


def _number(row: Knob, key: str, value: float) -> float:
    low, high = (None if bound is None else row.kind(bound) for bound in (row.low, row.high))
    return st.number_input(
        row.label,
        low,
        high,
        row.kind(value),
        step(row),
        format="%d" if row.kind is int else "%.6g",
        key=key,
        help=f"{row.sentence()} {row.range().capitalize()}.",
        persist_state="session",
    )


def step(row: Knob) -> int | float:
    """Choose how far one click on + goes: a power of ten, a tenth of the default or of the upper end."""
    size = abs(float(row.default)) or abs(row.high or 1.0)
    power = math.floor(math.log10(size / 2))
    return max(1, 10**power) if row.kind is int else 10.0**power
