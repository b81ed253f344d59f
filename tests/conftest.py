"""What every test has: a folder of its own for runs and data, no way out to the network, and its turn (browser tests last)."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

HERE = {"127.0.0.1", "::1", "localhost"}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep runs and data in a folder that is thrown away, and return it."""
    folder = tmp_path / "home"
    monkeypatch.setenv("LATENT_LAB_HOME", str(folder))
    return folder


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse connections that leave the machine: no test may depend on them, and the app may make none unasked."""
    connect = socket.socket.connect

    def local(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in HERE:
            raise OSError(f"tests may not connect to {address[0]}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", local)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run what is quick to fail first: the browser tests at the end."""
    items.sort(key=lambda item: "e2e" in item.path.parts)
