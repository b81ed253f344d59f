"""Batches depend on seed and number alone, wherever the items lie; and a large set is never held twice."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from genlib import data, dataset
from genlib.dataset import Dataset
from genlib.feed import Feed

CPU = torch.device("cpu")
ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize("name", ["digits", "ring"])
def test_a_set_on_the_device_and_one_read_from_the_host_give_the_same_batches(name):
    loaded = data.load(name)
    held, read = (Feed(loaded, 500, 3, CPU, resident=resident) for resident in (True, False))
    for number in range(6):  # across the end of an epoch of digits
        for ours, theirs in zip(held.batch(number), read.batch(number), strict=True):
            assert torch.equal(ours, theirs)


def test_a_set_mapped_from_a_file_gives_the_same_batches_as_one_in_memory(tmp_path, monkeypatch):
    loaded = data.load("digits")
    dataset.keep(loaded, tmp_path / "set", {})
    monkeypatch.setattr(dataset, "MAPPED", 0)
    mapped = dataset.read("digits", tmp_path / "set")
    assert mapped.items.base is not None  # a view of a file, not an array of its own
    for ours, theirs in zip(Feed(loaded, 64, 1, CPU).batch(20), Feed(mapped, 64, 1, CPU).batch(20), strict=True):
        assert torch.equal(ours, theirs)


def test_a_batch_has_the_labels_of_its_items():
    items = np.arange(50, dtype=np.uint8).reshape(50, 1, 1, 1).repeat(4, axis=1).repeat(4, axis=2)
    split = np.arange(50) % 3 > 0
    feed = Feed(Dataset("numbers", items, np.arange(50), tuple(map(str, range(50))), split), 20, 0, CPU)
    images, labels = feed.batch(0)
    assert torch.equal(((images[:, 0, 0, 0] + 1) * 127.5).round().long(), labels)
    assert split[labels.numpy()].all()


EPOCH = """
import sys
from pathlib import Path

import torch

from genlib import dataset
from genlib.feed import Feed


def most() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


dataset.MAPPED = 0
Feed(dataset.read("digits", Path(sys.argv[1])), 64, 0, torch.device("cpu")).batch(0)  # what any use costs
before = most()
feed = Feed(dataset.read("large", Path(sys.argv[2])), 64, 0, torch.device("cpu"))
for number in range(len(feed) // 64):
    feed.batch(number)
print(most() - before)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells how much memory a process has held")
def test_an_epoch_of_a_large_set_never_holds_more_than_the_set_and_a_little(tmp_path):
    items = np.random.default_rng(0).integers(0, 256, (12_000, 64, 64, 3), dtype=np.uint8)
    dataset.keep(Dataset("large", items, np.zeros(12_000, np.int64), (), np.arange(12_000) % 10 > 0), tmp_path / "large", {})
    dataset.keep(data.load("digits"), tmp_path / "digits", {})
    command = [sys.executable, "-c", EPOCH, str(tmp_path / "digits"), str(tmp_path / "large")]
    held = int(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout)
    assert held < 1.2 * items.nbytes
