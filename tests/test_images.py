"""Pictures: exact round trips, and files that other programs read back as meant."""

import io
import zipfile

import av
import numpy as np
import pytest
import torch
from PIL import Image

from genlib import images

EVERY_BYTE = np.arange(256, dtype=np.uint8)


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


@pytest.mark.parametrize("channels", [1, 3])
def test_pixels_survive_the_way_to_images_and_back(channels):
    pixels = noise(5, 16, 24, channels)
    assert images.to_images(pixels).shape == (5, channels, 16, 24)
    assert np.array_equal(images.to_pixels(images.to_images(pixels)), pixels)


def test_unit_spans_minus_one_to_one_and_leaves_its_input_alone():
    values = images.unit(EVERY_BYTE)
    assert values.dtype == np.float32
    assert (values[0], values[-1]) == (-1.0, 1.0)
    assert EVERY_BYTE[255] == 255


def test_unit_gives_the_same_for_arrays_and_tensors():
    assert np.array_equal(images.unit(torch.from_numpy(EVERY_BYTE)).numpy(), images.unit(EVERY_BYTE))


def test_unit_refuses_what_is_not_pixels():
    with pytest.raises(TypeError, match="uint8 pixels, got float32"):
        images.unit(np.zeros(3, np.float32))


def test_to_pixels_clips_and_refuses_nan():
    assert images.to_pixels(np.full((1, 1, 2, 2), 7.0)).max() == 255
    with pytest.raises(ValueError, match="diverged"):
        images.to_pixels(np.full((1, 1, 2, 2), np.nan))


@pytest.mark.parametrize(("count", "columns", "gap"), [(1, None, 2), (7, None, 2), (7, 3, 0), (12, 5, 1), (3, 20, 4)])
def test_every_picture_of_a_montage_lies_where_the_grid_says(count, columns, gap):
    pixels = noise(count, 6, 9, 3)
    sheet, plan = images.montage(pixels, columns, gap), images.grid(pixels, columns, gap)
    assert sheet.shape == (*plan.shape, 3)
    for index in range(count):
        top, left = plan.cell(index)
        assert np.array_equal(sheet[top : top + 6, left : left + 9], pixels[index])
        assert plan.at(left, top) == plan.at(left + 8.9, top + 5.9) == index


def test_a_click_beside_the_pictures_hits_none():
    plan = images.grid(noise(3, 6, 9, 1), columns=2, gap=2)
    for x, y in [(9.5, 3), (3, 7), (13, 9), (-1, 3), (3, -1), (22, 3), (3, 30)]:
        assert plan.at(x, y) is None


def test_an_empty_montage_is_refused():
    with pytest.raises(ValueError, match="at least one picture"):
        images.montage(noise(0, 6, 9, 1))


def test_enlarge_repeats_whole_pixels():
    assert images.enlarge(noise(4, 28, 28, 1), 100).shape == (4, 112, 112, 1)
    picture = noise(5, 3, 3)
    assert np.array_equal(images.enlarge(picture, 9)[::3, ::3], picture)
    assert images.enlarge(picture, 2) is picture


@pytest.mark.parametrize("size", [16, 28, 32, 64])
@pytest.mark.parametrize("channels", [1, 3])
def test_resize_agrees_with_pillow(size, channels):
    smooth = np.asarray(Image.fromarray(noise(5, 5, 3)).resize((28, 28), Image.Resampling.BILINEAR))[None, ..., :channels]
    method = Image.Resampling.LANCZOS if size < 28 else Image.Resampling.BICUBIC
    expected = np.asarray(Image.fromarray(smooth[0].squeeze()).resize((size, size), method)).reshape(size, size, channels)
    assert np.abs(images.resize(smooth, size)[0].astype(int) - expected).max() <= 2


def test_resize_keeps_flat_pictures_flat():
    assert (images.resize(np.full((3, 20, 30, 3), 200, np.uint8), 16) == 200).all()


@pytest.mark.parametrize("channels", [1, 3])
def test_png_round_trip_is_exact(channels, tmp_path):
    picture = noise(13, 17, channels)
    (tmp_path / "picture.png").write_bytes(images.png(picture))
    assert np.array_equal(images.read_png(images.png(picture)), picture)
    assert np.array_equal(images.read_png(tmp_path / "picture.png"), picture)


@pytest.mark.parametrize("damage", [lambda data: b"no picture", lambda data: data[:20], lambda data: data[: len(data) // 2]])
def test_a_damaged_png_is_refused_with_a_sentence(damage):
    with pytest.raises(ValueError, match="not a PNG picture"):
        images.read_png(damage(images.png(noise(40, 40, 3))))


def test_data_uri_holds_the_bytes():
    assert images.data_uri(b"abc") == "data:image/png;base64,YWJj"


@pytest.mark.parametrize("channels", [1, 3])
def test_a_gif_plays_every_frame_for_the_right_time(channels):
    frames = noise(9, 16, 16, channels)
    with Image.open(io.BytesIO(images.gif(frames, fps=12))) as film:
        assert film.n_frames == 9
        assert film.info["loop"] == 0
        lengths = []
        for index in range(9):
            film.seek(index)
            lengths.append(film.info["duration"])
            if channels == 1:
                assert np.array_equal(np.asarray(film.convert("L")), frames[index, ..., 0])
    assert sum(lengths) == 750


def test_a_gif_can_play_once():
    with Image.open(io.BytesIO(images.gif(noise(2, 8, 8, 1), loop=False))) as film:
        assert "loop" not in film.info


@pytest.mark.parametrize("channels", [1, 3])
def test_an_mp4_has_even_sides_and_the_right_colours(channels):
    frames = np.broadcast_to(np.array([200, 90, 40][:channels], np.uint8), (8, 33, 47, channels))
    with av.open(io.BytesIO(images.mp4(frames, fps=8))) as film:
        stream = film.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt, stream.average_rate) == ("h264", "yuv420p", 8)
        decoded = [frame.to_ndarray(format="rgb24") for frame in film.decode(stream)]
    assert len(decoded) == 8
    assert decoded[0].shape == (34, 48, 3)
    assert np.abs(decoded[4].astype(int) - frames[0, 0, 0]).max() <= 6


@pytest.mark.parametrize("write", [images.gif, images.mp4])
def test_films_report_their_progress_and_refuse_nonsense(write):
    told = []
    write(noise(3, 16, 16, 3), fps=10, progress=lambda fraction, message: told.append((fraction, message)))
    assert [fraction for fraction, _ in told] == pytest.approx([0, 1 / 3, 2 / 3])
    assert "frame 3 of 3" in told[-1][1]
    with pytest.raises(ValueError, match="at least one frame"):
        write(noise(0, 16, 16, 3))
    with pytest.raises(ValueError, match="at most 50, got 90"):
        write(noise(2, 16, 16, 3), fps=90)


def test_a_zip_holds_every_picture_and_is_the_same_each_time():
    pixels = noise(3, 8, 8, 3)
    data = images.zip_of_pictures(pixels)
    assert data == images.zip_of_pictures(pixels)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.namelist() == ["00000.png", "00001.png", "00002.png"]
        assert np.array_equal(images.read_png(archive.read("00002.png")), pixels[2])
