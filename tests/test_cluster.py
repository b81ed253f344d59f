"""Clusterers on blobs and circles, where the groups are known, and against scikit-learn."""

import numpy as np
import pytest
from sklearn.cluster import DBSCAN, KMeans
from sklearn.datasets import make_blobs, make_circles
from sklearn.metrics import adjusted_rand_score

from genlib import choices, cluster, neighbours
from genlib.cluster import CLUSTERERS, DBSCANOptions, KMeansOptions

BLOBS, TRUTH = make_blobs([100, 300, 200], 8, cluster_std=0.5, random_state=0)


@pytest.mark.parametrize("method", CLUSTERERS)
def test_every_clusterer_finds_three_blobs_largest_first(method):
    options = {"kmeans": KMeansOptions(k=3), "dbscan": DBSCANOptions(eps=2.5)}.get(method)
    found = cluster.cluster(BLOBS, method, options)
    assert adjusted_rand_score(TRUTH, found.labels) == 1
    np.testing.assert_array_equal(np.bincount(found.labels), [300, 200, 100])
    assert found.scores["clusters"] == 3 and found.scores["noise"] == 0
    assert found.scores["silhouette"] > 0.7 and found.scores["silhouette_n"] == 600
    assert found.method == method and found.labels.dtype == np.int32


@pytest.mark.parametrize("method", CLUSTERERS)
def test_every_clusterer_gives_the_same_for_the_same_seed(method):
    points = np.random.default_rng(0).standard_normal((400, 4))
    first, second = (cluster.cluster(points, method, seed=5) for _ in range(2))
    np.testing.assert_array_equal(first.labels, second.labels)
    assert first.scores == pytest.approx(second.scores, nan_ok=True)


@pytest.mark.parametrize("method", CLUSTERERS)
def test_every_row_has_a_form_and_a_sentence(method):
    row = CLUSTERERS[method]
    assert choices.fill(row.options, {}) == row.options()
    assert row.why.endswith(".") and all(knob.help.endswith(".") for knob in choices.knobs(row.options).values())


def test_kmeans_is_that_of_sklearn():
    points = np.random.default_rng(0).standard_normal((500, 3)).astype(np.float32)
    theirs = KMeans(6, n_init=3, random_state=2).fit(points)
    ours = cluster.cluster(points, "kmeans", KMeansOptions(k=6), seed=2)
    assert adjusted_rand_score(theirs.labels_, ours.labels) == 1
    assert ours.scores["inertia"] == pytest.approx(theirs.inertia_)


def test_circles_tell_density_from_distance():
    points, truth = make_circles(1000, factor=0.4, noise=0.03, random_state=0)
    dense = cluster.cluster(points, "dbscan", DBSCANOptions(eps=0.15, min_samples=5))
    assert adjusted_rand_score(truth, dense.labels) == 1
    assert adjusted_rand_score(truth, cluster.cluster(points, "kmeans", KMeansOptions(k=2)).labels) < 0.05


@pytest.mark.parametrize("seed", range(40))
def test_dbscan_is_that_of_sklearn(seed, monkeypatch):
    monkeypatch.setattr(cluster, "EDGES", 500)  # several blocks
    rng = np.random.default_rng(seed)
    n, d = int(rng.integers(20, 300)), int(rng.integers(1, 5))
    points = rng.standard_normal((n, d)) if seed % 2 else rng.integers(0, 6, (n, d))  # a grid has distances equal to eps
    points = points.astype(np.float32)
    eps = float(rng.uniform(0.05, 2)) if seed % 2 else float(rng.integers(1, 3))
    fewest = int(rng.integers(2, 16))
    near = neighbours.graph(points, min(max(1, fewest - 1), n - 1))  # no more than needed, so that lists are too short
    ours = cluster.cluster(points, "dbscan", DBSCANOptions(eps, fewest), neighbours=near).labels
    theirs = DBSCAN(eps=eps, min_samples=fewest).fit(points).labels_
    np.testing.assert_array_equal(ours == -1, theirs == -1)
    assert adjusted_rand_score(theirs, ours) == 1


def test_dbscan_calls_stray_points_noise():
    stray = np.random.default_rng(0).uniform(-60, 60, (30, 8))
    found = cluster.cluster(np.concatenate([BLOBS, stray]), "dbscan", DBSCANOptions(eps=2.5))
    assert (found.labels[600:] == -1).all() and found.scores["noise"] == pytest.approx(30 / 630)


def test_suggested_eps_finds_the_blobs_and_is_used_for_zero():
    near = neighbours.graph(BLOBS, 15)
    eps, curve = cluster.suggest_eps(near, 10)
    assert (np.diff(curve) >= 0).all() and len(curve) == 600 and eps in curve
    found = cluster.cluster(BLOBS, "dbscan", DBSCANOptions(), neighbours=near)
    assert found.options.eps == pytest.approx(eps) and found.scores["clusters"] == 3
    with pytest.raises(ValueError, match="from 1 to 15"):
        cluster.suggest_eps(near, 40)


def test_dbscan_computes_a_longer_graph_when_the_given_one_is_too_short():
    points = BLOBS[TRUTH < 2]
    short, none = (
        cluster.cluster(points, "dbscan", DBSCANOptions(2.5, 30), neighbours=near) for near in (neighbours.graph(points, 5), None)
    )
    np.testing.assert_array_equal(short.labels, none.labels)


def test_all_noise_and_one_cluster_are_answers():
    noise = cluster.cluster(BLOBS, "dbscan", DBSCANOptions(eps=1e-3))
    assert (noise.labels == -1).all() and noise.scores["clusters"] == 0 and noise.scores["noise"] == 1
    one = cluster.cluster(BLOBS, "dbscan", DBSCANOptions(eps=1e3))
    assert (one.labels == 0).all() and np.isnan(one.scores["silhouette"])


def test_duplicates_are_grouped_by_dbscan_without_warnings():
    points = np.repeat([[0.0, 0.0], [5.0, 5.0]], 40, axis=0)
    assert cluster.cluster(points, "dbscan").scores["clusters"] == 2


def test_what_cannot_be_grouped_is_refused_with_a_sentence():
    with pytest.raises(ValueError, match="10 clusters need at least as many different points, got 2"):
        cluster.cluster(np.repeat([[0.0, 0.0], [5.0, 5.0]], 40, axis=0), "kmeans")
    with pytest.raises(ValueError, match="got 3; choose fewer"):
        cluster.cluster(BLOBS[:3], "kmeans")
    with pytest.raises(ValueError, match="min_samples 10"):
        cluster.cluster(BLOBS[:6], "dbscan")
    with pytest.raises(ValueError, match="kmeans, dbscan"):
        cluster.cluster(BLOBS, "mean shift")
    with pytest.raises(ValueError, match="600 points and there are 9"):
        cluster.cluster(BLOBS[:9], "dbscan", neighbours=neighbours.graph(BLOBS, 15))
    with pytest.raises(ValueError, match="no number"):
        cluster.cluster(np.full((30, 2), np.nan), "kmeans")


def test_seventeen_items_can_be_grouped():
    for method in CLUSTERERS:
        assert len(cluster.cluster(BLOBS[:17], method).labels) == 17


def test_groups_found_elsewhere_are_judged_and_keep_their_numbers():
    labels = np.array([0, 4, 2])[TRUTH]
    found = cluster.judge(BLOBS, labels, "own")
    assert found.labels.tolist() == labels.tolist() and found.method == "own"
    assert found.scores["clusters"] == 3 and found.scores["noise"] == 0
    assert found.scores["silhouette"] == cluster.cluster(BLOBS, "kmeans", KMeansOptions(3)).scores["silhouette"]
    assert cluster.judge(BLOBS, np.where(labels == 4, -1, labels), "own").scores["noise"] == 0.5
