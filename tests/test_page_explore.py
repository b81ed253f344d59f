"""Explore: sliders, the pad, and walks, for every kind of run."""

import numpy as np
import pytest

from genlib.ui import moves
from tests.instant import compute_here
from tests.pages import button, texts, trained, visit, whole

CASES = [("digits", "vae"), ("digits", "gan"), ("ring", "vae"), ("ring", "gan")]


def control(app, label):
    return next(found for found in app.get("button_group") if found.proto.label == label)


def choose(app, label, name):
    """Press one part of a segmented control."""
    return whole(control(app, label).set_value(name).run())


@pytest.fixture
def at_once(monkeypatch):
    compute_here(monkeypatch)


@pytest.fixture(params=CASES, ids="-".join)
def app(request):
    dataset, model = request.param
    return visit("explore", run=trained(dataset, model, steps=2, latent_dim=4).name)


def test_it_opens_with_sliders_for_the_most_telling_directions(app):
    assert "The code at this place" in texts(app)


@pytest.mark.parametrize("view", ["sliders", "pad", "walk"])
def test_every_view_opens(app, view):
    choose(app, "How to move", view)


def test_every_kind_of_direction_can_be_chosen(app):
    for label in control(app, "Directions").options:
        name = next(name for name, row in moves.KINDS.items() if row.label == label)
        choose(app, "Directions", name)
        assert moves.KINDS[name].why in texts(app)


def test_where_the_data_vary_is_offered_with_an_encoder_only():
    offered = {}
    for model in ("vae", "gan"):
        app = visit("explore", run=trained("ring", model, steps=2).name)
        offered[model] = control(app, "Directions").options
    label = moves.KINDS["principal"].label
    assert label in offered["vae"] and label not in offered["gan"]


def test_a_walk_is_shown_straight_and_spherical_with_the_sizes_of_its_steps(app):
    choose(app, "How to move", "walk")
    assert "**Straight**" in texts(app) and "**Spherical**" in texts(app)
    assert texts(app).count("on average") == 2


@pytest.mark.parametrize(("dataset", "unit"), [("digits", "grey levels change on average"), ("ring", "units of the data on average")])
def test_the_steps_of_a_walk_are_told_in_the_units_of_its_data(dataset, unit):
    app = visit("explore", run=trained(dataset, "vae", steps=2).name)
    choose(app, "How to move", "walk")
    assert texts(app).count(unit) == 2


def test_a_film_is_made_and_can_be_saved(monkeypatch, at_once):
    app = visit("explore", run=trained("ring", "vae", steps=2).name)
    choose(app, "How to move", "walk")
    app.number_input("explore-film-frames").set_value(3).run()
    whole(button(app, "explore-film-make").click().run())
    assert any(found.label.startswith("Save ") for found in app.get("download_button"))


def test_one_latent_dimension_is_enough():
    run = trained("ring", "vae", steps=2, latent_dim=1)
    app = visit("explore", run=run.name)
    choose(app, "How to move", "pad")
    assert "one latent dimension" in texts(app)


def test_a_plane_puts_its_start_in_the_middle():
    found = moves.Directions(np.zeros(3, np.float32), np.eye(3, dtype=np.float32), np.array([2.0, 1, 1], np.float32), ("a", "b", "c"))
    flat = moves.plane(None, found, np.ones(3, np.float32), 0, 2)
    assert flat.at(0, 0).tolist() == [1, 1, 1]
    assert flat.at(1, -1).tolist() == [3, 1, 0]
