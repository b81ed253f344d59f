"""Training as seen from the page: start, pause, resume, step, stop; who waits for the device; who is still alive."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from genlib import changes, computation, files
from genlib.choices import Value
from genlib.config import Config
from genlib.runs import Damaged, Run, runs_folder

SLOTS = 1  # runs that train at the same time on the one device
SILENCE = 4.0  # seconds without a beat after which a worker counts as dead: eight beats
BIRTH = 30.0  # seconds a worker may take to its first beat: a cold import of torch from a slow disk
STATES = {"created": "stopped", "queued": "queued", "starting": "starting", "running": "running", "paused": "paused"}
STATES |= {"stopped": "stopped", "finished": "finished", "failed": "failed"}


@dataclass(frozen=True)
class Status:
    """How a run stands. `state` is queued, starting, running, paused, stopped, finished, failed or lost (its process is gone)."""

    state: str
    step: int
    total: int
    seconds: float  # of training
    rate: float | None = None  # items a second
    left: float | None = None  # seconds
    position: int | None = None  # how many wait before it
    device: str = ""
    memory: int | None = None  # bytes
    note: str = ""  # a sentence: the trouble or the reason, and what to do

    @property
    def living(self) -> bool:
        """Whether something is still going to change by itself."""
        return self.state in ("queued", "starting", "running")


def start(config: Config, root: Path | None = None) -> Run:
    """Create a run and put it into the queue; it starts as soon as the device is free."""
    run = Run.create(config, root)
    run.note("queued")
    tick(root)
    return run


def pause(run: Run) -> None:
    """Let the worker wait where it is; a run that waits in the queue leaves it."""
    if _last(run) == "queued":
        run.note("paused", step=None)
    run.want(action="pause", leave=False)


def resume(run: Run) -> None:
    """Go on: at once where the worker still waits in memory, else from the checkpoint, through the queue."""
    if status(run).state == "paused" and _alive(run):
        run.want(action="run")
    else:
        _queue(run, action="run", steps=0)


def step(run: Run) -> None:
    """Do one single step and pause again."""
    if status(run).state in ("paused", "running") and _alive(run):
        run.want(action="pause", steps=run.wish()["steps"] + 1)
    else:
        _queue(run, action="pause", steps=1)


def stop(run: Run) -> None:
    """End the training; weights and checkpoint are kept, so that it can be resumed."""
    alive = _alive(run)
    run.want(action="stop")
    if not alive:
        run.claim()
        run.note("stopped")


def turn(run: Run, options: Mapping[str, Value]) -> dict[str, Value]:
    """Turn knobs of a run that are live; return those that change. The worker takes them over at its next tick, or when the run goes on.

    Raises ValueError with a sentence where that cannot be, and OSError where it cannot be written: all stays as it was.
    """
    if run.bundled or _last(run) == "finished":
        raise ValueError("This run is finished, so none of its knobs turns any more: start a new run for other values.")
    with _only_one(run.folder.parent):
        changed = changes.checked(run.config, run.wanted(), options)
        if changed:
            run.note("asked", options=changed)
    return changed


def _queue(run: Run, **wish: Any) -> None:
    if status(run).living:
        return
    run.want(leave=False, **wish)
    run.note("queued")
    tick(run.folder.parent)


def status(run: Run) -> Status:
    """Read how a run stands from its folder alone."""
    config, events = run.config, [event for event in run.events() if event["event"] in STATES]
    last = events[-1] if events else {"event": "created"}
    state, told = STATES[last["event"]], _worker(run)
    note = last.get("reason", "")
    if state in ("starting", "running") and not _alive(run, newborn=True):
        state = "lost"
        note = "The training process is gone: killed, out of memory, or the machine restarted. Resume goes on from the last checkpoint."
    elif state in ("running", "paused") and told.get("trouble"):
        note = told["trouble"]
    done, seconds = _progress(run, told)
    pace = told.get("pace") if state == "running" else None
    return Status(
        state=state,
        step=config.steps if state == "finished" else done,
        total=config.steps,
        seconds=seconds,
        rate=pace * config.batch_size if pace else None,
        left=(config.steps - done) / pace if pace else None,
        position=_position(run) if state == "queued" else None,
        device=told.get("device", ""),
        memory=told.get("memory") if state in ("running", "paused") else None,
        note=note,
    )


def tick(root: Path | None = None) -> None:
    """Start whoever is next if the device is free. Safe to call from anywhere, at any time, by several servers."""
    with _only_one(runs_folder(root)):
        states = [(run, _last(run)) for run in Run.all(root, bundled=False)]
        waiting = sorted((run for run, last in states if last == "queued"), key=_since)
        busy = sum(last in ("starting", "running") and status(run).state != "lost" for run, last in states)
        for run in waiting[: max(0, SLOTS - busy)]:
            for other, last in states:
                if last == "paused" and other.wish()["action"] == "pause" and not other.wish()["leave"]:
                    other.want(leave=True)  # its memory is wanted; it goes on from its checkpoint later
            owned = run.claim()
            owned.note("starting")
            try:
                computation.launch(str(run.folder), str(owned.token))
            except OSError as error:
                owned.note("failed", reason=f"No training process could be started: {error}. Resume tries again.")


class Server:
    """What the app keeps running beside its pages: the warm nursery and the queue."""

    def __init__(self, root: Path | None = None) -> None:
        self._root, self._over = root, threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        computation.warm_up("torch")
        import torch

        torch.set_num_threads(1)  # a picture under a dragged slider needs no more, and the rest belongs to training
        computation.warm_up("umap")
        while not self._over.wait(0.5):
            with contextlib.suppress(OSError, Damaged):  # a full disk or a broken folder must not end the queue
                tick(self._root)

    def close(self) -> None:
        """Stop looking after the queue. Training goes on."""
        self._over.set()
        self._thread.join()
        computation.close()


def serve(root: Path | None = None) -> Server:
    """Warm up and look after the queue from now on; workers of an earlier server are found by their beats."""
    return Server(root)


# Who is alive: a beat that was seen to move. Process ids are reused and clocks jump, so neither is asked, but for one thing:
# a process of this machine that does not exist is dead for certain.

_beats: dict[str, tuple[Any, float]] = {}


def _worker(run: Run) -> dict[str, Any]:
    try:
        return files.read_json(run.folder / "worker.json") or {}
    except ValueError:  # read while it was being overwritten
        return {}


def _alive(run: Run, newborn: bool = False) -> bool:
    told = _worker(run)
    mine = bool(told) and told.get("token") == run.lease()
    if not mine:
        told = {"token": run.lease(), "beat": None}
    elif told.get("over") or (told.get("host") == socket.gethostname() and not _exists(told["pid"])):
        return False
    beat = (told["token"], told["beat"])
    known = _beats.get(str(run.folder))
    if known is None or known[0] != beat:
        _beats[str(run.folder)] = known = (beat, time.monotonic())
    if not mine:
        return newborn and time.monotonic() - known[1] < BIRTH
    return time.monotonic() - known[1] < SILENCE


def _exists(pid: int) -> bool:
    if os.name == "nt":  # there, signal 0 is not a question
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _last(run: Run) -> str:
    return next((event["event"] for event in reversed(run.events()) if event["event"] in STATES), "created")


def _since(run: Run) -> float:
    return next(event["time"] for event in reversed(run.events()) if event["event"] == "queued")


def _position(run: Run) -> int:
    waiting = sorted((other for other in Run.all(run.folder.parent, bundled=False) if _last(other) == "queued"), key=_since)
    return next((place for place, other in enumerate(waiting) if other.name == run.name), 0)


def _progress(run: Run, told: dict[str, Any]) -> tuple[int, float]:
    """Steps and seconds of training: from the living worker, else from the log."""
    if "step" in told and told.get("token") == run.lease():
        return int(told["step"]), float(told["seconds"])
    history = run.history()
    return (int(history["step"][-1]), float(history["seconds"][-1])) if history else (0, 0.0)


@contextlib.contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    """Let one process at a time look after the queue."""
    folder.mkdir(parents=True, exist_ok=True)
    with _in_process, open(folder / ".queue", "w") as lock:
        if os.name != "nt":
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


_in_process = threading.Lock()
