"""The table of models, and how a recipe becomes one of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Protocol

from genlib.choices import Choice, Value, fill, pick
from genlib.models.ae import Autoencoder, AutoencoderOptions
from genlib.models.base import Model
from genlib.models.gan import GAN, GANOptions
from genlib.models.vae import VAE
from genlib.models.vae_options import VAEOptions
from genlib.models.vaegan import VAEGAN, VAEGANOptions

MODELS: dict[str, Choice] = {
    "vae": Choice(
        "Variational autoencoder (VAE)",
        "Learns to squeeze each item into a few numbers and back; trains steadily, and every item has a place in its latent space.",
        VAEOptions,
        VAE,
    ),
    "gan": Choice(
        "Generative adversarial network (GAN)",
        "A forger and a detective learn against each other; its pictures are sharper, its training a balancing act.",
        GANOptions,
        GAN,
    ),
    "ae": Choice(
        "Autoencoder",
        "Squeezes each item into a few numbers and back and asks for nothing else: the sharpest copies, but a latent space with gaps.",
        AutoencoderOptions,
        Autoencoder,
    ),
    "vae-gan": Choice(
        "VAE-GAN",
        "A VAE whose copies are compared by what a discriminator sees in them, not pixel by pixel: sharp pictures, and a place for each.",
        VAEGANOptions,
        VAEGAN,
    ),
}


class Recipe(Protocol):
    """The part of a run's configuration that a model is made from."""

    @property
    def model(self) -> str: ...
    @property
    def latent_dim(self) -> int: ...
    @property
    def classes(self) -> int: ...
    @property
    def options(self) -> Mapping[str, Value]: ...


def settle(model: str, shape: tuple[int, ...], options: Mapping[str, Value], device_type: str = "cpu") -> dict[str, Value]:
    """Make a model's options explicit: every knob by name, "auto" and 0 replaced by what suits the shape and the device.

    `shape` is (c, h, w) or (2,). Settled options come back as they are. Raises ValueError with a sentence for an unknown
    name, a value out of range, and knobs that cannot go together.
    """
    given = fill(pick("model", model, MODELS).options, options)
    return dataclasses.asdict(given.settled(shape, device_type))


def build(config: Recipe, shape: tuple[int, ...]) -> Model:
    """Make the model of a recipe, weights drawn from torch's global generator, which the caller seeds."""
    row = pick("model", config.model, MODELS)
    return row.make(shape, config.latent_dim, fill(row.options, settle(config.model, shape, config.options)), config.classes)
