"""The VAE's arithmetic: its losses in nats, its ELBO, and the network of pytorch/examples as one of its settings."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from genlib.models import build, settle
from genlib.models.divergences import kl_to_prior
from genlib.models.likelihoods import bernoulli
from genlib.models.vae import VAE

GREY, COLOUR, POINTS = (1, 16, 16), (3, 16, 16), (2,)


def make(shape: tuple[int, ...] = GREY, latent_dim: int = 4, **options: Any) -> VAE:
    torch.manual_seed(0)
    settled = settle("vae", shape, {"width": 16} | options)
    model = build(SimpleNamespace(model="vae", latent_dim=latent_dim, classes=0, options=settled), shape)
    assert isinstance(model, VAE)
    return model


def items(shape: tuple[int, ...], n: int = 40) -> Tensor:
    return torch.rand(n, *shape, generator=torch.Generator().manual_seed(1)) * 2 - 1


def train(model: VAE, batch: Tensor, steps: int) -> dict[str, Tensor]:
    optimizers = model.optimizers()
    torch.manual_seed(0)
    metrics: dict[str, Tensor] = {}
    for _ in range(steps):
        metrics = model.step(batch, None, optimizers)
    return metrics


def measured(model: VAE, x: Tensor, rows: int) -> dict[str, float]:
    torch.manual_seed(3)
    sums: dict[str, float] = {}
    with torch.inference_mode():
        for part in x.split(rows):
            for name, value in model.eval().measure(part).items():
                sums[name] = sums.get(name, 0.0) + value.item()
    return {name: value / len(x) for name, value in sums.items()}


@pytest.mark.parametrize(("mean", "deviation"), [(0.0, 1.0), (1.5, 0.3), (-2.0, 2.5)])
def test_kl_equals_the_integral(mean: float, deviation: float) -> None:
    z = torch.linspace(-40, 40, 800_001, dtype=torch.float64)
    posterior, prior = torch.distributions.Normal(mean, deviation), torch.distributions.Normal(0.0, 1.0)
    integral = torch.trapezoid(posterior.log_prob(z).exp() * (posterior.log_prob(z) - prior.log_prob(z)), z)
    kl = kl_to_prior(torch.tensor(mean, dtype=torch.float64), torch.tensor(2 * math.log(deviation), dtype=torch.float64))
    assert kl.item() == pytest.approx(integral.item(), abs=1e-6)


def test_bernoulli_is_torchs_cross_entropy_and_so_is_its_gradient() -> None:
    logits = (8 * torch.randn(20, 50, generator=torch.Generator().manual_seed(0))).requires_grad_()
    images = items((50,), 20)
    exact = logits.detach().double().requires_grad_()
    wanted = functional.binary_cross_entropy_with_logits(exact, 0.5 * images.double() + 0.5, reduction="sum")
    wanted.backward()
    got = bernoulli(logits, images).sum()
    got.backward()
    assert got.item() == pytest.approx(wanted.item(), rel=1e-6)
    torch.testing.assert_close(logits.grad, exact.grad.float())


def test_bernoulli_stays_finite_where_a_probability_is_0_or_1() -> None:
    logits, white = torch.tensor([1e4, -1e4, 100.0, 0.0]), torch.tensor([1.0, -1.0, -1.0, 1.0])
    assert bernoulli(logits[None], white[None]).item() == pytest.approx(100 + math.log(2))


def test_losses_are_summed_over_pixels_and_averaged_over_items() -> None:
    """A mean over pixels would multiply beta by their number."""
    model = make(learning_rate=1e-6)
    metrics = train(model, items(GREY), 1)
    assert metrics["recon"].item() == pytest.approx(256 * math.log(2), rel=0.05)
    assert metrics["loss"].item() == pytest.approx((metrics["recon"] + metrics["kl"]).item(), rel=1e-6)
    assert train(make(learning_rate=1e-6), items(GREY).repeat(3, 1, 1, 1), 1)["kl"].item() == pytest.approx(metrics["kl"].item(), rel=1e-4)


def test_calibrated_gaussian_is_the_likelihood_at_the_best_variance() -> None:
    model, x = make(COLOUR, learning_rate=1e-6), items(COLOUR)
    metrics = train(model, x, 1)
    sigma, dims = metrics["sigma"].item(), 3 * 16 * 16
    assert metrics["recon"].item() == pytest.approx(dims * (0.5 * math.log(2 * math.pi) + math.log(sigma) + 0.5), rel=1e-4)
    assert sigma == pytest.approx(x.std().item(), rel=0.1)


@pytest.mark.parametrize("shape", [GREY, COLOUR, POINTS], ids=str)
def test_elbo_is_minus_reconstruction_minus_kl_and_agrees_with_training(shape: tuple[int, ...]) -> None:
    """The same figure for training and test items: here they are the same items."""
    model, x = make(shape, trunk="mlp"), items(shape, 200)
    train(model, x, 400)
    trained = train(model, x, 1)
    test = measured(model, x, 200)
    assert test["elbo"] == pytest.approx(-test["recon"] - test["kl"], rel=1e-5)
    assert test["kl"] == pytest.approx(trained["kl"].item(), rel=0.05, abs=0.02)
    assert test["recon"] == pytest.approx(trained["recon"].item(), rel=0.05, abs=0.1)


@pytest.mark.parametrize("shape", [GREY, COLOUR, POINTS], ids=str)
def test_elbo_does_not_depend_on_the_batch_size(shape: tuple[int, ...]) -> None:
    """Nor on a short last batch. The posterior is made narrow, so that the draws of z do not matter."""
    model, x = make(shape), items(shape, 70)
    train(model, x, 30)
    with torch.no_grad():
        model.posterior.weight[4:] = 0.0
        model.posterior.bias[4:] = -40.0
    whole = measured(model, x, 70)
    for rows in (1, 8, 64):
        assert measured(model, x, rows) == pytest.approx(whole, rel=1e-4)


def test_elbo_is_a_bound_on_the_exact_likelihood_and_tight_on_a_gaussian() -> None:
    """Points from N(0, I): the best possible ELBO is minus their entropy, log(2 pi e) = 2.84 nats."""
    x = torch.randn(4000, 2, generator=torch.Generator().manual_seed(0))
    model = make(POINTS, latent_dim=2, width=32, layers=1)
    optimizers = model.optimizers()
    for step in range(600):
        model.step(x[(step * 200) % 4000 :][:200], None, optimizers)
    elbo = measured(model, x, 1000)["elbo"]
    assert -2.95 < elbo < -math.log(2 * math.pi * math.e) + 0.03


def test_codes_are_means_and_never_drawn() -> None:
    model, x = make().eval(), items(GREY)
    assert torch.equal(model.encode(x), model.encode(x))


def test_warm_up_grows_the_kl_term_from_nothing_to_its_full_weight() -> None:
    model = make(beta=2.0, kl_warmup=4)
    optimizers = model.optimizers()
    weights = []
    for _ in range(6):
        metrics = model.step(items(GREY), None, optimizers)
        weights.append(((metrics["loss"] - metrics["recon"]) / metrics["kl"]).item())
    assert weights == pytest.approx([0.5, 1.0, 1.5, 2.0, 2.0, 2.0], rel=1e-2)


def test_free_bits_charge_each_dimension_at_least_that_much() -> None:
    metrics = train(make(free_bits=0.5, learning_rate=1e-6), items(GREY), 1)
    assert metrics["kl"] < 0.5
    assert (metrics["loss"] - metrics["recon"]).item() == pytest.approx(4 * 0.5, rel=1e-3)


def test_active_units_are_the_dimensions_with_more_than_a_hundredth_of_a_nat() -> None:
    model = make(learning_rate=1e-6)
    with torch.no_grad():
        model.posterior.weight.zero_()
        model.posterior.bias.copy_(torch.tensor([0.0, 0.13, 0.15, 1.0, 0.0, 0.0, 0.0, 0.0]))  # KL 0, .00845, .01125, .5
    assert train(model, items(GREY), 1)["active_units"].item() == 2


def test_it_is_the_network_of_pytorch_examples() -> None:
    """784-400-20 with ReLU, its loss and its Adam: one step of both from the same weights and draws gives the same weights."""
    model = build(SimpleNamespace(model="vae", latent_dim=20, classes=0, options=settle("vae", (1, 28, 28), {"trunk": "mlp"})), (1, 28, 28))
    names = {"encoder.layers.0.1": (400, 784), "posterior": (40, 400), "decoder.0": (400, 20), "decoder.2": (784, 400)}
    assert {name.removesuffix(".weight"): tuple(p.shape) for name, p in model.named_parameters() if p.ndim == 2} == names
    w = {name: p.detach().clone().requires_grad_() for name, p in model.named_parameters()}
    x = items((1, 28, 28), 32)

    torch.manual_seed(7)
    hidden = functional.linear(x.flatten(1), w["encoder.layers.0.1.weight"], w["encoder.layers.0.1.bias"]).relu()
    mu, logvar = functional.linear(hidden, w["posterior.weight"], w["posterior.bias"]).chunk(2, 1)
    z = mu + torch.randn_like(mu) * (logvar / 2).exp()
    hidden = functional.linear(z, w["decoder.0.weight"], w["decoder.0.bias"]).relu()
    white = functional.linear(hidden, w["decoder.2.weight"], w["decoder.2.bias"]).sigmoid()
    bce = functional.binary_cross_entropy(white, (x.flatten(1) + 1) / 2, reduction="sum")
    kld = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
    ((bce + kld) / 32).backward()

    torch.manual_seed(7)
    metrics = model.step(x, None, model.optimizers())
    assert metrics["loss"].item() == pytest.approx((bce + kld).item() / 32, rel=1e-5)
    for name, parameter in model.named_parameters():
        torch.testing.assert_close(parameter.grad, w[name].grad, rtol=1e-3, atol=1e-5)
