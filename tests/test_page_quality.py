"""The section "How good is it?" on Samples: measured when asked for, told with all it may be compared by."""

import pytest

from genlib import features, quality
from genlib.features import Extractor
from tests.instant import compute_here
from tests.pages import button, texts, trained, visit, whole


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    compute_here(monkeypatch)
    monkeypatch.setattr(features, "extractor_for", lambda *_: Extractor("pixels", "0123456789ab", 0.9))
    monkeypatch.setattr(quality, "COUNT", 200)
    monkeypatch.setattr(quality, "SEARCH_COUNT", 100)


@pytest.mark.parametrize(("dataset", "model", "figure"), [("digits", "vae", "bound"), ("digits", "gan", "KID"), ("ring", "gan", "JS")])
def test_figures_stand_beside_their_floor(dataset, model, figure):
    run = trained(dataset, model, steps=3, latent_dim=4)
    app = visit("samples", run=run.name)
    assert "How good is it?" in texts(app) and "Real against real" not in texts(app)
    whole(button(app, "quality-measure").click().run())
    said = texts(whole(app.run()))
    assert "Real against real" in said and "Fréchet distance" in said and figure in said
    assert "200 samples" in said and "pixels; right about 90.0% of test items; weights 0123456789ab" in said
    assert "Compare figures only where N and the features are the same" in said
    assert "Real against real" in texts(visit("samples", run=run.name))  # it was kept


def test_another_moment_has_figures_of_its_own():
    run = trained("digits", "vae", steps=30, latent_dim=4)
    quality.assess(run, n=100)
    app = visit("samples", run=run.name)
    assert "Real against real" in texts(app)
    bar = next(found for found in app.select_slider if found.label == "Moment of training")
    assert "Real against real" not in texts(whole(bar.set_value(run.snapshots()[0]).run()))


def test_the_best_snapshot_is_found_and_can_be_looked_at(monkeypatch):
    monkeypatch.setattr(quality, "_judged", lambda one: -one["step"] if one["step"] < 20 else 0)
    run = trained("ring", "gan", steps=30)
    chosen = max(step for step in run.snapshots() if step < 20)
    app = visit("samples", run=run.name)
    whole(button(app, "quality-search").click().run())
    whole(app.run())
    assert f"Best snapshot: step {chosen:,}" in texts(app)
    whole(button(app, "quality-best").click().run())
    bar = next(found for found in app.select_slider if found.label == "Moment of training")
    assert bar.value == chosen and "Best snapshot" in texts(app)


def test_what_went_wrong_is_a_sentence(monkeypatch):
    def fail(*args, **kwargs):
        raise ValueError("there are too few items")

    monkeypatch.setattr(quality, "assess", fail)
    app = visit("samples", run=trained("ring", "gan", steps=2).name)
    whole(button(app, "quality-measure").click().run())
    assert "too few items" in texts(app)


def test_the_list_of_runs_says_what_was_measured_and_how():
    run = trained("ring", "gan", steps=2)
    assert "Fréchet" not in texts(visit("runs"))
    value = quality.assess(run, n=100)["figures"]["frechet"]["value"]
    assert f"Fréchet distance {value:.3g} at step 2 (N 100, features 01234567)" in texts(visit("runs"))
