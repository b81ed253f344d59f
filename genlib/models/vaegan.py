"""The VAE-GAN (Larsen 2016, arXiv:1512.09300): a VAE whose copies are judged by what a discriminator sees of them."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor, nn
from torch.optim import Adam, Optimizer

from genlib.choices import knob
from genlib.models.ae import half_squares
from genlib.models.base import Model, Optimizers
from genlib.models.blocks import Layout, ema_knob, make_generator, make_trunk, settle_layout, sides, trunk_knob, width_knob
from genlib.models.discriminator import Discriminator
from genlib.models.divergences import kl_to_prior
from genlib.models.layers import dcgan_start, leaky
from genlib.models.losses import LOSSES
from genlib.models.vae import ACTIVE

BETAS = (0.5, 0.999)  # of Adam: with more momentum the networks chase each other (Radford 2016)
PLAYABLE = tuple(name for name in LOSSES if name != "wasserstein")  # which needs a regularizer


@dataclass(frozen=True)
class VAEGANOptions:
    """What a person can turn on a VAE-GAN."""

    trunk: str = trunk_knob()
    gamma: float = knob(
        1.0,
        0.0,
        1000.0,
        live=True,
        help="Weight of rebuilding against deceiving, for the decoder. Higher, and copies stay true; lower, and all looks sharper.",
    )
    beta: float = knob(
        1.0,
        0.0,
        1000.0,
        live=True,
        help="Weight of the KL term, for the encoder. Higher: draws look as good as copies, and copies resemble their items less.",
    )
    loss: str = knob("non-saturating", values=PLAYABLE, help="What decoder and discriminator play for. Non-saturating is the usual one.")
    encoder_rate: float = knob(1e-3, 1e-6, 0.1, live=True, help="Learning rate of the encoder. It only has to follow the decoder.")
    decoder_rate: float = knob(
        1e-3, 1e-6, 0.1, live=True, help="Learning rate of the decoder, which is the generator. Too quick, and what it draws jumps about."
    )
    discriminator_rate: float = knob(
        1e-3, 1e-6, 0.1, live=True, help="Learning rate of the discriminator. Far above the decoder's, it wins; far below, all is blurred."
    )
    conditional: bool = knob(False, help="Tell decoder and discriminator the class of each item: then you choose the class to draw.")
    feature_layer: int = knob(
        0,
        0,
        8,
        level="advanced",
        help="Layer of the discriminator in which copies are compared. Low ones see edges, high ones parts of things. 0: the last but one.",
    )
    ema: float = ema_knob(0.999)
    width: int = width_knob()
    layers: int = knob(0, 0, 8, level="advanced", help="Hidden layers of an mlp, in each of the three networks. 0: three.")

    def settled(self, shape: tuple[int, ...], device_type: str) -> VAEGANOptions:
        """Make every automatic value explicit; raise ValueError for knobs that cannot go together."""
        facts = settle_layout(self, shape, device_type, mlp_width=256 if len(shape) == 3 else 128, mlp_layers=3)
        count = facts["layers"] or len(sides(shape[1]))
        if self.feature_layer > count:
            raise ValueError(f"feature_layer must be from 1 to {count}, the layers of this discriminator, or 0; got {self.feature_layer}")
        return dataclasses.replace(self, feature_layer=self.feature_layer or max(1, count - 1), **facts)


@final
class VAEGAN(Model):
    """Encoder, decoder and discriminator; the decoder is the generator of a game, and the discriminator the eye that compares.

    Each network gets the gradient of its own loss alone (the paper's algorithm 1): the encoder that of the copies and of the KL
    term, the decoder that of the copies and of deceiving, the discriminator that of not being deceived.
    """

    has_encoder = True

    def __init__(self, shape: tuple[int, ...], latent_dim: int, options: VAEGANOptions, classes: int = 0) -> None:
        super().__init__(shape, latent_dim, options, classes)
        layout = Layout(options.trunk, options.width, options.layers, nn.ReLU)
        trunk = make_trunk(layout, shape)
        self.encoder = nn.Sequential(trunk, nn.Linear(trunk.outputs, 2 * latent_dim))  # mean and log variance side by side
        self.decoder = make_generator(dataclasses.replace(layout, batch_norm=len(shape) == 3), latent_dim, shape, classes)
        judging = dataclasses.replace(layout, activation=leaky, batch_norm=options.trunk == "conv")
        self.discriminator = Discriminator(judging, shape, classes)
        if options.trunk == "conv":
            self.decoder.apply(dcgan_start)
            self.discriminator.apply(dcgan_start)

    @property
    def ema(self) -> float:
        return self.options.ema

    def optimizers(self) -> dict[str, Optimizer]:
        rates = self.learning_rates()
        return {name: Adam(getattr(self, name).parameters(), lr=rate, betas=BETAS, fused=True) for name, rate in rates.items()}

    def learning_rates(self) -> dict[str, float]:
        options = self.options
        return {"encoder": options.encoder_rate, "decoder": options.decoder_rate, "discriminator": options.discriminator_rate}

    def step(self, batch: Tensor, labels: Tensor | None, optimizers: Optimizers) -> dict[str, Tensor]:
        told = labels if self.classes else None
        mean, log_variance = self._posterior(batch)
        z = torch.addcmul(mean, torch.randn_like(mean), (0.5 * log_variance).exp())
        # Copies and draws in one pass, so that the decoder's batch norm learns the statistics of both.
        made = self._items(torch.cat([z, torch.randn_like(z)]), None if told is None else told.repeat(2))
        metrics = self._discriminate(batch, made.detach(), told, optimizers["discriminator"])
        return metrics | self._learn(batch, made, told, kl_to_prior(mean, log_variance).mean(0), optimizers)

    def encode(self, x: Tensor) -> Tensor:
        return self._posterior(x)[0]

    def decode(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        return self._items(z, labels if self.classes else None)

    def features(self, x: Tensor) -> Tensor:
        return self.discriminator.trunk.describe(x)

    def measure(self, x: Tensor, labels: Tensor | None = None) -> dict[str, Tensor]:
        """Sum half the squared error of copies made from mean codes, in pixels, and the KL, in nats."""
        mean, log_variance = self._posterior(x)
        return {"recon": half_squares(self.decode(mean, labels), x), "kl": kl_to_prior(mean, log_variance).sum()}

    def _posterior(self, x: Tensor) -> tuple[Tensor, Tensor]:
        mean, log_variance = self.encoder(x).float().chunk(2, dim=1)
        return mean, log_variance

    def _items(self, z: Tensor, labels: Tensor | None) -> Tensor:
        output = self.decoder(z, labels).float()
        return output.tanh() if len(self.shape) == 3 else output

    def _see(self, x: Tensor, labels: Tensor | None) -> tuple[Tensor, Tensor]:
        """Return the features that are compared, and the verdicts: (n, *shape) -> (n, f), (n,)."""
        features, seen = self.discriminator.trunk.see(x, self.options.feature_layer)
        return features.float(), self.discriminator.verdict(seen, labels)

    def _discriminate(self, real: Tensor, made: Tensor, labels: Tensor | None, optimizer: Optimizer) -> dict[str, Tensor]:
        """Update the discriminator on real items, copies and draws, each in a pass of its own for the sake of batch norm."""
        loss = LOSSES[self.options.loss]
        on_real, *on_made = (self._see(x, labels)[1] for x in (real, *made.chunk(2)))
        on_fake = torch.cat(on_made)
        d_loss = loss.discriminator(on_real, on_fake)
        d_loss.backward(inputs=list(self.discriminator.parameters()))
        optimizer.step()
        torch.clear_autocast_cache()  # it holds the weights as they were before this update
        optimizer.zero_grad(set_to_none=True)
        on_real, on_fake = on_real.detach(), on_fake.detach()
        boundary = loss.boundary(on_real, on_fake)
        return {"d_loss": d_loss.detach(), "d_real": (on_real > boundary).float().mean(), "d_fake": (on_fake < boundary).float().mean()}

    def _learn(
        self, real: Tensor, made: Tensor, labels: Tensor | None, kl_by_dimension: Tensor, optimizers: Optimizers
    ) -> dict[str, Tensor]:
        """Update decoder and encoder, each by its own loss: `inputs` keeps the gradient of either out of the other."""
        copies, draws = made.chunk(2)
        with torch.no_grad():
            wanted, _ = self._see(real, labels)
        features, on_copies = self._see(copies, labels)
        on_made = torch.cat([on_copies, self._see(draws, labels)[1]])
        seen = half_squares(features, wanted) / len(real)
        kl, g_loss = kl_by_dimension.sum(), LOSSES[self.options.loss].generator(on_made)
        # A mean over features for the decoder, whose other term does not grow with their number either.
        deceiving = g_loss + self.options.gamma * seen / features.shape[1]
        deceiving.backward(inputs=list(self.decoder.parameters()), retain_graph=True)
        (seen + self.options.beta * kl).backward(inputs=list(self.encoder.parameters()))
        for name in ("decoder", "encoder"):
            optimizers[name].step()
            optimizers[name].zero_grad(set_to_none=True)
        recon = half_squares(copies.detach(), real) / len(real)  # watched, not trained on
        metrics = {"g_loss": g_loss, "feature_recon": seen, "kl": kl, "active_units": (kl_by_dimension > ACTIVE).sum(), "recon": recon}
        return {name: value.detach() for name, value in metrics.items()}
