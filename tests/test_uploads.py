"""A person's own data: every kind of picture a folder can hold, and every kind of archive that must not get in."""

import io
import json
import stat
import struct
import tracemalloc
import zipfile
import zlib

import numpy as np
import pytest
from PIL import Image

from genlib import data, uploads
from genlib.dataset import stratified
from genlib.ui import intake
from genlib.uploads import UploadOptions

RED, WHITE, BLACK = (220, 40, 40), (255, 255, 255), (0, 0, 0)


def encode(picture: Image.Image, kind: str = "PNG", **options) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def plain(colour=RED, size=(40, 30), kind="PNG") -> bytes:
    return encode(Image.new("RGB", size, colour), kind)


def many(count=16, colour=RED) -> list[tuple[str, bytes]]:
    return [(f"good-{number}.png", plain(colour)) for number in range(count)]


def archive(files) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, content in files:
            zipped.writestr(name, content)
    return file.getvalue()


def rotated() -> bytes:
    """Red above blue as a person sees it; lies on its side in the file, with a note in EXIF."""
    upright = Image.new("RGB", (32, 32), RED)
    upright.paste((40, 40, 220), (0, 16, 32, 32))
    exif = Image.Exif()
    exif[0x0112] = 6  # "turn by 90 degrees to the right"
    return encode(upright.transpose(Image.Transpose.ROTATE_90), "JPEG", exif=exif, quality=95)


def animated() -> bytes:
    first, second = Image.new("RGB", (40, 30), RED), Image.new("RGB", (40, 30), (0, 0, 255))
    return encode(first, "GIF", save_all=True, append_images=[second])


def transparent_palette() -> bytes:
    picture = Image.new("P", (40, 30), 1)
    picture.putpalette([0, 0, 255, *RED])
    picture.paste(0, (0, 0, 40, 15))
    return encode(picture, transparency=0)


def half_clear(mode: str) -> bytes:
    picture = Image.new(mode, (40, 30), (*RED, 255) if mode == "RGBA" else (128, 255))
    picture.paste((0,) * len(mode), (0, 0, 40, 15))
    return encode(picture)


def sixteen_bits() -> bytes:
    return encode(Image.fromarray(np.full((30, 40), 32896, np.uint16)))  # 128 of 255


# What each file shows at its top and at its bottom, on a white ground.
KINDS = {
    "PNG": (plain(), RED, RED),
    "JPEG": (plain(kind="JPEG"), RED, RED),
    "WebP": (plain(kind="WEBP"), RED, RED),
    "BMP": (plain(kind="BMP"), RED, RED),
    "GIF": (plain(kind="GIF"), RED, RED),
    "first frame": (animated(), RED, RED),
    "16 bits": (sixteen_bits(), (128,) * 3, (128,) * 3),
    "CMYK": (encode(Image.new("RGB", (40, 30), RED).convert("CMYK"), "JPEG", quality=95), RED, RED),
    "palette": (encode(Image.new("RGB", (40, 30), RED).quantize(4)), RED, RED),
    "palette with a clear colour": (transparent_palette(), WHITE, RED),
    "alpha": (half_clear("RGBA"), WHITE, RED),
    "grey with alpha": (half_clear("LA"), WHITE, (128,) * 3),
    "grey": (encode(Image.new("L", (40, 30), 90)), (90,) * 3, (90,) * 3),
    "black and white": (encode(Image.new("1", (40, 30), 1)), WHITE, WHITE),
    "EXIF rotation": (rotated(), RED, (40, 40, 220)),
    "tiny": (plain(size=(1, 1)), RED, RED),
    "long": (plain(size=(2000, 3)), RED, RED),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [16, 64])
def test_every_kind_of_picture_becomes_rgb_and_grey(kind, size):
    content, top, bottom = KINDS[kind]
    colour = uploads.from_upload(content, size, colour=True)
    assert (colour.shape, colour.dtype) == ((size, size, 3), np.uint8)
    assert np.abs(colour[1, size // 2].astype(int) - top).max() <= 8
    assert np.abs(colour[-2, size // 2].astype(int) - bottom).max() <= 8
    grey = uploads.from_upload(content, size, colour=False)
    assert grey.shape == (size, size, 1)
    assert np.abs(grey[..., 0] - colour @ [0.299, 0.587, 0.114]).max() <= 2


def test_crop_keeps_the_middle_and_pad_keeps_everything():
    picture = Image.new("RGB", (96, 32), (0, 0, 255))
    picture.paste(RED, (32, 0, 64, 32))
    cropped = uploads.from_upload(encode(picture), 32, True, "crop")
    assert (cropped[:, 2:-2] == RED).all()
    padded = uploads.from_upload(encode(picture), 96, True, "pad", "black")
    assert (padded[:30] == BLACK).all()
    assert (padded[-30:] == BLACK).all()
    assert tuple(padded[48, 4]) == (0, 0, 255)
    assert tuple(padded[48, 48]) == RED


@pytest.mark.parametrize(("ground", "seen"), [("white", WHITE), ("black", BLACK)])
def test_the_ground_shows_through_what_is_transparent(ground, seen):
    assert tuple(uploads.from_upload(half_clear("RGBA"), 16, True, ground=ground)[2, 8]) == seen


# Files that cannot be used are named, and the rest go in


def header_of(width: int, height: int) -> bytes:
    """A PNG of some 60 bytes that declares any size."""
    chunk = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = b"IDAT" + zlib.compress(b"")
    parts = [struct.pack(">I", len(part) - 4) + part + struct.pack(">I", zlib.crc32(part)) for part in (chunk, data, b"IEND")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


TIFF = encode(Image.new("RGB", (9, 9)), "TIFF")
PHOTOGRAPH = encode(Image.fromarray(np.random.default_rng(0).integers(0, 256, (90, 90, 3), dtype=np.uint8)), "JPEG")
BAD = {
    "a text": (b"no picture at all", "not a picture in one of the formats PNG, JPEG, WEBP, BMP, GIF"),
    "an empty file": (b"", "not a picture"),
    "a format not on the list": (TIFF, "not a picture"),
    "a web page": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a picture"),
    "cut short": (PHOTOGRAPH[: len(PHOTOGRAPH) // 2], "damaged"),
    "overwritten": (plain()[:60] + bytes(40), "damaged"),
    "70 million pixels": (header_of(10_000, 7_000), "more than 64 million pixels"),
    "100 million pixels": (header_of(10_000, 10_000), "more than 64 million pixels"),
    "four thousand million pixels": (header_of(65_535, 65_535), "more than 64 million pixels"),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_file_is_named_with_the_reason_and_the_rest_go_in(kind):
    content, reason = BAD[kind]
    upload = uploads.read_archive(archive([*many(), ("bad.png", content)]))
    assert len(upload.items) == len(upload.labels) == 16
    ((name, said),) = upload.problems
    assert name == "bad.png"
    assert said.startswith(reason)


def test_the_pixel_limit_is_held_before_decoding():
    heavy = encode(Image.new("1", (9_000, 9_000)))  # 10 kB that would become 243 MB
    assert len(heavy) < 20_000
    tracemalloc.start()
    with pytest.raises(ValueError, match="64 million pixels"):
        uploads.from_upload(heavy, 32, True)
    assert tracemalloc.get_traced_memory()[1] < 2e6
    tracemalloc.stop()


def test_a_locked_file_and_a_link_are_named():
    locked = bytearray(archive([*many(), ("locked.png", plain())]))
    entry = locked.rindex(b"PK\x01\x02")
    locked[entry + 8] |= 1
    linked = zipfile.ZipInfo("link.png")
    linked.external_attr = (stat.S_IFLNK | 0o777) << 16
    assert uploads.read_archive(bytes(locked)).problems == [("locked.png", "locked with a password")]
    assert uploads.read_archive(archive([*many(), (linked, "/etc/passwd")])).problems == [("link.png", "a link, not a picture")]


def test_what_computers_leave_in_folders_is_passed_over():
    clutter = [("__MACOSX/._a.png", b"x"), ("a/.DS_Store", b"x"), ("Thumbs.db", b"x"), ("a/desktop.ini", b"x")]
    upload = uploads.read_archive(archive([*many(), *clutter, ("empty/", b"")]))
    assert (len(upload.items), upload.problems) == (16, [])


# Archives that are refused as a whole


@pytest.mark.parametrize("name", ["../up.png", "a/../../up.png", "/etc/up.png", "C:/up.png", "..\\up.png", "C:\\up.png"])
def test_a_path_that_leaves_the_folder_refuses_the_archive(name):
    with pytest.raises(uploads.Refused, match="leads out of the folder"):
        uploads.read_archive(archive([*many(), (name, plain())]))
    assert uploads.read_files([*many(), (name, plain())]).problems == [(name, "a path that leads out of the folder")]


def test_an_archive_that_declares_too_much_is_refused_unread(monkeypatch):
    monkeypatch.setattr(uploads, "MOST_BYTES", 1_000_000)
    monkeypatch.setattr(uploads, "_content", lambda *arguments: pytest.fail("it was unpacked"))
    with pytest.raises(uploads.Refused, match="unpacks to more than"):
        uploads.read_archive(archive([("zeros.png", bytes(2_000_000))]))


def test_an_archive_that_unpacks_to_too_much_is_refused_whatever_it_declares(monkeypatch):
    """The count of what comes out stops it, even where the declared sizes are fine."""
    monkeypatch.setattr(uploads, "MOST_BYTES", 1_000_000)
    monkeypatch.setattr(uploads, "_content", lambda zipped, member: bytes(300_000))
    with pytest.raises(uploads.Refused, match="unpacks to more than"):
        uploads.read_archive(archive([(f"{number}.png", b"small") for number in range(4)]))


def test_a_file_that_lies_about_its_size_costs_no_memory():
    """100 bytes declared, 200 MB packed in: nothing past what is declared is unpacked."""
    bomb = bytearray(archive([*many(), ("bomb.png", bytes(200_000_000))]))
    entry = bomb.rindex(b"PK\x01\x02")
    bomb[entry + 24 : entry + 28] = struct.pack("<I", 100)
    tracemalloc.start()
    upload = uploads.read_archive(bytes(bomb))
    assert tracemalloc.get_traced_memory()[1] < 20e6
    tracemalloc.stop()
    assert [name for name, _ in upload.problems] == ["bomb.png"]


def test_one_file_may_not_be_too_large(monkeypatch):
    monkeypatch.setattr(uploads, "MOST_FILE_BYTES", 2**20)
    upload = uploads.read_archive(archive([*many(), ("large.png", bytes(2_000_000))]))
    assert upload.problems == [("large.png", "larger than 1 MB")]


def test_too_many_files_are_refused(monkeypatch):
    monkeypatch.setattr(uploads, "MOST_FILES", 15)
    with pytest.raises(uploads.Refused, match="16 files, and at most 15"):
        uploads.read_archive(archive(many()))


def test_a_set_too_large_for_memory_is_refused(monkeypatch):
    monkeypatch.setattr(uploads, "MOST_BYTES", 500_000)
    with pytest.raises(uploads.Refused, match="choose a smaller size"):
        uploads.read_files(many(), UploadOptions(size="128"))


def test_fewer_than_sixteen_usable_pictures_are_refused_with_the_reasons():
    files = [*many(15), ("bad.png", b"text")]
    with pytest.raises(uploads.Refused, match=r"15 usable pictures, and at least 16.*bad\.png: not a picture") as caught:
        uploads.read_archive(archive(files))
    assert caught.value.problems[0][0] == "bad.png"
    with pytest.raises(uploads.Refused, match="0 usable pictures"):
        uploads.read_files([])


@pytest.mark.parametrize("content", [b"", b"no archive", archive(many())[:-30]])
def test_what_is_no_archive_is_refused(content):
    with pytest.raises(uploads.Refused, match="not a ZIP archive"):
        uploads.read_archive(content)


# Classes, colour, progress


def foldered(*folders: str) -> list[tuple[str, bytes]]:
    return [(f"{folder}/{number}.png", plain()) for folder in folders for number in range(8)]


@pytest.mark.parametrize(
    ("folders", "classes"),
    [
        (("cats", "dogs"), ("cats", "dogs")),
        (("pets/cats", "pets/dogs"), ("cats", "dogs")),
        (("pets/cats/indoors", "pets/cats/outdoors", "pets/dogs"), ("cats", "dogs")),
        (("train/cats", "train/dogs", "test/cats", "test/dogs"), ("cats", "dogs")),
        (("cats", "."), ("cats",)),
        (("all", "all/of/them"), ("of",)),
        (("all/of", "all/of"), ()),
        (("größe", "<b>x</b>"), ("<b>x<", "größe")),
    ],
)
def test_folders_become_classes(folders, classes):
    upload = uploads.read_archive(
        archive(dict(foldered(*folders, *folders)).items() | {(f"{folders[0]}/{n}x.png", plain()) for n in range(8)})
    )
    assert upload.classes == classes
    assert set(upload.labels) <= set(range(-1, len(classes)))
    assert ((upload.labels == -1).any()) == (folders[-1] in (".", "all/of/them", "all/of"))


def test_files_one_by_one_take_folders_too():
    upload = uploads.read_files([(name.replace("/", "\\"), content) for name, content in foldered("cats", "dogs")])
    assert upload.classes == ("cats", "dogs")
    assert upload.labels.tolist() == [0] * 8 + [1] * 8


@pytest.mark.parametrize(
    ("colour", "files", "channels"),
    [
        ("auto", many(), 3),
        ("auto", many(16, (90, 90, 90)), 1),
        ("auto", [*many(16, (90, 90, 90)), ("red.png", plain())], 3),
        ("grey", many(), 1),
        ("rgb", many(16, (90, 90, 90)), 3),
    ],
)
def test_colour_is_kept_where_it_is_wanted(colour, files, channels):
    assert uploads.read_files(files, UploadOptions(colour=colour)).items.shape == (len(files), 64, 64, channels)


def test_grey_photographs_stay_grey_through_jpeg():
    noise = np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8)
    picture = encode(Image.fromarray(noise).convert("RGB"), "JPEG", quality=60)
    assert uploads.read_files([(f"{number}.jpg", picture) for number in range(16)]).items.shape[3] == 1


def test_progress_is_told_for_each_file():
    told = []
    uploads.read_archive(archive(many()), progress=lambda fraction, message: told.append((fraction, message)))
    assert [fraction for fraction, _ in told] == pytest.approx(np.arange(16) / 16)
    assert "good-15.png" in told[-1][1]


def test_an_archive_is_read_from_a_file_too(tmp_path):
    (tmp_path / "set.zip").write_bytes(archive(many()))
    assert uploads.read_archive(tmp_path / "set.zip", UploadOptions(size="32")).items.shape == (16, 32, 32, 3)


# Points


def table(separator=",", header="", decimal=".", end="\n") -> bytes:
    rows = [f"{number * 0.5:.2f}{separator}{number**2 + 3:.1f}".replace(".", decimal) for number in range(20)]
    return (header + end.join(rows) + end).encode()


@pytest.mark.parametrize(
    "content",
    [
        table(),
        table(header="width,height\n"),
        table(header='"width","height"\r\n', end="\r\n"),
        table(";"),
        table(";", header="width;height\n", decimal=","),
        table("\t", decimal=","),
        table("\t", header="# measured in May\n\nwidth\theight\n"),
        table(" "),
        table(" ; "),
        b"\xef\xbb\xbf" + table(header="width,height\n"),
    ],
)
def test_every_kind_of_table_is_read_alike_and_standardised(content):
    upload = uploads.read_points(content)
    raw = np.array([[number * 0.5, number**2 + 3] for number in range(20)])
    assert upload.items.dtype == np.float32
    assert np.allclose(upload.items, (raw - raw.mean(axis=0)) / raw.std(axis=0), atol=1e-5)
    assert np.allclose(upload.items * upload.about["spread"] + upload.about["centre"], raw, atol=1e-3)
    assert upload.about["columns"] == (["width", "height"] if b"width" in content else ["x", "y"])
    assert (upload.labels == -1).all()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (table() + b"1,nan\n", "line 21: 'nan' is not a number"),
        (table() + b"inf,1\n", "line 21: 'inf'"),
        (table() + b"\n1e300,1\n", "line 22: '1e300'"),
        (table() + b"one,1\n", "line 21: 'one'"),
        (b"3,x\n" + table(), "line 1: 'x'"),
        (table(header="a,b\n") + b"1,2,3\n", "line 22 has 3 columns, and two are needed"),
        (table() + b"1\n", "line 21 has 1 column,"),
        (b"a,b\n" + b"1,2\n" * 15, "15 points, and at least 16"),
        (b"", "0 points"),
        (b"a,b\n", "0 points"),
        (b"1,2\n2,2\n" * 9, "column 2 has the same value"),
        (plain(), "not a text file"),
    ],
)
def test_a_bad_table_is_refused_with_the_line(content, reason):
    with pytest.raises(uploads.Refused) as caught:
        uploads.read_points(content)
    assert reason in str(caught.value)


# Kept sets


def test_an_upload_is_kept_listed_loaded_and_removed():
    upload = uploads.read_archive(archive(foldered("cats", "dogs")))
    name = uploads.keep("Fritz & Frieda: Übung <b>", upload)
    assert name == "fritz-frieda-ubung-b"
    source = data.sources()[name]
    assert (source.label, source.kind, source.channels) == ("Fritz & Frieda: Übung <b>", "pictures", 3)
    assert source.sizes == (64, 16, 28, 32, 48)
    assert "16 in 2 classes" in source.why
    found = data.load(name)
    assert np.array_equal(found.items, upload.items)
    assert found.classes == ("cats", "dogs")
    assert data.balance(found).tolist() == [[6, 2], [6, 2]]
    assert data.load(name, 28).shape == (28, 28, 3)
    assert data.present(name)
    uploads.remove(name)
    assert name not in data.sources()
    assert not list(data.own().iterdir())


def test_own_points_are_kept_too():
    name = uploads.keep("Table", uploads.read_points(table(header="width,height\n")))
    found = data.load(name)
    assert (found.kind, len(found), data.sources()[name].sizes) == ("points", 20, ())
    assert found.split.sum() == 16
    assert json.loads((data.own() / name / "about.json").read_text())["columns"] == ["width", "height"]


def test_names_never_collide_and_never_leave_the_folder():
    upload = uploads.read_files(many())
    titles = ["Mine", "mine!", "ring", "../../etc", "日本", ".", "x" * 100]
    names = [uploads.keep(title, upload) for title in titles]
    assert names[:5] == ["mine", "mine-2", "ring-2", "etc", "own"]
    assert all(set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-") and len(name) <= 64 for name in names)
    assert sorted(folder.name for folder in data.own().iterdir()) == sorted(names)
    assert len(data.sources()) == len(data.DATASETS) + len(titles)


@pytest.mark.parametrize("title", ["", " \n\t", "x" * 101])
def test_a_set_needs_a_title(title):
    with pytest.raises(ValueError, match="1 to 100 characters"):
        uploads.keep(title, uploads.read_files(many()))


def test_only_own_sets_can_be_removed():
    uploads.keep("Mine", uploads.read_files(many()))
    for name in ("ring", "../own", ".", "nothing"):
        with pytest.raises(ValueError, match="no data set of your own"):
            uploads.remove(name)
    assert "mine" in data.sources()


def test_a_set_is_kept_whole_or_not_at_all(monkeypatch):
    upload = uploads.read_files(many())

    def full(*arguments, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(json, "dump", full)
    with pytest.raises(OSError, match="No space left"):
        uploads.keep("Mine", upload)
    assert data.sources() == data.DATASETS
    assert not list(data.own().iterdir())


@pytest.mark.parametrize(("file", "content"), [("about.json", b"{"), ("about.json", b"[]"), ("items.npy", b"torn"), ("labels.npy", b"")])
def test_a_damaged_set_says_so_and_harms_no_other(file, content):
    name, other = (uploads.keep(title, uploads.read_files(many())) for title in ("Mine", "Other"))
    (data.own() / name / file).write_bytes(content)
    with pytest.raises(ValueError, match="is damaged"):
        data.load(name)
    assert len(data.load(other)) == 16
    assert file != "about.json" or "damaged" in data.sources()[name].why


def test_the_split_is_the_same_each_time_and_reaches_every_class():
    labels = np.array([0] * 50 + [1] * 10 + [2] * 3 + [3])
    split = stratified(labels)
    assert [int((~split[labels == label]).sum()) for label in range(4)] == [10, 2, 1, 0]
    assert np.array_equal(split, stratified(labels))
    assert 0 < (~stratified(np.arange(20))).sum() < 20


def test_the_form_takes_every_kind_of_picture_that_can_be_read_and_no_other():
    kinds = {Image.registered_extensions()[f".{kind}"] for kind in intake.TYPES if kind not in ("zip", "csv")}
    assert kinds == set(uploads.FORMATS)
