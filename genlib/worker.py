"""The process in charge of one run: it trains, obeys wish.json, beats, and says why it ended."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from genlib import data, files
from genlib.runs import Damaged, LeaseLost, Run
from genlib.train import Diverged, Progress, pick_device, train

BEAT = 0.5  # seconds
PATIENCE = 600.0  # seconds that a paused worker stays in memory before it leaves; the run goes on from its checkpoint
PADDED = 2048  # bytes of worker.json: overwritten in place, which works on a full disk too


def work(folder: str, token: str, report: Callable[[Progress], None] | None = None) -> str:
    """Train a run to its end, or until the page wants otherwise; return how it ended: finished, stopped, paused, failed or lost."""
    run = Run(Path(folder), token)
    pulse = Pulse(run)
    try:
        with pulse:
            return drive(run, pulse, report)
    except LeaseLost:
        return "lost"
    except (Diverged, Damaged, data.DataMissing, ValueError) as error:
        return fail(run, str(error))
    except OSError as error:
        return fail(run, files.sentence(error))
    except KeyboardInterrupt:
        run.note("stopped")
        return "stopped"
    except torch.OutOfMemoryError:
        return fail(run, "The device has too little memory for this recipe. Take a smaller batch, picture size or width in a new run.")
    except Exception as error:
        traceback.print_exc()
        if "alloc" in str(error):
            return fail(
                run, "This machine has too little memory for this recipe. Take a smaller batch, picture size or width in a new run."
            )
        return fail(run, f"Training broke off: {type(error).__name__}: {error}. Details are in worker.log in the run's folder.")


def work_detached(folder: str, token: str) -> None:
    """Train a run in a process that nobody watches, with its output going to worker.log in the run's folder."""
    log = os.open(os.path.join(folder, "worker.log"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(log, 1)
    os.dup2(log, 2)
    work(folder, token)


def drive(run: Run, pulse: Pulse, report: Callable[[Progress], None] | None) -> str:
    """Ask the training loop on, tick by tick, looking in between at what the page wants."""
    device = pick_device()
    pulse.tell(device=device_name(device))
    steps = train(run, device)
    progress = next(steps)
    state, since, singles = "starting", 0.0, 0
    while True:
        wish = run.wish()
        if wish["action"] == "stop":
            steps.close()
            run.note("stopped", step=progress.step)
            return "stopped"
        if run.asked():
            progress = send(steps, "turn") or progress
            pulse.tell(trouble=progress.trouble)
        single = wish["action"] == "pause"
        if single and wish["steps"] <= singles:
            if state != "paused":
                progress = send(steps, "save") or progress
                run.note("paused", step=progress.step)
                state, since = "paused", time.monotonic()
            if wish["leave"] or time.monotonic() - since > PATIENCE:
                steps.close()
                return "paused"
            time.sleep(0.05)
            continue
        if not single and state != "running":
            run.note("running", step=progress.step)
            state = "running"
        before, told = progress, send(steps, "one" if single else None)
        if told is None:
            run.note("finished", step=before.step)
            return "finished"
        progress = told
        singles += single and progress.step > before.step
        pulse.tell(**facts(progress, before, single))
        if report:
            report(progress)
        if progress.trouble:
            time.sleep(1.0)


def send(steps: Any, order: str | None) -> Progress | None:
    """Ask for the next tick; None once the last one was told."""
    try:
        return steps.send(order)
    except StopIteration:
        return None


def facts(progress: Progress, before: Progress, single: bool) -> dict[str, Any]:
    """What the page shows while it runs; pace is in steps a second."""
    told: dict[str, Any] = {"step": progress.step, "seconds": round(progress.seconds, 3), "trouble": progress.trouble}
    if not single and progress.seconds > before.seconds:
        told["pace"] = (progress.step - before.step) / (progress.seconds - before.seconds)
    return told


class Pulse:
    """A thread that overwrites worker.json twice a second: the counter that moves is the sign of life."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._facts: dict[str, Any] = {
            "token": run.token,
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "started": time.time(),
            "beat": 0,
        }
        self._changed, self._over = threading.Lock(), threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True)

    def __enter__(self) -> Pulse:
        self._write()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self.tell(over=True)
        if self._run.lease() == self._run.token:
            with contextlib.suppress(OSError):
                self._write()

    def tell(self, **facts: Any) -> None:
        """Change what the next beat says; the pace is smoothed over about twenty ticks."""
        with self._changed:
            if "pace" in facts and "pace" in self._facts:
                facts["pace"] = 0.95 * self._facts["pace"] + 0.05 * facts["pace"]
            self._facts |= facts

    def _beat(self) -> None:
        while not self._over.wait(BEAT):
            if self._run.lease() != self._run.token:
                return
            with contextlib.suppress(OSError):  # A beat that cannot be written is a missed beat; the loop names the trouble.
                self._write()

    def _write(self) -> None:
        with self._changed:
            self._facts |= {"beat": self._facts["beat"] + 1, "memory": memory()}
            content = json.dumps(self._facts).ljust(PADDED).encode()
        path = self._run.folder / "worker.json"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o644)
        try:
            os.write(descriptor, content)
        finally:
            os.close(descriptor)


def device_name(device: torch.device) -> str:
    """What the page calls the device: the card's name, or the CPU with its threads."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    threads = torch.get_num_threads()
    return f"CPU, {threads} thread{'s' if threads > 1 else ''}" if device.type == "cpu" else device.type.upper()


def memory() -> int:
    """Bytes in use: on the accelerator where there is one, else by this process."""
    found = torch.accelerator.current_accelerator(check_available=True)
    if found is not None and found.type == "cuda":
        return int(torch.cuda.memory_reserved())
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:  # only Linux tells
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def fail(run: Run, reason: str) -> str:
    """Write why it ended; if even that cannot be written, the silent heart says it."""
    print(reason, file=sys.stderr)
    with contextlib.suppress(OSError, LeaseLost):
        run.note("failed", reason=reason)
    return "failed"
