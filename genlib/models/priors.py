"""Where codes are expected before an item is seen: one Gaussian, or several that move to where the codes gather."""

from __future__ import annotations

from typing import final

import torch
from torch import Tensor, nn

from genlib.models.divergences import kl_to_prior, log_normal

RATE = 0.01  # of the components' running sums: they are fitted to about the last hundred batches
RAREST = 0.1  # of an equal share: no component becomes so rare that it cannot come back
NARROWEST = 1e-4  # least variance of a component
STARTS, ROUNDS = 10, 20  # k-means is begun anew so often, each time for so many rounds


@final
class Normal(nn.Module):
    """One standard Gaussian."""

    def __init__(self, latent_dim: int) -> None:
        super().__init__()
        self.latent_dim = latent_dim

    def divergence(self, mean: Tensor, log_variance: Tensor) -> tuple[Tensor, Tensor]:
        """Return the KL of posteriors (n, d) to the prior: (n,) in all, and (n, d) of each dimension by itself."""
        by_dimension = kl_to_prior(mean, log_variance)
        return by_dimension.sum(1), by_dimension

    def log_density(self, z: Tensor) -> Tensor:
        """Return log p(z) in nats: (n, d) -> (n,)."""
        return log_normal(z, torch.zeros_like(z), torch.zeros_like(z)).sum(1)

    def draw(self, n: int, generator: torch.Generator, labels: Tensor | None = None) -> Tensor:
        """Draw n codes on the CPU: (n, d)."""
        return torch.randn(n, self.latent_dim, generator=generator)


@final
class Mixture(nn.Module):
    """K Gaussians of diagonal variance, the mixture of VaDE (Jiang 2017, arXiv:1611.05148), fitted by online EM (Cappe 2009).

    By EM and not by gradient: the best components for given codes are known in closed form, and follow the codes whatever
    their scale. Until `place` is called all components are the standard Gaussian, and the mixture is a `Normal`.
    """

    def __init__(self, latent_dim: int, components: int) -> None:
        super().__init__()
        self.components = components
        self.register_buffer("weights", torch.full((components,), 1 / components))
        self.register_buffer("means", torch.zeros(components, latent_dim))
        self.register_buffer("variances", torch.ones(components, latent_dim))
        self.weights: Tensor
        self.means: Tensor
        self.variances: Tensor

    def divergence(self, mean: Tensor, log_variance: Tensor) -> tuple[Tensor, Tensor]:
        """Return the KL of posteriors (n, d) to the prior: (n,) in all, and (n, d) of each dimension by itself.

        The KL to a mixture has no closed form; this is its least upper bound with one guess of the component an item, VaDE's
        own, -log sum_k w_k exp(-KL to component k) (Hershey and Olsen 2007): no noise, and exact for equal components. Each
        dimension by itself is compared with the mixture's marginal, so that a dimension all components share reads as before.
        """
        to_each = self._to_each(mean, log_variance)
        shares = self.weights.log()
        return -(shares - to_each.sum(2)).logsumexp(1), -(shares[:, None] - to_each).logsumexp(1)

    def log_density(self, z: Tensor) -> Tensor:
        """Return log p(z) in nats, exactly: (n, d) -> (n,)."""
        return (self.weights.log() + log_normal(z[:, None], self.means, self.variances.log()).sum(2)).logsumexp(1)

    def draw(self, n: int, generator: torch.Generator, labels: Tensor | None = None) -> Tensor:
        """Draw n codes on the CPU, each from the component that its label (n,) names, or from any by its weight: (n, d)."""
        noise = torch.randn(n, self.means.shape[1], generator=generator)
        if labels is None:
            labels = torch.multinomial(self.weights.cpu(), n, replacement=True, generator=generator)
        chosen = labels.cpu()
        return self.means.cpu()[chosen] + noise * self.variances.cpu()[chosen].sqrt()

    def shares(self, mean: Tensor, log_variance: Tensor) -> Tensor:
        """Return how far each component answers for each posterior: (n, d) -> (n, K), rows adding up to 1."""
        return (self.weights.log() - self._to_each(mean, log_variance).sum(2)).softmax(1)

    def in_use(self) -> Tensor:
        """Return how many components the items are spread over: e to the entropy of the weights, from 1 to K."""
        return (-self.weights * self.weights.log()).sum().exp()

    def place(self, mean: Tensor, log_variance: Tensor) -> None:
        """Put the components where codes (n, d) gather, by k-means; all get the same variance, that within the clusters."""
        centres, spread = kmeans(mean, self.components)
        self.means.copy_(centres)
        self.variances.copy_((spread + log_variance.exp().mean(0)).clamp_min(NARROWEST).expand_as(self.variances))
        self.weights.fill_(1 / self.components)

    def follow(self, mean: Tensor, log_variance: Tensor) -> None:
        """Fit the components to a further batch of posteriors (n, d): one step of online EM."""
        shares = self.shares(mean, log_variance) / len(mean)
        old, new = (1 - RATE) * self.weights, RATE * shares.sum(0)
        first = old[:, None] * self.means + RATE * shares.T @ mean
        second = old[:, None] * (self.variances + self.means.square()) + RATE * shares.T @ (mean.square() + log_variance.exp())
        total = (old + new)[:, None]
        self.means.copy_(first / total)
        self.variances.copy_((second / total - self.means.square()).clamp_min(NARROWEST))
        weights = (old + new).clamp_min(RAREST / self.components)
        self.weights.copy_(weights / weights.sum())

    def _to_each(self, mean: Tensor, log_variance: Tensor) -> Tensor:
        """Return KL(posterior || component), a dimension: (n, K, d)."""
        log_ratio = self.variances.log() - log_variance[:, None]
        squares = (mean[:, None] - self.means).square() / self.variances
        return 0.5 * (squares + (-log_ratio).exp() - 1 + log_ratio)


def kmeans(codes: Tensor, clusters: int) -> tuple[Tensor, Tensor]:
    """Return centres (k, d) and the variance (d,) around them: the best of STARTS beginnings, drawn as k-means++ does.

    Draws from torch's global generator. scikit-learn has no place in a training step, nor are codes always on a CPU.
    """
    spread = codes.var(0, correction=0).sum() + NARROWEST
    rows = torch.randint(len(codes), (STARTS, 1), device=codes.device)
    for _ in range(clusters - 1):
        nearest = _squares(codes, codes[rows]).amin(2)
        rows = torch.cat([rows, torch.multinomial(nearest + 1e-6 * spread, 1)], 1)
    centres = codes[rows]  # (STARTS, k, d)
    for _ in range(ROUNDS):
        member = nn.functional.one_hot(_squares(codes, centres).argmin(2), clusters).to(codes)  # (STARTS, n, k)
        counts = member.sum(1)[..., None]
        centres = torch.where(counts > 0, member.mT @ codes / counts.clamp_min(1), centres)
    distances, labels = _squares(codes, centres).min(2)
    best = distances.sum(1).argmin()
    return centres[best], (codes - centres[best][labels[best]]).square().mean(0)


def _squares(codes: Tensor, centres: Tensor) -> Tensor:
    """Return squared distances of codes (n, d) from centres (s, k, d): (s, n, k)."""
    return (codes[:, None] - centres[:, None]).square().sum(3)
