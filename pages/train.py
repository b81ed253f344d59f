"""Train: set a run up, start it, and watch it learn."""

import streamlit as st

from genlib import data
from genlib.models import MODELS
from genlib.ui import forms, live, recipe, show, state

runs = {run.name: run for run in state.runs()}
with st.container(horizontal=True, vertical_alignment="center", gap="large"):
    st.title("Train", anchor=False, width="content")
    view = recipe.open_view()

if view == "Watch":
    watched = recipe.choose_watched(runs)
    if watched:
        live.watch(watched)
    else:
        show.nothing_yet("Nothing is being watched. Choose a run above, or set one up.")
    st.stop()

top = st.grid(3, min_column_width=220, gap=("small", "large"))
with top.cell():
    dataset = recipe.choose_data()
with top.cell():
    model = forms.pick("Model", MODELS, "train-model")
with top.cell():
    source = data.sources()[dataset]
    preset = recipe.choose_preset(dataset, source, model)
settings = recipe.choose_knobs(source, MODELS[model], preset, f"knobs-{dataset}-{model}-{preset.get('preset')}")
recipe.launch(dataset, model, settings)
