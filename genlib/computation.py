"""Anything longer than a second outside training: a calculation in a process of its own, with progress, result and cancel.

A nursery is a process that has imported what is slow to import (torch, or umap with its compiled functions) and forks a child a
call, in milliseconds. Where forking is not safe (macOS, Windows) each call is a fresh process: slower, otherwise the same.
"""

from __future__ import annotations

import atexit
import contextlib
import importlib
import os
import pickle
import signal
import socket
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from typing import Any, Literal

from genlib import ASSETS

Warm = Literal["torch", "umap"]
FORKS = sys.platform == "linux"


class Computation:
    """One calculation. `state` is running, done, failed or cancelled; `fraction` 0 to 1, or None where it cannot be known."""

    def __init__(self) -> None:
        self.state: str = "running"
        self.fraction: float | None = None
        self.message = ""
        self.partial: Any = None
        self.result: Any = None
        self.error = ""
        self._pid: int | None = None
        self._lock = threading.Lock()
        self._finished = threading.Event()

    @classmethod
    def start(cls, function: Callable[..., Any], *args: Any, warm: Warm = "torch", **kwargs: Any) -> Computation:
        """Call a top-level function elsewhere, which also gets progress=: to be called with fraction or None, message, partial result."""
        computation = cls()
        call = (function.__module__, function.__qualname__, args, kwargs)
        threading.Thread(target=computation._follow, args=(warm, call), daemon=True).start()
        return computation

    def cancel(self) -> None:
        """End it now. What it had written whole stays."""
        with self._lock:
            if self.state != "running":
                return
            self.state = "cancelled"
            if self._pid is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self._pid, signal.SIGTERM if os.name == "nt" else signal.SIGKILL)
        self._finished.set()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait for the end; say whether it came."""
        return self._finished.wait(seconds)

    def _follow(self, warm: Warm, call: Any) -> None:
        try:
            with open_process(warm) as (reader, writer):
                pickle.dump(call, writer, protocol=pickle.HIGHEST_PROTOCOL)
                writer.flush()
                while self.state == "running":
                    self._take(*pickle.load(reader))
        except (EOFError, OSError, pickle.UnpicklingError):
            self._end("failed", error="The calculation was killed, perhaps for want of memory. Try again with fewer items.")

    def _take(self, kind: str, content: Any) -> None:
        with self._lock:
            if kind == "pid":
                self._pid = content
                if self.state == "cancelled":
                    os.kill(content, signal.SIGTERM)
            elif kind == "progress":
                self.fraction, self.message = content[:2]
                self.partial = content[2] if len(content) > 2 and content[2] is not None else self.partial
        if kind == "result":
            self._end("done", result=content)
        elif kind == "error":
            self._end("failed", error=content)

    def _end(self, state: str, **outcome: Any) -> None:
        with self._lock:
            if self.state == "running":
                for name, value in outcome.items():
                    setattr(self, name, value)
                self.state = state
        self._finished.set()


class Nursery:
    """A warmed process that forks a child for each call."""

    def __init__(self, warm: Warm) -> None:
        ours, theirs = socket.socketpair()
        command = [sys.executable, "-m", "genlib.computation", warm, str(theirs.fileno())]
        self._process = subprocess.Popen(command, pass_fds=[theirs.fileno()], env=_environment(), start_new_session=True)
        theirs.close()
        self._socket = ours
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def child(self) -> Iterator[Any]:
        """Ask for a child and open the stream that leads to it."""
        ours, theirs = socket.socketpair()
        with ours, theirs, self._lock:
            socket.send_fds(self._socket, [b"+"], [theirs.fileno()])
            stream = ours.makefile("rwb")
        with stream:
            yield stream

    def alive(self) -> bool:
        """Say whether the process still runs."""
        return self._process.poll() is None

    def close(self) -> None:
        """End the nursery; it leaves when its socket closes, or is made to while it is still warming. Its children live on."""
        self._socket.close()
        try:
            self._process.wait(2)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


_nurseries: dict[Warm, Nursery] = {}
_opening = threading.Lock()


def warm_up(warm: Warm) -> Nursery:
    """Start a nursery if it does not live yet; return at once, it warms by itself."""
    with _opening:
        if warm in _nurseries and not _nurseries[warm].alive():
            _nurseries.pop(warm).close()
        if warm not in _nurseries:
            _nurseries[warm] = Nursery(warm)
        return _nurseries[warm]


def close() -> None:
    """End every nursery."""
    with _opening:
        while _nurseries:
            _nurseries.popitem()[1].close()


atexit.register(close)


@contextlib.contextmanager
def open_process(warm: Warm) -> Iterator[tuple[Any, Any]]:
    """Open (reader, writer) to a process that will read one pickled call and answer with pickled messages."""
    if FORKS:
        with warm_up(warm).child() as stream:
            yield stream, stream
        return
    command = [sys.executable, "-m", "genlib.computation"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=_environment()) as process:
        yield process.stdout, process.stdin


def launch(folder: str, token: str) -> None:
    """Start a training worker that outlives this process, its terminal and its server."""
    if not FORKS:
        flags = {"creationflags": getattr(subprocess, "DETACHED_PROCESS", 0)} if os.name == "nt" else {"start_new_session": True}
        command = [sys.executable, "-m", "genlib.train", folder, token]
        subprocess.Popen(
            command, env=_environment(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **flags
        )
        return
    with warm_up("torch").child() as stream:
        pickle.dump(("genlib.worker", "work_detached", (folder, token), None), stream)


def answer(reader: Any, writer: Any) -> None:
    """Read one call, make it, and tell pid, progress, and result or error. Runs in the child."""
    module, name, args, kwargs = pickle.load(reader)
    function = getattr(importlib.import_module(module), name)
    if kwargs is None:  # nobody waits for an answer
        reader.close()
        function(*args)
        return

    def tell(kind: str, content: Any) -> None:
        pickle.dump((kind, content), writer, protocol=pickle.HIGHEST_PROTOCOL)
        writer.flush()

    def progress(fraction: float | None, message: str = "", partial: Any = None) -> None:
        tell("progress", (fraction, message, partial))

    tell("pid", os.getpid())
    try:
        result = function(*args, progress=progress, **kwargs)
    except (ValueError, OSError) as error:  # sentences written for people
        tell("error", str(error))
    except MemoryError:
        tell("error", "There is too little memory for this. Try again with fewer items.")
    except Exception as error:
        traceback.print_exc()
        tell("error", f"The calculation broke off: {type(error).__name__}: {error}")
    else:
        tell("result", result)


def serve(warm: Warm, descriptor: int) -> None:
    """Import what is slow, then fork a child for each socket that is handed in, until the other side closes."""
    asked = socket.socket(fileno=descriptor)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if warm == "torch":
        importlib.import_module("genlib.worker")
    else:
        importlib.import_module("genlib.project").warm_umap()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # children are reaped by the kernel
    while True:
        message, handles, _, _ = socket.recv_fds(asked, 1, 1)
        if not message:
            return
        if os.fork() == 0:
            try:
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                asked.close()
                os.setsid()
                with socket.socket(fileno=handles[0]).makefile("rwb") as stream:
                    answer(stream, stream)
            except BrokenPipeError:  # whoever asked is gone
                os._exit(0)
            except BaseException:
                traceback.print_exc()
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(0)
        os.close(handles[0])


def _environment() -> dict[str, str]:
    """Let the other process find the modules that this one finds."""
    return os.environ | {"PYTHONPATH": os.pathsep.join([str(ASSETS.parent), *filter(None, sys.path)])}


if __name__ == "__main__":
    if len(sys.argv) == 3:
        serve(sys.argv[1], int(sys.argv[2]))  # type: ignore[arg-type]
    else:
        messages = os.fdopen(os.dup(1), "wb")
        os.dup2(2, 1)  # what libraries print must not end up among the messages
        answer(sys.stdin.buffer, messages)
