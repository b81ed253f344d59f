"""How good a run is: models whose answer is known, what is kept of a measurement, and the search for the best snapshot."""

import math

import numpy as np
import pytest
import torch

from genlib import ASSETS, data, features, metrics, points, quality
from genlib.features import Extractor
from genlib.models.base import Model
from genlib.runs import Run
from tests.pages import trained


class Known(Model):
    """A model that draws what it is told to, whatever the codes; rebuilds by shifting a little."""

    def __init__(self, items, encoder=False):
        super().__init__(data.load("ring").shape if items.ndim == 2 else (1, *items.shape[1:3]), 2, None)
        self.items, self.has_encoder, self.asked = items, encoder, []
        self.weight = torch.nn.Parameter(torch.zeros(1))
        self.place = 0

    def optimizers(self):
        return {}

    def learning_rates(self):
        return {}

    def step(self, batch, labels, optimizers):
        return {}

    def decode(self, z, labels=None):
        rows = np.arange(self.place, self.place + len(z)) % len(self.items)
        self.place += len(z)
        return torch.as_tensor(self.items[rows])

    def features(self, x):
        return x


@pytest.fixture
def plain(monkeypatch):
    """Pictures compared by their pixels, so that no network has to be trained."""
    monkeypatch.setattr(features, "extractor_for", lambda *_: Extractor("pixels", "0123456789ab", 0.9))


def draws(n, seed):
    return np.zeros((n, 2), np.float32)


def test_a_perfect_generator_of_points_reads_its_floor():
    known = quality.reference(data.load("ring"), 2000)
    perfect = Known(points.ring(100_000, 9).points)
    figures = quality.sample_quality(perfect, known.dataset, draws, known) | quality.of_points(perfect, draws, known)
    assert figures["frechet"]["value"] < 0.02 and figures["captured"]["value"] == 8
    for name in ("precision", "recall", "density", "coverage", "spread_ratio", "good"):
        assert figures[name]["value"] == pytest.approx(figures[name]["floor"], abs=0.05), name
    assert figures["js"]["value"] < 0.01 and figures["js"]["floor"] < 0.01 and figures["js"]["n"] == 100_000
    assert abs(figures["kid"]["value"]) < 3 * figures["kid"]["std"]


def test_a_half_collapsed_generator_reads_what_is_true_of_it():
    cloud = points.ring(100_000, 9)
    half = Known(cloud.points[cloud.labels % 2 == 0])
    known = quality.reference(data.load("ring"), 2000)
    figures = quality.sample_quality(half, known.dataset, draws, known) | quality.of_points(half, draws, known)
    assert figures["js"]["value"] == pytest.approx(0.311, abs=0.01) and figures["captured"]["value"] == 4
    assert figures["coverage"]["value"] < 0.6 and figures["good"]["value"] > 0.97


def test_the_floor_is_training_items_against_others_with_the_same_number(plain):
    digits = data.load("digits")
    known = quality.reference(digits, 5000)
    assert known.n == digits.split.sum() // 2 == known.rows.shape[1]
    assert len(np.unique(known.rows)) == 2 * known.n and digits.split[known.rows].all()
    assert quality.reference(digits, 300).n == 300


def test_samples_of_a_conditional_model_are_of_classes_as_frequent_as_in_the_data():
    cloud = data.load("ring")
    model = Known(cloud.items)
    assert quality._labels(model, cloud, 10) is None
    model.classes = 8
    labels = quality._labels(model, cloud, 8000)
    assert np.bincount(labels, minlength=8) == pytest.approx(1000, abs=150)


def test_a_measurement_is_kept_in_the_run_with_all_that_it_may_be_compared_by(plain):
    run, told = trained("digits", "vae", steps=40, latent_dim=4), []
    kept = quality.assess(run, n=300, progress=lambda fraction, message="": told.append(fraction))
    assert run.quality() == [kept] and kept["step"] == run.snapshots()[-1]
    assert kept["n"] == 300 and kept["features"] == {"name": "pixels", "digest": "0123456789ab", "accuracy": 0.9}
    assert {"frechet", "kid", "precision", "recall", "density", "coverage", "spread_ratio"} <= set(kept["figures"])
    assert all(name in {**metrics.METRICS, **metrics.FIGURES} for name in kept["figures"])
    assert min(told) >= 0 and max(told) <= 1 and told == sorted(told)
    first = run.snapshots()[0]
    quality.assess(run, first, n=300)
    quality.assess(run, first, n=300)  # in place of the one before
    quality.assess(run, first, n=200)
    assert [(one["step"], one["n"]) for one in run.quality()] == [(kept["step"], 300), (first, 300), (first, 200)]


def test_a_vae_is_measured_on_the_whole_test_split(plain):
    run = trained("digits", "vae", steps=40, latent_dim=4)
    figures = quality.assess(run, n=100)["figures"]
    tested = int((~data.load("digits").split).sum())
    logged = run.history()
    for name in ("test_elbo", "test_recon", "test_kl"):
        assert figures[name]["n"] == tested
        assert figures[name]["value"] == pytest.approx(logged[name][-1], rel=2e-2)
    assert figures["test_elbo"]["value"] < figures["bound"]["value"] < 0  # more draws, a tighter bound
    assert 10 < figures["rebuilt"]["value"] < 128


def test_a_gan_has_samples_to_measure_and_no_test_split(plain):
    figures = quality.assess(trained("digits", "gan", steps=3), n=100)["figures"]
    assert "frechet" in figures and not {"bound", "rebuilt", "test_elbo"} & set(figures)


def test_known_factors_are_matched_with_dimensions():
    shapes = data.load("shapes", 16)

    class Oracle(Known):
        def encode(self, x):
            rows = [self.rows[picture.numpy().tobytes()] for picture in x]
            return torch.as_tensor(shapes.factors[rows])

    model = Oracle(np.zeros((1, 16, 16, 1), np.uint8), encoder=True)
    model.shape = (3, 16, 16)
    some = slice(0, 1000)
    model.rows = {torch.as_tensor(quality.images.to_images(shapes.items[row : row + 1]))[0].numpy().tobytes(): row for row in range(1000)}
    model.items = quality.images.to_images(shapes.items[some])
    few = data.Dataset(
        "few", shapes.items[some], shapes.labels[some], shapes.classes, np.arange(1000) < 900, shapes.factors[some], shapes.factor_names
    )
    assert quality.of_test_split(model, few)["mig"]["value"] > 0.8


def test_the_best_snapshot_is_the_one_that_reads_best(monkeypatch):
    run = trained("ring", "gan", steps=60)
    steps = run.snapshots()[-4:]
    good = points.ring(20_000, 9)
    fakes = {step: good.points[good.labels < share] for step, share in zip(steps, (2, 8, 5, 3), strict=True)}
    monkeypatch.setattr(Run, "load", lambda self, step=None, device="cpu": Known(fakes[step]))
    found = quality.best_step(run, count=4, n=500)
    assert found["step"] == steps[1] and quality.judged_by(found["figures"]) == "js"
    ranked = quality.best(run.quality())
    assert [one["step"] for one in ranked] == [steps[1], steps[2], steps[3], steps[0]]
    assert {one["n"] for one in ranked} == {500}


def test_only_searches_that_may_be_compared_are_ranked():
    one = {"search": True, "codes": "prior", "features": {"digest": "a"}, "figures": {"frechet": {"value": 3.0}}}
    old = {**one, "step": 1, "n": 100, "figures": {"frechet": {"value": 1.0}}}
    assert [kept["step"] for kept in quality.best([old, {**one, "step": 2, "n": 200}, {**one, "step": 3, "n": 200, "search": False}])] == [
        2
    ]


def test_pictures_are_ranked_by_frechet_distance(plain):
    run = trained("digits", "vae", steps=200, latent_dim=4)
    quality.best_step(run, count=len(run.snapshots()), n=200)
    ranked = quality.best(run.quality())
    values = [one["figures"]["frechet"]["value"] for one in ranked]
    assert values == sorted(values) and ranked[0]["step"] > 20 > ranked[-1]["step"]


def test_what_is_measured_of_an_example_is_kept_apart(plain, home):
    run = Run(ASSETS / "runs" / "example-ring")
    kept = quality.assess(run, n=200)
    assert run.quality() == [kept] and not (run.folder / "quality.json").exists()
    assert math.isfinite(kept["figures"]["frechet"]["value"])


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [({"step": 7}, "nearest is"), ({"codes": "nowhere"}, "way to draw codes"), ({"n": 3}, "at least 16")],
)
def test_what_cannot_be_measured_is_a_sentence(asked, sentence):
    with pytest.raises(ValueError, match=sentence):
        quality.assess(trained("ring", "gan", steps=2), **asked)


def test_every_way_to_draw_codes_explains_itself_and_draws_for_some_model():
    run = trained("ring", "vae", steps=2)
    for row in quality.DRAWS.values():
        assert row.label and row.why.endswith(".") and row.possible(run.load())
        assert row.make(run.load(), data.load("ring"))(5, 0).shape == (5, run.config.latent_dim)
