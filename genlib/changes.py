"""Knobs that are turned while a run trains: which may be, and when they were.

Two events tell of them: `asked` when a person turned knobs, `turned` when the loop took that over; one for one, in the same order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from genlib import choices
from genlib.choices import Value
from genlib.config import Config

Event = Mapping[str, Any]


@dataclass(frozen=True)
class Change:
    """Knobs that were turned after so many steps: `options` names each with its new value, `before` with its old one."""

    step: int
    options: dict[str, Value]
    before: dict[str, Value]

    @property
    def text(self) -> str:
        """Say what changed: beta 1 → 4."""
        return ", ".join(f"{name.replace('_', ' ')} {word(self.before.get(name))} → {word(value)}" for name, value in self.options.items())


def word(value: Value | None) -> str:
    """Write a knob's value as short as it can be."""
    if isinstance(value, bool) or value is None:
        return {True: "on", False: "off", None: "?"}[value]
    return value if isinstance(value, str) else f"{value:g}"


def made(events: Sequence[Event]) -> list[Change]:
    """List what was turned, in the order of the steps."""
    return [Change(event["step"], event["options"], event["before"]) for event in events if event["event"] == "turned"]


def pending(events: Sequence[Event]) -> list[dict[str, Value]]:
    """List what was asked for and is not taken over yet."""
    asked = [event["options"] for event in events if event["event"] == "asked"]
    return asked[sum(event["event"] == "turned" for event in events) :]


def live(model: str) -> dict[str, choices.Knob]:
    """List the knobs of a model that may change while it trains."""
    from genlib.models import MODELS

    return {name: knob for name, knob in choices.knobs(choices.pick("model", model, MODELS).options).items() if knob.live}


def checked(config: Config, now: Mapping[str, Value], wanted: Mapping[str, Value]) -> dict[str, Value]:
    """Return which knobs change, with their explicit values, if `wanted` ones are turned where `now` is in force.

    Raises ValueError with a sentence for an unknown name, a knob that is not live, a value out of range, and knobs that cannot go together.
    """
    from genlib.models import settle

    before = settle(config.model, config.shape, now)
    after = settle(config.model, config.shape, {**before, **wanted})
    changed = {name: value for name, value in after.items() if value != before[name]}
    allowed = live(config.model)
    for name in changed:
        if name not in allowed:
            raise ValueError(f"{name} cannot change while a run trains: start a new run for it. These can: {', '.join(allowed) or 'none'}")
    return changed
