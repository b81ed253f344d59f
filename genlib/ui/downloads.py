"""Data sets that must be fetched first: asked for, shown while they come, and told apart from those at hand."""

from __future__ import annotations

import streamlit as st

from genlib import data
from genlib.ui import show, state


def label(name: str) -> str:
    """Name a data set in a list, with what it costs where it is not here yet."""
    source = data.sources()[name]
    return source.label if data.present(name) else f"{source.label} ({source.megabytes} MB to fetch)"


def offer(name: str, key: str) -> bool:
    """Where a data set is not on this machine, offer to fetch it or show how far that is; True as long as it is missing."""
    if data.present(name):
        return False
    source = data.sources()[name]
    fetching = state.computation(f"download-{name}")
    if show.waiting(fetching, f"Fetching {source.label} …", key):
        return True
    if fetching is not None and fetching.state == "done":
        state.forget(f"download-{name}")
        state.forget_datasets()
        state.say(f"{source.label} is here.")
        st.rerun()
    failed = fetching is not None and fetching.state == "failed"
    if not failed:
        st.info(
            f"{source.label} is not on this machine yet. It is fetched once, {source.megabytes} MB, and kept. "
            "Nothing else here needs the network.",
            icon=":material/cloud_download:",
        )
    words = "Try again" if failed else f"Download {source.label}"
    st.button(words, icon=":material/download:", key=key, on_click=_fetch, args=(name,))
    return True


def _fetch(name: str) -> None:
    state.compute(f"download-{name}", data.download, name)
