"""The MLP VAE 784-400-20 on all of Fashion-MNIST: our epoch against that of a plain loop, in turn, and what ours has learned.

The plain loop is what pytorch/examples does: the same network and batch, Adam, `DataLoader(FashionMNIST(transform=ToTensor()))`, all cores.
Ours is `train(run)` as the app runs it, with its log, live pictures, snapshots and checkpoints.
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader

from benchmarks.report import Figure, show
from genlib import data
from genlib.config import Config
from genlib.runs import Run
from genlib.train import train

BATCH, WIDTH, LATENT = 128, 400, 20


class Plain(nn.Module):
    """The network of pytorch/examples, written down as one would."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden, self.mean, self.log_variance = nn.Linear(784, WIDTH), nn.Linear(WIDTH, LATENT), nn.Linear(WIDTH, LATENT)
        self.unfold, self.pixels = nn.Linear(LATENT, WIDTH), nn.Linear(WIDTH, 784)

    def loss(self, batch: Tensor) -> Tensor:
        """Minus ELBO of a batch (n, 1, 28, 28) in [0, 1], summed over its pictures, in nats."""
        x = batch.view(-1, 784)
        hidden = functional.relu(self.hidden(x))
        mean, log_variance = self.mean(hidden), self.log_variance(hidden)
        z = mean + torch.randn_like(mean) * torch.exp(0.5 * log_variance)
        copy = torch.sigmoid(self.pixels(functional.relu(self.unfold(z))))
        kl = -0.5 * torch.sum(1 + log_variance - mean.pow(2) - log_variance.exp())
        return functional.binary_cross_entropy(copy, x, reduction="sum") + kl


def write_idx(path: Path, array: np.ndarray) -> None:
    """Write bytes in the format in which MNIST is published: sizes, big-endian, then the values."""
    head = bytes([0, 0, 8, array.ndim]) + b"".join(side.to_bytes(4, "big") for side in array.shape)
    path.write_bytes(head + array.astype(np.uint8).tobytes())


def loader(dataset: data.Dataset, folder: Path, training: bool) -> DataLoader:
    """Serve one side of the data set through torchvision's own class, from files as the publisher's."""
    from torchvision.datasets import FashionMNIST
    from torchvision.transforms import ToTensor

    raw = folder / "FashionMNIST" / "raw"
    raw.mkdir(parents=True, exist_ok=True)
    for name, side in (("train", dataset.split), ("t10k", ~dataset.split)):
        write_idx(raw / f"{name}-images-idx3-ubyte", dataset.items[side][..., 0])
        write_idx(raw / f"{name}-labels-idx1-ubyte", dataset.labels[side])
    return DataLoader(FashionMNIST(folder, train=training, transform=ToTensor()), batch_size=BATCH, shuffle=training)


def plain_epochs(pictures: DataLoader, model: Plain) -> Iterator[float]:
    """Train for one epoch at each request, with all cores; yield its seconds."""
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    cores = torch.get_num_threads()
    while True:
        ours = torch.get_num_threads()
        torch.set_num_threads(cores)
        began, total = time.perf_counter(), 0.0
        for batch, _ in pictures:
            optimizer.zero_grad()
            loss = model.loss(batch)
            loss.backward()
            total += loss.item()  # the running loss that such loops print
            optimizer.step()
        seconds = time.perf_counter() - began
        torch.set_num_threads(ours)
        yield seconds


def our_epochs(run: Run, steps: int, epochs: int) -> Iterator[float]:
    """Go on with the run by one epoch at each request; yield its seconds. The first holds the start, the last the final test."""
    training = train(run)
    for epoch in range(1, epochs + 1):
        began = time.perf_counter()
        for progress in training:
            if progress.step >= epoch * steps and epoch < epochs:
                break
        yield time.perf_counter() - began


@torch.no_grad()
def test_loss(model: Plain, pictures: DataLoader) -> float:
    """Minus ELBO in nats a picture over the whole test split."""
    return sum(float(model.loss(batch)) for batch, _ in pictures) / 10_000


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=10, help="the bar for -ELBO holds after 10")
    epochs = parser.parse_args().epochs
    try:
        dataset = data.load("fashion-mnist")
    except data.DataMissing as missing:
        sys.exit(str(missing))
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as folder:
        plain = Plain()
        theirs = plain_epochs(loader(dataset, Path(folder), True), plain)
        steps = math.ceil(int(dataset.split.sum()) / BATCH)
        options = {"trunk": "mlp", "width": WIDTH, "layers": 1, "likelihood": "bernoulli", "learning_rate": 1e-3}
        recipe = Config.create("fashion-mnist", "vae", options, latent_dim=LATENT, batch_size=BATCH, steps=steps * epochs)
        run = Run.create(recipe, Path(folder) / "runs")
        ours, pairs = our_epochs(run, steps, epochs), []
        for epoch in range(epochs):
            pairs.append((next(ours), next(theirs)))
            print(f"epoch {epoch + 1}: ours {pairs[-1][0]:.2f} s, plain loop {pairs[-1][1]:.2f} s", flush=True)
        next(ours, None)
        reference = test_loss(plain, loader(dataset, Path(folder), False))
        elbo = -float(run.history()["test_elbo"][-1])
    our_epoch, their_epoch = (median(column) for column in zip(*pairs, strict=True))
    figures = [
        Figure("time an epoch, ours / plain loop", our_epoch / their_epoch, "", 0.4),
        Figure(f"test -ELBO after {epochs} epochs", elbo, "nats", 246 if epochs == 10 else None),
        Figure("time an epoch, ours", our_epoch, "s"),
        Figure("time an epoch, plain loop", their_epoch, "s"),
        Figure("test -ELBO, plain loop", reference, "nats"),
    ]
    show("MLP VAE 784-400-20 on Fashion-MNIST, batch 128", figures, ["Medians over the epochs, the two in turn."])


if __name__ == "__main__":
    main()
