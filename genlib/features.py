"""What pictures are compared by: the features of a small network trained once on the data set, or of local Inception weights.

The network learns what is known of the items: their factors, else their classes, else, where there are no labels, which way up each
is (Gidaris 2018, arXiv:1803.07728). It is kept under home()/features with its test accuracy, in a file named by its own SHA-256.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from genlib import choices, files, home, images
from genlib.dataset import Dataset

Progress = Callable[..., None]
VERSION = 1  # of network and training: another one is another extractor
WIDTH = 128  # features, and channels of the last layer
SEEN = 100_000  # items that training looks at, at least; three epochs at least
EPOCHS = 3
BATCH = 128
RATE = 4e-3
MOST_ITEMS, MOST_BYTES = 60_000, 256 * 2**20  # of the training items; more do not make better features in the time
TESTED = 10_000
BINS = 8  # of a factor that is a number
ROWS = 256  # items looked at together
INCEPTION = "LATENT_LAB_INCEPTION"  # names the file with the weights of torchvision's inception_v3
INCEPTION_SIDE = 299
SHOWN = 12  # letters of a hash


@dataclass(frozen=True, eq=False)
class Extractor:
    """What turns items into features. `look` takes images (n, c, h, w); None where the items are compared as they are."""

    name: str  # in words
    digest: str  # of its weights; "" where nothing was learned
    accuracy: float  # on test items, in what it was trained for; nan where that is not known
    look: Callable[[Tensor], Tensor] | None = None
    device: torch.device | None = None


@dataclass(frozen=True, eq=False)
class Task:
    """What the network learns: targets (n, heads), -1 = unknown, each head with so many values. Without targets: turns of the picture."""

    words: str
    heads: tuple[int, ...]
    targets: np.ndarray | None


class Classifier(nn.Module):
    """Convolutions that halve the picture down to 4 pixels or fewer, their mean, and one linear layer for all heads."""

    def __init__(self, channels: int, size: int, outputs: int) -> None:
        super().__init__()
        depth = 1
        while size > 4 * 2**depth:
            depth += 1
        layers: list[nn.Module] = []
        for index in reversed(range(depth)):
            width = max(16, WIDTH // 2**index)
            layers += [nn.Conv2d(channels, width, 3, 2, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
            channels = width
        self.layers = nn.Sequential(*layers)
        self.heads = nn.Linear(WIDTH, outputs)
        self.to(memory_format=torch.channels_last)

    def describe(self, x: Tensor) -> Tensor:
        """Images (n, c, h, w) to features (n, WIDTH)."""
        return self.layers(x).mean((2, 3))

    def forward(self, x: Tensor) -> Tensor:
        return self.heads(self.describe(x))


def extractor_for(dataset: Dataset, kind: str = "own", progress: Progress | None = None) -> Extractor:
    """Return the extractor of a data set by a row of KINDS; its own is trained where that has not been done.

    Points are compared by their coordinates. Raises ValueError for Inception without usable weights.
    """
    if dataset.kind == "points":
        return Extractor("the coordinates themselves", "", float("nan"))
    return choices.pick("kind of features", kind, KINDS)(dataset, progress or _silent)


def possible(dataset: Dataset) -> list[str]:
    """Name the rows of KINDS that can be had here: Inception where its weights are pointed at."""
    return ["own", "inception"] if dataset.kind == "pictures" and os.environ.get(INCEPTION) else ["own"]


def extract(extractor: Extractor, items: np.ndarray, progress: Progress | None = None) -> np.ndarray:
    """Compute features: pixels (n, h, w, c) uint8 or points (n, 2) -> (n, d) float32."""
    if extractor.look is None:
        return np.asarray(items, np.float32).reshape(len(items), -1)
    parts = []
    with torch.inference_mode():
        for start in range(0, len(items), ROWS):
            (progress or _silent)(start / len(items), f"Features of {start:,} of {len(items):,} pictures")
            x = torch.as_tensor(images.to_images(np.asarray(items[start : start + ROWS]))).to(extractor.device)
            parts.append(extractor.look(x.contiguous(memory_format=torch.channels_last)).float().cpu().numpy())
    return np.concatenate(parts)


# The data set's own


def task_of(dataset: Dataset) -> Task:
    """Choose what is learned: factors, else classes where at least half of the items have one, else which way up a picture is."""
    if dataset.factors is not None and dataset.factors.shape[1]:
        columns = [_numbered(column) for column in dataset.factors.T]
        sizes = tuple(int(column.max()) + 1 for column in columns)
        return Task(f"names the {len(sizes)} factors of each item", sizes, np.stack(columns, axis=1))
    known = np.unique(dataset.labels[dataset.split & (dataset.labels >= 0)])
    if len(known) >= 2 and (dataset.labels >= 0).mean() >= 0.5:
        return Task(f"names the class, one of {len(dataset.classes)}", (len(dataset.classes),), dataset.labels[:, None])
    return Task("tells which way up a picture is, as there are no labels", (4,), None)


def _own(dataset: Dataset, progress: Progress) -> Extractor:
    task, place = task_of(dataset), device()
    size = dataset.shape[0]
    folder = home() / "features" / f"{dataset.name}-{size}-{_stamp(dataset)}"
    kept = _read(folder)
    if kept is None:
        _keep(folder, *_train(dataset, task, place, progress))
        kept = _read(folder)
    if kept is None:
        raise OSError(f"what was just written to {folder} cannot be read; look after the disk")
    state, accuracy, digest = kept
    network = _network(dataset, task)
    network.load_state_dict(state)
    network.to(place).eval()
    return Extractor(f"a small network that {task.words} ({dataset.name}, {size} pixels)", digest, accuracy, network.describe, place)


def _network(dataset: Dataset, task: Task) -> Classifier:
    """Make the network, its weights drawn from seed 0."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Classifier(dataset.shape[2], dataset.shape[0], sum(task.heads))


def _train(dataset: Dataset, task: Task, device: torch.device, progress: Progress) -> tuple[Classifier, float]:
    """Train from seed 0; return the network and its accuracy on test items, the mean over the heads."""
    network = _network(dataset, task).to(device).train()
    rows = _some(np.flatnonzero(dataset.split), min(MOST_ITEMS, max(BATCH, MOST_BYTES // int(np.prod(dataset.shape)))))
    items = torch.as_tensor(np.ascontiguousarray(dataset.items[rows])).to(device)
    targets = None if task.targets is None else torch.as_tensor(task.targets[rows]).to(device)
    steps = max(SEEN, EPOCHS * len(rows)) // BATCH
    with torch.random.fork_rng():
        torch.manual_seed(0)
        optimizer = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=0.05)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps)
        for step in range(steps):
            if step % 20 == 0:
                progress(step / steps, f"Training the network whose features compare pictures: step {step:,} of {steps:,}, once a data set")
            index = torch.randint(len(items), (min(BATCH, len(items)),)).to(device)
            x, y = _batch(items[index], None if targets is None else targets[index])
            optimizer.zero_grad(set_to_none=True)
            losses = [functional.cross_entropy(part, y[:, head], ignore_index=-1) for head, part in _by_head(network(x), task)]
            torch.stack(losses).sum().backward()
            optimizer.step()
            schedule.step()
    return network, _accuracy(network.eval(), dataset, task, device)


def _accuracy(network: Classifier, dataset: Dataset, task: Task, device: torch.device) -> float:
    rows, right = _some(np.flatnonzero(~dataset.split), TESTED), []
    with torch.inference_mode():
        for start in range(0, len(rows), ROWS):
            part = rows[start : start + ROWS]
            x, y = _batch(
                torch.as_tensor(np.ascontiguousarray(dataset.items[part])).to(device),
                None if task.targets is None else torch.as_tensor(task.targets[part]).to(device),
            )
            named = torch.stack([logits.argmax(1) for _, logits in _by_head(network(x), task)], dim=1)
            right.append((named == y)[y >= 0].float().cpu())
    return float(torch.cat(right).mean()) if right else float("nan")


def _batch(pixels: Tensor, targets: Tensor | None) -> tuple[Tensor, Tensor]:
    """Pixels (n, h, w, c) to images and what is to be said of them; without targets a quarter of them is turned each way."""
    x = images.unit(pixels).permute(0, 3, 1, 2)
    if targets is not None:
        return x, targets
    turns = torch.arange(len(x), device=x.device) % 4
    turned = torch.stack([picture.rot90(int(place) % 4, (1, 2)) for place, picture in enumerate(x)])
    return turned.contiguous(memory_format=torch.channels_last), turns[:, None]


def _by_head(logits: Tensor, task: Task) -> list[tuple[int, Tensor]]:
    return list(enumerate(logits.split(task.heads, dim=1)))


def _numbered(column: np.ndarray) -> np.ndarray:
    """Number a factor's values (n,): each where there are few, else bins of equally many items."""
    values, index = np.unique(column, return_inverse=True)
    if len(values) > BINS:
        index = np.searchsorted(np.quantile(column, np.linspace(0, 1, BINS + 1)[1:-1]), column, side="right")
    return index.astype(np.int64)


def _some(rows: np.ndarray, most: int) -> np.ndarray:
    return rows if len(rows) <= most else np.sort(np.random.default_rng(0).choice(rows, most, replace=False))


def _stamp(dataset: Dataset) -> str:
    """Name the data: other pictures under the same name, as an own set may get, need another extractor."""
    some = dataset.items[_some(np.arange(len(dataset)), 2000)]
    said = f"{VERSION} {dataset.items.shape}".encode()
    parts = (said, *(np.ascontiguousarray(array).tobytes() for array in (some, dataset.labels, dataset.split)))
    return hashlib.sha256(b"".join(parts)).hexdigest()[:SHOWN]


def _keep(folder: Path, network: nn.Module, accuracy: float) -> None:
    from safetensors.torch import save

    state = {name: value.contiguous().cpu() for name, value in network.state_dict().items()}
    content = save(state | {"accuracy": torch.tensor(accuracy, dtype=torch.float64)})
    files.write(folder / f"{files.digest(content)[:SHOWN]}.safetensors", content)


def _read(folder: Path) -> tuple[dict[str, Tensor], float, str] | None:
    """Read the kept weights, their accuracy and hash; None where there are none. A file that is not what was written is removed."""
    from safetensors.torch import load

    for file in sorted(folder.glob("[!.]*.safetensors")):
        content = file.read_bytes()
        if files.digest(content)[:SHOWN] == file.stem:
            state = load(content)
            return state, float(state.pop("accuracy")), file.stem
        file.unlink(missing_ok=True)
    return None


# Inception


def _inception(dataset: Dataset, progress: Progress) -> Extractor:
    """Take torchvision's inception_v3 from the file that the environment names. Figures are not those of TensorFlow's weights."""
    from torchvision.models import inception_v3

    file = Path(os.environ.get(INCEPTION) or "")
    if not file.is_file():
        raise ValueError(
            f"Inception features need a file with the weights of torchvision's inception_v3; let {INCEPTION} name it, got {file}"
        )
    progress(None, "Reading the Inception weights")
    state = {name: value for name, value in _weights(file).items() if not name.startswith("AuxLogits.")}
    network: Any = inception_v3(weights=None, aux_logits=False, init_weights=False)
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        raise ValueError(
            f"{file} does not hold the weights of torchvision's inception_v3: {str(error).splitlines()[-1].strip()}"
        ) from error
    network.fc = nn.Identity()
    place = device()
    network.to(place).eval()

    def look(x: Tensor) -> Tensor:
        x = functional.interpolate(x.expand(-1, 3, -1, -1), size=(INCEPTION_SIDE,) * 2, mode="bilinear", antialias=True)
        return network(x)  # its weights were trained on pictures in [-1, 1], which torchvision hides in transform_input

    return Extractor("Inception v3 of torchvision, from a local file", files.digest(file.read_bytes())[:SHOWN], float("nan"), look, place)


def _weights(file: Path) -> dict[str, Tensor]:
    from safetensors.torch import load_file

    try:
        if file.suffix == ".safetensors":
            return load_file(file)
        return torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # both readers raise many kinds; for all of them the way out is the same
        raise ValueError(f"{file} cannot be read as weights ({type(error).__name__}); it must be .safetensors or .pth") from error


KINDS: dict[str, Callable[[Dataset, Progress], Extractor]] = {"own": _own, "inception": _inception}


def device() -> torch.device:
    """Choose where features and samples are computed: the accelerator if there is one, else the CPU."""
    return torch.accelerator.current_accelerator(check_available=True) or torch.device("cpu")


def _silent(fraction: float | None, message: str = "", partial: object = None) -> None:
    """Report to nobody."""
