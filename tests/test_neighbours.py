"""The neighbour graph against scikit-learn and against points placed by hand."""

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from genlib import neighbours


def _blob(n=500, d=8, seed=0):
    return np.random.default_rng(seed).standard_normal((n, d)).astype(np.float32)


@pytest.mark.parametrize("d", [1, 2, 32])
def test_graph_equals_brute_force(d, monkeypatch):
    monkeypatch.setattr(neighbours, "BLOCK_WORK", 1e6)  # several blocks, the last one short
    points = _blob(777, d)
    found = neighbours.graph(points, 10)
    distance, index = NearestNeighbors(n_neighbors=10, algorithm="brute").fit(points.astype(np.float64)).kneighbors()
    np.testing.assert_array_equal(found.index, index)
    np.testing.assert_allclose(found.distance, distance, rtol=1e-5, atol=1e-6)
    assert found.index.dtype == np.int32 and found.distance.dtype == np.float32 and found.k == 10


def test_graph_of_points_on_a_line_by_hand():
    found = neighbours.graph(np.array([[0.0], [1.0], [3.0], [7.0]]), 2)
    np.testing.assert_array_equal(found.index, [[1, 2], [0, 2], [1, 0], [2, 1]])
    np.testing.assert_array_equal(found.distance, [[1, 3], [1, 2], [2, 3], [4, 6]])


def test_graph_far_from_the_origin_keeps_small_distances():
    points = _blob(200, 3) * 1e-2 + 1000
    found = neighbours.graph(points, 3)
    exact = np.linalg.norm(points[:, None].astype(np.float64) - points[None], axis=2)
    np.testing.assert_allclose(found.distance, np.sort(exact, axis=1)[:, 1:4], rtol=1e-4)


def test_duplicates_are_neighbours_at_distance_zero_and_nobody_is_its_own():
    points = np.repeat(_blob(20, 5) * 37.7, 30, axis=0)
    found = neighbours.graph(points, 10)
    assert (found.distance == 0).all()
    assert (found.index != np.arange(600)[:, None]).all()
    np.testing.assert_array_equal(found.index // 30, np.repeat(np.arange(20), 30)[:, None].repeat(10, 1))


def test_graph_takes_pictures():
    pixels = np.random.default_rng(0).integers(0, 256, (40, 5, 5, 3), dtype=np.uint8)
    flat = pixels.reshape(40, -1).astype(float)
    np.testing.assert_array_equal(neighbours.graph(pixels, 4).index, neighbours.graph(flat, 4).index)


def test_graph_reports_progress_between_zero_and_one():
    seen = []
    neighbours.graph(_blob(), 5, progress=lambda fraction, message: seen.append(fraction))
    assert seen and all(0 <= fraction < 1 for fraction in seen)


def test_first_keeps_the_nearest():
    full = neighbours.graph(_blob(), 9)
    np.testing.assert_array_equal(full.first(4).index, neighbours.graph(_blob(), 4).index)


def test_a_kept_graph_is_read_again(tmp_path, monkeypatch):
    keep = tmp_path / "deep" / "graph.npz"
    written = neighbours.graph(_blob(), 8, keep=keep)
    assert [path.name for path in keep.parent.iterdir()] == ["graph.npz"]
    monkeypatch.setattr(neighbours, "_search", lambda *a: pytest.fail("searched again"))
    read = neighbours.graph(_blob(), 5, keep=keep)
    np.testing.assert_array_equal(read.index, written.index[:, :5])
    np.testing.assert_array_equal(read.distance, written.distance[:, :5])


@pytest.mark.parametrize("what", ["other points", "fewer neighbours", "damaged", "cut short"])
def test_a_kept_graph_that_does_not_fit_is_replaced(tmp_path, what):
    keep = tmp_path / "graph.npz"
    neighbours.graph(_blob(seed=1 if what == "other points" else 0), 3 if what == "fewer neighbours" else 6, keep=keep)
    if what in ("damaged", "cut short"):
        keep.write_bytes(b"not an archive" if what == "damaged" else keep.read_bytes()[:999])
    fresh = neighbours.graph(_blob(), 6)
    np.testing.assert_array_equal(neighbours.graph(_blob(), 6, keep=keep).index, fresh.index)
    with np.load(keep) as file:
        np.testing.assert_array_equal(file["index"], fresh.index)


def test_nearest_equals_brute_force_over_blocks(monkeypatch):
    monkeypatch.setattr(neighbours, "BLOCK_BYTES", 4 * 8 * 64)
    queries, items = _blob(30), _blob(700, seed=1)
    index, distance = neighbours.nearest(queries, items, 5)
    exact = np.linalg.norm(queries[:, None].astype(np.float64) - items[None], axis=2)
    np.testing.assert_array_equal(index, np.argsort(exact, axis=1)[:, :5])
    np.testing.assert_allclose(distance, np.sort(exact, axis=1)[:, :5], rtol=1e-5)


def test_nearest_finds_a_picture_itself_at_distance_zero():
    pixels = np.random.default_rng(0).integers(0, 256, (50, 28, 28, 1), dtype=np.uint8)
    index, distance = neighbours.nearest(pixels[[7, 31]], pixels)
    np.testing.assert_array_equal(index, [[7], [31]])
    assert (distance == 0).all()


def test_nearest_measures_in_the_units_given():
    items = np.zeros((2, 2, 2, 1), np.uint8)
    items[1] = 255
    _, distance = neighbours.nearest(np.zeros((1, 2, 2, 1), np.uint8), items, 2)
    np.testing.assert_allclose(distance, [[0, 510]])


def test_k_distances_are_sorted_by_hand():
    found = neighbours.graph(np.array([[0.0], [1.0], [3.0], [7.0]]), 2)
    np.testing.assert_array_equal(neighbours.k_distances(found, 1), [1, 1, 2, 4])
    np.testing.assert_array_equal(neighbours.k_distances(found, 2), [2, 3, 3, 6])


@pytest.mark.parametrize("corner", [10, 50, 90])
def test_knee_is_the_corner_of_a_bent_line(corner):
    curve = np.concatenate([np.linspace(0, 1, corner, endpoint=False), np.linspace(1, 50, 101 - corner)])
    assert neighbours.knee(curve) == corner


def test_knee_separates_a_blob_from_stray_points():
    rng = np.random.default_rng(0)
    points = np.concatenate([rng.standard_normal((950, 2)) * 0.1, rng.uniform(-10, 10, (50, 2))])
    curve = neighbours.k_distances(neighbours.graph(points, 5), 5)
    assert 930 <= neighbours.knee(curve) <= 975


def test_knee_of_a_flat_curve_is_its_end():
    assert neighbours.knee(np.ones(9)) == 8
    assert neighbours.knee(np.array([2.0])) == 0


def test_what_cannot_be_searched_is_refused_with_a_sentence():
    with pytest.raises(ValueError, match="15 neighbours need at least 16 points, got 15"):
        neighbours.graph(_blob(15), 15)
    with pytest.raises(ValueError, match="at least 1 neighbour"):
        neighbours.graph(_blob(15), 0)
    broken = _blob(20)
    broken[3, 1] = np.nan
    with pytest.raises(ValueError, match=r"1 of 20 points .* row 3"):
        neighbours.graph(broken, 2)
    with pytest.raises(ValueError, match="one row a point"):
        neighbours.graph(np.zeros((0, 4)), 2)
    with pytest.raises(ValueError, match="one size"):
        neighbours.nearest(_blob(2, 3), _blob(9, 4))
    with pytest.raises(ValueError, match="from 1 to 9"):
        neighbours.nearest(_blob(2, 3), _blob(9, 3), 10)
    with pytest.raises(ValueError, match="from 1 to 3"):
        neighbours.k_distances(neighbours.graph(_blob(), 3), 4)
