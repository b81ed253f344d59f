"""Every finding fires on a run that was built to fail and stays silent on the presets known to work: real trainings, fixed seeds.

Below them made-up histories for what would take long to train.
"""

import dataclasses
import functools
import json

import numpy as np
import pytest

from genlib import data
from genlib.command import summary
from genlib.config import Config
from genlib.diagnose import CHECKS, Facts, diagnose, too_early
from genlib.presets import PRESETS
from genlib.runs import Run
from genlib.train import Diverged, train

PLANE = {"latent_dim": 2, "batch_size": 128}
SMALL = {"latent_dim": 16, "batch_size": 64}

# Runs built to fail: data set, how many of its training items (None: all), model, recipe, knobs.
FAILING = {
    "mode collapse": ("ring", None, "gan", PLANE | {"steps": 2000}, {"generator_rate": 1e-3, "discriminator_rate": 1e-3}),
    "posterior collapse": ("digits", None, "vae", SMALL | {"steps": 300}, {"trunk": "mlp", "width": 100, "beta": 100.0}),
    "discriminator too strong": (
        "digits",
        None,
        "gan",
        SMALL | {"steps": 250},
        {"width": 16, "loss": "minimax", "discriminator_updates": 3, "generator_rate": 2e-4, "discriminator_rate": 2e-3},
    ),
    "discriminator too weak": (
        "digits",
        None,
        "gan",
        SMALL | {"steps": 400},
        {"trunk": "mlp", "width": 128, "generator_rate": 1e-3, "discriminator_rate": 1e-6},
    ),
    "over-fitting": ("digits", 30, "vae", SMALL | {"steps": 800}, {"trunk": "mlp", "width": 400}),
    "copying": (
        "digits",
        30,
        "gan",
        SMALL | {"steps": 2000},
        {"trunk": "mlp", "augment": "off", "generator_rate": 1e-3, "discriminator_rate": 1e-3},
    ),
    "divergence": ("ring", None, "vae", PLANE | {"steps": 400}, {"learning_rate": 0.1}),
}

# Presets known to work, some of them shortened: preset, data set, steps of the recipe, steps that are done.
WORKING = {
    "modes-gan": ("ring", 6000, 1700),
    "digits-vae": ("digits", 700, 700),
    "textbook-vae": ("fashion-mnist-mini", 900, 900),
    "digits-gan": ("digits", 500, 500),
    "points-vae": ("moons", 2500, 2500),
}


def trained(run, until):
    """Train to a step; return history and facts as they are then."""
    failed = ""
    try:
        for progress in (steps := train(run)):
            if progress.step >= until:
                steps.close()
                break
    except Diverged as error:
        failed = str(error)
    return run.history(), dataclasses.replace(Facts.of(run.config), failed=failed)


def moments(history, facts):
    """Diagnose a run as it stood at every line of its log: a list of sets of names."""
    lines = len(history["step"])
    return [{found.name for found in diagnose({k: v[:n] for k, v in history.items()}, facts)} for n in range(1, lines + 1)]


def few(load, count, name, size=None):
    """Keep only some of the training items, and all the held-out ones."""
    whole = load(name, size)
    training = np.flatnonzero(whole.split)[:count]
    rows = np.sort(np.concatenate([training, np.flatnonzero(~whole.split)]))
    return dataclasses.replace(whole, items=whole.items[rows], labels=whole.labels[rows], split=whole.split[rows])


@pytest.mark.parametrize("name", FAILING)
def test_a_run_built_to_fail_is_found_out(name, tmp_path, monkeypatch):
    dataset, count, model, recipe, options = FAILING[name]
    if count:
        monkeypatch.setattr(data, "load", functools.partial(few, data.load, count))
    run = Run.create(Config.create(dataset, model, options, **recipe), tmp_path)
    history, facts = trained(run, recipe["steps"])
    finding = next(found for found in diagnose(history, facts) if found.name == name)
    assert any(sign.isdigit() for sign in finding.sentence) and finding.sentence.endswith(".")
    assert finding.remedy == CHECKS[name].remedy and set(finding.curves) <= history.keys() and finding.curves
    seen = [name in found for found in moments(history, facts)]
    assert all(seen[-4:]), "a finding must not flicker"


@pytest.mark.parametrize("preset", WORKING)
def test_a_preset_known_to_work_is_never_accused(preset, tmp_path):
    dataset, steps, until = WORKING[preset]
    values = dict(PRESETS[preset].values)
    run = Run.create(Config.create(dataset, PRESETS[preset].model, values.pop("options"), **values | {"steps": steps}), tmp_path)
    history, facts = trained(run, until)
    assert not too_early(history, facts), "nothing would have been judged"
    assert set().union(*moments(history, facts)) == set()


# Made-up histories


def history(lines=40, **columns):
    """A log of `lines` lines; a column is a number, or a function of the way from 0 to 1."""
    way = np.linspace(0, 1, lines)
    filled = {
        name: np.broadcast_to(value(way) if callable(value) else float(value), lines).astype(float) for name, value in columns.items()
    }
    return {"step": np.arange(1.0, lines + 1) * 50, **filled}


def names(columns, **facts):
    return [found.name for found in diagnose(columns, Facts(**{"latent_dim": 16, "steps": 2000} | facts))]


GAME = {"d_loss": 1.2, "g_loss": 0.9, "d_real": 0.7, "d_fake": 0.7, "g_grad": 1.0, "d_grad": 1.0}
SEEN = {"spread": 0.9, "spread_features": 0.9, "classes_hit": 10, "classes_missed": 0, "nearest_samples": 0.25, "nearest_held_out": 0.22}


def test_a_healthy_history_has_no_findings():
    assert names(history(**GAME, **SEEN)) == []
    assert names({}) == [] and names(history()) == []


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"spread": 0.1}, "mode collapse"),
        ({"spread_features": 0.1}, "mode collapse"),
        ({"modes_hit": 3, "modes_missed": 5, "good_share": 0.8}, "mode collapse"),
        ({"classes_hit": 3, "classes_missed": 7}, "mode collapse"),
        ({"d_real": 1.0, "d_fake": 0.99}, "discriminator too strong"),
        ({"d_real": 0.5, "d_fake": 0.5, "nearest_samples": 0.6}, "discriminator too weak"),
        ({"g_grad": lambda way: np.where(way < 0.4, 1.0, 1e-6)}, "gradients"),
        ({"d_grad": lambda way: 10.0 ** (4 * way)}, "gradients"),
        ({"nearest_samples": 0.05}, "copying"),
        ({"d_loss": 300.0}, "divergence"),
        ({"g_loss": lambda way: -(10.0 ** (5 * way))}, "divergence"),
    ],
)
def test_each_symptom_is_named(changes, name):
    assert names(history(**GAME | SEEN | changes)) == [name]


def test_a_perfect_generator_whose_discriminator_guesses_is_not_accused():
    assert names(history(**GAME | SEEN | {"d_real": 0.5, "d_fake": 0.5})) == []


def test_samples_that_are_still_on_their_way_to_the_modes_are_no_collapse():
    assert names(history(**GAME | SEEN | {"modes_hit": 3, "modes_missed": 22, "good_share": 0.1})) == []


def test_a_symptom_of_the_last_line_alone_is_no_finding():
    for changes in ({"spread": 0.1}, {"d_real": 1.0, "d_fake": 1.0}, {"nearest_samples": 0.01}, {"g_grad": 1e-9}):
        late = {
            name: (lambda way, value=value, name=name: np.where(way < 1, (GAME | SEEN)[name], value)) for name, value in changes.items()
        }
        assert names(history(**GAME | SEEN | late)) == []


def test_a_young_run_is_judged_for_divergence_only():
    young = history(8, **GAME | SEEN | {"spread": 0.1, "d_loss": 300.0})
    assert names(young, steps=10_000) == ["divergence"]
    assert names(young, steps=600) == ["divergence", "mode collapse"]


def test_silent_codes_are_one_trouble_and_not_two():
    silent = history(**SEEN | {"spread": 0.05, "g_loss": 0.7, "active_units": 0.0, "kl": 0.001})
    assert names(silent) == ["posterior collapse"]


def test_idle_dimensions_are_a_warning_and_their_number_is_told():
    (found,) = diagnose(history(active_units=3.0, kl=9.0), Facts(16, 2000))
    assert (found.name, found.level) == ("posterior collapse", "warning") and "3 of 16" in found.sentence
    assert names(history(active_units=2.0, kl=4.0), latent_dim=2) == []


def test_over_fitting_by_the_turn_of_the_held_out_curve():
    def turning(way):
        return 100 - 60 * np.minimum(way, 0.4) / 0.4 + 12 * np.maximum(way - 0.4, 0)

    columns = history(recon=lambda way: 100 - 60 * way**0.3, kl=5.0, test_recon=turning, test_kl=5.0)
    (found,) = diagnose(columns, Facts(16, 2000))
    assert found.name == "over-fitting" and "rose from" in found.sentence
    warming = history(recon=turning, kl=5.0, test_recon=turning, test_kl=5.0)
    assert names(warming) == [], "both rise together while the KL term grows: nothing is learned by heart"


def test_a_critic_may_have_large_losses():
    assert names(history(**GAME | SEEN | {"d_loss": -80.0}), loss="wasserstein") == []
    assert names(history(**GAME | SEEN | {"d_loss": -80.0}), loss="hinge") == ["divergence"]


def test_why_a_run_broke_off_is_read_from_its_events(tmp_path):
    run = Run.create(Config.create("ring", "vae", latent_dim=2), tmp_path)
    run.note("running")
    run.note("failed", reason="loss became nan at step 1234. Training stopped there; the last good checkpoint is kept.")
    (found,) = diagnose(run.history(), Facts.of(run.config, run.events()))
    assert found.name == "divergence" and "nan at step 1,234" in found.sentence
    assert [told["name"] for told in summary(run, "failed")["findings"]] == ["divergence"]
    json.dumps(summary(run, "failed"))
    run.note("running")
    assert diagnose(run.history(), Facts.of(run.config, run.events())) == []


def test_serious_findings_come_first():
    found = diagnose(history(**GAME | SEEN | {"nearest_samples": 0.05, "spread": 0.1}), Facts(16, 2000))
    assert [(finding.name, finding.level) for finding in found] == [("mode collapse", "serious"), ("copying", "warning")]
