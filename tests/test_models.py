"""The contract that every row of MODELS keeps, on every trunk and every kind of item."""

from __future__ import annotations

import copy
import itertools
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from genlib.choices import knobs
from genlib.models import MODELS, build, settle
from genlib.models.base import Model

PICTURE_SHAPES = [(1, 28, 28), (3, 16, 16), (3, 48, 48)]
TRUNKS = ("mlp", "conv", "residual")
N, CLASSES = 12, 3


@dataclass(frozen=True)
class Case:
    model: str
    shape: tuple[int, ...]
    options: dict[str, Any] = field(default_factory=dict)
    latent_dim: int = 5

    def __str__(self) -> str:
        return "-".join([self.model, "x".join(map(str, self.shape)), *map(str, self.options.values())])

    def build(self, seed: int = 0, **more: Any) -> Model:
        torch.manual_seed(seed)
        options = settle(self.model, self.shape, {"width": 8} | self.options | more)
        classes = CLASSES if options.get("conditional") else 0
        return build(SimpleNamespace(model=self.model, latent_dim=self.latent_dim, classes=classes, options=options), self.shape)

    def batch(self, n: int = N) -> Tensor:
        return torch.rand(n, *self.shape, generator=torch.Generator().manual_seed(1)) * 2 - 1

    def items(self, n: int = N) -> np.ndarray:
        generator = np.random.default_rng(1)
        if len(self.shape) == 1:
            return generator.standard_normal((n, 2)).astype(np.float32)
        return generator.integers(0, 256, (n, *self.shape[1:], self.shape[0]), dtype=np.uint8)


CASES = [Case(name, shape, {"trunk": trunk}) for name, shape, trunk in itertools.product(MODELS, PICTURE_SHAPES, TRUNKS)]
CASES += [Case(name, (2,)) for name in MODELS]
CASES += [Case("vae", (1, 16, 16), more) for more in ({"conditional": True}, {"prior": "mixture", "mixture_start": 1}, {"tc_weight": 3.0})]
CASES += [Case("gan", (3, 16, 16), {"regularizer": name}) for name in ("r1", "gradient penalty", "weight clipping")]
CASES += [Case("gan", (1, 16, 16), {"conditional": True, "regularizer": "spectral norm"}), Case("gan", (2,), {"categories": 3})]
CASES += [Case("gan", (3, 16, 16), {"categories": 2, "augment": "on", "instance_noise": 0.1, "noise_steps": 9, "dropout": 0.2})]
CASES += [Case("gan", (1, 16, 16), {"packing": 2, "regularizer": "gradient penalty", "smoothing": 0.1}), Case("gan", (2,), {"packing": 3})]
CASES += [Case("ae", (1, 16, 16), {"noise": 0.1, "sparsity": 1.0, "dropout": 0.2, "weight_decay": 0.1})]
CASES += [Case("vae-gan", shape, {"conditional": True, "trunk": trunk}) for shape, trunk in (((1, 16, 16), "conv"), ((2,), "mlp"))]
every_case = pytest.mark.parametrize("case", CASES, ids=str)


def train(model: Model, batch: Tensor, steps: int, seed: int = 0) -> dict[str, Tensor]:
    optimizers = model.optimizers()
    torch.manual_seed(seed)
    metrics: dict[str, Tensor] = {}
    for _ in range(steps):
        metrics = model.step(batch, labels_for(model, len(batch)), optimizers)
    return metrics


def labels_for(model: Model, n: int) -> Tensor | None:
    """What a model with groups has to be told of n items."""
    return torch.arange(n) % model.groups if model.groups else None


def weights(model: Model) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in model.state_dict().items()}


@every_case
def test_shapes_and_ranges(case: Case) -> None:
    model = case.build()
    decoded = model.decode(torch.randn(N, case.latent_dim), labels_for(model, N))
    assert decoded.shape == (N, *case.shape)
    if len(case.shape) == 3:
        assert decoded.abs().max() <= 1
    features = model.features(case.batch())
    assert features.shape[0] == N and features.ndim == 2 and features.isfinite().all()
    if model.has_encoder:
        assert model.encode(case.batch()).shape == (N, case.latent_dim)
    else:
        with pytest.raises(TypeError, match="no encoder"):
            model.encode(case.batch())


@every_case
def test_every_parameter_gets_a_gradient_and_moves(case: Case) -> None:
    model = case.build()
    before, seen = weights(model), set()
    for name, parameter in model.named_parameters():
        parameter.register_post_accumulate_grad_hook(lambda p, name=name: seen.add(name) if p.grad.abs().sum() > 0 else None)
    train(model, case.batch(), 4)
    names = {name for name, _ in model.named_parameters()}
    assert names - seen == set()
    assert {name for name in names if torch.equal(before[name], model.state_dict()[name])} == set()


@every_case
def test_metrics_are_detached_finite_scalars(case: Case) -> None:
    for name, value in train(case.build(), case.batch(), 3).items():
        assert value.ndim == 0 and not value.requires_grad and value.float().isfinite(), name


@every_case
def test_a_step_never_waits_for_the_device(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    model = case.build()
    optimizers = model.optimizers()

    def waits(*_: Any, **__: Any) -> None:
        raise AssertionError("a step read a value from the device")

    with monkeypatch.context() as patched:
        for name in ("item", "tolist", "numpy", "cpu", "__bool__", "__float__", "__int__", "__index__"):
            patched.setattr(torch.Tensor, name, waits)
        for _ in range(2):
            model.step(case.batch(), labels_for(model, N), optimizers)


@every_case
def test_numpy_faces_take_and_give_pixels(case: Case) -> None:
    model, items = case.build(), case.items()
    made = model.generate(np.random.default_rng(0).standard_normal((N, case.latent_dim)).astype(np.float32))
    assert made.shape == items.shape and made.dtype == items.dtype
    assert model.describe(items).dtype == np.float32
    if model.has_encoder:
        assert model.embed(items).shape == (N, case.latent_dim)


@every_case
def test_numpy_faces_do_not_depend_on_the_rest_of_the_batch(case: Case) -> None:
    model = case.build()
    train(model, case.batch(), 3)
    items, codes = case.items(700), np.random.default_rng(0).standard_normal((700, case.latent_dim)).astype(np.float32)
    faces = [(lambda codes: model.generate(codes, np.zeros(len(codes), np.int64)), codes), (model.describe, items)] + (
        [(model.embed, items)] if model.has_encoder else []
    )
    for face, inputs in faces:
        together, alone = face(inputs), np.concatenate([face(inputs[row : row + 1]) for row in (0, 3, 511, 512, 699)])
        level = 1 if together.dtype == np.uint8 else 1e-4  # sums of floats in another order
        assert np.abs(together[[0, 3, 511, 512, 699]].astype(float) - alone).max() <= level, face.__name__


@every_case
def test_looking_at_a_model_changes_nothing(case: Case) -> None:
    model = case.build().train()
    train(model, case.batch(), 1)
    before, random = weights(model), torch.get_rng_state()
    model.generate(np.zeros((3, case.latent_dim), np.float32))
    model.describe(case.items())
    model.prior(3, torch.Generator().manual_seed(0))
    if model.has_encoder:
        model.embed(case.items())
    assert model.training and torch.equal(random, torch.get_rng_state())
    assert all(torch.equal(before[name], value) for name, value in weights(model).items())


@every_case
def test_weights_survive_a_file(case: Case, tmp_path: Any) -> None:
    model = case.build()
    train(model, case.batch(), 2)
    save_file({name: value.contiguous() for name, value in model.state_dict().items()}, tmp_path / "model.safetensors")
    other = case.build(seed=1)
    other.load_state_dict(load_file(tmp_path / "model.safetensors"))
    codes = np.random.default_rng(0).standard_normal((4, case.latent_dim)).astype(np.float32)
    assert np.array_equal(model.generate(codes), other.generate(codes))
    assert np.array_equal(model.describe(case.items()), other.describe(case.items()))


@every_case
@pytest.mark.parametrize("after", [1, 16])  # 16: a lazy regularizer falls due in the step that follows
def test_going_on_from_a_copy_equals_going_on(case: Case, after: int) -> None:
    model = case.build()
    optimizers = model.optimizers()
    torch.manual_seed(0)
    for _ in range(after):
        model.step(case.batch(), labels_for(model, N), optimizers)
    other = case.build(seed=1)
    other.load_state_dict(model.state_dict())
    others = other.optimizers()
    for name, optimizer in optimizers.items():
        others[name].load_state_dict(copy.deepcopy(optimizer.state_dict()))
    for each, with_these in ((model, optimizers), (other, others)):
        torch.manual_seed(5)
        for _ in range(2):
            each.step(case.batch(), labels_for(model, N), with_these)
    assert all(torch.equal(value, other.state_dict()[name]) for name, value in model.state_dict().items())


@every_case
def test_measures_are_sums_over_items(case: Case) -> None:
    model = case.build().eval()
    train(model, case.batch(), 2)
    for value in model.measure(case.batch(), labels_for(model, N)).values():
        assert value.ndim == 0 and value.isfinite()


@pytest.mark.parametrize("case", [case for case in CASES if case.build().takes_bfloat16], ids=str)
def test_a_step_may_run_under_bfloat16_autocast(case: Case) -> None:
    exact, coarse = case.build(), case.build()
    wanted = train(exact, case.batch(), 1)
    with torch.autocast("cpu", torch.bfloat16):
        got = train(coarse, case.batch(), 1)
    name = "loss" if "loss" in wanted else "d_loss"
    assert got[name].dtype == torch.float32
    assert got[name].item() == pytest.approx(wanted[name].item(), rel=0.02)
    assert all(parameter.dtype == torch.float32 for parameter in coarse.parameters())


def test_autocast_never_keeps_weights_of_before_an_update() -> None:
    """Autocast caches weights until it ends: a second update within one step would see those of before the first."""
    case = Case("gan", (1, 16, 16), {"trunk": "mlp", "discriminator_updates": 3, "discriminator_rate": 0.01})
    models = [case.build(), case.build()]
    for model, cached in zip(models, (True, False), strict=True):
        with torch.autocast("cpu", torch.bfloat16, cache_enabled=cached):
            train(model, case.batch(), 1)
    assert all(torch.equal(value, models[1].state_dict()[name]) for name, value in models[0].state_dict().items())


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 64, 64), (2,)], ids=str)
def test_settling_leaves_nothing_automatic_and_changes_nothing_twice(name: str, shape: tuple[int, ...]) -> None:
    settled = settle(name, shape, {}, "cpu")
    assert list(settled) == list(knobs(MODELS[name].options))
    assert "auto" not in settled.values() and settled["width"]
    assert settle(name, shape, settled, "cuda") == settled
    if len(shape) == 3:
        assert settle(name, shape, {}, "cuda")["width"] == 64


@pytest.mark.parametrize(
    ("name", "shape", "options", "sentence"),
    [
        ("vae", (2,), {"trunk": "conv"}, "take trunk mlp"),
        ("gan", (1, 28, 32), {"trunk": "conv"}, "square pictures"),
        ("vae", (1, 30, 30), {}, "take size 16, 28"),
        ("vae", (2,), {"likelihood": "bernoulli"}, "take likelihood gaussian"),
        ("vae", (1, 28, 28), {"layers": 2}, "set layers to 0"),
        ("vae", (2,), {"beta": 0.0, "free_bits": 0.1}, "free_bits has no effect"),
        ("vae", (2,), {"beta": 0.0, "kl_warmup": 10}, "kl_warmup has no effect"),
        ("vae", (2,), {"likelihood": "continuous bernoulli"}, "take likelihood gaussian"),
        ("vae", (2,), {"beta": 0.0, "tc_weight": 2.0}, "tc_weight has no effect"),
        ("vae", (2,), {"beta": 0.0, "capacity": 2.0}, "capacity has no effect"),
        ("vae", (2,), {"capacity": 5.0, "kl_warmup": 10}, "set kl_warmup to 0"),
        ("vae", (2,), {"capacity": 5.0, "free_bits": 0.1}, "set free_bits to 0"),
        ("vae", (2,), {"capacity": 5.0, "tc_weight": 2.0}, "set tc_weight to 1"),
        ("vae", (2,), {"capacity_steps": 10}, "capacity above 0"),
        ("vae", (2,), {"prior": "mixture", "conditional": True}, "set conditional to false"),
        ("vae", (2,), {"prior": "mixture", "components": 1}, "take components from 2"),
        ("vae", (2,), {"prior": "mixture", "tc_weight": 2.0}, "set tc_weight to 1"),
        ("vae", (2,), {"prior": "mixture", "free_bits": 0.1}, "set free_bits to 0"),
        ("vae", (2,), {"components": 5}, "take prior mixture"),
        ("vae", (2,), {"mixture_start": 5}, "take prior mixture"),
        ("gan", (2,), {"loss": "wasserstein"}, "set regularizer to gradient penalty"),
        ("gan", (2,), {"penalty_weight": 1.0}, "penalty_weight has no effect"),
        (
            "gan",
            (2,),
            {"penalty_weight": 1.0, "regularizer": "spectral norm"},
            "no effect with regularizer spectral norm",
        ),
        (
            "gan",
            (2,),
            {"loss": "wasserstein", "regularizer": "r1"},
            "gradient penalty, spectral norm or weight clipping",
        ),
        ("gan", (2,), {"clip": 0.1}, "set regularizer to weight clipping"),
        ("gan", (2,), {"loss": "hinge", "smoothing": 0.1}, "set smoothing to 0"),
        ("gan", (2,), {"noise_steps": 10}, "set instance_noise above 0"),
        ("gan", (2,), {"categories": 1}, "set categories to 2 or more"),
        ("gan", (2,), {"information": 1.0}, "set categories to 2 or more"),
        ("gan", (2,), {"conditional": True, "categories": 3}, "set one of them to false or 0"),
        ("gan", (2,), {"conditional": True, "packing": 2}, "set packing to 1"),
        ("gan", (2,), {"categories": 3, "packing": 2}, "set packing to 1"),
        ("gan", (2,), {"augment": "on"}, "set augment to auto or off"),
        ("gan", (2,), {"lr": 1.0}, "there is no knob called 'lr'"),
        ("ae", (1, 28, 28), {"trunk": "residual", "layers": 2}, "a residual trunk, whose layers follow"),
        ("vae-gan", (1, 16, 16), {"feature_layer": 4}, "from 1 to 3"),
        ("vae-gan", (2,), {"feature_layer": 4}, "from 1 to 3"),
        ("vae-gan", (2,), {"loss": "wasserstein"}, "loss must be one of non-saturating"),
        ("gun", (2,), {}, "Did you mean gan"),
    ],
)
def test_knobs_that_cannot_go_together_are_refused_with_a_way_out(name: str, shape: tuple[int, ...], options: Any, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        settle(name, shape, options)


def _turned(name: str) -> list[tuple[str, Any]]:
    """Every knob of a model with another value than a picture gets by default; every possible one of a choice."""
    found: list[tuple[str, Any]] = []
    taken = settle(name, (1, 16, 16), {})
    for knob in knobs(MODELS[name].options).values():
        choices: list[Any] = [value for value in knob.values if value not in ("auto", taken[knob.name])]
        turned: Any = True if knob.kind is bool else TURNED.get(knob.name, 3 if knob.kind is int else 0.3)
        found += [(knob.name, value) for value in choices or [turned]]
    return found


# Values of knobs that change the result within three steps, where 0.3 or 3 would not, or would be out of range.
TURNED: dict[str, Any] = {"width": 12, "layers": 2, "learning_rate": 0.01, "generator_rate": 0.01, "discriminator_rate": 0.01}
TURNED |= {"capacity": 20.0, "capacity_steps": 1000, "mixture_start": 1, "encoder_rate": 0.01, "decoder_rate": 0.01}
# What a knob's value itself needs beside it.
NEEDED: dict[Any, dict[str, Any]] = {"wasserstein": {"regularizer": "gradient penalty"}, "mixture": {"mixture_start": 1}}
# What a knob needs beside it to have an effect; both runs get it.
COMPANY: dict[tuple[str, str], dict[str, Any]] = {
    ("gan", "penalty_weight"): {"regularizer": "gradient penalty"},
    ("vae", "layers"): {"trunk": "mlp"},
    ("vae", "capacity_steps"): {"capacity": 5.0},
    ("vae", "components"): {"prior": "mixture", "mixture_start": 1},
    ("vae", "mixture_start"): {"prior": "mixture"},
    ("gan", "layers"): {"trunk": "mlp"},
    ("ae", "layers"): {"trunk": "mlp"},
    ("vae-gan", "layers"): {"trunk": "mlp"},
    ("gan", "clip"): {"regularizer": "weight clipping"},
    ("gan", "information"): {"categories": 3},
    ("gan", "noise_steps"): {"instance_noise": 0.1},
}


@pytest.mark.parametrize(("name", "knob", "value"), [(name, *turned) for name in MODELS for turned in _turned(name)])
def test_every_knob_changes_the_result(name: str, knob: str, value: Any) -> None:
    case = Case(name, (1, 16, 16), COMPANY.get((name, knob), {}))
    plain, other = case.build(), case.build(**{knob: value} | NEEDED.get(value, {}))
    if knob == "ema":  # the loop's affair: it asks the model for it
        assert plain.ema != other.ema == value
        return
    train(plain, case.batch(), 3)
    train(other, case.batch(), 3)
    codes = torch.randn(64, case.latent_dim, generator=torch.Generator().manual_seed(2))
    decoded = [model.decode(codes, labels_for(model, 64)) for model in (plain, other)]
    assert not torch.equal(*decoded)


@pytest.mark.parametrize("name", MODELS)
def test_live_knobs_take_effect_while_training(name: str) -> None:
    values = {"capacity": 20.0, "discriminator_updates": 3, "noise_steps": 2}
    for knob in knobs(MODELS[name].options).values():
        if not knob.live:
            continue
        case = Case(name, (2,), COMPANY.get((name, knob.name), {}))
        model, turned = case.build(), case.build()
        optimizers, others = model.optimizers(), turned.optimizers()
        turned.turn(type(turned.options)(**vars(turned.options) | {knob.name: values.get(knob.name, 0.05)}), others)
        for each, these in ((model, optimizers), (turned, others)):
            torch.manual_seed(3)
            for _ in range(3):
                each.step(case.batch(), labels_for(model, N), these)
        assert any(not torch.equal(value, turned.state_dict()[key]) for key, value in model.state_dict().items()), knob.name
