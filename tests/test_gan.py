"""The game of the two networks: who gets which gradient, what each knob does."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from genlib.models import build, settle
from genlib.models.gan import GAN
from genlib.models.losses import REGULARIZERS, r1

PICTURES, POINTS = (1, 16, 16), (2,)


def make(shape: tuple[int, ...] = POINTS, **options: Any) -> GAN:
    torch.manual_seed(0)
    model = build(SimpleNamespace(model="gan", latent_dim=3, classes=0, options=settle("gan", shape, {"width": 16} | options)), shape)
    assert isinstance(model, GAN)
    return model


def items(shape: tuple[int, ...], n: int = 24) -> Tensor:
    return torch.rand(n, *shape, generator=torch.Generator().manual_seed(1)) * 2 - 1


@pytest.mark.parametrize("regularizer", REGULARIZERS)
@pytest.mark.parametrize("trunk", ["mlp", "conv"])
def test_a_penalised_critic_judges_each_item_by_itself(regularizer: str, trunk: str) -> None:
    """No batch norm in it: the verdict on an item does not change with its neighbours, even while training."""
    model, x = make(PICTURES, regularizer=regularizer, trunk=trunk).train(), items(PICTURES)
    torch.testing.assert_close(model.discriminator(x)[:3], model.discriminator(x[:3]), rtol=1e-4, atol=1e-5)


def test_without_a_penalty_the_convolutional_players_have_batch_norm() -> None:
    model = make(PICTURES)
    for player in (model.generator, model.discriminator):
        assert any(isinstance(module, nn.BatchNorm2d) for module in player.modules())


@pytest.mark.parametrize("shape", [POINTS, PICTURES], ids=str)
@pytest.mark.parametrize("options", [{}, {"regularizer": "gradient penalty", "discriminator_updates": 3}, {"regularizer": "r1"}], ids=str)
def test_no_player_gets_the_others_gradient(shape: tuple[int, ...], options: dict[str, Any]) -> None:
    """Watched at every optimizer's update: the other's gradients are empty then, and all are empty after the step."""
    model = make(shape, **options)
    optimizers, updates = model.optimizers(), []
    for name, optimizer in optimizers.items():
        other = model.generator if name == "discriminator" else model.discriminator

        def check(*_: Any, name: str = name, other: nn.Module = other) -> None:
            updates.append(name)
            assert all(parameter.grad is None for parameter in other.parameters())

        optimizer.register_step_pre_hook(check)
    model.step(items(shape), None, optimizers)
    assert updates == ["discriminator"] * model.batches + ["generator"]
    assert all(parameter.grad is None and parameter.requires_grad for parameter in model.parameters())


def test_several_updates_see_a_batch_each() -> None:
    model, seen = make(discriminator_updates=3), []
    model.discriminator.trunk.register_forward_hook(lambda module, inputs, output: seen.append(inputs[0]))
    batch = items(POINTS, 30)
    model.step(batch, None, model.optimizers())
    assert model.batches == 3
    torch.testing.assert_close(torch.cat([both[:10] for both in seen[:3]]), batch)


def test_r1_falls_due_every_16th_step_16_times_as_strong() -> None:
    model = make(regularizer="r1", penalty_weight=3.0)
    due = []
    for _ in range(33):
        due.append(model._penalty(items(POINTS), items(POINTS)) is not None)
        model.step(items(POINTS), None, model.optimizers())
    assert [step for step, is_due in enumerate(due) if is_due] == [0, 16, 32]
    model = make(regularizer="r1", penalty_weight=3.0)
    wanted = 3.0 * 16 * r1(model.discriminator, items(POINTS), items(POINTS)).item()
    assert model._penalty(items(POINTS), items(POINTS)).item() == pytest.approx(wanted)


def test_each_player_has_its_own_learning_rate() -> None:
    optimizers = make(generator_rate=0.01, discriminator_rate=0.002, momentum=0.3).optimizers()
    assert {name: optimizer.param_groups[0]["lr"] for name, optimizer in optimizers.items()} == {"generator": 0.01, "discriminator": 0.002}
    assert {optimizer.param_groups[0]["betas"] for optimizer in optimizers.values()} == {(0.3, 0.999)}
