"""Latent space: draws, paths, planes and directions, against values known by hand."""

import numpy as np
import pytest

from genlib import latent


def test_sample_is_seeded_and_its_first_rows_do_not_depend_on_n():
    few, many = latent.sample(3, 5, seed=1), latent.sample(9, 5, seed=1)
    assert few.shape == (3, 5) and few.dtype == np.float32
    np.testing.assert_array_equal(few, many[:3])
    assert not np.array_equal(few, latent.sample(3, 5, seed=2))


def test_temperature_is_the_standard_deviation():
    assert latent.sample(20_000, 4, seed=0, temperature=0.7).std() == pytest.approx(0.7, abs=0.01)
    assert not latent.sample(4, 4, seed=0, temperature=0).any()


def test_truncation_limits_each_number_and_is_the_truncated_normal():
    draws = latent.sample(20_000, 4, seed=0, truncation=1.0)
    assert np.abs(draws).max() <= 1.0
    assert draws.std() == pytest.approx(0.5396, abs=0.005)  # of a standard normal cut at one deviation
    np.testing.assert_allclose(latent.sample(8, 4, 0, truncation=8.0), latent.sample(8, 4, 0), atol=1e-5)


def test_truncation_scales_with_temperature_and_keeps_order():
    plain, cut = latent.sample(50, 3, seed=4), latent.sample(50, 3, seed=4, temperature=2.0, truncation=0.5)
    assert np.abs(cut).max() <= 1.0
    np.testing.assert_array_equal(np.argsort(plain.ravel()), np.argsort(cut.ravel()))


@pytest.mark.parametrize(("knobs", "word"), [({"temperature": -1}, "temperature"), ({"truncation": 0}, "truncation")])
def test_impossible_draws_are_refused_with_a_sentence(knobs, word):
    with pytest.raises(ValueError, match=word):
        latent.sample(2, 2, seed=0, **knobs)


@pytest.mark.parametrize("kind", latent.PATHS)
def test_every_path_starts_and_ends_exactly_where_asked(kind):
    a, b = latent.sample(2, 16, seed=0)
    walked = latent.path(a, b, 9, kind)
    assert walked.shape == (9, 16) and walked.dtype == np.float32
    np.testing.assert_array_equal(walked[[0, -1]], [a, b])


def test_straight_path_has_even_steps():
    walked = latent.path(np.array([0.0, 0.0]), np.array([4.0, 2.0]), 5)
    np.testing.assert_allclose(walked, [[0, 0], [1, 0.5], [2, 1], [3, 1.5], [4, 2]])


def test_spherical_path_keeps_the_norm_and_turns_evenly():
    walked = latent.path(np.array([2.0, 0.0, 0.0]), np.array([0.0, 2.0, 0.0]), 7, "spherical")
    np.testing.assert_allclose(np.linalg.norm(walked, axis=1), 2.0, rtol=1e-6)
    angles = np.degrees(np.arctan2(walked[:, 1], walked[:, 0]))
    np.testing.assert_allclose(angles, np.arange(0, 91, 15), atol=1e-4)


def test_spherical_path_goes_evenly_from_one_norm_to_the_other():
    walked = latent.path(np.array([1.0, 0.0]), np.array([0.0, 3.0]), 5, "spherical")
    np.testing.assert_allclose(np.linalg.norm(walked, axis=1), [1, 1.5, 2, 2.5, 3], rtol=1e-6)


@pytest.mark.parametrize("end", [[0.0, 0.0], [1.0, 1.0], [3.0, 3.0]])
def test_spherical_path_is_straight_where_only_one_direction_exists(end):
    ends = np.array([1.0, 1.0]), np.array(end)
    np.testing.assert_allclose(latent.path(*ends, 4, "spherical"), latent.path(*ends, 4, "straight"), atol=1e-6)


def test_paths_that_cannot_be_walked_say_why():
    a = np.array([1.0, 2.0])
    with pytest.raises(ValueError, match="opposite"):
        latent.path(a, -a, 5, "spherical")
    with pytest.raises(ValueError, match="straight, spherical"):
        latent.path(a, a, 5, "scenic")
    with pytest.raises(ValueError, match="at least 2 frames"):
        latent.path(a, a, 1)
    with pytest.raises(ValueError, match="one length"):
        latent.path(a, np.ones(3), 5)


def test_plane_places_points_by_hand():
    codes = latent.plane(np.array([1.0, 1.0, 1.0]), np.array([1.0, 0, 0]), np.array([0, 2.0, 0]), np.array([[0, 0], [2, -1]]))
    np.testing.assert_allclose(codes, [[1, 1, 1], [3, -1, 1]])
    assert latent.plane(np.zeros(3), np.ones(3), np.ones(3), np.array([0.5, 0.5])).shape == (1, 3)


def _stretched(n=4000):
    """Codes with standard deviations 3 along (1, 1, 0)/sqrt 2, 2 along z, 0.1 along (1, -1, 0)/sqrt 2, around (5, 0, 0)."""
    axes = np.array([[1, 1, 0], [0, 0, np.sqrt(2)], [1, -1, 0]]) / np.sqrt(2)
    return (np.random.default_rng(0).standard_normal((n, 3)) * [3, 2, 0.1]) @ axes + [5, 0, 0]


def test_principal_finds_known_axes_and_spreads():
    found = latent.principal(_stretched(), 3)
    np.testing.assert_allclose(found.vectors[0], [0.7071, 0.7071, 0], atol=0.03)
    np.testing.assert_allclose(np.abs(found.vectors[1]), [0, 0, 1], atol=0.03)
    np.testing.assert_allclose(found.spread, [3, 2, 0.1], rtol=0.05)
    np.testing.assert_allclose(found.mean, [5, 0, 0], atol=0.2)
    np.testing.assert_allclose(found.vectors @ found.vectors.T, np.eye(3), atol=1e-5)
    assert found.names == ("Direction 1", "Direction 2", "Direction 3")


def test_principal_gives_no_more_directions_than_there_are():
    assert len(latent.principal(_stretched(3), 9).vectors) == 2
    assert len(latent.principal(_stretched(), 9).vectors) == 3


def test_principal_signs_do_not_depend_on_the_order_of_the_codes():
    codes = _stretched()
    np.testing.assert_allclose(latent.principal(codes, 2).vectors, latent.principal(codes[::-1], 2).vectors, atol=1e-4)


def test_principal_of_very_wide_codes_agrees_with_the_exact_one(monkeypatch):
    codes = np.random.default_rng(0).standard_normal((200, 40)) * np.linspace(5, 1, 40)
    exact = latent.principal(codes, 3)
    monkeypatch.setattr(latent, "FULL_DIMENSIONS", 10)
    wide = latent.principal(codes, 3)
    np.testing.assert_allclose(wide.vectors, exact.vectors, atol=1e-3)
    np.testing.assert_allclose(wide.spread, exact.spread, rtol=1e-4)


def test_raw_ranks_dimensions_by_variance():
    codes = np.random.default_rng(0).standard_normal((500, 4)) * [0.01, 2, 1, 3]
    found = latent.raw(codes, 3)
    assert found.names == ("Dimension 4", "Dimension 2", "Dimension 3")
    np.testing.assert_array_equal(found.vectors, np.eye(4)[[3, 1, 2]])
    np.testing.assert_allclose(found.spread, codes.std(axis=0)[[3, 1, 2]], rtol=1e-5)


def test_move_goes_standard_deviations_along_each_direction():
    found = latent.Directions(np.zeros(3), np.eye(3, dtype=np.float32)[:2], np.array([2.0, 0.5]), ("a", "b"))
    np.testing.assert_allclose(latent.move(found, np.ones(3), np.array([1, -2])), [[3, 0, 1]])
    np.testing.assert_allclose(latent.move(found, np.zeros(3), np.array([[1, 0], [0, 1]])), [[2, 0, 0], [0, 0.5, 0]])
    with pytest.raises(ValueError, match="2 directions"):
        latent.move(found, np.ones(3), np.ones(3))


@pytest.mark.parametrize("find", [latent.principal, latent.raw])
def test_directions_of_unusable_codes_are_refused_with_a_sentence(find):
    with pytest.raises(ValueError, match="at least 2 codes"):
        find(np.zeros((1, 3)), 2)
    with pytest.raises(ValueError, match="diverged"):
        find(np.array([[0.0, 1.0], [np.nan, 1.0]]), 2)


def test_directions_of_identical_codes_are_still_unit_vectors():
    found = latent.principal(np.ones((5, 3)), 2)
    np.testing.assert_allclose(np.linalg.norm(found.vectors, axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(found.spread, 0, atol=1e-6)
