"""The training loop: resumed equals uninterrupted, watched equals unwatched, and what happens when things go wrong."""

import errno
import itertools
import shutil
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from genlib import files, jobs
from genlib.changes import Change, live
from genlib.config import Config
from genlib.data import load
from genlib.feed import Feed
from genlib.models import MODELS, build
from genlib.runs import Run
from genlib.state import State, follow, rehearse
from genlib.train import Clock, Diverged, held_out, snapshot_steps, train
from tests.test_models import COMPANY, _turned

ROWS = [
    *((model, "ring", None, {"width": 16}) for model in MODELS),
    *((model, "digits", 16, {"trunk": trunk, "width": 8}) for model in MODELS for trunk in ("mlp", "conv")),
    ("gan", "digits", 16, {"trunk": "conv", "width": 8, "loss": "wasserstein", "regularizer": "gradient penalty"}),
]
# Every live knob of every model, with a value that makes a difference.
TURNS = [(model, knob, value) for model in MODELS for knob, value in _turned(model) if knob in live(model)]


def recipe(model="vae", dataset="ring", size=None, options=None, **rest):
    return Config.create(dataset, model, options or {"width": 16}, size=size, **({"latent_dim": 4, "batch_size": 32, "steps": 12} | rest))


def finish(run):
    for _ in train(run):
        pass
    return run.load().state_dict()


def same(left, right):
    return left.keys() == right.keys() and all(torch.equal(left[name], right[name]) for name in left)


@pytest.mark.parametrize(("model", "dataset", "size", "options"), ROWS)
def test_resume_equals_uninterrupted(model, dataset, size, options, tmp_path):
    config = recipe(model, dataset, size, options)
    whole, broken = Run.create(config, tmp_path), Run.create(config, tmp_path)
    weights = finish(whole)
    steps = train(broken)
    next(steps)
    while steps.send("one").step < 7:
        pass
    steps.close()
    assert same(finish(broken), weights)
    kept, again = whole.checkpoint(), broken.checkpoint()
    assert same(kept["model"], again["model"])
    assert torch.equal(kept["random"]["cpu"], again["random"]["cpu"])
    for name, state in kept["optimizers"].items():
        for index, moments in state["state"].items():
            assert same(moments, again["optimizers"][name]["state"][index])
    assert broken.history()["step"][-1] == 12
    assert (np.diff(broken.history()["step"]) >= 0).all()


@pytest.mark.parametrize(("model", "dataset", "size", "options"), ROWS)
def test_checkpoint_round_trip_is_bit_exact(model, dataset, size, options, tmp_path):
    run = Run.create(recipe(model, dataset, size, options), tmp_path)
    feed = Feed(load(dataset, size), 32, 0, torch.device("cpu"))
    torch.manual_seed(0)
    state = State(build(run.config, run.config.shape))
    for _ in range(3):
        state.advance(feed)
    run.save(state.checkpoint())
    other = State(build(run.config, run.config.shape))
    other.restore(run.checkpoint())
    torch.set_rng_state(run.checkpoint()["random"]["cpu"])
    expected = state.advance(feed)
    torch.set_rng_state(run.checkpoint()["random"]["cpu"])
    told = other.advance(feed)
    for name in [name for name in told if name.endswith("_grad")]:  # taken now and then: shown, and no part of the state
        told[name] = expected[name]
    assert same(told, expected)
    assert same(other.model.state_dict(), state.model.state_dict())
    assert same(other.averaged.state_dict(), state.averaged.state_dict())


@pytest.mark.parametrize(("model", "dataset", "size", "options"), ROWS)
def test_rehearsal_leaves_no_trace(model, dataset, size, options):
    config = recipe(model, dataset, size, options)
    feed = Feed(load(dataset, size), 32, 0, torch.device("cpu"))
    states = []
    for rehearsed in (True, False):
        torch.manual_seed(3)
        state = State(build(config, config.shape))
        if rehearsed:
            rehearse(state.model, state.optimizers, feed.batch(0))
        for _ in range(3):
            state.advance(feed)
        states.append((state.checkpoint()["model"], torch.get_rng_state()))
    assert same(states[0][0], states[1][0])
    assert torch.equal(states[0][1], states[1][1])


def test_watching_gives_the_same_weights(tmp_path, monkeypatch):
    config = recipe("gan", "digits", 16, {"trunk": "conv", "width": 8})
    unwatched = finish(Run.create(config, tmp_path))
    monkeypatch.setattr("genlib.train.PREVIEW", 0.0)
    monkeypatch.setattr("genlib.train.TICK", 0.0)
    assert same(finish(Run.create(config, tmp_path)), unwatched)


def until(steps, step):
    """Go on, one step at a time, until so many are done."""
    progress = next(steps)
    while progress.step < step:
        progress = steps.send("one")


@pytest.mark.parametrize(("model", "knob", "value"), TURNS)
def test_a_knob_turned_while_it_trains_counts_and_a_killed_run_turns_it_again(model, knob, value, tmp_path, monkeypatch):
    monkeypatch.setattr("genlib.train.SNAPSHOTS", 2)
    config = recipe(model, "digits", 16, {"width": 8} | COMPANY.get((model, knob), {}), batch_size=16, steps=9)
    plain, run = finish(Run.create(config, tmp_path)), Run.create(config, tmp_path)
    steps = train(run)
    until(steps, 2)
    steps.send("save")
    while steps.send("one").step < 4:
        pass
    assert jobs.turn(run, {knob: value}) == {knob: value}
    steps.send("turn")
    assert run.changes() == [Change(4, {knob: value}, {knob: config.options[knob]})] and not run.asked()
    while steps.send("one").step < 6:
        pass
    killed = Run(tmp_path / "killed")
    shutil.copytree(run.folder, killed.folder)
    steps.close()
    assert killed.checkpoint()["step"] == 2 and run.checkpoint()["step"] == 6
    weights = finish(run)
    assert same(finish(killed), weights)
    assert not same(weights, plain)
    assert killed.changes() == run.changes() and run.config == config


@pytest.mark.parametrize(("model", "dataset", "size", "options"), ROWS)
def test_turning_knobs_to_where_they_are_changes_nothing(model, dataset, size, options, tmp_path):
    config = recipe(model, dataset, size, options)
    turned = Run.create(config, tmp_path)
    for step in (0, 5):
        turned.note("turned", step=step, options=config.options, before=config.options)
    assert same(finish(turned), finish(Run.create(config, tmp_path)))


def test_a_wish_waits_until_the_changes_of_an_earlier_life_are_repeated(tmp_path):
    run = Run.create(recipe(), tmp_path)
    run.note("asked", options={"beta": 9.0})
    run.note("turned", step=5, options={"beta": 9.0}, before={"beta": 1.0})
    jobs.turn(run, {"beta": 2.0})
    steps = train(run)
    next(steps)
    while steps.send("turn").step < 5:
        assert run.asked()
        steps.send("one")
    steps.close()
    assert [(change.step, change.text) for change in run.changes()] == [(5, "beta 1 → 9"), (5, "beta 9 → 2")]


def test_a_full_disk_puts_a_turned_knob_off_and_goes_on_with_the_same_weights(tmp_path, monkeypatch):
    whole, run = Run.create(recipe(), tmp_path), Run.create(recipe(), tmp_path)
    whole.note("turned", step=5, options={"beta": 30.0}, before={"beta": 1.0})
    weights = finish(whole)
    steps = train(run)
    until(steps, 5)
    jobs.turn(run, {"beta": 30.0})
    real, left = files.append, [OSError(errno.ENOSPC, "No space left on device")] * 3

    def append(path, line):
        if left:
            raise left.pop()
        real(path, line)

    monkeypatch.setattr(files, "append", append)
    assert ["The disk is full" in steps.send("turn").trouble for _ in range(4)] == [True, True, True, False]
    assert [change.step for change in run.changes()] == [5]
    steps.close()
    assert same(finish(run), weights)


def test_every_update_of_the_discriminator_keeps_its_batch_when_their_number_changes():
    feed = Feed(load("ring"), 32, 5, torch.device("cpu"))
    apart = torch.cat([feed.batch(number)[0] for number in (6, 7, 8)])
    assert torch.equal(feed.batch(2, 3)[0], apart)


def test_a_snapshot_is_opened_with_the_knobs_of_its_step(tmp_path):
    run = Run.create(recipe(), tmp_path)
    run.note("turned", step=5, options={"beta": 9.0}, before={"beta": 1.0})
    finish(run)
    assert [run.load(step).options.beta for step in (1, 4, 5, 12)] == [1.0, 1.0, 9.0, 9.0]
    assert run.load().options.beta == 9.0 and run.config.options["beta"] == 1.0


def test_seed_changes_the_weights(tmp_path):
    one, other = (finish(Run.create(recipe(seed=seed), tmp_path)) for seed in (1, 2))
    assert not same(one, other)


def test_single_steps_are_single(tmp_path):
    steps = train(Run.create(recipe(), tmp_path))
    assert [next(steps).step, steps.send("one").step, steps.send("one").step, steps.send("one").step] == [0, 1, 2, 3]
    steps.close()


def test_every_item_is_seen_once_an_epoch():
    feed = Feed(load("ring"), 300, 5, torch.device("cpu"))
    count = len(feed)
    feed.labels = torch.arange(count)
    seen = torch.cat([feed.batch(number)[1] for number in range(-(-3 * count // 300))])[: 3 * count].reshape(3, count)
    for epoch in seen:
        assert torch.equal(epoch.sort().values, torch.arange(count))
    assert not torch.equal(seen[0], seen[1])


def test_every_update_of_the_discriminator_has_a_whole_batch(tmp_path, monkeypatch):
    seen = []
    real = MODELS["gan"].make.step

    def step(self, batch, *rest):
        seen.append(len(batch))
        return real(self, batch, *rest)

    monkeypatch.setattr(MODELS["gan"].make, "step", step)
    finish(Run.create(recipe("gan", options={"width": 16, "discriminator_updates": 3}), tmp_path))
    assert set(seen) == {3 * 32}


def test_batch_larger_than_the_data_set_is_filled_from_later_epochs():
    feed = Feed(load("ring"), 20_000, 5, torch.device("cpu"))
    assert len(feed.batch(3)[0]) == 20_000


def test_training_rows_and_test_rows_stay_apart():
    dataset = load("digits", 16)
    feed = Feed(dataset, 32, 0, torch.device("cpu"))
    assert len(feed) + sum(len(items) for items, _ in feed.held_out(None)) == len(dataset)
    np.testing.assert_array_equal(feed.rows, np.flatnonzero(dataset.split))


def test_held_out_figure_does_not_depend_on_the_batches(tmp_path, monkeypatch):
    run = Run.create(recipe("vae", "digits", 16, {"width": 8}), tmp_path)
    finish(run)
    feed, model = Feed(load("digits", 16), 32, 0, torch.device("cpu")), run.load()
    figure = held_out(model, feed, None)
    alone = feed.held_out
    monkeypatch.setattr(feed, "held_out", lambda limit: alone(limit, rows=7))
    assert held_out(model, feed, None)["test_kl"] == pytest.approx(figure["test_kl"], rel=1e-5)
    assert run.history()["test_kl"][-1] == pytest.approx(figure["test_kl"], rel=1e-6)


def test_averaged_weights_follow(tmp_path):
    config = recipe("gan", "ring", None, {"width": 8})
    model, averaged = build(config, (2,)), build(config, (2,))
    before = [weight.clone() for weight in averaged.parameters()]
    follow(averaged, model, 0.75)
    for weight, old, new in zip(averaged.parameters(), before, model.parameters(), strict=True):
        torch.testing.assert_close(weight, 0.75 * old + 0.25 * new)


def test_loss_that_is_not_finite_stops_the_run_and_keeps_the_last_good_state(tmp_path, monkeypatch):
    real = MODELS["vae"].make.step
    calls = itertools.count()

    def step(self, *arguments):
        metrics = real(self, *arguments)
        return metrics | {"loss": metrics["loss"] * (float("nan") if next(calls) >= 6 else 1)}

    monkeypatch.setattr(MODELS["vae"].make, "step", step)
    run = Run.create(recipe(), tmp_path)
    steps = train(run)
    next(steps)
    with pytest.raises(Diverged, match="loss became nan at step 6"):
        for _ in range(10):
            steps.send("one")
    assert run.checkpoint()["step"] == 0
    assert all(torch.isfinite(value).all() for value in run.checkpoint()["model"].values())


def test_full_disk_pauses_and_goes_on_with_the_same_weights(tmp_path, monkeypatch):
    weights = finish(Run.create(recipe(), tmp_path))
    real, left = files.write, iter([None] * 5 + [OSError(errno.ENOSPC, "No space left on device")] * 3)

    def write(path, content):
        if error := next(left, None):
            raise error
        real(path, content)

    run = Run.create(recipe(), tmp_path)
    monkeypatch.setattr(files, "write", write)
    troubles = [progress.trouble for progress in train(run)]
    assert sum("The disk is full" in trouble for trouble in troubles) >= 2
    assert troubles[-1] == ""
    assert same(run.load().state_dict(), weights)


@pytest.mark.parametrize("total", [1, 7, 100, 3000, 200_000])
def test_snapshots_are_about_forty_and_end_with_the_last_step(total):
    steps = snapshot_steps(total)
    assert max(steps) == total and min(steps) == 1
    assert min(total, 25) <= len(steps) <= 40


def test_a_pause_counts_for_nothing_and_makes_nothing_due(monkeypatch):
    now = 100.0
    monkeypatch.setattr("genlib.train.time", SimpleNamespace(perf_counter=lambda: now))
    clock = Clock(5.0)
    assert clock.due("preview", 1.0) and not clock.due("checkpoint", 15.0)
    now += 2.0
    assert clock.seconds() == 7.0
    now += 60.0  # paused
    clock.skip_pause()
    clock.skip_pause()
    assert clock.seconds() == 7.0 and not clock.due("checkpoint", 15.0)
    now += 13.0
    assert clock.seconds() == 20.0 and clock.due("checkpoint", 15.0)


def test_learning_rates_follow_the_schedule_of_the_recipe(tmp_path):
    """Up over 4 steps, level, and down over the last half of 12: the share of the knob's own rate in each step."""
    config = recipe("gan", rate_warmup=4, rate_decay=0.5)
    shares = [config.rate(step) for step in range(12)]
    assert shares == pytest.approx([1 / 4, 2 / 4, 3 / 4, 1, 1, 1, 1, 5 / 6, 4 / 6, 3 / 6, 2 / 6, 1 / 6])
    state = State(build(config, config.shape), config)
    feed = Feed(load("ring"), 32, 0, torch.device("cpu"))
    state.advance(feed)
    state.advance(feed)
    own = state.model.learning_rates()
    assert {name: group["lr"] for name, (group,) in groups(state)} == pytest.approx({name: rate / 2 for name, rate in own.items()})
    state.turn({"generator_rate": 1e-2})
    state.advance(feed)
    assert dict(groups(state))["generator"][0]["lr"] == pytest.approx(0.75e-2)


def groups(state):
    return [(name, optimizer.param_groups) for name, optimizer in state.optimizers.items()]


@pytest.mark.parametrize("schedule", [{"rate_warmup": 6}, {"rate_decay": 0.9}])
def test_a_run_with_a_schedule_is_another_one_and_resumes_to_the_same_weights(schedule, tmp_path):
    config = recipe(**schedule)
    whole, broken = Run.create(config, tmp_path), Run.create(config, tmp_path)
    weights = finish(whole)
    assert not same(weights, finish(Run.create(recipe(), tmp_path)))
    steps = train(broken)
    next(steps)
    while steps.send("one").step < 5:
        pass
    steps.close()
    assert same(finish(broken), weights)
