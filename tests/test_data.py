"""Data sets: one contract over every row of the table, and downloads that are whole or not there, from a mirror of our own."""

import gzip
import hashlib
import http.server
import io
import pickle
import sys
import tarfile
import threading
import zipfile

import numpy as np
import pytest
import scipy.io
import torchvision.datasets
from PIL import Image

from genlib import ASSETS, data, dataset, home, images, pictures, points, shapes
from genlib.downloads import FACES, REMOTES

OFFLINE = [name for name, source in data.DATASETS.items() if source.bundled]
POINTS = [name for name, source in data.DATASETS.items() if source.kind == "points"]
SIZED = [(name, size) for name in OFFLINE for size in data.DATASETS[name].sizes]
MODES = {"ring": 8, "grid": 25, "gaussian": 1}


@pytest.fixture(autouse=True)
def only_what_is_here(tmp_path, monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(pictures, "DEBIAN", tmp_path / "debian")


@pytest.fixture(scope="module")
def loaded():
    """Each offline set once, at its own size."""
    return {name: data.load(name) for name in OFFLINE}


# The contract of every row


@pytest.mark.parametrize("name", data.DATASETS)
def test_every_row_says_what_it_teaches(name):
    source = data.DATASETS[name]
    assert source.why.endswith(".")
    assert len(source.why) > 60
    assert [row.label for row in data.DATASETS.values()].count(source.label) == 1
    assert set(source.sizes) <= set(data.SIZES)
    assert source.bundled == (name not in REMOTES) == (source.megabytes == 0)
    assert data.present(name) == source.bundled


@pytest.mark.parametrize("name", OFFLINE)
def test_every_offline_set_keeps_the_contract(name, loaded):
    found, source = loaded[name], data.DATASETS[name]
    assert found.name == name
    assert found.kind == source.kind
    assert found.shape == ((source.sizes[0], source.sizes[0], source.channels) if source.kind == "pictures" else (2,))
    assert found.items.dtype == (np.uint8 if source.kind == "pictures" else np.float32)
    assert (found.labels.dtype, found.split.dtype) == (np.int64, bool)
    assert len(found) == len(found.labels) == len(found.split) >= 1_000
    assert set(np.unique(found.labels)) == set(range(len(found.classes)))
    assert 0.7 < found.split.mean() < 0.9
    assert (data.balance(found) > 0).all()


@pytest.mark.parametrize("name", OFFLINE)
def test_every_offline_set_is_the_same_each_time(name, loaded):
    again = data.load(name)
    assert np.array_equal(again.items, loaded[name].items)
    assert np.array_equal(again.split, loaded[name].split)


@pytest.mark.parametrize(("name", "size"), SIZED)
def test_row_i_is_item_i_at_every_size(name, size, loaded):
    found = data.load(name, size)
    assert found.shape == (size, size, data.DATASETS[name].channels)
    assert np.array_equal(found.labels, loaded[name].labels)
    # The mean colour of an item hardly changes with its size.
    means = [sample.items[::50].mean(axis=(1, 2)) for sample in (found, loaded[name])]
    assert np.abs(means[0] - means[1]).max() < 6


@pytest.mark.parametrize("name", OFFLINE)
def test_the_data_page_can_show_every_offline_set(name, loaded):
    found = loaded[name]
    assert data.balance(found).sum() == len(found)
    assert data.facts(found)["Items"].startswith(f"{len(found):,}")
    assert "float" not in " ".join(data.facts(found).values())
    if found.kind == "pictures":
        assert data.mean_pictures(found).shape == (len(found.classes), *found.shape)
        rows, drawn = data.gallery(found, per_class=3, seed=1)
        assert np.array_equal(drawn, found.items[rows.ravel()])
        assert (found.labels[rows] == np.arange(len(found.classes))[:, None]).all()
        assert found.split[rows].all()


def test_a_wrong_name_is_answered_with_the_nearest():
    with pytest.raises(ValueError, match="Did you mean fashion-mnist"):
        data.load("fashon-mnist")
    with pytest.raises(ValueError, match="no data set"):
        data.present("../../etc")


def test_a_wrong_size_is_answered_with_the_possible_ones():
    with pytest.raises(ValueError, match="digits is not offered at size 64; possible: 16, 28, 32"):
        data.load("digits", 64)
    with pytest.raises(ValueError, match="points, which have no size"):
        data.load("ring", 28)


# Pictures without a network


def test_the_bundled_set_is_small_balanced_and_licensed(loaded):
    folder = ASSETS / "fashion-mnist-mini"
    assert sum(file.stat().st_size for file in folder.iterdir()) < 6e6
    assert "MIT License" in (folder / "LICENSE").read_text()
    assert data.balance(loaded["fashion-mnist-mini"]).tolist() == [[1000, 200]] * 10


@pytest.mark.parametrize(("name", "least"), [("fashion-mnist-mini", 0.6), ("digits", 0.8)])
def test_labels_fit_their_pictures(name, least, loaded):
    found = loaded[name]
    means = np.stack([found.items[found.split & (found.labels == label)].mean(axis=0).ravel() for label in range(10)])
    test = found.items[~found.split].reshape(-1, means.shape[1]).astype(float)
    nearest = ((test[:, None] - means) ** 2).sum(axis=2).argmin(axis=1)
    assert (nearest == found.labels[~found.split]).mean() > least


def test_no_test_texture_shares_pixels_with_a_training_one(loaded):
    found = loaded["textures"]
    # Patches start every 8 pixels, so shared pixels would show as equal 8 x 8 tiles.
    tiles = found.items.reshape(-1, 4, 8, 4, 8, 3).swapaxes(2, 3).reshape(len(found), 16, -1)
    seen = {tile.tobytes() for item in tiles[found.split] for tile in item if np.ptp(tile) > 30}
    assert not seen & {tile.tobytes() for item in tiles[~found.split] for tile in item}


def test_shapes_are_where_and_what_their_factors_say(loaded):
    found = loaded["shapes"]
    factor = dict(zip(found.factor_names, found.factors.T, strict=True))
    assert found.factor_names == ("shape", "hue", "size", "x", "y", "angle")
    assert np.abs(np.corrcoef(found.factors.T) - np.eye(6)).max() < 0.05
    light = found.items.astype(np.float32).max(axis=3) - shapes.GROUND
    places = (np.arange(64) + 0.5) / 64
    assert np.abs((light.sum(axis=1) @ places) / light.sum(axis=(1, 2)) - factor["x"]).max() < 0.004
    assert np.abs((light.sum(axis=2) @ places) / light.sum(axis=(1, 2)) - factor["y"]).max() < 0.004
    areas = light.sum(axis=(1, 2)) / light.max(axis=(1, 2)) / 64**2 / factor["size"] ** 2
    expected = np.array([np.pi / 2, 2, np.sqrt(27) / 4])[found.labels]
    assert np.abs(areas / expected - 1).max() < 0.06


@pytest.mark.parametrize(("hue", "colour"), [(0.0, "red"), (1 / 3, "green"), (2 / 3, "blue")])
def test_a_hue_gives_the_colour_it_names(hue, colour):
    pixel = shapes.draw(np.array([[1, hue, 0.2, 0.5, 0.5, 0]], np.float32))[0, 32, 32]
    assert pixel.argmax() == ["red", "green", "blue"].index(colour)
    assert pixel.max() > 4 * np.sort(pixel)[1]


# Points


@pytest.mark.parametrize("name", POINTS)
def test_points_are_standardised(name, loaded):
    assert np.abs(loaded[name].items.mean(axis=0)).max() < 0.03
    assert np.abs(loaded[name].items.std(axis=0) - 1).max() < 0.02


@pytest.mark.parametrize("name", POINTS)
def test_modes_are_known_where_there_are_any(name, loaded):
    found = loaded[name]
    assert (0 if found.modes is None else len(found.modes)) == MODES.get(name, 0)
    if found.modes is not None:
        distance = np.linalg.norm(found.items - found.modes[found.labels], axis=1) / found.mode_std
        # A round Gaussian in the plane: the mean square distance is 2, and 98.9 % lie within three deviations.
        assert (distance**2).mean() == pytest.approx(2, abs=0.06)
        assert (distance < 3).mean() == pytest.approx(0.989, abs=0.004)


def test_ring_and_grid_are_those_of_the_literature():
    assert np.ptp(np.linalg.norm(points.ring().modes, axis=1)) < 1e-6
    assert points.ring().mode_std / np.linalg.norm(points.ring().modes[0]) == pytest.approx(0.01)
    assert points.grid().mode_std / (points.grid().modes[1, 0] - points.grid().modes[0, 0]) == pytest.approx(0.025)


# Downloads: a mirror on this machine with tiny files in the publishers' formats


def mnist_files() -> dict[str, bytes]:
    generator = np.random.default_rng(0)
    files = {}
    for part, count in (("train", 40), ("t10k", 10)):
        header = b"\0\0\x08\x03" + np.array([count, 28, 28], ">u4").tobytes()
        files[f"{part}-images-idx3-ubyte.gz"] = gzip.compress(header + generator.bytes(count * 784))
        labels = (np.arange(count) % 10).astype(np.uint8).tobytes()
        files[f"{part}-labels-idx1-ubyte.gz"] = gzip.compress(b"\0\0\x08\x01" + np.array([count], ">u4").tobytes() + labels)
    return files


def cifar_parts() -> dict[str, bytes]:
    generator = np.random.default_rng(0)
    classes = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
    batch = {"data": generator.integers(0, 256, (20, 3072), dtype=np.uint8), "labels": list(range(10)) * 2}
    names = [f"data_batch_{number}" for number in range(1, 6)] + ["test_batch"]
    return {name: pickle.dumps(batch) for name in names} | {"batches.meta": pickle.dumps({"label_names": classes})}


def cifar_files() -> dict[str, bytes]:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name, content in cifar_parts().items():
            member = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return {"cifar-10-python.tar.gz": file.getvalue()}


def svhn_files() -> dict[str, bytes]:
    files = {}
    for part, count in (("train", 40), ("test", 10)):
        file = io.BytesIO()
        pixels = np.random.default_rng(0).integers(0, 256, (32, 32, 3, count), dtype=np.uint8)
        scipy.io.savemat(file, {"X": pixels, "y": np.arange(count)[:, None] % 10 + 1})
        files[f"{part}_32x32.mat"] = file.getvalue()
    return files


def face_files() -> dict[str, bytes]:
    file = io.BytesIO()
    names = [f"{number:06d}.jpg" for number in range(1, 31)]
    with zipfile.ZipFile(file, "w") as archive:
        for number, name in enumerate(names):
            picture = io.BytesIO()
            Image.new("RGB", (178, 218), (number * 8, 100, 50)).save(picture, "JPEG")
            archive.writestr(f"img_align_celeba/{name}", picture.getvalue())
    rows = "".join(f"{name} -1  {1 if number % 2 else -1}\n" for number, name in enumerate(names))
    parts = "".join(f"{name} {number // 10}\n" for number, name in enumerate(names))
    return dict(zip(FACES, (file.getvalue(), f"30\nWearing_Hat Smiling \n{rows}".encode(), parts.encode()), strict=True))


FILES = {"MNIST": mnist_files, "FashionMNIST": mnist_files, "KMNIST": mnist_files}
FILES |= {"CIFAR10": cifar_files, "SVHN": svhn_files, "CelebA": face_files}


class Mirror:
    """Serves files over HTTP on this machine, and makes torchvision go there."""

    def __init__(self, publisher: str, monkeypatch: pytest.MonkeyPatch):
        self.files, self.asked, self.cut = FILES[publisher](), [], None
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.address = f"http://127.0.0.1:{self.server.server_port}/"
        self._redirect(getattr(torchvision.datasets, publisher), monkeypatch)

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def _handler(mirror):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                name = self.path.strip("/")
                mirror.asked.append(name)
                self.send_response(200)
                self.end_headers()
                self.wfile.write(mirror.files[name][: mirror.cut])

            def log_message(self, *arguments):
                pass

        return Handler

    def _redirect(self, source, monkeypatch):
        sums = {name: hashlib.md5(content).hexdigest() for name, content in self.files.items()}
        if issubclass(source, torchvision.datasets.MNIST):
            monkeypatch.setattr(source, "mirrors", [self.address])
            monkeypatch.setattr(source, "resources", list(sums.items()))
        elif source is torchvision.datasets.SVHN:
            table = {name.split("_")[0]: [self.address + name, name, md5] for name, md5 in sums.items()}
            monkeypatch.setattr(source, "split_list", table)
        elif source is torchvision.datasets.CIFAR10:
            parts = {name: hashlib.md5(content).hexdigest() for name, content in cifar_parts().items()}
            monkeypatch.setattr(source, "url", self.address + source.filename)
            monkeypatch.setattr(source, "tgz_md5", sums[source.filename])
            monkeypatch.setattr(source, "train_list", [[name, md5] for name, md5 in parts.items() if name.startswith("data")])
            monkeypatch.setattr(source, "test_list", [["test_batch", parts["test_batch"]]])
            monkeypatch.setattr(source, "meta", source.meta | {"md5": parts["batches.meta"]})
        else:  # Google Drive cannot be imitated by an address, so the file's id is made one
            monkeypatch.setattr(source, "file_list", [(self.address + name, md5, name) for name, md5 in sums.items()])


@pytest.fixture
def mirror(name, monkeypatch):
    found = Mirror(REMOTES[name].publisher, monkeypatch)
    yield found
    found.close()


def put_by_hand(name: str, files: dict[str, bytes]) -> None:
    folder = home() / "data" / "downloads" / name
    folder.mkdir(parents=True)
    for file, content in files.items():
        (folder / file).write_bytes(content)


@pytest.mark.parametrize("name", REMOTES)
def test_a_missing_set_names_the_folder_and_the_bundled_set(name):
    with pytest.raises(data.DataMissing) as caught:
        data.load(name)
    for word in (str(home() / "data" / "downloads" / name), "fashion-mnist-mini", *REMOTES[name].files):
        assert word in str(caught.value)


@pytest.mark.parametrize("name", REMOTES)
def test_no_network_gives_the_reason_and_the_folder(name, mirror, monkeypatch):
    mirror.close()  # nobody listens there any more
    if name == "celeba":  # comes from Google Drive by way of gdown, which need not be installed
        monkeypatch.setattr(torchvision.datasets.CelebA, "file_list", [("an-id", "a sum", file) for file in FACES])
        monkeypatch.setitem(sys.modules, "gdown", None)
    with pytest.raises(data.DataMissing, match=r"could not be fetched.*(refused|gdown)") as caught:
        data.download(name)
    assert str(home() / "data" / "downloads" / name) in str(caught.value)
    assert "fashion-mnist-mini" in str(caught.value)
    assert "Try again" in str(caught.value) and "Data page" not in str(caught.value)  # he comes from there
    assert not data.present(name)


@pytest.mark.parametrize("name", REMOTES)
def test_a_download_is_kept_and_loaded(name, mirror):
    told = []
    data.download(name, lambda fraction, message: told.append((fraction, message)))
    found, source = data.load(name), data.DATASETS[name]
    assert data.present(name)
    assert found.shape == (source.sizes[0], source.sizes[0], source.channels)
    assert found.split.any()
    assert not found.split.all()
    assert set(np.unique(found.labels)) == set(range(len(found.classes)))
    assert any(f"of {source.megabytes} MB" in message for _, message in told)
    assert told[-1][0] == 1
    asked = len(mirror.asked)
    data.download(name)
    assert data.load(name, 16).shape[0] == 16
    assert len(mirror.asked) == asked


@pytest.mark.parametrize("name", REMOTES)
def test_half_a_download_is_never_taken_for_a_whole_one(name, mirror):
    mirror.cut = 60
    with pytest.raises(data.DataMissing, match="could not be fetched"):
        data.download(name)
    assert not data.present(name)
    mirror.cut = None
    data.download(name)
    assert len(data.load(name)) >= 30


@pytest.mark.parametrize("name", REMOTES)
def test_files_put_by_hand_need_no_network(name, mirror):
    mirror.close()
    put_by_hand(name, mirror.files)
    assert data.present(name)
    assert len(data.load(name)) >= 30


@pytest.mark.parametrize("name", REMOTES)
def test_a_wrong_file_put_by_hand_is_named(name, mirror):
    put_by_hand(name, dict.fromkeys(mirror.files, b"something else"))
    with pytest.raises(data.DataMissing, match="is not the publisher's file"):
        data.load(name)
    assert mirror.asked == []


@pytest.mark.parametrize("name", ["cifar10"])
def test_a_full_disk_leaves_nothing_half_kept(name, mirror, monkeypatch):
    def full(*arguments, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(dataset.np, "save", full)
    with pytest.raises(data.DataMissing, match="No space left"):
        data.download(name)
    assert not list((home() / "data" / "sets").iterdir())


@pytest.mark.parametrize("name", ["mnist"])
def test_pictures_survive_the_way_through_a_download(name, mirror):
    data.download(name)
    raw = gzip.decompress(mirror.files["t10k-images-idx3-ubyte.gz"])[16:]
    found = data.load(name)
    assert found.items[~found.split].tobytes() == raw
    assert np.array_equal(found.labels, np.arange(50) % 10)


@pytest.mark.parametrize("name", ["celeba"])
def test_the_faces_keep_their_attributes(name, mirror):
    data.download(name)
    found = data.load(name)
    assert found.factor_names == ("wearing hat", "smiling")
    assert np.array_equal(found.factors[:, 1], found.labels)
    assert found.split.sum() == 20
    assert np.abs(found.items[7].astype(int) - [56, 100, 50]).max() <= 3


def test_fashion_mnist_is_read_from_debians_package():
    pictures.DEBIAN.mkdir()
    for file, content in mnist_files().items():
        (pictures.DEBIAN / file).write_bytes(content)
    assert data.present("fashion-mnist")
    assert len(data.load("fashion-mnist", 32)) == 50


def test_large_sets_stay_on_disk(monkeypatch):
    monkeypatch.setattr(dataset, "MAPPED", 0)
    small = data.load("digits")
    dataset.keep(small, home() / "data" / "sets" / "digits", {})
    found = dataset.read("digits", home() / "data" / "sets" / "digits")
    assert isinstance(found.items.base, np.memmap)
    assert found.items.flags.writeable
    assert np.array_equal(found.items, small.items)


def test_a_damaged_idx_file_is_named(tmp_path):
    whole = mnist_files()["t10k-images-idx3-ubyte.gz"]
    for content in (b"no gzip", whole[:300], gzip.compress(b"\0\0\x08\x01\0\0\0\x09short"), gzip.compress(b"nothing")):
        (tmp_path / "file.gz").write_bytes(content)
        with pytest.raises(ValueError, match=r"file\.gz is damaged"):
            pictures.idx(tmp_path / "file.gz")


def test_a_gallery_leaves_white_where_a_class_has_too_few():
    few = dataset.Dataset("few", np.zeros((5, 4, 4, 1), np.uint8), np.array([0, 0, 0, 1, 1]), ("a", "b"), np.ones(5, bool))
    rows, drawn = data.gallery(few, per_class=3)
    assert (rows[1] == -1).sum() == 1
    assert (drawn[rows.ravel() == -1] == 255).all()
    assert images.montage(drawn, columns=3).shape == (10, 16, 1)


def test_parts_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match="different lengths"):
        dataset.Dataset("odd", np.zeros((5, 2), np.float32), np.zeros(4, np.int64), (), np.ones(5, bool))
