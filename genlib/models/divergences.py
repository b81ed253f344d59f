"""How far codes are from where they should be: KL divergences of Gaussians, and the parts that the KL of a VAE is the sum of."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

NATS = math.log(2 * math.pi)


class Parts(NamedTuple):
    """The KL term of a batch in three parts (Chen 2018, arXiv:1802.04942, equation 2), each a scalar in nats an item."""

    mutual: Tensor  # index-code mutual information: what a code tells about which item it is from
    correlation: Tensor  # total correlation: what the dimensions tell about each other
    dimensions: Tensor  # how far each dimension's codes together are from the prior, summed


def kl_to_prior(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Return KL(N(mean, exp(log_variance)) || N(0, 1)) in nats, elementwise."""
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance)


def log_normal(z: Tensor, mean: Tensor, log_variance: Tensor) -> Tensor:
    """Return log N(z; mean, exp(log_variance)) in nats, elementwise."""
    return -0.5 * (NATS + log_variance + (z - mean).square() * (-log_variance).exp())


def decompose(z: Tensor, mean: Tensor, log_variance: Tensor, population: int) -> Parts:
    """Estimate the three parts from one draw z (n, d) an item, against N(0, 1).

    The density of all codes, q(z), is estimated by minibatch-stratified sampling (Chen 2018, appendix C.2): of the `population`
    items a code's own counts once, and the others of the batch stand for all the rest. Chen's weights give one of the others
    an odd share, by its place; this is their average over the places, with the same expectation and less noise.
    """
    n = len(z)
    population = max(population, n)
    density = log_normal(z[:, None], mean, log_variance)  # (n, n, d): code i under the posterior of item j
    weights = z.new_full((n, n), math.log((population - 1) / population / (n - 1)) if n > 1 else 0.0)
    weights.fill_diagonal_(-math.log(population) if n > 1 else 0.0)
    together = (weights + density.sum(2)).logsumexp(1)
    apart = (weights[..., None] + density).logsumexp(1).sum(1)
    own = log_normal(z, mean, log_variance).sum(1)
    prior = log_normal(z, torch.zeros_like(z), torch.zeros_like(z)).sum(1)
    return Parts((own - together).mean(), (together - apart).mean(), (apart - prior).mean())
