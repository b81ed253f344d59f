"""Runs: every run with its last samples; open, rename, delete, and compare curves."""

import streamlit as st

from genlib.ui import cards, show, state

PAGE = 10

st.title("Runs", anchor=False)
runs = state.runs()
if not runs:
    show.nothing_yet("There are no runs yet.")
for name, reason in state.damaged_runs():
    st.warning(f"{reason} Its folder is `{name}`; put the file back from a copy, or delete the folder.", icon=":material/warning:")

shown = state.kept("runs-shown", PAGE)
for run in runs[:shown]:
    cards.row(run)
if len(runs) > shown:
    st.button(
        f"Show {min(PAGE, len(runs) - shown)} more of {len(runs)}", on_click=state.keep, args=("runs-shown", shown + PAGE), key="more-runs"
    )

cards.compare(runs)
