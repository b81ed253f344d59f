"""Changes to pictures that a discriminator sees, so that it cannot learn a small set by heart (DiffAugment: Zhao 2020, arXiv:2006.10738).

Real and made pictures are changed alike, in both networks' updates, and the generator's gradient goes through the changes:
otherwise it would learn to draw changed pictures.
"""

from __future__ import annotations

import torch
from torch import Tensor

FEW = 5000  # pictures; with fewer, a discriminator soon knows each of them

SHIFT = 1 / 8  # of the side, at most
HOLE = 1 / 2  # of the side


def augment(x: Tensor) -> Tensor:
    """Change colour, place, and a part of each picture by draws of its own: (n, c, h, w) -> (n, c, h, w)."""
    with torch.autocast(x.device.type, enabled=False):  # pictures would be rounded on the way
        return cut(translate(colour(x)))


def colour(x: Tensor) -> Tensor:
    """Add up to half a unit of light, and scale saturation by up to 2 and contrast by 0.5 to 1.5."""
    x = x + _draws(x) - 0.5
    if x.shape[1] > 1:
        grey = x.mean(dim=1, keepdim=True)
        x = grey + (x - grey) * (2 * _draws(x))
    level = x.mean(dim=(1, 2, 3), keepdim=True)
    return level + (x - level) * (_draws(x) + 0.5)


def translate(x: Tensor) -> Tensor:
    """Move each picture by whole pixels, up to an eighth of its sides; what comes in is 0, the middle of the range."""
    # As products with shifted identities: exact, differentiable, and in the same order on every device.
    return _shifts(x, x.shape[2]) @ x @ _shifts(x, x.shape[3]).mT


def cut(x: Tensor) -> Tensor:
    """Put 0 in a square of half the side, anywhere as long as its centre lies within the picture."""
    return x * (1 - _band(x, x.shape[2])[..., None] * _band(x, x.shape[3])[..., None, :])


def _draws(x: Tensor) -> Tensor:
    """One number between 0 and 1 for each picture."""
    return torch.rand(len(x), 1, 1, 1, device=x.device, dtype=x.dtype)


def _shifts(x: Tensor, side: int) -> Tensor:
    """A matrix for each picture that moves its rows: (n, 1, side, side)."""
    most = int(side * SHIFT + 0.5)
    shift = torch.randint(-most, most + 1, (len(x), 1, 1, 1), device=x.device)
    place = torch.arange(side, device=x.device)
    return (place[:, None] + shift == place).to(x.dtype)


def _band(x: Tensor, side: int) -> Tensor:
    """1 where the hole of each picture is along one side, 0 elsewhere: (n, 1, side)."""
    width = int(side * HOLE + 0.5)
    start = torch.randint(0, side + 1 - width % 2, (len(x), 1, 1), device=x.device) - width // 2
    place = torch.arange(side, device=x.device)
    return ((place >= start) & (place < start + width)).to(x.dtype)
