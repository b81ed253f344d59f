"""The frame around every page, and the server behind it."""

import asyncio
import subprocess
import sys

import pytest

from genlib.runs import Run
from tests.pages import ROOT, go, texts, trained, visit

OPEN_HOME = """
import sys
from tests.pages import visit
visit("home")
print([name for name in ("torch", "umap", "sklearn") if name in sys.modules])
"""


def test_the_home_page_opens_without_the_heavy_libraries(home):
    told = subprocess.run([sys.executable, "-c", OPEN_HOME], cwd=ROOT, capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


@pytest.mark.parametrize("name", ["home", "data", "train", "runs"])
def test_every_page_opens_without_any_run(name, monkeypatch, tmp_path):
    monkeypatch.setattr("genlib.runs.ASSETS", tmp_path)
    assert visit(name).title


def test_the_run_in_the_address_is_shown_and_comes_along(home):
    first, _ = trained(title="Mine"), trained(title="Another")
    app = visit("train", run=first.name)
    assert "Mine" in texts(app)
    assert go(go(app, "home"), "train").query_params["run"] == first.name


def test_a_run_that_is_gone_gives_a_sentence(home):
    app = visit("home", run="vae-ring-never-was")
    assert "run" not in app.query_params
    assert go(app, "train").title


@pytest.mark.parametrize("name", ["../../etc/passwd", "..", "a" * 300, "%00"])
def test_the_name_in_the_address_never_becomes_a_path(name):
    assert Run.find(name) is None
    assert visit("train", run=name).title


def test_scripts_are_compressed_and_media_and_sockets_are_left_alone():
    from app import Compression

    passed = []

    async def inner(scope, receive, send):
        passed.append((scope, send))

    async def send(message):
        raise AssertionError("nothing is sent here")

    compression = Compression(inner)
    for scope in ({"type": "websocket", "path": "/_stcore/stream"}, {"type": "http", "path": "/media/film.mp4", "headers": []}):
        asyncio.run(compression(scope, None, send))
    assert [given is send for _, given in passed] == [True, True]
