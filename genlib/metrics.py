"""Every figure the app prints, in words: its name, its unit, the chart it is drawn in, and what it says to a beginner."""

from __future__ import annotations

from dataclasses import dataclass

# Charts by name, in the order in which they are shown, with their titles.
GROUPS: dict[str, str] = {
    "losses": "Loss",
    "reconstruction": "Reconstruction",
    "divergence": "Divergence from the prior",
    "elbo": "Evidence lower bound",
    "latent": "Active latent dimensions",
    "codes": "How many numbers a code uses",
    "components": "Components of the prior",
    "noise": "Learned noise",
    "discriminator": "Discriminator: share judged right",
    "penalty": "Gradient penalty",
    "gradients": "Length of the gradients",
    "categories": "What items tell about their category",
    "spread": "Spread of the samples",
    "hits": "Good samples",
    "modes": "Modes",
    "classes": "Classes",
    "nearest": "Distance to the nearest training item",
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
    "feature_recon": Metric(
        "Reconstruction, as the discriminator sees it",
        "nats per item",
        "reconstruction",
        "How far copies are from their items in the discriminator's features. It may rise while copies improve: the eye sharpens too.",
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
    "kl_largest": Metric(
        "KL of the busiest dimension",
        "nats per item",
        "divergence",
        "What the most telling latent dimension says about an item. Near zero, even the best dimension has fallen silent.",
    ),
    "correlation": Metric(
        "Total correlation",
        "nats per item",
        "divergence",
        "What the latent dimensions tell about each other, estimated on each batch. At zero each of them varies by itself.",
    ),
    "components_used": Metric(
        "Components in use",
        "components",
        "components",
        "Over how many components of the prior the items are spread. All in equal use is the most; far fewer means some stand empty.",
    ),
    "density": Metric(
        "Size of the numbers",
        "of their root mean square",
        "codes",
        "About 0.8 where the codes are a round cloud; the smaller, the fewer numbers describe an item, the others being near zero.",
    ),
    "sigma": Metric(
        "Noise of the decoder",
        "data units",
        "noise",
        "The typical error that the decoder admits, as a standard deviation (pictures run from -1 to 1). Lower is sharper.",
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
    "d_grad": Metric(
        "Gradient of the discriminator",
        "",
        "gradients",
        "How strongly the discriminator is told to change. Near zero it has nothing left to learn; growing without end, training diverges.",
    ),
    "g_grad": Metric(
        "Gradient that reaches the generator",
        "",
        "gradients",
        "How strongly the generator is told to change. When it vanishes the discriminator has won, and the pictures stand still.",
    ),
    "grad": Metric(
        "Gradient",
        "",
        "gradients",
        "How strongly the network is told to change. Near zero it has nothing left to learn; growing without end, training diverges.",
    ),
    "information": Metric(
        "Information about the category",
        "nats",
        "categories",
        "How much a made item tells about the category it was made from. At the logarithm of their number, all can be told apart.",
    ),
    "penalty": Metric(
        "Gradient penalty",
        "",
        "penalty",
        "How far the critic's slope is from the 1 that the Wasserstein distance asks for. It should settle near zero.",
    ),
    "spread": Metric(
        "Samples, in pixels",
        "data = 1",
        "spread",
        "How far apart the samples lie, held-out items being 1. Near zero the model draws the same thing again and again.",
    ),
    "spread_features": Metric(
        "Samples, in features",
        "data = 1",
        "spread",
        "The same in the model's own features, which see what differs and not only where it is dark or bright.",
    ),
    "good_share": Metric(
        "Samples near a mode", "share", "hits", "Samples within three standard deviations of a true mode, of a thousand that are drawn."
    ),
    "modes_hit": Metric(
        "Modes hit", "", "modes", "Modes that get at least a tenth of the samples they deserve. Those that get fewer the model has dropped."
    ),
    "modes_missed": Metric(
        "Modes missed", "", "modes", "Modes of the data that hardly any sample reaches. A generator that collapsed misses most of them."
    ),
    "classes_hit": Metric(
        "Classes hit",
        "",
        "classes",
        "Classes that get at least a tenth of the samples they deserve; a sample's class is that of the nearest training picture.",
    ),
    "classes_missed": Metric("Classes missed", "", "classes", "Classes of the data that hardly any sample looks like."),
    "nearest_samples": Metric(
        "Samples",
        "data units",
        "nearest",
        "How far a sample is from the nearest training item, coarsely seen. Far below that of held-out items, the model copies.",
    ),
    "nearest_held_out": Metric(
        "Held-out items",
        "data units",
        "nearest",
        "How far an item that the model never saw is from the nearest training item: what the samples are to be compared with.",
    ),
    "rate": Metric("Speed", "items/s", "speed", "Training items seen per second; a dip means that something else uses the machine."),
}

# Figures of a map, a clustering, or a cloud of points; shown beside them, not as curves.
FIGURES: dict[str, Metric] = {
    "trust": Metric(
        "Trustworthiness",
        "0 to 1",
        "map",
        "Whether items that lie together on the map also were neighbours before; chance gives about 0.5.",
    ),
    "silhouette": Metric(
        "Silhouette",
        "-1 to 1",
        "clusters",
        "How much nearer items are to their own cluster than to the next one. Around 0 the clusters run into each other.",
    ),
    "clusters": Metric("Clusters", "", "clusters", "How many groups were found, noise not counted."),
    "noise": Metric("Noise", "share", "clusters", "The share of items that belong to no cluster because too few others are near."),
    "inertia": Metric(
        "Inertia", "squared units", "clusters", "The sum of squared distances to the cluster centres; what k-means makes small."
    ),
    "ari": Metric(
        "ARI", "up to 1", "agreement", "Adjusted Rand index: how often pairs of items are together in both groupings; chance gives 0."
    ),
    "nmi": Metric(
        "NMI",
        "0 to 1",
        "agreement",
        "Normalised mutual information: how much the cluster tells about the class. It grows with many clusters.",
    ),
    "accuracy": Metric(
        "Matched accuracy",
        "0 to 1",
        "agreement",
        "The share that is right when each cluster is named after a class of its own, as well as possible.",
    ),
    "captured": Metric("Modes captured", "", "coverage", "True modes that are nearest to at least one good sample."),
    "good": Metric("Good samples", "share", "coverage", "Samples within three standard deviations of a true mode."),
    "js": Metric(
        "JS divergence",
        "bits",
        "quality",
        "How far the points' density is from the true one, on a grid of 30 by 30: 0 the same, 0.31 half of the modes missing, 1 apart.",
    ),
    "frechet": Metric(
        "Fréchet distance",
        "",
        "quality",
        "How far the cloud of samples is from the cloud of data, in middle, width and tilt. Lower is better; the figure most people quote.",
    ),
    "kid": Metric(
        "KID",
        "",
        "quality",
        "The same question by a kernel, without supposing that clouds are Gaussian; around 0 where nothing tells them apart.",
    ),
    "precision": Metric(
        "Precision",
        "share",
        "quality",
        "The share of samples that lie among the data. Low: it draws things that the data do not have.",
    ),
    "recall": Metric(
        "Recall",
        "share",
        "quality",
        "The share of the data that lies among the samples. Low: whole kinds of items are never drawn.",
    ),
    "density": Metric(
        "Density",
        "",
        "quality",
        "Like precision, but outliers of the data count less: how thickly data lie where samples are. May pass 1.",
    ),
    "coverage": Metric(
        "Coverage",
        "share",
        "quality",
        "Like recall, but outliers of the samples count less: the share of data items with a sample close by.",
    ),
    "spread_ratio": Metric(
        "Spread",
        "data = 1",
        "quality",
        "How far apart the samples lie in the features, the data being 1. Near zero, it draws the same thing again and again.",
    ),
    "bound": Metric(
        "Importance-weighted bound",
        "nats per item",
        "quality",
        "Closer to the true log-likelihood than the ELBO, by 64 weighted draws of each code; the gap is what the encoder gives away.",
    ),
    "rebuilt": Metric(
        "Reconstruction error",
        "data units",
        "quality",
        "The root mean square difference between test items and their copies; pictures in grey levels of 255.",
    ),
    "mig": Metric(
        "Mutual information gap",
        "0 to 1",
        "quality",
        "Whether each factor is told by one dimension alone: mean codes counted in 20 bins (Locatello 2019). Chance gives 0.",
    ),
}
