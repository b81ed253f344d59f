"""Runs: the list, and what can be done with a run."""

import json

import pytest

from genlib.runs import Run
from tests.pages import button, texts, trained, visit, whole


def test_a_run_shows_its_recipe_state_and_size():
    trained(title="Seen")
    said = texts(visit("runs"))
    assert "Seen" in said
    assert "VAE · ring" in said
    assert "step 12 of 12" in said
    assert "MB" in said


def test_renaming_changes_the_title_and_not_the_folder():
    run = trained(title="Before")
    app = visit("runs")
    app.text_input(f"title-{run.name}").set_value("After")
    whole(button(app, f"save-title-{run.name}").click().run())
    assert Run.find(run.name).config.title == "After"


def test_an_empty_title_is_refused_with_a_sentence():
    run = trained(title="Before")
    app = visit("runs")
    app.text_input(f"title-{run.name}").set_value("  ")
    button(app, f"save-title-{run.name}").click().run()
    assert "at least one letter" in app.error[0].value
    assert Run.find(run.name).config.title == "Before"


def test_deleting_removes_the_run_and_says_so():
    run, other = trained(title="Gone"), trained(title="Stays")
    app = visit("runs", run=run.name)
    whole(button(app, f"delete-{run.name}").click().run())
    assert [left.name for left in Run.all(bundled=False)] == [other.name]
    assert "Deleted Gone." in texts(app)
    assert "run" not in app.query_params


def test_opening_a_run_watches_it():
    run = trained(title="Opened")
    trained()
    app = visit("runs")
    whole(button(app, f"open-{run.name}").click().run())
    assert app.title[0].value == "Train"
    assert app.query_params["run"] == run.name


def test_curves_of_several_runs_are_compared():
    first, second = trained(title="First"), trained(title="Second", seed=1)
    app = visit("runs")
    assert app.multiselect("compare-runs").value == [second.name, first.name]
    chart = app.get("echarts_chart")[-1]
    spec = json.loads(chart.proto.spec)
    assert {line["name"] for line in spec["series"]} == {"First", "Second"}


def test_examples_are_marked_and_cannot_be_deleted():
    examples = [run for run in Run.all() if run.bundled]
    app = visit("runs")
    assert texts(app).count(":material/school: Example") == len(examples)
    assert not [found for found in app.button if found.key.startswith(("delete-", "save-title-"))]
    with pytest.raises(ValueError, match="cannot be deleted"):
        examples[0].delete()


def test_one_run_has_nothing_to_be_compared_with(monkeypatch, tmp_path):
    monkeypatch.setattr("genlib.runs.ASSETS", tmp_path)
    trained()
    with pytest.raises(KeyError):
        visit("runs").multiselect("compare-runs")


def test_a_damaged_run_is_named():
    run = trained()
    (run.folder / "config.json").write_text("{")
    assert run.name in texts(visit("runs"))
