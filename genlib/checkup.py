"""What diagnosis needs beside the losses: what the model draws against the data, looked at while it trains."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from genlib.feed import Feed
from genlib.models.base import Model

SAMPLES = {"pictures": 160, "points": 1000}
DESCRIBED = 80  # of them, and as many items, whose features are compared: these are what costs most
TRAINING = 2000  # training items among which the nearest is looked for: more would be dearer, and no clearer
SIDE = 14  # pixels a side that pictures are compared at, about: fine grain would drown what they show
SHARE = 0.1  # of the samples that it deserves a mode or class must get to count as hit
GOOD = 3  # standard deviations of a mode within which a sample is good (VEEGAN, Srivastava 2017)


class Checkup:
    """Always the same codes and the same items, drawn with generators of their own: looking changes nothing in a run."""

    def __init__(self, feed: Feed, seed: int) -> None:
        dataset, generator = feed.dataset, np.random.default_rng(seed)
        self.device, self.seed = feed.device, seed
        self.count = SAMPLES[dataset.kind]
        training = _draw(generator, np.flatnonzero(dataset.split), TRAINING)
        held_out = _draw(generator, np.flatnonzero(~dataset.split), self.count)
        self.data = feed.tensors(torch.as_tensor(dataset.items[held_out]).to(feed.device))
        self.training = _coarse(feed.tensors(torch.as_tensor(dataset.items[training]).to(feed.device)))
        self.spread = _spread(_coarse(self.data))
        self.nearest = torch.cdist(_coarse(self.data), self.training).amin(1).median()
        self.modes = None if dataset.modes is None else torch.as_tensor(dataset.modes, device=feed.device)
        self.reach = GOOD * dataset.mode_std
        pictures = dataset.kind == "pictures" and len(dataset.classes) > 1 and bool((dataset.labels[training] >= 0).all())
        self.labels = torch.as_tensor(dataset.labels[training]).to(feed.device) if pictures else None

    @torch.no_grad()
    def look(self, model: Model, trained: Model | None = None) -> dict[str, float]:
        """Measure what the model draws, by the names of metrics.METRICS; what is not finite is left out.

        `trained` is the one whose gradients are measured, where they stand after a step; `model` may be its average.

        spread, spread_features: root mean square distance of samples from their mean, that of held-out items being 1, in pixels
        (points as they are) and in the model's own features. nearest_samples, nearest_held_out: median distance to the nearest of
        the training items, in root mean squares a pixel. modes_hit, classes_hit, and _missed: how many get at least a tenth of the
        samples they deserve; of pictures, the class is that of the nearest training item. good_share: samples near a mode. grad:
        length of the last step's gradient, of a model that does not tell that by itself.
        """
        was = model.training
        model.eval()
        samples = self._samples(model)
        drawn, real = (_spread(model.features(items[:DESCRIBED]).float()) for items in (samples, self.data))
        model.train(was)
        coarse = _coarse(samples)
        nearest, index = torch.cdist(coarse, self.training).min(1)
        scale = coarse.shape[1] ** -0.5
        found = {
            "spread": _spread(coarse) / self.spread,
            "spread_features": drawn / real,
            "nearest_samples": scale * nearest.median(),
            "nearest_held_out": scale * self.nearest,
        }
        if self.modes is not None:
            far, mode = torch.cdist(samples, self.modes).min(1)
            good = far <= self.reach
            deserved = torch.full((len(self.modes),), 1 / len(self.modes))
            found |= _hit("modes", self.count, mode[good], deserved) | {"good_share": good.float().mean()}
        if self.labels is not None:
            found |= _hit("classes", self.count, self.labels[index], self.labels.bincount() / len(self.labels))
        if gradients := [weight.grad for weight in (trained or model).parameters() if weight.grad is not None]:
            found["grad"] = torch.nn.utils.get_total_norm(gradients)
        values = torch.stack([value.float().cpu() for value in found.values()]).tolist()
        return {name: value for name, value in zip(found, values, strict=True) if np.isfinite(value)}

    def _samples(self, model: Model) -> Tensor:
        labels = torch.arange(self.count, device=self.device) % model.groups if model.groups else None
        codes = model.prior(self.count, torch.Generator().manual_seed(self.seed), labels)
        return model.decode(codes, labels).float()


def _draw(generator: np.random.Generator, rows: np.ndarray, n: int) -> np.ndarray:
    return rows if len(rows) <= n else np.sort(generator.choice(rows, n, replace=False))


def _coarse(x: Tensor) -> Tensor:
    """Average patches of pictures (n, c, h, w) down to about SIDE a side; points (n, 2) as they are: (n, d)."""
    return functional.avg_pool2d(x, max(1, x.shape[-1] // SIDE)).flatten(1) if x.ndim == 4 else x


def _spread(x: Tensor) -> Tensor:
    """Return the root mean square distance of rows (n, d) from their mean."""
    return (x - x.mean(0)).square().sum(1).mean().sqrt()


def _hit(what: str, count: int, index: Tensor, deserved: Tensor) -> dict[str, Tensor]:
    """Count, among k modes or classes, those that get at least SHARE of the samples they deserve, and those of them that do not."""
    got = index.cpu().bincount(minlength=len(deserved)) / count
    deserved = deserved.cpu()
    hit = (got >= SHARE * deserved) & (deserved > 0)
    return {f"{what}_hit": hit.sum(), f"{what}_missed": ((deserved > 0) & ~hit).sum()}
