"""Settings known to work for a data set, each with the reason, and some known to fail, with what to look at. Without torch.

Run on two CPU cores, where the times in the reasons are from; those for photographs are the values of the papers, not tried here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Preset:
    """A named recipe for some data sets, or for every data set of a kind where none are named."""

    title: str
    why: str  # one or two sentences a beginner understands
    kind: str  # "pictures" or "points"
    model: str  # a row of MODELS
    values: Mapping[str, Any]  # fields of a run's configuration; the model's knobs under "options"
    datasets: tuple[str, ...] = field(default=())
    fails: str = ""  # for settings that are meant to go wrong: what to look at


GREY = ("fashion-mnist-mini", "fashion-mnist", "mnist", "kmnist")
PHOTOGRAPHS = ("cifar10", "svhn", "celeba")


def _values(latent_dim: int, batch_size: int, steps: int, **options: Any) -> dict[str, Any]:
    return {"latent_dim": latent_dim, "batch_size": batch_size, "steps": steps, "options": options}


PRESETS: dict[str, Preset] = {
    "grey-vae": Preset(
        "Convolutional VAE",
        "Sixteen numbers are enough to tell a sneaker from a boot. The first clothes show after seconds, good ones within a minute.",
        "pictures",
        "vae",
        _values(16, 64, 4000, learning_rate=1e-3),
        GREY,
    ),
    "textbook-vae": Preset(
        "The textbook network",
        "Fully connected, 784-400-20, as in the best-known PyTorch example: quick, and its figures can be compared with many others.",
        "pictures",
        "vae",
        _values(20, 128, 5000, trunk="mlp", width=400, layers=1, learning_rate=1e-3),
        GREY,
    ),
    "plane-vae": Preset(
        "Two latent dimensions",
        "With only two numbers a picture the whole latent space can be seen at once, at the price of blurred pictures.",
        "pictures",
        "vae",
        _values(2, 64, 4000, learning_rate=1e-3),
        (*GREY, "digits"),
    ),
    "best-vae": Preset(
        "Two layers, averaged weights",
        "Two hidden layers, large batches, a learning rate that rises and falls, averaged weights: of what was tried, what learns most in "
        "a minute: on all of Fashion-MNIST a test ELBO of -236.8 nats (three seeds).",
        "pictures",
        "vae",
        _values(20, 256, 8800, trunk="mlp", width=512, layers=2, learning_rate=3e-3, ema=0.999, kl_warmup=2000)
        | {"rate_warmup": 200, "rate_decay": 0.6},
        GREY,
    ),
    "clusters-vae": Preset(
        "Finds groups by itself",
        "The prior is a mixture of ten that moves to where codes gather. No label is shown, yet after 15 seconds half to six in ten test "
        "clothes of the small set are in the group of their class (three seeds: accuracy 0.60, 0.48, 0.60, NMI 0.62, 0.58, 0.63).",
        "pictures",
        "vae",
        _values(10, 128, 3000, trunk="mlp", width=400, layers=2, learning_rate=1e-3, prior="mixture", kl_warmup=2000, mixture_start=1000),
        GREY,
    ),
    "conditional-vae": Preset(
        "Told the class",
        "The decoder knows the class, so the code keeps only style: draw one code in all ten classes. The test ELBO gains 2 nats on the "
        "small Fashion-MNIST, and codes no longer cluster by class.",
        "pictures",
        "vae",
        _values(8, 128, 2500, trunk="mlp", width=400, layers=2, learning_rate=1e-3, conditional=True),
        GREY,
    ),
    "silent-vae": Preset(
        "Dimensions fall silent",
        "Beta 30 makes every nat of the code thirty times as dear, and the model finds that most dimensions are not worth it.",
        "pictures",
        "vae",
        _values(16, 128, 1000, trunk="mlp", width=400, layers=1, learning_rate=1e-3, beta=30.0),
        GREY,
        fails="Watch the active latent dimensions: of sixteen, two are left after 500 steps. Copies stay 70 nats worse than at beta 1.",
    ),
    "digits-vae": Preset(
        "Convolutional VAE",
        "Small pictures, few of them: a short run. Longer, and it would learn the digits by heart.",
        "pictures",
        "vae",
        _values(8, 64, 2000, learning_rate=1e-3),
        ("digits",),
    ),
    "shapes-vae": Preset(
        "Convolutional VAE",
        "Ten latent dimensions for six true factors. What is rebuilt is soon exact; what is drawn at random stays odd for longer.",
        "pictures",
        "vae",
        _values(10, 32, 4000, learning_rate=5e-4),
        ("shapes",),
    ),
    "textures-vae": Preset(
        "Convolutional VAE",
        "Texture has no few causes, so it needs many latent dimensions, and even then the fine grain is lost: watch what stays.",
        "pictures",
        "vae",
        _values(64, 64, 3000, learning_rate=1e-3),
        ("textures",),
    ),
    "photographs-vae": Preset(
        "Convolutional VAE",
        "Photographs need many latent dimensions and patience; expect blur, which is what this model does with what it cannot foresee.",
        "pictures",
        "vae",
        _values(128, 64, 20000, learning_rate=5e-4),
        PHOTOGRAPHS,
    ),
    "pictures-vae": Preset(
        "Convolutional VAE, careful",
        "A careful start for pictures nobody has tried before: small batches, so that few pictures suffice, and a small learning rate.",
        "pictures",
        "vae",
        _values(32, 32, 4000, learning_rate=5e-4),
    ),
    "grey-gan": Preset(
        "DCGAN",
        "Quick learning rates suit so small a network: clothes can be told apart after half a minute, and improve for minutes.",
        "pictures",
        "gan",
        _values(64, 64, 4000, generator_rate=1e-3, discriminator_rate=1e-3),
        GREY,
    ),
    "wasserstein-gan": Preset(
        "Wasserstein with gradient penalty",
        "The critic's loss now means something: it nears zero as pictures improve. Three updates of the critic make each step slow.",
        "pictures",
        "gan",
        _values(
            64,
            64,
            3000,
            loss="wasserstein",
            regularizer="gradient penalty",
            discriminator_updates=3,
            generator_rate=5e-4,
            discriminator_rate=5e-4,
            momentum=0.0,
        ),
        GREY,
    ),
    "conditional-gan": Preset(
        "DCGAN that is told the class",
        "Both networks know the class of each item, so you choose what is drawn: the columns can be told apart within seconds.",
        "pictures",
        "gan",
        _values(64, 64, 4000, conditional=True, generator_rate=1e-3, discriminator_rate=1e-3),
        GREY,
    ),
    "info-gan": Preset(
        "InfoGAN: ten groups found without labels",
        "Each column is a category that nobody named. Without batch norm (r1), categories become kinds of clothing and not hidden marks.",
        "pictures",
        "gan",
        _values(62, 64, 4000, categories=10, regularizer="r1", generator_rate=1e-3, discriminator_rate=1e-3),
        GREY,
    ),
    "winning-discriminator": Preset(
        "A discriminator that wins",
        "The game as first written, with a discriminator that learns ten times as fast, and three times as often.",
        "pictures",
        "gan",
        _values(64, 64, 500, loss="minimax", discriminator_updates=3, generator_rate=2e-4, discriminator_rate=2e-3),
        GREY,
        fails="the discriminator is right every time, so the gradient that reaches the generator vanishes, and its pictures stay noise.",
    ),
    "digits-gan": Preset(
        "DCGAN",
        "Tiny pictures, tiny networks: a GAN that one can watch from the first step to the last in a minute.",
        "pictures",
        "gan",
        _values(32, 64, 4000, generator_rate=5e-4, discriminator_rate=5e-4),
        ("digits",),
    ),
    "shapes-gan": Preset(
        "DCGAN",
        "Small batches, since these pictures are large for a CPU. Colour and place come first.",
        "pictures",
        "gan",
        _values(32, 32, 4000, generator_rate=5e-4, discriminator_rate=5e-4),
        ("shapes",),
    ),
    "textures-gan": Preset(
        "DCGAN",
        "What the VAE blurs the discriminator insists on: grain and edges. Compare the two.",
        "pictures",
        "gan",
        _values(64, 64, 4000, generator_rate=5e-4, discriminator_rate=5e-4),
        ("textures",),
    ),
    "photographs-gan": Preset(
        "DCGAN",
        "The learning rates of the DCGAN paper, which hold out over long runs. On a CPU this takes hours: have a GPU.",
        "pictures",
        "gan",
        _values(128, 64, 40000),
        PHOTOGRAPHS,
    ),
    "pictures-gan": Preset(
        "DCGAN, careful",
        "A careful start for pictures nobody has tried before. With fewer than a thousand, a VAE will please you more.",
        "pictures",
        "gan",
        _values(64, 32, 6000),
    ),
    "points-vae": Preset(
        "Small VAE",
        "Two numbers in, two out, so both planes lie side by side. The slow KL warm-up keeps the codes from falling silent.",
        "points",
        "vae",
        _values(2, 128, 6000, learning_rate=1e-3, kl_warmup=3000),
    ),
    "modes-gan": Preset(
        "GAN with gradient penalty",
        "The penalty bounds the discriminator's slope, so that the generator is led to every mode. All are found within ten seconds.",
        "points",
        "gan",
        _values(
            2, 128, 6000, regularizer="gradient penalty", penalty_weight=0.1, generator_rate=1e-3, discriminator_rate=2e-3, momentum=0.0
        ),
        ("ring",),
    ),
    "ring-collapse": Preset(
        "A generator that collapses",
        "A plain GAN whose discriminator learns a hundred times as fast: the samples go all together to the nearest mode, and stay.",
        "points",
        "gan",
        _values(2, 128, 2500, generator_rate=5e-5, discriminator_rate=5e-3),
        ("ring",),
        fails="of eight modes one is drawn, though nearly every sample is good; compare with the gradient penalty, which leads to all.",
    ),
    "grid-gan": Preset(
        "GAN with gradient penalty, patient",
        "Large batches and a long average of the generator: all 25 modes are found soon, and within a minute 97 samples of 100 lie on one.",
        "points",
        "gan",
        _values(
            2,
            256,
            12000,
            regularizer="gradient penalty",
            penalty_weight=0.1,
            generator_rate=1e-3,
            discriminator_rate=2e-3,
            momentum=0.0,
            ema=0.9995,
        ),
        ("grid",),
    ),
    "points-gan": Preset(
        "GAN with gradient penalty, calm",
        "Equal, moderate learning rates without momentum: where there are no modes to be found but a density to be filled, calm counts.",
        "points",
        "gan",
        _values(
            2, 128, 6000, regularizer="gradient penalty", penalty_weight=0.1, generator_rate=1e-3, discriminator_rate=1e-3, momentum=0.0
        ),
    ),
    "grey-ae": Preset(
        "Convolutional autoencoder",
        "Sixteen numbers a picture, nothing asked of them: within ten seconds clothes are rebuilt, blurred. Compare draws with a VAE's.",
        "pictures",
        "ae",
        _values(16, 64, 3000, learning_rate=1e-3),
        GREY,
    ),
    "digits-ae": Preset(
        "Convolutional autoencoder",
        "Small pictures, few of them: five seconds suffice. Watch the error on test digits part from that on training digits.",
        "pictures",
        "ae",
        _values(8, 64, 2000, learning_rate=1e-3),
        ("digits",),
    ),
    "shapes-ae": Preset(
        "Convolutional autoencoder",
        "Ten latent dimensions for six true factors. Slow to start: in the first hundred steps there is only grey, while the loss falls.",
        "pictures",
        "ae",
        _values(10, 32, 3000, learning_rate=5e-4),
        ("shapes",),
    ),
    "textures-ae": Preset(
        "Convolutional autoencoder",
        "Texture has no few causes: with 64 numbers a patch, colour and light are rebuilt within ten seconds, the grain is lost.",
        "pictures",
        "ae",
        _values(64, 64, 3000, learning_rate=1e-3),
        ("textures",),
    ),
    "denoising-ae": Preset(
        "Denoising autoencoder",
        "Noise goes in, the clean picture is asked for: copies are hardly worse than without, and draws come a little nearer to clothes.",
        "pictures",
        "ae",
        _values(32, 64, 3000, learning_rate=1e-3, noise=0.5),
        (*GREY, "digits"),
    ),
    "pictures-ae": Preset(
        "Convolutional autoencoder, careful",
        "A careful start for pictures nobody has tried before: small batches, so that few pictures suffice, and a small learning rate.",
        "pictures",
        "ae",
        _values(32, 32, 4000, learning_rate=5e-4),
    ),
    "grey-vaegan": Preset(
        "VAE-GAN",
        "Copies can be told apart within twenty seconds, draws not yet: a step costs two of a GAN. Gamma 10 copies truer than 1.",
        "pictures",
        "vae-gan",
        _values(16, 64, 4000, gamma=10.0),
        GREY,
    ),
    "digits-vaegan": Preset(
        "VAE-GAN",
        "Tiny pictures: copies and many draws are digits after ten seconds. With more contrast than an autoencoder's, and more grain.",
        "pictures",
        "vae-gan",
        _values(8, 64, 3000, encoder_rate=5e-4, decoder_rate=5e-4, discriminator_rate=5e-4),
        ("digits",),
    ),
    "shapes-vaegan": Preset(
        "VAE-GAN",
        "Ten latent dimensions for six true factors. Three steps a second on a CPU, and nothing to see for long: have a GPU.",
        "pictures",
        "vae-gan",
        _values(10, 32, 4000, encoder_rate=5e-4, decoder_rate=5e-4, discriminator_rate=5e-4),
        ("shapes",),
    ),
    "textures-vaegan": Preset(
        "VAE-GAN",
        "The discriminator insists on grain, which blurred copies lack. Six steps a second on a CPU, and only colour soon: have a GPU.",
        "pictures",
        "vae-gan",
        _values(64, 64, 4000, encoder_rate=5e-4, decoder_rate=5e-4, discriminator_rate=5e-4),
        ("textures",),
    ),
    "pictures-vaegan": Preset(
        "VAE-GAN, careful",
        "A careful start for pictures nobody has tried before: small learning rates for all three networks. Slow without a GPU.",
        "pictures",
        "vae-gan",
        _values(64, 32, 6000, encoder_rate=2e-4, decoder_rate=2e-4, discriminator_rate=2e-4),
    ),
    "points-ae": Preset(
        "Denoising autoencoder",
        "Copies are exact within seconds, draws are not: the one cloud laid over the codes fills what lies between. That is a VAE's use.",
        "points",
        "ae",
        _values(2, 128, 3000, learning_rate=1e-3, noise=0.1),
    ),
    "points-vaegan": Preset(
        "VAE-GAN",
        "The encoder shows the decoder where points are: draws reach all modes of the ring within ten seconds, three in four near one.",
        "points",
        "vae-gan",
        _values(2, 128, 6000, encoder_rate=5e-4, decoder_rate=5e-4, discriminator_rate=5e-4),
    ),
}


def presets_for(dataset: str, kind: str, model: str) -> dict[str, Preset]:
    """List the presets for a data set by name, the default first: those that name it, those for its whole kind, those that fail."""
    fitting = {
        name: preset
        for name, preset in PRESETS.items()
        if preset.model == model and preset.kind == kind and (not preset.datasets or dataset in preset.datasets)
    }
    return dict(sorted(fitting.items(), key=lambda pair: (bool(pair[1].fails), not pair[1].datasets)))
