"""The newest drawing of a run at its own address."""

import asyncio
import importlib

import numpy as np
import pytest
import streamlit as st
from starlette.requests import Request

from genlib import images
from genlib.runs import Run
from genlib.ui import broadcast
from tests.pages import trained


def ask(address: str, since: str = ""):
    _, _, run, kind = address.split("/")
    scope = {"type": "http", "path_params": {"run": run, "kind": kind}, "query_string": f"since={since}".encode(), "headers": []}
    return broadcast.newest(Request(scope))


@pytest.fixture
def run(home):
    return trained("digits", steps=3)


def test_a_picture_comes_as_the_run_keeps_it_with_step_and_state(run):
    answer = ask(broadcast.address(run))
    assert np.array_equal(images.read_png(answer.body), run.samples())
    assert answer.media_type == "image/png"
    assert (answer.headers["x-step"], answer.headers["x-state"]) == ("3", "finished")


def test_reconstructions_have_an_address_too(run):
    assert np.array_equal(images.read_png(ask(broadcast.address(run, "reconstructions")).body), run.reconstructions())


def test_points_come_as_floats(home):
    run = trained("ring", "gan", steps=3)
    answer = ask(broadcast.address(run))
    assert np.array_equal(np.frombuffer(answer.body, "<f4").reshape(-1, 2), run.samples())


def test_nothing_is_sent_twice(run):
    first = ask(broadcast.address(run))
    version = first.headers["x-version"]
    assert ask(broadcast.address(run), version).status_code == 204
    run.draw("samples", np.zeros((8, 8, 1), np.uint8))
    assert ask(broadcast.address(run), version).status_code == 200


def test_another_state_is_told_though_the_picture_is_the_same(run):
    version = ask(broadcast.address(run)).headers["x-version"]
    run.note("paused")
    answer = ask(broadcast.address(run), version)
    assert (answer.status_code, answer.headers["x-state"]) == (200, "paused")


@pytest.mark.parametrize("address", ["/live/nobody/samples", "/live/../samples", "/live/{run}/weights"])
def test_what_is_not_there_is_not_found(run, address):
    assert ask(address.replace("{run}", run.name)).status_code == 404


def test_a_run_that_has_drawn_nothing_yet_answers_with_nothing(run):
    empty = Run.create(run.config)
    assert ask(broadcast.address(empty)).status_code == 204


def test_the_app_serves_it_below_its_base_path(run, monkeypatch):
    monkeypatch.setattr(st, "get_option", lambda name: "/lab/" if name == "server.baseUrlPath" else None)
    assert broadcast.address(run) == f"/lab/live/{run.name}/samples"


def test_the_app_answers_there(run):
    """Through the whole app, middleware and all: the bytes come uncompressed."""
    app = importlib.import_module("app").app
    sent = []

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        sent.append(message)

    path = broadcast.address(run)
    scope = {
        "type": "http", "http_version": "1.1", "method": "GET", "scheme": "http", "path": path, "raw_path": path.encode(),
        "query_string": b"", "headers": [(b"host", b"127.0.0.1:8501"), (b"accept-encoding", b"gzip")],
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 8501),
    }  # fmt: skip
    asyncio.run(app(scope, receive, send))
    headers = dict(sent[0]["headers"])
    assert sent[0]["status"] == 200 and b"content-encoding" not in headers
    assert b"".join(message.get("body", b"") for message in sent[1:]) == (run.folder / "samples" / "live.png").read_bytes()
