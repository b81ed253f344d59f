"""Calculations in processes of their own."""

import os
import time

from genlib.computation import Computation, Nursery


def double(value, progress):
    progress(0.5, "half way", value)
    return 2 * value


def refuse(progress):
    raise ValueError("Too few points: take at least 5.")


def break_off(progress):
    return {}["missing"]


def die(progress):
    os.kill(os.getpid(), 9)


def linger(path, progress):
    progress(None, "lingering")
    time.sleep(30)
    path.write_text("done")


def test_result_and_progress_come_back():
    computation = Computation.start(double, 21)
    assert computation.wait(60)
    assert (computation.state, computation.result, computation.fraction, computation.partial) == ("done", 42, 0.5, 21)


def test_sentence_of_an_error_comes_back():
    computation = Computation.start(refuse)
    assert computation.wait(60)
    assert (computation.state, computation.error) == ("failed", "Too few points: take at least 5.")


def test_error_without_a_sentence_is_named():
    computation = Computation.start(break_off)
    assert computation.wait(60)
    assert computation.error == "The calculation broke off: KeyError: 'missing'"


def test_killed_calculation_is_said_to_be():
    computation = Computation.start(die)
    assert computation.wait(60)
    assert computation.state == "failed"
    assert "killed" in computation.error


def test_cancel_takes_effect_at_once(tmp_path):
    computation = Computation.start(linger, tmp_path / "file")
    while computation.message != "lingering":
        time.sleep(0.01)
    since = time.perf_counter()
    computation.cancel()
    assert computation.state == "cancelled"
    assert computation.wait(1)
    while True:
        try:
            os.kill(computation._pid, 0)
        except ProcessLookupError:
            break
        assert time.perf_counter() - since < 0.5
        time.sleep(0.01)
    assert not (tmp_path / "file").exists()


def test_closing_does_not_wait_for_a_nursery_that_still_warms():
    nursery = Nursery("umap")  # takes ten seconds and more to warm
    began = time.monotonic()
    nursery.close()
    assert time.monotonic() - began < 5
    assert not nursery.alive()
