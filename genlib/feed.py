"""What training is fed: the data, as they are, cut into batches that depend on nothing but seed and number."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from genlib import data, images

CHUNK = 4096  # items that are copied to the device at once


class Feed:
    """The training items; a batch is an index. Batch number i depends on seed and i alone.

    A set lies on the accelerator where that has room for it. Elsewhere it stays what the data set gave, for a large one a file mapped
    into memory, and each batch is read from there: no second copy is made, and the batches are the same.
    """

    def __init__(self, dataset: data.Dataset, batch_size: int, seed: int, device: torch.device, resident: bool | None = None) -> None:
        self.dataset, self.batch_size, self.seed, self.device = dataset, batch_size, seed, device
        self.rows = np.flatnonzero(dataset.split)
        self._resident = self._carry() if (has_room(dataset, device) if resident is None else resident) else None
        # Order and labels lie where the items do: asking a device for the order of what is read on the host would mean waiting for it.
        self._home = device if self._resident is not None else torch.device("cpu")
        self.labels = torch.as_tensor(dataset.labels[self.rows]).to(self._home)
        self._orders: dict[int, Tensor] = {}

    def __len__(self) -> int:
        return len(self.rows)

    def batch(self, number: int, count: int = 1) -> tuple[Tensor, Tensor]:
        """Return (items (b, *shape), labels (b,)) of the batch, or of `count` batches together, each number then standing for as many.

        What is left of an epoch is filled up from the next one.
        """
        size = count * self.batch_size
        place, end = number * size, (number + 1) * size
        pieces: list[Tensor] = []
        while place < end:
            epoch, start = divmod(place, len(self))
            pieces.append(self._order(epoch)[start : start + end - place])
            place += len(pieces[-1])
        index = torch.cat(pieces)
        found = self._resident.index_select(0, index) if self._resident is not None else self._read(self.rows[index.numpy()])
        return self.tensors(found), self.labels.index_select(0, index).to(self.device)

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
            yield self.tensors(self._read(part)), torch.as_tensor(self.dataset.labels[part]).to(self.device)

    def _read(self, rows: np.ndarray) -> Tensor:
        # take copies whole items, a tenth of the time of indexing a tensor.
        return torch.from_numpy(self.dataset.items.take(rows, axis=0)).to(self.device)

    def _carry(self) -> Tensor:
        """Bring the training items to the device, piece by piece: the host never holds them twice."""
        first = self._read(self.rows[:CHUNK])
        carried = torch.empty((len(self), *first.shape[1:]), dtype=first.dtype, device=self.device)
        for start in range(0, len(self), CHUNK):
            carried[start : start + CHUNK] = self._read(self.rows[start : start + CHUNK])
        return carried

    def _order(self, epoch: int) -> Tensor:
        if epoch not in self._orders:
            generator = torch.Generator().manual_seed((self.seed * 1_000_003 + epoch) % 2**63)
            self._orders = {key: order for key, order in self._orders.items() if key >= epoch - 1}
            self._orders[epoch] = torch.randperm(len(self), generator=generator).to(self._home)
        return self._orders[epoch]


def has_room(dataset: data.Dataset, device: torch.device) -> bool:
    """Say whether a set is to lie on the device: not on the CPU, where it is already, nor where it would take over half of what is free."""
    if device.type == "cpu":
        return False
    if device.type != "cuda":  # others share their memory with the host, and do not tell
        return True
    free, _ = torch.cuda.mem_get_info(device)
    return dataset.items.nbytes * dataset.split.mean() <= free / 2
