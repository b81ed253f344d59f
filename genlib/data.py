"""The data sets one can pick, and the one way to load any of them.

A row of DATASETS says what a set teaches; `load` returns it whatever its origin: bundled, drawn here, downloaded, or a person's own.
"""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from genlib import downloads, home, pictures, points, shapes
from genlib.choices import Choice, NoOptions, pick
from genlib.dataset import Dataset, about, balance, facts, gallery, keep, mean_pictures, read
from genlib.downloads import REMOTES, DataMissing
from genlib.images import Progress, resize

__all__ = [
    "DATASETS",
    "DataMissing",
    "Dataset",
    "Source",
    "balance",
    "download",
    "facts",
    "gallery",
    "load",
    "mean_pictures",
    "present",
    "sources",
]

SIZES = (16, 28, 32, 48, 64, 96, 128)


@dataclass(frozen=True)
class Source(Choice):
    """A data set one can pick. `make(size)` returns it, at that size where it can, else at its own."""

    kind: str  # pictures or points
    sizes: tuple[int, ...]  # the sizes a picture can have, its own first; () for points
    channels: int  # 1 grey, 3 colour; 0 for points
    bundled: bool  # works without a network
    megabytes: int  # to download; 0 where there is nothing to download
    count: int | None = None  # items, where few enough to matter: of pictures that are here


def _pictures(label: str, why: str, make: Callable[[int], Dataset], sizes: tuple[int, ...], channels: int, count: int) -> Source:
    return Source(label, why, NoOptions, make, "pictures", sizes, channels, True, 0, count)


def _remote(name: str, label: str, why: str, sizes: tuple[int, ...], channels: int) -> Source:
    return Source(label, why, NoOptions, lambda size: _fetched(name, size), "pictures", sizes, channels, False, REMOTES[name].megabytes)


def _points(name: str, label: str, why: str, draw: Callable[[], points.Cloud]) -> Source:
    return Source(label, why, NoOptions, partial(_drawn, name, draw), "points", (), 0, True, 0)


def _drawn(name: str, draw: Callable[[], points.Cloud], size: int) -> Dataset:
    cloud = draw()
    return Dataset(name, cloud.points, cloud.labels, cloud.classes, _leading(points.COUNT), modes=cloud.modes, mode_std=cloud.mode_std)


def _shapes(size: int) -> Dataset:
    truth = shapes.factors()
    items, labels = shapes.draw(truth, size), truth[:, 0].astype("int64")
    return Dataset("shapes", items, labels, shapes.CLASSES, _leading(shapes.COUNT), truth, shapes.FACTORS)


def _leading(count: int) -> np.ndarray:
    """The first four fifths train: where every draw is independent, any fifth tests as well as another."""
    return np.arange(count) < count * 4 // 5


DATASETS: dict[str, Source] = {
    "fashion-mnist-mini": _pictures(
        "Fashion-MNIST, small",
        "Ten kinds of clothing, 12,000 grey pictures that come with the app: enough to see a model learn within a minute.",
        lambda size: pictures.small_fashion(),
        (28, 16, 32, 48, 64),
        1,
        12_000,
    ),
    "digits": _pictures(
        "Handwritten digits, tiny",
        "1,797 coarse digits: so few that everything is quick, and that a large model learns them by heart, which is worth seeing once.",
        lambda size: pictures.digits(),
        (16, 28, 32),
        1,
        1797,
    ),
    "shapes": _pictures(
        "Coloured shapes",
        "Drawn from six known factors (shape, hue, size, x, y, angle), so that what each latent dimension has learned can be checked.",
        _shapes,
        (64, 16, 28, 32, 48, 96, 128),
        3,
        shapes.COUNT,
    ),
    "textures": _pictures(
        "Texture patches",
        "Small pieces of two photographs: no objects, only colour and texture, which shows why one model blurs and another does not.",
        lambda size: pictures.textures(),
        (32, 16, 28, 48, 64),
        3,
        7300,
    ),
    "mnist": _remote(
        "mnist",
        "MNIST",
        "70,000 handwritten digits, the set on which nearly every paper shows its first result: compare yours with theirs.",
        (28, 16, 32, 48, 64),
        1,
    ),
    "fashion-mnist": _remote(
        "fashion-mnist",
        "Fashion-MNIST",
        "All 70,000 pictures of clothing: with six times as many as in the small set, see what more data changes and what it does not.",
        (28, 16, 32, 48, 64),
        1,
    ),
    "kmnist": _remote(
        "kmnist",
        "Kuzushiji-MNIST",
        "Ten Japanese characters in old handwriting, each written in several quite different ways: one class can be many clusters.",
        (28, 16, 32, 48, 64),
        1,
    ),
    "cifar10": _remote(
        "cifar10",
        "CIFAR-10",
        "60,000 small photographs of animals and vehicles: so varied that small models struggle, and their failures are instructive.",
        (32, 16, 28, 48, 64),
        3,
    ),
    "svhn": _remote(
        "svhn",
        "Street View house numbers",
        "99,289 digits cut from photographs: colour, light and neighbouring digits compete with the class for room in the code.",
        (32, 16, 28, 48, 64),
        3,
    ),
    "celeba": _remote(
        "celeba",
        "CelebA faces",
        "202,599 faces with forty attributes each: directions in latent space become something that everybody can read.",
        (64, 16, 28, 32, 48),
        3,
    ),
    "ring": _points(
        "ring",
        "Ring of 8",
        "Eight tight spots on a circle: the simplest picture of mode collapse, when a GAN leaves some of them out.",
        points.ring,
    ),
    "grid": _points(
        "grid",
        "Grid of 25",
        "Twenty-five spots on a square: far more to miss than on the ring, so a remedy against mode collapse shows its worth.",
        points.grid,
    ),
    "moons": _points(
        "moons",
        "Two moons",
        "Two bent shapes that reach into each other: k-means cuts them wrongly, DBSCAN follows them.",
        points.moons,
    ),
    "spiral": _points(
        "spiral",
        "Spiral",
        "Three thin arms wound around each other: the generator must bend its plane sharply without tearing it.",
        points.spiral,
    ),
    "swiss-roll": _points(
        "swiss-roll",
        "Swiss roll",
        "One long strip rolled up: near in the plane is not near along the strip, which is what a good map has to find out.",
        points.swiss_roll,
    ),
    "checkerboard": _points(
        "checkerboard",
        "Checkerboard",
        "Even squares with sharp edges and nothing between: it shows how a smooth network smears what has a border.",
        points.checkerboard,
    ),
    "gaussian": _points(
        "gaussian",
        "One Gaussian",
        "The easiest density there is, and the one the codes are drawn from: if a model fails here, the fault is in its settings.",
        points.gaussian,
    ),
}


def own() -> Path:
    """Return the folder that holds people's own sets, a folder each."""
    return home() / "data" / "own"


def sources() -> dict[str, Source]:
    """Return every set one can pick now: the rows of DATASETS, then people's own by name."""
    return DATASETS | {folder.name: _own_source(folder) for folder in sorted(own().glob("[!.]*")) if folder.is_dir()}


def _own_source(folder: Path) -> Source:
    """Describe an own set from the text beside it; a damaged one stays in the list, and says what it is."""
    make = partial(_own_set, folder)
    try:
        texts = about(folder)
        label, kind, count, shape, classes = (texts[key] for key in ("title", "kind", "count", "shape", "classes"))
    except (ValueError, KeyError, TypeError) as error:
        return Source(folder.name, f"This set is damaged and cannot be used: {error}", NoOptions, make, "points", (), 0, True, 0)
    kinds = f" in {len(classes)} classes" if classes else ""
    why = f"Your own {kind}, {count:,}{kinds}: what holds for the textbook sets, does it hold for yours?"
    sizes = (shape[0], *(size for size in SIZES if size < shape[0])) if kind == "pictures" else ()
    return Source(label, why, NoOptions, make, kind, sizes, shape[2] if sizes else 0, True, 0, count)


def _own_set(folder: Path, size: int) -> Dataset:
    return read(folder.name, folder)


def load(name: str, size: int | None = None, progress: Progress | None = None) -> Dataset:
    """Load a set, pictures at `size` (none: its own).

    Raises ValueError for a name or size that is not offered, and DataMissing with a way out where the set has yet to be downloaded.
    """
    source = pick("data set", name, sources())
    if size and size not in source.sizes:
        possible = f"possible: {', '.join(map(str, sorted(source.sizes)))}" if source.sizes else "it holds points, which have no size"
        raise ValueError(f"{name} is not offered at size {size}; {possible}")
    size = size or (source.sizes[0] if source.sizes else 0)
    dataset = source.make(size)
    if dataset.kind == "points" or dataset.shape[0] == size:
        return dataset
    return dataclasses.replace(dataset, items=resize(dataset.items, size, progress))


def _kept(name: str) -> Path:
    return home() / "data" / "sets" / name


def _files(name: str) -> Path | None:
    """Return the folder where the publisher's files are complete: ours, else Debian's for Fashion-MNIST."""
    folders = [home() / "data" / "downloads" / name] + ([pictures.DEBIAN] if name == "fashion-mnist" else [])
    return next((folder for folder in folders if all((folder / file).is_file() for file in REMOTES[name].files)), None)


def present(name: str) -> bool:
    """Say whether `load` works without a download. ValueError for an unknown name."""
    pick("data set", name, sources())
    return name not in REMOTES or _kept(name).is_dir() or _files(name) is not None


def _fetched(name: str, size: int) -> Dataset:
    """Read a set that was downloaded; one whose files are there but not yet unpacked is unpacked first."""
    if not _kept(name).is_dir():
        if _files(name) is None:
            first = f"Download it on the Data page ({REMOTES[name].megabytes} MB)"
            raise DataMissing(f"{DATASETS[name].label} is not on this machine yet. {_way_out(name, first)}")
        download(name)
    return read(name, _kept(name))


def _way_out(name: str, first: str) -> str:
    return (
        f"{first}, or put {', '.join(REMOTES[name].files)} into the folder {home() / 'data' / 'downloads' / name} by hand. "
        "The bundled set fashion-mnist-mini works at once, without a network."
    )


def download(name: str, progress: Progress | None = None) -> None:
    """Fetch a set and keep it unpacked; does nothing where that has been done. Files put there by hand are checked and used.

    Raises ValueError for a set that is not downloaded, DataMissing with the reason and a way out when it does not work.
    """
    remote, tell = pick("data set to download", name, REMOTES), progress or (lambda fraction, message: None)
    if _kept(name).is_dir():
        return
    label, ours = DATASETS[name].label, home() / "data" / "downloads" / name
    files = _files(name) or ours
    try:
        if files == ours:
            downloads.fetch(remote, files, tell)
        ours.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".part-", dir=ours) as scratch:
            keep(remote.read(name, files, Path(scratch), tell), _kept(name), {"title": label})
    except DataMissing:
        raise
    except Exception as error:  # torchvision and gdown raise many kinds; for all of them the way out is the same
        if _kept(name).is_dir():  # another process was faster
            return
        raise DataMissing(f"{label} could not be fetched ({error}). {_way_out(name, 'Try again when there is a network')}") from error
    tell(1.0, f"{label} is ready")
