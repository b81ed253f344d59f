"""The variational autoencoder (Kingma and Welling 2014, arXiv:1312.6114), with beta-VAE as a value of its knobs."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any, final

import torch
from torch import Tensor, nn
from torch.optim import Adam, Optimizer

from genlib.choices import knob
from genlib.models.base import Model, Optimizers
from genlib.models.blocks import Layout, make_generator, make_trunk, settle_layout

ACTIVE = 0.01  # nats: a latent dimension with less KL than this carries nothing (Burda 2016)
FLOOR = 1 / 255  # least sigma of the Gaussian, half a pixel level: below it the likelihood of pixels has no bound
MOMENTUM = 0.02  # of the running variance that evaluation uses: about the last 50 steps
NATS = math.log(2 * math.pi)


@dataclass(frozen=True)
class VAEOptions:
    """What a person can turn on a VAE."""

    trunk: str = knob(
        "auto",
        values=("auto", "mlp", "conv"),
        help="Fully connected layers (mlp), or convolutions, which see neighbouring pixels together. Auto: conv for pictures.",
    )
    beta: float = knob(
        1.0, 0.0, 1000.0, live=True, help="Weight of the KL term. Above 1 codes become tidier and pictures blurrier; below 1 the reverse."
    )
    learning_rate: float = knob(
        1e-3, 1e-6, 0.1, live=True, help="How far each update moves the weights. Too high, and the loss jumps or becomes infinite."
    )
    likelihood: str = knob(
        "auto",
        values=("auto", "bernoulli", "gaussian"),
        help="How differences are judged. Bernoulli suits grey pictures; Gaussian, with its learned noise level, colour and points.",
    )
    kl_warmup: int = knob(
        0,
        0,
        1_000_000,
        label="KL warm-up",
        level="advanced",
        help="Steps over which the KL term grows from nothing to its full weight, so that codes are used before they are tidied.",
    )
    free_bits: float = knob(
        0.0,
        0.0,
        10.0,
        live=True,
        level="advanced",
        help="Nats that each latent dimension may carry without paying for them; keeps dimensions from falling silent.",
    )
    width: int = knob(
        0,
        0,
        2048,
        level="advanced",
        help="Units of each hidden layer (mlp), or channels of the layer next to the picture (conv). 0: what suits trunk and device.",
    )
    layers: int = knob(
        0,
        0,
        8,
        level="advanced",
        help="Hidden layers of an mlp, in the encoder and again in the decoder. 0: one for pictures, three for points.",
    )

    def settled(self, shape: tuple[int, ...], device_type: str) -> VAEOptions:
        """Make every automatic value explicit; raise ValueError for knobs that cannot go together."""
        pictures = len(shape) == 3
        facts = settle_layout(self, shape, device_type, mlp_width=400 if pictures else 128, mlp_layers=1 if pictures else 3)
        likelihood = self.likelihood
        if likelihood == "auto":
            likelihood = "bernoulli" if pictures and shape[0] == 1 else "gaussian"
        if likelihood == "bernoulli" and not pictures:
            raise ValueError("a Bernoulli likelihood judges pixels between black and white; for points take likelihood gaussian")
        for name in ("kl_warmup", "free_bits"):
            if getattr(self, name) and not self.beta:
                raise ValueError(f"{name} has no effect while beta is 0; set {name} to 0, or beta above 0")
        return dataclasses.replace(self, likelihood=likelihood, **facts)


@final
class VAE(Model):
    """An encoder to a Gaussian over codes, a decoder back, and the ELBO as their one loss.

    With trunk mlp, width 400, latent_dim 20 and Bernoulli this is the 784-400-20 network of pytorch/examples.
    """

    has_encoder = True

    def __init__(self, shape: tuple[int, ...], latent_dim: int, options: VAEOptions, classes: int = 0) -> None:
        super().__init__(shape, latent_dim, options, classes)
        layout = Layout(options.trunk, options.width, options.layers, nn.ReLU)
        self.encoder = make_trunk(layout, shape)
        self.posterior = nn.Linear(self.encoder.outputs, 2 * latent_dim)  # mean and log variance side by side
        self.decoder = make_generator(layout, latent_dim, shape)
        self.register_buffer("steps", torch.zeros((), dtype=torch.int64))
        self.register_buffer("variance", torch.ones(()))  # of the Gaussian, running; unused by Bernoulli
        self.steps: Tensor
        self.variance: Tensor

    @property
    def takes_bfloat16(self) -> bool:
        """Fully connected, on pictures: half the time a step. Convolutions gain a fifth; a point's coordinates need all their digits."""
        return len(self.shape) == 3 and self.options.trunk == "mlp"

    def optimizers(self) -> dict[str, Optimizer]:
        return {"vae": Adam(self.parameters(), lr=self.options.learning_rate, fused=True)}

    def learning_rates(self) -> dict[str, float]:
        return {"vae": self.options.learning_rate}

    def step(self, batch: Tensor, labels: Tensor | None, optimizers: Optimizers) -> dict[str, Tensor]:
        optimizer = optimizers["vae"]
        optimizer.zero_grad(set_to_none=True)
        mean, log_variance = self._posterior(batch)
        recon, facts = self._training_loss(self.decoder(_draw(mean, log_variance)).float(), batch)
        kl_by_dim = kl_to_prior(mean, log_variance).mean(0)
        kl = kl_by_dim.detach().sum()
        loss = recon + self._kl_weight() * (
            kl_by_dim.clamp_min(self.options.free_bits).sum() if self.options.free_bits else kl_by_dim.sum()
        )
        loss.backward()
        optimizer.step()
        self.steps += 1
        return {"loss": loss.detach(), "recon": recon.detach(), "kl": kl, "active_units": (kl_by_dim.detach() > ACTIVE).sum(), **facts}

    def encode(self, x: Tensor) -> Tensor:
        return self._posterior(x)[0]

    def decode(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        return self._mean(self.decoder(z))

    def features(self, x: Tensor) -> Tensor:
        return self.encoder.describe(x)

    def measure(self, x: Tensor, labels: Tensor | None = None) -> dict[str, Tensor]:
        """Sum the ELBO, reconstruction and KL of items, in nats, with one draw of z an item from torch's global generator."""
        mean, log_variance = self._posterior(x)
        output = self.decoder(_draw(mean, log_variance)).float()
        if self.options.likelihood == "bernoulli":
            recon = bernoulli(output, x)
        else:
            squares = (self._mean(output) - x).square().sum()
            recon = 0.5 * (x.numel() * (NATS + self.variance.log()) + squares / self.variance)
        kl = kl_to_prior(mean, log_variance).sum()
        return {"elbo": -recon - kl, "recon": recon, "kl": kl}

    def _posterior(self, x: Tensor) -> tuple[Tensor, Tensor]:
        mean, log_variance = self.posterior(self.encoder(x)).float().chunk(2, dim=1)
        return mean, log_variance

    def _mean(self, output: Tensor) -> Tensor:
        """Squash the decoder's output to pixels in [-1, 1]; points stay as they are."""
        if self.options.likelihood == "bernoulli":
            return 2 * output.sigmoid() - 1
        return output.tanh() if len(self.shape) == 3 else output

    def _training_loss(self, output: Tensor, batch: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """Return -log p(x|z) in nats an item, and what else is worth logging."""
        n = len(batch)
        if self.options.likelihood == "bernoulli":
            return bernoulli(output, batch) / n, {}
        squares = (self._mean(output) - batch).square().mean()
        # Sigma-VAE (Rybkin 2021): the variance that fits the batch best. At the best variance its own gradient is nothing.
        variance = squares.detach() + FLOOR**2
        self.variance.lerp_(variance, torch.clamp(1 / (self.steps + 1), min=MOMENTUM))
        recon = 0.5 * (batch.numel() / n) * (NATS + variance.log() + squares / variance)
        return recon, {"sigma": variance.sqrt()}

    def _kl_weight(self) -> Tensor | float:
        if not self.options.kl_warmup:
            return self.options.beta
        return self.options.beta * torch.clamp((self.steps + 1) / self.options.kl_warmup, max=1.0)


def _draw(mean: Tensor, log_variance: Tensor) -> Tensor:
    return torch.addcmul(mean, torch.randn_like(mean), (0.5 * log_variance).exp())


def kl_to_prior(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Return KL(N(mean, exp(log_variance)) || N(0, 1)) in nats, elementwise."""
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance)


def bernoulli(logits: Tensor, images: Tensor) -> Tensor:
    """Return the summed -log p in nats of images in [-1, 1], taken as probabilities of white (cross entropy)."""
    return _CrossEntropy.apply(logits, 0.5 * images + 0.5)


class _CrossEntropy(torch.autograd.Function):
    """Binary cross entropy of logits, summed. torch's own spends a millisecond in log-sigmoid, which is not vectorised on a CPU."""

    @staticmethod
    def forward(context: Any, logits: Tensor, target: Tensor) -> Tensor:
        white = logits.sigmoid()
        context.save_for_backward(white - target)
        # log(1 + e^l) = max(l, 0) - log max(p, 1 - p) with p = 1 / (1 + e^-l): the logarithm never sees less than a half.
        return (logits.relu() - torch.maximum(white, 1 - white).log_() - logits * target).sum()

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (slope,) = context.saved_tensors
        return gradients[0] * slope, None
