"""The log of a run as columns, read as far as it is new."""

import json
import math

import numpy as np
import pytest

from genlib import files
from genlib.config import Config
from genlib.history import Columns
from genlib.runs import Run


@pytest.fixture
def path(tmp_path):
    return tmp_path / "metrics.jsonl"


def add(path, *lines):
    for line in lines:
        files.append(path, json.dumps(line))


def test_a_column_a_name_with_gaps_where_a_line_lacks_it(path):
    add(path, {"step": 1, "loss": 2.0}, {"step": 2, "test_loss": 3.0})
    columns = Columns(path).read()
    assert list(columns) == ["step", "loss", "test_loss"]
    np.testing.assert_array_equal(columns["loss"], [2, math.nan])
    np.testing.assert_array_equal(columns["test_loss"], [math.nan, 3])


def test_a_line_is_read_once_and_new_ones_are_added(path, monkeypatch):
    read, loads = [], json.loads
    monkeypatch.setattr(json, "loads", lambda line: read.append(line) or loads(line))
    columns = Columns(path)
    assert columns.read() == {}
    for step in range(5):
        add(path, {"step": step})
        assert list(columns.read()["step"]) == list(range(step + 1))
    assert len(read) == 5


def test_an_unfinished_line_is_not_a_line_yet(path):
    columns = Columns(path)
    add(path, {"step": 1})
    with path.open("ab") as file:
        file.write(b'{"step": 2, "lo')
    assert list(columns.read()["step"]) == [1]
    with path.open("ab") as file:
        file.write(b'ss": 5}\n')
    assert list(columns.read()["loss"][1:]) == [5]


def test_what_a_resumed_run_tells_again_replaces_what_was_read(tmp_path):
    run = Run.create(Config.create("ring", "vae", {"width": 8}), tmp_path)
    for step in range(10):
        run.log({"step": step, "loss": 1.0})
    before = run.history()
    run.rewind(4)
    assert list(run.history()["step"]) == [0, 1, 2, 3, 4]
    for step in range(5, 12):
        run.log({"step": step, "loss": 2.0})
    assert list(run.history()["loss"]) == [1] * 5 + [2] * 7
    assert list(before["step"]) == list(range(10))


def test_a_log_that_grew_again_before_it_was_looked_at_is_read_anew(path):
    columns = Columns(path)
    add(path, *({"step": step, "seconds": 0.5} for step in range(6)))
    columns.read()
    files.write(path, b"")
    add(path, *({"step": step, "seconds": 0.7} for step in range(9)))
    assert set(columns.read()["seconds"]) == {0.7} and len(columns.read()["step"]) == 9


def test_a_log_that_is_gone_is_empty(path):
    columns = Columns(path)
    add(path, {"step": 1})
    assert columns.read()
    path.unlink()
    assert columns.read() == {}
