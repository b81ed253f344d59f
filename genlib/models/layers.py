"""Layers that torch does not have: batch norm that is told of classes, and residual blocks.

Apart from the networks built of them because each is a piece of a paper, and can be read and tested alone.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional

EVEN = 0.5**0.5  # weight of a sum of two branches, so that it varies as much as each of them (Karras 2020)

Activation = Callable[[], nn.Module]


@final
class ConditionalNorm(nn.modules.batchnorm._BatchNorm):
    """Batch norm whose scale and shift are each class's own (de Vries 2017, Miyato 2018): (n, channels, ...), labels (n,)."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__(channels, affine=False)
        self.scale = nn.Embedding.from_pretrained(torch.ones(classes, channels), freeze=False)
        self.shift = nn.Embedding.from_pretrained(torch.zeros(classes, channels), freeze=False)

    def forward(self, input: Tensor, labels: Tensor) -> Tensor:  # type: ignore[override]
        across = (len(input), -1, *[1] * (input.ndim - 2))
        return self.shift(labels).view(across) + self.scale(labels).view(across) * super().forward(input)

    def _check_input_dim(self, input: Tensor) -> None:
        """Take vectors and maps alike."""


@final
class Shrinking(nn.Module):
    """A residual block that halves maps: (n, inputs, s, s) -> (n, outputs, s // 2, s // 2)."""

    def __init__(self, inputs: int, outputs: int, activation: Activation, batch_norm: bool) -> None:
        super().__init__()
        self.shrink = he(nn.Conv2d(inputs, outputs, 4, 2, 1, bias=not batch_norm))
        self.refine = he(nn.Conv2d(outputs, outputs, 3, 1, 1, bias=not batch_norm))
        self.shortcut = he(nn.Conv2d(inputs, outputs, 1))
        self.norms = nn.ModuleList(nn.BatchNorm2d(outputs) if batch_norm else nn.Identity() for _ in range(2))
        self.activation = activation()

    def forward(self, x: Tensor) -> Tensor:
        around = self.shortcut(functional.avg_pool2d(x, 2))
        x = self.activation(self.norms[0](self.shrink(x)))
        return self.activation(EVEN * (around + self.norms[1](self.refine(x))))


@final
class Growing(nn.Module):
    """A residual block that doubles maps, the mirror image of Shrinking: (n, inputs, s, s) -> (n, outputs, 2s, 2s).

    Four by four with stride 2 is what nearest neighbours and a three by three convolution would compute, without tying its
    weights, at less than half the price.
    """

    def __init__(self, inputs: int, outputs: int, activation: Activation, batch_norm: bool, classes: int) -> None:
        super().__init__()
        # No bias before batch norm, which would take it away again: here or in the blocks that follow.
        self.refine = he(nn.Conv2d(inputs, inputs, 3, 1, 1, bias=not batch_norm))
        self.grow = he(nn.ConvTranspose2d(inputs, outputs, 4, 2, 1, bias=not batch_norm))
        self.shortcut = he(nn.Conv2d(inputs, outputs, 1, bias=not batch_norm))
        self.norms = nn.ModuleList(make_norm(inputs, 2, classes) if batch_norm else nn.Identity() for _ in range(2))
        self.activation = activation()

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        around = functional.interpolate(self.shortcut(x), scale_factor=2.0)
        x = self.refine(self.activation(told(self.norms[0], x, labels)))
        return EVEN * (around + self.grow(self.activation(told(self.norms[1], x, labels))))


def make_norm(channels: int, dimensions: int, classes: int) -> nn.Module:
    """Make batch norm for vectors (1) or maps (2), told of classes if there are any."""
    if classes:
        return ConditionalNorm(channels, classes)
    return nn.BatchNorm1d(channels) if dimensions == 1 else nn.BatchNorm2d(channels)


def told(layer: nn.Module, x: Tensor, labels: Tensor | None) -> Tensor:
    """Apply a layer, which is told the labels if it asks for them."""
    output: Tensor = layer(x, labels) if isinstance(layer, ConditionalNorm | Growing) else layer(x)
    return output


def he(convolution: nn.Conv2d | nn.ConvTranspose2d) -> nn.Module:
    """Draw weights so that a stack of these without any norm neither fades nor explodes (He 2015)."""
    taps = prod(convolution.kernel_size) / (prod(convolution.stride) if convolution.transposed else 1)
    nn.init.normal_(convolution.weight, 0.0, (2 / (convolution.in_channels * taps)) ** 0.5)
    return convolution


def leaky(dropout: float = 0.0) -> nn.Module:
    """Make the activation of discriminators, which let a little through where others let nothing (Radford 2016)."""
    return nn.Sequential(nn.LeakyReLU(0.2), nn.Dropout(dropout)) if dropout else nn.LeakyReLU(0.2)


def dcgan_start(module: nn.Module) -> None:
    """Draw convolutions from N(0, 0.02), batch norm's scales from N(1, 0.02) (Radford 2016). For `apply`."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)
