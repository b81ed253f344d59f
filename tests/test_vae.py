"""The VAE's arithmetic: its losses in nats, its ELBO, and the network of pytorch/examples as one of its settings."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from genlib.models import build, settle
from genlib.models.blocks import Generator, Trunk
from genlib.models.priors import Mixture
from genlib.models.vae import VAE
from genlib.scores import agreement

GREY, COLOUR, POINTS = (1, 16, 16), (3, 16, 16), (2,)


def make(shape: tuple[int, ...] = GREY, latent_dim: int = 4, classes: int = 0, **options: Any) -> VAE:
    torch.manual_seed(0)
    settled = settle("vae", shape, {"width": 16} | options)
    model = build(SimpleNamespace(model="vae", latent_dim=latent_dim, classes=classes, options=settled), shape)
    assert isinstance(model, VAE)
    return model


def items(shape: tuple[int, ...], n: int = 40) -> Tensor:
    return torch.rand(n, *shape, generator=torch.Generator().manual_seed(1)) * 2 - 1


def train(model: VAE, batch: Tensor, steps: int, labels: Tensor | None = None) -> dict[str, Tensor]:
    optimizers = model.optimizers()
    torch.manual_seed(0)
    metrics: dict[str, Tensor] = {}
    for _ in range(steps):
        metrics = model.step(batch, labels, optimizers)
    return metrics


def measured(model: VAE, x: Tensor, rows: int, labels: Tensor | None = None) -> dict[str, float]:
    torch.manual_seed(3)
    sums: dict[str, float] = {}
    with torch.inference_mode():
        for index in torch.arange(len(x)).split(rows):
            for name, value in model.eval().measure(x[index], None if labels is None else labels[index]).items():
                sums[name] = sums.get(name, 0.0) + value.item()
    return {name: value / len(x) for name, value in sums.items()}


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


def test_the_largest_kl_is_that_of_the_busiest_dimension() -> None:
    model = make(learning_rate=1e-6)
    with torch.no_grad():
        model.posterior.weight.zero_()
        model.posterior.bias.copy_(torch.tensor([0.0, 0.4, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0]))
    assert train(model, items(GREY), 1)["kl_largest"].item() == pytest.approx(0.5, rel=1e-4)


def charged(model: VAE, steps: int) -> list[tuple[float, float]]:
    """What the loss charges for the codes at each step, and the KL term itself."""
    optimizers = model.optimizers()
    found = []
    for _ in range(steps):
        metrics = model.step(items(GREY), None, optimizers)
        found.append(((metrics["loss"] - metrics["recon"]).item(), metrics["kl"].item()))
    return found


def test_capacity_charges_the_distance_from_what_rises_step_by_step() -> None:
    for step, (price, kl) in enumerate(charged(make(capacity=8.0, capacity_steps=4, beta=10.0, learning_rate=1e-3), 6)):
        assert price == pytest.approx(10 * abs(kl - 8 * min(1, (step + 1) / 4)), rel=1e-3)


def test_capacity_holds_the_kl_term_at_its_value() -> None:
    x = torch.randn(400, 2, generator=torch.Generator().manual_seed(0))
    kept = [train(make(POINTS, 2, width=32, layers=1, beta=20.0, capacity=capacity), x, 400)["kl"].item() for capacity in (0.5, 2.0)]
    assert kept == pytest.approx([0.5, 2.0], abs=0.15)


def test_the_total_correlation_is_charged_beside_the_plain_kl() -> None:
    """At 1 the loss is the plain one, and the pairs of codes that an estimate takes are spared."""
    model = make(tc_weight=6.0, learning_rate=1e-6)
    metrics = train(model, items(GREY), 1)
    wanted = metrics["kl"] + 5 * metrics["correlation"]
    assert (metrics["loss"] - metrics["recon"]).item() == pytest.approx(wanted.item(), abs=1e-3)
    assert "correlation" not in train(make(), items(GREY), 1)


def test_the_total_correlation_knows_how_many_items_there_are() -> None:
    model, other = make(tc_weight=6.0), make(tc_weight=6.0)
    other.population = 10_000
    assert train(model, items(GREY), 1)["correlation"] != train(other, items(GREY), 1)["correlation"]


def four_clouds(n: int = 800) -> tuple[Tensor, Tensor]:
    """Points around the corners of a square, and which corner each is at."""
    generator = torch.Generator().manual_seed(5)
    corner = torch.arange(n) % 4
    centres = 3 * torch.tensor([[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]])
    return centres[corner] + 0.4 * torch.randn(n, 2, generator=generator), corner


def test_a_mixture_prior_finds_well_separated_groups_by_itself() -> None:
    x, corner = four_clouds()
    model = make(POINTS, 2, width=32, layers=2, prior="mixture", components=4, mixture_start=200, beta=0.5)
    train(model, x[::2], 600)  # labels are never shown
    held_out = x[1::2].numpy()
    assert model.groups == model.categories == 4
    assert agreement(model.sort(held_out), corner[1::2].numpy())["nmi"] > 0.8


def test_a_group_that_was_found_can_be_drawn_from() -> None:
    x, _ = four_clouds()
    model = make(POINTS, 2, width=32, layers=2, prior="mixture", components=4, mixture_start=200, beta=0.5)
    train(model, x, 600)
    labels = torch.arange(400) % 4
    drawn = model.decode(model.prior(400, torch.Generator().manual_seed(0), labels), labels)
    assert (model.categorize(drawn) == labels).float().mean() > 0.9
    found = model.components()
    assert found is not None
    weights, means, deviations = found
    assert weights.sum().item() == pytest.approx(1) and means.shape == deviations.shape == (4, 2)


def test_components_are_placed_at_their_step_and_then_follow() -> None:
    model = make(POINTS, 2, prior="mixture", components=3, mixture_start=2)
    assert isinstance(model.cloud, Mixture)
    optimizers, means = model.optimizers(), []
    for _ in range(4):
        model.step(items(POINTS), None, optimizers)
        means.append(model.cloud.means.clone())
    assert not means[1].any() and means[2].any() and not torch.equal(means[2], means[3])


def test_without_a_mixture_there_are_no_groups() -> None:
    assert make().groups == 0 and make().components() is None
    with pytest.raises(TypeError, match="finds no categories"):
        make().categorize(items(GREY))


def test_changing_the_label_changes_the_decode_but_not_the_code() -> None:
    x, corner = four_clouds()
    model = make(POINTS, 2, classes=4, conditional=True, width=32, layers=2)
    train(model, x, 300, corner)
    codes = torch.zeros(4, 2)
    by_label = model.decode(codes, torch.arange(4))
    assert torch.pdist(by_label).min() > 2  # each class has a corner of its own
    assert model.encode(x).shape == (800, 2)
    with pytest.raises(ValueError, match="say which one each code is for"):
        model.decode(codes)


def test_labels_make_held_out_items_likelier() -> None:
    x, corner = four_clouds()
    elbos = []
    for conditional in (False, True):
        model = make(POINTS, 2, classes=4 * conditional, conditional=conditional, width=32, layers=2)
        train(model, x[::2], 500, corner[::2])
        elbos.append(measured(model, x[1::2], 200, corner[1::2])["elbo"])
    assert elbos[1] > elbos[0] + 0.5


def test_a_model_that_is_not_conditional_never_looks_at_labels() -> None:
    x, corner = four_clouds(40)
    weights = []
    for labels in (None, corner, torch.full((40,), 99)):
        model = make(POINTS, 2)
        train(model, x, 2, labels)
        weights.append(torch.cat([p.flatten() for p in model.parameters()]))
    assert torch.equal(weights[0], weights[1]) and torch.equal(weights[0], weights[2])


def linear_gaussian() -> tuple[VAE, Tensor, Tensor]:
    """A VAE whose likelihood is known: a linear decoder, a noise of variance 0.3, and posteriors that are too wide."""
    model = make(POINTS, 2, layers=1)
    weight, variance = torch.tensor([[1.0, 0.4], [-0.3, 0.8]]), 0.3
    linear, posterior = nn.Linear(2, 2), nn.Linear(2, 4)
    covariance = weight @ weight.T + variance * torch.eye(2)
    true = torch.linalg.inv(torch.eye(2) + weight.T @ weight / variance)
    with torch.no_grad():
        linear.weight.copy_(weight)
        linear.bias.zero_()
        posterior.weight.copy_(torch.cat([true @ weight.T / variance, torch.zeros(2, 2)]))
        posterior.bias.copy_(torch.cat([torch.zeros(2), (3 * true.diag()).log()]))
        model.variance.fill_(variance)
    model.encoder, model.posterior, model.decoder = Trunk([nn.Identity()], 2), posterior, Generator([linear])
    x = torch.distributions.MultivariateNormal(torch.zeros(2), covariance).expand((3000,)).sample()
    exact = torch.distributions.MultivariateNormal(torch.zeros(2), covariance).log_prob(x)
    return model, x, exact


@torch.inference_mode()
def test_the_bound_lies_between_the_elbo_and_the_exact_likelihood_which_it_nears_with_more_draws() -> None:
    torch.manual_seed(0)
    model, x, exact = linear_gaussian()
    bounds = [model.bound(x, None, draws, torch.Generator().manual_seed(0)) for draws in (1, 4, 500)]
    assert bounds[0].shape == (3000,)
    elbo = measured(model, x, 3000)["elbo"]
    assert bounds[0].mean().item() == pytest.approx(elbo, abs=0.25)
    assert elbo + 0.2 < bounds[1].mean() < bounds[2].mean() < exact.mean() + 0.01
    torch.testing.assert_close(bounds[2], exact, atol=0.3, rtol=0)
    assert bounds[2].mean().item() == pytest.approx(exact.mean().item(), abs=0.02)


@torch.inference_mode()
def test_the_bound_repeats_and_leaves_torchs_own_draws_alone() -> None:
    model, x = make(prior="mixture"), items(GREY, 5)
    before = torch.get_rng_state()
    bounds = [model.bound(x, None, 3, torch.Generator().manual_seed(seed)) for seed in (0, 0, 1)]
    assert torch.equal(bounds[0], bounds[1]) and not torch.equal(bounds[0], bounds[2])
    assert torch.equal(before, torch.get_rng_state())


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
