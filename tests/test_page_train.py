"""Train: setting a run up, and watching it."""

import pytest

from genlib import choices, jobs, presets
from genlib.config import Config
from genlib.runs import Run
from tests.pages import button, go, texts, trained, visit, whole, without_workers

PAIRS = [(dataset, model) for dataset in ("fashion-mnist-mini", "shapes", "ring") for model in ("vae", "gan")]


@pytest.fixture
def wanted(monkeypatch):
    return without_workers(monkeypatch)


def choose(app, dataset, model):
    app.selectbox("train-dataset").set_value(dataset).run()
    return whole(app.selectbox("train-model").set_value(model).run())


@pytest.mark.parametrize(("dataset", "model"), PAIRS)
def test_what_the_form_offers_can_be_started(wanted, dataset, model):
    app = choose(visit("train"), dataset, model)
    whole(button(app, "start-training").click().run())
    (run,) = Run.all(bundled=False)
    assert (run.config.dataset, run.config.model) == (dataset, model)
    assert wanted == [str(run.folder)]


def test_the_form_has_every_knob_with_its_sentence():
    from genlib.models import MODELS

    app = choose(visit("train"), "fashion-mnist-mini", "vae")
    fields = [*app.number_input, *app.slider, *app.toggle, *app.selectbox]
    helps = {field.label: field.help for field in fields}
    for row in [*choices.knobs(Config).values(), *choices.knobs(MODELS["vae"].options).values()]:
        assert row.help in helps[row.label]


@pytest.mark.parametrize("name", presets.PRESETS)
def test_a_preset_fills_the_form_and_gives_its_reason(name):
    preset = presets.PRESETS[name]
    dataset = (preset.datasets or ({"pictures": "fashion-mnist-mini", "points": "ring"}[preset.kind],))[0]
    app = choose(visit("train"), dataset, preset.model)
    app.selectbox(f"train-preset-{dataset}-{preset.model}").set_value(name).run()
    assert preset.why in texts(app)
    assert ("Known to fail" in texts(app)) == bool(preset.fails) and preset.fails in texts(app)
    filled = {field.label: field.value for field in [*app.number_input, *app.slider]}
    assert filled[choices.knobs(Config)["latent_dim"].label] == preset.values["latent_dim"]


def test_data_that_are_not_here_are_offered_for_download():
    app = choose(visit("train"), "mnist", "vae")
    assert "is not on this machine yet" in texts(app)
    assert not [found for found in app.button if found.key == "start-training"]


def test_the_chosen_title_and_size_are_kept(wanted):
    app = choose(visit("train"), "fashion-mnist-mini", "vae")
    size = next(field for field in app.selectbox if field.label == "Picture size")
    size.set_value("16 × 16").run()
    app.text_input("train-title").set_value("Small clothes").run()
    whole(button(app, "start-training").click().run())
    (run,) = Run.all(bundled=False)
    assert (run.config.title, run.config.size) == ("Small clothes", 16)


def test_a_finished_run_is_shown_with_pictures_curves_and_ways_on():
    run = trained("digits", title="Digits")
    app = visit("train", run=run.name)
    said = texts(app)
    assert "Step 12 of 12" in said or "Digits" in said
    assert "Reconstructions" in said
    assert len(app.get("bidi_component")) == 2  # samples and reconstructions, which the browser fetches
    assert app.get("echarts_chart")


def test_points_are_shown_over_the_data():
    run = trained("ring")
    assert visit("train", run=run.name).get("echarts_chart")


def test_two_runs_stand_side_by_side():
    runs = [trained(title="Left"), trained("moons", title="Right")]
    app = visit("train", run=runs[0].name)
    whole(app.multiselect("train-watch").set_value([run.name for run in runs]).run())
    assert [found.value for found in app.subheader] == ["Left", "Right"]


def test_a_waiting_run_tells_its_place(wanted):
    jobs.start(Config.create(dataset="ring", model="vae", steps=10))
    second = jobs.start(Config.create(dataset="ring", model="vae", steps=10))
    app = visit("train", run=second.name)
    assert not button(app, f"pause-{second.name}").disabled
    assert any("Waiting for the device: next in line" in str(found.proto.text) for found in app.get("progress"))


def test_a_failed_run_says_why_and_can_be_resumed(wanted):
    run = trained(steps=20)
    run.note("failed", reason="loss became nan at step 9. Try a smaller learning rate.")
    app = visit("train", run=run.name)
    assert "smaller learning rate" in app.error[0].value
    whole(button(app, f"resume-{run.name}").click().run())
    assert [event["event"] for event in run.events()][-2:] == ["queued", "starting"]


def test_what_is_living_is_shown_on_every_page(wanted):
    run = jobs.start(Config.create(dataset="ring", model="vae", steps=10))
    app = visit("home")
    whole(button(app, f"activity-{run.name}").click().run())
    assert app.title[0].value == "Train"


def test_data_goes_on_to_train_with_its_set():
    app = visit("data")
    app.segmented_control("data-group").set_value("Points").run()
    app.selectbox("data-set-Points").set_value("moons").run()
    whole(button(app, "train-with").click().run())
    assert app.title[0].value == "Train"
    assert app.selectbox("train-dataset").value == "moons"
    assert go(go(app, "home"), "train").selectbox("train-dataset").value == "moons"
