"""The recipe of a run: what is trained on what, with every value explicit."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

from genlib import choices, data
from genlib.choices import knob


@dataclass(frozen=True)
class Config:
    """The whole recipe of a run. `create` checks and completes it; what stands in config.json is explicit."""

    dataset: str
    model: str
    size: int | None = None  # pixels a side; None for points
    channels: int | None = None  # 1 grey, 3 colour; None for points
    classes: int = 0  # that the model is told of; 0 unless it is conditional
    title: str = ""
    latent_dim: int = knob(
        16, 1, 512, "How many numbers describe one item. Two can be drawn as a map; more keep finer detail.", label="Latent dimensions"
    )
    batch_size: int = knob(128, 2, 4096, "How many items each step looks at. More is steadier, fewer is quicker.")
    steps: int = knob(3000, 1, 10_000_000, "How many updates in all. You can stop at any time and go on later.")
    rate_warmup: int = knob(
        0,
        0,
        1_000_000,
        "Steps over which the learning rates grow from nothing to their own values, so that a large rate begins gently.",
        label="Learning-rate warm-up",
        level="advanced",
    )
    rate_decay: float = knob(
        0.0,
        0.0,
        1.0,
        "Share of the run, at its end, over which the learning rates fall to nothing: what still jumps about then settles.",
        label="Learning-rate decay",
        level="advanced",
    )
    seed: int = knob(0, 0, 2**31 - 1, "Where chance starts. The same recipe with the same seed gives the same run.", level="advanced")
    options: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def create(cls, dataset: str, model: str, options: dict[str, Any] | None = None, **rest: Any) -> Config:
        """Check every value and write out every automatic one. Raises ValueError with a sentence."""
        import torch

        from genlib.models import MODELS, settle

        source = choices.pick("data set", dataset, data.sources())
        row = choices.pick("model", model, MODELS)
        known = {f.name for f in dataclasses.fields(cls)}
        for name in rest:
            if name not in known:
                raise ValueError(choices.unknown("field", name, known))
        for name, what in choices.knobs(cls).items():
            if name in rest:
                rest[name] = what.check(rest[name])
        size = _size(source, rest.pop("size", None))
        channels = source.channels if size else None
        shape: tuple[int, ...] = (source.channels, size, size) if size else (2,)
        device = torch.accelerator.current_accelerator(check_available=True) or torch.device("cpu")
        given = choices.fill(row.options, options)
        if hasattr(given, "suited"):
            given = given.suited(source.count if size else None)
        chosen = settle(model, shape, dataclasses.asdict(given), device.type)
        _check_packs(int(rest.get("batch_size", cls.batch_size)), int(chosen.get("packing", 1)))
        rest["classes"] = _classes(dataset, size) if chosen.get("conditional") else 0
        rest["title"] = str(rest.get("title") or "").strip()[:120] or f"{row.label} on {source.label}"
        return cls(dataset=dataset, model=model, size=size, channels=channels, options=chosen, **rest)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Config:
        """Read config.json; raise ValueError naming a key that is not known."""
        known = {f.name for f in dataclasses.fields(cls)}
        for name in value:
            if name not in known:
                raise ValueError(choices.unknown("key of config.json", name, known))
        return cls(**value)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one item as a tensor: (channels, size, size), or (2,) for points."""
        return (self.channels, self.size, self.size) if self.size and self.channels else (2,)

    def rate(self, step: int) -> float:
        """Return the share of their learning rates that the optimizers take in a step, counted from 0."""
        rising = (step + 1) / self.rate_warmup if self.rate_warmup else 1.0
        falling = (self.steps - step) / (self.rate_decay * self.steps) if self.rate_decay else 1.0
        return min(1.0, rising, falling)

    def to_json(self) -> dict[str, Any]:
        """Return the recipe as config.json holds it."""
        return dataclasses.asdict(self)


def _check_packs(batch_size: int, packing: int) -> None:
    if batch_size % packing:
        raise ValueError(f"batch_size must be a multiple of packing, so that every pack is full, got {batch_size} and {packing}")


def _classes(dataset: str, size: int | None) -> int:
    loaded = data.load(dataset, size)
    if len(loaded.classes) < 2 or (loaded.labels < 0).any():
        raise ValueError(f"conditional needs a class for every item, which {dataset} does not have; set conditional to false")
    return len(loaded.classes)


def _size(source: data.Source, size: int | None) -> int | None:
    if source.kind == "points":
        if size is not None:
            raise ValueError("size is for pictures; this data set has points")
        return None
    chosen = size or source.sizes[0]
    if chosen not in source.sizes:
        raise ValueError(f"size must be one of {', '.join(map(str, source.sizes))}, got {chosen}")
    return chosen
