"""A person's own data: a ZIP or many files of pictures, or a table of points, made into a data set that is kept.

What comes in is not trusted. Only five formats are opened, a picture's size is read from its header before it is decoded, nothing is
unpacked to disk, and what cannot be used is named with the reason. These functions are meant to run in a process of their own.
"""

from __future__ import annotations

import io
import re
import stat
import tempfile
import unicodedata
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageOps

from genlib.choices import knob, unknown
from genlib.data import DATASETS, SIZES, own
from genlib.dataset import Dataset, stratified
from genlib.dataset import keep as keep_dataset
from genlib.images import Progress
from genlib.points import read_table, standardise

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF")
LEAST = 16  # usable items; fewer cannot be split and learned from
MOST_FILES = 100_000
MOST_BYTES = 4 * 2**30  # of an archive, unpacked; of a finished set
MOST_FILE_BYTES = 256 * 2**20  # of one file
COLOURED = 8  # how far the channels of a pixel differ, of 255, before it counts as coloured
MOST_PIXELS = 64_000_000  # in one picture; the largest telephones make 50 million
TOO_LARGE = f"the archive unpacks to more than {MOST_BYTES // 2**20:,} MB, which is the limit: make smaller pictures or leave some out"
OUTSIDE = "a path that leads out of the folder"
# What computers leave in folders by themselves.
CLUTTER = {"__MACOSX", "Thumbs.db", "desktop.ini"}
SPLIT_FOLDERS = {"train", "training", "test", "testing", "val", "valid", "validation"}


@dataclass(frozen=True)
class UploadOptions:
    """How own pictures are brought to one form."""

    size: str = knob("64", values=map(str, SIZES), help="Height and width in pixels; twice the size takes four times as long to train.")
    colour: str = knob("auto", values=("auto", "grey", "rgb"), help="Auto keeps colour if any picture has some.")
    fit: str = knob("crop", values=("crop", "pad"), help="Crop to the middle square, or keep all of the picture and pad it to a square.")
    ground: str = knob("white", values=("white", "black"), help="What shows through transparent places, and what pads.", level="advanced")


@dataclass(frozen=True, eq=False)
class Upload:
    """What could be used of what came in, and what could not."""

    items: np.ndarray  # pictures (n, size, size, c) uint8, or points (n, 2) float32
    labels: np.ndarray  # (n,) int64; -1 = unlabelled
    classes: tuple[str, ...]
    problems: list[tuple[str, str]] = field(default_factory=list)  # (file, reason) of what was left out
    about: dict = field(default_factory=dict)  # kept beside the set: for points, the columns' names, means and deviations


class Refused(ValueError):
    """Nothing of it goes in; the message says why, `problems` names the files."""

    def __init__(self, message: str, problems: list[tuple[str, str]] | None = None) -> None:
        super().__init__(message)
        self.problems = problems or []


def read_archive(source: bytes | Path | BinaryIO, options: UploadOptions | None = None, progress: Progress | None = None) -> Upload:
    """Read the pictures of a ZIP; the folders become classes. Refused with a sentence where the archive as a whole cannot be trusted."""
    try:
        with zipfile.ZipFile(io.BytesIO(source) if isinstance(source, bytes) else source) as archive:
            members = [member for member in archive.infolist() if not member.is_dir() and not _clutter(member.filename)]
            _check_archive(members)
            return _gather(_unpack(archive, members), len(members), options or UploadOptions(), progress)
    except zipfile.BadZipFile as error:
        raise Refused(f"this is not a ZIP archive that can be read ({error}): make a new one from the folder of pictures") from error


def read_files(files: Iterable[tuple[str, bytes]], options: UploadOptions | None = None, progress: Progress | None = None) -> Upload:
    """Read pictures given one by one as (name, bytes); a folder in a name becomes its class."""
    given = [(name, OUTSIDE if _outside(name) else data) for name, data in files if not _clutter(name)]
    return _gather(iter(given), len(given), options or UploadOptions(), progress)


def _clutter(name: str) -> bool:
    parts = PurePosixPath(name.replace("\\", "/")).parts
    return any(part in CLUTTER or (part.startswith(".") and part != "..") for part in parts)


def _outside(name: str) -> bool:
    name = name.replace("\\", "/")
    return name.startswith("/") or ".." in name.split("/") or bool(re.match(r"[A-Za-z]:", name))


def _check_archive(members: list[zipfile.ZipInfo]) -> None:
    """Refuse what no honest archive has, before anything is unpacked."""
    for member in members:
        if _outside(member.filename):
            raise Refused(f"the archive is refused: {member.filename!r} is {OUTSIDE}; make a new one from the folder itself")
    if len(members) > MOST_FILES:
        raise Refused(f"the archive holds {len(members):,} files, and at most {MOST_FILES:,} are taken: leave some out")
    declared = sum(member.file_size for member in members)
    if declared > MOST_BYTES:
        raise Refused(TOO_LARGE)


def _unpack(archive: zipfile.ZipFile, members: list[zipfile.ZipInfo]) -> Iterator[tuple[str, bytes | str]]:
    """Hand out the name of each file and its content, or why there is none; count what comes out, whatever the archive declares."""
    unpacked = 0
    for member in members:
        content = _content(archive, member)
        unpacked += len(content)
        if unpacked > MOST_BYTES:
            raise Refused(TOO_LARGE)
        yield member.filename, content


def _content(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes | str:
    if stat.S_ISLNK(member.external_attr >> 16):
        return "a link, not a picture"
    if member.flag_bits & 1:
        return "locked with a password"
    if member.file_size > MOST_FILE_BYTES:
        return f"larger than {MOST_FILE_BYTES // 2**20} MB"
    try:
        with archive.open(member) as file:
            # zipfile unpacks as much as it is asked for, even past the size declared; reading to the end checks the sum.
            return file.read(member.file_size + 1)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError, ValueError, zlib.error) as error:
        return f"damaged in the archive ({error})"


def _gather(files: Iterator[tuple[str, bytes | str]], count: int, options: UploadOptions, progress: Progress | None) -> Upload:
    """Bring each picture to the form chosen; name what cannot be used."""
    size, colour = int(options.size), options.colour != "grey"
    if count * size * size * 3 > MOST_BYTES:
        raise Refused(
            f"{count:,} pictures of {size} x {size} take more than {MOST_BYTES // 2**20:,} MB: choose a smaller size or leave some out"
        )
    items = np.empty((count, size, size, 3 if colour else 1), np.uint8)
    names: list[str] = []
    problems: list[tuple[str, str]] = []
    for index, (name, content) in enumerate(files):
        if progress:
            progress(index / count, f"reading {index + 1:,} of {count:,}: {name}")
        try:
            if isinstance(content, str):
                raise ValueError(content)
            items[len(names)] = from_upload(content, size, colour, options.fit, options.ground)
            names.append(name)
        except ValueError as error:
            problems.append((name, str(error)))
    if len(names) < LEAST:
        raise Refused(_too_few(len(names), problems), problems)
    items = items[: len(names)]
    if options.colour == "auto" and not _coloured(items):
        items = items[..., 1:2]
    labels, classes = _classes(names)
    return Upload(np.ascontiguousarray(items), labels, classes, problems)


def _too_few(usable: int, problems: list[tuple[str, str]]) -> str:
    first = "; ".join(f"{name}: {reason}" for name, reason in problems[:3])
    left_out = f" {len(problems)} could not be used ({first}{'; ...' if len(problems) > 3 else ''})." if problems else ""
    return f"there are {usable} usable pictures, and at least {LEAST} are needed.{left_out}"


def _coloured(items: np.ndarray) -> bool:
    """Say whether any picture shows colour; JPEG's rounding, a few steps of 255, is none."""
    return any((int(np.ptp(item, axis=-1).max()) > COLOURED) for item in items)


def _classes(names: list[str]) -> tuple[np.ndarray, tuple[str, ...]]:
    """Read the class of each picture off its folders: the first one that tells pictures apart; -1 for pictures outside any.

    A folder around everything says nothing, and neither do train and test: the split here is our own.
    """
    folders = [PurePosixPath(unicodedata.normalize("NFC", name.replace("\\", "/"))).parts[:-1] for name in names]
    while all(folders) and (len({parts[0] for parts in folders}) == 1 or {parts[0].lower() for parts in folders} <= SPLIT_FOLDERS):
        folders = [parts[1:] for parts in folders]
    classes = tuple(sorted({parts[0] for parts in folders if parts}))
    numbers = {name: number for number, name in enumerate(classes)}
    return np.array([numbers[parts[0]] if parts else -1 for parts in folders], np.int64), classes


def from_upload(data: bytes, size: int, colour: bool, fit: str = "crop", ground: str = "white") -> np.ndarray:
    """Decode one picture of a person and bring it to (size, size, 3 or 1) uint8; ValueError says why it cannot be used.

    `fit`: crop to the middle square, or pad; `ground`: white or black, behind what is transparent and where it is padded.
    """
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise Image.DecompressionBombError
            picture.draft(None, (2 * size, 2 * size))  # a large JPEG is decoded at an eighth, a quarter or half of its size
            upright = _flat(ImageOps.exif_transpose(picture), ground)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ValueError(f"more than {MOST_PIXELS // 1_000_000} million pixels") from error
    except Image.UnidentifiedImageError as error:
        raise ValueError(f"not a picture in one of the formats {', '.join(FORMATS)}") from error
    except Exception as error:  # decoders raise nearly anything when a file is damaged, and one bad file must not end the upload
        raise ValueError(f"damaged, cannot be read as a picture ({error})") from error
    method = Image.Resampling.LANCZOS if min(upright.size) > size else Image.Resampling.BICUBIC
    square = ImageOps.fit(upright, (size, size), method) if fit == "crop" else ImageOps.pad(upright, (size, size), method, color=ground)
    return np.asarray(square.convert("RGB" if colour else "L")).reshape(size, size, -1)


def _flat(picture: Image.Image, ground: str) -> Image.Image:
    """Return RGB or grey of 8 bits without transparency, whatever came in."""
    if picture.mode.startswith("I"):  # 16 bits; Pillow's own conversion would cut off at 255 and leave a white picture
        return Image.fromarray(np.rint(np.asarray(picture).clip(0, 65535) / 257).astype(np.uint8))
    if picture.has_transparency_data:
        layer = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", layer.size, ground), layer)
    return picture.convert("RGB")


def read_points(data: bytes, progress: Progress | None = None) -> Upload:
    """Read a table of two columns of numbers (see `points.read_table`), standardised; the old means and deviations stay in `about`."""
    try:
        table, columns = read_table(data, progress)
    except ValueError as error:
        raise Refused(str(error)) from error
    if len(table) < LEAST:
        raise Refused(f"the table has {len(table)} points, and at least {LEAST} are needed")
    flat = np.flatnonzero(np.ptp(table, axis=0) == 0)
    if len(flat):
        raise Refused(f"column {flat[0] + 1} has the same value in every line: two columns that vary are needed")
    items, centre, spread = standardise(table)
    about = {"columns": columns, "centre": centre.tolist(), "spread": spread.tolist()}
    return Upload(items, np.full(len(items), -1), (), about=about)


def keep(title: str, upload: Upload) -> str:
    """Keep an upload under a title of one's own; returns the name under which `load` finds it.

    The name is made here, of a to z, 0 to 9 and hyphens, and differs from all others; the title may be any text up to 100 characters.
    """
    title = " ".join("".join(letter if letter.isprintable() else " " for letter in title).split())
    if not 0 < len(title) <= 100:
        raise ValueError(f"the title must have 1 to 100 characters, got {len(title)}")
    ascii_title = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    slug = re.sub("[^a-z0-9]+", "-", ascii_title).strip("-")[:56].strip("-") or "own"
    dataset = Dataset(slug, upload.items, upload.labels, upload.classes, stratified(upload.labels))
    for name in (slug if number == 1 else f"{slug}-{number}" for number in range(1, 10_000)):
        if name in DATASETS or (own() / name).exists():
            continue
        try:
            keep_dataset(dataset, own() / name, upload.about | {"title": title})
            return name
        except OSError:
            if not (own() / name).exists():  # else someone else has just taken the name: try the next
                raise
    raise ValueError(f"there are too many sets called {title!r}: choose another title")


def remove(name: str) -> None:
    """Remove one of a person's own sets for good; ValueError for any other name."""
    names = [folder.name for folder in own().glob("[!.]*")]
    if name not in names:
        raise ValueError(unknown("data set of your own", name, names))
    with tempfile.TemporaryDirectory(prefix=".removed-", dir=own()) as bin_:
        (own() / name).rename(Path(bin_) / name)
