"""What the server says back to a live part: a picture beside it, or marks on it.

Apart from the part itself so that the part's data stay the same while somebody drags: an answer is a few kilobytes.
"""

from __future__ import annotations

from typing import Any

from genlib.ui.parts import Picture, png_uri, register

_mount = register(__file__)


def answer(to: str, picture: Picture | None = None, size: int = 280, alt: str = "", **facts: Any) -> None:
    """Answer the part with key `to`: draw `picture` here, `size` CSS pixels wide at most, then hand it `facts`.

    `number` among the facts is that of the question answered; it frees the part to ask the next one.
    """
    shown = {} if picture is None else {"picture": png_uri(picture), "size": size, "alt": alt}
    _mount(key=f"{to}-answer", data={"to": to, **shown, **facts}, width=size if shown else "stretch")
