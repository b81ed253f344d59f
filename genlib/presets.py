"""Settings known to work for a data set, each with the reason: where a beginner starts. Without torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Preset:
    """A named recipe for some data sets, or for every data set of a kind where none are named."""

    title: str
    why: str
    kind: str  # "pictures" or "points"
    model: str  # a row of MODELS
    values: Mapping[str, Any]  # fields of a run's configuration; the model's knobs under "options"
    datasets: tuple[str, ...] = field(default=())


PRESETS: dict[str, Preset] = {
    "pictures-vae": Preset(
        "Convolutional VAE",
        "Sees neighbouring pixels together.",
        "pictures",
        "vae",
        {"latent_dim": 20, "batch_size": 128, "steps": 3000, "options": {"learning_rate": 1e-3}},
    ),
    "pictures-gan": Preset("DCGAN", "The classic.", "pictures", "gan", {"latent_dim": 64, "batch_size": 64, "steps": 5000, "options": {}}),
    "points-vae": Preset(
        "Small VAE", "Two numbers in, two out.", "points", "vae", {"latent_dim": 2, "batch_size": 256, "steps": 3000, "options": {}}
    ),
    "points-gan": Preset(
        "Small GAN",
        "A slope penalty at the real points keeps it from forgetting modes.",
        "points",
        "gan",
        {
            "latent_dim": 2,
            "batch_size": 256,
            "steps": 4000,
            "options": {"regularizer": "r1", "generator_rate": 1e-3, "discriminator_rate": 1e-3},
        },
    ),
}


def presets_for(dataset: str, kind: str, model: str) -> dict[str, Preset]:
    """List the presets for a data set by name, the default first: those that name it, then those for its whole kind."""
    fitting = {
        name: preset
        for name, preset in PRESETS.items()
        if preset.model == model and preset.kind == kind and (not preset.datasets or dataset in preset.datasets)
    }
    return dict(sorted(fitting.items(), key=lambda pair: not pair[1].datasets))
