"""The network that judges, with all that its options add to it: labels, categories, packs, bounded weights."""

from __future__ import annotations

from collections.abc import Iterator
from typing import final

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from genlib.models.blocks import Layout, Trunk, make_trunk


def pack(x: Tensor, size: int) -> Tensor:
    """Put every `size` items side by side, along channels or coordinates: (n, c, ...) -> (n // size, size * c, ...) (PacGAN: Lin 2018)."""
    return x if size == 1 else x.reshape(len(x) // size, size * x.shape[1], *x.shape[2:])


@final
class Discriminator(nn.Sequential):
    """A trunk and a verdict: items or packs (n, *shape) -> logits (n,), high for real ones.

    With `classes` it judges whether an item is a real one of its class (projection: Miyato 2018, arXiv:1802.05637). With
    `categories` it also says which category an item was made from (InfoGAN: Chen 2016, arXiv:1606.03657).
    """

    def __init__(self, layout: Layout, shape: tuple[int, ...], classes: int = 0, categories: int = 0) -> None:
        trunk = make_trunk(layout, shape)
        super().__init__(trunk, nn.Linear(trunk.outputs, 1))
        self.embedding = nn.Embedding(classes, trunk.outputs) if classes else None
        if self.embedding:
            nn.init.xavier_uniform_(self.embedding.weight)
        self.recognizer = nn.Linear(trunk.outputs, categories) if categories else None

    @property
    def trunk(self) -> Trunk:
        return self[0]  # type: ignore[return-value]

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.verdict(self.trunk(x), labels)

    def verdict(self, seen: Tensor, labels: Tensor | None) -> Tensor:
        """Judge by what the trunk saw, and by the labels (n,) for a discriminator with classes: (n, f) -> (n,)."""
        logits = self[1](seen).flatten().float()
        if self.embedding and labels is not None:
            logits = logits + (self.embedding(labels) * seen).sum(dim=1).float()
        return logits

    def recognize(self, seen: Tensor) -> Tensor:
        """Say how likely each category is, by what the trunk saw: (n, f) -> logits (n, categories)."""
        assert self.recognizer is not None
        return self.recognizer(seen).float()

    def normalise(self) -> None:
        """Divide the weights of all layers that judge by their largest singular value, from now on (Miyato 2018, arXiv:1802.05957)."""
        for part in self._judges():
            for layer in part.modules():
                if isinstance(layer, nn.Linear | nn.Conv2d | nn.Embedding):
                    spectral_norm(layer)

    @torch.no_grad()
    def clip(self, bound: float) -> None:
        """Cut all weights that judge off at +-bound, which bounds the slope, crudely (Arjovsky 2017)."""
        weights: list[Tensor] = [weight for part in self._judges() for weight in part.parameters()]
        torch._foreach_clamp_min_(weights, -bound)
        torch._foreach_clamp_max_(weights, bound)

    def _judges(self) -> Iterator[nn.Module]:
        """All but the recognizer: what it says of categories has no slope to be bounded."""
        return (part for part in (self[0], self[1], self.embedding) if part)
