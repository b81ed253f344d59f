"""How fast we train on all of Fashion-MNIST, against a plain loop, pythae's trainer, and the limit; in one run and in turn.

Ours is `train(run)` with its log, live pictures, snapshots and checkpoints. The plain loop has the same network, batch and optimizer and a
DataLoader, as pytorch/examples and PyTorch-GAN do it. The limit is our step on one batch that never changes. All get the same threads.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import torch
from torch import Tensor

from benchmarks import peers, plain
from benchmarks.report import Figure, show
from genlib import data
from genlib.config import Config
from genlib.feed import Feed
from genlib.models import build
from genlib.runs import Run
from genlib.state import State
from genlib.train import train

BATCH, EPOCHS = 128, 10
LIMIT = {"cpu": 90, "cuda": 85}  # per cent of the limit, at least


@dataclass(frozen=True)
class Row:
    """A network that is measured: our recipe, the same in plain PyTorch, and how many times as fast as it we want to be."""

    title: str
    model: str
    options: dict[str, Any]
    latent_dim: int
    plain: Callable[[int, int], plain.PlainVAE | plain.PlainGAN]  # (width, latent_dim)
    bars: dict[str, float]


ROWS = {
    "mlp-vae": Row("MLP VAE", "vae", {"trunk": "mlp", "width": 400, "layers": 1}, 20, plain.mlp_vae, {"cpu": 2.5, "cuda": 50}),
    "conv-vae": Row("conv VAE", "vae", {"trunk": "conv"}, 20, plain.conv_vae, {"cpu": 1.5, "cuda": 10}),
    "mlp-gan": Row("MLP GAN", "gan", {"trunk": "mlp"}, 100, plain.mlp_gan, {"cpu": 2.5, "cuda": 50}),
    "conv-gan": Row("conv GAN", "gan", {"trunk": "conv"}, 100, plain.conv_gan, {"cpu": 1.5, "cuda": 10}),
}


def recipe(row: Row, steps: int = 1) -> Config:
    """Write down what a row trains."""
    return Config.create("fashion-mnist", row.model, row.options, latent_dim=row.latent_dim, batch_size=BATCH, steps=steps)


def plain_network(row: Row) -> plain.PlainVAE | plain.PlainGAN:
    """Make a row's network in plain PyTorch, as wide as ours."""
    return row.plain(int(recipe(row).options["width"]), row.latent_dim)


def ours(row: Row, dataset: data.Dataset, folder: Path, device: torch.device) -> Iterator[int]:
    """Train as the app does; yield items as they are done. A run that ends is followed by another."""
    steps = EPOCHS * int(dataset.split.sum()) // BATCH
    while True:
        done = 0
        for progress in train(Run.create(recipe(row, steps), folder), device):
            yield (progress.step - done) * BATCH
            done = progress.step


class Still:
    """A feed whose batch never changes."""

    def __init__(self, batch: tuple[Tensor, Tensor]) -> None:
        self._batch = batch

    def batch(self, number: int, count: int = 1) -> tuple[Tensor, Tensor]:
        """Return the batch, whatever the number; all rows take one a step."""
        return self._batch


def limit(row: Row, dataset: data.Dataset, device: torch.device) -> Iterator[int]:
    """Do our step and nothing else: no batches, no log, no pictures, nothing kept."""
    config = recipe(row)
    state = State(build(config, config.shape).to(device))
    feed: Any = Still(Feed(dataset, BATCH, 0, device).batch(0))
    while True:
        state.advance(feed)
        yield BATCH


def rate(items: Iterator[int], seconds: float, device: torch.device) -> float:
    """Let somebody train for some seconds; return items a second."""
    done, began = 0, time.perf_counter()
    for count in items:
        done += count
        if time.perf_counter() - began >= seconds:
            break
    if device.type == "cuda":
        torch.cuda.synchronize()
    return done / (time.perf_counter() - began)


def skip(items: Iterator[int], count: int) -> None:
    """Let somebody train on so many items: one epoch, the tenth of our run in which three quarters of its snapshots lie."""
    for done in items:
        count -= done
        if count <= 0:
            return


def contest(row: Row, dataset: data.Dataset, folder: Path, device: torch.device, rounds: int, seconds: float) -> dict[str, list[float]]:
    """Measure a row's contenders in turn, some rounds after a start that is not counted: items a second of each, by its name."""
    pictures = plain.loader(dataset, folder, True, BATCH, signed=row.model == "gan", pinned=device.type == "cuda")
    own, still = ours(row, dataset, folder / "runs", device), limit(row, dataset, device)
    loop = plain_network(row).to(device).train_on(pictures, device)
    contenders: dict[str, Callable[[float], float]] = {
        "ours": lambda wanted: rate(own, wanted, device),
        "plain loop": lambda wanted: rate(loop, wanted, device),
        "limit": lambda wanted: rate(still, wanted, device),
    }
    network = plain_network(row)
    if isinstance(network, plain.PlainVAE) and not peers.missing():
        contenders["pythae"] = peers.Pythae(network, row.latent_dim, dataset, BATCH, folder / "pythae", device).rate
    skip(own, int(dataset.split.sum()))
    for contender in contenders.values():
        contender(min(1.0, seconds))
    found: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, contender in contenders.items():
            found[name].append(contender(seconds))
    return found


def figures(name: str, device: str, found: dict[str, list[float]]) -> list[Figure]:
    """Turn a row's rounds into its figures: medians, and ratios of what was measured in the same round."""

    def ratio(other: str) -> float:
        return median(own / theirs for own, theirs in zip(found["ours"], found[other], strict=True))

    row, label = ROWS[name], f"{name}, {device}"
    told = [
        Figure("ours / plain loop", ratio("plain loop"), "times", row.bars[device], True, label),
        Figure("share of the limit", 100 * ratio("limit"), "%", LIMIT[device], True, label),
    ]
    if "pythae" in found:
        told.append(Figure("ours / pythae's trainer", ratio("pythae"), "times", row=label))
    elif row.model == "vae":
        told.append(Figure("ours / pythae's trainer", None, row=label, why=peers.missing()))
    return told + [Figure(f"items a second, {who}", median(rates), "/s", row=label) for who, rates in found.items()]


def empty(name: str, device: str, why: str) -> list[Figure]:
    """The rows of a device that is not there."""
    row, label = ROWS[name], f"{name}, {device}"
    return [
        Figure("ours / plain loop", None, "times", row.bars[device], True, label, why),
        Figure("share of the limit", None, "%", LIMIT[device], True, label, why),
    ]


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"of {', '.join(ROWS)}; all if left out")
    parser.add_argument("--device", choices=LIMIT, help="both if left out")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3.0, help="that each contender has in each round")
    parser.add_argument(
        "--threads", type=int, default=os.cpu_count(), help="of every contender; the app itself leaves one core to the page"
    )
    asked = parser.parse_args()
    unknown = [name for name in asked.rows if name not in ROWS]
    if unknown:
        parser.error(f"no row {', '.join(unknown)}; there are {', '.join(ROWS)}")
    try:
        dataset = data.load("fashion-mnist")
    except data.DataMissing as missing:
        sys.exit(str(missing))
    told = []
    for device in [asked.device] if asked.device else LIMIT:
        for name in asked.rows or ROWS:
            if device == "cuda" and not torch.cuda.is_available():
                told += empty(name, device, "no GPU here")
                continue
            torch.set_num_threads(asked.threads)
            torch.manual_seed(0)
            print(f"{name} on {device} ...", flush=True)
            with tempfile.TemporaryDirectory() as folder:
                found = contest(ROWS[name], dataset, Path(folder), torch.device(device), asked.rounds, asked.seconds)
            told += figures(name, device, found)
    notes = [
        f"Medians of {asked.rounds} rounds of {asked.seconds:g} s, all contenders in turn, {asked.threads} threads each, batch {BATCH}."
    ]
    show("Training on Fashion-MNIST, 60,000 pictures", told, notes)


if __name__ == "__main__":
    main()
