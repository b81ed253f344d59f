"""Maps of blobs, whose groups are known, and the UMAP loop against umap-learn's own."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import make_blobs

from genlib import choices, neighbours, project, scores
from genlib.project import PROJECTORS, TSNEOptions, UMAPOptions

BLOBS, TRUTH = make_blobs(300, 12, centers=4, cluster_std=1.0, random_state=0)
QUICK = {"umap": UMAPOptions(epochs=100), "tsne": TSNEOptions(epochs=250, perplexity=20)}


def _map(method, points=BLOBS, **knobs):
    return project.project(points, method, QUICK.get(method), **knobs)


@pytest.mark.parametrize("method", PROJECTORS)
def test_every_projector_keeps_blobs_apart(method):
    found = _map(method)
    assert found.xy.shape == (300, 2) and found.xy.dtype == np.float32 and np.isfinite(found.xy).all()
    assert scores.silhouette(found.xy, TRUTH).value > 0.4
    assert found.trust > 0.85 and found.trust_n == 300 and found.method == method


@pytest.mark.parametrize("method", PROJECTORS)
def test_every_projector_gives_the_same_map_for_the_same_seed(method):
    np.testing.assert_array_equal(_map(method, seed=3).xy, _map(method, seed=3).xy)


@pytest.mark.parametrize("method", PROJECTORS)
def test_every_projector_gives_the_same_map_with_the_graph_given(method):
    near = neighbours.graph(BLOBS, 70)
    np.testing.assert_array_equal(_map(method, neighbours=near).xy, _map(method).xy)


@pytest.mark.parametrize("method", PROJECTORS)
def test_every_row_has_a_form_and_a_sentence(method):
    row = PROJECTORS[method]
    assert choices.fill(row.options, {}) == row.options()
    assert row.why.endswith(".") and all(knob.help.endswith(".") for knob in choices.knobs(row.options).values())


@pytest.mark.parametrize("method", ["umap", "tsne"])
def test_the_map_is_seen_while_it_settles(method, monkeypatch):
    monkeypatch.setattr(project, "REPORT_EVERY", 0.0)
    seen = []
    final = _map(method, progress=lambda *told: seen.append(told)).xy
    fractions = [told[0] for told in seen]
    maps = [told[2] for told in seen if len(told) > 2]
    assert fractions == sorted(fractions) and fractions[0] == 0 and 0.9 < fractions[-1] < 1
    assert len(maps) > 20 and all(xy.shape == (300, 2) and np.isfinite(xy).all() for xy in maps)
    assert not np.shares_memory(maps[1], maps[2]) and not np.array_equal(maps[1], maps[-2])
    np.testing.assert_array_equal(maps[-1], final)


def test_seeds_differ():
    assert not np.array_equal(_map("umap", seed=0).xy, _map("umap", seed=1).xy)


def test_every_umap_knob_changes_the_map():
    plain = _map("umap").xy
    for changed in ({"neighbours": 40}, {"min_dist": 0.8}, {"epochs": 60}, {"negative_samples": 2}):
        options = choices.fill(UMAPOptions, {"epochs": 100, **changed})
        assert not np.array_equal(project.project(BLOBS, "umap", options).xy, plain), changed


def test_fuzzy_graph_equals_umap_learns():
    from umap import umap_

    points = np.concatenate([BLOBS, BLOBS[:20], np.repeat(BLOBS[:1], 30, axis=0)])  # with duplicates, some fifteenfold
    near = neighbours.graph(points, 14)
    index = np.column_stack([np.arange(len(points)), near.index])
    distance = np.column_stack([np.zeros(len(points)), near.distance]).astype(np.float32)
    # The Python beneath the compiled functions: compiling the parallel ones takes ten seconds.
    sigmas, rhos = umap_.smooth_knn_dist.py_func(distance, 15.0)
    rows, columns, values, _ = umap_.compute_membership_strengths.py_func(index, distance, sigmas, rhos)
    theirs = np.zeros((len(points),) * 2)
    theirs[rows, columns] = values
    theirs = theirs + theirs.T - theirs * theirs.T
    np.testing.assert_allclose(project.fuzzy_graph(near).toarray(), theirs, atol=1e-4)


def test_settling_equals_umap_learns_layout_on_the_same_graph_and_seed():
    from umap import umap_

    near = neighbours.graph(BLOBS, 14)
    start = project._start(project.rows(BLOBS), 10.0, 7)
    a, b = umap_.find_ab_params(1.0, 0.1)
    random = np.random.RandomState(7)
    graph = project.fuzzy_graph(near)
    theirs, _ = umap_.simplicial_set_embedding(
        BLOBS, graph.copy(), 2, 1.0, a, b, 1.0, 5, 100, start, random, "euclidean", {}, False, {}, False
    )
    ours = project.project(BLOBS, "umap", UMAPOptions(epochs=100), seed=7, neighbours=near)
    np.testing.assert_array_equal(ours.xy, theirs)


def test_pca_is_the_rotation_to_the_widest_plane():
    points = np.random.default_rng(0).standard_normal((500, 2)) * [5, 1]
    xy = project.project(points, "pca").xy
    np.testing.assert_allclose(xy.std(axis=0), np.sqrt(np.linalg.eigvalsh(np.cov(points.T, bias=True)))[::-1], rtol=1e-4)
    np.testing.assert_allclose(np.linalg.norm(xy, axis=1), np.linalg.norm(points - points.mean(axis=0), axis=1), rtol=1e-3)


def _column(values):
    return np.column_stack([values, np.full(len(values), 3.0)])


DEGENERATE = {
    "a constant dimension": _column(np.random.default_rng(0).standard_normal(120)),
    "one dimension": np.random.default_rng(0).standard_normal((120, 1)),
    "mostly duplicates": np.repeat(np.random.default_rng(0).standard_normal((6, 4)), 20, axis=0),
    "two spots": np.repeat([[0.0, 0.0], [1.0, 1.0]], 60, axis=0),
    "very large": BLOBS[:120] * 1e9,
    "very small": BLOBS[:120] * 1e-9,
    "pictures": np.random.default_rng(0).integers(0, 256, (120, 6, 6, 3), dtype=np.uint8),
}


@pytest.mark.parametrize("points", DEGENERATE.values(), ids=DEGENERATE)
@pytest.mark.parametrize("method", PROJECTORS)
def test_odd_items_still_give_a_finite_map(method, points):
    xy = project.project(points, method, QUICK.get(method)).xy
    assert xy.shape == (120, 2) and np.isfinite(xy).all()


@pytest.mark.parametrize("method", ["umap", "pca"])
def test_seventeen_items_can_be_mapped(method):
    found = _map(method, BLOBS[:17])
    assert found.xy.shape == (17, 2) and np.isnan(found.trust)


@pytest.mark.parametrize(
    ("points", "method", "sentence"),
    [
        (BLOBS[:12], "umap", "14 neighbours need at least 15 points, got 12"),
        (BLOBS[:50], "tsne", "needs at least 61 items, got 50; choose at most 16"),
        (BLOBS[:2], "pca", "at least 3 items"),
        (np.ones((50, 3)), "umap", "all items are the same"),
        (np.full((50, 3), np.nan), "pca", "no number"),
        (BLOBS, "cube", "umap, tsne, pca"),
    ],
)
def test_what_cannot_be_mapped_is_refused_with_a_sentence(points, method, sentence):
    with pytest.raises(ValueError, match=sentence):
        _map(method, points)


def test_a_graph_of_other_items_is_refused():
    with pytest.raises(ValueError, match="of 300 items and there are 200"):
        _map("umap", BLOBS[:200], neighbours=neighbours.graph(BLOBS, 15))


WARM_THEN_FORK = """
import os, sys, time
import numpy as np
from genlib import cluster, project

project.warm_umap()
points = np.random.default_rng(0).standard_normal((1500, 16)).astype(np.float32)
child = os.fork()
if child == 0:
    began = time.process_time()
    project.project(points, "umap", project.UMAPOptions(epochs=20))
    quick = time.process_time() - began < 1.5  # compiling alone takes longer
    project.project(points, "tsne", project.TSNEOptions(epochs=100, perplexity=10))
    cluster.cluster(points, "kmeans")
    cluster.cluster(points, "dbscan")
    os._exit(0 if quick else 3)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_warmed_process_forks_children_that_map_at_once():
    root = Path(project.__file__).parent.parent
    assert subprocess.run([sys.executable, "-c", WARM_THEN_FORK], cwd=root, timeout=120, check=False).returncode == 0
