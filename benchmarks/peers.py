"""pythae's trainer on our benchmark's networks: it comes from PyPI, into the benchmark's own environment only."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from importlib.util import find_spec
from io import StringIO
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from benchmarks.plain import PlainVAE
from genlib import data

INSTALL = "pythae is not installed here: pip install -r benchmarks/requirements.txt, into an environment of its own"


def missing() -> str:
    """Say why pythae cannot be measured; empty if it can."""
    return "" if find_spec("pythae") else INSTALL


class Enough(Exception):
    """The window is over: pythae has no other way to be stopped."""


class Pythae:
    """pythae's VAE with a plain VAE's networks, trained by pythae's BaseTrainer on tensors in memory, the way its README does it."""

    def __init__(
        self, network: PlainVAE, latent_dim: int, dataset: data.Dataset, batch_size: int, folder: Path, device: torch.device
    ) -> None:
        from pythae.data.datasets import BaseDataset
        from pythae.models import VAE, VAEConfig

        pixels = torch.as_tensor(dataset.items[dataset.split]).permute(0, 3, 1, 2).float() / 255
        self.pictures = BaseDataset(pixels, torch.as_tensor(dataset.labels[dataset.split]))
        about = VAEConfig(input_dim=(1, 28, 28), latent_dim=latent_dim, reconstruction_loss="bce")
        self.model = VAE(about, *_networks(network))
        self.batch_size, self.folder, self.device = batch_size, folder, device

    def rate(self, seconds: float) -> float:
        """Train anew for some seconds; return items a second from the first step on."""
        from pythae.trainers import BaseTrainer, BaseTrainerConfig

        counter = _counter(seconds, self.batch_size)
        recipe = BaseTrainerConfig(
            output_dir=str(self.folder),
            num_epochs=1000,
            per_device_train_batch_size=self.batch_size,
            learning_rate=1e-3,
            no_cuda=self.device.type == "cpu",
        )
        with _silence():
            trainer = BaseTrainer(self.model, self.pictures, training_config=recipe, callbacks=[counter])
            try:
                trainer.train()
            except Enough:
                return counter.done / (time.perf_counter() - counter.began)
        raise RuntimeError("pythae ended before its time")


def _networks(network: PlainVAE) -> tuple[Any, Any]:
    """Dress a plain VAE's networks as pythae's encoder and decoder."""
    from pythae.models.base.base_utils import ModelOutput
    from pythae.models.nn import BaseDecoder, BaseEncoder

    class Encoder(BaseEncoder):
        def __init__(self) -> None:
            super().__init__()
            self.body, self.mean, self.log_variance = network.encoder, network.mean, network.log_variance

        def forward(self, x: Tensor) -> Any:
            hidden = self.body(x)
            return ModelOutput(embedding=self.mean(hidden), log_covariance=self.log_variance(hidden))

    class Decoder(BaseDecoder):
        def __init__(self) -> None:
            super().__init__()
            self.body = network.decoder

        def forward(self, z: Tensor) -> Any:
            return ModelOutput(reconstruction=torch.sigmoid(self.body(z)).view(-1, 1, 28, 28))

    return Encoder(), Decoder()


def _counter(seconds: float, batch_size: int) -> Any:
    """Make a callback that counts items and ends the training when the time is over."""
    from pythae.trainers.training_callbacks import TrainingCallback

    class Counter(TrainingCallback):
        done = 0
        began = 0.0

        def on_epoch_begin(self, training_config: Any, **rest: Any) -> None:
            self.began = self.began or time.perf_counter()

        def on_train_step_end(self, training_config: Any, **rest: Any) -> None:
            self.done += batch_size
            if time.perf_counter() - self.began >= seconds:
                raise Enough

    return Counter()


@contextmanager
def _silence() -> Iterator[None]:
    """Keep pythae's progress bars and reports off the screen."""
    logging.disable(logging.INFO)
    try:
        with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
            yield
    finally:
        logging.disable(logging.NOTSET)
