"""Samples: a gallery from a seed, and one item with its code and its nearest training items."""

import pytest

from tests.pages import button, texts, trained, visit, whole

CASES = [("digits", "vae"), ("digits", "gan"), ("ring", "vae"), ("ring", "gan")]


@pytest.mark.parametrize(("dataset", "model"), CASES)
def test_every_kind_of_run_is_shown_with_its_nearest_training_items(dataset, model):
    run = trained(dataset, model, steps=2, latent_dim=4)
    app = visit("samples", run=run.name)
    assert "Sample 1" in texts(app)
    assert "Its code: 4 numbers" in texts(app)
    assert "nearest training items" in texts(app)


def test_without_a_run_the_page_leads_to_training(monkeypatch):
    monkeypatch.setattr("genlib.ui.state.runs", list)
    app = visit("samples")
    assert "no trained model" in texts(app)
    assert button(app, "train-one")


def test_another_seed_gives_other_samples():
    run = trained("ring", "vae", steps=2)
    app = visit("samples", run=run.name)
    whole(button(app, "samples-dice").click().run())
    assert app.number_input("samples-seed").value == 1


def test_a_truncated_and_cooled_gallery_still_shows():
    run = trained("digits", "vae", steps=2)
    app = visit("samples", run=run.name)
    whole(app.slider("samples-temperature").set_value(0.0).run())
    whole(app.slider("samples-truncation").set_value(0.25).run())
    assert "Sample 1" in texts(app)


def test_everything_can_be_saved():
    run = trained("digits", "vae", steps=2)
    labels = [found.label for found in visit("samples", run=run.name).get("download_button")]
    assert labels == ["All as one PNG", "Each as PNG (ZIP)", "Sample 1", "Codes (CSV)"]


def test_an_earlier_moment_of_the_training_can_be_looked_at():
    run = trained("ring", "vae", steps=60)
    app = visit("samples", run=run.name)
    bar = next(found for found in app.select_slider if found.label == "Moment of training")
    assert bar.value == run.snapshots()[-1]
    whole(bar.set_value(run.snapshots()[0]).run())


def test_damaged_weights_are_a_sentence_with_a_way_out():
    run = trained("ring", "vae", steps=2)
    for file in (run.folder / "snapshots").glob("*"):
        file.write_bytes(b"damaged")
    app = visit("samples", run=run.name)
    assert "cannot be shown" in texts(app) and "damaged" in texts(app)


def test_a_run_whose_data_are_gone_is_a_sentence():
    run = trained("ring", "vae", steps=2)
    text = (run.folder / "config.json").read_text().replace('"ring"', '"lost"')
    (run.folder / "config.json").write_text(text)
    assert "lost" in texts(visit("samples", run=run.name))
