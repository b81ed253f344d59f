"""What every model promises, so that the training loop and the pages cannot tell one from another."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, final

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from genlib import images

Optimizers = Mapping[str, Optimizer]


class Model(nn.Module, ABC):
    """The contract. `shape` is that of one tensor item: (channels, height, width) of a picture, or (2,) of a point."""

    has_encoder: bool = False

    def __init__(self, shape: tuple[int, ...], latent_dim: int, options: Any, classes: int = 0) -> None:
        super().__init__()
        self.shape = shape
        self.latent_dim = latent_dim
        self.options = options
        self.classes = classes  # that the model is told of while it trains; 0 for one that learns without labels
        self.population = 0  # how many items there are to train on, as the loop says; 0 before it did

    @property
    def categories(self) -> int:
        """Return how many groups the model finds by itself, without labels; 0 for most."""
        return 0

    @final
    @property
    def groups(self) -> int:
        """Return how many values the labels of `decode` and `prior` may take: classes it was told of or categories it found; 0 for none."""
        return self.classes or self.categories

    @abstractmethod
    def optimizers(self) -> dict[str, Optimizer]:
        """Make one optimizer a network, by the network's name."""

    @abstractmethod
    def learning_rates(self) -> dict[str, float]:
        """Return the rate of each optimizer as the options have it now."""

    @abstractmethod
    def step(self, batch: Tensor, labels: Tensor | None, optimizers: Optimizers) -> dict[str, Tensor]:
        """Update everything once on a batch (n, *shape); return detached scalars, never waiting for the device."""

    @abstractmethod
    def decode(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """Codes to images: (n, latent_dim) -> (n, c, h, w) in [-1, 1], or (n, 2) points."""

    @abstractmethod
    def features(self, x: Tensor) -> Tensor:
        """Describe items by the model's own features, encoder or discriminator: (n, *shape) -> (n, f)."""

    def encode(self, x: Tensor) -> Tensor:
        """Items to their mean codes: (n, *shape) -> (n, latent_dim). Only if has_encoder."""
        raise TypeError(f"a {type(self).__name__} has no encoder")

    def categorize(self, x: Tensor) -> Tensor:
        """Items to the group that the model itself puts them in: (n, *shape) -> (n,) int64. Only if categories."""
        raise TypeError(f"this {type(self).__name__} finds no categories")

    def measure(self, x: Tensor, labels: Tensor | None = None) -> dict[str, Tensor]:
        """Sums over the items of a held-out batch, by metric name, to be divided by n; empty if there is nothing to measure."""
        return {}

    def prior(self, n: int, generator: torch.Generator, labels: Tensor | None = None) -> Tensor:
        """Draw n codes from the prior with a generator of the CPU, so that every device sees the same ones."""
        return torch.randn(n, self.latent_dim, generator=generator).to(self.device)

    def components(self) -> tuple[Tensor, Tensor, Tensor] | None:
        """Return weights (k,), means and standard deviations (k, latent_dim) of a prior that is a mixture; None for the plain normal.

        Tilted components have roots (k, latent_dim, latent_dim) of their covariances in the place of standard deviations.
        """
        return None

    def turn(self, options: Any, optimizers: Optimizers) -> None:
        """Take over knobs that were turned while training: settled options that differ in live knobs only."""
        self.options = options
        for name, rate in self.learning_rates().items():
            for group in optimizers[name].param_groups:
                group["lr"] = rate

    @property
    def ema(self) -> float:
        """Return the decay of the averaged weights that previews and results use; 0 means the weights as they are."""
        return 0.0

    @property
    def batches(self) -> int:
        """Return how many batches one step takes: the loop hands it batch_size * batches items at a time."""
        return 1

    @property
    def takes_bfloat16(self) -> bool:
        """Whether `step` runs under bfloat16 autocast where the processor has it: only where that was measured to be as good."""
        return False

    @property
    def device(self) -> torch.device:
        return next(self.parameters()).device

    @final
    def generate(self, codes: np.ndarray, labels: np.ndarray | None = None) -> np.ndarray:
        """Decode in NumPy: (n, latent_dim) -> pixels (n, h, w, c) uint8, or points (n, 2) float32.

        `labels` (n,) are classes or categories for a model with groups; without them the groups take turns.
        """
        chosen = self._in_turn(len(codes)) if labels is None else torch.as_tensor(labels, device=self.device)
        with self._resting():
            parts = [self.decode(z, None if chosen is None else chosen[rows]).cpu() for z, rows in self._slices(codes)]
        decoded = torch.cat(parts).float().numpy()
        return images.to_pixels(decoded) if len(self.shape) == 3 else decoded

    @final
    def embed(self, items: np.ndarray) -> np.ndarray:
        """Encode in NumPy: pixels (n, h, w, c) uint8 or points (n, 2) -> mean codes (n, latent_dim) float32."""
        return self._describe(items, self.encode)

    @final
    def sort(self, items: np.ndarray) -> np.ndarray:
        """Categorize in NumPy: pixels (n, h, w, c) uint8 or points (n, 2) -> the group of each, (n,) int64."""
        return self._describe(items, self.categorize).astype(np.int64)

    @final
    def describe(self, items: np.ndarray) -> np.ndarray:
        """Compute features in NumPy: pixels (n, h, w, c) uint8 or points (n, 2) -> (n, f) float32."""
        return self._describe(items, self.features)

    def _in_turn(self, n: int) -> Tensor | None:
        return torch.arange(n, device=self.device) % self.groups if self.groups else None

    def _describe(self, items: np.ndarray, function: Any) -> np.ndarray:
        tensors = images.to_images(items) if len(self.shape) == 3 else items
        with self._resting():
            return torch.cat([function(x).cpu() for x, _ in self._slices(tensors)]).float().numpy()

    def _slices(self, array: np.ndarray, rows: int = 512) -> Iterator[tuple[Tensor, slice]]:
        for start in range(0, len(array), rows):
            part = slice(start, start + rows)
            yield torch.as_tensor(array[part], dtype=torch.float32).to(self.device), part

    @contextmanager
    def _resting(self) -> Iterator[None]:
        """Evaluation mode without gradients, put back afterwards: a result must not depend on its neighbours in the batch."""
        training = self.training
        self.eval()
        try:
            with torch.inference_mode():
                yield
        finally:
            self.train(training)
