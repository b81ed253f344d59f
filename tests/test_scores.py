"""Figures against values known by hand or from scikit-learn."""

import subprocess
import sys

import numpy as np
import pytest
from sklearn.datasets import make_blobs
from sklearn.manifold import trustworthiness
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score, silhouette_score

from genlib import metrics, scores

VAE = ["loss", "recon", "kl", "active_units", "sigma", "elbo", "test_elbo", "test_recon", "test_kl"]
GAN = ["d_loss", "g_loss", "d_real", "d_fake", "penalty"]


@pytest.mark.parametrize("name", [*VAE, *GAN, "rate"])
def test_every_training_metric_is_explained(name):
    assert name in metrics.METRICS


@pytest.mark.parametrize("name", [*metrics.METRICS, *metrics.FIGURES])
def test_every_row_has_a_label_and_a_sentence(name):
    metric = {**metrics.METRICS, **metrics.FIGURES}[name]
    assert metric.label and metric.group
    assert metric.why[0].isupper() and metric.why.endswith(".") and 40 < len(metric.why) < 200


def test_every_curve_belongs_to_a_chart_and_every_chart_has_curves():
    assert {metric.group for metric in metrics.METRICS.values()} == set(metrics.GROUPS)


def test_the_curves_need_neither_torch_nor_sklearn():
    code = "import sys, genlib.scores; sys.exit(bool({'torch', 'sklearn', 'scipy', 'umap'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_agreement_of_equal_groupings_is_one_whatever_the_names():
    truth = np.repeat([0, 1, 2], 10)
    assert scores.agreement((truth + 1) % 3, truth) == {"ari": 1.0, "nmi": pytest.approx(1.0), "accuracy": 1.0, "n": 30}


def test_agreement_by_hand():
    labels, truth = np.array([0, 0, 0, 1, 1, 1]), np.array([0, 0, 1, 1, 2, 2])
    found = scores.agreement(labels, truth)
    # Pairs: 15 in all, 6 together in the clusters, 3 in the classes, 2 in both; expected by chance 6 * 3 / 15 = 1.2.
    assert found["ari"] == pytest.approx((2 - 1.2) / (4.5 - 1.2))
    assert found["accuracy"] == pytest.approx(4 / 6)
    information = np.log(2) - 2 / 6 * np.log(2)  # the cluster's entropy, less that within the class split between both
    assert found["nmi"] == pytest.approx(information / ((np.log(2) + np.log(3)) / 2))


def test_one_cluster_and_chance_give_nothing():
    truth = np.random.default_rng(0).integers(0, 4, 4000)
    assert scores.agreement(np.zeros(4000, int), truth)["ari"] == 0
    chance = scores.agreement(np.random.default_rng(1).integers(0, 4, 4000), truth)
    assert abs(chance["ari"]) < 0.005 and chance["nmi"] < 0.005 and chance["accuracy"] == pytest.approx(0.25, abs=0.03)


def test_noise_is_one_group_and_never_right():
    truth = np.array([0, 0, 0, 1, 1, 1])
    labels = np.array([0, 0, -1, -1, -1, -1])
    found = scores.agreement(labels, truth)
    assert found["accuracy"] == pytest.approx(2 / 6)
    assert found["ari"] == pytest.approx(adjusted_rand_score(truth, labels))
    assert found["nmi"] == pytest.approx(normalized_mutual_info_score(truth, labels))
    assert scores.agreement(np.full(6, -1), truth)["accuracy"] == 0


def test_items_without_a_class_take_no_part():
    assert scores.agreement(np.array([0, 0, 1, 1]), np.array([0, -1, 1, -1]))["n"] == 2
    empty = scores.agreement(np.array([0, 1]), np.array([-1, -1]))
    assert empty["n"] == 0 and np.isnan(empty["ari"])


def test_cluster_table_counts_by_hand():
    table = scores.cluster_table(np.array([0, 0, 1, -1, 1]), np.array([5, 5, 5, 7, -1]))
    np.testing.assert_array_equal(table.counts, [[0, 1], [2, 0], [1, 0]])
    np.testing.assert_array_equal(table.clusters, [-1, 0, 1])
    np.testing.assert_array_equal(table.classes, [5, 7])


def test_lists_of_different_length_are_refused():
    with pytest.raises(ValueError, match="one cluster and one class"):
        scores.agreement(np.zeros(3), np.zeros(4))


def _blobs(n=600, centres=4):
    return make_blobs(n, 5, centers=centres, random_state=0)


def test_silhouette_of_all_points_equals_sklearn():
    points, labels = _blobs()
    value, n = scores.silhouette(points, labels)
    assert n == 600 and value == pytest.approx(silhouette_score(points, labels), abs=1e-4)


def test_silhouette_by_hand():
    # Two pairs 1 wide and 10 apart: (10.5 - 1) / 10.5 outside, (9.5 - 1) / 9.5 inside.
    points = np.array([[0.0], [1.0], [10.0], [11.0]])
    assert scores.silhouette(points, [0, 0, 1, 1]).value == pytest.approx((9.5 / 10.5 + 8.5 / 9.5) / 2, abs=1e-4)


def test_silhouette_of_a_sample_is_close_seeded_and_says_its_size():
    points, labels = _blobs(3000)
    found = scores.silhouette(points, labels, seed=3, limit=500)
    assert found.n == 500 and found.value == pytest.approx(silhouette_score(points, labels), abs=0.02)
    assert found == scores.silhouette(points, labels, seed=3, limit=500)


def test_silhouette_leaves_noise_out():
    points, labels = _blobs()
    noisy = np.concatenate([points, points[:50] + 100]), np.concatenate([labels, np.full(50, -1)])
    assert scores.silhouette(*noisy).value == pytest.approx(scores.silhouette(points, labels).value, abs=1e-5)
    assert scores.silhouette(*noisy).n == 600


def test_silhouette_where_it_is_not_defined():
    points, _ = _blobs()
    assert np.isnan(scores.silhouette(points, np.zeros(600, int)).value)
    assert np.isnan(scores.silhouette(points, np.full(600, -1)).value)
    assert scores.silhouette(np.ones((6, 2)), [0, 0, 0, 1, 1, 1]).value == 0
    assert scores.silhouette(np.array([[0.0], [1.0]]), [0, 1]).value == 0


@pytest.mark.parametrize("k", [5, 15])
def test_trustworthiness_of_all_points_equals_sklearn(k):
    rng = np.random.default_rng(0)
    points = rng.standard_normal((300, 6))
    for xy in (points[:, :2], rng.standard_normal((300, 2))):
        value, n = scores.trustworthiness(points, xy, k)
        assert n == 300 and value == pytest.approx(trustworthiness(points, xy, n_neighbors=k), abs=1e-3)


def test_trustworthiness_of_the_plane_itself_is_one_and_of_chance_a_half():
    xy = np.random.default_rng(0).standard_normal((2000, 2))
    assert scores.trustworthiness(xy, xy * 3 + 1).value == pytest.approx(1.0, abs=1e-6)
    found = scores.trustworthiness(xy, np.random.default_rng(1).standard_normal((2000, 2)), limit=500)
    assert found.n == 500 and found.value == pytest.approx(0.5, abs=0.02)


def test_trustworthiness_of_too_few_points_is_not_defined():
    assert np.isnan(scores.trustworthiness(np.eye(9), np.eye(9)[:, :2]).value)


CORNERS = np.array([[0.0, 0.0], [0.0, 10.0], [10.0, 0.0], [10.0, 10.0]])


@pytest.mark.parametrize(
    ("samples", "captured", "good"),
    [
        (CORNERS, 4, 1.0),
        (CORNERS[[0, 0, 1]], 2, 1.0),
        ([[0.0, 2.9], [0.0, 3.1]], 1, 0.5),  # three deviations, not four
        ([[5.0, 5.0]], 0, 0.0),
        ([[2.0, 2.0], [np.nan, 0.0], [np.inf, 0.0]], 1, 1 / 3),
    ],
)
def test_modes_by_hand(samples, captured, good):
    found = scores.modes(np.array(samples), CORNERS, std=1.0)
    assert found.captured == captured and found.good == pytest.approx(good)


def test_modes_of_a_perfect_generator():
    rng = np.random.default_rng(0)
    samples = CORNERS[rng.integers(0, 4, 2500)] + 0.05 * rng.standard_normal((2500, 2))
    found = scores.modes(samples, CORNERS, std=0.05)
    assert found.captured == 4 and found.good == pytest.approx(1 - np.exp(-4.5), abs=0.006)  # of a 2-D normal within 3 deviations


def test_modes_need_samples_and_a_deviation():
    with pytest.raises(ValueError, match="standard deviation above 0"):
        scores.modes(CORNERS, CORNERS, 0.0)
    with pytest.raises(ValueError, match="0 samples"):
        scores.modes(np.zeros((0, 2)), CORNERS, 1.0)
