"""What discriminator and generator play for, and what keeps the discriminator's slope in bounds: two tables of values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import relu, softplus


@dataclass(frozen=True)
class Loss:
    """What each player minimises, on logits (n,), and the logit above which an item counts as judged real."""

    discriminator: Callable[[Tensor, Tensor], Tensor]  # (real, fake)
    generator: Callable[[Tensor], Tensor]  # (fake)
    boundary: Callable[[Tensor, Tensor], Tensor | float]  # (real, fake)
    smooths: bool = False  # whether it has a target for real items that can be lowered


def _cross_entropy(real: Tensor, fake: Tensor) -> Tensor:
    return softplus(-real).mean() + softplus(fake).mean()


def _zero(real: Tensor, fake: Tensor) -> float:
    return 0.0


def _between(real: Tensor, fake: Tensor) -> Tensor:
    return 0.5 * (real.mean() + fake.mean())


LOSSES: dict[str, Loss] = {
    "non-saturating": Loss(_cross_entropy, lambda fake: softplus(-fake).mean(), _zero, smooths=True),
    # The game as first written: its generator learns next to nothing while the discriminator is sure.
    "minimax": Loss(_cross_entropy, lambda fake: -softplus(fake).mean(), _zero, smooths=True),
    # Mao 2017, targets 0 and 1.
    "least squares": Loss(
        lambda real, fake: 0.5 * ((real - 1).square().mean() + fake.square().mean()),
        lambda fake: 0.5 * (fake - 1).square().mean(),
        lambda real, fake: 0.5,
    ),
    "hinge": Loss(lambda real, fake: relu(1 - real).mean() + relu(1 + fake).mean(), lambda fake: -fake.mean(), _zero),
    # A critic's zero means nothing, so an item is judged by which mean it is nearer to.
    "wasserstein": Loss(lambda real, fake: fake.mean() - real.mean(), lambda fake: -fake.mean(), _between),
}


def smoothing(real: Tensor, amount: float) -> Tensor:
    """Return what cross-entropy on real logits (n,) gains when their target is 1 - amount (Salimans 2016, section 3.4).

    t softplus(-x) + (1 - t) softplus(x) is softplus(-x) + (1 - t) x.
    """
    return amount * real.mean()


@dataclass(frozen=True)
class Regularizer:
    """A term added to the discriminator's loss every so many updates, that many times as strong."""

    penalty: Callable[[Callable[[Tensor], Tensor], Tensor, Tensor], Tensor]  # (discriminator, real, fake), before its weight
    every: int
    weight: Callable[[tuple[int, ...]], float]  # what suits items of a shape


def gradient_norms(discriminator: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """Return the length of the discriminator's gradient at each item, over all of the item's dimensions: (n,)."""
    with torch.autocast(x.device.type, enabled=False), torch.enable_grad():
        x = x.detach().float().requires_grad_()
        (gradient,) = torch.autograd.grad(discriminator(x).sum(), x, create_graph=True)
        return gradient.flatten(1).norm(dim=1)


def gradient_penalty(discriminator: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor) -> Tensor:
    """Ask for slope 1 between real and fake, one place an item (WGAN-GP: Gulrajani 2017)."""
    place = torch.rand(len(real), *[1] * (real.ndim - 1), device=real.device)
    return (gradient_norms(discriminator, torch.lerp(real, fake, place)) - 1).square().mean()


def r1(discriminator: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor) -> Tensor:
    """Ask for slope 0 at real items (Mescheder 2018): half the squared length, so that the weight is the paper's gamma."""
    return 0.5 * gradient_norms(discriminator, real).square().mean()


CONSTRAINTS = ("spectral norm", "weight clipping")  # what bounds the weights themselves, without a term in the loss

REGULARIZERS: dict[str, Regularizer] = {
    # Every 16th update, 16 times as strong: as good, and hardly any time (Karras 2020).
    "r1": Regularizer(r1, every=16, weight=lambda shape: 1.0),
    "gradient penalty": Regularizer(gradient_penalty, every=1, weight=lambda shape: 10.0 if len(shape) == 3 else 0.1),
}
