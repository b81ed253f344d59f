"""Data: choose what to learn from, look at it, or bring your own."""

import streamlit as st

from genlib import data
from genlib.ui import downloads, forms, intake, look, show, state

GROUPS = {"Pictures": "pictures", "Points": "points", "Your own": "own"}

st.title("Data", anchor=False)
group = st.segmented_control(
    "Kind", list(GROUPS), default="Pictures", required=True, key="data-group", label_visibility="collapsed", persist_state="session"
)
sources = intake.of_group(data.sources(), GROUPS[group or "Pictures"])

if GROUPS[group or "Pictures"] == "own":
    intake.bring(expanded=not sources)
if not sources:
    st.stop()

left, right = st.columns([3, 2], gap="large", vertical_alignment="bottom")
with left:
    name = forms.pick("Data set", sources, f"data-set-{group}", why=False, label=downloads.label)
with right, st.container(horizontal=True):
    if st.button("Train with this data", type="primary", icon=":material/play_circle:", key="train-with"):
        intake.train_with(name)
    if GROUPS[group or "Pictures"] == "own":
        intake.remove(name, sources[name].label)
st.markdown(sources[name].why)

if not downloads.offer(name, "data-download"):
    try:
        dataset = state.dataset(name)
    except (ValueError, OSError) as problem:
        show.problem(problem)
    else:
        look.whole(dataset)
