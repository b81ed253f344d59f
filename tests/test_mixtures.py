"""Mixtures of normals: what they are fitted to they give back, and how codes are drawn from them."""

import numpy as np
import pytest

from genlib import mixtures
from genlib.mixtures import Mixture, MixtureOptions

TWO = Mixture(np.array([0.25, 0.75]), np.array([[-5.0, 0], [5, 0]]), np.array([[[1.0, 0], [0.8, 0.6]], [[0.5, 0], [0, 0.1]]]))


def test_a_fit_finds_the_normals_that_the_codes_were_drawn_from():
    found = mixtures.fit(TWO.sample(8000, seed=0), MixtureOptions(2))
    order = np.argsort(found.means[:, 0])
    np.testing.assert_allclose(found.weights[order], TWO.weights, atol=0.02)
    np.testing.assert_allclose(found.means[order], TWO.means, atol=0.06)
    np.testing.assert_allclose((found.roots @ found.roots.swapaxes(1, 2))[order], TWO.roots @ TWO.roots.swapaxes(1, 2), atol=0.06)


def test_the_same_codes_and_seed_give_the_same_mixture():
    codes = TWO.sample(500, seed=0)
    first, second = (mixtures.fit(codes, MixtureOptions(3), seed=1).means for _ in range(2))
    assert np.array_equal(first, second)


def test_draws_are_seeded_and_the_first_rows_do_not_depend_on_their_number():
    assert np.array_equal(TWO.sample(5, seed=3), TWO.sample(50, seed=3)[:5])
    assert not np.array_equal(TWO.sample(5, seed=3), TWO.sample(5, seed=4))
    assert TWO.sample(5, seed=3).dtype == np.float32


def test_without_labels_the_weights_choose_the_component():
    assert (TWO.sample(4000, seed=0)[:, 0] > 0).mean() == pytest.approx(0.75, abs=0.03)


def test_labels_choose_the_component():
    labels = np.array([0, 1, 1, 0])
    assert np.array_equal(TWO.sample(4, 0, labels=labels)[:, 0] > 0, labels == 1)


def test_a_colder_draw_is_nearer_to_its_own_component_and_not_to_the_middle():
    cold = TWO.sample(100, 0, temperature=0.0)
    assert {tuple(code) for code in cold.tolist()} == {(-5.0, 0.0), (5.0, 0.0)}


def test_truncation_limits_how_far_a_code_is_from_its_component():
    labels = np.ones(2000, int)
    cut = TWO.sample(2000, 0, truncation=1.0, labels=labels) - TWO.means[1]
    assert np.abs(cut).max(axis=0) == pytest.approx([0.5, 0.1], rel=0.01)


def test_silent_dimensions_stay_silent():
    codes = np.random.default_rng(0).normal(size=(2000, 3)) * [1.0, 1.0, 1e-3]
    drawn = mixtures.fit(codes, MixtureOptions(4)).sample(2000, 0)
    assert drawn.std(axis=0)[2] == pytest.approx(1e-3, rel=0.6)


def test_codes_that_are_all_alike_are_fitted_too():
    assert np.allclose(mixtures.fit(np.ones((40, 3)), MixtureOptions(3)).sample(5, 0), 1, atol=1e-3)


def test_too_few_codes_are_refused():
    with pytest.raises(ValueError, match="10 components need at least 20 codes, got 8; choose fewer"):
        mixtures.fit(np.zeros((8, 2)))


def test_a_fit_is_kept_beside_its_codes(tmp_path, monkeypatch):
    file = tmp_path / "codes.npz"
    np.savez(file, values=TWO.sample(300, 0))
    told = []
    made = mixtures.fit_file(file, MixtureOptions(2), progress=lambda *words: told.append(words))
    assert told == [(None, "Fitting 2 normals to 300 codes")]
    monkeypatch.setattr(mixtures, "fit", None)
    assert np.array_equal(mixtures.fit_file(file, MixtureOptions(2)).sample(9, 0), made.sample(9, 0))
    assert mixtures.kept(file, MixtureOptions(3)) is None


def test_upright_components_are_drawn_as_their_full_covariances_would_be():
    spread = np.array([[1.0, 2.0], [0.5, 3.0]])
    upright = Mixture(TWO.weights, TWO.means, spread)
    full = Mixture(TWO.weights, TWO.means, np.stack([np.diag(row) for row in spread]))
    np.testing.assert_allclose(upright.sample(20, 0), full.sample(20, 0), rtol=1e-6)
