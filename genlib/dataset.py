"""What a data set is, how it is kept on disk, and what the Data page shows of it.

Apart from the table in data.py because everything that makes a data set (downloads, uploads) needs the class and not the table.
"""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

# Files above this stay on disk and are read page by page as they are used (CelebA is 2.5 GB).
MAPPED = 256 * 2**20


@dataclass(frozen=True, eq=False)
class Dataset:
    """Items with what is known about each. Row i is item i everywhere, for ever."""

    name: str
    items: np.ndarray  # pictures (n, h, w, c) uint8, or points (n, 2) float32
    labels: np.ndarray  # (n,) int64; -1 = unlabelled
    classes: tuple[str, ...]
    split: np.ndarray  # (n,) bool; True = training
    factors: np.ndarray | None = None  # (n, k) float32, what each item was made from
    factor_names: tuple[str, ...] = ()
    modes: np.ndarray | None = None  # (m, 2) float32, the true centres, in the space of the items
    mode_std: float = 0.0  # of each mode, in both directions

    def __post_init__(self) -> None:
        rows = {len(array) for array in (self.items, self.labels, self.split, self.factors) if array is not None}
        if len(rows) != 1:
            raise ValueError(f"the data set {self.name} is damaged: its parts have different lengths {sorted(rows)}")
        if not (self.items.dtype == np.uint8 and self.items.ndim == 4) and not (self.items.dtype == np.float32 and self.items.ndim == 2):
            raise ValueError(f"the data set {self.name} holds neither pictures nor points: {self.items.dtype} {self.items.shape}")

    def __len__(self) -> int:
        return len(self.items)

    @property
    def kind(self) -> str:
        """`pictures` or `points`."""
        return "pictures" if self.items.ndim == 4 else "points"

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one item: (h, w, c) or (2,)."""
        return self.items.shape[1:]


def stratified(labels: np.ndarray) -> np.ndarray:
    """Return (n,) bool, True = training: four fifths of every class, the same ones each time."""
    split = np.ones(len(labels), bool)
    generator = np.random.default_rng(0)
    for label in np.unique(labels):
        rows = generator.permutation(np.flatnonzero(labels == label))
        split[rows[: round(len(rows) / 5)]] = False
    if split.all():  # every class is too small to give one away
        split[::5] = False
    return split


def keep(dataset: Dataset, folder: Path, about: dict) -> None:
    """Write the set to a new folder, whole or not at all; `about` is kept beside it as text. OSError if the folder exists."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    texts = about | {"kind": dataset.kind, "count": len(dataset), "shape": dataset.shape, "classes": dataset.classes}
    texts |= {"factor_names": dataset.factor_names, "mode_std": dataset.mode_std}
    with tempfile.TemporaryDirectory(prefix=".part-", dir=folder.parent) as scratch:
        part = Path(scratch) / "set"
        part.mkdir()
        for name in ("items", "labels", "split", "factors", "modes"):
            array = getattr(dataset, name)
            if array is not None:
                with open(part / f"{name}.npy", "wb") as file:
                    np.save(file, array, allow_pickle=False)
                    os.fsync(file.fileno())
        with open(part / "about.json", "w", encoding="utf-8") as file:
            json.dump(texts, file, ensure_ascii=False, indent=1)
            file.flush()
            os.fsync(file.fileno())
        part.rename(folder)


def about(folder: Path) -> dict:
    """Return the text kept beside a set; ValueError if it is damaged."""
    try:
        return json.loads((folder / "about.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ValueError(f"the data set in {folder} is damaged ({error}): remove that folder and fetch or upload the set again") from error


def read(name: str, folder: Path) -> Dataset:
    """Read what `keep` wrote; ValueError if it is damaged."""
    texts = about(folder)
    try:
        arrays: dict[str, Any] = {file.stem: _array(file) for file in folder.glob("*.npy")}
        classes, factor_names = tuple(texts["classes"]), tuple(texts["factor_names"])
        return Dataset(name=name, classes=classes, factor_names=factor_names, mode_std=texts["mode_std"], **arrays)
    except (OSError, EOFError, ValueError, TypeError, KeyError) as error:
        raise ValueError(f"the data set in {folder} is damaged ({error}): remove that folder and fetch or upload the set again") from error


def _array(file: Path) -> np.ndarray:
    if file.stat().st_size < MAPPED:
        return np.load(file)
    # "c": the array counts as writable, as torch wants it, and the file is never touched.
    return np.asarray(np.load(file, mmap_mode="c"))


def balance(dataset: Dataset) -> np.ndarray:
    """Count the items of each class: (k, 2), training and test; one row for an unlabelled set."""
    labels = np.maximum(dataset.labels, 0) if not dataset.classes else dataset.labels
    rows = max(1, len(dataset.classes))
    return np.stack([np.bincount(labels[side & (labels >= 0)], minlength=rows) for side in (dataset.split, ~dataset.split)], axis=1)


def mean_pictures(dataset: Dataset) -> np.ndarray:
    """Return the mean training picture of each class (k, h, w, c) uint8; of everything where there are no classes."""
    groups = [dataset.labels == label for label in range(len(dataset.classes))] or [np.ones(len(dataset), bool)]
    means = np.full((len(groups), *dataset.shape), 255, np.uint8)
    for mean, group in zip(means, groups, strict=True):
        rows = np.flatnonzero(group & dataset.split)
        total = np.zeros(dataset.shape)
        for start in range(0, len(rows), 4096):
            total += dataset.items[rows[start : start + 4096]].sum(axis=0, dtype=np.int64)
        if len(rows):
            mean[...] = np.rint(total / len(rows))
    return means


def gallery(dataset: Dataset, per_class: int = 10, seed: int = 0, most: int = 24) -> tuple[np.ndarray, np.ndarray]:
    """Draw training pictures of each class: the rows (k, per_class), -1 where a class has too few, and the pictures, white there.

    The pictures come as (k * per_class, h, w, c), for a montage of `per_class` columns. Of many classes the first `most` are shown;
    a set without classes fills `per_class` lines.
    """
    generator = np.random.default_rng(seed)
    training = np.flatnonzero(dataset.split)
    if dataset.classes:
        groups = [training[dataset.labels[training] == label] for label in range(len(dataset.classes))][:most]
    else:
        groups = np.array_split(generator.permutation(training), per_class)
    rows = np.full((len(groups), per_class), -1)
    for line, group in zip(rows, groups, strict=True):
        drawn = generator.permutation(group)[:per_class]
        line[: len(drawn)] = drawn
    pictures = np.full((rows.size, *dataset.shape), 255, np.uint8)
    pictures[rows.ravel() >= 0] = dataset.items[rows[rows >= 0]]
    return rows, pictures


def facts(dataset: Dataset) -> dict[str, str]:
    """Say in words what the set consists of, by heading: items, classes, size, values."""
    training = int(dataset.split.sum())
    said = {"Items": f"{len(dataset):,}: {training:,} for training, {len(dataset) - training:,} for testing"}
    said["Classes"] = f"{len(dataset.classes)}" if dataset.classes else "none"
    if dataset.kind == "pictures":
        height, width, channels = dataset.shape
        said["Size"] = f"{height} x {width} pixels, {'colour' if channels == 3 else 'grey'}"
    low, high = dataset.items.min(), dataset.items.max()
    said["Values"] = f"{low} to {high}" if dataset.kind == "pictures" else f"{low:.2f} to {high:.2f}, standardised"
    if dataset.modes is not None:
        said["Modes"] = f"{len(dataset.modes)}, each with a standard deviation of {dataset.mode_std:.3f}"
    return said
