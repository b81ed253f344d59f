"""What a map is drawn from, kept on disk."""

import dataclasses

import numpy as np
import pytest

from genlib import data, mixtures, quality, vectors
from genlib.mixtures import MixtureOptions
from genlib.vectors import WHAT, Subject
from tests.pages import trained


@pytest.fixture
def run():
    return trained("ring", "vae", latent_dim=3)


@pytest.mark.parametrize("what", WHAT)
def test_every_item_gets_the_vector_that_the_model_gives_it(run, what):
    kept = vectors.read(vectors.make(Subject(run.folder, run.snapshots()[-1], what, "test", 50)))
    items = data.load("ring").items[kept.rows]
    assert len(kept.values) == len(kept.rows) == 50
    assert np.allclose(kept.values, WHAT[what].make(run.load(run.snapshots()[-1]), items), atol=1e-5)


def test_all_items_are_taken_up_to_the_limit_and_in_their_own_order(run):
    dataset = data.load("ring")
    whole = Subject(run.folder, what="pixels").rows(dataset)
    assert np.array_equal(whole, np.arange(len(dataset)))
    some = Subject(run.folder, what="pixels", part="training", count=100).rows(dataset)
    assert len(some) == 100 and dataset.split[some].all() and (np.diff(some) > 0).all()


def test_kept_vectors_are_not_computed_again(run, monkeypatch):
    subject = Subject(run.folder, what="pixels", count=20)
    file = vectors.make(subject)
    monkeypatch.setattr("genlib.data.load", None)
    assert vectors.make(subject) == file


def test_another_question_is_another_file(run):
    subject = Subject(run.folder, 0, "codes", "all", 100)
    changes = [{"step": 1}, {"what": "features"}, {"part": "test"}, {"count": 99}]
    assert len({subject.file, *(dataclasses.replace(subject, **change).file for change in changes)}) == 5


def test_newer_weights_are_another_file(run):
    subject = Subject(run.folder)
    before = subject.file
    (run.folder / "model.safetensors").touch()
    assert subject.file != before


def test_maps_of_runs_that_are_gone_are_removed(run):
    stale = vectors.maps_folder() / "gone"
    stale.mkdir(parents=True)
    file = vectors.make(Subject(run.folder, what="pixels", count=20))
    assert file.exists() and not stale.exists()


def test_progress_is_told(run):
    told = []
    vectors.make(Subject(run.folder, what="pixels"), progress=lambda fraction, words: told.append((fraction, words)))
    assert len(told) > 3 and told[-1][0] < 1 and "Pixels of item" in told[0][1]


@pytest.mark.parametrize(
    ("change", "sentence"), [({"what": "colour"}, "no thing to map"), ({"part": "x"}, "no part"), ({"count": 3}, "at least 16")]
)
def test_what_cannot_be_mapped_is_refused(run, change, sentence):
    with pytest.raises(ValueError, match=sentence):
        Subject(run.folder, **change)


def test_a_model_without_encoder_has_no_codes():
    run = trained("ring", "gan")
    assert vectors.possible(run.load()) == ["features", "pixels"]
    with pytest.raises(ValueError, match="no encoder"):
        vectors.make(Subject(run.folder, what="codes"))


def test_a_models_own_categories_are_kept_and_not_computed_again(monkeypatch):
    run = trained("ring", "vae", latent_dim=2, options={"prior": "mixture", "components": 3, "mixture_start": 1})
    subject = Subject(run.folder, run.snapshots()[-1], "pixels", "test", 50)
    labels = vectors.sort(subject)
    dataset = data.load("ring")
    assert np.array_equal(labels, run.load(run.snapshots()[-1]).sort(dataset.items[subject.rows(dataset)]))
    monkeypatch.setattr("genlib.data.load", None)
    assert np.array_equal(vectors.sort(subject), labels)


def test_a_model_without_categories_sorts_nothing(run):
    with pytest.raises(ValueError, match="finds no categories by itself; group its items with k-means"):
        vectors.sort(Subject(run.folder))


def test_a_mixture_is_fitted_to_the_codes_and_kept_beside_them(run):
    subject = Subject(run.folder, run.snapshots()[-1], "codes", "training", 200)
    found = vectors.mixture(subject, MixtureOptions(2))
    assert np.array_equal(found.means, mixtures.fit(vectors.read(subject.file).values, MixtureOptions(2)).means)
    assert mixtures.kept(subject.file, MixtureOptions(2)) is not None


def test_a_mixture_fitted_without_keeping_it_is_the_same(run):
    subject = Subject(run.folder, run.snapshots()[-1], "codes", "training")
    found = vectors.mixture_of(run.load(run.snapshots()[-1]), data.load("ring"), MixtureOptions(2))
    assert np.allclose(found.means, vectors.mixture(subject, MixtureOptions(2)).means)


def test_quality_is_measured_of_the_mixture_that_samples_draws_from(run):
    step = run.snapshots()[-1]
    row = quality.DRAWS["mixture"]
    shown = vectors.mixture(Subject(run.folder, step, "codes", "training"), MixtureOptions())
    assert row.possible(run.load(step))
    assert np.allclose(row.make(run.load(step), data.load("ring"))(20, 3), shown.sample(20, 3), atol=1e-4)
