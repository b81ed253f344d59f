"""Home: one button that trains, and the latest runs."""

from genlib.runs import Run
from tests.pages import button, texts, trained, visit, whole, without_workers


def test_one_button_trains_a_vae_and_shows_it(monkeypatch):
    wanted = without_workers(monkeypatch)
    app = whole(button(visit("home"), "quick-start").click().run())
    (run,) = Run.all(bundled=False)
    assert (run.config.model, run.config.dataset) == ("vae", "fashion-mnist-mini")
    assert wanted == [str(run.folder)]
    assert app.title[0].value == "Train"
    assert run.config.title in texts(app)


def test_only_one_button_is_primary():
    assert [found.key for found in visit("home").button if found.proto.type == "primary"] == ["quick-start"]


def test_the_latest_runs_are_shown_with_their_last_samples():
    runs = [trained(title=f"Number {number}") for number in range(2)]
    app = visit("home")
    assert [f"Number {number}" in texts(app) for number in range(2)] == [True, True]
    whole(button(app, f"card-open-{runs[0].name}").click().run())
    assert app.query_params["run"] == runs[0].name


def test_a_damaged_run_does_not_break_the_page():
    run = trained()
    (run.folder / "config.json").write_text("{")
    assert visit("home").title
