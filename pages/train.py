"""Train: set a run up, start it, and watch it learn."""

import streamlit as st

from genlib import data
from genlib.models import MODELS
from genlib.ui import forms, live, recipe, show, state

st.title("Train", anchor=False)
runs = {run.name: run for run in state.runs()}

if recipe.open_view(runs) == "Watch":
    watched = recipe.choose_watched(runs)
    if watched:
        live.watch(watched)
        live.ways_on(watched[0])
    else:
        show.nothing_yet("Nothing is being watched. Choose a run above, or set one up.")
    st.stop()

left, middle, right = st.columns(3, gap="large")
with left:
    dataset, size = recipe.choose_data()
with middle:
    model = forms.pick("Model", MODELS, "train-model")
with right:
    preset = recipe.choose_preset(dataset, data.sources()[dataset], model)
settings = recipe.choose_knobs(MODELS[model], preset, f"knobs-{dataset}-{model}-{preset.get('preset')}")
recipe.launch(dataset, size, model, settings)
