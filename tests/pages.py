"""Open pages of the app in tests: through the frame, as a visitor gets them, without a browser."""

from __future__ import annotations

from pathlib import Path

from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).resolve().parents[1]


def visit(name: str, **query: str) -> AppTest:
    """Open a page with a new session; fails on a page that breaks."""
    app = AppTest.from_file(str(ROOT / "genlib" / "ui" / "frame.py"), default_timeout=60)
    for key, value in query.items():
        app.query_params[key] = value
    app.run()
    return turn_to(app, name)


def turn_to(app: AppTest, name: str) -> AppTest:
    """Go on to another page in the same session."""
    app.switch_page(str(ROOT / "pages" / f"{name}.py")).run()
    assert not app.exception, app.exception[0].value
    return app


def texts(app: AppTest) -> str:
    """Return everything that is written on the page."""
    kinds = (app.title, app.subheader, app.markdown, app.caption, app.error, app.warning, app.info)
    return "\n".join(str(element.value) for kind in kinds for element in kind)
