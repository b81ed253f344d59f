"""KL divergences against numeric integrals, and the parts of the KL term where they are known."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from genlib.models.divergences import decompose, kl_to_prior, log_normal


@pytest.mark.parametrize(("mean", "deviation"), [(0.0, 1.0), (1.5, 0.3), (-2.0, 2.5)])
def test_kl_equals_the_integral(mean: float, deviation: float) -> None:
    z = torch.linspace(-40, 40, 800_001, dtype=torch.float64)
    posterior, prior = torch.distributions.Normal(mean, deviation), torch.distributions.Normal(0.0, 1.0)
    integral = torch.trapezoid(posterior.log_prob(z).exp() * (posterior.log_prob(z) - prior.log_prob(z)), z)
    kl = kl_to_prior(torch.tensor(mean, dtype=torch.float64), torch.tensor(2 * math.log(deviation), dtype=torch.float64))
    assert kl.item() == pytest.approx(integral.item(), abs=1e-6)


def codes(n: int, covariance: Tensor, deviation: float) -> tuple[Tensor, Tensor, Tensor]:
    """Draws, means and log variances of n posteriors whose means are Gaussian: then all densities are known."""
    generator = torch.Generator().manual_seed(0)
    draws = torch.randn(n, 2, generator=generator, dtype=torch.float64)
    mean = draws @ torch.linalg.cholesky(covariance).T
    noise = torch.randn(n, 2, generator=generator, dtype=torch.float64)
    return mean + deviation * noise, mean, torch.full_like(mean, 2 * math.log(deviation))


def test_the_parts_are_the_known_ones_of_gaussian_codes_and_add_up_to_the_kl() -> None:
    covariance, deviation = torch.tensor([[1.0, 0.7], [0.7, 0.8]], dtype=torch.float64), 0.5
    z, mean, log_variance = codes(2500, covariance, deviation)
    together = covariance + deviation**2 * torch.eye(2)
    mutual = 0.5 * torch.logdet(together) - math.log(deviation) * 2
    correlation = 0.5 * (together.diag().log().sum() - torch.logdet(together))
    dimensions = kl_to_prior(torch.zeros(2), together.diag().log()).sum()
    parts = decompose(z, mean, log_variance, 2500)
    assert parts.mutual.item() == pytest.approx(mutual.item(), abs=0.03)
    assert parts.correlation.item() == pytest.approx(correlation.item(), abs=0.03)
    assert parts.dimensions.item() == pytest.approx(dimensions.item(), abs=0.05)
    total = torch.stack(parts).sum().item()
    assert total == pytest.approx(kl_to_prior(mean, log_variance).sum(1).mean().item(), abs=0.05)  # one draw an item
    drawn = (log_normal(z, mean, log_variance) - log_normal(z, torch.zeros(2), torch.zeros(2))).sum(1).mean()
    assert total == pytest.approx(drawn.item(), abs=1e-6)


def test_independent_codes_have_no_total_correlation() -> None:
    z, mean, log_variance = codes(2500, torch.eye(2, dtype=torch.float64), 0.5)
    assert decompose(z, mean, log_variance, 2500).correlation.item() == pytest.approx(0, abs=0.03)


def test_the_weights_are_chens_averaged_over_the_place_of_the_odd_one() -> None:
    n, population = 5, 60
    z, mean, log_variance = codes(n, torch.eye(2, dtype=torch.float64), 0.5)
    density = log_normal(z[:, None], mean, log_variance).sum(2).exp()
    others, mine = n - 1, []
    for item in range(n):
        estimates = []
        for odd in set(range(n)) - {item}:
            weights = torch.full((n,), 1 / others, dtype=torch.float64)
            weights[item], weights[odd] = 1 / population, (population - others) / (population * others)
            assert weights.sum().item() == pytest.approx(1)
            estimates.append(weights @ density[item])
        mine.append(torch.stack(estimates).mean().log())
    own = log_normal(z, mean, log_variance).sum(1)
    assert decompose(z, mean, log_variance, population).mutual.item() == pytest.approx((own - torch.stack(mine)).mean().item())


def test_a_population_that_nobody_told_is_the_batch() -> None:
    z, mean, log_variance = codes(6, torch.eye(2, dtype=torch.float64), 0.5)
    assert decompose(z, mean, log_variance, 0) == decompose(z, mean, log_variance, 6) != decompose(z, mean, log_variance, 7)
    assert all(part.isfinite() for part in decompose(z[:1], mean[:1], log_variance[:1], 0))
