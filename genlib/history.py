"""The log of a run as columns. A page asks again at every tick, so only what is new is read."""

from __future__ import annotations

import json
import math
import threading
from array import array
from functools import lru_cache
from pathlib import Path

import numpy as np


class Columns:
    """A JSON-lines file of numbers, followed while it grows; one that was rewritten is read anew."""

    def __init__(self, path: Path) -> None:
        self._path, self._reading = path, threading.Lock()
        self._forget()

    def read(self) -> dict[str, np.ndarray]:
        """Return a column for each name, in the order in which they came up: nan where a line lacks it."""
        with self._reading:
            self._follow()
            return {name: np.array(column) for name, column in self._columns.items()}

    def _forget(self) -> None:
        self._end, self._last, self._count = 0, b"", 0
        self._columns: dict[str, array[float]] = {}

    def _follow(self) -> None:
        try:
            file = self._path.open("rb")
        except FileNotFoundError:
            self._forget()
            return
        with file:
            file.seek(self._end - len(self._last))
            new = file.read()
            if not new.startswith(self._last):  # what was read last is not there any more: a resumed run tells its end again
                self._forget()
                file.seek(0)
                new = file.read()
        lines = new[len(self._last) : new.rfind(b"\n") + 1].splitlines(keepends=True)  # an unfinished line is not a line yet
        for line in lines:
            self._add(json.loads(line))
            self._end, self._last = self._end + len(line), line

    def _add(self, values: dict[str, float]) -> None:
        for name in values:
            if name not in self._columns:
                self._columns[name] = array("d", [math.nan] * self._count)
        for name, column in self._columns.items():
            column.append(values.get(name, math.nan))
        self._count += 1


@lru_cache(maxsize=64)
def columns(path: Path) -> Columns:
    """Return the one follower of a log that everybody in this process shares."""
    return Columns(path)
