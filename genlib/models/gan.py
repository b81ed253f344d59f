"""The generative adversarial network (Goodfellow 2014, arXiv:1406.2661)."""

from __future__ import annotations

import dataclasses
import math
from typing import Any, final

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.nn.utils import get_total_norm
from torch.optim import Adam, Optimizer

from genlib.models.augment import augment
from genlib.models.base import Model, Optimizers
from genlib.models.blocks import Layout, make_generator
from genlib.models.discriminator import Discriminator, pack
from genlib.models.gan_options import GANOptions
from genlib.models.layers import dcgan_start, leaky
from genlib.models.losses import LOSSES, REGULARIZERS, smoothing

GRADIENTS_EVERY = 16  # steps between two looks at the gradients' lengths, which would cost a small network a few percent


@final
class GAN(Model):
    """A generator that makes items from codes, and a discriminator that tells them from real ones."""

    def __init__(self, shape: tuple[int, ...], latent_dim: int, options: GANOptions, classes: int = 0) -> None:
        super().__init__(shape, latent_dim, options, classes)
        layout = Layout(options.trunk, options.width, options.layers, nn.ReLU, batch_norm=len(shape) == 3)
        # A bound on each item's own gradient means nothing where batch norm mixes the items (Gulrajani 2017, section 4).
        self._normed = options.trunk == "conv" and options.regularizer == "none"
        # A class has its own batch norm. A category has to make do with a one-hot beside the code: with batch norm of its own it
        # becomes a watermark, which can be read off what is made and says nothing about real items.
        self.generator = make_generator(layout, latent_dim + options.categories, shape, classes)
        judging = dataclasses.replace(layout, activation=lambda: leaky(options.dropout), batch_norm=self._normed)
        packed = (shape[0] * options.packing, *shape[1:])
        self.discriminator = Discriminator(judging, packed, classes, options.categories)
        if options.trunk == "conv":
            self.generator.apply(dcgan_start)
        if self._normed:
            self.discriminator.apply(dcgan_start)
        if options.regularizer == "spectral norm":
            self.discriminator.normalise()
        self.steps: Tensor
        self.penalty: Tensor
        self.register_buffer("steps", torch.zeros((), dtype=torch.int64))
        self.register_buffer("penalty", torch.zeros(()))  # as last computed, for the log
        self._count = 0  # the same as `steps`, known without asking the device
        self._gradients: dict[str, Tensor] = {}  # their lengths, as last computed, for the log
        self.register_load_state_dict_post_hook(_recount)

    @property
    def categories(self) -> int:
        return self.options.categories

    @property
    def ema(self) -> float:
        return self.options.ema

    @property
    def takes_bfloat16(self) -> bool:
        """Convolutions: two thirds to three quarters of the time a step, and the same Fréchet distance over three seeds (78 and 76).

        Not fully connected networks, which came out a little worse (84 and 91), nor regularizers, which were not tried.
        """
        return self.options.trunk == "conv" and self.options.regularizer == "none"

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
        metrics: dict[str, Tensor] = {}
        groups = self._groups(len(batch), labels)
        theirs = [None] * self.batches if groups is None else groups.chunk(self.batches)
        for real, group in zip(batch.chunk(self.batches), theirs, strict=False):
            fake = self.decode(torch.randn(len(real), self.latent_dim, device=batch.device), group)
            metrics = self._discriminate(real, fake.detach(), group, optimizers["discriminator"])
        # The last fakes serve the generator as well: its weights have not changed since, so one pass is saved.
        metrics |= self._deceive(fake, group, optimizers["generator"]) | self._gradients
        self.steps += 1
        self._count += 1
        return metrics

    def decode(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        if self.categories:
            z = torch.cat([z, self._one_hot(labels).to(z.dtype)], dim=1)
        output = self.generator(z, labels if self.classes else None).float()
        return output.tanh() if len(self.shape) == 3 else output

    def features(self, x: Tensor) -> Tensor:
        # A judge of packs sees each item beside itself.
        return self.discriminator.trunk.describe(pack(x.repeat_interleave(self.options.packing, dim=0), self.options.packing))

    def categorize(self, x: Tensor) -> Tensor:
        if not self.categories:
            return super().categorize(x)
        return self.discriminator.recognize(self.discriminator.trunk(x)).argmax(dim=1)

    def _one_hot(self, categories: Tensor | None) -> Tensor:
        if categories is None:
            raise ValueError(f"this model has {self.categories} categories; say which one each code is for with labels of shape (n,)")
        return categories[:, None] == torch.arange(self.categories, device=categories.device)

    def _groups(self, n: int, labels: Tensor | None) -> Tensor | None:
        """Return the group that each made item is to be of: the classes of the real ones beside it, or categories by chance."""
        if self.classes:
            return labels
        return torch.randint(self.categories, (n,), device=self.device) if self.categories else None

    def _discriminate(self, real: Tensor, fake: Tensor, groups: Tensor | None, optimizer: Optimizer) -> dict[str, Tensor]:
        """Update the discriminator once; leave no gradient behind."""
        options, loss = self.options, LOSSES[self.options.loss]
        real, fake = self._shown(real), self._shown(fake)
        on_real, on_fake, seen = self._verdicts(real, fake, groups)
        d_loss = loss.discriminator(on_real, on_fake)
        if options.smoothing:
            d_loss = d_loss + smoothing(on_real, options.smoothing)
        total, penalty = d_loss, self._penalty(real, fake, groups)
        if penalty is not None:
            total = total + penalty
            self.penalty.copy_(penalty.detach())
        if self.categories and groups is not None:
            total = total - options.information * self._information(seen, groups)
        total.backward()
        self._look("d_grad", self.discriminator)
        optimizer.step()
        torch.clear_autocast_cache()  # it holds the weights as they were before this update
        optimizer.zero_grad(set_to_none=True)
        if options.regularizer == "weight clipping":
            self.discriminator.clip(options.clip)
        on_real, on_fake = on_real.detach(), on_fake.detach()
        boundary = loss.boundary(on_real, on_fake)
        metrics = {"d_loss": d_loss.detach(), "d_real": (on_real > boundary).float().mean(), "d_fake": (on_fake < boundary).float().mean()}
        return metrics | ({"penalty": self.penalty.clone()} if options.regularizer in REGULARIZERS else {})

    def _deceive(self, fake: Tensor, groups: Tensor | None, optimizer: Optimizer) -> dict[str, Tensor]:
        """Update the generator once against a frozen discriminator."""
        self.discriminator.requires_grad_(False)
        seen = self.discriminator.trunk(self._shown(fake))
        loss = LOSSES[self.options.loss].generator(self.discriminator.verdict(seen, self._told(groups)))
        total, metrics = loss, {"g_loss": loss.detach()}
        if self.categories and groups is not None:
            metrics["information"] = self._information(seen, groups)
            total = loss - self.options.information * metrics["information"]
        total.backward()
        self.discriminator.requires_grad_(True)
        self._look("g_grad", self.generator)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        return {name: value.detach() for name, value in metrics.items()}

    def _shown(self, x: Tensor) -> Tensor:
        """Make of items what the discriminator is shown, in both networks' updates: changed, noisy, in packs."""
        if self.options.augment == "on":
            x = augment(x)
        if self.options.instance_noise:
            steps = self.options.noise_steps
            left = (1 - self.steps / steps).clamp(min=0) if steps else 1.0
            x = x + self.options.instance_noise * left * torch.randn_like(x)
        return pack(x, self.options.packing)

    def _told(self, groups: Tensor | None) -> Tensor | None:
        return groups if self.classes else None

    def _verdicts(self, real: Tensor, fake: Tensor, groups: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
        """Return the logits on real and fake items, and what was seen of the fakes. Where batch norm must not mix them, in two passes."""
        if self._normed:
            on_real, seen = self.discriminator(real, self._told(groups)), self.discriminator.trunk(fake)
            return on_real, self.discriminator.verdict(seen, self._told(groups)), seen
        both, told = self.discriminator.trunk(torch.cat([real, fake])), self._told(groups)
        on_real, on_fake = self.discriminator.verdict(both, None if told is None else told.repeat(2)).chunk(2)
        return on_real, on_fake, both[len(real) :]

    def _information(self, seen: Tensor, categories: Tensor) -> Tensor:
        """Return a lower bound, in nats, of what items say about the category they were made from (Chen 2016, section 5)."""
        return math.log(self.categories) - cross_entropy(self.discriminator.recognize(seen), categories)

    def _penalty(self, real: Tensor, fake: Tensor, groups: Tensor | None = None) -> Tensor | None:
        """Return the regularizer's weighted term, or None where this step has none."""
        regularizer = REGULARIZERS.get(self.options.regularizer)
        if regularizer is None or self._count % regularizer.every:
            return None
        told = self._told(groups)
        return self.options.penalty_weight * regularizer.every * regularizer.penalty(lambda x: self.discriminator(x, told), real, fake)

    def _look(self, name: str, network: nn.Module) -> None:
        """Take the length of a network's whole gradient, now and then."""
        if self._count % GRADIENTS_EVERY == 0 or name not in self._gradients:
            self._gradients[name] = get_total_norm([weight.grad for weight in network.parameters() if weight.grad is not None])


def _recount(model: GAN, keys: Any) -> None:
    model._count = int(model.steps)
