"""Each likelihood against torch's own, or against a numeric integral."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from genlib.models.likelihoods import LIKELIHOODS, bernoulli, continuous_bernoulli, expected_grey, gaussian, log_normaliser

LOGITS = [-40.0, -3.0, -0.51, -0.49, -1e-3, -1e-7, 0.0, 1e-9, 1e-5, 0.02, 0.49, 0.51, 2.0, 60.0]  # around 0, lambda is around 1/2


def images(*shape: int) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(1)) * 2 - 1


def integral(logit: float, power: int) -> float:
    """The integral of x^power exp(l x - max(l, 0)) over 0 to 1."""
    x = torch.linspace(0, 1, 400_001, dtype=torch.float64)
    return torch.trapezoid(x**power * torch.exp(logit * x - max(logit, 0.0)), x).item()


def test_bernoulli_is_torchs_cross_entropy_and_so_is_its_gradient() -> None:
    logits = (8 * torch.randn(20, 50, generator=torch.Generator().manual_seed(0))).requires_grad_()
    exact = logits.detach().double().requires_grad_()
    wanted = functional.binary_cross_entropy_with_logits(exact, 0.5 * images(20, 50).double() + 0.5, reduction="none").sum(1)
    got = bernoulli(logits, images(20, 50))
    torch.testing.assert_close(got, wanted.float())
    weights = torch.linspace(-1, 2, 20)  # each item's own, as importance weights are
    (got * weights).sum().backward()
    (wanted * weights).sum().backward()
    assert logits.grad is not None and exact.grad is not None
    torch.testing.assert_close(logits.grad, exact.grad.float())


def test_bernoulli_stays_finite_where_a_probability_is_0_or_1() -> None:
    logits, white = torch.tensor([[1e4, -1e4, 100.0, 0.0]]), torch.tensor([[1.0, -1.0, -1.0, 1.0]])
    assert bernoulli(logits, white).item() == pytest.approx(100 + math.log(2))


@pytest.mark.parametrize("logit", LOGITS)
def test_the_normaliser_and_the_mean_are_the_integrals(logit: float) -> None:
    """Also next to 0, where the closed forms are 0 / 0."""
    mass = integral(logit, 0)
    assert log_normaliser(torch.tensor(logit)).item() == pytest.approx(max(logit, 0.0) + math.log(mass), abs=1e-6)
    assert expected_grey(torch.tensor(logit)).item() == pytest.approx(integral(logit, 1) / mass, abs=1e-6)


def test_the_continuous_bernoulli_is_that_of_the_paper() -> None:
    """Written with lambda instead of the logit: C lambda^x (1 - lambda)^(1-x), C = 2 artanh(1 - 2 lambda) / (1 - 2 lambda)."""
    share = torch.tensor([0.02, 0.3, 0.45, 0.7, 0.99], dtype=torch.float64)
    x = torch.tensor([0.9, 0.1, 0.5, 0.7, 0.2], dtype=torch.float64)
    factor = 2 * torch.atanh(1 - 2 * share) / (1 - 2 * share)
    wanted = -(factor.log() + x * share.log() + (1 - x) * (1 - share).log()).sum()
    assert continuous_bernoulli(share.logit()[None], 2 * x[None] - 1).item() == pytest.approx(wanted.item(), abs=1e-9)


def test_the_gradient_of_the_continuous_bernoulli_is_right_everywhere_and_finite() -> None:
    logits = torch.tensor(LOGITS, dtype=torch.float64)[None].requires_grad_()
    assert torch.autograd.gradcheck(lambda at: continuous_bernoulli(at, images(1, len(LOGITS)).double()), logits, atol=1e-6)
    far = torch.tensor([[1e4, -1e4]]).requires_grad_()
    value = continuous_bernoulli(far, torch.tensor([[0.0, 0.0]]))
    value.sum().backward()
    assert value.item() == pytest.approx(1e4 - 2 * math.log(1e4), rel=1e-5)
    assert far.grad is not None and far.grad.flatten().tolist() == pytest.approx([0.5, -0.5], abs=1e-3)


def test_the_gaussian_is_torchs() -> None:
    x, variance = images(5, 3, 4, 4), torch.tensor(0.3)
    wanted = -torch.distributions.Normal(0.5 * x, variance.sqrt()).log_prob(x).flatten(1).sum(1)
    torch.testing.assert_close(gaussian(0.5 * x, x, variance), wanted)


@pytest.mark.parametrize("name", LIKELIHOODS)
def test_what_is_shown_is_the_item_least_surprising_to_learn_from(name: str) -> None:
    """An item that equals the mean pulls the output nowhere: pictures shown are means, not the distribution's parameters."""
    row = LIKELIHOODS[name]
    output = (3 * torch.randn(4, 1, 5, 5, generator=torch.Generator().manual_seed(0))).requires_grad_()
    shown = row.mean(output).detach()
    assert shown.abs().max() <= 1 and shown.std() > 0.3
    row.surprise(output, shown, torch.tensor(0.2)).sum().backward()
    assert output.grad is not None and output.grad.abs().max() < 1e-5
    output.grad = None
    row.surprise(output, shown - 0.1, torch.tensor(0.2)).sum().backward()
    assert output.grad is not None and output.grad.min() >= 0 and output.grad.max() > 0.01
