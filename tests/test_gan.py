"""The game of the two networks: who gets which gradient, what each knob does."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.parametrize import cached

from genlib import data, scores
from genlib.config import Config
from genlib.models import build, gan, settle
from genlib.models.discriminator import Discriminator, pack
from genlib.models.gan import GAN
from genlib.models.losses import CONSTRAINTS, REGULARIZERS, r1

PICTURES, POINTS = (1, 16, 16), (2,)


def make(shape: tuple[int, ...] = POINTS, **options: Any) -> GAN:
    torch.manual_seed(0)
    settled = settle("gan", shape, {"width": 16} | options)
    classes = 3 if settled["conditional"] else 0
    model = build(SimpleNamespace(model="gan", latent_dim=3, classes=classes, options=settled), shape)
    assert isinstance(model, GAN)
    return model


def items(shape: tuple[int, ...], n: int = 24) -> Tensor:
    return torch.rand(n, *shape, generator=torch.Generator().manual_seed(1)) * 2 - 1


@pytest.mark.parametrize("regularizer", [*REGULARIZERS, *CONSTRAINTS])
@pytest.mark.parametrize("trunk", ["mlp", "conv", "residual"])
def test_a_bounded_critic_judges_each_item_by_itself(regularizer: str, trunk: str) -> None:
    """No batch norm in it: the verdict on an item does not change with its neighbours, even while training."""
    model, x = make(PICTURES, regularizer=regularizer, trunk=trunk).train(), items(PICTURES)
    with cached():  # the spectral norm as it is, not one iteration better at each look
        torch.testing.assert_close(model.discriminator(x)[:3], model.discriminator(x[:3]), rtol=1e-4, atol=1e-5)


def test_without_a_penalty_the_convolutional_players_have_batch_norm() -> None:
    model = make(PICTURES)
    for player in (model.generator, model.discriminator):
        assert any(isinstance(module, nn.BatchNorm2d) for module in player.modules())


@pytest.mark.parametrize("shape", [POINTS, PICTURES], ids=str)
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"regularizer": "gradient penalty", "discriminator_updates": 3},
        {"regularizer": "r1"},
        {"regularizer": "spectral norm", "conditional": True},
        {"categories": 4},
        {"packing": 2, "dropout": 0.5},
    ],
    ids=str,
)
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
    model.step(items(shape), torch.arange(24) % 3, optimizers)
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


def singular_values(discriminator: Discriminator) -> list[float]:
    layers = [layer for layer in discriminator.modules() if isinstance(layer, nn.Linear | nn.Conv2d | nn.Embedding)]
    return [
        torch.linalg.matrix_norm(layer.weight.detach().flatten(1), 2).item() for layer in layers if layer is not discriminator.recognizer
    ]


@pytest.mark.parametrize("shape", [POINTS, PICTURES], ids=str)
def test_spectral_norm_holds_the_largest_singular_value_at_one(shape: tuple[int, ...]) -> None:
    """Of every layer that judges, after quick updates too; the layer that names categories is free."""
    for options in ({"conditional": True}, {"categories": 4}):
        model = make(shape, regularizer="spectral norm", discriminator_rate=1e-3, **options)
        optimizers = model.optimizers()
        for _ in range(20):
            model.step(items(shape), torch.arange(24) % 3, optimizers)
        assert singular_values(model.discriminator) == pytest.approx([1.0] * len(singular_values(model.discriminator)), abs=0.1)
        free = singular_values(make(shape, **options).discriminator)
        assert free != pytest.approx([1.0] * len(free), abs=0.1)
    assert model.discriminator.recognizer is not None and not hasattr(model.discriminator.recognizer, "parametrizations")


def test_weight_clipping_cuts_every_weight_that_judges() -> None:
    model = make(regularizer="weight clipping", clip=0.03, loss="wasserstein", categories=4)
    model.step(items(POINTS), None, model.optimizers())
    sizes = {name: value.abs().max().item() for name, value in model.discriminator.named_parameters()}
    assert max(size for name, size in sizes.items() if "recognizer" not in name) == pytest.approx(0.03)
    assert sizes["recognizer.weight"] > 0.05
    assert settle("gan", POINTS, {"regularizer": "weight clipping"})["clip"] == 0.1
    assert settle("gan", PICTURES, {"regularizer": "weight clipping"})["clip"] == 0.01


def test_instance_noise_fades_evenly_and_stays_where_no_steps_are_named() -> None:
    fading, lasting = make(instance_noise=0.5, noise_steps=10), make(instance_noise=0.5)
    for step, left in ((0, 0.5), (5, 0.25), (10, 0.0), (20, 0.0)):
        fading.steps.fill_(step)
        lasting.steps.fill_(step)
        assert fading._shown(torch.zeros(20_000, 2)).std().item() == pytest.approx(left, rel=0.02)
        assert lasting._shown(torch.zeros(20_000, 2)).std().item() == pytest.approx(0.5, rel=0.02)


@pytest.mark.parametrize("options", [{"augment": "on"}, {"instance_noise": 0.3}, {"augment": "on", "packing": 2}], ids=str)
def test_what_is_shown_is_changed_in_both_updates(options: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Real and made items, and for the generator with its gradient."""
    changed: list[bool] = []

    def blank(x: Tensor) -> Tensor:
        changed.append(x.requires_grad)
        return 0.0 * x

    monkeypatch.setattr(gan, "augment", blank)
    monkeypatch.setattr(torch, "randn_like", blank)
    model, seen = make(PICTURES, **options), []
    model.discriminator.trunk.register_forward_hook(lambda module, inputs, output: seen.append(inputs[0].detach()))
    model.step(items(PICTURES), None, model.optimizers())
    assert changed == [False, False, True]  # real, made, made for the generator
    assert len(seen) == 3 and all((x == 0).all() == ("augment" in options) for x in seen)


def test_augment_is_on_for_few_pictures_and_off_for_many() -> None:
    settled = {name: Config.create(name, "gan").options["augment"] for name in ("digits", "fashion-mnist-mini", "ring")}
    assert settled == {"digits": "on", "fashion-mnist-mini": "off", "ring": "off"}
    assert Config.create("digits", "gan", {"augment": "off"}).options["augment"] == "off"
    for name in ("digits", "fashion-mnist-mini", "textures"):  # what the table says of a set is true
        assert data.DATASETS[name].count == len(data.load(name).items)


def test_packs_lie_side_by_side() -> None:
    x = torch.arange(12.0).view(6, 2)
    assert pack(x, 3).tolist() == [[0, 1, 2, 3, 4, 5], [6, 7, 8, 9, 10, 11]] and pack(x, 1) is x
    colours = torch.stack([torch.full((3, 2, 2), float(index)) for index in range(4)])
    assert pack(colours, 2).shape == (2, 6, 2, 2) and pack(colours, 2)[1, :, 0, 0].tolist() == [2, 2, 2, 3, 3, 3]
    for shape in (POINTS, (3, 16, 16)):
        model, seen = make(shape, packing=4), []
        model.discriminator.trunk.register_forward_hook(lambda module, inputs, output, seen=seen: seen.append(tuple(inputs[0].shape)))
        model.step(items(shape), None, model.optimizers())
        assert {found[1:] for found in seen} == {(4 * shape[0], *shape[1:])}
        assert model.features(items(shape)).shape[0] == 24


def test_a_batch_that_leaves_a_pack_open_is_refused() -> None:
    with pytest.raises(ValueError, match="batch_size must be a multiple of packing"):
        Config.create("ring", "gan", {"packing": 3}, batch_size=128)
    assert Config.create("ring", "gan", {"packing": 4}, batch_size=128).options["packing"] == 4


@pytest.mark.parametrize("trunk", ["mlp", "conv", "residual"])
def test_dropout_makes_the_judge_forgetful_only_while_training(trunk: str) -> None:
    model, x = make(PICTURES, trunk=trunk, dropout=0.5, regularizer="r1").train(), items(PICTURES)
    assert not torch.equal(model.discriminator(x), model.discriminator(x))
    model.eval()
    assert torch.equal(model.discriminator(x), model.discriminator(x))


@pytest.mark.parametrize("shape", [POINTS, PICTURES], ids=str)
def test_both_players_are_told_the_class(shape: tuple[int, ...]) -> None:
    model, x, z = make(shape, conditional=True), items(shape), torch.randn(24, 3)
    first, second = torch.zeros(24, dtype=torch.int64), torch.ones(24, dtype=torch.int64)
    optimizers = model.optimizers()
    for _ in range(2):  # conditional batch norm starts the same for every class
        model.step(x, torch.arange(24) % 3, optimizers)
    seen = model.discriminator.trunk(x)
    # Miyato 2018, equation 3: what is seen, projected on the class, beside the verdict without one.
    gain = seen @ model.discriminator.embedding.weight[1]
    torch.testing.assert_close(model.discriminator.verdict(seen, second), model.discriminator.verdict(seen, None) + gain)
    assert not torch.equal(model.decode(z, first), model.decode(z, second))


def test_made_items_are_of_the_classes_of_the_real_ones_beside_them() -> None:
    model, labels, told = make(conditional=True, discriminator_updates=2), torch.arange(24) % 3, []
    model.generator.register_forward_pre_hook(lambda module, inputs: told.append(inputs[1]))
    model.step(items(POINTS), labels, model.optimizers())
    assert torch.equal(torch.cat(told), labels)


@pytest.mark.parametrize("options", [{}, {"categories": 3}], ids=str)
def test_who_is_not_told_labels_does_not_look_at_them(options: dict[str, Any]) -> None:
    told, untold = make(**options), make(**options)
    for model, labels in ((told, torch.arange(24)), (untold, None)):
        torch.manual_seed(1)
        model.step(items(POINTS), labels, model.optimizers())
    assert all(torch.equal(value, untold.state_dict()[name]) for name, value in told.state_dict().items())


def test_gradients_lengths_are_those_of_all_weights_together() -> None:
    model = make()
    optimizers, lengths = model.optimizers(), {}
    for name, optimizer in optimizers.items():

        def measure(*_: Any, name: str = name) -> None:
            gradients = [weight.grad.flatten() for weight in getattr(model, name).parameters()]
            lengths.setdefault(name, []).append(torch.cat(gradients).norm())

        optimizer.register_step_pre_hook(measure)
    metrics = [model.step(items(POINTS), None, optimizers) for _ in range(17)]
    for name, key in (("discriminator", "d_grad"), ("generator", "g_grad")):
        for step, looked in ((0, 0), (9, 0), (16, 16)):  # taken every 16 steps, told at each
            torch.testing.assert_close(metrics[step][key], lengths[name][looked])


def blobs(n: int, labels: Tensor) -> Tensor:
    """Three groups of points around the corners of a triangle."""
    corners = torch.tensor([[0.0, 1.2], [1.1, -0.7], [-1.1, -0.7]])
    return corners[labels] + 0.1 * torch.randn(n, 2)


def played(steps: int, **options: Any) -> GAN:
    """Train on fresh draws of the blobs."""
    options = {
        "width": 64,
        "generator_rate": 2e-3,
        "discriminator_rate": 2e-3,
        "regularizer": "gradient penalty",
        "momentum": 0.0,
    } | options
    model = make(**options)
    optimizers = model.optimizers()
    for _ in range(steps):
        labels = torch.randint(3, (96,))
        model.step(blobs(96, labels), labels, optimizers)
    return model.eval()


def test_a_conditional_gan_draws_the_class_it_is_asked_for() -> None:
    model, labels = played(400, conditional=True), torch.arange(300) % 3
    made = model.decode(torch.randn(300, 3), labels)
    nearest = torch.cdist(made, torch.tensor([[0.0, 1.2], [1.1, -0.7], [-1.1, -0.7]])).argmin(dim=1)
    assert (nearest == labels).float().mean() > 0.95


def test_categories_found_without_labels_are_the_groups_of_the_data() -> None:
    model, truth = played(600, categories=3), torch.arange(300) % 3
    found = model.categorize(blobs(300, truth))
    assert scores.agreement(found.numpy(), truth.numpy())["nmi"] > 0.7
    drawn = torch.arange(300) % 3
    assert (model.categorize(model.decode(torch.randn(300, 3), drawn)) == drawn).float().mean() > 0.9


def test_information_is_the_logarithm_of_the_categories_where_each_is_recognised() -> None:
    model = make(categories=4)
    wanted = torch.tensor([2, 0, 3])
    model.discriminator.recognize = lambda seen: 100.0 * nn.functional.one_hot(wanted, 4).float()
    assert model._information(torch.zeros(3, 16), wanted).item() == pytest.approx(math.log(4), abs=1e-5)
    model.discriminator.recognize = lambda seen: torch.zeros(3, 4)
    assert model._information(torch.zeros(3, 16), wanted).item() == pytest.approx(0.0, abs=1e-6)
