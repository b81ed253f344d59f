"""The knobs of a GAN, and which of them cannot go together."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from genlib.choices import knob
from genlib.models.augment import FEW
from genlib.models.blocks import ema_knob, settle_layout, trunk_knob, width_knob
from genlib.models.losses import CONSTRAINTS, LOSSES, REGULARIZERS

BOUNDED = ("gradient penalty", *CONSTRAINTS)  # regularizers that bound the slope, as the Wasserstein distance asks


@dataclass(frozen=True)
class GANOptions:
    """What a person can turn on a GAN."""

    trunk: str = trunk_knob()
    loss: str = knob(
        "non-saturating", values=LOSSES, help="What the two networks play for. Non-saturating is the usual one; minimax shows why it is."
    )
    generator_rate: float = knob(
        2e-4, 1e-6, 0.1, live=True, help="Learning rate of the generator. Too quick, and it jumps from mode to mode."
    )
    discriminator_rate: float = knob(
        2e-4,
        1e-6,
        0.1,
        live=True,
        help="Learning rate of the discriminator. Above the generator's, it follows every trick; far above, it wins.",
    )
    discriminator_updates: int = knob(
        1,
        1,
        10,
        live=True,
        help="Updates of the discriminator to one of the generator, each on a batch of its own: a surer judge, slower steps.",
    )
    regularizer: str = knob(
        "none",
        values=("none", *REGULARIZERS, *CONSTRAINTS),
        help="Keeps the discriminator's slope in bounds, which calms the game. Wasserstein needs any but r1; weight clipping shows why "
        "the others were invented.",
    )
    penalty_weight: float = knob(
        0.0,
        0.0,
        1000.0,
        live=True,
        level="advanced",
        help="Strength of r1 or the gradient penalty; too strong, and all is blurred. 0: what suits.",
    )
    clip: float = knob(
        0.0,
        0.0,
        1.0,
        live=True,
        level="advanced",
        help="Where weight clipping cuts weights off; watch gradients fade or explode. 0: what suits.",
    )
    conditional: bool = knob(
        False, help="Tell both networks the class of each item: then you choose the class to draw, and none is left out."
    )
    categories: int = knob(
        0,
        0,
        100,
        help="Let the model find so many groups by itself, without labels (InfoGAN), and draw from each; best with r1. 0: none.",
        label="Categories",
    )
    information: float = knob(
        0.0,
        0.0,
        100.0,
        live=True,
        level="advanced",
        help="How much it counts that a category can be read off an item. 0: 1, where there are any.",
    )
    augment: str = knob(
        "auto",
        values=("auto", "off", "on"),
        label="Augment (DiffAugment)",
        help=f"Change colour, place and parts of all pictures judged, lest few be learned by heart. Auto: on below {FEW:,} pictures.",
    )
    instance_noise: float = knob(
        0.0,
        0.0,
        2.0,
        live=True,
        help="Noise on all items judged (standard deviation): real and made ones overlap, so the judge is never sure.",
    )
    noise_steps: int = knob(
        0, 0, 10_000_000, live=True, level="advanced", help="Steps from the start in which that noise fades to nothing. 0: it stays."
    )
    smoothing: float = knob(
        0.0,
        0.0,
        0.5,
        live=True,
        help="Lowers the target of real items by this (0.1: to 0.9), which keeps a cross-entropy judge from certainty.",
    )
    packing: int = knob(1, 1, 8, help="Judge so many items side by side (PacGAN): a generator that repeats itself is seen through.")
    dropout: float = knob(
        0.0, 0.0, 0.8, level="advanced", help="Share of the discriminator's units left out at random: a forgetful judge, a longer game."
    )
    ema: float = ema_knob(0.999)
    momentum: float = knob(0.5, 0.0, 0.99, level="advanced", help="Adam's first beta. At 0.9 the two networks chase each other in circles.")
    width: int = width_knob()
    layers: int = knob(0, 0, 8, level="advanced", help="Hidden layers of an mlp, in each of the two networks. 0: three.")

    def settled(self, shape: tuple[int, ...], device_type: str) -> GANOptions:
        """Make every automatic value explicit; raise ValueError for knobs that cannot go together."""
        facts = settle_layout(self, shape, device_type, mlp_width=256 if len(shape) == 3 else 128, mlp_layers=3)
        pictures = len(shape) == 3
        for wrong, sentence in self._conflicts(pictures):
            if wrong:
                raise ValueError(sentence)
        if self.regularizer in REGULARIZERS:
            facts["penalty_weight"] = self.penalty_weight or REGULARIZERS[self.regularizer].weight(shape)
        if self.regularizer == "weight clipping":
            facts["clip"] = self.clip or (0.01 if pictures else 0.1)  # 0.01: Arjovsky 2017
        if self.categories:
            facts["information"] = self.information or 1.0
        if self.augment == "auto":
            facts["augment"] = "off"
        return dataclasses.replace(self, **facts)

    def suited(self, count: int | None) -> GANOptions:
        """Settle what depends on the number of pictures in the data set; None where it is large, or of points."""
        return dataclasses.replace(self, augment="on") if self.augment == "auto" and count and count < FEW else self

    def _conflicts(self, pictures: bool) -> list[tuple[bool, str]]:
        """List what cannot go together, each with the way out."""
        return [
            (
                self.loss == "wasserstein" and self.regularizer not in BOUNDED,
                "the Wasserstein loss needs a critic of bounded slope; set regularizer to gradient penalty, spectral norm or "
                "weight clipping, or take another loss",
            ),
            (
                self.penalty_weight > 0 and self.regularizer not in REGULARIZERS,
                f"penalty_weight has no effect with regularizer {self.regularizer}; choose r1 or gradient penalty, or set it to 0",
            ),
            (
                self.clip > 0 and self.regularizer != "weight clipping",
                "clip has no effect without weight clipping; set regularizer to weight clipping, or clip to 0",
            ),
            (
                self.smoothing > 0 and not LOSSES[self.loss].smooths,
                f"the {self.loss} loss has no target to be smoothed; set smoothing to 0, or take loss non-saturating or minimax",
            ),
            (
                self.noise_steps > 0 and not self.instance_noise,
                "noise_steps has no effect without instance_noise; set instance_noise above 0, or noise_steps to 0",
            ),
            (self.categories == 1, "one category tells nothing; set categories to 2 or more, or to 0"),
            (
                self.information > 0 and not self.categories,
                "information has no effect without categories; set categories to 2 or more, or information to 0",
            ),
            (
                self.conditional and self.categories > 0,
                "conditional tells the model the classes, categories lets it find groups of its own; set one of them to false or 0",
            ),
            (
                self.packing > 1 and (self.conditional or self.categories > 0),
                "a pack of items has no single class or category; set packing to 1, or conditional to false and categories to 0",
            ),
            (self.augment == "on" and not pictures, "augment changes pictures, and these are points; set augment to auto or off"),
        ]
