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
        live.ways_on(watched[0])
    else:
        show.nothing_yet("Nothing is being watched. Choose a run above, or set one up.")
    st.stop()

left, middle, right = st.columns(3, gap="large")
with left:
    dataset = recipe.choose_data()
with middle:
    model = forms.pick("Model", MODELS, "train-model")
with right:
    source = data.sources()[dataset]
    preset = recipe.choose_preset(dataset, source, model)
settings = recipe.choose_knobs(source, MODELS[model], preset, f"knobs-{dataset}-{model}-{preset.get('preset')}")
recipe.launch(dataset, model, settings)
