"""The autoencoder (Hinton and Salakhutdinov 2006); denoising and sparse ones are values of its knobs."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor, nn
from torch.optim import AdamW, Optimizer

from genlib.choices import knob
from genlib.models.base import Model, Optimizers
from genlib.models.blocks import Layout, layers_knob, make_generator, make_trunk, settle_layout, trunk_knob, width_knob

MOMENTUM = 0.01  # of the running place and shape of the codes: about the last hundred batches
LEAST = 1e-12  # added to variances, for codes that are all alike


@dataclass(frozen=True)
class AutoencoderOptions:
    """What a person can turn on an autoencoder."""

    trunk: str = trunk_knob()
    noise: float = knob(
        0.0,
        0.0,
        2.0,
        live=True,
        help="Noise added to what goes in (standard deviation; pixels run from -1 to 1), to be cleaned away: a denoising autoencoder.",
    )
    sparsity: float = knob(
        0.0,
        0.0,
        100.0,
        live=True,
        help="Price of each number in a code by its size: with a higher one, fewer numbers describe an item, the others stay near zero.",
    )
    learning_rate: float = knob(
        1e-3, 1e-6, 0.1, live=True, help="How far each update moves the weights. Too high, and the loss jumps or becomes infinite."
    )
    dropout: float = knob(
        0.0,
        0.0,
        0.8,
        level="advanced",
        help="Share of hidden units left out at random: less is learned by heart, and pictures become blurrier.",
    )
    weight_decay: float = knob(
        0.0,
        0.0,
        1.0,
        level="advanced",
        help="Pull of all weights towards zero: small weights make smooth maps, and too small ones forget the data.",
    )
    width: int = width_knob()
    layers: int = layers_knob()

    def settled(self, shape: tuple[int, ...], device_type: str) -> AutoencoderOptions:
        """Make every automatic value explicit; raise ValueError for knobs that cannot go together."""
        pictures = len(shape) == 3
        facts = settle_layout(self, shape, device_type, mlp_width=400 if pictures else 128, mlp_layers=1 if pictures else 3)
        return dataclasses.replace(self, **facts)


@final
class Autoencoder(Model):
    """An encoder to a code, a decoder back, and half the squared error of an item as their loss.

    That is -log p(x|z) in nats of a Gaussian with standard deviation 1, without its constant. The networks choose place and
    size of their codes freely; to the outside they are shown moved to zero and divided by one number, so that they vary by
    about 1. One number for all dimensions: scaled each by itself, those that say nothing would count like the others.
    An autoencoder has no prior; codes are drawn from one Gaussian fitted to those of the items that it trains on.
    """

    has_encoder = True

    def __init__(self, shape: tuple[int, ...], latent_dim: int, options: AutoencoderOptions, classes: int = 0) -> None:
        super().__init__(shape, latent_dim, options, classes)
        layout = Layout(options.trunk, options.width, options.layers, lambda: _active(options.dropout))
        self.encoder = make_trunk(layout, shape)
        self.bottleneck = nn.Linear(self.encoder.outputs, latent_dim)
        self.decoder = make_generator(layout, latent_dim, shape)
        self.steps: Tensor
        self.mean: Tensor
        self.covariance: Tensor
        self.register_buffer("steps", torch.zeros((), dtype=torch.int64))
        self.register_buffer("mean", torch.zeros(latent_dim))  # of the networks' own codes, as is the covariance
        self.register_buffer("covariance", torch.eye(latent_dim))

    def optimizers(self) -> dict[str, Optimizer]:
        rate, decay = self.options.learning_rate, self.options.weight_decay
        return {"autoencoder": AdamW(self.parameters(), lr=rate, weight_decay=decay, fused=True)}

    def learning_rates(self) -> dict[str, float]:
        return {"autoencoder": self.options.learning_rate}

    def step(self, batch: Tensor, labels: Tensor | None, optimizers: Optimizers) -> dict[str, Tensor]:
        optimizer, options = optimizers["autoencoder"], self.options
        optimizer.zero_grad(set_to_none=True)
        codes = self._codes(batch + options.noise * torch.randn_like(batch) if options.noise else batch)
        recon = half_squares(self._items(codes), batch) / len(batch)
        loss, density = recon, spread_out(codes)
        if options.sparsity:
            loss = recon + options.sparsity * self.latent_dim * density
        loss.backward()
        optimizer.step()
        self._follow(codes.detach())
        self.steps += 1
        return {"loss": loss.detach(), "recon": recon.detach(), "density": density.detach()}

    def encode(self, x: Tensor) -> Tensor:
        return (self._codes(x) - self.mean) / self._scale()

    def decode(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        return self._items(self.mean + self._scale() * z)

    def features(self, x: Tensor) -> Tensor:
        return self.encoder.describe(x)

    def measure(self, x: Tensor, labels: Tensor | None = None) -> dict[str, Tensor]:
        """Sum half the squared error over items, of clean ones even where training adds noise."""
        return {"recon": half_squares(self._items(self._codes(x)), x)}

    def prior(self, n: int, generator: torch.Generator, labels: Tensor | None = None) -> Tensor:
        noise = torch.randn(n, self.latent_dim, generator=generator)
        return (noise @ self._root().T).to(self.device)

    def components(self) -> tuple[Tensor, Tensor, Tensor]:
        return torch.ones(1), torch.zeros(1, self.latent_dim), self._root()[None]

    def _codes(self, x: Tensor) -> Tensor:
        return self.bottleneck(self.encoder(x)).float()

    def _items(self, codes: Tensor) -> Tensor:
        output = self.decoder(codes).float()
        return output.tanh() if len(self.shape) == 3 else output

    def _follow(self, codes: Tensor) -> None:
        """Let place and shape of the codes follow those of a batch."""
        share = torch.clamp(1 / (self.steps + 1), min=MOMENTUM)
        centred = codes - codes.mean(0)
        self.mean.lerp_(codes.mean(0), share)
        self.covariance.lerp_(centred.T @ centred / len(codes), share)

    def _scale(self) -> Tensor:
        return (self.covariance.diagonal().mean() + LEAST).sqrt()

    def _root(self) -> Tensor:
        """Return the matrix (d, d) that makes codes of the fitted Gaussian from draws of N(0, 1), on the CPU.

        The symmetric root: it moves as little as the covariance does, so that the pictures of the same draws do not jump about,
        and rounding cannot refuse it where a dimension is silent, as it can Cholesky's.
        """
        shown = (self.covariance / self._scale().square()).double().cpu()
        values, vectors = torch.linalg.eigh(shown)
        return (vectors * values.clamp_min(0).sqrt() @ vectors.T).float()


def half_squares(made: Tensor, x: Tensor) -> Tensor:
    """Return half the summed squared error: -log p in nats of a Gaussian with standard deviation 1, without its constant."""
    return 0.5 * (made - x).square().sum()


def spread_out(codes: Tensor) -> Tensor:
    """Return the mean size of the numbers in codes (n, d) against their root mean square: .8 for a Gaussian, near 0 where few are used.

    A ratio, because a price on the size alone is dodged by small codes and a decoder that multiplies.
    """
    return codes.abs().mean() / (codes.square().mean() + LEAST).sqrt()


def _active(dropout: float) -> nn.Module:
    return nn.Sequential(nn.ReLU(), nn.Dropout(dropout)) if dropout else nn.ReLU()
