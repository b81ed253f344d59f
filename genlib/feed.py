"""What training is fed: the data on the device as they are, cut into batches that depend on nothing but seed and number."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from genlib import data, images


class Feed:
    """The training items on the device as they are; a batch is an index. Batch number i depends on seed and i alone."""

    def __init__(self, dataset: data.Dataset, batch_size: int, seed: int, device: torch.device) -> None:
        self.dataset, self.batch_size, self.seed, self.device = dataset, batch_size, seed, device
        self.rows = np.flatnonzero(dataset.split)
        self.items = torch.as_tensor(dataset.items[self.rows]).to(device)
        self.labels = torch.as_tensor(dataset.labels[self.rows]).to(device)
        self._orders: dict[int, Tensor] = {}

    def batch(self, number: int, count: int = 1) -> tuple[Tensor, Tensor]:
        """Return (items (b, *shape), labels (b,)) of the batch, or of `count` batches together, each number then standing for as many.

        What is left of an epoch is filled up from the next one.
        """
        size = count * self.batch_size
        place, end = number * size, (number + 1) * size
        pieces: list[Tensor] = []
        while place < end:
            epoch, start = divmod(place, len(self.items))
            pieces.append(self._order(epoch)[start : start + end - place])
            place += len(pieces[-1])
        index = torch.cat(pieces)
        return self.tensors(self.items[index]), self.labels[index]

    def tensors(self, items: Tensor) -> Tensor:
        """Pixels (n, h, w, c) to images (n, c, h, w) in [-1, 1]; points as they are."""
        return images.unit(items).permute(0, 3, 1, 2) if items.dtype == torch.uint8 else items

    def held_out(self, limit: int | None, rows: int = 500) -> Iterator[tuple[Tensor, Tensor]]:
        """Go through the test items and their labels, or a choice of them that is always the same if there is a limit."""
        chosen = np.flatnonzero(~self.dataset.split)
        if limit and limit < len(chosen):
            # By chance and not by a stride: where the classes come in turn, a stride picks only some of them.
            chosen = np.sort(np.random.default_rng(0).choice(chosen, limit, replace=False))
        for start in range(0, len(chosen), rows):
            part = chosen[start : start + rows]
            items, labels = (torch.as_tensor(array[part]).to(self.device) for array in (self.dataset.items, self.dataset.labels))
            yield self.tensors(items), labels

    def _order(self, epoch: int) -> Tensor:
        if epoch not in self._orders:
            generator = torch.Generator().manual_seed((self.seed * 1_000_003 + epoch) % 2**63)
            self._orders = {key: order for key, order in self._orders.items() if key >= epoch - 1}
            self._orders[epoch] = torch.randperm(len(self.items), generator=generator).to(self.device)
        return self._orders[epoch]
