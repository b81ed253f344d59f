"""What a map is drawn from: a vector for every item of a run's data set, kept on disk.

Codes, the model's own features, or plain pixels; and what else the model says of many items: the category that it puts each
in, and how its codes lie. Apart from maps.py because this needs the model, and that does not.
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from genlib import choices, data, files, home, mixtures
from genlib.mixtures import Mixture, MixtureOptions
from genlib.runs import Run

Progress = Callable[..., None]
BLOCK = 1024  # items between two reports
LIMIT = 20_000  # items that are mapped unless more are asked for


@dataclass(frozen=True)
class What:
    """One thing that can be mapped."""

    label: str
    why: str
    make: Callable[[Any, np.ndarray], np.ndarray]  # (model, items) -> (n, d)


def _flat(model: Any, items: np.ndarray) -> np.ndarray:
    return items.reshape(len(items), -1)


WHAT = {
    "codes": What("Codes", "Where the encoder puts each item in latent space.", lambda model, items: model.embed(items)),
    "features": What("Features", "What the model's inner layers respond to in each item.", lambda model, items: model.describe(items)),
    "pixels": What("Pixels", "The items as they are, without any model: the plain baseline.", _flat),
}
PARTS = {"all": "All items", "training": "Training items", "test": "Test items"}


@dataclass(frozen=True)
class Subject:
    """What is mapped of which run. Two equal subjects have the same vectors, so their file is named by their hash."""

    folder: Path
    step: int | None = None
    what: str = "codes"
    part: str = "all"
    count: int = LIMIT

    def __post_init__(self) -> None:
        choices.pick("thing to map", self.what, WHAT)
        choices.pick("part of the data", self.part, PARTS)
        if self.count < 16:
            raise ValueError(f"a map needs at least 16 items, got {self.count}")

    @property
    def file(self) -> Path:
        """The file that holds, or will hold, the vectors."""
        weights = self.folder / "model.safetensors"
        # A snapshot never changes; the newest weights do, as long as the run goes on.
        stamp = weights.stat().st_mtime_ns if self.step is None and weights.exists() else 0
        text = json.dumps({**asdict(self), "folder": self.folder.name, "stamp": stamp}, sort_keys=True)
        return maps_folder() / self.folder.name / f"{hashlib.sha256(text.encode()).hexdigest()[:20]}.npz"

    def rows(self, dataset: data.Dataset) -> np.ndarray:
        """Choose the items: all of the part, or `count` of them drawn with seed 0, in their own order."""
        part = {"all": np.ones(len(dataset), bool), "training": dataset.split, "test": ~dataset.split}[self.part]
        return _some(np.flatnonzero(part), self.count)


@dataclass(frozen=True, eq=False)
class Vectors:
    """values (n, d) float32, or uint8 for pixels; rows (n,) are the items' places in the data set."""

    values: np.ndarray
    rows: np.ndarray


def maps_folder() -> Path:
    """Return the folder that holds vectors, graphs and maps."""
    return home() / "maps"


def possible(model: Any) -> list[str]:
    """Name what can be mapped of a model: codes need an encoder."""
    return [name for name in WHAT if name != "codes" or model.has_encoder]


def make(subject: Subject, progress: Progress | None = None) -> Path:
    """Compute the vectors of a subject and keep them; return their file. Kept ones are not computed again.

    Raises ValueError where the part has fewer than 16 items, and for codes of a model without an encoder.
    """
    if subject.file.exists():
        return subject.file
    run = Run(subject.folder)
    model = None if subject.what == "pixels" else run.load(subject.step)
    if model is not None and subject.what not in possible(model):
        raise ValueError(f"{run.config.title} has no encoder, so its items have no codes; map its features instead")
    dataset = data.load(run.config.dataset, run.config.size)
    rows = subject.rows(dataset)
    if len(rows) < 16:
        raise ValueError(f"{run.config.title} has only {len(rows)} {PARTS[subject.part].lower()}; a map needs at least 16")
    row = WHAT[subject.what]
    values = _in_blocks(lambda items: row.make(model, items), dataset.items, rows, row.label, progress)
    _tidy()
    _write(subject.file, values=values, rows=rows)
    return subject.file


def read(file: Path) -> Vectors:
    """Read kept vectors."""
    with np.load(file) as kept:
        return Vectors(kept["values"], kept["rows"])


def sort(subject: Subject, progress: Progress | None = None) -> np.ndarray:
    """Return the category (n,) int64 that the run's model itself puts each mapped item in, kept beside the vectors.

    Raises ValueError for a model without categories.
    """
    found = sorted_before(subject)
    if found is not None:
        return found
    run = Run(subject.folder)
    model = run.load(subject.step)
    if not model.categories:
        raise ValueError(f"{run.config.title} finds no categories by itself; group its items with k-means or DBSCAN instead")
    dataset = data.load(run.config.dataset, run.config.size)
    labels = _in_blocks(model.sort, dataset.items, subject.rows(dataset), "Category", progress)
    _write(_categories(subject), labels=labels)
    return labels


def sorted_before(subject: Subject) -> np.ndarray | None:
    """Return the categories kept earlier; None where there are none yet."""
    if not _categories(subject).exists():
        return None
    with np.load(_categories(subject)) as kept:
        return kept["labels"]


def mixture(subject: Subject, options: MixtureOptions, progress: Progress | None = None) -> Mixture:
    """Fit a mixture of normals to the vectors of a subject, and keep both. Raises ValueError as `make` and `mixtures.fit` do."""
    return mixtures.fit_file(make(subject, progress), options, progress=progress)


def mixture_of(model: Any, dataset: data.Dataset, options: MixtureOptions | None = None, progress: Progress | None = None) -> Mixture:
    """Fit the same mixture as `mixture` does for the training items, for whoever has model and data at hand; nothing is kept."""
    rows = _some(np.flatnonzero(dataset.split), LIMIT)
    return mixtures.fit(_in_blocks(model.embed, dataset.items, rows, "Codes", progress), options, progress=progress)


def _some(rows: np.ndarray, count: int) -> np.ndarray:
    return rows if len(rows) <= count else np.sort(np.random.default_rng(0).choice(rows, count, replace=False))


def _categories(subject: Subject) -> Path:
    return subject.file.with_name(f"{subject.file.stem}-categories.npz")


def _in_blocks(
    describe: Callable[[np.ndarray], np.ndarray], items: np.ndarray, rows: np.ndarray, words: str, progress: Progress | None
) -> np.ndarray:
    parts = []
    for start in range(0, len(rows), BLOCK):
        if progress:
            progress(start / len(rows), f"{words} of item {start:,} of {len(rows):,}")
        parts.append(describe(items[rows[start : start + BLOCK]]))
    return np.concatenate(parts)


def _write(file: Path, **arrays: np.ndarray) -> None:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]
    files.write(file, buffer.getvalue())


def _tidy() -> None:
    """Remove the maps of runs that are not there any more."""
    names = {run.name for run in Run.all()}
    for folder in maps_folder().glob("*"):
        if folder.is_dir() and folder.name not in names:
            shutil.rmtree(folder, ignore_errors=True)
