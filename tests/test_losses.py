"""Each loss by hand, and the penalties on critics whose slope is known."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from genlib.models.losses import LOSSES, gradient_norms, gradient_penalty, r1, smoothing

PICTURES, POINTS = (1, 16, 16), (2,)


def items(shape: tuple[int, ...], n: int = 24) -> Tensor:
    return torch.rand(n, *shape, generator=torch.Generator().manual_seed(1)) * 2 - 1


def plus(x: float) -> float:
    return math.log(1 + math.exp(x))


# Logits 2 and -1 on real items, 0.5 and -3 on fakes.
CROSS_ENTROPY = (plus(-2) + plus(1)) / 2 + (plus(0.5) + plus(-3)) / 2
BY_HAND = {
    "non-saturating": (CROSS_ENTROPY, (plus(-0.5) + plus(3)) / 2),
    "minimax": (CROSS_ENTROPY, -(plus(0.5) + plus(-3)) / 2),
    "least squares": (0.5 * (1 + 4) / 2 + 0.5 * (0.25 + 9) / 2, 0.5 * (0.25 + 16) / 2),
    "hinge": ((0 + 2) / 2 + (1.5 + 0) / 2, 1.25),
    "wasserstein": (-1.25 - 0.5, 1.25),
}


@pytest.mark.parametrize("name", LOSSES)
def test_losses_by_hand(name: str) -> None:
    real, fake = torch.tensor([2.0, -1.0]), torch.tensor([0.5, -3.0])
    loss = LOSSES[name]
    assert (loss.discriminator(real, fake).item(), loss.generator(fake).item()) == pytest.approx(BY_HAND[name], rel=1e-6)


@pytest.mark.parametrize("name", LOSSES)
def test_losses_pull_the_right_way(name: str) -> None:
    """The discriminator wants real up and fake down, the generator fake up."""
    real, fake = torch.full((4,), 0.3, requires_grad=True), torch.full((4,), 0.2, requires_grad=True)
    LOSSES[name].discriminator(real, fake).backward()
    assert (real.grad < 0).all() and (fake.grad > 0).all()
    fake.grad = None
    LOSSES[name].generator(fake).backward()
    assert (fake.grad < 0).all()


def test_cross_entropy_does_not_freeze_where_a_sigmoid_would() -> None:
    fake = torch.tensor([-200.0], requires_grad=True)
    LOSSES["non-saturating"].generator(fake).backward()
    assert fake.grad.item() == pytest.approx(-1.0)


@pytest.mark.parametrize("name", [name for name, loss in LOSSES.items() if loss.smooths])
def test_smoothing_lowers_the_target_of_real_items_and_only_theirs(name: str) -> None:
    """Against torch's own cross-entropy with target 0.9 on real items and 0 on fakes."""
    real, fake = torch.tensor([2.0, -1.0, 0.3]), torch.tensor([0.5, -3.0, 1.0])
    wanted = binary_cross_entropy_with_logits(real, torch.full((3,), 0.9)) + binary_cross_entropy_with_logits(fake, torch.zeros(3))
    torch.testing.assert_close(LOSSES[name].discriminator(real, fake) + smoothing(real, 0.1), wanted)


def linear(slope: Tensor) -> Callable[[Tensor], Tensor]:
    return lambda x: x.flatten(1) @ slope


@pytest.mark.parametrize("n", [1, 2, 7, 64])
@pytest.mark.parametrize("shape", [POINTS, PICTURES], ids=str)
def test_gradient_penalty_of_a_plane_is_its_slope_less_one_squared(n: int, shape: tuple[int, ...]) -> None:
    """At every batch size: a norm over the whole batch would grow with it."""
    slope = torch.randn(math.prod(shape), generator=torch.Generator().manual_seed(2))
    torch.manual_seed(0)
    penalty = gradient_penalty(linear(slope), items(shape, n), -items(shape, n))
    assert penalty.item() == pytest.approx((slope.norm().item() - 1) ** 2, rel=1e-4)
    assert r1(linear(slope), items(shape, n), items(shape, n)).item() == pytest.approx(0.5 * slope.norm().item() ** 2, rel=1e-4)


def test_gradient_penalty_averages_after_the_square() -> None:
    """D(x) = x0^2 / 2 has slope x0: penalties 4 and 0 at 3 and 1, mean 2; the square of the mean slope less one would be 1."""
    x = torch.tensor([[3.0, 5.0], [1.0, -5.0]])
    assert gradient_penalty(lambda x: 0.5 * x[:, 0] ** 2, x, x).item() == pytest.approx(2.0)
    assert r1(lambda x: 0.5 * x[:, 0] ** 2, x, x).item() == pytest.approx(0.5 * (9 + 1) / 2)


def test_gradient_penalty_draws_one_place_an_item_between_real_and_fake() -> None:
    seen: list[Tensor] = []

    def watching(x: Tensor) -> Tensor:
        seen.append(x.detach())
        return x.flatten(1).sum(1)

    torch.manual_seed(0)
    gradient_penalty(watching, torch.zeros(500, 1, 2, 2), torch.ones(500, 1, 2, 2))
    places = seen[0].flatten(1)
    assert (places == places[:, :1]).all()
    assert places.min() >= 0 and places.max() <= 1
    assert places[:, 0].mean().item() == pytest.approx(0.5, abs=0.05) and places[:, 0].std().item() == pytest.approx(12**-0.5, abs=0.03)


def test_penalties_are_computed_in_float32_under_autocast() -> None:
    critic = nn.Sequential(nn.Linear(2, 1), nn.Flatten(0))
    slope = critic[0].weight.detach().norm().item()
    with torch.autocast("cpu", torch.bfloat16):
        norms = gradient_norms(critic, torch.randn(5, 2))
    assert norms.dtype == torch.float32
    torch.testing.assert_close(norms, torch.full((5,), slope), rtol=1e-6, atol=0)


def test_shares_judged_right_count_from_the_losss_own_boundary() -> None:
    real, fake = torch.tensor([0.9, 0.2]), torch.tensor([0.1, -3.0])
    boundaries = {name: float(loss.boundary(real, fake)) for name, loss in LOSSES.items()}
    assert boundaries == pytest.approx({"non-saturating": 0, "minimax": 0, "least squares": 0.5, "hinge": 0, "wasserstein": -0.45})
