"""The map of what was learned: items laid out in the plane, their groups, and how far the groups are the classes."""

import numpy as np
import streamlit as st

from genlib import images, tables
from genlib.ui import charts, show
from genlib.ui import map_views as views
from genlib.ui.groups import Grouped, class_table, figures, group
from genlib.ui.map_views import Recipe
from genlib.ui.opened import Opened, class_of, enlarged, open_run, save
from genlib.ui.parts.scatter import scatter
from genlib.vectors import Subject, Vectors

SHOWN = 120  # pictures of a selection


def choose_map(subject: Subject) -> Recipe | None:
    """The projector and its knobs, and the button that draws where the map is not there yet."""
    recipe = views.choose_recipe()
    if recipe is None or views.layout(subject, recipe) is not None:
        return recipe
    if not views.waiting(subject, recipe):
        if st.button("Draw this map", type="primary", icon=":material/play_arrow:", key="map-draw"):
            views.start(subject, recipe)
        st.caption("Until it is drawn, the items lie as PCA sees them.")
    return recipe


def show_map(opened: Opened, subject: Subject, recipe: Recipe, vectors: Vectors, found: Grouped) -> np.ndarray | None:
    """The map itself; return the rows of the selection."""
    xy, finished = views.settled(subject, recipe)
    by_class = found.colour == "class"
    labels = opened.dataset.labels[vectors.rows] if by_class else found.labels
    names = opened.dataset.classes if by_class else found.names
    picked = scatter(xy, labels, names, views.pictures(subject, opened, vectors.rows), "map", 600, items=subject.file.stem)
    quality = "" if np.isnan(finished.trust) else f" Trustworthiness {finished.trust:.3f} of 1, measured on {finished.trust_n:,} items."
    st.caption(f"{len(xy):,} items by {finished.method.upper()}.{quality} Hover for a picture; draw a loop to select; scroll to zoom.")
    if picked.clicked is not None:
        show_one(opened, vectors, picked.clicked, found)
    return picked.selected


def show_one(opened: Opened, vectors: Vectors, place: int, found: Grouped) -> None:
    """The item that was clicked last."""
    row = int(vectors.rows[place])
    with st.container(horizontal=True, vertical_alignment="center"):
        if opened.pictures:
            st.image(enlarged(opened.dataset.items[row], 96), width=96, alt=class_of(opened, row), output_format="PNG")
        st.markdown(f"**Item {row:,}**  \nClass: {class_of(opened, row)}  \nGroup: {found.name_of(place)}")


def show_selection(opened: Opened, vectors: Vectors, selected: np.ndarray | None) -> None:
    """What was selected on the map: its pictures and its classes."""
    if selected is None or not len(selected):
        st.caption(":material/lasso_select: Draw a loop or a box on the map to see what lies there.")
        return
    rows = vectors.rows[selected]
    st.subheader(f"{len(rows):,} selected", anchor=False)
    if opened.pictures:
        shown = rows[np.linspace(0, len(rows) - 1, min(len(rows), SHOWN)).astype(int)]
        show.picture(images.montage(opened.dataset.items[shown], columns=15), f"{len(shown)} of the selected items", least=480)
        if len(shown) < len(rows):
            st.caption(f"{len(shown)} of them, evenly picked.")
    counts = tables.counts(opened.dataset.labels[rows], opened.dataset.classes)
    charts.bars({"Selected items": counts}, "Classes of the selection", "map-selection")


def show_figures(opened: Opened, subject: Subject, recipe: Recipe, vectors: Vectors, found: Grouped) -> None:
    """How good the groups are, and the map as a table to take away."""
    truth = opened.dataset.labels[vectors.rows]
    if found.clustering is None:
        st.caption(":material/hourglass_top: There are no groups yet; the tab Groups says why.")
    with st.grid("auto", min_column_width=104, gap="small"):
        for label, value, help in figures(found, truth):
            st.metric(label, value, help=help)
    xy = views.settled(subject, recipe)[1].xy
    name = f"{opened.name}-{subject.what}-map.csv"
    save("Map as CSV", lambda: tables.layout(vectors.rows, xy, found.labels, truth, opened.dataset.classes), name, "table")


def board(opened: Opened, subject: Subject, vectors: Vectors, settling: bool) -> None:
    """Everything about one set of vectors: controls at the left, map and selection at the right."""
    if settling and not views.running():
        st.rerun()
    parts = st.grid(4, min_column_width=200, gap="medium")
    controls, map_part = parts.cell(), parts.cell(column_span=3)
    layout, groups = controls.tabs([":material/map: Layout", ":material/workspaces: Groups"], key="map-tabs")
    with layout:
        recipe = choose_map(subject)
    if recipe is None:
        return
    with groups:
        found = group(opened, subject, views.settled(subject, recipe)[1])
    with map_part:
        selected = show_map(opened, subject, recipe, vectors, found)
        show_figures(opened, subject, recipe, vectors, found)
        show_selection(opened, vectors, selected)
    if opened.dataset.classes and found.clustering is not None:
        st.subheader("Clusters and classes", anchor=False)
        class_table(found.clustering, opened.dataset.labels[vectors.rows], opened.dataset.classes)


st.title("Map", anchor=False)
st.caption("Every item as a point, with what the model finds alike close together. What groups does it see, and are they the classes?")
run = open_run("map")
if run is not None:
    views.warm()
    chosen = views.choose_subject(run)
    ready = views.ready_vectors(chosen)
    if ready is not None:
        settling = views.running()
        st.fragment(board, run_every=0.5 if settling else None)(run, chosen, ready, settling)
