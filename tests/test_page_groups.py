"""Classes and categories on the pages: asked for on Samples, Explore and Map, by runs of every kind that has any."""

import numpy as np
import pytest

from genlib import latent, vectors
from genlib.choices import knobs
from genlib.cluster import CLUSTERERS
from genlib.data import load
from genlib.models import MODELS
from genlib.models.base import Model
from genlib.ui import draws, opened
from genlib.vectors import Subject
from tests.instant import compute_here
from tests.pages import button, texts, trained, visit, whole
from tests.test_page_explore import choose

CONDITIONAL = {"conditional": True}
MIXTURE = {"prior": "mixture", "components": 3, "mixture_start": 1}
CATEGORIES = {"categories": 3}
VARIANTS = {"plain": {}, "conditional": CONDITIONAL, "mixture": MIXTURE, "categories": CATEGORIES}
KINDS = [(model, name) for model, row in MODELS.items() for name, options in VARIANTS.items() if set(options) <= set(knobs(row.options))]


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    compute_here(monkeypatch)


def run_of(model, options, dataset="digits"):
    return trained(dataset, model, steps=3, latent_dim=4, options=options)


def group(app, page, run):
    return app.selectbox(f"{page}-group-{run.name}")


@pytest.mark.parametrize(("model", "variant"), KINDS)
def test_every_page_opens_for_every_kind_of_model(model, variant):
    run = run_of(model, VARIANTS[variant])
    assert "Sample 1" in texts(visit("samples", run=run.name))
    assert "The code at this place" in texts(visit("explore", run=run.name))
    assert "items by PCA" in texts(visit("map", run=run.name))
    assert bool(run.load().groups) == (variant != "plain")


@pytest.fixture
def decoded(monkeypatch):
    """What labels the model is given, each time that something is decoded."""
    generate, asked = Model.generate, []

    def watched(self, codes, labels=None):
        asked.append(labels)
        return generate(self, codes, labels)

    monkeypatch.setattr(Model, "generate", watched)
    return asked


def test_samples_of_a_conditional_model_show_all_classes_in_turn_or_one(decoded):
    run = run_of("vae", CONDITIONAL)
    app = visit("samples", run=run.name)
    assert group(app, "samples", run).options == ["All in turn", *"0123456789"]
    assert decoded[-1] is None and "Sample 1: 0" in texts(app)
    whole(group(app, "samples", run).set_value(7).run())
    assert set(decoded[-1]) == {7} and "Sample 1: 7" in texts(app)


def test_a_model_without_groups_is_asked_for_none():
    run = run_of("vae", {})
    for page in ("samples", "explore"):
        assert not [found for found in visit(page, run=run.name).selectbox if "group" in str(found.key)]


@pytest.mark.parametrize("view", ["sliders", "pad", "walk"])
def test_everything_in_explore_is_decoded_in_the_class_asked_for(decoded, view):
    run = run_of("vae", CONDITIONAL)
    app = visit("explore", run=run.name)
    choose(app, "How to move", view)
    decoded.clear()
    whole(group(app, "explore", run).set_value(3).run())
    assert decoded and all(set(labels) == {3} for labels in decoded)


def test_telling_directions_are_those_of_the_class(decoded):
    run = run_of("vae", CONDITIONAL, "ring")
    app = visit("explore", run=run.name)
    whole(group(app, "explore", run).set_value(5).run())
    decoded.clear()
    choose(app, "Directions", "telling")
    assert max(len(labels) for labels in decoded) >= 512 and all(set(labels) == {5} for labels in decoded)


def test_a_film_is_of_the_class_asked_for(decoded):
    run = run_of("vae", CONDITIONAL, "ring")
    app = visit("explore", run=run.name)
    choose(app, "How to move", "walk")
    whole(group(app, "explore", run).set_value(2).run())
    app.number_input("explore-film-frames").set_value(3).run()
    decoded.clear()
    whole(button(app, "explore-film-make").click().run())
    assert decoded and all(set(labels) == {2} for labels in decoded)


def open_at_end(run, **changes):
    return opened.Opened(run, run.snapshots()[-1], run.load(), load(run.config.dataset, run.config.size), **changes)


def test_a_mixture_prior_is_drawn_from_the_component_of_the_category():
    found = open_at_end(run_of("vae", MIXTURE))
    cold = found.draw(6, seed=0, temperature=0.0)
    assert np.allclose(cold, found.prior.means[[0, 1, 2, 0, 1, 2]])
    assert np.allclose(found.asked(1).draw(6, seed=0, temperature=0.0), found.prior.means[1])


def test_a_plain_prior_is_drawn_from_as_before():
    assert np.array_equal(open_at_end(run_of("vae", CONDITIONAL, "ring")).draw(5, 3, 0.5, 2.0), latent.sample(5, 4, 3, 0.5, 2.0))


def test_explore_starts_in_the_middle_of_a_category():
    run = run_of("vae", MIXTURE)
    app = visit("explore", run=run.name)
    whole(group(app, "explore", run).set_value(1).run())
    assert "The middle of category 2" in texts(app)


def test_where_classes_take_turns_a_column_is_a_class():
    names = [f"{i % 10}" for i in range(64)]
    assert draws.Drawn(None, np.zeros((64, 2)), 0, names).columns == 10
    assert draws.Drawn(None, np.zeros((64, 2)), 0, ["7"] * 64).columns == 8


# Codes drawn from where the data lie


def test_codes_can_be_drawn_from_a_mixture_fitted_to_the_training_items():
    run = run_of("vae", {})
    app = visit("samples", run=run.name)
    choose(app, "Draw codes from", "mixture")
    assert "Sample 1" in texts(app)
    subject = Subject(run.folder, run.snapshots()[-1], "codes", "training")
    assert np.array_equal(vectors.read(subject.file).rows, np.flatnonzero(load("digits").split))  # fitted to training items only
    whole(app.number_input("samples-components").set_value(3).run())
    assert len(list(subject.file.parent.glob("*-mixture-*"))) == 2


def test_a_conditional_model_is_said_to_get_codes_of_all_classes():
    app = visit("samples", run=run_of("vae", CONDITIONAL).name)
    assert "codes of items of all classes" not in texts(app)
    choose(app, "Draw codes from", "mixture")
    assert "codes of items of all classes" in texts(app) and "Sample 1: 0" in texts(app)


def test_a_mixture_that_cannot_be_fitted_is_a_sentence_and_can_be_tried_again(monkeypatch):
    def refuse(*args):
        raise ValueError("10 components need at least 20 codes, got 8; choose fewer")

    monkeypatch.setattr("genlib.mixtures.fit", refuse)
    app = visit("samples", run=run_of("vae", {}).name)
    choose(app, "Draw codes from", "mixture")
    assert "choose fewer" in texts(app) and "Sample 1" not in texts(app)
    assert button(app, "samples-mixture-again")


def test_a_generator_without_encoder_has_its_prior_only():
    app = visit("samples", run=run_of("gan", {}).name)
    assert not [found for found in app.get("button_group") if found.proto.label == "Draw codes from"]


def test_a_mixture_prior_is_not_asked_for_categories_where_codes_come_from_elsewhere():
    run = run_of("vae", MIXTURE)
    app = visit("samples", run=run.name)
    assert group(app, "samples", run).options == ["All in turn", "Category 1", "Category 2", "Category 3"]
    choose(app, "Draw codes from", "mixture")
    assert not [found for found in app.selectbox if found.key == f"samples-group-{run.name}"]
    assert "Sample 1: " not in texts(app)


# The model's own categories on the map


@pytest.mark.parametrize(("model", "options"), [("vae", MIXTURE), ("gan", CATEGORIES)])
def test_the_models_own_categories_are_offered_beside_the_clusterers(model, options):
    run = run_of(model, options)
    app = visit("map", run=run.name)
    whole(app.selectbox("map-clusterer").set_value("own").run())
    what = vectors.possible(run.load())[0]
    kept = vectors.sorted_before(Subject(run.folder, run.snapshots()[-1], what, count=1797))
    assert len(kept) == 1797 and set(kept) <= {0, 1, 2}
    found = {shown.label: shown.value for shown in app.metric}
    assert found["Clusters"] == str(len(set(kept))) and found["ARI"] != "–"
    table = app.get("html")[-1].proto.body
    assert all(f"Category {group + 1}<" in table for group in set(kept))  # one that no item is in has no row


def test_models_that_find_no_categories_offer_none():
    app = visit("map", run=run_of("vae", CONDITIONAL).name)
    assert app.selectbox("map-clusterer").options == [row.label for row in CLUSTERERS.values()]
