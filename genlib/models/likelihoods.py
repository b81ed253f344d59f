"""How a decoder's output is read as a distribution of items: what is most to be expected, and how surprising an item is.

Apart from the models because each row is a formula of its own, tested against numeric integrals.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

NATS = math.log(2 * math.pi)
SERIES = 0.5  # logits nearer to 0 than this take the Taylor series: the closed form subtracts two large numbers there


@dataclass(frozen=True)
class Likelihood:
    """A row: `mean` is what to show, output -> items; `surprise` is -log p in nats an item, (output, items, variance) -> (n,)."""

    mean: Callable[[Tensor], Tensor]
    surprise: Callable[[Tensor, Tensor, Tensor], Tensor]


def bernoulli(logits: Tensor, images: Tensor) -> Tensor:
    """Return -log p in nats of images in [-1, 1], taken as probabilities of white (cross entropy): (n, ...) -> (n,)."""
    return _CrossEntropy.apply(logits, 0.5 * images + 0.5)


def continuous_bernoulli(logits: Tensor, images: Tensor) -> Tensor:
    """Return -log p in nats of images in [-1, 1] as grey values from 0 to 1 (Loaiza-Ganem and Cunningham 2019, arXiv:1907.06845).

    The density of a grey value x is exp(l x) / Z with Z the integral of exp(l x) over 0 to 1: a proper density of greys,
    where the Bernoulli's is one of black and white only. It may exceed 1, so that -log p may be negative.
    """
    return _GreyEntropy.apply(logits, 0.5 * images + 0.5)


def gaussian(means: Tensor, items: Tensor, variance: Tensor) -> Tensor:
    """Return -log p in nats under a Gaussian of one variance for all values: (n, ...) -> (n,)."""
    squares = _an_item((means - items).square())
    return 0.5 * (items[0].numel() * (NATS + variance.log()) + squares / variance)


def expected_grey(logits: Tensor) -> Tensor:
    """Return the mean of a continuous Bernoulli, 0 to 1: 1 / (1 - e^-l) - 1 / l."""
    near = logits.abs() < SERIES
    far = torch.where(near, 1.0, logits)
    square = logits.square()
    series = 0.5 + logits * (1 / 12 - square * (1 / 720 - square * (1 / 30240 - square / 1209600)))
    return torch.where(near, series, -1 / torch.expm1(-far) - 1 / far)


def log_normaliser(logits: Tensor) -> Tensor:
    """Return log of the integral of exp(l x) over 0 to 1, at every logit: |l|/2 + l/2 + log((1 - e^-|l|) / |l|)."""
    size = logits.abs().clamp_min(1e-12)  # there the fraction is 1 within rounding, and never 0 / 0
    return logits.relu() + (-torch.expm1(-size) / size).log()


LIKELIHOODS: dict[str, Likelihood] = {
    "bernoulli": Likelihood(lambda output: 2 * output.sigmoid() - 1, lambda output, x, _: bernoulli(output, x)),
    "continuous bernoulli": Likelihood(
        lambda output: 2 * expected_grey(output) - 1,
        lambda output, x, _: continuous_bernoulli(output, x),
    ),
    "gaussian": Likelihood(torch.tanh, lambda output, x, variance: gaussian(output.tanh(), x, variance)),
}
OF_POINTS = Likelihood(lambda output: output, gaussian)  # points have no range to be squashed to


class _CrossEntropy(torch.autograd.Function):
    """Binary cross entropy of logits, an item. torch's own spends a millisecond in log-sigmoid, which is not vectorised on a CPU."""

    @staticmethod
    def forward(context: Any, logits: Tensor, target: Tensor) -> Tensor:
        white = logits.sigmoid()
        context.save_for_backward(white - target)
        # log(1 + e^l) = max(l, 0) - log max(p, 1 - p) with p = 1 / (1 + e^-l): the logarithm never sees less than a half.
        return _an_item(logits.relu() - torch.maximum(white, 1 - white).log_() - logits * target)

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return _weigh(context.saved_tensors[0], gradients[0]), None


class _GreyEntropy(torch.autograd.Function):
    """-log p of the continuous Bernoulli, an item; its slope, mean minus value, is exact where autograd would subtract infinities."""

    @staticmethod
    def forward(context: Any, logits: Tensor, target: Tensor) -> Tensor:
        context.save_for_backward(expected_grey(logits) - target)
        return _an_item(log_normaliser(logits) - logits * target)

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return _weigh(context.saved_tensors[0], gradients[0]), None


def _an_item(values: Tensor) -> Tensor:
    """Sum all but the first axis, in whatever order the pixels lie in memory: (n, ...) -> (n,)."""
    return values.sum(tuple(range(1, values.ndim)))


def _weigh(slope: Tensor, gradient: Tensor) -> Tensor:
    """Give each item (n, ...) of a slope its own weight (n,)."""
    return slope * gradient.view(-1, *[1] * (slope.ndim - 1))
