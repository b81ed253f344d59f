"""Whether a run that was killed goes on to the very same weights: real workers, a real SIGKILL."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.report import Figure
from benchmarks.trained import Asked
from genlib.config import Config
from genlib.models import MODELS
from genlib.runs import Run

ROOT = Path(__file__).resolve().parents[1]
STEPS = 600
PATIENCE = 120.0  # seconds


def worker(run: Run) -> subprocess.Popen:
    """Start a worker as the app does, in a process of its own."""
    command = [sys.executable, "-m", "genlib.train", str(run.folder), str(run.claim().token)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def wait_for(what: str, seen: Callable[[], bool]) -> None:
    """Look until something is seen. Raises TimeoutError."""
    end = time.monotonic() + PATIENCE
    while not seen():
        if time.monotonic() > end:
            raise TimeoutError(f"waited {PATIENCE:g} s for {what}")
        time.sleep(0.01)


def last_step(run: Run) -> int:
    """The last step that was logged."""
    history = run.history()
    return int(history["step"][-1]) if history else 0


def finished(run: Run) -> bytes:
    """Let a worker train to the end; return the weights as they lie on disk."""
    if worker(run).wait(PATIENCE):
        raise RuntimeError(f"the worker of {run.name} failed: {run.events()[-1]}")
    return (run.folder / "model.safetensors").read_bytes()


def killed(run: Run) -> bytes:
    """Save in the middle, train on, kill the worker, and let another one finish."""
    process = worker(run)
    wait_for("the first steps", lambda: last_step(run) > STEPS // 10)
    run.want(action="pause")
    wait_for("the pause", lambda: run.events()[-1]["event"] == "paused")
    saved = last_step(run)
    run.want(action="run")
    wait_for("steps after the checkpoint", lambda: last_step(run) > saved)
    process.send_signal(signal.SIGKILL)
    process.wait()
    checkpoint = run.checkpoint()
    assert checkpoint is not None and 0 < checkpoint["step"] < STEPS, "the worker was not killed in the middle"
    return finished(run)


def resume(asked: Asked) -> list[Figure]:
    """Compare the weights of a killed run with those of one that was never interrupted, for every row of MODELS."""
    figures = []
    for model in MODELS:
        same = 0
        for seed in asked.seeds:
            config = Config.create("digits", model, latent_dim=8, batch_size=64, steps=STEPS, seed=seed)
            same += killed(Run.create(config, asked.folder)) == finished(Run.create(config, asked.folder))
        figures.append(Figure(f"{model}: same weights, bit for bit", same, f"of {len(asked.seeds)}", len(asked.seeds), least=True))
        print(f"  {model}: {same} of {len(asked.seeds)}", flush=True)
    return figures
