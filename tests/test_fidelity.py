"""Figures of quality against cases whose answer is known."""

import numpy as np
import pytest

from genlib import data, fidelity, points

HALF_RING = 0.3113  # bits between eight even modes and four of them, by hand


def normal(seed, n=2000, d=4, scale=1.0, shift=0.0):
    return np.random.default_rng(seed).standard_normal((n, d)) * scale + shift


def standardised(values):
    """Features whose mean is exactly 0 and whose covariance is exactly the identity."""
    centred = values - values.mean(axis=0)
    return centred @ np.linalg.inv(np.linalg.cholesky(np.cov(centred, rowvar=False))).T


def test_frechet_of_two_gaussians_is_the_formula():
    a, b = standardised(normal(0)), standardised(normal(1))
    deviations, shift = np.array([0.5, 1.0, 2.0, 3.0]), np.array([1.0, 0.0, -2.0, 0.0])
    assert fidelity.frechet(a, b * deviations + shift) == pytest.approx(((deviations - 1) ** 2).sum() + 5, rel=1e-5)


def test_frechet_sees_how_dimensions_go_together():
    """Variances alone are equal here: only the covariance of 0.9 differs. By hand: 2 + 2 - 2 tr sqrt(C) = 4 - 2 (sqrt 1.9 + sqrt .1)."""
    a, root = standardised(normal(0, d=2)), np.linalg.cholesky([[1.0, 0.9], [0.9, 1.0]])
    assert fidelity.frechet(a, standardised(normal(1, d=2)) @ root.T) == pytest.approx(4 - 2 * (1.9**0.5 + 0.1**0.5), rel=1e-4)


def test_frechet_of_a_set_with_itself_is_nothing_even_with_fewer_items_than_features():
    a = normal(0, n=20, d=50)
    assert fidelity.frechet(a, a) == pytest.approx(0, abs=1e-4)


def test_kid_is_zero_in_expectation_and_grows_with_a_shift():
    nothing = [fidelity.kid(normal(seed), normal(100 + seed), subsets=5).mean for seed in range(20)]
    assert abs(np.mean(nothing)) < 3 * np.std(nothing) / np.sqrt(20) + 1e-3
    assert min(nothing) < 0 < max(nothing)  # unbiased: on both sides of nothing
    assert fidelity.kid(normal(0), normal(1, shift=0.5)).mean > 10 * max(nothing)


def test_kid_is_the_kernel_written_out():
    a, b = normal(0, n=7, d=3), normal(1, n=7, d=3, shift=1.0)
    kernel = lambda x, y: (x @ y / 3 + 1) ** 3  # noqa: E731
    within = sum(kernel(s[i], s[j]) for s in (a, b) for i in range(7) for j in range(7) if i != j) / 42
    across = sum(kernel(x, y) for x in a for y in b) / 49
    assert fidelity.kid(a, b, subsets=1, size=7) == pytest.approx((within - 2 * across, 0.0), rel=1e-5)


def test_kid_says_how_far_its_subsets_differ():
    assert fidelity.kid(normal(0), normal(1), size=100).std > 3 * fidelity.kid(normal(0), normal(1), size=1500).std > 0


def test_prdc_on_a_line_is_what_one_counts_by_hand():
    """Real at 0, 1, 2, 10 with k=1 reach 1, 1, 1, 8; fake at 0.5, 1.5, 30 reach 1, 1, 28.5.

    0.5 lies in reach of 0 and 1, 1.5 of 1 and 2, 30 of none; 30 itself reaches all real ones; 10 is covered by none within 8.
    """
    real, fake = np.array([[0.0], [1.0], [2.0], [10.0]]), np.array([[0.5], [1.5], [30.0]])
    found = fidelity.prdc(real, fake, k=1)
    assert found.precision == pytest.approx(2 / 3) and found.density == pytest.approx(4 / 3)
    assert found.recall == 1.0 and found.coverage == pytest.approx(3 / 4) and found.n == 3


def test_prdc_reads_what_its_authors_publish():
    """10,000 against 10,000 draws of N(0, I) in 1,000 dimensions (README of clovaai/generative-evaluation-prdc)."""
    generator = np.random.default_rng(0)
    a, b = (generator.standard_normal((10_000, 1000), np.float32) for _ in range(2))
    found = fidelity.prdc(a, b)
    assert found[:4] == pytest.approx((0.4772, 0.4705, 1.0555, 0.9735), abs=0.02)


def test_a_collapsed_generator_is_precise_and_covers_little():
    found = fidelity.prdc(normal(0), normal(1, scale=0.1))
    assert found.precision > 0.95 and found.recall < 0.05 and found.coverage < 0.4


def test_far_from_the_origin_distances_keep_their_digits():
    """Features of a ReLU network are all positive: a - b as aa - 2ab + bb would lose them in float32."""
    near, far = (fidelity.prdc(normal(0, shift=at), normal(1, shift=at)) for at in (0.0, 1e4))
    assert far[:4] == pytest.approx(near[:4], abs=0.01)


def test_spread_is_the_distance_from_the_mean():
    assert fidelity.spread(normal(0, n=50_000, d=4, scale=3.0, shift=9.0)) == pytest.approx(6.0, rel=0.01)


@pytest.mark.parametrize("name", points.DENSITIES)
def test_a_perfect_generator_of_points_reads_less_than_a_hundredth_of_a_bit(name):
    draw = points.DENSITIES[name]
    assert 0 <= fidelity.js_divergence(draw(100_000, 1).points, draw(100_000, 2).points) < 0.01


def test_a_half_collapsed_ring_reads_its_true_value():
    cloud = points.ring(200_000, 1)
    half = cloud.points[cloud.labels < 4]
    assert fidelity.js_divergence(half[:100_000], points.ring(100_000, 2).points) == pytest.approx(HALF_RING, abs=0.005)


def test_points_outside_or_diverged_count_as_wrong():
    truth = points.ring(100_000, 2).points
    far, broken = truth + 100, np.full_like(truth, np.nan)
    assert fidelity.js_divergence(far, truth) == fidelity.js_divergence(broken, truth) == pytest.approx(1.0)


def test_the_gap_is_one_where_each_dimension_is_a_factor():
    factors = np.random.default_rng(0).integers(0, 10, (20_000, 3)).astype(float)
    codes = np.column_stack([np.exp(factors[:, [2, 0, 1]]), np.random.default_rng(1).normal(size=(20_000, 2))])
    assert fidelity.mutual_information_gap(codes, factors) == pytest.approx(1.0, abs=0.01)


def test_the_gap_is_nothing_where_two_dimensions_tell_the_same():
    factors = np.random.default_rng(0).uniform(size=(20_000, 2))
    assert fidelity.mutual_information_gap(np.hstack([factors, factors]), factors) == pytest.approx(0.0, abs=0.01)


def test_the_gap_of_a_turned_space_is_small():
    factors = np.random.default_rng(0).normal(size=(20_000, 2))
    turned = factors @ np.array([[1.0, 1.0], [-1.0, 1.0]])
    assert fidelity.mutual_information_gap(factors, factors) > 0.9 > 0.1 > fidelity.mutual_information_gap(turned, factors)


def test_what_cannot_be_compared_is_a_sentence():
    with pytest.raises(ValueError, match="same features"):
        fidelity.frechet(normal(0, d=3), normal(1, d=4))
    with pytest.raises(ValueError, match="no number"):
        fidelity.kid(normal(0), normal(1) * np.nan)


@pytest.mark.parametrize("name", points.DENSITIES)
def test_a_data_set_of_points_is_the_first_draw_of_its_density(name):
    draw = points.DENSITIES[name]
    assert np.array_equal(data.load(name).items, draw().points)
    other = draw(2000, 7).points
    assert len(other) == 2000 and not np.array_equal(other, draw(2000, 8).points)
