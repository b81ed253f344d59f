"""The autoencoder: its loss, what noise, sparsity and dropout do, and the cloud that codes are drawn from."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from genlib import data
from genlib.mixtures import Mixture
from genlib.models import build, settle
from genlib.models.ae import Autoencoder, half_squares, spread_out
from genlib.models.blocks import Generator

GREY, COLOUR, POINTS = (1, 16, 16), (3, 16, 16), (2,)


def make(shape: tuple[int, ...] = GREY, latent_dim: int = 4, **options: Any) -> Autoencoder:
    torch.manual_seed(0)
    settled = settle("ae", shape, {"width": 32, "trunk": "mlp", "learning_rate": 3e-3} | options)
    model = build(SimpleNamespace(model="ae", latent_dim=latent_dim, classes=0, options=settled), shape)
    assert isinstance(model, Autoencoder)
    return model


def digits(n: int = 400) -> Tensor:
    items = torch.as_tensor(data.load("digits").items[:n]).permute(0, 3, 1, 2)
    return items / 127.5 - 1


def train(model: Autoencoder, x: Tensor, steps: int) -> list[dict[str, Tensor]]:
    optimizers = model.optimizers()
    torch.manual_seed(0)
    return [model.step(x[torch.randint(len(x), (64,))], None, optimizers) for _ in range(steps)]


def mean_error(model: Autoencoder, x: Tensor) -> float:
    with torch.inference_mode():
        return model.eval().measure(x)["recon"].item() / len(x)


def test_the_loss_is_half_the_squared_error_of_an_item_at_every_batch_size() -> None:
    x, made = torch.zeros(3, *GREY), torch.full((3, *GREY), 0.5)
    assert half_squares(made, x).item() == pytest.approx(3 * 256 * 0.25 / 2)
    model = make()
    with torch.inference_mode():
        wanted = 0.5 * (model.decode(model.encode(digits(40))) - digits(40)).square().flatten(1).sum(1)
        parts = sum(model.measure(part)["recon"].item() for part in digits(40).split(7))
    assert parts == pytest.approx(wanted.sum().item(), rel=1e-4)
    (metrics,) = train(make(), digits(1), 1)  # 64 times the same item
    assert metrics["recon"].item() == pytest.approx(mean_error(make(), digits(1)), rel=1e-4)


@pytest.mark.parametrize("shape", [GREY, COLOUR, POINTS], ids=str)
def test_it_learns_to_rebuild(shape: tuple[int, ...]) -> None:
    x = torch.randn(64, *shape, generator=torch.Generator().manual_seed(1)).tanh() if shape != GREY else digits()
    model = make(shape, latent_dim=12 if shape == COLOUR else 4)
    before = mean_error(model, x)
    train(model.train(), x, 200)
    assert mean_error(model, x) < 0.6 * before


def test_codes_are_shown_moved_to_zero_and_with_a_spread_of_one_without_touching_the_items() -> None:
    model = make()
    train(model, digits(), 300)
    with torch.inference_mode():
        codes = model.eval().encode(digits())
        own = model._codes(digits())
        assert torch.allclose(model.decode(codes), model._items(own), atol=1e-4)
    assert codes.mean(0).abs().max() < 0.3
    assert codes.var(0).mean().sqrt().item() == pytest.approx(1.0, abs=0.15)
    # One number for all dimensions: distances between codes keep their proportions.
    ratio = torch.cdist(codes[:20], codes[20:40]) / torch.cdist(own[:20], own[20:40])
    assert ratio.std() / ratio.mean() < 1e-4


def test_codes_are_drawn_from_a_gaussian_fitted_to_those_of_the_data() -> None:
    model = make()
    train(model, digits(), 400)
    with torch.inference_mode():
        codes = model.eval().encode(digits(1500))
    drawn = model.prior(20_000, torch.Generator().manual_seed(0))
    wanted, got = torch.cov(codes.T), torch.cov(drawn.T)
    assert (wanted - torch.diag(wanted.diagonal())).abs().max() > 0.2, "these codes would not tell a tilted cloud from an upright one"
    assert (got - wanted).norm() < 0.25 * wanted.norm() < (torch.eye(4) - wanted).norm()
    page = Mixture(*(part.numpy() for part in model.components())).sample(20_000, seed=0)
    assert np.abs(np.cov(page.T) - got.numpy()).max() < 0.05


def test_the_same_draws_move_as_little_as_the_codes_do() -> None:
    """Else the pictures that are watched while training would jump about: where variances are equal, axes may turn anywhere."""
    model, drawn = make(), []
    for pair in (0, 1), (2, 3):
        model.covariance.copy_(torch.eye(4))
        model.covariance[pair[0], pair[1]] = model.covariance[pair[1], pair[0]] = 0.01
        drawn.append(model.prior(100, torch.Generator().manual_seed(0)))
    assert (drawn[0] - drawn[1]).abs().max() < 0.05


def test_draws_survive_a_dimension_that_says_nothing() -> None:
    model = make()
    with torch.no_grad():
        model.bottleneck.weight[0], model.bottleneck.bias[0] = 0.0, 1.0
        codes = model._codes(digits())
        codes[:, 2] = codes[:, 1]  # and one that only repeats another
        model._follow(codes)
    drawn = model.prior(1000, torch.Generator().manual_seed(0))
    assert drawn.isfinite().all() and drawn[:, 0].std() < 1e-3
    assert torch.allclose(drawn[:, 1], drawn[:, 2], atol=1e-3)


def test_a_denoising_one_cleans_what_a_plain_one_copies() -> None:
    x = digits(1200)
    noisy = x[1000:] + 0.7 * torch.randn(200, *GREY, generator=torch.Generator().manual_seed(3))

    def left_over(noise: float) -> float:
        model = make(latent_dim=64, width=256, learning_rate=1e-3, noise=noise)  # room enough to copy noise as well
        train(model, x[:1000], 400)
        with torch.inference_mode():
            return half_squares(model.eval().decode(model.encode(noisy)), x[1000:]).item() / 200

    assert left_over(0.7) < 0.9 * left_over(0.0)


def test_sparsity_leaves_fewer_numbers_to_a_code() -> None:
    densities, errors = [], []
    for sparsity in (0.0, 3.0):
        model = make(latent_dim=16, sparsity=sparsity)
        densities.append(train(model, digits(), 400)[-1]["density"].item())
        errors.append(mean_error(model, digits()))
    assert densities[1] < 0.75 * densities[0] and errors[1] > errors[0]


def test_sparsity_cannot_be_dodged_by_small_codes() -> None:
    codes = torch.randn(10_000, 8, generator=torch.Generator().manual_seed(0))
    assert spread_out(codes).item() == pytest.approx((2 / torch.pi) ** 0.5, abs=0.01)
    assert spread_out(1e-3 * codes).item() == pytest.approx(spread_out(codes).item(), rel=1e-5)
    assert spread_out(codes * (torch.arange(8) == 0)) < 0.4


@pytest.mark.parametrize("trunk", ["mlp", "conv", "residual"])
def test_dropout_is_in_both_networks_and_only_while_training(trunk: str) -> None:
    model = make(trunk=trunk, dropout=0.5)
    codes = torch.randn(5, 4)
    for network, given in ((model.encoder, digits(5)), (model.decoder, codes)):
        assert not torch.equal(network.train()(given), network(given))
        assert torch.equal(network.eval()(given), network(given))
    assert isinstance(model.decoder, Generator)


def test_weight_decay_takes_its_share_of_every_weight_at_every_step() -> None:
    """Decoupled from the gradient, whose size Adam forgets (Loshchilov and Hutter 2019): rate times decay times the weight."""
    start = make().state_dict()
    plain, decayed = make(), make(weight_decay=0.5)
    for model in (plain, decayed):
        train(model, digits(), 1)
    for name, parameter in plain.named_parameters():
        lost = parameter - dict(decayed.named_parameters())[name]
        assert torch.allclose(lost, 3e-3 * 0.5 * start[name], atol=1e-6), name
