"""What a person can turn on a variational autoencoder, and what does not go together. Apart from the model because it is as long."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass

from genlib.choices import knob
from genlib.models.blocks import ema_knob, layers_knob, settle_layout, trunk_knob, width_knob

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
        help="Steps before the mixture's clouds are placed among the codes. Too early, and groups follow chance. 0: 1000 with a mixture.",
    )
    capacity: float = knob(
        0.0,
        0.0,
        200.0,
        live=True,
        level="advanced",
        help="Nats at which the KL term is held, beta being how firmly (10 or more). Raise it: codes take in one more detail. 0: off.",
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
        help="Weight of total correlation, what dimensions tell about each other. Above 1 each learns its own factor; 1: the plain KL.",
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
    ema: float = ema_knob(0.0)
    width: int = width_knob()
    layers: int = layers_knob()

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
        yield "a mixture prior looks for the groups that conditional tells the decoder; set conditional to false, or prior to normal"
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
