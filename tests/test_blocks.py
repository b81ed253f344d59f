"""Every kind of network fits every picture size, has the constants of the papers, and can be told of classes."""

from __future__ import annotations

import time
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from genlib.models import MODELS
from genlib.models.blocks import Generator, Layout, make_generator, make_trunk, sides
from genlib.models.layers import ConditionalNorm
from tests.test_models import CASES, TRUNKS, Case, train

SIZES = [16, 28, 32, 48, 64, 96, 128]


def layout(trunk: str, batch_norm: bool = False, width: int = 8) -> Layout:
    return Layout(trunk, width, 2 if trunk == "mlp" else 0, nn.ReLU, batch_norm)


def generator(trunk: str, batch_norm: bool, classes: int) -> Generator:
    torch.manual_seed(0)
    return make_generator(layout(trunk, batch_norm), 5, (1, 16, 16), classes)


def codes(n: int = 12) -> Tensor:
    return torch.randn(n, 5, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("trunk", ["conv", "residual"])
def test_convolutions_fit_every_size(name: str, size: int, trunk: str) -> None:
    case = Case(name, (3, size, size), {"trunk": trunk, "width": 2})
    metrics = train(case.build(), case.batch(2), 1)
    assert all(value.isfinite() for value in metrics.values())
    assert case.build().generate(codes(1).numpy()).shape == (1, size, size, 3)


def test_sides_are_halved_while_8_or_more_and_even() -> None:
    assert [sides(size)[-1] for size in SIZES] == [4, 7, 4, 6, 4, 6, 4]
    with pytest.raises(ValueError, match="size 30 does not allow"):
        sides(30)


def test_batch_norm_has_the_usual_constants() -> None:
    norms = [module for case in CASES for module in case.build().modules() if isinstance(module, nn.modules.batchnorm._BatchNorm)]
    assert norms and {(norm.eps, norm.momentum) for norm in norms} == {(1e-5, 0.1)}  # BatchNorm2d(c, 0.8) would set eps


@pytest.mark.parametrize("batch_norm", [False, True])
@pytest.mark.parametrize("shape", [(1, 16, 16), (3, 128, 128)], ids=str)
def test_residual_blocks_neither_fade_nor_explode(shape: tuple[int, ...], batch_norm: bool) -> None:
    """Five blocks deep, what a fresh network says of two items still differs by an amount that can be learned from."""
    torch.manual_seed(0)
    trunk = make_trunk(layout("residual", batch_norm), shape)
    made = make_generator(layout("residual", batch_norm), 5, shape)(codes())
    coarse = nn.functional.interpolate(torch.randn(12, shape[0], 4, 4), shape[1:])  # fine noise would be averaged away, and rightly
    assert 0.03 < trunk(coarse).std(0).mean() < 3
    assert 0.03 < made.std(0).mean() < 3


def test_a_residual_block_carries_its_input_past_the_convolutions() -> None:
    """With the second convolution of each block silenced, what arrives is the shortcut alone, and gradients still come through."""
    torch.manual_seed(0)
    trunk, made = make_trunk(layout("residual"), (1, 28, 28)), make_generator(layout("residual"), 5, (1, 28, 28))
    for network, last in ((trunk, "refine"), (made, "grow")):
        for name, parameter in network.named_parameters():
            if f".{last}." in name:
                nn.init.zeros_(parameter)
    for network, given in ((trunk, torch.randn(4, 1, 28, 28)), (made, codes(4))):
        given.requires_grad_()
        network(given).square().sum().backward()
        assert given.grad is not None and given.grad.flatten(1).norm(dim=1).min() > 1e-4


def test_a_residual_step_costs_at_most_three_of_a_convolutional_one() -> None:
    """On 28x28 grey pictures; the quickest of several turns each, so that a busy machine does not decide."""

    def seconds(trunk: str) -> float:
        case = Case("vae", (1, 28, 28), {"trunk": trunk, "width": 32}, latent_dim=16)
        model, batch = case.build(), case.batch(64)
        optimizers, found = model.optimizers(), []
        for _ in range(8):
            start = time.perf_counter()
            model.step(batch, None, optimizers)
            found.append(time.perf_counter() - start)
        return min(found)

    assert seconds("residual") < 3 * seconds("conv")


@pytest.mark.parametrize("batch_norm", [False, True])
@pytest.mark.parametrize("trunk", TRUNKS)
def test_a_generator_told_of_classes_makes_another_item_for_another_class(trunk: str, batch_norm: bool) -> None:
    told = generator(trunk, batch_norm, 3)
    optimizer = torch.optim.Adam(told.parameters(), 0.01)
    labels = torch.arange(12) % 3
    wanted = torch.tensor([-1.0, 0.0, 1.0])[labels, None, None, None].expand(-1, 1, 16, 16)
    for _ in range(60):  # the same codes for every class: only the label can tell
        optimizer.zero_grad()
        (told(codes(4).repeat_interleave(3, 0), labels) - wanted).square().mean().backward()
        optimizer.step()
    made = told.eval()(codes(1).expand(3, -1), torch.arange(3)).mean((1, 2, 3))
    assert made[0] < made[1] - 0.5 < made[2] - 1.0


@pytest.mark.parametrize("trunk", TRUNKS)
def test_where_there_is_batch_norm_classes_scale_and_shift_it_and_nothing_else_grows(trunk: str) -> None:
    normed, plain = generator(trunk, True, 3), generator(trunk, True, 0)
    assert not normed.one_hot and any(isinstance(module, ConditionalNorm) for module in normed.modules())
    first, same = (next(module for module in network.modules() if isinstance(module, nn.Linear)) for network in (normed, plain))
    assert first.in_features == same.in_features == 5
    bare = generator(trunk, False, 3)
    assert bare.one_hot and not any(isinstance(module, ConditionalNorm) for module in bare.modules())


def test_a_fresh_conditional_norm_is_batch_norm_and_each_class_turns_its_own_rows() -> None:
    norm, usual = ConditionalNorm(4, 3), nn.BatchNorm2d(4)
    x, labels = torch.randn(6, 4, 5, 5, generator=torch.Generator().manual_seed(0)), torch.tensor([0, 1, 2, 0, 1, 2])
    assert torch.allclose(norm(x, labels), usual(x))
    with torch.no_grad():
        norm.scale.weight[1] = 2.0
        norm.shift.weight[2] = 5.0
    got, before = norm(x, labels), usual(x)
    assert torch.allclose(got[[0, 3]], before[[0, 3]])
    assert torch.allclose(got[[1, 4]], 2 * before[[1, 4]], atol=1e-6)
    assert torch.allclose(got[[2, 5]], before[[2, 5]] + 5, atol=1e-6)


@pytest.mark.parametrize("trunk", TRUNKS)
def test_without_classes_labels_are_not_looked_at(trunk: str) -> None:
    network: Any = generator(trunk, True, 0).eval()
    assert torch.equal(network(codes()), network(codes(), torch.arange(12) % 3))


def test_classes_without_labels_are_refused_with_a_way_out() -> None:
    with pytest.raises(ValueError, match="3 classes; say which one"):
        generator("mlp", False, 3)(codes())
