import numpy as np
import pytest

from genlib import directions, latent


def test_the_strongest_direction_of_a_linear_generator_is_found():
    mixing = np.zeros((8, 48), np.float32)
    mixing[3, :] = 5.0  # dimension 4 moves every pixel
    mixing[6, :10] = 1.0
    found = directions.from_generator(directions.telling, lambda codes: codes @ mixing, latent_dim=8, count=2)
    assert abs(found.vectors[0, 3]) > 0.999 and abs(found.vectors[1, 6]) > 0.99
    assert found.names == ("Direction 1", "Direction 2")


def test_directions_are_unit_steps_from_the_middle_of_the_prior():
    found = directions.from_generator(directions.telling, np.tanh, latent_dim=6, count=6)
    assert np.allclose(found.vectors @ found.vectors.T, np.eye(6), atol=1e-5)
    assert not found.mean.any() and (found.spread == 1).all()


def test_the_same_generator_gives_the_same_directions():
    first, second = (directions.from_generator(directions.telling, np.sin, 5, 3) for _ in range(2))
    assert np.array_equal(first.vectors, second.vectors)


def test_pictures_of_whole_numbers_are_taken_too():
    mixing = np.random.default_rng(0).normal(size=(4, 30))
    pictures = directions.from_generator(
        directions.telling, lambda codes: np.clip(codes @ mixing * 20 + 128, 0, 255).astype(np.uint8).reshape(-1, 5, 6, 1), 4, 4
    )
    assert pictures.vectors.shape == (4, 4)


def test_too_few_draws_are_refused():
    codes = latent.sample(9, 5, 0)
    with pytest.raises(ValueError, match="at least 10 decoded codes, got 9"):
        directions.telling(codes, codes, 2)


def test_raw_dimensions_are_ranked_by_what_they_change():
    mixing = np.diag([1.0, 5.0, 0.1]).repeat(4, axis=1)
    found = directions.from_generator(directions.dimensions, lambda codes: codes @ mixing, latent_dim=3, count=2)
    assert found.names == ("Dimension 2", "Dimension 1")
    assert found.vectors.tolist() == [[0, 1, 0], [1, 0, 0]]


def test_directions_are_found_among_the_codes_that_are_drawn():
    seen = []
    draw = lambda n, seed: np.random.default_rng(seed).normal(5, [1, 2, 3], (n, 3))  # noqa: E731
    directions.from_generator(directions.telling, lambda codes: seen.append(codes) or codes, 3, 2, seed=4, draw=draw)
    assert np.array_equal(seen[0], draw(directions.DRAWS, 4))


def test_coordinates_undo_a_plane_though_its_directions_are_oblique():
    origin, u, v = np.ones(4), np.array([2.0, 0, 0, 0]), np.array([1.0, 1, 0, 0])
    places = np.array([[0.5, -1.0], [2, 3]], np.float32)
    assert np.allclose(directions.coordinates(origin, u, v, latent.plane(origin, u, v, places)), places)
