"""What the album shows of a run keeps its place while the model changes, also where the prior itself moves."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

from genlib import data
from genlib.album import Album
from genlib.feed import Feed
from genlib.models import build, settle
from genlib.models.priors import Mixture
from genlib.models.vae import VAE


def album_of(**options: Any) -> tuple[Album, VAE]:
    feed = Feed(data.load("ring"), 64, 0, torch.device("cpu"))
    config = SimpleNamespace(model="vae", latent_dim=2, classes=0, options=settle("vae", (2,), {"width": 8} | options))
    model = build(config, (2,))
    assert isinstance(model, VAE)
    return Album(feed, model, seed=4), model


def test_fixed_codes_are_the_same_at_every_look_and_leave_torchs_own_draws_alone() -> None:
    album, model = album_of()
    before = torch.get_rng_state()
    assert np.array_equal(album.codes(model), album.codes(model))
    assert torch.equal(before, torch.get_rng_state())


def test_fixed_codes_go_along_with_a_prior_that_moves() -> None:
    """Otherwise they would stay where the prior was at the first step, and the pictures be of nothing."""
    album, model = album_of(prior="mixture", components=4)
    assert isinstance(model.cloud, Mixture)
    first = album.codes(model)
    model.cloud.means[1] += 7
    moved = album.codes(model) - first
    assert np.allclose(moved[album.labels == 1], 7, atol=1e-5) and not moved[album.labels != 1].any()
