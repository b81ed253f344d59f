"""Runs trained for a figure: by a preset's name, to their end or for some seconds, with every core of the machine."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, pstdev
from typing import Any

import torch

from benchmarks.report import Figure
from genlib.config import Config
from genlib.models import build
from genlib.models.base import Model
from genlib.presets import PRESETS
from genlib.runs import Run
from genlib.train import pick_device, train


class Missing(LookupError):
    """A row cannot be measured here; the message says why."""


@dataclass(frozen=True)
class Asked:
    """What was asked for: the seeds, a folder for runs, and how long a run that is limited by time may train."""

    seeds: Sequence[int]
    folder: Path
    seconds: float


@dataclass(frozen=True)
class Trained:
    """A trained model, its run, and the seconds of training that it took."""

    model: Model
    run: Run
    seconds: float


def recipe(dataset: str, preset: str, seed: int, **changes: Any) -> Config:
    """Write down a preset's recipe for a data set and a seed, some fields changed. Raises Missing where there is no such preset."""
    if preset not in PRESETS:
        raise Missing(f"there is no preset {preset}")
    values = dict(PRESETS[preset].values) | changes
    return Config.create(dataset, PRESETS[preset].model, values.pop("options", {}), **values | {"seed": seed})


def trained(config: Config, folder: Path, seconds: float | None = None) -> Trained:
    """Train to the recipe's end, or for some seconds of training; the weights are those of the last step."""
    run, device = Run.create(config, folder), pick_device()
    torch.set_num_threads(os.cpu_count() or 1)  # nobody is watching: no core is left to the page
    took, steps = 0.0, train(run, device)
    for progress in steps:
        took = progress.seconds
        if seconds is not None and took >= seconds:
            break
    steps.close()
    saved = run.checkpoint()
    assert saved is not None
    model = build(config, config.shape)
    model.load_state_dict(saved["averaged"] or saved["model"])
    print(f"  {config.model} on {config.dataset}, seed {config.seed}: {saved['step']} steps in {took:.1f} s", flush=True)
    return Trained(model.eval(), run, took)


def over_seeds(name: str, values: Sequence[float], unit: str = "", bar: float | None = None, least: bool = False) -> list[Figure]:
    """The mean over seeds against its bar, and their standard deviation told along."""
    return [Figure(f"{name}, mean of {len(values)}", fmean(values), unit, bar, least), Figure(f"{name}, spread", pstdev(values), unit)]
