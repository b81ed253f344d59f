"""The look at a model while it trains: it tells collapse and copies from health, and leaves no trace."""

import numpy as np
import pytest
import torch

from genlib import metrics
from genlib.checkup import SHARE, Checkup
from genlib.config import Config
from genlib.data import load
from genlib.feed import Feed
from genlib.models import MODELS, build
from genlib.runs import Run
from genlib.state import State
from genlib.train import train

CPU = torch.device("cpu")
SETS = {"ring": None, "digits": 16}


def feed_of(dataset):
    return Feed(load(dataset, SETS[dataset]), 32, 0, CPU)


def drawn(dataset, items):
    """Look at a model that draws what `items(feed, n)` says, whatever the codes."""
    feed = feed_of(dataset)
    model = build(Config.create(dataset, "vae", {"width": 8, "trunk": "mlp"}), tuple(Checkup(feed, 0).data.shape[1:]))
    model.decode = lambda z, labels=None: items(feed, len(z))
    return Checkup(feed, 0).look(model)


def fresh(feed, n):
    """Return held-out items: what a perfect model would draw."""
    rows = np.random.default_rng(1).choice(np.flatnonzero(~feed.dataset.split), n)
    return feed.tensors(torch.as_tensor(feed.dataset.items[rows]))


def one(feed, n):
    return fresh(feed, 1)[[0] * n]


@pytest.mark.parametrize("dataset", SETS)
def test_a_perfect_model_spreads_like_the_data_and_does_not_copy(dataset):
    seen = drawn(dataset, fresh)
    assert seen["spread"] == pytest.approx(1, abs=0.08) and seen["spread_features"] == pytest.approx(1, abs=0.15)
    assert seen["nearest_samples"] == pytest.approx(seen["nearest_held_out"], rel=0.1)
    what, count = ("modes", 8) if dataset == "ring" else ("classes", 10)
    assert (seen[f"{what}_hit"], seen[f"{what}_missed"]) == (count, 0)
    assert seen.get("good_share", 1) > 0.97


@pytest.mark.parametrize("dataset", SETS)
def test_a_model_that_draws_one_thing_has_no_spread_and_hits_one_class(dataset):
    seen = drawn(dataset, one)
    assert seen["spread"] < 0.01 and seen["spread_features"] < 0.01
    what, count = ("modes", 8) if dataset == "ring" else ("classes", 10)
    assert (seen[f"{what}_hit"], seen[f"{what}_missed"]) == (1, count - 1)


def test_a_model_that_draws_training_pictures_is_near_them():
    seen = drawn("digits", lambda feed, n: feed.batch(0)[0].repeat(5, 1, 1, 1)[:n])
    assert seen["nearest_samples"] < 0.05 * seen["nearest_held_out"]


def test_stray_samples_do_not_make_a_mode_hit():
    """Two samples of a thousand near a mode that deserves 125 are a stray pair, whatever the literature counts."""

    def items(feed, n):
        points = torch.as_tensor(feed.dataset.modes)[torch.zeros(n, dtype=torch.int64)]
        points[:2] = torch.as_tensor(feed.dataset.modes)[1]
        return points

    assert SHARE * 1000 / 8 > 2
    assert drawn("ring", items)["modes_hit"] == 1


def test_what_is_not_finite_is_left_out():
    seen = drawn("ring", lambda feed, n: torch.full((n, 2), float("nan")))
    assert all(np.isfinite(list(seen.values()))) and "spread" not in seen


@pytest.mark.parametrize("dataset", SETS)
@pytest.mark.parametrize("model", MODELS)
def test_looking_leaves_no_trace_and_sees_the_same_again(model, dataset):
    feed = feed_of(dataset)
    config = Config.create(dataset, model, {"width": 8}, latent_dim=4, batch_size=32, size=SETS[dataset])
    torch.manual_seed(0)
    state = State(build(config, config.shape))
    state.advance(Feed(feed.dataset, 32 * state.model.batches, 0, CPU))
    checkup = Checkup(feed, 0)
    for looked in (state.model, state.averaged):
        before, random, mode = {k: v.clone() for k, v in looked.state_dict().items()}, torch.get_rng_state(), looked.training
        seen = checkup.look(looked)
        assert seen == checkup.look(looked) and seen.keys() <= metrics.METRICS.keys()
        assert all(torch.equal(value, before[name]) for name, value in looked.state_dict().items())
        assert torch.equal(torch.get_rng_state(), random) and looked.training == mode


def test_a_run_that_is_looked_at_gives_the_same_weights(tmp_path, monkeypatch):
    config = Config.create("digits", "gan", {"trunk": "conv", "width": 8}, latent_dim=4, batch_size=32, steps=12)
    weights = []
    for _ in range(2):
        run = Run.create(config, tmp_path)
        for _ in train(run):
            pass
        weights.append((run.load().state_dict(), run.history()))
        monkeypatch.setattr(Checkup, "look", lambda self, *models: {})
    (looked, history), (other, unwatched) = weights
    assert "grad" not in history and {"g_grad", "d_grad"} <= history.keys(), "a GAN tells its two gradients by itself"
    assert np.isfinite(history["spread"]).sum() >= 8 and "spread" not in unwatched
    assert looked.keys() == other.keys() and all(torch.equal(looked[name], other[name]) for name in looked)


def test_the_gradient_of_a_single_network_is_told(tmp_path):
    run = Run.create(Config.create("ring", "vae", {"width": 8, "beta": 100.0}, latent_dim=2, batch_size=32, steps=12), tmp_path)
    for _ in train(run):
        pass
    assert (run.history()["grad"][np.isfinite(run.history()["grad"])] > 0).all()
