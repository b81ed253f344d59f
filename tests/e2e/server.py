"""Start the app as a user does, on a free port with a folder of its own, and end all that it started."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Server:
    """A running app. `home` is its LATENT_LAB_HOME, `log` the file of what it prints."""

    address: str
    home: Path
    log: Path
    process: subprocess.Popen[bytes]

    def stop(self) -> None:
        """Stop the server as Ctrl-C does; training goes on, as it should."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def free_port() -> int:
    """Ask the system for a port that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start(home: Path, patience: float = 60) -> Server:
    """Start the app and wait until it is healthy. Raises RuntimeError with what it printed if it does not come up."""
    home.mkdir(parents=True, exist_ok=True)
    port = free_port()
    log = home / "server.log"
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless", "true", "--server.port", str(port)]
    environment = os.environ | {"LATENT_LAB_HOME": str(home), "PYTHONUNBUFFERED": "1"}
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
    server = Server(f"http://127.0.0.1:{port}", home, log, process)
    end = time.monotonic() + patience
    while not healthy(server.address):
        if process.poll() is not None or time.monotonic() > end:
            end_all(home)
            raise RuntimeError(f"the app did not start; it printed:\n{log.read_text()}")
        time.sleep(0.05)
    return server


def healthy(address: str) -> bool:
    """Say whether a server answers at the address."""
    try:
        with urllib.request.urlopen(f"{address}/_stcore/health", timeout=2) as answer:
            return answer.status == 200
    except OSError:
        return False


def end_all(home: Path) -> None:
    """Kill every process whose LATENT_LAB_HOME this is: server, fork server, training that outlived it."""
    mark = f"LATENT_LAB_HOME={home}".encode()
    for folder in Path("/proc").glob("[0-9]*"):
        if int(folder.name) == os.getpid():
            continue
        try:
            if mark in (folder / "environ").read_bytes().split(b"\0"):
                os.kill(int(folder.name), signal.SIGKILL)
        except (FileNotFoundError, PermissionError, ProcessLookupError):
            continue  # gone by now, or another user's


@contextmanager
def serving(home: Path) -> Iterator[Server]:
    """Run the app for the length of a with-block."""
    server = start(home)
    try:
        yield server
    finally:
        server.stop()
        end_all(home)
