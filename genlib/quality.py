"""How good a run is: figures of its samples at a snapshot, each beside what real items read against real ones, kept in the run.

Both wings meet here: the model draws, the extractor describes, `fidelity` compares. Made in a process of its own, since it takes
seconds, and minutes where the extractor has to be trained first.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from genlib import choices, data, features, fidelity, images, points, scores, vectors
from genlib.dataset import Dataset
from genlib.features import Extractor
from genlib.models.base import Model
from genlib.runs import Run

Progress = Callable[..., None]
Codes = Callable[[int, int], np.ndarray]  # (n, seed) -> codes (n, latent_dim)
Figures = dict[str, dict[str, Any]]  # by name: value, floor (None where there is none), n, and perhaps std

COUNT = 5000  # samples, or half of the training items where that is less
SEARCH_COUNT, SEARCHED = 2000, 8  # samples a snapshot, and snapshots, while the best one is looked for
LEAST = 16
POINTS = 100_000  # for the divergence of points
MODE_POINTS, MODE_DRAWS = 2500, 5  # VEEGAN's protocol
TESTED = 5000  # test items that are rebuilt
BOUND_ITEMS, BOUND_DRAWS = 2500, 64
FACTOR_ITEMS = 10_000
ROWS = 500


@dataclass(frozen=True)
class Draw:
    """One way to draw codes. `make(model, dataset)` returns the function that does; `possible` says for which models."""

    label: str
    why: str
    make: Callable[[Model, Dataset], Codes]
    possible: Callable[[Model], bool] = lambda model: True


def _prior(model: Model, dataset: Dataset) -> Codes:
    def draw(n: int, seed: int) -> np.ndarray:
        with torch.inference_mode():
            return model.prior(n, torch.Generator().manual_seed(seed)).cpu().numpy()

    return draw


def _mixture(model: Model, dataset: Dataset) -> Codes:
    return vectors.mixture_of(model, dataset).sample


DRAWS: dict[str, Draw] = {
    "prior": Draw("Prior", "Codes as the model was trained to expect them.", _prior),
    "mixture": Draw(
        "Where the data lie",
        "Codes of a mixture of ten normals that is fitted to the codes of the training items.",
        _mixture,
        lambda model: model.has_encoder,
    ),
}


@dataclass(frozen=True, eq=False)
class Reference:
    """What samples are compared with: two halves of n training items each, and their features."""

    dataset: Dataset
    extractor: Extractor
    rows: np.ndarray  # (2, n) places in the data set
    real: np.ndarray  # (n, d)
    other: np.ndarray  # (n, d)

    @property
    def n(self) -> int:
        return len(self.real)


def reference(dataset: Dataset, n: int = COUNT, kind: str = "own", progress: Progress | None = None) -> Reference:
    """Draw two halves of n training items, the same ones each time, and describe them; n is at most half of all.

    Raises ValueError where there are too few items.
    """
    rows = np.random.default_rng(0).permutation(np.flatnonzero(dataset.split))
    n = min(n, len(rows) // 2)
    if n < LEAST:
        raise ValueError(f"quality is measured on at least {LEAST} samples against as many of half the training items, here {n}")
    extractor = features.extractor_for(dataset, kind, _part(progress, 0.0, 0.8))
    pair = np.sort(rows[: 2 * n].reshape(2, n), axis=1)
    real, other = np.split(features.extract(extractor, dataset.items[pair.ravel()], _part(progress, 0.8, 1.0)), 2)
    return Reference(dataset, extractor, pair, real, other)


def assess(
    run: Run, step: int | None = None, n: int = COUNT, codes: str = "prior", kind: str = "own", progress: Progress | None = None
) -> dict[str, Any]:
    """Measure a run at a snapshot (none: the newest) with codes drawn as a row of DRAWS says; keep the figures in the run.

    `kind` is a row of features.KINDS. Returns what was kept: step, codes, n, features, search, seconds and figures.
    """
    began = time.perf_counter()
    model, dataset, step = _open(run, step)
    draw = _draw(codes, model, dataset)
    known = reference(dataset, n, kind, _part(progress, 0.0, 0.5))
    figures = sample_quality(model, dataset, draw, known, _part(progress, 0.5, 0.7))
    if dataset.kind == "points":
        figures |= of_points(model, draw, known)
    figures |= of_test_split(model, dataset, _part(progress, 0.7, 1.0))
    return _keep(run, known, step, codes, figures, began, search=False)


def best_step(
    run: Run, count: int = SEARCHED, n: int = SEARCH_COUNT, codes: str = "prior", progress: Progress | None = None
) -> dict[str, Any]:
    """Measure the last `count` snapshots with the same n and keep what they read; return the best (see `judged_by`)."""
    steps = run.snapshots()[-count:]
    _, dataset, _ = _open(run, steps[-1] if steps else None)
    known = reference(dataset, n, "own", _part(progress, 0.0, 0.4))
    found = []
    for place, step in enumerate(steps):
        tell = _part(progress, 0.4 + 0.6 * place / len(steps), 0.4 + 0.6 * (place + 1) / len(steps))
        tell(0.0, f"Looking at step {step:,}, {place + 1} of {len(steps)}")
        began, (model, _, _) = time.perf_counter(), _open(run, step)
        draw = _draw(codes, model, dataset)
        if dataset.kind == "points":
            figures = of_points(model, draw, known)
        else:
            made = features.extract(known.extractor, model.generate(draw(known.n, 0), _labels(model, dataset, known.n)), tell)
            figures = {"frechet": _figure(fidelity.frechet(known.real, made), fidelity.frechet(known.real, known.other), known.n)}
        found.append(_keep(run, known, step, codes, figures, began, search=True))
    return min(found, key=_judged)


def best(measured: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what the last search read, the best first: of all that is kept of a run, only what may be compared with it."""
    searched = [one for one in measured if one["search"]]
    alike = ("n", "features", "codes")
    return sorted((one for one in searched if all(one[name] == searched[-1][name] for name in alike)), key=_judged)


def judged_by(figures: Figures) -> str:
    """Name the figure that decides which snapshot is best: on points a Fréchet distance would not see missing modes."""
    return "js" if "js" in figures else "frechet"


def sample_quality(model: Model, dataset: Dataset, draw: Codes, known: Reference, progress: Progress | None = None) -> Figures:
    """Compare items decoded from drawn codes with training items: Fréchet distance, KID, PRDC and spread, each with its floor."""
    tell = progress or _silent
    tell(0.0, f"Drawing {known.n:,} samples")
    made = model.generate(draw(known.n, 0), _labels(model, dataset, known.n))
    described = features.extract(known.extractor, made, _part(progress, 0.2, 0.5))
    tell(0.5, "Comparing samples with data")
    values, floors = _compared(known.real, described), _compared(known.real, known.other)
    figures = {name: _figure(values[name], floors[name], known.n) for name in values if name != "kid_std"}
    figures["kid"]["std"] = values["kid_std"]
    return figures


def of_points(model: Model, draw: Codes, known: Reference) -> Figures:
    """Compare points with their density: divergence, and where there are modes, how many are captured and the share of good samples.

    A set drawn here is compared with 100,000 further draws from its density; an own one with half of its items.
    """
    dataset, figures = known.dataset, Figures()
    density = points.DENSITIES.get(dataset.name)
    if density is not None:
        truth, real = density(POINTS, 1).points, density(POINTS, 2).points
    else:
        truth, real = (dataset.items[half] for half in known.rows)
    n = len(truth)
    made = model.generate(draw(n, 1), _labels(model, dataset, n))
    figures["js"] = _figure(fidelity.js_divergence(made, truth), fidelity.js_divergence(real, truth), n)
    if dataset.modes is not None:
        size = min(MODE_POINTS, n // MODE_DRAWS)
        parts = [slice(place * size, (place + 1) * size) for place in range(MODE_DRAWS)]
        counts, most = ([scores.modes(side[part], dataset.modes, dataset.mode_std) for part in parts] for side in (made, real))
        for name in ("captured", "good"):
            value, floor = (float(np.mean([getattr(one, name) for one in side])) for side in (counts, most))
            figures[name] = _figure(value, floor, size)
    return figures


def of_test_split(model: Model, dataset: Dataset, progress: Progress | None = None) -> Figures:
    """Measure what has an encoder on items it never saw: a VAE's ELBO and bound, reconstruction error; MIG where factors are known."""
    rows = np.flatnonzero(~dataset.split)
    if not model.has_encoder or len(rows) == 0:
        return {}
    tell, figures = progress or _silent, Figures()
    sums = _measured(model, dataset, rows, tell)
    if "elbo" in sums:
        figures |= {f"test_{name}": _figure(sums[name] / len(rows), None, len(rows)) for name in ("elbo", "recon", "kl")}
    if hasattr(model, "bound"):
        some = _some(rows, BOUND_ITEMS)
        figures["bound"] = _figure(_bound(model, dataset, some, tell), None, len(some))
    some = _some(rows, TESTED)
    tell(0.9, "Rebuilding test items")
    squares, labels = 0.0, dataset.labels if model.classes else None
    for part in _slices(some):
        items = dataset.items[part]
        copies = model.generate(model.embed(items), None if labels is None else labels[part])
        squares += float(((copies.astype(np.float64) - items) ** 2).mean(axis=tuple(range(1, items.ndim))).sum())
    figures["rebuilt"] = _figure(float(np.sqrt(squares / len(some))), None, len(some))
    if dataset.factors is not None and dataset.factors.shape[1]:
        some = _some(np.arange(len(dataset)), FACTOR_ITEMS)
        found = np.concatenate([model.embed(dataset.items[part]) for part in _slices(some)])
        figures["mig"] = _figure(fidelity.mutual_information_gap(found, dataset.factors[some]), None, len(some))
    return figures


def _compared(real: np.ndarray, other: np.ndarray) -> dict[str, float]:
    kernel, near = fidelity.kid(real, other), fidelity.prdc(real, other)
    found = {"frechet": fidelity.frechet(real, other), "kid": kernel.mean, "kid_std": kernel.std}
    found |= {name: getattr(near, name) for name in ("precision", "recall", "density", "coverage")}
    return found | {"spread_ratio": fidelity.spread(other) / max(fidelity.spread(real), 1e-12)}


def _figure(value: float, floor: float | None, n: int) -> dict[str, Any]:
    return {"value": float(value), "floor": floor, "n": n}


def _judged(measured: dict[str, Any]) -> float:
    return float(measured["figures"][judged_by(measured["figures"])]["value"])


def _open(run: Run, step: int | None) -> tuple[Model, Dataset, int]:
    """Load a snapshot and the data; the newest snapshot where no step is given."""
    steps = run.snapshots()
    if not steps:
        raise ValueError(f"{run.config.title} has no weights yet: they come with the first steps of training")
    wanted = steps[-1] if step is None else step
    if wanted not in steps:
        raise ValueError(f"no weights were kept at step {wanted:,}; the nearest is {min(steps, key=lambda known: abs(known - wanted)):,}")
    return run.load(wanted, features.device()), data.load(run.config.dataset, run.config.size), wanted


def _draw(codes: str, model: Model, dataset: Dataset) -> Codes:
    row = choices.pick("way to draw codes", codes, DRAWS)
    if not row.possible(model):
        raise ValueError(f"{row.label}: this model has no codes to fit it to; draw from the prior")
    return row.make(model, dataset)


def _labels(model: Model, dataset: Dataset, n: int) -> np.ndarray | None:
    """The classes a conditional model is asked for: as often as they are in the data."""
    if not model.classes:
        return None
    known = dataset.labels[dataset.split & (dataset.labels >= 0)]
    return np.random.default_rng(0).choice(known, n)


def _keep(run: Run, known: Reference, step: int, codes: str, figures: Figures, began: float, search: bool) -> dict[str, Any]:
    said, accuracy = known.extractor, known.extractor.accuracy
    described = {"name": said.name, "digest": said.digest, "accuracy": None if np.isnan(accuracy) else accuracy}
    measured = {"step": step, "codes": codes, "n": known.n, "features": described, "search": search}
    measured |= {"seconds": round(time.perf_counter() - began, 2), "figures": figures}
    run.keep_quality(measured)
    return measured


def _measured(model: Model, dataset: Dataset, rows: np.ndarray, tell: Progress) -> dict[str, float]:
    """The sums of what the model measures of items, the same draws each time."""
    sums: dict[str, float] = {}
    with torch.random.fork_rng(), torch.inference_mode():
        torch.manual_seed(0)
        for place, part in enumerate(_slices(rows)):
            tell(0.4 * place * ROWS / len(rows), "Measuring the test split")
            for name, value in model.measure(*_tensors(model, dataset, part)).items():
                sums[name] = sums.get(name, 0.0) + float(value)
    return sums


def _bound(model: Any, dataset: Dataset, rows: np.ndarray, tell: Progress) -> float:
    generator, total = torch.Generator().manual_seed(0), 0.0
    with torch.inference_mode():
        for place, part in enumerate(_slices(rows)):
            tell(0.4 + 0.5 * place * ROWS / len(rows), "Weighing draws of each test item's code")
            total += float(model.bound(*_tensors(model, dataset, part), BOUND_DRAWS, generator).sum())
    return total / len(rows)


def _tensors(model: Model, dataset: Dataset, rows: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
    items = dataset.items[rows]
    x = torch.as_tensor(images.to_images(items) if items.ndim == 4 else items).to(model.device)
    return x, torch.as_tensor(dataset.labels[rows]).to(model.device)


def _slices(rows: np.ndarray) -> list[np.ndarray]:
    return [rows[start : start + ROWS] for start in range(0, len(rows), ROWS)]


def _some(rows: np.ndarray, most: int) -> np.ndarray:
    return rows if len(rows) <= most else np.sort(np.random.default_rng(0).choice(rows, most, replace=False))


def _part(progress: Progress | None, start: float, end: float) -> Progress:
    """Fit a part's progress from 0 to 1 into the whole."""

    def tell(fraction: float | None, message: str = "", partial: Any = None) -> None:
        if progress is not None:
            progress(None if fraction is None else start + (end - start) * fraction, message)

    return tell


def _silent(fraction: float | None, message: str = "", partial: object = None) -> None:
    """Report to nobody."""
