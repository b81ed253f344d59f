"""The generative adversarial network (Goodfellow 2014, arXiv:1406.2661)."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, final

import torch
from torch import Tensor, nn
from torch.optim import Adam, Optimizer

from genlib.choices import knob
from genlib.models.base import Model, Optimizers
from genlib.models.blocks import Layout, make_generator, make_trunk, settle_layout, trunk_knob, width_knob
from genlib.models.losses import LOSSES, REGULARIZERS


@dataclass(frozen=True)
class GANOptions:
    """What a person can turn on a GAN."""

    trunk: str = trunk_knob()
    loss: str = knob(
        "non-saturating", values=LOSSES, help="What the two networks play for. Non-saturating is the usual one; minimax shows why it is."
    )
    generator_rate: float = knob(2e-4, 1e-6, 0.1, live=True, help="Learning rate of the generator.")
    discriminator_rate: float = knob(2e-4, 1e-6, 0.1, live=True, help="Learning rate of the discriminator.")
    discriminator_updates: int = knob(1, 1, 10, help="Updates of the discriminator to one of the generator, each on a batch of its own.")
    regularizer: str = knob(
        "none",
        values=("none", *REGULARIZERS),
        help="Keeps the discriminator's slope in bounds, which calms the game. Wasserstein needs the gradient penalty.",
    )
    penalty_weight: float = knob(0.0, 0.0, 1000.0, live=True, level="advanced", help="Strength of the regularizer. 0: what suits the data.")
    ema: float = knob(
        0.999,
        0.0,
        0.99999,
        label="EMA decay",
        level="advanced",
        help="Pictures come from an average of the generator's weights; nearer to 1, it remembers longer. 0: no average.",
    )
    momentum: float = knob(0.5, 0.0, 0.99, level="advanced", help="Adam's first beta. At 0.9 the two networks chase each other in circles.")
    width: int = width_knob()
    layers: int = knob(0, 0, 8, level="advanced", help="Hidden layers of an mlp, in each of the two networks. 0: three.")

    def settled(self, shape: tuple[int, ...], device_type: str) -> GANOptions:
        """Make every automatic value explicit; raise ValueError for knobs that cannot go together."""
        facts = settle_layout(self, shape, device_type, mlp_width=256 if len(shape) == 3 else 128, mlp_layers=3)
        if self.loss == "wasserstein" and self.regularizer != "gradient penalty":
            raise ValueError(
                "the Wasserstein loss needs a critic of bounded slope; set regularizer to gradient penalty, or take another loss"
            )
        weight = self.penalty_weight
        if self.regularizer == "none":
            if weight:
                raise ValueError(
                    "penalty_weight has no effect without a regularizer; choose r1 or gradient penalty, or set penalty_weight to 0"
                )
        else:
            weight = weight or REGULARIZERS[self.regularizer].weight(shape)
        return dataclasses.replace(self, penalty_weight=weight, **facts)


@final
class GAN(Model):
    """A generator that makes items from codes, and a discriminator that tells them from real ones."""

    def __init__(self, shape: tuple[int, ...], latent_dim: int, options: GANOptions, classes: int = 0) -> None:
        super().__init__(shape, latent_dim, options, classes)
        layout = Layout(options.trunk, options.width, options.layers, nn.ReLU, batch_norm=len(shape) == 3)
        # A penalty on each item's own gradient means nothing where batch norm mixes the items (Gulrajani 2017, section 4).
        self._normed = options.trunk == "conv" and options.regularizer == "none"
        self.generator = make_generator(layout, latent_dim, shape)
        trunk = make_trunk(dataclasses.replace(layout, activation=_leaky, batch_norm=self._normed), shape)
        self.discriminator = nn.Sequential(trunk, nn.Linear(trunk.outputs, 1), nn.Flatten(0))
        if options.trunk == "conv":
            self.generator.apply(_dcgan_start)
        if self._normed:
            self.discriminator.apply(_dcgan_start)
        self.steps: Tensor
        self.penalty: Tensor
        self.register_buffer("steps", torch.zeros((), dtype=torch.int64))
        self.register_buffer("penalty", torch.zeros(()))  # as last computed, for the log
        self._count = 0  # the same as `steps`, known without asking the device
        self.register_load_state_dict_post_hook(_recount)

    @property
    def ema(self) -> float:
        return self.options.ema

    @property
    def batches(self) -> int:
        return self.options.discriminator_updates

    def optimizers(self) -> dict[str, Optimizer]:
        betas = (self.options.momentum, 0.999)
        return {
            name: Adam(getattr(self, name).parameters(), lr=rate, betas=betas, fused=True) for name, rate in self.learning_rates().items()
        }

    def learning_rates(self) -> dict[str, float]:
        return {"discriminator": self.options.discriminator_rate, "generator": self.options.generator_rate}

    def step(self, batch: Tensor, labels: Tensor | None, optimizers: Optimizers) -> dict[str, Tensor]:
        metrics = {}
        for real in batch.chunk(self.batches):
            fake = self.decode(torch.randn(len(real), self.latent_dim, device=batch.device))
            metrics = self._discriminate(real, fake.detach(), optimizers["discriminator"])
        # The last fakes serve the generator as well: its weights have not changed since, so one pass is saved.
        metrics["g_loss"] = self._deceive(fake, optimizers["generator"])
        self.steps += 1
        self._count += 1
        return metrics

    def decode(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        output = self.generator(z).float()
        return output.tanh() if len(self.shape) == 3 else output

    def features(self, x: Tensor) -> Tensor:
        return self.discriminator[0].describe(x)  # type: ignore[operator]

    def _discriminate(self, real: Tensor, fake: Tensor, optimizer: Optimizer) -> dict[str, Tensor]:
        """Update the discriminator once; leave no gradient behind."""
        loss = LOSSES[self.options.loss]
        on_real, on_fake = self._verdicts(real, fake)
        d_loss = loss.discriminator(on_real, on_fake)
        total, penalty = d_loss, self._penalty(real, fake)
        if penalty is not None:
            total = d_loss + penalty
            self.penalty.copy_(penalty.detach())
        total.backward()
        optimizer.step()
        torch.clear_autocast_cache()  # it holds the weights as they were before this update
        optimizer.zero_grad(set_to_none=True)
        on_real, on_fake = on_real.detach(), on_fake.detach()
        boundary = loss.boundary(on_real, on_fake)
        metrics = {"d_loss": d_loss.detach(), "d_real": (on_real > boundary).float().mean(), "d_fake": (on_fake < boundary).float().mean()}
        return metrics if self.options.regularizer == "none" else {**metrics, "penalty": self.penalty.clone()}

    def _deceive(self, fake: Tensor, optimizer: Optimizer) -> Tensor:
        """Update the generator once against a frozen discriminator; return its loss."""
        self.discriminator.requires_grad_(False)
        loss = LOSSES[self.options.loss].generator(self.discriminator(fake).float())
        loss.backward()
        self.discriminator.requires_grad_(True)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        return loss.detach()

    def _verdicts(self, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
        """Return the logits on real and fake items: in one pass, or in two where batch norm must not mix them."""
        if self._normed:
            return self.discriminator(real).float(), self.discriminator(fake).float()
        on_real, on_fake = self.discriminator(torch.cat([real, fake])).float().chunk(2)
        return on_real, on_fake

    def _penalty(self, real: Tensor, fake: Tensor) -> Tensor | None:
        """Return the regularizer's weighted term, or None where this step has none."""
        if self.options.regularizer == "none":
            return None
        regularizer = REGULARIZERS[self.options.regularizer]
        if self._count % regularizer.every:
            return None
        return self.options.penalty_weight * regularizer.every * regularizer.penalty(self.discriminator, real, fake)


def _recount(model: GAN, keys: Any) -> None:
    model._count = int(model.steps)


def _leaky() -> nn.Module:
    return nn.LeakyReLU(0.2)


def _dcgan_start(module: nn.Module) -> None:
    """Draw convolutions from N(0, 0.02), batch norm's scales from N(1, 0.02) (Radford 2016)."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)
