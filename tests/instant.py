"""Computations of the app in tests: made here and now, where the app would ask another process."""

from __future__ import annotations

from typing import Any

import pytest

from genlib.computation import Computation


def compute_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every computation at once; what goes wrong becomes its sentence, as in the app."""

    def start(function: Any, *args: Any, warm: str = "torch", **kwargs: Any) -> Computation:
        computation = Computation()
        try:
            computation.result = function(*args, progress=lambda fraction, message="", partial=None: None, **kwargs)
            computation.state = "done"
        except ValueError as problem:
            computation.state, computation.error = "failed", str(problem)
        return computation

    monkeypatch.setattr(Computation, "start", start)
    monkeypatch.setattr("genlib.computation.warm_up", lambda warm: None)
