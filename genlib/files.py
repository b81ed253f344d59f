"""Writing that survives a crash, a full disk and a torn line. Apart from runs.py because uploads and maps are kept the same way."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any


def write(path: Path, data: bytes) -> None:
    """Put bytes into a file whole or not at all: temporary file beside it, fsync, replace, fsync of the folder. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise
    _sync_folder(path.parent)


def write_json(path: Path, value: Any) -> None:
    """Write a value as JSON, whole or not at all."""
    write(path, json.dumps(value, indent=1).encode())


def read_json(path: Path) -> Any:
    """Read JSON, or return None where there is no such file."""
    try:
        return json.loads(path.read_bytes())
    except FileNotFoundError:
        return None


def append(path: Path, line: str) -> None:
    """Add one line with one system call: a killed process leaves it whole or absent.

    A fragment that a full disk left is cut off again, here and at the next call: it would swallow the next good line.
    """
    data = line.encode() + b"\n"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        length = os.fstat(descriptor).st_size
        if length and os.pread(descriptor, 1, length - 1) != b"\n":
            length = _cut_fragment(descriptor, length)
        if os.write(descriptor, data) != len(data):
            os.ftruncate(descriptor, length)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
    finally:
        os.close(descriptor)


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Read the whole lines of a JSON-lines file; an unfinished last line is not a line yet."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return []
    whole = data[: data.rfind(b"\n") + 1]
    return [json.loads(line) for line in whole.splitlines() if line.strip()]


def digest(data: bytes) -> str:
    """Return the SHA-256 of bytes, as text."""
    return hashlib.sha256(data).hexdigest()


def sentence(error: OSError) -> str:
    """Say what is wrong with the disk and what to do about it."""
    where = f" ({error.filename})" if error.filename else ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"The disk is full{where}. Training waits; free some space and it goes on by itself."
    if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return f"The folder cannot be written to{where}. Training waits; allow writing and it goes on by itself."
    return f"Writing failed: {error.strerror or error}{where}. Training waits and tries again every second."


def _cut_fragment(descriptor: int, length: int) -> int:
    data = os.pread(descriptor, length, 0)
    kept = data.rfind(b"\n") + 1
    os.ftruncate(descriptor, kept)
    return kept


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # Windows has no handle on a folder that could be synced.
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
