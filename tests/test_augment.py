"""DiffAugment: what each change does to a picture, that each picture gets its own, and that gradients go through."""

from __future__ import annotations

import torch
from torch import Tensor

from genlib.models.augment import augment, colour, cut, translate


def pictures(n: int = 6, channels: int = 3, side: int = 8) -> Tensor:
    return torch.rand(n, channels, side, side, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * 2 - 1


def test_light_saturation_and_contrast_keep_to_their_ranges() -> None:
    torch.manual_seed(1)
    black = torch.zeros(4000, 3, 4, 4)
    light = colour(black).flatten(1)
    assert (light == light[:, :1]).all() and -0.5 <= light.min() < -0.45 and 0.45 < light.max() <= 0.5
    one = torch.zeros(1, 3, 2, 2)
    one[0, 0] = 1.0  # red: its colours lie 2/3 above and 1/3 below its grey
    changed = colour(one.expand(4000, -1, -1, -1))
    saturation = changed[:, 0, 0, 0] - changed[:, 1, 0, 0]  # times contrast: from 0 to 2 x 1.5
    assert 0 <= saturation.min() < 0.05 and 2.5 < saturation.max() <= 3
    grey = torch.tensor([-0.2, 0.2]).view(1, 1, 1, 2).expand(4000, -1, -1, -1)
    both = colour(grey)
    contrast = (both[..., 1] - both[..., 0]).flatten() / 0.4
    assert 0.5 <= contrast.min() < 0.51 and 1.49 < contrast.max() <= 1.5


def test_pictures_move_by_whole_pixels_up_to_an_eighth_of_their_sides() -> None:
    torch.manual_seed(0)
    dot = torch.zeros(600, 1, 16, 24)
    dot[:, 0, 8, 12] = 1.0
    moved = translate(dot)
    places = moved.flatten(1).argmax(dim=1)
    assert (moved.flatten(1).sum(dim=1) == 1).all() and set(moved.unique().tolist()) == {0.0, 1.0}
    assert set((places // 24 - 8).tolist()) == {-2, -1, 0, 1, 2}
    assert set((places % 24 - 12).tolist()) == {-3, -2, -1, 0, 1, 2, 3}


def test_what_moves_in_is_the_middle_of_the_range_and_nothing_comes_round() -> None:
    torch.manual_seed(0)
    moved = translate(torch.ones(200, 1, 8, 8))
    shifted = moved[moved.flatten(1).min(dim=1).values == 0]
    assert len(shifted) > 100 and set(moved.unique().tolist()) == {0.0, 1.0}


def test_holes_are_squares_of_half_the_side() -> None:
    torch.manual_seed(0)
    holes = cut(torch.ones(500, 2, 8, 12)) == 0
    assert (holes[:, 0] == holes[:, 1]).all()
    heights, widths = holes[:, 0].any(dim=2).sum(dim=1), holes[:, 0].any(dim=1).sum(dim=1)
    assert (holes[:, 0].sum(dim=(1, 2)) == heights * widths).all()
    assert heights.max() == 4 and widths.max() == 6 and heights.min() >= 2 and widths.min() >= 3  # half of it may lie outside


def test_each_picture_gets_changes_of_its_own_and_each_time_others() -> None:
    same = pictures(1).expand(5, -1, -1, -1)
    for change in (colour, translate, cut, augment):
        torch.manual_seed(0)
        first, second = change(same), change(same)
        assert len({tuple(picture.flatten().tolist()) for picture in first}) >= 4, change
        assert not torch.equal(first, second) and first.shape == same.shape


def test_gradients_go_through() -> None:
    """Against differences, with the same draws each time."""

    def drawn(x: Tensor) -> Tensor:
        torch.manual_seed(3)
        return augment(x)

    assert torch.autograd.gradcheck(drawn, pictures(2, 3, 4).requires_grad_())
    assert torch.autograd.gradcheck(drawn, pictures(2, 1, 4).requires_grad_())


def test_pictures_are_not_rounded_under_autocast() -> None:
    x = pictures(4).float()
    torch.manual_seed(0)
    exact = augment(x)
    torch.manual_seed(0)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(augment(x), exact)
