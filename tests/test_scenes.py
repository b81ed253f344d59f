import numpy as np
import pytest

from genlib import scenes


def grey(codes):
    """A generator of 4x4 pictures whose grey level is the first number of the code."""
    return np.full((len(codes), 4, 4, 1), 128, np.uint8) + (codes[:, :1, None, None] * 10).astype(np.int8).astype(np.uint8)


def test_pictures_are_shown_as_they_are():
    scene = scenes.scene(grey, np.zeros((3, 4, 4, 1), np.uint8))
    assert scene.picture(np.array([1.0, 0.0])).tolist() == np.full((4, 4, 1), 138).tolist()


def test_a_point_is_a_dot_over_its_data():
    data = np.random.default_rng(0).normal(size=(500, 2)).astype(np.float32)
    scene = scenes.scene(lambda codes: codes, data)
    picture = scene.picture(np.array([0.0, 0.0]))
    middle = scenes.SIDE // 2
    assert picture.shape == (scenes.SIDE, scenes.SIDE, 3)
    assert (picture[middle, middle] == scenes.DOT).all() and not (picture[5, 5] == scenes.DOT).all()


def test_up_is_up():
    scene = scenes.scene(lambda codes: codes, np.ones((10, 2), np.float32))
    where = np.argwhere((scene.picture(np.array([0.0, 0.9])) == scenes.DOT).all(axis=2)).mean(axis=0)
    assert where[0] < scenes.SIDE / 4 and abs(where[1] - scenes.SIDE / 2) < 1


def test_a_point_that_is_no_number_does_not_break_the_picture():
    scene = scenes.scene(lambda codes: codes, np.ones((10, 2), np.float32))
    assert scene.picture(np.array([np.nan, np.inf], np.float32)).shape == (scenes.SIDE, scenes.SIDE, 3)


def test_tiles_have_x_to_the_right_and_y_up():
    origin, u, v = np.zeros(2), np.array([1.0, 0.0]), np.array([0.0, 1.0])
    tiles = scenes.scene(grey, np.zeros((1, 4, 4, 1), np.uint8)).tiles(origin, u, v, (-3, 3), 3)
    assert tiles.shape == (12, 12, 1)
    assert tiles[0, :, 0].tolist() == [108] * 4 + [128] * 4 + [148] * 4
    turned = scenes.scene(grey, np.zeros((1, 4, 4, 1), np.uint8)).tiles(origin, v, u, (-3, 3), 3)
    assert turned[:, 0, 0].tolist() == [148] * 4 + [128] * 4 + [108] * 4


def test_a_strip_is_one_row():
    assert scenes.strip(np.zeros((5, 8, 8, 1), np.uint8), least=8).shape == (8, 5 * 8 + 4 * 4, 1)


def test_steps_are_measured_in_grey_levels():
    frames = np.stack([np.full((2, 2, 1), level, np.uint8) for level in (0, 10, 40)])
    assert scenes.steps(frames).tolist() == [10.0, 30.0]


def test_steps_of_points_are_distances():
    assert scenes.steps(np.array([[0.0, 0], [3, 4], [3, 5]])).tolist() == [5.0, 1.0]


class Named:
    """A model that decodes to the labels it is asked for."""

    def generate(self, codes, labels=None):
        return np.arange(len(codes)) % 2 if labels is None else labels


@pytest.mark.parametrize(("label", "decoded"), [(None, [0, 1, 0]), (1, [1, 1, 1])])
def test_a_decoder_asks_for_one_group_or_lets_them_take_turns(label, decoded):
    assert scenes.decoder(Named(), label)(np.zeros((3, 2))).tolist() == decoded
