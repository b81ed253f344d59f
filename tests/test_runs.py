"""A run's folder under everything that can happen to it."""

import errno
import json
import os

import numpy as np
import pytest
import torch

from genlib import files
from genlib.config import Config
from genlib.runs import Damaged, LeaseLost, Run


@pytest.fixture
def run(tmp_path):
    config = Config.create("ring", "vae", {"width": 8}, latent_dim=2, steps=5)
    return Run.create(config, tmp_path)


def test_recipe_survives_json(run):
    assert Config.from_json(json.loads(json.dumps(run.config.to_json()))) == run.config


def test_unknown_key_is_refused_by_name(run):
    with pytest.raises(ValueError, match="optoins"):
        Config.from_json(run.config.to_json() | {"optoins": {}})


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"dataset": "rnig"}, "Did you mean ring"),
        ({"model": "gna"}, "Possible: "),
        ({"steps": 0}, "steps must be from 1"),
        ({"batch_size": 2.5}, "whole number"),
        ({"size": 28}, "size is for pictures"),
        ({"dataset": "fashion-mnist-mini", "size": 30}, "size must be one of"),
        ({"options": {"bete": 1.0}}, "Did you mean beta"),
        ({"epochs": 3}, "no field called 'epochs'"),
    ],
)
def test_wrong_recipe_is_refused_in_one_sentence(wrong, sentence):
    with pytest.raises(ValueError, match=sentence):
        Config.create(**{"dataset": "ring", "model": "vae"} | wrong)


def test_listing_is_newest_first_and_names_are_looked_up(run, tmp_path):
    later = Run.create(run.config, tmp_path)
    assert [found.name for found in Run.all(tmp_path, bundled=False)] == [later.name, run.name]
    assert Run.find(run.name, tmp_path) == run
    assert Run.find("../" + run.name, tmp_path) is None
    assert Run.find(None, tmp_path) is None


def test_torn_line_is_no_line_and_does_not_swallow_the_next(run):
    run.log({"step": 1, "loss": 3.0})
    with open(run.folder / "metrics.jsonl", "ab") as log:
        log.write(b'{"step": 2, "lo')
    assert run.history()["step"].tolist() == [1]
    run.log({"step": 3, "loss": 1.0})
    assert run.history()["step"].tolist() == [1, 3]


def test_short_write_on_a_full_disk_leaves_only_whole_lines(run, monkeypatch):
    run.log({"step": 1})
    real = os.write
    monkeypatch.setattr(os, "write", lambda handle, content: real(handle, content[:4]))
    with pytest.raises(OSError, match="No space"):
        run.log({"step": 2})
    monkeypatch.undo()
    run.log({"step": 3})
    assert run.history()["step"].tolist() == [1, 3]


def test_half_written_file_never_takes_the_place_of_a_whole_one(tmp_path, monkeypatch):
    path = tmp_path / "file"
    files.write(path, b"old")

    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        files.write(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_rewind_forgets_what_came_after(run):
    for step in (1, 2, 3):
        run.log({"step": step})
    run.rewind(2)
    assert run.history()["step"].tolist() == [1, 2]


def test_missing_metrics_are_nan(run):
    run.log({"step": 1, "loss": 2.0})
    run.log({"step": 2, "penalty": 0.5})
    assert np.isnan(run.history()["loss"]).tolist() == [False, True]


def test_damaged_checkpoint_is_named_and_the_one_before_is_used(run):
    run.save({"step": 1, "w": torch.zeros(3)})
    run.save({"step": 2, "w": torch.ones(3)})
    assert run.checkpoint()["step"] == 2
    path = run.folder / "checkpoint.pt"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert run.claim().checkpoint()["step"] == 1
    assert run.events()[-1]["file"] == "checkpoint.pt"
    (run.folder / "previous.pt").write_bytes(b"nothing")
    with pytest.raises(Damaged, match=r"checkpoint\.pt is damaged"):
        run.checkpoint()


def test_crash_between_sum_and_file_leaves_a_valid_file(run, monkeypatch):
    run.save({"step": 1})
    real = files.write

    def crash(path, content):
        if path.name == "model.safetensors":
            raise KeyboardInterrupt
        real(path, content)

    run._write("model.safetensors", b"first")
    monkeypatch.setattr(files, "write", crash)
    with pytest.raises(KeyboardInterrupt):
        run._write("model.safetensors", b"second")
    assert run._read("model.safetensors") == b"first"


def test_who_lost_the_lease_writes_nothing(run):
    old = run.claim()
    new = run.claim()
    new.log({"step": 1})
    for write in (
        lambda: old.log({"step": 2}),
        lambda: old.note("running"),
        lambda: old.save({}),
        lambda: old.draw("samples", np.zeros((2, 2))),
    ):
        with pytest.raises(LeaseLost):
            write()
    assert run.history()["step"].tolist() == [1]


def test_pictures_and_points_come_back_as_they_were(run):
    picture = np.random.default_rng(0).integers(0, 256, (6, 6, 1), dtype=np.uint8)
    run.draw("samples", picture, 3)
    np.testing.assert_array_equal(run.samples(3), picture)
    points = np.random.default_rng(0).normal(size=(5, 2)).astype(np.float32)
    run.draw("reconstructions", points)
    np.testing.assert_array_equal(run.reconstructions(), points)
    assert run.samples(1) is not None and run.sample_steps() == [3]


def test_rename_keeps_the_folder_and_delete_removes_it(run, tmp_path):
    run.rename("  Schöne Ringe  ")
    assert Run.find(run.name, tmp_path).config.title == "Schöne Ringe"
    with pytest.raises(ValueError, match="letter"):
        run.rename("   ")
    run.delete()
    assert not run.folder.exists()


def test_a_deleted_run_takes_its_maps_along(run, home):
    for name in (run.name, "another"):
        files.write(home / "maps" / name / "map.npz", b"a map")
    run.delete()
    assert [folder.name for folder in (home / "maps").iterdir()] == ["another"]


def test_version_changes_with_everything_that_can_be_seen(run):
    seen = {run.version()}
    for change in (lambda: run.log({"step": 1}), lambda: run.draw("samples", np.zeros((4, 4, 1), np.uint8)), lambda: run.rename("other")):
        change()
        assert run.version() not in seen
        seen.add(run.version())


def test_weights_before_the_first_step_are_a_sentence(run):
    with pytest.raises(FileNotFoundError, match="no weights yet"):
        run.load()


def test_weights_of_another_network_are_named(run, tmp_path):
    from genlib.models import build

    other = Config.create("ring", "vae", {"width": 9}, latent_dim=2)
    run.keep_weights(build(other, other.shape), "model")
    with pytest.raises(Damaged, match="does not fit its recipe"):
        run.load()


def test_bundled_examples_come_last_and_can_be_opened(run, tmp_path):
    names = [found.name for found in Run.all(tmp_path)]
    assert names == [run.name, "example-vae", "example-gan", "example-ring"]
    for name in names[1:]:
        example = Run.find(name, tmp_path)
        model = example.load()
        assert len(model.generate(np.zeros((3, model.latent_dim), np.float32))) == 3
        assert example.samples() is not None and example.load(0) is not None
        with pytest.raises(ValueError, match="cannot be deleted"):
            example.delete()
