"""The pictures that a run keeps of its training."""

from __future__ import annotations

import numpy as np
import torch

from genlib import images
from genlib.feed import Feed
from genlib.models.base import Model
from genlib.runs import Run


class Album:
    """What is shown of a run: always the same codes and the same originals, drawn with a generator of their own."""

    def __init__(self, feed: Feed, model: Model, seed: int) -> None:
        points = len(model.shape) == 1
        rows = 8 if points or model.shape[-1] <= 32 else 6
        self.columns = model.groups if 2 <= model.groups <= 12 else rows  # a column a class, where they fit
        self.seed, self.count = seed, 2500 if points else rows * self.columns
        self.labels = np.arange(self.count) % model.groups if model.groups else None
        test = np.flatnonzero(~feed.dataset.split)
        shown = np.random.default_rng(seed).choice(test, min(8, len(test)), replace=False)
        self.originals = feed.dataset.items[shown]
        self.original_labels = feed.dataset.labels[shown] if model.classes else None
        self.reconstructs = model.has_encoder and not points

    def samples(self, model: Model) -> np.ndarray:
        """Decode the fixed codes: a montage (H, W, c) uint8, or points (n, 2)."""
        items = model.generate(self.codes(model), self.labels)
        return images.montage(items, self.columns) if items.dtype == np.uint8 else items

    def codes(self, model: Model) -> np.ndarray:
        """Return the fixed codes (n, latent_dim): always the same draws, but a prior that moves takes them along."""
        generator = torch.Generator().manual_seed(self.seed)
        labels = None if self.labels is None else torch.as_tensor(self.labels, device=model.device)
        return model.prior(self.count, generator, labels).cpu().numpy()

    def live(self, run: Run, model: Model, samples: np.ndarray, step: int | None = None) -> None:
        """Keep samples and reconstructions as the latest, or as those of a step."""
        run.draw("samples", samples, step)
        if self.reconstructs:
            copies = model.generate(model.embed(self.originals), self.original_labels)
            run.draw("reconstructions", images.montage(np.concatenate([self.originals, copies]), len(self.originals)), step)

    def keep(self, run: Run, model: Model, step: int) -> None:
        """Keep weights and pictures of a step: the time bar's data."""
        run.keep_weights(model, f"snapshots/{step:08d}")
        self.live(run, model, self.samples(model), step)
