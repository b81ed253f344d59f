"""What surrounds every page: the logo, the navigation, the runs in training, the messages. The script that Streamlit runs."""

import streamlit as st

from genlib import ASSETS
from genlib.ui import live, state

# file, title, icon, what one finds there; a page whose file is not there yet is left out
PAGES = (
    ("home", "Home", "home", "What Latent Lab is, one button to start, and the latest runs."),
    ("data", "Data", "photo_library", "Choose a data set and look at it, or bring your own."),
    ("train", "Train", "play_circle", "Train a model and watch it learn."),
    ("samples", "Samples", "grid_view", "New items drawn by a trained model."),
    ("explore", "Explore", "open_with", "Move through latent space and see the picture follow."),
    ("map", "Map", "scatter_plot", "A map of what was learned, with its clusters."),
    ("runs", "Runs", "folder_open", "All runs: open, compare, rename, delete."),
)


def page(name: str, title: str, icon: str, sentence: str) -> st.Page:
    """Describe a page to the navigation."""
    return st.Page(state.page(name), title=title, icon=f":material/{icon}:", help=sentence, default=name == "home")


st.set_page_config(page_title="Latent Lab", page_icon=ASSETS / "logo-mark.svg", layout="wide", initial_sidebar_state=240)
st.logo(ASSETS / "logo.svg", size="large", icon_image=ASSETS / "logo-mark.svg")
chosen = st.navigation([page(*row) for row in PAGES if state.page(row[0]).exists()])
state.settle_later()
state.restore()
state.show_messages()
live.activity()
chosen.run()
state.FIRST_PAGE.set()
