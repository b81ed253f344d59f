"""Data: choosing, looking, and bringing one's own."""

import io
import zipfile

import numpy as np
import pytest
from PIL import Image

from genlib import data, uploads
from tests.pages import button, texts, visit, whole

HERE = [name for name, source in data.DATASETS.items() if source.bundled]
GROUP = {"pictures": "Pictures", "points": "Points"}


@pytest.mark.parametrize("name", HERE)
def test_every_set_that_is_here_can_be_looked_at(name):
    source = data.DATASETS[name]
    app = visit("data")
    app.segmented_control("data-group").set_value(GROUP[source.kind]).run()
    whole(app.selectbox(f"data-set-{GROUP[source.kind]}").set_value(name).run())
    assert source.why in texts(app)
    assert app.get("echarts_chart")


def test_a_set_that_is_not_here_offers_its_download():
    app = visit("data")
    whole(app.selectbox("data-set-Pictures").set_value("cifar10").run())
    assert f"{data.DATASETS['cifar10'].megabytes} MB" in texts(app)
    assert button(app, "data-download")


def test_others_are_shown_on_request():
    app = visit("data")
    before = app.get("html")[0].proto.body
    whole(button(app, "look-seed-button").click().run())
    assert app.get("html")[0].proto.body != before


def archive(count: int = 20) -> bytes:
    """A ZIP of pictures in two folders, and one file that is none."""
    generator, packed = np.random.default_rng(0), io.BytesIO()
    with zipfile.ZipFile(packed, "w") as files:
        for number in range(count):
            picture = io.BytesIO()
            Image.fromarray(generator.integers(0, 256, (20, 20, 3), np.uint8)).save(picture, "PNG")
            files.writestr(f"{'cats' if number % 2 else '<b>dogs'}/{number}.png", picture.getvalue())
        files.writestr("cats/notes.png", b"no picture")
    return packed.getvalue()


def test_an_upload_is_read_reviewed_kept_and_removed():
    app = visit("data")
    app.segmented_control("data-group").set_value("Your own").run()
    app.session_state["computation-upload"] = Done(uploads.read_archive(archive()))
    whole(app.run())
    assert "20 pictures" in texts(app)
    assert "1 file was left out" in texts(app)
    app.text_input("own-name").set_value("My animals").run()
    whole(button(app, "keep-own").click().run())
    assert app.selectbox("data-set-Your own").value == "my-animals"
    assert "&lt;b&gt;dogs" in app.get("html")[0].proto.body
    whole(button(app, "remove-my-animals").click().run())
    assert "my-animals" not in data.sources()


def test_a_refused_upload_gives_its_sentence():
    app = visit("data")
    app.segmented_control("data-group").set_value("Your own").run()
    app.session_state["computation-upload"] = Done(None, "failed", "there are 3 usable pictures, and at least 16 are needed.")
    assert "at least 16" in texts(whole(app.run()))


class Done:
    """A computation that is over."""

    def __init__(self, result, state="done", error=""):
        self.result, self.state, self.error = result, state, error
