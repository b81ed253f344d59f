"""Start Latent Lab with `streamlit run app.py`: warm-up, clean shutdown, compression, and nothing else."""

import gc
import importlib
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import Receive, Scope, Send

from genlib.ui import broadcast, state


class Compression(GZipMiddleware):
    """gzip for scripts and styles (9 MB become 3); pictures stay as they are, films are played by byte ranges."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        packed = any(part in scope.get("path", "") for part in ("/media/", "/live/"))
        await (self.app if packed else super().__call__)(scope, receive, send)


def warm_up(servers: list) -> None:
    """Start looking after the queue and import torch, once the first page is on screen or nobody has come."""
    state.FIRST_PAGE.wait(timeout=4)
    servers.append(importlib.import_module("genlib.jobs").serve())
    importlib.import_module("genlib.models")
    gc.collect()
    gc.freeze()  # what is imported by now stays: to look at it again would cost 0.1 s each time


@asynccontextmanager
async def lifespan(app: st.App) -> AsyncIterator[None]:
    servers: list = []
    threading.Thread(target=warm_up, args=(servers,), name="warm-up", daemon=True).start()
    yield
    for server in servers:
        server.close()


app = st.App(
    Path(__file__).parent / "genlib" / "ui" / "frame.py",
    lifespan=lifespan,
    routes=broadcast.ROUTES,
    middleware=[Middleware(Compression, compresslevel=6)],
)
