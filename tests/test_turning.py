"""Turning knobs on the page while a run trains, and on the form before it starts."""

import pytest
from streamlit.testing.v1 import AppTest

from genlib import jobs
from genlib.config import Config
from genlib.runs import Run
from genlib.ui import charts, turning
from tests.pages import button, texts, trained, visit, whole, without_workers


def panel() -> None:
    from genlib import jobs
    from genlib.runs import Run
    from genlib.ui import turning

    run = Run.all(bundled=False)[0]
    turning.knobs(run, jobs.status(run))


@pytest.fixture
def run(monkeypatch):
    without_workers(monkeypatch)
    return jobs.start(Config.create("ring", "vae", {"width": 8}, latent_dim=2, steps=500))


def drawn():
    return whole(AppTest.from_function(panel).run())


def field(app, label):
    return next(each for each in app.number_input if each.label == label)


def apply(app, run):
    return whole(button(app, f"apply-{run.name}").click().run())


def test_the_live_knobs_are_offered_with_their_values_and_no_others(run):
    run.note("turned", step=20, options={"beta": 2.5}, before={"beta": 1.0})
    app = drawn()
    assert field(app, "Beta").value == 2.5
    assert "Width" not in [each.label for each in app.number_input] and not app.selectbox
    assert app.expander[0].label == "Turn knobs while it trains"


def test_what_is_typed_is_asked_for_on_apply_and_shown_from_then_on(run):
    app = drawn()
    field(app, "Beta").set_value(4.0)
    apply(app, run)
    assert run.asked() == [{"beta": 4.0}]
    assert field(app, "Beta").value == 4.0
    assert "Asked for: beta 4. It holds from the next step on." in texts(app)


def test_the_fields_stay_the_same_ones_while_the_panel_is_drawn_anew(run):
    """The browser keeps what is being typed for as long as a field keeps its key."""
    app = drawn()
    jobs.turn(run, {"beta": 2.0})
    key = field(whole(app.run()), "Beta").key
    run.note("turned", step=5, options={"beta": 2.0}, before={"beta": 1.0})
    run.note("paused", step=5)
    assert field(whole(app.run()), "Beta").key == key


def test_what_somebody_else_turned_is_shown(run):
    app = drawn()
    jobs.turn(run, {"beta": 8.0})
    assert field(whole(app.run()), "Beta").value == 8.0


def test_what_cannot_be_is_refused_with_its_reason_until_it_is_mended(run):
    app = drawn()
    field(app, "Beta").set_value(0.0)
    field(app, "Free bits").set_value(0.5)
    apply(app, run)
    assert "Nothing was turned: free_bits has no effect while beta is 0" in app.error[0].value
    assert not run.asked()
    whole(app.run())
    assert app.error and field(app, "Beta").value == 0.0
    field(app, "Beta").set_value(2.0)
    apply(app, run)
    assert not app.error and run.asked() == [{"beta": 2.0, "free_bits": 0.5}]


def test_a_full_disk_is_said(run, monkeypatch):
    app = drawn()
    field(app, "Beta").set_value(4.0)

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("genlib.files.append", full)
        apply(app, run)
    assert "Make room on the disk" in app.error[0].value and not run.asked()


def test_what_was_turned_is_told_with_its_step(run):
    for step in range(10, 70, 10):
        run.note("asked", options={"beta": float(step)})
        run.note("turned", step=step, options={"beta": float(step)}, before={"beta": 1.0})
    said = texts(drawn())
    assert "Turned while it trained: at step 60 beta 1 → 60; at step 50" in said
    assert "2 earlier" in said and "at step 20" not in said


def test_a_wish_that_waits_for_steps_to_be_repeated_says_so(run):
    run.note("asked", options={"beta": 9.0})
    run.note("turned", step=300, options={"beta": 9.0}, before={"beta": 1.0})
    jobs.turn(run, {"beta": 2.0})
    assert "Asked for: beta 2. It holds when step 300 is reached again." in texts(drawn())


def test_a_finished_run_tells_what_was_turned_and_offers_nothing():
    run = trained(steps=5)
    run.note("turned", step=3, options={"beta": 4.0}, before={"beta": 1.0})
    app = drawn()
    assert not app.expander and "at step 3 beta 1 → 4" in texts(app)
    assert turning.marks(run) == [(3, "beta 1 → 4")]


def test_marks_stand_on_every_chart_of_the_run_within_its_steps(monkeypatch):
    specs = []
    monkeypatch.setattr("streamlit.echarts_chart", lambda spec, **rest: specs.append((spec, rest["alt"])))
    run = trained(steps=12)
    charts.curves(run.history(), "c", marks=[(3, "beta 1 → 4"), (900, "beta 4 → 2")])
    assert len(specs) >= 2
    for spec, alt in specs:
        (mark,) = spec["series"][0]["markLine"]["data"]
        assert (mark["xAxis"], mark["name"], mark["label"]["show"]) == (3, "beta 1 → 4", True)
        assert "at step 3: beta 1 → 4" in alt
        assert all("markLine" not in line for line in spec["series"][1:])


def test_a_long_mark_keeps_its_values_and_many_knobs_are_counted(run):
    for options in ({"discriminator_rate": 0.0004}, {"learning_rate": 0.0004, "free_bits": 0.5}):
        run.note("turned", step=5, options=options, before=dict.fromkeys(options, 0.0001))
    assert [text for _, text in turning.marks(run)] == ["…inator rate 0.0001 → 0.0004", "2 knobs turned"]


def test_texts_of_marks_do_not_cover_each_other():
    marks = [(100, "a"), (103, "b"), (500, "c")]
    assert [mark["label"]["show"] for mark in charts._across(marks, 0, 1000)["data"]] == [False, True, True]
    assert charts._across(marks, 600, 1000) == {}


def test_knobs_that_cannot_go_together_are_named_before_the_start(monkeypatch):
    without_workers(monkeypatch)
    app = visit("train")
    app.selectbox("train-dataset").set_value("ring").run()
    whole(app.selectbox("train-model").set_value("vae").run())
    assert not button(app, "start-training").disabled
    whole(field(app, "Beta").set_value(0.0).run())
    assert "This run cannot be started: kl_warmup has no effect while beta is 0; set kl_warmup to 0" in app.error[0].value
    assert button(app, "start-training").disabled
    whole(field(app, "Beta").set_value(2.0).run())
    assert not app.error and not button(app, "start-training").disabled
    whole(button(app, "start-training").click().run())
    assert Run.all(bundled=False)[0].config.options["beta"] == 2.0
