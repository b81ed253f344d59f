"""What pages say and draw of runs: numbers in words, curves thinned, stamps of points."""

import numpy as np
import pytest

from genlib.ui import charts, show


@pytest.mark.parametrize(
    ("seconds", "said"), [(None, "–"), (np.inf, "–"), (8.4, "8 s"), (200, "3 min 20 s"), (7500, "2 h 05 min"), (3599.7, "1 h 00 min")]
)
def test_times_are_said_in_words(seconds, said):
    assert show.duration(seconds) == said


@pytest.mark.parametrize(
    ("size", "said"), [(None, "–"), (512, "512 B"), (3_400_000, "3.4 MB"), (234_000_000, "234 MB"), (5.2e12, "5200 GB")]
)
def test_sizes_are_said_with_a_unit(size, said):
    assert show.bytes_text(size) == said


def test_every_state_has_a_word_and_an_icon_of_its_own():
    assert len({word for word, _, _ in show.STATES.values()}) == len({icon for _, icon, _ in show.STATES.values()}) == len(show.STATES)


def test_a_thinned_curve_keeps_its_ends_and_leaves_gaps_out():
    steps = np.arange(5000.0)
    values = np.where(steps % 2 == 0, steps, np.nan)
    pairs = charts.thin(steps, values)
    assert len(pairs) <= charts.LIMIT
    assert pairs[0] == [0, 0]
    assert pairs[-1] == [4998, 4998]
    assert np.isfinite(pairs).all()


def test_a_growing_curve_keeps_the_points_it_has():
    steps = np.arange(700.0)
    before, after = charts.thin(steps[:600], steps[:600]), charts.thin(steps, steps)
    assert before[:-1] == after[: len(before) - 1]


def test_a_curve_without_values_is_empty():
    assert charts.thin(np.arange(3.0), np.full(3, np.nan)) == []


def test_equal_titles_are_told_apart():
    assert list(charts.named([("a", {}), ("b", {}), ("a", {}), ("a", {})])) == ["a", "b", "a (2)", "a (3)"]


def test_a_stamp_puts_points_where_they_belong():
    stamp = show.stamp(np.array([[1.0, 1.0]], np.float32), side=40)
    ((row, column),) = np.argwhere(stamp[..., 0] < 200)
    assert row < 20 < column  # up and to the right


def test_a_stamp_of_nothing_is_paper():
    assert len(np.unique(show.stamp(np.zeros((0, 2), np.float32)).reshape(-1, 3), axis=0)) == 1
