"""Knobs turned while a run trains: which may be, what is refused with a sentence, and what the events say of them."""

import pytest

from genlib import jobs
from genlib.changes import Change, live
from genlib.choices import knobs
from genlib.config import Config
from genlib.models import MODELS
from genlib.runs import Run
from tests.pages import without_workers


@pytest.fixture
def run(tmp_path):
    return Run.create(Config.create("ring", "vae", {"width": 8}, latent_dim=2, steps=50), tmp_path)


def known(run):
    """Everything that the folder says."""
    return {path.name: path.read_bytes() for path in run.folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("model", MODELS)
def test_learning_rates_may_change_and_networks_may_not(model):
    assert any("rate" in name for name in live(model))
    assert not {"trunk", "width", "layers"} & set(live(model))


@pytest.mark.parametrize(
    ("model", "options", "wanted", "sentence"),
    [
        ("vae", {}, {"width": 32}, "width cannot change while a run trains: start a new run for it. These can: .*beta"),
        ("vae", {}, {"betta": 2.0}, "Did you mean beta"),
        ("vae", {}, {"beta": -1.0}, "beta must be from 0 to 1000"),
        ("vae", {"free_bits": 0.5}, {"beta": 0.0}, "free_bits has no effect while beta is 0; set free_bits to 0"),
        ("gan", {}, {"penalty_weight": 1.0}, "penalty_weight has no effect with.* regularizer"),
    ],
)
def test_what_cannot_be_is_refused_with_a_way_out_and_all_stays_as_it_was(model, options, wanted, sentence, tmp_path):
    run = Run.create(Config.create("ring", model, {"width": 8} | options, latent_dim=2), tmp_path)
    before = known(run)
    with pytest.raises(ValueError, match=sentence):
        jobs.turn(run, {"learning_rate" if model == "vae" else "generator_rate": 0.01} | wanted)
    assert known(run) == before


def test_knobs_that_go_together_only_with_what_was_asked_before_are_taken(run):
    jobs.turn(run, {"free_bits": 0.5})
    with pytest.raises(ValueError, match="free_bits has no effect"):
        jobs.turn(run, {"beta": 0.0})
    jobs.turn(run, {"free_bits": 0.0})
    jobs.turn(run, {"beta": 0.0})
    assert run.asked() == [{"free_bits": 0.5}, {"free_bits": 0.0}, {"beta": 0.0}]
    assert run.wanted() == run.config.options | {"beta": 0.0}
    assert run.options_at() == run.config.options


def test_a_knob_turned_to_where_it_is_leaves_no_trace(run):
    before = known(run)
    assert jobs.turn(run, {"beta": 1.0, "width": 8}) == {}
    assert known(run) == before
    jobs.turn(run, {"beta": 4.0})
    assert jobs.turn(run, {"beta": 4}) == {}
    assert len(run.asked()) == 1


def test_an_automatic_value_is_written_out(tmp_path):
    run = Run.create(Config.create("ring", "gan", {"regularizer": "r1", "penalty_weight": 3.0}, latent_dim=2), tmp_path)
    assert jobs.turn(run, {"penalty_weight": 0.0}) == {"penalty_weight": 1.0}


def test_a_finished_run_and_an_example_are_left_alone(run):
    run.note("finished")
    for over in (run, next(each for each in Run.all() if each.bundled)):
        before = known(over)
        with pytest.raises(ValueError, match="start a new run"):
            jobs.turn(over, {next(iter(live(over.config.model))): 0.5})
        assert known(over) == before


def test_what_was_turned_is_known_by_step(run):
    for step, options, before in (
        (10, {"beta": 4.0}, {"beta": 1.0}),
        (30, {"beta": 2.0, "free_bits": 0.25}, {"beta": 4.0, "free_bits": 0.0}),
    ):
        run.note("asked", options=options)
        run.note("turned", step=step, options=options, before=before)
    run.note("asked", options={"beta": 8.0})
    assert run.changes()[0] == Change(10, {"beta": 4.0}, {"beta": 1.0})
    assert [change.text for change in run.changes()] == ["beta 1 → 4", "beta 4 → 2, free bits 0 → 0.25"]
    assert [run.options_at(step)["beta"] for step in (0, 9, 10, 29, 30, 10**6)] == [1, 1, 4, 4, 2, 2]
    assert run.options_at()["free_bits"] == 0.25
    assert run.asked() == [{"beta": 8.0}] and run.wanted()["beta"] == 8.0
    assert run.config.options["beta"] == 1.0


def test_changes_survive_a_rewind(run):
    run.note("turned", step=40, options={"beta": 4.0}, before={"beta": 1.0})
    before = run.changes()
    run.log({"step": 45, "loss": 1.0})
    run.rewind(20)
    assert run.changes() == before and not run.history()


def test_turning_a_waiting_run_keeps_its_place(monkeypatch, tmp_path):
    without_workers(monkeypatch)
    config = Config.create("ring", "vae", {"width": 8}, latent_dim=2)
    first, second = jobs.start(config, tmp_path), jobs.start(config, tmp_path)
    jobs.turn(second, {"beta": 3.0})
    assert [jobs.status(run).state for run in (first, second)] == ["starting", "queued"]
    assert jobs.status(second).position == 0


@pytest.mark.parametrize("model", MODELS)
def test_live_knobs_are_numbers_or_choices_that_a_form_can_draw(model):
    assert all(knob.kind in (int, float, str, bool) and knob == knobs(MODELS[model].options)[name] for name, knob in live(model).items())
