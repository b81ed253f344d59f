"""The newest drawing of a run: the browser fetches it by itself, so that the page need not be drawn anew for every picture."""

from __future__ import annotations

import numpy as np
import streamlit as st

from genlib.ui.parts import nothing, packed, register

_mount = register(__file__, "live.js")

SHOWN = 4000  # dots of the data


def monitor(
    address: str,
    key: str,
    alt: str,
    state: str,
    every: float | None = None,
    behind: np.ndarray | None = None,
    centres: np.ndarray | None = None,
    step: bool = True,
) -> None:
    """Show what `address` gives (see genlib.ui.broadcast) and ask for it again after `every` seconds; None: only when drawn anew.

    A picture is enlarged with its squares kept sharp. Points are drawn over those `behind` (n, 2), with rings around
    `centres` (m, 2). `state` is the run's as the page knows it: when the run tells another one, the page is drawn anew.
    """
    data: dict[str, object] = {"address": address, "alt": alt, "state": state, "every": 1000 * every if every else 0, "counts": step}
    if behind is not None:
        data |= _ground(behind, centres)
    _mount(key=key, data=data, on_changed_change=nothing)


@st.cache_data(max_entries=8, show_spinner=False)
def _ground(behind: np.ndarray, centres: np.ndarray | None) -> dict[str, object]:
    """Return what does not move: the data, the true modes, and how far the frame reaches."""
    reach = float(np.ceil(np.abs(behind).max(initial=1.0) * 1.15 * 2) / 2)
    ground: dict[str, object] = {"behind": packed(behind[:SHOWN].astype(np.float32)), "reach": reach}
    return ground if centres is None else ground | {"centres": packed(centres.astype(np.float32))}
