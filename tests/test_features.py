"""What pictures are compared by: a network trained once on the data set, kept, and named by its hash; or local Inception weights."""

import dataclasses

import numpy as np
import pytest
import torch

from genlib import data, features, fidelity, files


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(features, "SEEN", 6400)
    monkeypatch.setattr(features, "EPOCHS", 1)


def coloured(size, n=64):
    """A set of colour pictures without labels, brighter above than below, so that one sees which way up they are."""
    items = np.random.default_rng(0).integers(0, 60, (n, size, size, 3), dtype=np.uint8)
    items[:, : size // 2] += 150
    nothing = np.full(n, -1)
    return data.Dataset("own", items, nothing, (), np.arange(n) < n * 3 // 4)


def kept_files():
    return sorted(path for path in features.home().glob("features/*/*"))


def test_a_classifier_is_trained_once_kept_and_named_by_its_hash(quick, monkeypatch):
    digits, told = data.load("digits"), []
    first = features.extractor_for(digits, progress=lambda fraction, message="": told.append(fraction))
    assert first.accuracy > 0.7 and "one of 10" in first.name and "digits, 16 pixels" in first.name
    assert told[0] == 0 and told[-1] > 0.5 and told == sorted(told)
    (file,) = kept_files()
    assert files.digest(file.read_bytes()).startswith(first.digest) and first.digest == file.stem
    monkeypatch.setattr(features, "_train", None)
    again = features.extractor_for(digits)
    assert (again.digest, again.accuracy) == (first.digest, first.accuracy)
    assert np.array_equal(features.extract(again, digits.items[:9]), features.extract(first, digits.items[:9]))


def test_the_same_seed_gives_the_same_weights_and_leaves_the_global_draws_alone(quick, monkeypatch):
    digits = data.load("digits")
    torch.manual_seed(5)
    before = torch.get_rng_state()
    first = features.extractor_for(digits)
    assert torch.equal(torch.get_rng_state(), before)
    kept_files()[0].unlink()
    assert features.extractor_for(digits).digest == first.digest


def test_a_damaged_file_is_not_used_but_trained_anew(quick):
    digits = data.load("digits")
    first = features.extractor_for(digits)
    (file,) = kept_files()
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    assert features.extractor_for(digits).digest == first.digest
    assert files.digest(kept_files()[0].read_bytes()).startswith(first.digest)


def test_other_pictures_under_the_same_name_get_another_extractor(quick):
    digits = data.load("digits")
    other = dataclasses.replace(digits, items=255 - digits.items)
    features.extractor_for(digits)
    features.extractor_for(other)
    assert len(kept_files()) == 2


@pytest.mark.parametrize("size", [16, 28, 128])
def test_pictures_without_labels_are_described_by_which_way_up_they_are(quick, monkeypatch, size):
    monkeypatch.setattr(features, "SEEN", 2560)
    extractor = features.extractor_for(coloured(size))
    assert "no labels" in extractor.name and extractor.accuracy > 0.6
    assert features.extract(extractor, coloured(size).items[:5]).shape == (5, features.WIDTH)


def test_where_factors_are_known_the_features_see_all_of_them():
    shapes = data.load("shapes", 16)
    task = features.task_of(shapes)
    assert task.heads == (3, 8, 8, 8, 8, 8) and task.targets.shape == (len(shapes), 6)
    counts = np.bincount(task.targets[:, 1])
    assert counts.min() > 0.9 * len(shapes) / 8  # equally many in each bin


def test_items_without_a_class_teach_nothing_and_few_classes_are_no_classes():
    digits = data.load("digits")
    half = dataclasses.replace(digits, labels=np.where(np.arange(len(digits)) % 3, digits.labels, -1))
    assert "class" in features.task_of(half).words
    one = dataclasses.replace(digits, labels=np.zeros(len(digits), np.int64))
    assert "which way up" in features.task_of(one).words


def test_points_are_compared_as_they_are():
    ring = data.load("ring")
    extractor = features.extractor_for(ring)
    assert extractor.digest == "" and np.array_equal(features.extract(extractor, ring.items[:7]), ring.items[:7])
    assert kept_files() == []


def test_features_do_not_depend_on_the_neighbours_in_the_batch(quick):
    digits = data.load("digits")
    extractor = features.extractor_for(digits)
    whole = features.extract(extractor, digits.items[:300])
    np.testing.assert_allclose(whole[256:], features.extract(extractor, digits.items[256:300]), rtol=1e-3, atol=1e-4)


def test_the_features_tell_classes_apart_better_than_chance(quick):
    digits = data.load("digits")
    extractor = features.extractor_for(digits)
    sevens, rest = (features.extract(extractor, digits.items[mask][:150]) for mask in (digits.labels == 7, digits.labels != 7))
    again = features.extract(extractor, digits.items[digits.labels != 7][150:300])
    assert fidelity.frechet(sevens, rest) > 3 * fidelity.frechet(again, rest)


def test_inception_is_offered_only_where_its_weights_are_pointed_at(monkeypatch):
    digits = data.load("digits")
    assert features.possible(digits) == ["own"]
    monkeypatch.setenv(features.INCEPTION, "/nowhere/inception.pth")
    assert features.possible(digits) == ["own", "inception"] and features.possible(data.load("ring")) == ["own"]
    with pytest.raises(ValueError, match=f"{features.INCEPTION} name it, got /nowhere/inception.pth"):
        features.extractor_for(digits, "inception")


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_inception_weights_are_read_from_a_local_file(monkeypatch, tmp_path, suffix):
    from safetensors.torch import save_file
    from torchvision.models import inception_v3

    file = tmp_path / f"inception{suffix}"
    torch.manual_seed(0)
    network = inception_v3(weights=None, aux_logits=True, init_weights=False)
    (save_file if suffix == ".safetensors" else torch.save)(network.state_dict(), file)
    monkeypatch.setenv(features.INCEPTION, str(file))
    extractor = features.extractor_for(data.load("digits"), "inception")
    assert "Inception" in extractor.name and extractor.digest == files.digest(file.read_bytes())[: features.SHOWN]
    found = features.extract(extractor, data.load("digits").items[:2])
    assert found.shape == (2, 2048) and np.isfinite(found).all()


def test_a_file_that_is_no_inception_is_a_sentence(monkeypatch, tmp_path):
    file = tmp_path / "weights.pth"
    monkeypatch.setenv(features.INCEPTION, str(file))
    torch.save({"fc.weight": torch.zeros(2)}, file)
    with pytest.raises(ValueError, match="does not hold the weights"):
        features.extractor_for(data.load("digits"), "inception")
    file.write_bytes(b"nonsense")
    with pytest.raises(ValueError, match="cannot be read as weights"):
        features.extractor_for(data.load("digits"), "inception")
