"""The convolutional trunk fits every picture size, and its parts have the constants of the papers."""

from __future__ import annotations

import pytest
import torch

from genlib.models import MODELS
from genlib.models.blocks import sides
from tests.test_models import CASES, Case, train


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("size", [16, 28, 32, 48, 64, 96, 128])
def test_conv_trunk_fits_every_size(name: str, size: int) -> None:
    case = Case(name, (3, size, size), {"trunk": "conv", "width": 2})
    metrics = train(case.build(), case.batch(2), 1)
    assert all(value.isfinite() for value in metrics.values())
    assert case.build().decode(torch.zeros(1, case.latent_dim)).shape == (1, 3, size, size)


def test_sides_are_halved_while_8_or_more_and_even() -> None:
    assert [sides(size)[-1] for size in (16, 28, 32, 48, 64, 96, 128)] == [4, 7, 4, 6, 4, 6, 4]
    with pytest.raises(ValueError, match="size 30 does not allow"):
        sides(30)


def test_batch_norm_has_the_usual_constants() -> None:
    norms = [module for case in CASES for module in case.build().modules() if isinstance(module, torch.nn.modules.batchnorm._BatchNorm)]
    assert norms and {(norm.eps, norm.momentum) for norm in norms} == {(1e-5, 0.1)}  # BatchNorm2d(c, 0.8) would set eps
