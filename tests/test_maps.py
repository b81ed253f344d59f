"""Maps kept on disk, beside the vectors that they show."""

import numpy as np
import pytest

from genlib import maps
from genlib.choices import NoOptions
from genlib.project import PROJECTORS, TSNEOptions, UMAPOptions, project


@pytest.fixture
def file(tmp_path):
    values = np.random.default_rng(0).normal(size=(120, 5)).astype(np.float32)
    np.savez(tmp_path / "vectors.npz", values=values, rows=np.arange(120))
    return tmp_path / "vectors.npz"


def test_a_kept_map_comes_back_as_it_was(file):
    made = maps.draw(file, "pca", NoOptions(), 0)
    found = maps.kept(file, "pca", NoOptions(), 0)
    assert np.array_equal(made.xy, found.xy)
    assert (found.method, found.trust, found.trust_n) == ("pca", made.trust, made.trust_n)


def test_a_map_is_the_one_that_project_makes(file):
    made = maps.draw(file, "umap", UMAPOptions(epochs=20), 3)
    assert np.array_equal(made.xy, project(maps.points(file), "umap", UMAPOptions(epochs=20), 3).xy)


def test_other_options_or_another_seed_are_another_map(file):
    maps.draw(file, "umap", UMAPOptions(epochs=20), 0)
    assert maps.kept(file, "umap", UMAPOptions(epochs=20), 1) is None
    assert maps.kept(file, "umap", UMAPOptions(epochs=21), 0) is None
    assert maps.kept(file, "umap", UMAPOptions(epochs=20), 0) is not None


@pytest.mark.parametrize("name", PROJECTORS)
def test_every_projector_says_how_many_neighbours_it_needs(file, name):
    options = PROJECTORS[name].options()
    assert maps._needed(options, 10_000) >= maps.NEIGHBOURS
    assert maps._needed(TSNEOptions(perplexity=50), 10_000) == 150
    assert maps._needed(UMAPOptions(neighbours=30), 10) == 9


def test_the_neighbour_graph_is_kept_and_grows(file):
    assert not maps.has_neighbours(file, 5)
    first = maps.neighbours(file, 5)
    assert maps.has_neighbours(file, 5) and not maps.has_neighbours(file, 20)
    assert np.array_equal(maps.neighbours(file, 20).index[:, :5], first.index)
    assert maps.neighbours(file, 5).k == 5 and maps.has_neighbours(file, 20)


def test_pixels_are_grey_levels_from_0_to_1(tmp_path):
    np.savez(tmp_path / "pixels.npz", values=np.array([[0, 255]], np.uint8), rows=[0])
    assert maps.points(tmp_path / "pixels.npz").tolist() == [[0.0, 1.0]]


def test_progress_rises_through_both_parts(file):
    told = []
    maps.draw(file, "umap", UMAPOptions(epochs=50), 0, lambda fraction, words, partial=None: told.append(fraction))
    assert told == sorted(told) and told[0] == 0 and told[-1] > 0.9
