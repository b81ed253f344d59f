"""The Python side of the browser parts: what is packed for the browser, and what is refused."""

import base64

import numpy as np
import pytest

from genlib.ui.parts import belonging, packed
from genlib.ui.parts.gallery import gallery
from genlib.ui.parts.pad import density, pad
from genlib.ui.parts.scatter import _rows, scatter, sprite
from genlib.ui.parts.sliders import _step, sliders


def test_the_density_is_a_rank():
    points = np.random.default_rng(0).normal(size=(20_000, 2)) * [1.0, 0.4]
    levels = density(points, (-3.0, 3.0))
    column, row = ((points.clip(-2.999, 2.999) + 3) / 6 * len(levels)).astype(int).T
    here = levels[len(levels) - 1 - row, column]
    for share in (0.01, 0.1, 0.5):
        assert np.mean(here <= 255 * share) == pytest.approx(share, abs=0.03)
    assert levels[0, 0] == 0
    assert levels[len(levels) // 2, len(levels) // 2] > 240


def test_codes_outside_the_plane_give_an_empty_density():
    assert not density(np.full((10, 2), 9.0), (-3.0, 3.0)).any()


def test_a_selection_survives_the_way_from_the_browser():
    selected = np.array([0, 7, 8, 63, 100])
    bits = np.zeros(101, bool)
    bits[selected] = True
    sent = base64.b64encode(np.packbits(bits, bitorder="little").tobytes()).decode()
    assert _rows(sent, 101).tolist() == selected.tolist()
    assert _rows(None, 101) is None


def test_arrays_are_packed_little_endian():
    assert base64.b64decode(packed(np.array([1, 258], ">u2"))) == b"\x01\x00\x02\x01"


def test_what_was_sent_about_other_things_does_not_count():
    assert belonging({"items": "a", "index": 3}, items="a")["index"] == 3
    assert belonging({"items": "a", "index": 3}, items="b") == {}
    assert belonging(None, items="b") == {}


def test_a_sprite_holds_every_picture_and_stays_within_its_budget():
    few = sprite(np.zeros((10, 28, 28, 1), np.uint8))
    assert (few.count, few.width, few.height) == (10, 28, 28)
    many = sprite(np.zeros((2000, 128, 128, 1), np.uint8))
    assert many.width == many.height < 128
    assert 2000 * many.width * many.height <= 24_000_000


@pytest.mark.parametrize(("span", "step"), [(6.0, 0.02), (1.0, 0.005), (2.0, 0.01), (300.0, 1.0), (10.0, 0.05)])
def test_steps_of_a_slider_are_round(span, step):
    assert _step(span) == step


XY, LABELS = np.zeros((3, 2)), np.array([0, 1, -1])
REFUSED = {
    "places": (lambda: scatter(np.zeros((3, 3)), LABELS, ["a", "b"], None, "k"), r"places \(n, 2\)"),
    "finite": (lambda: scatter(XY * np.nan, LABELS, ["a", "b"], None, "k"), "not finite"),
    "names": (lambda: scatter(XY, LABELS, ["a"], None, "k"), "from -1 to 0"),
    "colours": (lambda: scatter(XY, LABELS, ["a", "b"], None, "k", colours=["#fff"]), "2 names and 1 colours"),
    "sprite": (lambda: scatter(XY, LABELS, ["a", "b"], sprite(np.zeros((2, 8, 8, 1), np.uint8)), "k"), "2 pictures"),
    "limits": (lambda: pad(None, "k", limits=(1.0, 1.0)), "lower limit"),
    "slider": (lambda: sliders(["a"], [0.0, 1.0], -1, 1, "k"), "needs a name, a value"),
    "slider limits": (lambda: sliders(["a"], [0.0], 1, 1, "k"), "lower limit"),
    "gallery": (lambda: gallery(np.zeros((8, 8, 1), np.uint8), 1, 1, "k", labels=["a", "b"]), "1 pictures and 2 labels"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_does_not_fit_together_is_refused_with_a_sentence(case):
    call, sentence = REFUSED[case]
    with pytest.raises(ValueError, match=sentence):
        call()
