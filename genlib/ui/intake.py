"""Own data: files brought to the Data page, what was wrong with each, and the name to keep them under."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import streamlit as st

from genlib import choices, data, images, uploads
from genlib.data import Source
from genlib.ui import charts, forms, show, state

if TYPE_CHECKING:
    from genlib.uploads import Upload

TYPES = ["zip", "png", "jpg", "jpeg", "webp", "bmp", "gif", "csv"]
SHOWN = 60  # pictures of an upload


def of_group(sources: Mapping[str, Source], group: str) -> dict[str, Source]:
    """Pick the data sets of a group: pictures, points, or own."""
    return {name: source for name, source in sources.items() if group == ("own" if is_own(name) else source.kind)}


def is_own(name: str) -> bool:
    """Say whether a data set is one that a person brought."""
    return name not in data.DATASETS


def train_with(name: str) -> None:
    """Go to the Train page with a data set chosen."""
    state.turn("train-dataset", name)
    state.turn("train-view", "Set up")
    state.go("train")


def bring(expanded: bool) -> None:
    """Take files in, read them elsewhere, show what came of it, and keep it under a name."""
    kept = state.kept("sets-brought", 0)  # another key after each set: the form closes and is empty again
    with st.expander("Bring your own pictures or points", expanded=expanded, icon=":material/upload:", key=f"bring-{kept}"):
        st.caption(
            "A ZIP or many picture files; folders in a ZIP become classes. Or one CSV with two columns of numbers. "
            "What you bring stays on this machine."
        )
        files = st.file_uploader("Files", TYPES, accept_multiple_files=True, key=f"own-files-{kept}", label_visibility="collapsed")
        options = forms.fields(uploads.UploadOptions, "upload", columns=3)
        st.button("Read them", icon=":material/search:", key="read-own", disabled=not files, on_click=_read, args=(files, options))
        reading = state.computation("upload")
        if reading is not None and not show.waiting(reading, "Reading …", "upload") and reading.state == "done":
            _review(reading.result)


def _read(files: list[Any], values: forms.Values) -> None:
    """Read one ZIP, one table, or many pictures, in a process of their own: what comes in is not trusted."""
    try:
        options = choices.fill(uploads.UploadOptions, values)
    except ValueError as problem:
        state.say(str(problem), ":material/error:")
        return
    kinds = {file.name.lower().rsplit(".", 1)[-1] for file in files}
    if len(files) == 1 and kinds == {"zip"}:
        state.compute("upload", uploads.read_archive, files[0].getvalue(), options)
    elif len(files) == 1 and kinds == {"csv"}:
        state.compute("upload", uploads.read_points, files[0].getvalue())
    elif kinds & {"zip", "csv"}:
        state.say("Bring one ZIP, or one CSV, or picture files: not several of them at once.", ":material/info:")
    else:
        state.compute("upload", uploads.read_files, [(file.name, file.getvalue()) for file in files], options)


def _review(upload: Upload) -> None:
    _problems(upload.problems)
    classes = f" in {len(upload.classes)} classes" if upload.classes else ""
    what = "pictures" if upload.items.ndim == 4 else "points"
    st.markdown(f"**{len(upload.items):,} {what}**{classes} can be used.")
    if what == "pictures":
        chosen = state.rows(len(upload.items), SHOWN)
        show.picture(images.montage(upload.items[chosen], 20), "Some of the pictures as they were read", least=200)
    else:
        charts.points(upload.items, "upload-points", height=300)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        title = st.text_input("Name to keep them under", key="own-name", max_chars=60, placeholder="Leaves from the garden")
        st.button(
            "Keep",
            type="primary",
            icon=":material/save:",
            key="keep-own",
            disabled=not (title or "").strip(),
            on_click=_keep,
            args=(upload,),
        )


def _problems(problems: list[tuple[str, str]]) -> None:
    if problems:
        files = "file was" if len(problems) == 1 else "files were"
        st.warning(f"{len(problems)} {files} left out.", icon=":material/warning:")
        st.dataframe(
            {"File": [name for name, _ in problems], "Reason": [reason for _, reason in problems]},
            hide_index=True,
            height=min(250, 38 + 36 * len(problems)),
        )


def _keep(upload: Upload) -> None:
    try:
        name = uploads.keep(state.turned("own-name"), upload)
    except (ValueError, OSError) as problem:
        state.say(f"Not kept: {problem}", ":material/error:")
        return
    state.forget("upload")
    state.forget_datasets()
    state.keep("sets-brought", state.kept("sets-brought", 0) + 1)
    state.turn("data-set-Your own", name)
    state.say("Kept. It can be trained on now.")


def remove(name: str, label: str) -> None:
    """Offer to remove an own data set, asking once."""
    with st.popover("Remove", icon=":material/delete:"):
        st.markdown(f"Remove **{label}** from this machine? Runs that were trained on it stay, but cannot be trained further.")
        st.button("Remove it", key=f"remove-{name}", type="primary", icon=":material/delete_forever:", on_click=_remove, args=(name, label))


def _remove(name: str, label: str) -> None:
    uploads.remove(name)
    state.forget_datasets()
    state.say(f"Removed {label}.", ":material/delete:")
