"""Films of a walk: every format, both ways, and what is refused."""

import io

import numpy as np
import pytest
from PIL import Image

from genlib import film, latent
from genlib.film import FilmOptions
from tests.pages import trained


@pytest.fixture
def run():
    return trained("ring", "vae", steps=2, latent_dim=3)


@pytest.mark.parametrize("form", film.WRITERS)
@pytest.mark.parametrize("kind", latent.PATHS)
def test_every_format_and_every_way(run, form, kind):
    told = []
    options = FilmOptions(format=form, frames=5, side=64)
    made = film.film(run.folder, None, latent.sample(2, 3, 0), kind, options, progress=lambda fraction, words: told.append(fraction))
    assert made[:3] == b"GIF" if form == "GIF" else b"ftyp" in made[:16]
    assert told == sorted(told) and told[0] == 0 and 0.5 < told[-1] <= 1


@pytest.mark.parametrize(("back", "frames"), [(True, 8), (False, 5)])
def test_there_and_back_shows_the_ends_once(run, back, frames):
    made = film.film(run.folder, None, latent.sample(2, 3, 0), "straight", FilmOptions(frames=5, side=64, back=back))
    assert Image.open(io.BytesIO(made)).n_frames == frames


def test_the_same_walk_is_the_same_film(run):
    first, second = (film.film(run.folder, None, np.eye(2, 3), "straight", FilmOptions(frames=3, side=64)) for _ in range(2))
    assert first == second


def test_a_conditional_run_has_a_film_of_each_class():
    run = trained("ring", "vae", steps=8, latent_dim=3, options={"conditional": True})
    first, other = (film.film(run.folder, None, np.eye(2, 3), "straight", FilmOptions(frames=3, side=64), label) for label in (0, 4))
    assert first != other


def test_too_many_frames_are_refused(run):
    with pytest.raises(ValueError, match="frames must be from 2 to 600, got 5000"):
        film.film(run.folder, None, np.eye(2, 3), "straight", FilmOptions(frames=5000))
