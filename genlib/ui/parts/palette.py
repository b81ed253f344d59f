"""Colours and marker shapes of groups: told apart by the colour-blind, and never by colour alone.

Mid-tones of Okabe and Ito's set and of Paul Tol's, chosen to stand out on white and on near-black alike, which rules
out their black, their yellow and their darkest blue. Neighbours in the list differ in lightness as well as in hue.
"""

from __future__ import annotations

COLOURS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#56B4E9", "#CC79A7", "#999933", "#AA4499", "#44AA99", "#A0705A")
SHAPES = ("circle", "square", "triangle", "diamond", "cross")
NOISE = "#8A8F98"


def colours(count: int) -> tuple[str, ...]:
    """Return a colour for each of `count` groups; after ten they come again, with another shape."""
    return tuple(COLOURS[index % len(COLOURS)] for index in range(count))


def shapes(count: int) -> tuple[str, ...]:
    """Return a marker shape for each of `count` groups, so that the first fifty differ in colour or shape."""
    return tuple(SHAPES[(index + index // len(COLOURS)) % len(SHAPES)] for index in range(count))
