"""Every preset is a recipe that can be run, on every data set it is offered for."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace

import pytest
import torch

from genlib import data, latent, scores
from genlib.choices import knobs
from genlib.config import Config
from genlib.data import DATASETS
from genlib.models import MODELS, build, settle
from genlib.presets import PRESETS, presets_for
from genlib.runs import Run
from genlib.train import train


def shape_of(dataset: str) -> tuple[int, ...]:
    row = DATASETS[dataset]
    return (row.channels, row.sizes[0], row.sizes[0]) if row.sizes else (2,)


def offered(preset: str) -> list[str]:
    row = PRESETS[preset]
    return [name for name, source in DATASETS.items() if source.kind == row.kind and (not row.datasets or name in row.datasets)]


@pytest.mark.parametrize("preset", PRESETS)
def test_values_are_knobs_within_their_range_that_go_together(preset: str) -> None:
    row = PRESETS[preset]
    values = dict(row.values)
    options = values.pop("options")
    assert {"latent_dim", "batch_size", "steps"} <= values.keys()
    assert {name: knobs(Config)[name].check(value) for name, value in values.items()} == values
    assert row.kind in ("pictures", "points") and set(row.datasets) <= DATASETS.keys() and offered(preset)
    for dataset in offered(preset):
        assert options.items() <= settle(row.model, shape_of(dataset), options).items()


@pytest.mark.parametrize("preset", PRESETS)
def test_two_steps_stay_finite(preset: str) -> None:
    row = PRESETS[preset]
    shape = shape_of(offered(preset)[0])
    torch.manual_seed(0)
    options = settle(row.model, shape, row.values["options"])
    model = build(SimpleNamespace(model=row.model, classes=0, latent_dim=row.values["latent_dim"], options=options), shape)
    optimizers = model.optimizers()
    for _ in range(2):
        metrics = model.step(torch.rand(16 * model.batches, *shape) * 2 - 1, None, optimizers)
    assert all(value.isfinite() for value in metrics.values())


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("dataset", DATASETS)
def test_every_data_set_has_a_default_and_its_own_comes_first(dataset: str, model: str) -> None:
    fitting = list(presets_for(dataset, DATASETS[dataset].kind, model).values())
    assert fitting
    order = [(bool(row.fails), dataset not in row.datasets) for row in fitting]
    assert order == sorted(order) and not fitting[0].fails
    assert all(row.model == model and row.kind == DATASETS[dataset].kind for row in fitting)
    assert len({row.title for row in fitting}) == len(fitting), "two presets of one list could not be told apart"


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("kind", ["pictures", "points"])
def test_own_data_get_the_presets_of_their_kind(kind: str, model: str) -> None:
    fitting = presets_for("my-holiday", kind, model)
    assert fitting and not any(row.datasets for row in fitting.values())


def drawn(run: Run) -> scores.Modes:
    """Train to the end, and count what is drawn."""
    for _ in train(run):
        pass
    truth = data.load(run.config.dataset)
    assert truth.modes is not None
    return scores.modes(run.load().generate(latent.sample(2500, 2, 0)), truth.modes, truth.mode_std)


@pytest.mark.parametrize("seed", [0, 1])
def test_the_preset_known_to_collapse_does(seed: int) -> None:
    """After two fifths of its steps already."""
    values = dict(PRESETS["ring-collapse"].values)
    options = values.pop("options")
    found = drawn(Run.create(Config.create("ring", "gan", options, **values | {"steps": 1000, "seed": seed})))
    assert found.captured == 1 and found.good > 0.5


def test_the_preset_whose_discriminator_wins_leaves_no_gradient() -> None:
    """On tiny digits, which are quicker; after a tenth of its steps."""
    values = dict(PRESETS["winning-discriminator"].values)
    options = values.pop("options")
    run = Run.create(Config.create("digits", "gan", options | {"augment": "off"}, **values | {"steps": 50}))
    *_, last = train(run)
    assert last.metrics["d_real"] > 0.99 and last.metrics["d_fake"] > 0.99 and last.metrics["g_grad"] < 0.05


def test_presets_are_read_without_torch() -> None:
    subprocess.run([sys.executable, "-c", "import sys, genlib.presets; assert 'torch' not in sys.modules"], check=True)


def test_default_preset_finds_every_mode_of_the_ring() -> None:
    """A third of its steps already do; `python -m benchmarks.quality ring` measures it in full."""
    values = dict(next(iter(presets_for("ring", "points", "gan").values())).values)
    options = values.pop("options")
    run = Run.create(Config.create("ring", "gan", options, **values | {"steps": 2000}))
    found = drawn(run)
    assert found.captured == 8 and found.good >= 0.7
