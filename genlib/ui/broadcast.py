"""The newest drawing of a run at an address of its own, which the browser asks for by itself.

Apart from the pages because it goes round Streamlit: to draw the page anew for every picture took a quarter of the training's speed.
"""

from __future__ import annotations

import streamlit as st
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from genlib.runs import Damaged, Run

KINDS = ("samples", "reconstructions")


def address(run: Run, kind: str = "samples") -> str:
    """Return where the browser finds the newest samples or reconstructions of a run."""
    base = str(st.get_option("server.baseUrlPath") or "").strip("/")
    return f"{'/' if base else ''}{base}/live/{run.name}/{kind}"


def newest(request: Request) -> Response:
    """Answer with the newest drawing as the run keeps it: a PNG, or points (n, 2) as little-endian float32.

    Headers tell the run's step and state, and a version: whoever asks `since` that version gets 204 and no body until something changed.
    """
    from genlib import jobs  # imports more than a first page should wait for

    run, kind = Run.find(request.path_params["run"]), request.path_params["kind"]
    if run is None or kind not in KINDS:
        return Response(status_code=404)
    try:
        file, status = run.drawing(kind=kind), jobs.status(run)
        if file is None:
            return Response(status_code=204)
        version = f"{file.stat().st_mtime_ns:x}-{status.state}"
        if request.query_params.get("since") == version:
            return Response(status_code=204)
        content = file.read_bytes()
    except (OSError, Damaged):  # it is being deleted
        return Response(status_code=404)
    told = {"X-Version": version, "X-Step": str(status.step), "X-State": status.state, "Cache-Control": "no-store"}
    return Response(content, media_type="image/png" if file.suffix == ".png" else "application/octet-stream", headers=told)


ROUTES = [Route("/live/{run}/{kind}", newest)]
