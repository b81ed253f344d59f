"""The training loop. It cannot tell a GAN from a VAE, nor a live run from one that is resumed."""

from __future__ import annotations

import math
import os
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from torch import Tensor

from genlib import data, files
from genlib.album import Album
from genlib.checkup import Checkup
from genlib.feed import Feed
from genlib.models import build
from genlib.models.base import Model
from genlib.runs import Run
from genlib.state import State, rehearse

TICK = 0.1  # seconds between two looks at the clock's other hands: what the page wants, the log
PREVIEW = 0.36  # seconds between two live pictures: two a second reach the page, which looks at its own times
CHECKPOINT = 15.0  # seconds that a killed process loses at most
SNAPSHOTS = 40
HELD_OUT = 1000  # items measured at each snapshot; all of the test split at the end


@dataclass(frozen=True)
class Progress:
    """What a tick tells: `metrics` are means since the last tick, `trouble` is a sentence while something must be waited for."""

    step: int
    total: int
    seconds: float
    metrics: dict[str, float]
    samples: np.ndarray | None = None
    trouble: str = ""


class Diverged(ArithmeticError):
    """A loss is no longer a number; the message says at which step and what to try."""


def pick_device() -> torch.device:
    """Choose the accelerator if there is one, else the CPU with one core left for the page."""
    found = torch.accelerator.current_accelerator(check_available=True)
    if found is None:
        torch.set_num_threads(max(1, (os.cpu_count() or 2) - 1))
        return torch.device("cpu")
    return found


def train(run: Run, device: torch.device | None = None) -> Generator[Progress, str | None, None]:
    """Train until the recipe's last step; go on from the checkpoint where there is one. Closing it saves.

    Yields about every TICK seconds. What is sent in is obeyed: "save" writes a checkpoint, "one" yields again after one step,
    "turn" takes over the knobs that were asked for. Knobs turned in an earlier life of the run are turned again at their steps.
    Raises Diverged on a loss that is not finite, runs.LeaseLost when somebody else took charge.
    """
    config, device = run.config, device or pick_device()
    torch.manual_seed(config.seed)
    state = State(build(config, config.shape).to(device), config)
    feed = Feed(data.load(config.dataset, config.size), config.batch_size, config.seed, device)
    state.model.population = len(feed)
    saved = run.checkpoint(device)
    if saved:
        state.restore(saved)
        run.rewind(state.step)
    state.upcoming.extend(run.changes())
    state.catch_up()
    rehearse(state.model, state.optimizers, feed.batch(0, state.model.batches))
    album, checkup = Album(feed, state.averaged, config.seed), Checkup(feed, config.seed)
    schedule = snapshot_steps(config.steps)
    progress = Progress(state.step, config.steps, state.seconds, {})
    clock = Clock(state.seconds)
    seen: dict[str, list[Tensor]] = defaultdict(list)
    if not saved:
        yield from insist(lambda: album.keep(run, state.averaged, 0), progress)
        yield from insist(lambda: run.save(state.checkpoint()), progress)
    order = yield progress  # ready, before the first step
    try:
        while state.step < config.steps:
            if order in ("save", "turn"):
                if order == "save":
                    yield from insist(lambda: run.save(state.checkpoint()), progress)
                else:
                    yield from take_over(run, state, progress)
                order = yield progress
                clock.skip_pause()
                continue
            for name, value in state.advance(feed).items():
                seen[name].append(value)
            due = state.step in schedule
            if not (due or order == "one" or clock.due("tick", TICK) or state.step == config.steps):
                continue
            metrics = finite_means(seen, state.step)
            state.seconds = clock.seconds()
            progress = Progress(state.step, config.steps, state.seconds, metrics)
            line = {"step": state.step, "seconds": round(state.seconds, 3), **metrics}
            if due:
                line |= held_out(state.averaged, feed, HELD_OUT) | checkup.look(state.averaged, state.model)
                yield from insist(lambda: album.keep(run, state.averaged, state.step), progress)
            if due or order == "one" or clock.due("log", 2.5 * TICK):
                yield from insist(partial(run.log, line), progress)
                seen.clear()
            if order == "one" or clock.due("preview", PREVIEW):
                samples = album.samples(state.averaged)
                progress = replace(progress, samples=samples)
                yield from insist(partial(album.live, run, state.averaged, samples), progress)
            if clock.due("checkpoint", CHECKPOINT):
                yield from insist(lambda: run.save(state.checkpoint()), progress)
            order = yield progress
            clock.skip_pause()
    except GeneratorExit:
        run.save(state.checkpoint())
        raise
    line = {"step": state.step, "seconds": round(state.seconds, 3), **held_out(state.averaged, feed, None)}
    yield from insist(lambda: finish(run, state, line), progress)
    yield replace(progress, metrics=progress.metrics | line, samples=album.samples(state.averaged))


class Clock:
    """Seconds of training, and what is due. Time spent paused does not count."""

    def __init__(self, seconds: float) -> None:
        self._start = time.perf_counter() - seconds
        self._last: dict[str, float] = {"checkpoint": time.perf_counter()}
        self._yielded = 0.0

    def seconds(self) -> float:
        """Return the seconds of training so far."""
        self._yielded = time.perf_counter()
        return self._yielded - self._start

    def due(self, what: str, every: float) -> bool:
        """Say whether `every` seconds have passed since this was last due."""
        now = time.perf_counter()
        if now - self._last.get(what, -math.inf) < every:
            return False
        self._last[what] = now
        return True

    def skip_pause(self) -> None:
        """Take the time since the last tick off if the driver kept us waiting: it counts for nothing, and makes nothing due."""
        waited = time.perf_counter() - self._yielded
        self._yielded += waited  # what is taken off once is not taken off again
        if waited > 1.0:
            self._start += waited
            self._last = {what: last + waited for what, last in self._last.items()}


def snapshot_steps(total: int) -> set[int]:
    """About SNAPSHOTS steps from 1 to the last one, even on a logarithmic scale: early training changes fastest."""
    return {round(step) for step in np.geomspace(1, total, SNAPSHOTS)}


def held_out(model: Model, feed: Feed, limit: int | None) -> dict[str, float]:
    """Measure the model on test items: means, by the metric's name with test_ before it; empty for models that measure nothing."""
    sums: dict[str, float] = defaultdict(float)
    count, training = 0, model.training
    model.eval()
    with torch.random.fork_rng(enabled=True), torch.inference_mode():
        torch.manual_seed(0)  # the same draws at every snapshot: a curve, not noise
        for batch, labels in feed.held_out(limit):
            count += len(batch)
            for name, value in model.measure(batch, labels).items():
                sums[f"test_{name}"] += float(value)
            if not sums:
                break
    model.train(training)
    return {name: value / count for name, value in sums.items()}


def finite_means(seen: dict[str, list[Tensor]], step: int) -> dict[str, float]:
    """Average each metric since the last log line: the only place where the device is waited for. Raises Diverged."""
    means = {}
    for name, values in seen.items():
        column = torch.stack(values).float().cpu()
        bad = (~torch.isfinite(column)).nonzero().flatten()
        if len(bad):
            raise Diverged(
                f"{name} became {column[bad[0]].item()} at step {step - len(column) + 1 + int(bad[0])}. Training stopped there; "
                "the last good checkpoint is kept. Turn a learning rate down and resume, or start a new run with a smaller learning rate."
            )
        means[name] = float(column.mean())
    return means


def take_over(run: Run, state: State, progress: Progress) -> Iterator[Progress]:
    """Turn what a person asked for, each change noted before it is made: a run killed in between makes it too.

    What is still to be repeated comes first: the changes of a run stand in the order of their steps, and the latest wish wins.
    """
    state.catch_up()
    for options in [] if state.upcoming else run.asked():
        before = {name: getattr(state.model.options, name) for name in options}
        yield from insist(partial(run.note, "turned", step=state.step, options=options, before=before), progress)
        state.turn(options)


def insist(write: Callable[[], None], progress: Progress) -> Iterator[Progress]:
    """Write; as long as the disk refuses, yield the sentence that says why, and try again when asked on."""
    while True:
        try:
            return write()
        except OSError as error:
            yield replace(progress, trouble=files.sentence(error))


def finish(run: Run, state: State, line: dict[str, float]) -> None:
    """Keep the final weights, the checkpoint and the last figures."""
    run.save(state.checkpoint())
    run.keep_weights(state.averaged, "model")
    run.log(line)


if __name__ == "__main__":
    from genlib.command import main

    sys.exit(main())
