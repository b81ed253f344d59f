"""Priors: a mixture against torch's own and numeric integrals, and that its components go where codes gather."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.distributions import Categorical, Independent, MixtureSameFamily
from torch.distributions import Normal as Gaussian

from genlib.models.priors import Mixture, Normal, kmeans

CENTRES = torch.tensor([[-3.0, 0.0], [3.0, 0.0], [0.0, 4.0]])


def mixture() -> Mixture:
    """Three components in the plane that differ in everything."""
    made = Mixture(2, 3)
    made.weights.copy_(torch.tensor([0.2, 0.3, 0.5]))
    made.means.copy_(CENTRES)
    made.variances.copy_(torch.tensor([[0.3, 1.0], [0.5, 0.5], [1.0, 0.2]]))
    return made


def posteriors(n: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    return 2 * torch.randn(n, 2, generator=generator), torch.randn(n, 2, generator=generator)


def gathered(n: int, shares: tuple[float, ...] = (0.2, 0.3, 0.5)) -> tuple[Tensor, Tensor]:
    """Codes around the centres with deviation 0.4, and which centre each is at."""
    generator = torch.Generator().manual_seed(2)
    labels = torch.multinomial(torch.tensor(shares), n, replacement=True, generator=generator)
    return CENTRES[labels] + 0.4 * torch.randn(n, 2, generator=generator), labels


def test_a_mixture_is_the_normal_until_it_is_placed() -> None:
    plain, mixed = Normal(2), Mixture(2, 4)
    for got, wanted in zip(mixed.divergence(*posteriors(9)), plain.divergence(*posteriors(9)), strict=True):
        torch.testing.assert_close(got, wanted)
    z = posteriors(9)[0]
    torch.testing.assert_close(mixed.log_density(z), plain.log_density(z))
    torch.testing.assert_close(plain.log_density(z), Independent(Gaussian(torch.zeros(2), 1.0), 1).log_prob(z))
    draws = [each.draw(8, torch.Generator().manual_seed(0), torch.arange(8) % 4) for each in (plain, mixed)]
    assert torch.equal(*draws)


def test_its_density_is_torchs() -> None:
    made, z = mixture(), posteriors(50)[0]
    theirs = MixtureSameFamily(Categorical(made.weights), Independent(Gaussian(made.means, made.variances.sqrt()), 1))
    torch.testing.assert_close(made.log_density(z), theirs.log_prob(z))


@pytest.mark.parametrize(("mean", "deviation", "slack"), [(0.3, 0.8, 1.0), (-2.9, 0.2, 1e-3), (3.2, 0.4, 1e-3), (0.0, 3.0, 20.0)])
def test_the_divergence_bounds_the_integral_and_is_tight_within_one_component(mean: float, deviation: float, slack: float) -> None:
    made = Mixture(1, 2)
    made.weights.copy_(torch.tensor([0.25, 0.75]))
    made.means.copy_(torch.tensor([[-3.0], [3.0]]))
    made.variances.copy_(torch.tensor([[0.4], [0.7]]))
    z = torch.linspace(-30, 30, 600_001, dtype=torch.float64)
    posterior = Gaussian(torch.tensor(mean, dtype=torch.float64), torch.tensor(deviation, dtype=torch.float64)).log_prob(z)
    integral = torch.trapezoid(posterior.exp() * (posterior - made.log_density(z[:, None])), z).item()
    total, alone = made.divergence(torch.tensor([[mean]]), 2 * torch.tensor([[deviation]]).log())
    assert integral - 1e-4 <= total.item() <= integral + slack
    assert alone.item() == pytest.approx(total.item())  # of one dimension, all is that dimension's


def test_a_dimension_that_separates_components_is_active_and_one_they_share_is_not() -> None:
    made = Mixture(2, 2)
    made.means.copy_(torch.tensor([[-5.0, 0.0], [5.0, 0.0]]))
    mean = torch.tensor([[-5.0, 0.0], [5.0, 0.0]])
    by_dimension = made.divergence(mean, torch.zeros(2, 2))[1]
    assert by_dimension.mean(0).tolist() == pytest.approx([0.693, 0.0], abs=1e-3)  # log 2: which of the two


def test_draws_come_from_the_components_that_labels_name_or_by_their_weights() -> None:
    made = mixture()
    draws = made.draw(3000, torch.Generator().manual_seed(0), torch.arange(3000) % 3)
    torch.testing.assert_close(torch.stack([draws[i::3].mean(0) for i in range(3)]), CENTRES, atol=0.1, rtol=0)
    torch.testing.assert_close(torch.stack([draws[i::3].var(0) for i in range(3)]), made.variances, atol=0.1, rtol=0)
    free = made.draw(3000, torch.Generator().manual_seed(0))
    nearest = torch.cdist(free, CENTRES).argmin(1).bincount(minlength=3) / 3000
    torch.testing.assert_close(nearest, made.weights, atol=0.03, rtol=0)


def test_kmeans_finds_gathered_codes() -> None:
    torch.manual_seed(0)
    codes = gathered(200)[0]
    centres, spread = kmeans(codes, 3)
    order = torch.cdist(CENTRES, centres).argmin(1)
    assert sorted(order.tolist()) == [0, 1, 2]
    torch.testing.assert_close(centres[order], CENTRES, atol=0.2, rtol=0)
    torch.testing.assert_close(spread, torch.full((2,), 0.16), atol=0.05, rtol=0)


def test_kmeans_takes_fewer_codes_than_clusters_and_equal_ones() -> None:
    torch.manual_seed(0)
    for codes in (torch.zeros(20, 2), torch.eye(2)):
        centres, spread = kmeans(codes, 5)
        assert centres.shape == (5, 2) and centres.isfinite().all() and spread.isfinite().all()


def test_components_follow_codes_to_the_mixture_they_come_from() -> None:
    torch.manual_seed(0)
    made = Mixture(2, 3)
    codes = gathered(40_000)[0].split(100)
    narrow = torch.full((100, 2), -3.0)  # of each posterior: .05, which components also have to cover
    made.place(codes[0], narrow)
    for batch in codes:
        made.follow(batch, narrow)
    order = torch.cdist(CENTRES, made.means).argmin(1)
    assert sorted(order.tolist()) == [0, 1, 2]
    torch.testing.assert_close(made.means[order], CENTRES, atol=0.08, rtol=0)
    torch.testing.assert_close(made.weights[order], torch.tensor([0.2, 0.3, 0.5]), atol=0.05, rtol=0)
    torch.testing.assert_close(made.variances[order], torch.full((3, 2), 0.16 + 0.05), atol=0.05, rtol=0)
    items, labels = gathered(300)
    assert torch.equal(made.shares(items, torch.full((300, 2), -3.0)).argmax(1), order[labels])


def test_no_component_becomes_so_rare_that_it_cannot_come_back() -> None:
    torch.manual_seed(0)
    made = mixture()
    assert made.in_use().item() == pytest.approx(2.80, abs=0.01)
    for _ in range(2000):
        made.follow(CENTRES[:1] + 0.1 * torch.randn(50, 2), torch.full((50, 2), -3.0))
    assert made.weights.min() > 0.02 and made.in_use() < 1.5
    for _ in range(2000):
        made.follow(gathered(50)[0], torch.full((50, 2), -3.0))
    assert made.weights.min() > 0.1 and made.in_use() > 2.5
