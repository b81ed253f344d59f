"""Every figure the app prints: what each training curve means, and what a map or a clustering is worth.

scikit-learn and SciPy are imported inside the functions, because the training page only needs METRICS and should open at once.
"""

from __future__ import annotations

from dataclasses import dataclass

# Charts by name, in the order in which they are shown, with their titles.
GROUPS: dict[str, str] = {
    "losses": "Loss",
    "reconstruction": "Reconstruction",
    "divergence": "Divergence from the prior",
    "elbo": "Evidence lower bound",
    "latent": "Active latent dimensions",
    "noise": "Learned noise",
    "discriminator": "Discriminator: share judged right",
    "penalty": "Gradient penalty",
    "speed": "Speed",
}


@dataclass(frozen=True)
class Metric:
    """What a curve shows. `group` is the chart it is drawn in, a row of GROUPS; `why` is a sentence for a beginner."""

    label: str
    unit: str
    group: str
    why: str


METRICS: dict[str, Metric] = {
    "loss": Metric(
        "Loss", "nats per item", "losses", "What training makes smaller: the reconstruction error plus the weighted price of the code."
    ),
    "d_loss": Metric(
        "Discriminator loss",
        "",
        "losses",
        "How badly the discriminator tells real from made. Neither loss has to fall: the two networks play against each other.",
    ),
    "g_loss": Metric(
        "Generator loss",
        "",
        "losses",
        "How badly the generator fools the discriminator. A slow rise is common while the pictures still get better.",
    ),
    "recon": Metric(
        "Reconstruction, training",
        "nats per item",
        "reconstruction",
        "How surprised the decoder is by the picture it should rebuild from its code. Lower means more faithful.",
    ),
    "test_recon": Metric(
        "Reconstruction, test",
        "nats per item",
        "reconstruction",
        "The same on pictures the model never trained on. When it rises while training falls, the model learns by heart.",
    ),
    "kl": Metric(
        "KL, training",
        "nats per item",
        "divergence",
        "How much the codes tell about their pictures: their distance from the prior. At zero the code says nothing at all.",
    ),
    "test_kl": Metric("KL, test", "nats per item", "divergence", "The same price of the code, on pictures the model never trained on."),
    "elbo": Metric(
        "ELBO, training",
        "nats per item",
        "elbo",
        "A lower bound on how likely the model finds the pictures: minus reconstruction minus KL. Higher is better.",
    ),
    "test_elbo": Metric(
        "ELBO, test",
        "nats per item",
        "elbo",
        "The bound on pictures the model never trained on: the fairest single figure to compare two VAEs by. Higher is better.",
    ),
    "active_units": Metric(
        "Active dimensions",
        "dimensions",
        "latent",
        "Latent dimensions that carry information (KL above 0.01). Those left over stay pure noise and decode to nothing.",
    ),
    "sigma": Metric(
        "Noise of the decoder",
        "pixel units",
        "noise",
        "The typical error per pixel that the decoder admits, as a standard deviation on the scale from -1 to 1. Lower is sharper.",
    ),
    "d_real": Metric(
        "Real items called real",
        "share",
        "discriminator",
        "How often the discriminator recognises a real item. Around 0.5 it can only guess; at 1 it is sure every time.",
    ),
    "d_fake": Metric(
        "Made items called made",
        "share",
        "discriminator",
        "How often the discriminator catches a made item. Stuck at 1 means the generator has little left to learn from.",
    ),
    "penalty": Metric(
        "Gradient penalty",
        "",
        "penalty",
        "How far the critic's slope is from the 1 that the Wasserstein distance asks for. It should settle near zero.",
    ),
    "rate": Metric("Speed", "items/s", "speed", "Training items seen per second; a dip means that something else uses the machine."),
}
