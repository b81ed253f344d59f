"""New items drawn by a trained model: a gallery from a seed; one of them large, with its code and the nearest training items."""

import numpy as np
import streamlit as st

from genlib import images, tables
from genlib.ui import charts, quality
from genlib.ui.draws import Drawn, draw
from genlib.ui.opened import Opened, bars, class_of, enlarged, nearest_training, open_run, save, scene, usual_distance
from genlib.ui.parts.gallery import gallery


def show_sheet(drawn: Drawn, items: np.ndarray) -> int:
    """The gallery of pictures; return which one is looked at."""
    # Enlarged beforehand, so that the sheet is as wide as its place; small pictures alone grow by whole numbers only.
    sheet = images.montage(images.enlarge(items, 100), drawn.columns)
    labels = [drawn.named(i) for i in range(len(items))]
    picked = gallery(sheet, len(items), drawn.columns, "samples-sheet", labels, items=drawn.opened.run.name, largest=120)
    return picked or 0


def show_one(drawn: Drawn, items: np.ndarray, index: int) -> None:
    """One item large, its code, and the training items that are most like it."""
    opened, item, code = drawn.opened, items[index], drawn.codes[index]
    st.subheader(drawn.named(index), anchor=False)
    picture = scene(opened).drawn(item[None])[0]
    left, right = st.columns([2, 3], vertical_alignment="center")
    left.image(enlarged(picture), width="stretch", alt=f"Sample {index + 1}, large", output_format="PNG")
    with right:
        st.caption(f"Its code: {len(code)} numbers, in standard deviations of the prior")
        bars(code, "samples-code")
    rows, distances = nearest_training(opened, item)
    unit = "grey levels" if opened.pictures else "the units of the data"
    st.caption(f"The nearest training items, and how far away they are in {unit}")
    cells = st.grid(len(rows), min_column_width=72, gap="small")
    for row, distance in zip(rows, distances, strict=True):
        with cells.cell():
            if opened.pictures:
                st.image(enlarged(opened.dataset.items[row], 96), width="stretch", alt=class_of(opened, row), output_format="PNG")
            st.markdown(f"**{distance:.3g}**  \n:small[{class_of(opened, row)}]")
    st.caption(
        f"Two training items that lie next to each other are usually {usual_distance(opened):.3g} apart. "
        "A sample that is much nearer than that to one of them may be a copy."
    )


def downloads(drawn: Drawn, items: np.ndarray, index: int) -> None:
    """Everything on the page, to take away."""
    opened = drawn.opened
    name = f"{opened.run.name}-step{opened.step}-seed{drawn.seed}"
    with st.container(horizontal=True):
        if opened.pictures:
            save("All as one PNG", lambda: images.png(images.montage(items, drawn.columns)), f"{name}.png", "image")
            save("Each as PNG (ZIP)", lambda: images.zip_of_pictures(items), f"{name}.zip", "folder_zip")
            save(f"Sample {index + 1}", lambda: enlarged(items[index]), f"{name}-{index + 1}.png", "photo")
        save("Codes (CSV)", lambda: tables.codes(drawn.codes, drawn.groups), f"{name}-codes.csv", "table")


@st.fragment
def samples(opened: Opened) -> None:
    drawn = draw(opened)
    if drawn is None:
        return
    opened, items = drawn.opened, drawn.opened.generate(drawn.codes)
    halves = st.grid(2, min_column_width=380, gap="large")
    with halves.cell():
        if opened.pictures:
            index = show_sheet(drawn, items)
        else:
            labels, names = (opened.labels(len(items)), opened.groups) if drawn.groups else (None, ())
            charts.points(items, "samples-points", labels, names, opened.dataset.items, height=520, alt="Samples over the data")
            index = st.number_input("Look at sample", 1, len(items), 1, key="samples-index") - 1
        downloads(drawn, items, index)
    with halves.cell(), st.container(border=True):
        show_one(drawn, items, index)


st.title("Samples", anchor=False)
st.caption("What the model makes out of nothing but random numbers. Click one to look at it closely.")
run = open_run("samples")
if run is not None:
    samples(run)
    quality.show(run)
