"""Many pictures in one: hover, click or walk by keyboard to pick one."""

from __future__ import annotations

from collections.abc import Sequence

from genlib.ui.parts import Picture, belonging, nothing, png_uri, register

_mount = register(__file__, "live.js")


def gallery(
    montage: Picture,
    count: int,
    columns: int,
    key: str,
    labels: Sequence[str] | None = None,
    gap: int = 2,
    items: str = "",
    largest: int = 160,
) -> int | None:
    """Show a montage made by `images.montage` with these `columns` and this `gap`; return the picked picture's index or None.

    `labels`, one for each picture, are shown on hovering and read out. `items` names what is shown (a run, a selection):
    with another name the pick is forgotten; with the same one it stays at its place though the pictures change.
    Pictures grow to `largest` CSS pixels at most, so that a few do not fill the page.
    """
    if labels is not None and len(labels) != count:
        raise ValueError(f"the gallery got {count} pictures and {len(labels)} labels; each picture needs one")
    data = {
        "name": key,
        "montage": png_uri(montage),
        "count": count,
        "columns": min(columns, count),
        "gap": gap,
        "labels": None if labels is None else list(labels),
        "items": items,
        "largest": largest,
    }
    picked = belonging(_mount(key=key, data=data, on_picked_change=nothing).get("picked"), items=items).get("index")
    return picked if picked is not None and picked < count else None
