"""New items drawn by a trained model: a gallery from a seed; one of them large, with its code and the nearest training items."""

import numpy as np
import streamlit as st

from genlib import images, latent, tables
from genlib.ui import charts, state
from genlib.ui.opened import Opened, bars, class_of, enlarged, nearest_training, open_run, save, scene, usual_distance
from genlib.ui.parts.gallery import gallery


def draw_codes(opened: Opened) -> tuple[np.ndarray, int]:
    """The controls: which codes are drawn from the prior. Return them and their seed."""
    pictures = opened.pictures
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        seed = st.number_input("Seed", 0, 2**31 - 1, 0, key="samples-seed", persist_state="session", width=130)
        st.button("New seed", icon=":material/casino:", key="samples-dice", on_click=state.turn, args=("samples-seed", seed + 1))
        choices = [16, 36, 64, 100, 196] if pictures else [500, 2000, 4000]
        kind = "pictures" if pictures else "points"
        number = st.select_slider(
            "Number", choices, 64 if pictures else 2000, key=f"samples-number-{kind}", persist_state="session", width=200
        )
        temperature = st.slider(
            "Temperature", 0.0, 2.0, 1.0, 0.05, key="samples-temperature", persist_state="session", width=200,
            help="How far from the middle the codes are drawn. Below 1: safer and more alike. Above 1: bolder and stranger.",
        )  # fmt: skip
        limit = st.slider(
            "Truncation", 0.25, 4.0, 4.0, 0.25, key="samples-truncation", persist_state="session", width=200,
            help="No number of a code lies further from the middle than this, in standard deviations. At 4 nothing is cut.",
        )  # fmt: skip
    return latent.sample(number, opened.model.latent_dim, seed, temperature, limit if limit < 4 else None), seed


def show_sheet(opened: Opened, items: np.ndarray) -> int:
    """The gallery of pictures; return which one is looked at."""
    columns = int(np.sqrt(len(items)))
    # Enlarged beforehand, so that the sheet is as wide as its place; small pictures alone grow by whole numbers only.
    sheet = images.montage(images.enlarge(items, 100), columns)
    labels = [f"Sample {i + 1}" for i in range(len(items))]
    picked = gallery(sheet, len(items), columns, "samples-sheet", labels, items=opened.run.name, largest=120)
    return picked or 0


def show_one(opened: Opened, items: np.ndarray, codes: np.ndarray, index: int) -> None:
    """One item large, its code, and the training items that are most like it."""
    item, code = items[index], codes[index]
    st.subheader(f"Sample {index + 1}", anchor=False)
    picture = scene(opened).picture(code)
    left, right = st.columns([2, 3], vertical_alignment="center")
    left.image(enlarged(picture), width="stretch", alt=f"Sample {index + 1}, large")
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
                st.image(enlarged(opened.dataset.items[row], 96), width="stretch", alt=class_of(opened, row))
            st.markdown(f"**{distance:.3g}**  \n:small[{class_of(opened, row)}]")
    st.caption(
        f"Two training items that lie next to each other are usually {usual_distance(opened):.3g} apart. "
        "A sample that is much nearer than that to one of them may be a copy."
    )


def downloads(opened: Opened, items: np.ndarray, codes: np.ndarray, seed: int, index: int) -> None:
    """Everything on the page, to take away."""
    name = f"{opened.run.name}-step{opened.step}-seed{seed}"
    with st.container(horizontal=True):
        if opened.pictures:
            save("All as one PNG", lambda: images.png(images.montage(items)), f"{name}.png", "image")
            save("Each as PNG (ZIP)", lambda: images.zip_of_pictures(items), f"{name}.zip", "folder_zip")
            save(f"Sample {index + 1}", lambda: enlarged(items[index]), f"{name}-{index + 1}.png", "photo")
        save("Codes (CSV)", lambda: tables.codes(codes), f"{name}-codes.csv", "table")


@st.fragment
def samples(opened: Opened) -> None:
    codes, seed = draw_codes(opened)
    items = opened.model.generate(codes)
    halves = st.grid(2, min_column_width=380, gap="large")
    with halves.cell():
        if opened.pictures:
            index = show_sheet(opened, items)
        else:
            charts.points(items, "samples-points", behind=opened.dataset.items, height=520, alt="Samples over the data")
            index = st.number_input("Look at sample", 1, len(items), 1, key="samples-index") - 1
        downloads(opened, items, codes, seed, index)
    with halves.cell(), st.container(border=True):
        show_one(opened, items, codes, index)


st.title("Samples", anchor=False)
st.caption("What the model makes out of nothing but random numbers. Click one to look at it closely.")
run = open_run("samples")
if run is not None:
    samples(run)
