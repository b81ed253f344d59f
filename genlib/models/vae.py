"""The variational autoencoder (Kingma and Welling 2014, arXiv:1312.6114); its variants are values of its knobs."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, final

import torch
from torch import Tensor, nn
from torch.optim import Adam, Optimizer

from genlib.choices import knob
from genlib.models.base import Model, Optimizers
from genlib.models.blocks import Layout, make_generator, make_trunk, settle_layout, trunk_knob, width_knob
from genlib.models.divergences import decompose, log_normal
from genlib.models.likelihoods import LIKELIHOODS, OF_POINTS
from genlib.models.priors import Mixture, Normal

ACTIVE = 0.01  # nats: a latent dimension with less KL than this carries nothing (Burda 2016)
FLOOR = 1 / 255  # least sigma of the Gaussian, half a pixel level: below it the likelihood of pixels has no bound
MOMENTUM = 0.02  # of the running variance that evaluation uses: about the last 50 steps
COMPONENTS, START = 10, 1000  # of a mixture: as many as most sets have classes; codes have found their places by then


@dataclass(frozen=True)
class VAEOptions:
    """What a person can turn on a VAE."""

    trunk: str = trunk_knob()
    beta: float = knob(
        1.0, 0.0, 1000.0, live=True, help="Weight of the KL term. Above 1 codes become tidier and pictures blurrier; below 1 the reverse."
    )
    learning_rate: float = knob(
        1e-3, 1e-6, 0.1, live=True, help="How far each update moves the weights. Too high, and the loss jumps or becomes infinite."
    )
    likelihood: str = knob(
        "auto",
        values=("auto", "bernoulli", "continuous bernoulli", "gaussian"),
        help="How differences are judged. Bernoulli suits grey pictures, continuous Bernoulli is exact for greys and draws them "
        "with more contrast; Gaussian, with its learned noise level, suits colour and points.",
    )
    prior: str = knob(
        "normal",
        values=("normal", "mixture"),
        help="Where codes are expected: one round cloud, or a mixture of several that move to where codes gather, so that it finds groups.",
    )
    conditional: bool = knob(
        False, help="Tell the decoder each item's class: the code then keeps only what the class does not say, such as style."
    )
    components: int = knob(
        0, 0, 100, level="advanced", help="Clouds of a mixture prior: the groups it may find. 0: ten with a mixture, else none."
    )
    mixture_start: int = knob(
        0,
        0,
        1_000_000,
        level="advanced",
        help="Steps before the mixture's clouds are placed among the codes. Too early, and the groups follow chance. 0: 1000 with a mixture.",
    )
    capacity: float = knob(
        0.0,
        0.0,
        200.0,
        live=True,
        level="advanced",
        help="Nats at which the KL term is held, beta being how firmly (10 or more). Raise it and the codes take in one more detail. 0: off.",
    )
    capacity_steps: int = knob(
        0,
        0,
        1_000_000,
        level="advanced",
        help="Steps over which the capacity grows from nothing: dimensions are then taken into use one after another.",
    )
    tc_weight: float = knob(
        1.0,
        0.0,
        100.0,
        live=True,
        label="TC weight",
        level="advanced",
        help="Weight of total correlation, what dimensions tell about each other. Above 1 each learns a factor of its own; 1: the plain KL.",
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
    ema: float = knob(
        0.0,
        0.0,
        0.9999,
        label="Averaging of weights",
        level="advanced",
        help="Share of the old average kept each step, for results from averaged weights: 0.999 gains what a falling rate would. 0: off.",
    )
    width: int = width_knob()
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
        if likelihood != "gaussian" and not pictures:
            raise ValueError(f"a {likelihood} likelihood judges pixels between black and white; for points take likelihood gaussian")
        for reason in _clashes(self):
            raise ValueError(reason)
        for name, value in (("components", COMPONENTS), ("mixture_start", START)):
            facts[name] = getattr(self, name) or (value if self.prior == "mixture" else 0)
        return dataclasses.replace(self, likelihood=likelihood, **facts)


def _clashes(options: VAEOptions) -> Iterator[str]:
    """Say which knobs do not go together, and the way out."""
    mixed = options.prior == "mixture"
    if mixed and options.conditional:
        yield "a mixture prior would look for the groups that conditional tells the decoder of; set conditional to false, or prior to normal"
    if mixed and options.components == 1:
        yield "a mixture of 1 component is a normal prior; take components from 2 to 100, or prior normal"
    for name in ("components", "mixture_start"):
        if getattr(options, name) and not mixed:
            yield f"{name} has no effect with a normal prior; set {name} to 0, or take prior mixture"
    if mixed and options.tc_weight != 1:
        yield "tc_weight needs a prior whose dimensions are independent, which a mixture's are not; set tc_weight to 1, or prior to normal"
    if mixed and options.free_bits:
        yield "free_bits counts each dimension by itself, which a mixture prior does not; set free_bits to 0, or prior to normal"
    if options.capacity_steps and not options.capacity:
        yield "capacity_steps has no effect while capacity is 0; set capacity_steps to 0, or capacity above 0"
    for name, off in (("kl_warmup", 0), ("free_bits", 0), ("tc_weight", 1)):
        if options.capacity and getattr(options, name) != off:
            yield f"capacity holds the KL term at its own value, against which {name} would pull; set {name} to {off}, or capacity to 0"
    for name, off in (("kl_warmup", 0), ("free_bits", 0), ("tc_weight", 1), ("capacity", 0)):
        if getattr(options, name) != off and not options.beta:
            yield f"{name} has no effect while beta is 0; set {name} to {off}, or beta above 0"


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
