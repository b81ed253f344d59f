"""Everything that training changes: weights, averaged weights, optimizers, random numbers; and one step of it.

Apart from the loop because a step knows nothing of clocks, files and people.
"""

from __future__ import annotations

import copy
from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from genlib.changes import Change
from genlib.choices import Value
from genlib.config import Config
from genlib.feed import Feed
from genlib.models.base import Model, Optimizers


class State:
    """Everything that training changes."""

    def __init__(self, model: Model, config: Config | None = None) -> None:
        self.config = config  # for its schedule of learning rates; without one they stay
        self.model = model.train()
        if len(model.shape) == 3:
            self.model.to(memory_format=torch.channels_last)
        self.averaged = copy.deepcopy(model).eval() if model.ema else model
        self.optimizers = model.optimizers()
        self.step = 0
        self.seconds = 0.0
        self.upcoming: deque[Change] = deque()  # knobs that an earlier life of the run turned at steps that are still to come

    def advance(self, feed: Feed) -> dict[str, Tensor]:
        """Do one step and let the averaged weights follow."""
        self.catch_up()
        self.schedule_rates()
        with precision(self.model):
            metrics = self.model.step(*feed.batch(self.step, self.model.batches), self.optimizers)
        self.step += 1
        if self.averaged is not self.model:
            # The warm-up lets the average forget the random start (recipes of the field; TensorFlow's moving average has the same).
            follow(self.averaged, self.model, min(self.model.ema, (1 + self.step) / (10 + self.step)))
        return metrics

    def schedule_rates(self) -> None:
        """Give the optimizers the learning rates of this step, where they change with the steps."""
        if self.config is None or not (self.config.rate_warmup or self.config.rate_decay):
            return
        share = self.config.rate(self.step)
        for name, rate in self.model.learning_rates().items():
            for group in self.optimizers[name].param_groups:
                group["lr"] = share * rate

    def turn(self, options: Mapping[str, Value]) -> None:
        """Turn live knobs of the model and of its averaged twin."""
        settled = replace(self.model.options, **options)
        for model in (self.model, self.averaged):
            model.turn(settled, self.optimizers)

    def catch_up(self) -> None:
        """Turn the knobs that were turned at this step or before."""
        while self.upcoming and self.upcoming[0].step <= self.step:
            self.turn(self.upcoming.popleft().options)

    def checkpoint(self) -> dict[str, Any]:
        """Collect everything that going on exactly as before needs: tensors and plain data."""
        accelerator = {} if self.model.device.type == "cpu" else {"accelerator": torch.get_device_module().get_rng_state()}
        return {
            "step": self.step,
            "seconds": self.seconds,
            "model": self.model.state_dict(),
            "averaged": self.averaged.state_dict() if self.averaged is not self.model else None,
            "optimizers": {name: optimizer.state_dict() for name, optimizer in self.optimizers.items()},
            "random": {"cpu": torch.get_rng_state(), **accelerator},
        }

    def restore(self, saved: dict[str, Any]) -> None:
        """Take over what `checkpoint` collected."""
        self.step, self.seconds = saved["step"], saved["seconds"]
        self.model.load_state_dict(saved["model"])
        if saved["averaged"]:
            self.averaged.load_state_dict(saved["averaged"])
        for name, optimizer in self.optimizers.items():
            optimizer.load_state_dict(saved["optimizers"][name])
        torch.set_rng_state(saved["random"]["cpu"].cpu())
        if "accelerator" in saved["random"]:
            torch.get_device_module().set_rng_state(saved["random"]["accelerator"].cpu())


def precision(model: Model) -> torch.autocast:
    """Multiply in bfloat16 where the model takes it and the processor has it; weights, sums and losses stay float32."""
    can: dict[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()  # older versions of torch do not tell
    fast = model.device.type == "cuda" or bool(can.get("avx512_bf16"))
    return torch.autocast(model.device.type, torch.bfloat16, enabled=model.takes_bfloat16 and fast)


@torch.no_grad()
def follow(averaged: Model, model: Model, decay: float) -> None:
    """Move averaged weights towards the model's; copy what is not a weight."""
    torch._foreach_lerp_(list(averaged.parameters()), list(model.parameters()), 1 - decay)
    for mine, theirs in zip(averaged.buffers(), model.buffers(), strict=True):
        mine.copy_(theirs)


def rehearse(model: Model, optimizers: Optimizers, batch: tuple[Tensor, Tensor]) -> None:
    """Do one step and undo it: memory that is too small shows here, and the first real step is quick. Leaves no trace.

    Weights, batch-norm statistics, optimizer states and random numbers are afterwards what they were, bit for bit.
    """
    weights = {name: value.clone() for name, value in model.state_dict().items()}
    states = {name: copy.deepcopy(optimizer.state_dict()) for name, optimizer in optimizers.items()}
    with torch.random.fork_rng(enabled=True):
        model.step(*batch, optimizers)
    model.load_state_dict(weights)
    for name, optimizer in optimizers.items():
        optimizer.load_state_dict(states[name])
        optimizer.zero_grad(set_to_none=True)
