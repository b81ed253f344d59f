"""Home: what this is, one button that starts, and the latest runs."""

import streamlit as st

from genlib.ui import cards, recipe, show, state

SHOWN = 4

words, picture = st.columns([3, 2], gap="large", vertical_alignment="center")
with words:
    st.title("See a model learn", anchor=False)
    st.markdown(
        "Latent Lab trains generative models in front of you: pick pictures or points, and watch a VAE or a GAN learn to draw new ones. "
        "Then walk through the space it has built inside, and read the map of what it found. "
        "Everything runs on this machine, and everything you see can be taken away."
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("Train a VAE on Fashion-MNIST now", type="primary", icon=":material/play_circle:", key="quick-start"):
            recipe.quick_start()
        st.page_link(state.page("data"), label="Choose your own data", icon=":material/photo_library:")
runs = state.runs()
with picture:
    show.welcome(runs)

if runs:
    st.subheader("Latest runs", anchor=False)
    cards.cards(runs[:SHOWN], "card", columns=SHOWN)
    if len(runs) > SHOWN:
        st.page_link(state.page("runs"), label=f"All {len(runs)} runs", icon=":material/folder_open:")
