"""The data sets that are fetched, once, by torchvision's own download code, and what their files mean.

Files arrive in a folder of their own beside the unfinished ones and are moved into place when their checksum is the publisher's; a
file that somebody put there by hand is held to the same checksum. Nothing is read, let alone unpickled (CIFAR-10), before that.
"""

from __future__ import annotations

import csv
import io
import os
import shutil
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from genlib.dataset import Dataset
from genlib.images import Progress
from genlib.pictures import FASHION, IDX, from_idx

DIGITS = tuple("0123456789")
KUZUSHIJI = ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo")
FACES = ("img_align_celeba.zip", "list_attr_celeba.txt", "list_eval_partition.txt")


class DataMissing(ValueError):
    """The set is not on this machine; the message says what can be done."""


@dataclass(frozen=True)
class Remote:
    """Where a set comes from: torchvision's class that knows the addresses, the files, how to read them."""

    publisher: str
    files: tuple[str, ...]
    megabytes: int
    read: Callable[[str, Path, Path, Progress], Dataset]  # name, folder of the files, scratch folder, progress


def _addresses(publisher: str, files: tuple[str, ...]) -> list[tuple[str, str, list[str]]]:
    """Ask torchvision for (file, MD5, addresses in the order to try) of each file; a Google Drive file has its id as address."""
    from torchvision import datasets

    source = getattr(datasets, publisher)
    if publisher == "CIFAR10":
        known = {source.filename: (source.tgz_md5, [source.url])}
    elif publisher == "SVHN":
        known = {file: (md5, [url]) for url, file, md5 in source.split_list.values()}
    elif publisher == "CelebA":
        known = {file: (md5, [number]) for number, md5, file in source.file_list}
    else:
        known = {file: (md5, [mirror + file for mirror in source.mirrors]) for file, md5 in source.resources}
    return [(file, *known[file]) for file in files]


def fetch(remote: Remote, folder: Path, progress: Progress | None = None) -> None:
    """Bring every file into `folder`, checked; what is there and right is not fetched again. Raises whatever torchvision does."""
    from torchvision.datasets import utils

    incoming = folder / "incoming"
    incoming.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(1) as worker:
        for file, md5, addresses in _addresses(remote.publisher, remote.files):
            if (folder / file).exists():
                if not utils.check_integrity(folder / file, md5):
                    raise DataMissing(
                        f"{folder / file} is not the publisher's file (its checksum differs): remove it or put the right one there"
                    )
                continue
            task = worker.submit(_fetch_file, file, md5, addresses, incoming)
            while not task.done():
                wait([task], timeout=0.25)
                _report(remote, folder, file, progress)
            task.result()
            os.replace(incoming / file, folder / file)
    shutil.rmtree(incoming)


def _fetch_file(file: str, md5: str, addresses: list[str], incoming: Path) -> None:
    """Try each address in turn; raise the last failure."""
    from torchvision.datasets import utils

    for address in addresses:
        try:
            if address.startswith("http"):
                utils.download_url(address, incoming, file, md5)
            else:
                utils.download_file_from_google_drive(address, incoming, file, md5)
            return
        except (OSError, RuntimeError):
            if address == addresses[-1]:
                raise


def _report(remote: Remote, folder: Path, file: str, progress: Progress | None) -> None:
    """Measure the files as they grow, which says the same whichever way torchvision fetches them."""
    if progress:
        here = sum(path.stat().st_size for path in (*folder.glob("*.*"), *folder.glob("incoming/*"))) / 1e6
        progress(min(here / remote.megabytes, 1.0), f"fetching {file}: {here:.1f} of {remote.megabytes} MB")


def _read_idx(classes: tuple[str, ...]) -> Callable[..., Dataset]:
    return lambda name, folder, scratch, progress: from_idx(name, folder, classes)


def _read_cifar(name: str, folder: Path, scratch: Path, progress: Progress) -> Dataset:
    from torchvision import datasets
    from torchvision.datasets import utils

    progress(None, "unpacking")
    utils.extract_archive(folder / datasets.CIFAR10.filename, scratch)
    # torchvision compares the checksum of each unpacked file before it opens it.
    parts = [datasets.CIFAR10(scratch, train=side) for side in (True, False)]
    labels = np.concatenate([part.targets for part in parts]).astype(np.int64)
    split = np.arange(len(labels)) < len(parts[0].targets)
    return Dataset(name, np.concatenate([part.data for part in parts]), labels, tuple(parts[0].classes), split)


def _read_svhn(name: str, folder: Path, scratch: Path, progress: Progress) -> Dataset:
    from torchvision import datasets

    progress(None, "unpacking")
    parts = [datasets.SVHN(folder, split=side) for side in ("train", "test")]
    labels = np.concatenate([part.labels for part in parts])
    split = np.arange(len(labels)) < len(parts[0].labels)
    return Dataset(name, np.moveaxis(np.concatenate([part.data for part in parts]), 1, -1), labels, DIGITS, split)


def _read_faces(name: str, folder: Path, scratch: Path, progress: Progress) -> Dataset:
    """Crop each face to the middle 148 x 148 (the aligned pictures are 178 x 218) and store it at 64 x 64.

    The 40 attributes are kept as factors; the classes are smiling or not. Validation counts as training, as nobody tunes on it here.
    """
    header, attributes = _table(folder / FACES[1], skip=1)
    _, parts = _table(folder / FACES[2], skip=0)
    pixels = np.lib.format.open_memmap(scratch / "faces.npy", "w+", np.uint8, (len(attributes), 64, 64, 3))
    with zipfile.ZipFile(folder / FACES[0]) as archive:
        for index, file in enumerate(attributes):
            with Image.open(io.BytesIO(archive.read(f"img_align_celeba/{file}")), formats=["JPEG"]) as face:
                left, top = (face.width - 148) // 2, (face.height - 148) // 2
                box = (left, top, left + 148, top + 148)
                pixels[index] = np.asarray(face.convert("RGB").resize((64, 64), Image.Resampling.LANCZOS, box=box))
            if index % 500 == 0:
                progress(index / len(attributes), f"reading face {index:,} of {len(attributes):,}")
    factors = np.array(list(attributes.values()), np.float32).clip(0, 1)
    labels = factors[:, header.index("Smiling")].astype(np.int64)
    split = np.array([int(parts[file][0]) < 2 for file in attributes])
    names = tuple(title.replace("_", " ").lower() for title in header)
    return Dataset(name, pixels, labels, ("not smiling", "smiling"), split, factors, names)


def _table(file: Path, skip: int) -> tuple[list[str], dict[str, list[str]]]:
    """Read one of CelebA's lists: its header, if it has one after `skip` lines, and the columns of each picture by file name."""
    with open(file, encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.reader(lines, delimiter=" ", skipinitialspace=True) if row]
    header = [title for title in rows[skip] if title] if skip else []
    return header, {row[0]: [value for value in row[1:] if value] for row in rows[2 * skip :]}


REMOTES: dict[str, Remote] = {
    "mnist": Remote("MNIST", IDX, 12, _read_idx(DIGITS)),
    "fashion-mnist": Remote("FashionMNIST", IDX, 31, _read_idx(FASHION)),
    "kmnist": Remote("KMNIST", IDX, 21, _read_idx(KUZUSHIJI)),
    "cifar10": Remote("CIFAR10", ("cifar-10-python.tar.gz",), 171, _read_cifar),
    "svhn": Remote("SVHN", ("train_32x32.mat", "test_32x32.mat"), 247, _read_svhn),
    "celeba": Remote("CelebA", FACES, 1473, _read_faces),
}
