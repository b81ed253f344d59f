"""The variational autoencoder (Kingma and Welling 2014, arXiv:1312.6114); its variants are values of its knobs."""

from __future__ import annotations

import math
from typing import Any, final

import torch
from torch import Tensor, nn
from torch.optim import Adam, Optimizer

from genlib.models.base import Model, Optimizers
from genlib.models.blocks import Layout, make_generator, make_trunk
from genlib.models.divergences import decompose, log_normal
from genlib.models.likelihoods import LIKELIHOODS, OF_POINTS
from genlib.models.priors import Mixture, Normal
from genlib.models.vae_options import VAEOptions

ACTIVE = 0.01  # nats: a latent dimension with less KL than this carries nothing (Burda 2016)
FLOOR = 1 / 255  # least sigma of the Gaussian, half a pixel level: below it the likelihood of pixels has no bound
MOMENTUM = 0.02  # of the running variance that evaluation uses: about the last 50 steps


@final
class VAE(Model):
    """An encoder to a Gaussian over codes, a decoder back, and the ELBO as their one loss.

    With trunk mlp, width 400, latent_dim 20 and Bernoulli this is the 784-400-20 network of pytorch/examples. A conditional one
    tells the decoder alone of the class, so that items can be encoded without one.
    """

    has_encoder = True

    def __init__(self, shape: tuple[int, ...], latent_dim: int, options: VAEOptions, classes: int = 0) -> None:
        super().__init__(shape, latent_dim, options, classes)
        layout = Layout(options.trunk, options.width, options.layers, nn.ReLU)
        self.encoder = make_trunk(layout, shape)
        self.posterior = nn.Linear(self.encoder.outputs, 2 * latent_dim)  # mean and log variance side by side
        self.decoder = make_generator(layout, latent_dim, shape, classes)
        self.cloud = Mixture(latent_dim, options.components) if options.prior == "mixture" else Normal(latent_dim)
        self.likelihood = LIKELIHOODS[options.likelihood] if len(shape) == 3 else OF_POINTS
        self.register_buffer("steps", torch.zeros((), dtype=torch.int64))
        self.register_buffer("variance", torch.ones(()))  # of the Gaussian, running; unused by the others
        self.steps: Tensor
        self.variance: Tensor
        self._count = 0  # the same as `steps`, known without asking the device
        self.register_load_state_dict_post_hook(_recount)

    @property
    def categories(self) -> int:
        return self.cloud.components if isinstance(self.cloud, Mixture) else 0

    @property
    def ema(self) -> float:
        return self.options.ema

    @property
    def takes_bfloat16(self) -> bool:
        """Pictures: half the time a step fully connected, three quarters with convolutions, and the same ELBO over three seeds.

        Not a Gaussian behind convolutions: with a small sigma its pixels need more digits, as points do always.
        """
        return len(self.shape) == 3 and (
            self.options.trunk == "mlp" or (self.options.trunk == "conv" and self.options.likelihood != "gaussian")
        )

    def optimizers(self) -> dict[str, Optimizer]:
        return {"vae": Adam(self.parameters(), lr=self.options.learning_rate, fused=True)}

    def learning_rates(self) -> dict[str, float]:
        return {"vae": self.options.learning_rate}

    def step(self, batch: Tensor, labels: Tensor | None, optimizers: Optimizers) -> dict[str, Tensor]:
        optimizer = optimizers["vae"]
        optimizer.zero_grad(set_to_none=True)
        mean, log_variance = self._posterior(batch)
        self._move_components(mean, log_variance)
        z = _draw(mean, log_variance)
        output = self._output(z, labels)
        recon = self.likelihood.surprise(output, batch, self._fitted_variance(output, batch)).mean()
        kl, by_dimension = (each.mean(0) for each in self.cloud.divergence(mean, log_variance))
        price, facts = self._price(kl, by_dimension, z, mean, log_variance)
        loss = recon + price
        loss.backward()
        optimizer.step()
        self.steps += 1
        self._count += 1
        units = by_dimension.detach()
        facts |= {"active_units": (units > ACTIVE).sum(), "kl_largest": units.amax()}
        return {"loss": loss.detach(), "recon": recon.detach(), "kl": kl.detach(), **facts}

    def encode(self, x: Tensor) -> Tensor:
        return self._posterior(x)[0]

    def decode(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.likelihood.mean(self._output(z, labels))

    def features(self, x: Tensor) -> Tensor:
        return self.encoder.describe(x)

    def categorize(self, x: Tensor) -> Tensor:
        if not isinstance(self.cloud, Mixture):
            return super().categorize(x)
        return self.cloud.shares(*self._posterior(x)).argmax(1)

    def prior(self, n: int, generator: torch.Generator, labels: Tensor | None = None) -> Tensor:
        return self.cloud.draw(n, generator, labels).to(self.device)

    def components(self) -> tuple[Tensor, Tensor, Tensor] | None:
        if not isinstance(self.cloud, Mixture):
            return None
        return self.cloud.weights, self.cloud.means, self.cloud.variances.sqrt()

    def measure(self, x: Tensor, labels: Tensor | None = None) -> dict[str, Tensor]:
        """Sum the ELBO, reconstruction and KL of items, in nats, with one draw of z an item from torch's global generator."""
        mean, log_variance = self._posterior(x)
        recon = self.likelihood.surprise(self._output(_draw(mean, log_variance), labels), x, self.variance).sum()
        kl = self.cloud.divergence(mean, log_variance)[0].sum()
        return {"elbo": -recon - kl, "recon": recon, "kl": kl}

    def bound(self, x: Tensor, labels: Tensor | None, draws: int, generator: torch.Generator) -> Tensor:
        """Bound the log-likelihood of items from below by importance weights (Burda 2016, arXiv:1509.00519): (n,) in nats.

        With one draw this is an estimate of the ELBO; the more draws, the nearer to the truth. The generator is the CPU's.
        """
        mean, log_variance = self._posterior(x)
        total = torch.full((len(x),), -math.inf, device=x.device)
        for _ in range(draws):  # one after another: the decoded items of all draws might not fit into memory
            noise = torch.randn(mean.shape, generator=generator).to(x.device)
            z = mean + noise * (0.5 * log_variance).exp()
            likelihood = -self.likelihood.surprise(self._output(z, labels), x, self.variance)
            weight = likelihood + self.cloud.log_density(z) - log_normal(z, mean, log_variance).sum(1)
            total = torch.logaddexp(total, weight)
        return total - math.log(draws)

    def _posterior(self, x: Tensor) -> tuple[Tensor, Tensor]:
        mean, log_variance = self.posterior(self.encoder(x)).float().chunk(2, dim=1)
        return mean, log_variance

    def _output(self, z: Tensor, labels: Tensor | None) -> Tensor:
        return self.decoder(z, labels if self.classes else None).float()

    def _fitted_variance(self, output: Tensor, batch: Tensor) -> Tensor:
        """Return the Gaussian's variance that fits the batch best (sigma-VAE, Rybkin 2021), and let the running one follow."""
        if self.options.likelihood != "gaussian":
            return self.variance
        # No gradient: at the best variance its own is nothing.
        variance = (self.likelihood.mean(output.detach()) - batch).square().mean() + FLOOR**2
        self.variance.lerp_(variance, torch.clamp(1 / (self.steps + 1), min=MOMENTUM))
        return variance

    def _move_components(self, mean: Tensor, log_variance: Tensor) -> None:
        """Place a mixture's components once codes have found their places, and from then on let them follow."""
        if not isinstance(self.cloud, Mixture) or self._count < self.options.mixture_start:
            return
        move = self.cloud.place if self._count == self.options.mixture_start else self.cloud.follow
        with torch.no_grad(), torch.autocast(mean.device.type, enabled=False):
            move(mean, log_variance)

    def _price(self, kl: Tensor, by_dimension: Tensor, z: Tensor, mean: Tensor, log_variance: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """Return what the loss charges for the codes, in nats an item, and what else is worth logging."""
        options, facts = self.options, dict[str, Tensor]()
        if options.likelihood == "gaussian":
            facts["sigma"] = self.variance.sqrt()
        if isinstance(self.cloud, Mixture):
            facts["components_used"] = self.cloud.in_use()
        price = by_dimension.clamp_min(options.free_bits).sum() if options.free_bits else kl
        if options.tc_weight != 1:
            correlation = decompose(z, mean, log_variance, self.population).correlation
            facts["correlation"] = correlation.detach()
            price = price + (options.tc_weight - 1) * correlation
        if options.capacity:
            # |KL - C|: Burgess 2018 (arXiv:1804.03599), beta in the place of gamma. With C = 0 it is beta-VAE.
            price = (price - options.capacity * self._share_of(options.capacity_steps)).abs()
        return options.beta * self._share_of(options.kl_warmup) * price, facts

    def _share_of(self, steps: int) -> Tensor | float:
        """Return how much of a linear rise over so many steps is done, 0 to 1."""
        return torch.clamp((self.steps + 1) / steps, max=1.0) if steps else 1.0


def _draw(mean: Tensor, log_variance: Tensor) -> Tensor:
    return torch.addcmul(mean, torch.randn_like(mean), (0.5 * log_variance).exp())


def _recount(model: VAE, keys: Any) -> None:
    model._count = int(model.steps)
