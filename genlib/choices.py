"""How anything a person can pick is described: a table row (Choice) and a number on a form (knob).

Apart from everything else because the forms, the command line and the run's JSON are all drawn from it.
"""

from __future__ import annotations

import dataclasses
import difflib
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_type_hints

Value = int | float | bool | str
Level = Literal["basic", "advanced"]


@dataclass(frozen=True)
class Choice:
    """One row of a table: what it is called, why one would take it, its knobs, and what makes it."""

    label: str
    why: str  # one sentence that a beginner understands
    options: type  # a frozen dataclass whose fields are knobs
    make: Callable[..., Any]


@dataclass(frozen=True)
class NoOptions:
    """For rows without knobs."""


@dataclass(frozen=True)
class Knob:
    """What a form or the command line needs to know of one field."""

    name: str
    kind: type
    default: Value
    low: float | None
    high: float | None
    values: tuple[str, ...]  # the possible texts; empty for numbers and switches
    label: str
    help: str
    live: bool
    level: Level

    def check(self, value: Value) -> Value:
        """Return the value in the knob's own type; raise ValueError with a sentence that says what is possible."""
        if self.kind is bool:
            if not isinstance(value, bool):
                raise ValueError(f"{self.name} must be true or false, got {value!r}")
            return value
        if self.kind is str:
            if value not in self.values:
                raise ValueError(f"{self.name} must be one of {', '.join(self.values)}, got {value!r}")
            return value
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise ValueError(f"{self.name} must be a number, got {value!r}")
        if self.kind is int and value != int(value):
            raise ValueError(f"{self.name} must be a whole number, got {value!r}")
        if (self.low is not None and value < self.low) or (self.high is not None and value > self.high):
            raise ValueError(f"{self.name} must be {self.range()}, got {value!r}")
        return self.kind(value)

    def parse(self, text: str) -> Value:
        """Read the value from the command line's text."""
        if self.kind is bool:
            words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
            if text.lower() not in words:
                raise ValueError(f"{self.name} must be true or false, got {text!r}")
            return words[text.lower()]
        if self.kind is str:
            return self.check(text)
        try:
            number = float(text)
        except ValueError:
            raise ValueError(f"{self.name} must be a number, got {text!r}") from None
        return self.check(int(number) if self.kind is int and number.is_integer() else number)

    def sentence(self) -> str:
        """Say what turning it does, and whether it may be turned while a run trains: what a form and the command line show."""
        return f"{self.help} May be turned while it trains." if self.live else self.help

    def range(self) -> str:
        """Say in words which values are possible."""
        if self.kind is bool:
            return "true or false"
        if self.values:
            return "one of " + ", ".join(self.values)
        if self.low is not None and self.high is not None:
            return f"from {self.low:g} to {self.high:g}"
        if self.low is not None:
            return f"at least {self.low:g}"
        return f"at most {self.high:g}" if self.high is not None else "any number"


def knob(
    default: Value,
    low: float | None = None,
    high: float | None = None,
    help: str = "",
    *,
    values: Iterable[str] = (),
    label: str = "",
    live: bool = False,
    level: Level = "basic",
) -> Any:
    """Describe a dataclass field that a person can turn.

    `values` lists the possible texts of a string knob; `live` says that it may change while training.
    """
    facts = {"low": low, "high": high, "help": help, "values": tuple(values), "label": label, "live": live, "level": level}
    return dataclasses.field(default=default, metadata=facts)


def knobs(options: type) -> dict[str, Knob]:
    """List the knobs of an options class by name, in the order in which they were written."""
    hints = get_type_hints(options)
    found = {}
    for field in dataclasses.fields(options):
        if "help" not in field.metadata:
            continue
        facts = dict(field.metadata)
        facts["label"] = facts["label"] or field.name.replace("_", " ").capitalize()
        found[field.name] = Knob(name=field.name, kind=hints[field.name], default=field.default, **facts)  # type: ignore[arg-type]
    return found


def fill(options: type, given: Mapping[str, Value] | None = None) -> Any:
    """Make an options object from named values, checked; what is not given keeps its default.

    Raises ValueError with a sentence for an unknown name or a value out of range.
    """
    known = knobs(options)
    given = given or {}
    for name in given:
        if name not in known:
            raise ValueError(unknown("knob", name, known))
    return options(**{name: known[name].check(value) for name, value in given.items()})


def unknown(what: str, name: object, possible: Iterable[str]) -> str:
    """Write the sentence for a name that is not in a table: the nearest one first, then all of them."""
    names = list(possible)
    near = difflib.get_close_matches(str(name), names, n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    return f"there is no {what} called {name!r}.{hint} Possible: {', '.join(names) or 'none'}"


def pick(what: str, name: str, table: Mapping[str, Any]) -> Any:
    """Look up a table row; raise ValueError naming the possible ones."""
    if name not in table:
        raise ValueError(unknown(what, name, table))
    return table[name]
