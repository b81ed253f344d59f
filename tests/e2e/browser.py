"""Find a Chromium for the browser tests, or get one: the system's, else Playwright's own, else Debian's package when root.

`make test` runs this file before the tests; tests and benchmarks ask `find`. CHROMIUM names a browser that is somewhere else.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
MISSING = (
    "The browser tests need a Chromium and none could be had: install the system's package chromium, "
    "or let CHROMIUM name one, or run `playwright install --with-deps chromium`."
)


def works(path: str | Path | None) -> bool:
    """Say whether a browser starts: a stub, or one without its libraries, does not."""
    if not path or not Path(path).is_file():
        return False
    try:
        return subprocess.run([path, "--version"], capture_output=True, timeout=60, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def find(playwright: Playwright) -> Path | None:
    """Return the browser to use, or None if there is none."""
    candidates = [os.environ.get("CHROMIUM"), *map(shutil.which, NAMES), playwright.chromium.executable_path]
    return next((Path(path) for path in candidates if path and works(path)), None)


def install() -> None:
    """Try to get a browser: Playwright's own, which needs nobody's permission, then Debian's package, which needs root."""
    subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)
    if not _found() and os.geteuid() == 0 and shutil.which("apt-get"):
        quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "update", "-q"], env=quiet, check=False)
        subprocess.run(["apt-get", "install", "-q", "-y", "--no-install-recommends", "chromium"], env=quiet, check=False)


def _found() -> Path | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        return find(playwright)


def main() -> None:
    if not _found():
        install()
    found = _found()
    print(f"Browser for the tests: {found}" if found else MISSING, flush=True)


if __name__ == "__main__":
    main()
