"""The VAE-GAN: three networks, each with the gradient of its own loss alone, and copies compared in the discriminator's features."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import softplus

from genlib import data
from genlib.models import build, settle
from genlib.models.divergences import kl_to_prior
from genlib.models.vaegan import VAEGAN

GREY, POINTS = (1, 16, 16), (2,)
NETWORKS = ("encoder", "decoder", "discriminator")
Gradients = dict[str, dict[str, Tensor]]


def make(shape: tuple[int, ...] = GREY, classes: int = 0, **options: Any) -> VAEGAN:
    torch.manual_seed(0)
    settled = settle("vae-gan", shape, {"width": 16, "trunk": "mlp"} | options)
    model = build(SimpleNamespace(model="vae-gan", latent_dim=4, classes=classes, options=settled), shape)
    assert isinstance(model, VAEGAN)
    return model


def digits(n: int = 400) -> Tensor:
    return torch.as_tensor(data.load("digits").items[:n]).permute(0, 3, 1, 2) / 127.5 - 1


def train(model: VAEGAN, x: Tensor, steps: int) -> list[dict[str, Tensor]]:
    optimizers = model.optimizers()
    torch.manual_seed(0)
    return [model.step(x[torch.randint(len(x), (64,))], None, optimizers) for _ in range(steps)]


@contextmanager
def caught(model: VAEGAN, optimizers: Any) -> Iterator[Gradients]:
    """Keep each network's gradients as its optimizer is handed them, instead of moving weights; no other network may have any then,
    but decoder and encoder, whose gradients are worked out together."""
    found: Gradients = {}

    def keep(name: str) -> None:
        found[name] = {key: p.grad.clone() for key, p in getattr(model, name).named_parameters() if p.grad is not None}
        strangers = {"discriminator"} if name != "discriminator" else {"encoder", "decoder"}
        assert all(p.grad is None for other in strangers for p in getattr(model, other).parameters()), f"foreign gradients with {name}'s"

    kept = {name: optimizer.step for name, optimizer in optimizers.items()}
    for name, optimizer in optimizers.items():
        optimizer.step = lambda name=name: keep(name)
    yield found
    for name, optimizer in optimizers.items():
        optimizer.step = kept[name]


def own_gradients(model: VAEGAN, x: Tensor) -> Gradients:
    """The gradient of each network's loss as the paper's algorithm 1 has it, worked out apart, with the draws of `step`."""
    torch.manual_seed(7)
    options = model.options
    mean, log_variance = model.encoder(x).chunk(2, 1)
    z, drawn = mean + torch.randn_like(mean) * (0.5 * log_variance).exp(), torch.randn_like(mean)

    def judged(item: Tensor) -> tuple[Tensor, Tensor]:
        features = torch.nn.Sequential(*model.discriminator.trunk.layers[: options.feature_layer])(item).flatten(1)
        return features, model.discriminator(item)

    def gradients(name: str, loss: Tensor) -> dict[str, Tensor]:
        named = dict(getattr(model, name).named_parameters())
        found = torch.autograd.grad(loss, list(named.values()), retain_graph=True, allow_unused=True)
        return {key: value for key, value in zip(named, found, strict=True) if value is not None}

    copies, draws = model.decode(torch.cat([z, drawn])).chunk(2)
    compared = 0.5 * (judged(copies)[0] - judged(x)[0]).square().sum() / len(x)
    fooled = torch.cat([judged(copies)[1], judged(draws)[1]])
    features = judged(x)[0].shape[1]
    return {
        "encoder": gradients("encoder", options.beta * kl_to_prior(mean, log_variance).sum(1).mean() + compared),
        "decoder": gradients("decoder", options.gamma * compared / features + softplus(-fooled).mean()),
        "discriminator": gradients("discriminator", softplus(-judged(x)[1]).mean() + softplus(fooled).mean()),
    }


@pytest.mark.parametrize("shape", [GREY, POINTS], ids=str)
def test_each_network_gets_the_gradient_of_its_own_loss_alone(shape: tuple[int, ...]) -> None:
    model = make(shape, gamma=3.0, beta=2.0)
    x = digits(12) if shape == GREY else torch.randn(12, 2, generator=torch.Generator().manual_seed(1))
    wanted = own_gradients(model, x)
    optimizers = model.optimizers()
    with caught(model, optimizers) as found:
        torch.manual_seed(7)
        model.step(x, None, optimizers)
    for name in NETWORKS:
        assert found[name].keys() == wanted[name].keys() == dict(getattr(model, name).named_parameters()).keys()
        for key, gradient in wanted[name].items():
            assert torch.allclose(found[name][key], gradient, rtol=1e-3, atol=1e-6), f"{name}.{key}"


@pytest.mark.parametrize("trunk", ["mlp", "conv", "residual"])
def test_after_a_step_no_gradient_is_left_anywhere(trunk: str) -> None:
    model = make(trunk=trunk)
    train(model, digits(), 1)
    assert all(parameter.grad is None and parameter.requires_grad for parameter in model.parameters())


@pytest.mark.parametrize("loss", ["non-saturating", "minimax", "least squares", "hinge"])
def test_the_decoder_learns_to_deceive_and_not_to_be_caught(loss: str) -> None:
    """With a discriminator that stands still and no copies to mind, its loss must fall; a term of the wrong sign would raise it."""
    model = make(loss=loss, gamma=0.0, discriminator_rate=1e-6, encoder_rate=1e-6, decoder_rate=3e-3)
    losses = [metrics["g_loss"].item() for metrics in train(model, digits(), 60)]
    assert sum(losses[-5:]) < sum(losses[:5])


def test_the_encoder_hears_nothing_of_the_game() -> None:
    """Where features differ in nothing and the KL is free, the encoder stands still, however the decoder is deceiving."""
    model = make(beta=0.0)
    optimizers = model.optimizers()
    with torch.no_grad():
        for layer in model.discriminator.trunk.layers[: model.options.feature_layer]:
            for parameter in layer.parameters():
                parameter.zero_()
    with caught(model, optimizers) as found:
        model.step(digits(12), None, optimizers)
    assert all(not gradient.any() for gradient in found["encoder"].values())


@pytest.mark.parametrize(("trunk", "layers"), [("mlp", 3), ("conv", 3), ("residual", 3)])
def test_copies_are_compared_in_the_layer_that_is_asked_for(trunk: str, layers: int) -> None:
    assert make(trunk=trunk).options.feature_layer == layers - 1  # the last but one
    for layer in range(1, layers + 1):
        model = make(trunk=trunk, feature_layer=layer).eval()
        features, seen = model.discriminator.trunk.see(digits(5), layer)
        upto = torch.nn.Sequential(*model.discriminator.trunk.layers[:layer])(digits(5)).flatten(1)
        assert torch.equal(features, upto) and torch.equal(seen, model.discriminator.trunk(digits(5)))
        assert train(make(trunk=trunk, feature_layer=layer), digits(), 1)[0]["feature_recon"] > 0


def test_copies_come_to_resemble_their_items_and_codes_stay_near_the_prior() -> None:
    model = make(width=64)
    rates = {"encoder_rate": 1e-3, "decoder_rate": 1e-3, "discriminator_rate": 5e-4}
    model.options = type(model.options)(**vars(model.options) | rates)
    with torch.inference_mode():
        before = model.eval().measure(digits())
    metrics = train(model.train(), digits(), 400)[-1]
    with torch.inference_mode():
        after, codes = model.eval().measure(digits()), model.encode(digits())
    assert after["recon"] < 0.6 * before["recon"]
    assert metrics["active_units"] == 4 and 0.3 < codes.std(0).mean() < 2.0


def test_gamma_weighs_copies_against_deceiving() -> None:
    """In the eyes of a discriminator that stands still, so that the same features are compared."""
    errors = []
    for gamma in (0.0, 30.0):
        metrics = train(make(width=64, gamma=gamma, discriminator_rate=1e-6), digits(), 200)
        errors.append(metrics[-1]["feature_recon"].item())
    assert errors[1] < 0.7 * errors[0]


def test_beta_draws_codes_to_the_prior() -> None:
    divergences = [train(make(beta=beta), digits(), 200)[-1]["kl"].item() for beta in (0.1, 10.0)]
    assert divergences[1] < 0.7 * divergences[0]


@pytest.mark.parametrize("trunk", ["mlp", "conv"])
def test_a_conditional_one_draws_the_class_that_is_asked_for(trunk: str) -> None:
    model = make(classes=2, conditional=True, trunk=trunk)
    optimizers = model.optimizers()
    labels = torch.arange(64) % 2
    x = torch.where(labels == 0, -0.8, 0.8)[:, None, None, None].expand(-1, *GREY) + 0.1 * torch.randn(64, *GREY)
    for _ in range(150):
        model.step(x, labels, optimizers)
    with torch.inference_mode():
        z = torch.randn(50, 4)
        dark, bright = (model.eval().decode(z, torch.full((50,), label)).mean() for label in (0, 1))
        assert dark < bright - 0.8
        assert model.encode(x).shape == (64, 4)  # needs no class
