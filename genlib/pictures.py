"""The pictures that are there without a network: the bundled Fashion-MNIST, scikit-learn's digits and photographs, Debian's package."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np

from genlib import ASSETS
from genlib.dataset import Dataset, stratified
from genlib.images import read_png, resize

# Debian's package dataset-fashion-mnist, in the publisher's own files.
DEBIAN = Path("/usr/share/datasets/fashion-mnist")
IDX = tuple(f"{part}-{what}.gz" for part in ("train", "t10k") for what in ("images-idx3-ubyte", "labels-idx1-ubyte"))
FASHION = ("T-shirt", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")
PATCH, STRIDE = 32, 8


def small_fashion() -> Dataset:
    """Read the bundled 10,000 + 2,000 pictures, 28 x 28; the README beside them says how they were chosen."""
    sheet = read_png(ASSETS / "fashion-mnist-mini" / "pictures.png")
    tiles = sheet.reshape(120, 28, 100, 28, 1).swapaxes(1, 2).reshape(12_000, 28, 28, 1)
    labels = np.arange(12_000) % 10
    return Dataset("fashion-mnist-mini", tiles, labels, FASHION, np.arange(12_000) < 10_000)


def idx(file: Path) -> np.ndarray:
    """Read one gzipped IDX file (https://yann.lecun.com/exdb/mnist) of bytes; ValueError if it is damaged."""
    try:
        data = gzip.decompress(file.read_bytes())
    except (EOFError, gzip.BadGzipFile) as error:
        raise ValueError(f"{file} is damaged ({error}): remove it and fetch it again") from error
    # Two zeros, 8 for "bytes", the number of dimensions; then each dimension in four bytes, most significant first.
    dimensions = data[3] if data[:3] == b"\0\0\x08" else 0
    shape = np.frombuffer(data, ">u4", dimensions, offset=4) if dimensions else np.zeros(1, int)
    if dimensions == 0 or len(data) != 4 + 4 * dimensions + int(np.prod(shape, dtype=np.int64)):
        raise ValueError(f"{file} is damaged (not a whole IDX file): remove it and fetch it again")
    return np.frombuffer(data, np.uint8, offset=4 + 4 * dimensions).reshape(shape)


def from_idx(name: str, folder: Path, classes: tuple[str, ...]) -> Dataset:
    """Read the four files of MNIST, or of a set published in its form."""
    train, train_labels, test, test_labels = (idx(folder / file) for file in IDX)
    items, labels = np.concatenate([train, test])[..., None], np.concatenate([train_labels, test_labels])
    return Dataset(name, items, labels.astype(np.int64), classes, np.arange(len(items)) < len(train))


def digits() -> Dataset:
    """Read scikit-learn's 1,797 digits, 8 x 8 in 17 shades, as 16 x 16."""
    from sklearn.datasets import load_digits  # late: importing scikit-learn takes a second

    found = load_digits()
    small = np.rint(found.images * (255 / 16)).astype(np.uint8)[..., None]
    labels = found.target.astype(np.int64)
    return Dataset("digits", resize(small, 16), labels, tuple("0123456789"), stratified(labels))


def textures() -> Dataset:
    """Cut scikit-learn's two photographs into patches of 32 x 32 every 8 pixels, in a fixed mixed order.

    The test patches come from the right fifth of each photograph, and no patch lies across the border: neighbours overlap, so a test
    patch drawn at random would be three quarters known from training.
    """
    from sklearn.datasets import load_sample_image

    items, labels, split = [], [], []
    for label, photograph in enumerate(("china.jpg", "flower.jpg")):
        windows = np.lib.stride_tricks.sliding_window_view(load_sample_image(photograph), (PATCH, PATCH), axis=(0, 1))[::STRIDE, ::STRIDE]
        left = np.arange(windows.shape[1]) * STRIDE
        border = left[-1] * 4 // 5
        for side, columns in ((True, left + PATCH <= border), (False, left >= border)):
            patches = windows[:, columns].reshape(-1, 3, PATCH, PATCH)
            items.append(np.moveaxis(patches, 1, -1))
            labels.append(np.full(len(patches), label))
            split.append(np.full(len(patches), side))
    order = np.random.default_rng(0).permutation(sum(map(len, items)))
    pixels, numbers, sides = (np.concatenate(parts)[order] for parts in (items, labels, split))
    return Dataset("textures", pixels, numbers, ("temple", "flower"), sides)
