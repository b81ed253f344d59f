"""Open pages of the app in tests: through the frame, as a visitor gets them, without a browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from genlib.config import Config
from genlib.runs import Run

ROOT = Path(__file__).resolve().parents[1]


def visit(name: str = "home", **query: str) -> AppTest:
    """Open a page with a new session; fails on a page that breaks."""
    app = AppTest.from_file(str(ROOT / "genlib" / "ui" / "frame.py"), default_timeout=60)
    for key, value in query.items():
        app.query_params[key] = value
    return go(app.run(), name)


def go(app: AppTest, name: str) -> AppTest:
    """Go on to another page in the same session."""
    return whole(app.switch_page(str(ROOT / "pages" / f"{name}.py")).run())


def whole(app: AppTest) -> AppTest:
    """Fail if the page broke."""
    assert not app.exception, app.exception[0].value
    return app


def texts(app: AppTest) -> str:
    """Return everything that is written on the page."""
    kinds = (app.title, app.subheader, app.markdown, app.caption, app.error, app.warning, app.info, app.toast)
    return "\n".join(str(element.value) for kind in kinds for element in kind)


def button(app: AppTest, key: str) -> Any:
    """Find a button by its key."""
    return next(found for found in app.button if found.key == key)


def trained(dataset: str = "ring", model: str = "vae", steps: int = 12, **rest: Any) -> Run:
    """Train a small run to its end, here and now."""
    from genlib.train import train

    run = Run.create(Config.create(dataset=dataset, model=model, steps=steps, batch_size=32, **rest))
    owned = run.claim()
    owned.note("running")
    for _ in train(owned):
        pass
    owned.note("finished")
    return run


def without_workers(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Keep training processes from starting; return the list that tells which folders one was wanted for."""
    wanted: list[str] = []
    monkeypatch.setattr("genlib.computation.launch", lambda folder, token: wanted.append(folder))
    return wanted
