"""Map: layouts, groups, figures, and what stands in the way of them."""

import dataclasses

import numpy as np
import pytest

from genlib import data, maps, vectors
from genlib.cluster import CLUSTERERS
from genlib.project import PROJECTORS
from genlib.vectors import Subject
from tests.instant import compute_here
from tests.pages import button, texts, trained, visit, whole
from tests.test_page_explore import choose

pytestmark = pytest.mark.usefixtures("at_once")


@pytest.fixture
def at_once(monkeypatch):
    compute_here(monkeypatch)


@pytest.fixture
def run():
    return trained("digits", "vae", steps=4, latent_dim=4)


def metrics(app):
    return {found.label: found.value for found in app.metric}


def test_it_opens_on_the_codes_of_every_item_with_groups_and_figures(run):
    app = visit("map", run=run.name)
    assert "1,797 items by PCA" in texts(app) and "Trustworthiness" in texts(app)
    assert list(metrics(app)) == ["ARI", "NMI", "Accuracy", "Silhouette", "Clusters", "Noise"]
    assert metrics(app)["Clusters"] == "10"  # as many as there are classes


@pytest.mark.parametrize("name", PROJECTORS)
def test_every_projector_draws_its_map_and_keeps_it(run, name):
    app = visit("map", run=run.name)
    app.number_input(f"map-count-{run.name}-all").set_value(150).run()
    app.selectbox("map-projector").set_value(name).run()
    if name != "pca":
        whole(button(app, "map-draw").click().run())
        whole(app.run())
    assert f"150 items by {name.upper()}" in texts(app)
    assert f"150 items by {name.upper()}" in texts(visit_again(run, name))


def visit_again(run, name):
    app = visit("map", run=run.name)
    app.number_input(f"map-count-{run.name}-all").set_value(150).run()
    return whole(app.selectbox("map-projector").set_value(name).run())


@pytest.mark.parametrize("name", CLUSTERERS)
@pytest.mark.parametrize("where", ["vectors", "map"])
def test_every_clusterer_groups_the_codes_and_the_map(run, name, where):
    app = visit("map", run=run.name)
    app.selectbox("map-clusterer").set_value(name).run()
    choose(app, "Among", where)
    assert int(metrics(app)["Clusters"]) >= 1


@pytest.mark.parametrize("dataset", ["digits", "ring"])
@pytest.mark.parametrize("model", ["vae", "gan"])
def test_everything_that_can_be_mapped_is(dataset, model):
    run = trained(dataset, model, steps=2)
    app = visit("map", run=run.name)
    for what in vectors.possible(run.load()):
        choose(app, "What to map", what)
        assert "items by PCA" in texts(app)


def test_dbscan_says_where_its_reach_starts(run):
    app = visit("map", run=run.name)
    whole(app.selectbox("map-clusterer").set_value("dbscan").run())
    assert len(app.get("echarts_chart")) == 1
    assert metrics(app)["Noise"].endswith("%")


def test_unlabelled_data_have_groups_and_no_agreement(monkeypatch):
    run = trained("ring", "vae", steps=2)
    known = data.load("ring")
    plain = dataclasses.replace(known, labels=np.full(len(known), -1), classes=())
    monkeypatch.setattr(data, "load", lambda name, size=None: plain)
    app = visit("map", run=run.name)
    assert metrics(app)["ARI"] == "–" and metrics(app)["Clusters"] == "10"


def test_a_failed_layout_is_a_sentence_and_can_be_tried_again(run, monkeypatch):
    app = visit("map", run=run.name)

    def fail(*args, **kwargs):
        raise ValueError("the items have no neighbours")

    monkeypatch.setattr(maps, "draw", fail)
    app.selectbox("map-projector").set_value("umap").run()
    whole(button(app, "map-draw").click().run())
    assert "no neighbours" in texts(app) and button(app, "map-draw")


def test_seventeen_items_are_enough(run):
    app = visit("map", run=run.name)
    whole(app.number_input(f"map-count-{run.name}-all").set_value(17).run())
    assert "17 items by PCA" in texts(app)
    whole(app.selectbox("map-clusterer").set_value("dbscan").run())


def test_vectors_are_there_at_once_the_second_time(run, monkeypatch):
    visit("map", run=run.name)
    assert Subject(run.folder, run.snapshots()[-1], count=1797).file.exists()
    monkeypatch.setattr("genlib.computation.Computation.start", None)
    assert "items by PCA" in texts(visit("map", run=run.name))
