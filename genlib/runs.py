"""A run is a folder: recipe, log, samples, weights, and what the page wants of its worker. The only code that writes there."""

from __future__ import annotations

import dataclasses
import functools
import json
import math
import re
import secrets
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from genlib import ASSETS, files, home, images
from genlib.changes import Change, made, pending
from genlib.choices import Value
from genlib.config import Config
from genlib.history import columns

if TYPE_CHECKING:
    from genlib.models.base import Model

Wish = dict[str, Any]
NAME = re.compile(r"[a-z0-9-]{1,64}")


class LeaseLost(RuntimeError):
    """Somebody else took charge of the run: the old worker leaves without writing."""


class Damaged(ValueError):
    """A file of the run is not what was written; the message names it."""


def runs_folder(root: Path | None = None) -> Path:
    """Return the folder that holds the runs: the given one, else the app's own."""
    return root or home() / "runs"


@dataclass(frozen=True)
class Run:
    """One run. `token` is held by the worker in charge only: with it every write first looks whether the lease is still his."""

    folder: Path
    token: str | None = None

    @classmethod
    def create(cls, config: Config, root: Path | None = None) -> Run:
        """Make the folder and write the recipe first."""
        name = f"{config.model}-{config.dataset}"[:40] + time.strftime("-%m%d-%H%M%S-") + secrets.token_hex(2)
        run = cls(runs_folder(root) / name)
        run.folder.mkdir(parents=True)
        files.write_json(run.folder / "config.json", config.to_json())
        run.note("created")
        return run

    @classmethod
    def all(cls, root: Path | None = None, bundled: bool = True) -> list[Run]:
        """List the runs, newest first; the bundled examples last."""
        runs = sorted(cls._listed(runs_folder(root)), key=lambda run: run.created, reverse=True)
        return runs + (sorted(cls._listed(ASSETS / "runs"), key=lambda run: run.created) if bundled else [])

    @classmethod
    def find(cls, name: str | None, root: Path | None = None) -> Run | None:
        """Look a name up in the listing; it is never joined to a path."""
        return next((run for run in [*cls._listed(runs_folder(root)), *cls._listed(ASSETS / "runs")] if run.name == name), None)

    @classmethod
    def _listed(cls, folder: Path) -> list[Run]:
        return [cls(path) for path in folder.glob("*") if NAME.fullmatch(path.name) and (path / "config.json").is_file()]

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def bundled(self) -> bool:
        return self.folder.parent == ASSETS / "runs"

    @property
    def config(self) -> Config:
        """Read the recipe. Raises Damaged where it cannot be read."""
        try:
            return Config.from_json(files.read_json(self.folder / "config.json"))
        except (ValueError, TypeError) as error:
            raise Damaged(f"{self.name}/config.json cannot be read: {error}") from error

    @property
    def created(self) -> float:
        events = self.events()
        return float(events[0]["time"]) if events else 0.0

    def events(self) -> list[dict[str, Any]]:
        """What people did and what went wrong, oldest first: dicts with event, time (seconds since 1970) and details."""
        return files.read_lines(self.folder / "events.jsonl")

    def note(self, event: str, **details: Any) -> None:
        """Add an event."""
        self._check_lease()
        files.append(self.folder / "events.jsonl", json.dumps({"event": event, "time": time.time(), **details}))

    def log(self, values: dict[str, float]) -> None:
        """Add a line of metrics."""
        self._check_lease()
        files.append(self.folder / "metrics.jsonl", json.dumps(values))

    def history(self) -> dict[str, np.ndarray]:
        """Return the log as columns: step, seconds and each metric, nan where a line lacks it."""
        return columns(self.folder / "metrics.jsonl").read()

    def rewind(self, step: int) -> None:
        """Forget what was logged after a step: a resumed run tells it again."""
        self._check_lease()
        path = self.folder / "metrics.jsonl"
        kept = [line for line in files.read_lines(path) if line["step"] <= step]
        files.write(path, "".join(json.dumps(line) + "\n" for line in kept).encode())

    # Knobs that were turned while it trained: told by the events alone, which nothing ever rewrites.

    def changes(self) -> list[Change]:
        """What was turned and at which step, oldest first."""
        return made(self.events())

    def asked(self) -> list[dict[str, Value]]:
        """What a person turned and the loop has not taken over yet, oldest first."""
        return pending(self.events())

    def options_at(self, step: float = math.inf) -> dict[str, Value]:
        """The model's options in force after so many steps; without a number, the last ones."""
        turned = [change.options for change in self.changes() if change.step <= step]
        return functools.reduce(dict.__or__, turned, dict(self.config.options))

    def wanted(self) -> dict[str, Value]:
        """The model's options as they will be when all that was asked for is taken over."""
        return functools.reduce(dict.__or__, self.asked(), self.options_at())

    # Pictures of the training: `kind` is samples (the same codes each time) or reconstructions (originals above, their copies below).

    def draw(self, kind: str, items: np.ndarray, step: int | None = None) -> None:
        """Keep a montage (H, W, c) or points (n, 2): for a step, or without one as the latest."""
        name = "live" if step is None else f"{step:08d}"
        if items.dtype == np.uint8:
            self._write(f"{kind}/{name}.png", images.png(items))
        else:
            self._write(f"{kind}/{name}.f32", np.ascontiguousarray(items, dtype=np.float32).tobytes())

    def drawing(self, step: int | None = None, kind: str = "samples") -> Path | None:
        """Return the file that holds the drawing of a step, or the latest; None where there is none."""
        live = [path for path in (self.folder / kind).glob("live.*") if not path.name.startswith(".")]
        if step is None and live:
            return live[0]
        steps = self.sample_steps(kind)
        if not steps:
            return None
        chosen = steps[-1] if step is None else min(steps, key=lambda known: abs(known - step))
        return next((self.folder / kind).glob(f"{chosen:08d}.*"))

    def samples(self, step: int | None = None, kind: str = "samples") -> np.ndarray | None:
        """Return the montage (H, W, c) or points (n, 2) of a step, or the latest; None where there is none."""
        path = self.drawing(step, kind)
        if path is None:
            return None
        if path.suffix == ".png":
            return images.read_png(path.read_bytes())
        return np.frombuffer(path.read_bytes(), np.float32).reshape(-1, 2)

    def reconstructions(self, step: int | None = None) -> np.ndarray | None:
        """Return the montage of originals above their copies, of a step or the latest; None where there is none."""
        return self.samples(step, "reconstructions")

    def sample_steps(self, kind: str = "samples") -> list[int]:
        """The steps whose pictures were kept."""
        return sorted(int(path.stem) for path in (self.folder / kind).glob("[0-9]*.*"))

    # Weights

    def snapshots(self) -> list[int]:
        """The steps at which the weights were kept."""
        return sorted(int(path.stem) for path in (self.folder / "snapshots").glob("[0-9]*.safetensors"))

    def keep_weights(self, model: Model, name: str) -> None:
        """Keep weights as safetensors: `name` is model or snapshots/<step>."""
        from safetensors.torch import save

        self._write(f"{name}.safetensors", save({key: value.contiguous().cpu() for key, value in model.state_dict().items()}))

    def save(self, checkpoint: dict[str, Any]) -> None:
        """Keep everything that going on needs; the one before is kept too, in case this one gets damaged."""
        import io

        import torch

        buffer = io.BytesIO()
        torch.save(checkpoint, buffer)
        path = self.folder / "checkpoint.pt"
        if path.exists():
            self._check_lease()
            sums = self._sums()
            files.write_json(self.folder / "sums.json", sums | {"previous.pt": sums.get("checkpoint.pt", [])})
            path.replace(self.folder / "previous.pt")
        self._write("checkpoint.pt", buffer.getvalue())

    def checkpoint(self, device: Any = "cpu") -> dict[str, Any] | None:
        """Return the newest checkpoint whose sum is right, or None if there never was one. Raises Damaged if none is whole."""
        import io

        import torch

        damaged = []
        for name in ("checkpoint.pt", "previous.pt"):
            if (self.folder / name).exists():
                try:
                    return torch.load(io.BytesIO(self._read(name)), map_location=device, weights_only=True)
                except Damaged as error:
                    damaged.append(str(error))
                    if self.token:
                        self.note("damaged", file=name)
        if damaged:
            raise Damaged(" ".join(damaged))
        return None

    def load(self, step: int | None = None, device: Any = "cpu") -> Model:
        """Make the model with the weights of a snapshot, or the newest. Raises Damaged, and FileNotFoundError before the first."""
        from safetensors.torch import load

        from genlib.models import build

        final = self.folder / "model.safetensors"
        steps = self.snapshots()
        if step is None and final.exists():
            name = "model.safetensors"
        elif steps:
            chosen = steps[-1] if step is None else min(steps, key=lambda known: abs(known - step))
            name = f"snapshots/{chosen:08d}.safetensors"
        else:
            raise FileNotFoundError(f"{self.name} has no weights yet: they come with the first steps of training.")
        config = dataclasses.replace(self.config, options=self.options_at(math.inf if step is None else step))
        model = build(config, config.shape)
        try:
            model.load_state_dict(load(self._read(name)))
        except RuntimeError as error:
            raise Damaged(
                f"{self.name}/{name} does not fit its recipe: it was written by another version of the app, or altered."
            ) from error
        return model.to(device).eval()

    # How good it is, as genlib.quality measured it

    def quality(self) -> list[dict[str, Any]]:
        """The measurements, oldest first: dicts with step, codes, n, features, search and figures."""
        return files.read_json(self._quality_file) or []

    def keep_quality(self, measured: dict[str, Any]) -> None:
        """Keep a measurement, in place of an earlier one of the same kind."""
        kind = ("step", "codes", "n", "features", "search")
        others = [known for known in self.quality() if any(known[name] != measured[name] for name in kind)]
        files.write_json(self._quality_file, [*others, measured])

    @property
    def _quality_file(self) -> Path:
        """The bundled examples belong to the app: what is measured of them is kept apart."""
        return home() / "quality" / f"{self.name}.json" if self.bundled else self.folder / "quality.json"

    # What the page wants, and who is in charge

    def wish(self) -> Wish:
        """What the page wants: action (run, pause, stop), steps (how many single ones so far), leave."""
        return files.read_json(self.folder / "wish.json") or {"action": "run", "steps": 0, "leave": False}

    def want(self, **changes: Any) -> None:
        """Change the wish."""
        files.write_json(self.folder / "wish.json", self.wish() | changes)

    def claim(self) -> Run:
        """Take charge: whoever held the lease before leaves at his next write."""
        token = secrets.token_hex(8)
        files.write_json(self.folder / "lease.json", {"token": token})
        return Run(self.folder, token)

    def lease(self) -> str | None:
        """The token of whoever is in charge."""
        return (files.read_json(self.folder / "lease.json") or {}).get("token")

    def rename(self, title: str) -> None:
        """Give the run another title; its folder keeps its name."""
        if not title.strip():
            raise ValueError("A title needs at least one letter.")
        files.write_json(self.folder / "config.json", dataclasses.replace(self.config, title=title.strip()[:120]).to_json())

    def delete(self) -> None:
        """Remove the folder for good. Raises ValueError for a bundled example."""
        if self.bundled:
            raise ValueError("The bundled examples cannot be deleted.")
        gone = self.folder.with_name(f".{self.name}")  # out of its worker's sight at once; he leaves at his next write
        self.folder.rename(gone)
        shutil.rmtree(gone)
        shutil.rmtree(home() / "maps" / self.name, ignore_errors=True)

    def size(self) -> int:
        """Bytes on disk."""
        return sum(path.stat().st_size for path in self.folder.rglob("*") if path.is_file())

    def version(self) -> tuple[int, ...]:
        """A stamp that changes whenever something new can be seen."""
        watched = ("config.json", "metrics.jsonl", "events.jsonl", "samples", "reconstructions", "snapshots", "model.safetensors")
        return tuple(path.stat().st_mtime_ns if (path := self.folder / name).exists() else 0 for name in watched)

    def _check_lease(self) -> None:
        if self.token and self.lease() != self.token:
            raise LeaseLost(self.name)

    def _sums(self) -> dict[str, list[str]]:
        return files.read_json(self.folder / "sums.json") or {}

    def _write(self, name: str, content: bytes) -> None:
        """Write a binary file. Its sum is noted before, beside the old one: a crash in between leaves either file valid."""
        self._check_lease()
        if name.endswith((".pt", ".safetensors")):
            sums = self._sums()
            files.write_json(self.folder / "sums.json", sums | {name: [files.digest(content), *sums.get(name, [])[:1]]})
        files.write(self.folder / name, content)

    def _read(self, name: str) -> bytes:
        content = (self.folder / name).read_bytes()
        if files.digest(content) not in self._sums().get(name, []):
            raise Damaged(f"{self.name}/{name} is damaged: its contents do not match what was written.")
        return content
