"""Training in processes of its own: the queue, pause, step, stop, and a worker that is killed."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from genlib import computation, files, jobs
from genlib.config import Config
from genlib.runs import Run


def recipe(steps=100_000, **rest):
    return Config.create("ring", "vae", {"width": 16}, latent_dim=2, batch_size=32, steps=steps, **rest)


def until(what, seconds=40.0):
    """Wait for something; return how long it took."""
    since = time.perf_counter()
    while not what():
        assert time.perf_counter() - since < seconds, "waited in vain"
        time.sleep(0.01)
    return time.perf_counter() - since


def state(run):
    return jobs.status(run).state


@pytest.fixture
def root(tmp_path):
    yield tmp_path
    for run in Run.all(tmp_path, bundled=False):
        jobs.stop(run)
        told = jobs._worker(run)
        if told and told["host"] == socket.gethostname():
            until(lambda told=told, run=run: not jobs._exists(told["pid"]) or jobs._worker(run).get("over"))


@pytest.fixture
def queue(root):
    server = jobs.serve(root)
    yield root
    server._over.set()
    server._thread.join()


def worker(run):
    return jobs._worker(run)["pid"]


def test_run_trains_to_its_end_in_a_process_of_its_own(queue):
    run = jobs.start(recipe(steps=300), queue)
    until(lambda: state(run) == "finished")
    status = jobs.status(run)
    assert status.step == status.total == 300 and not status.living
    assert [event["event"] for event in run.events()] == ["created", "queued", "starting", "running", "finished"]
    assert worker(run) != os.getpid()


def test_running_run_tells_speed_time_left_and_memory(queue):
    run = jobs.start(recipe(), queue)
    until(lambda: jobs.status(run).rate)
    status = jobs.status(run)
    assert status.living and status.left > 0 and status.memory > 10_000_000 and status.device.startswith("CPU")


def test_stop_takes_effect_within_half_a_second(queue):
    run = jobs.start(recipe(), queue)
    until(lambda: jobs.status(run).step > 100)
    jobs.stop(run)
    assert until(lambda: state(run) == "stopped") < 0.5
    assert run.checkpoint()["step"] > 100


def test_pause_step_resume(queue):
    run = jobs.start(recipe(), queue)
    until(lambda: jobs.status(run).step > 50)
    jobs.pause(run)
    assert until(lambda: state(run) == "paused") < 0.5
    saved = run.checkpoint()["step"]
    until(lambda: jobs.status(run).step == saved)
    jobs.step(run)
    jobs.step(run)
    until(lambda: jobs.status(run).step == saved + 2)
    time.sleep(0.3)
    assert jobs.status(run).step == saved + 2
    jobs.resume(run)
    until(lambda: jobs.status(run).step > saved + 50)


def test_stopped_run_does_one_step_when_asked(queue):
    run = jobs.start(recipe(), queue)
    until(lambda: jobs.status(run).step > 50)
    jobs.stop(run)
    until(lambda: state(run) == "stopped")
    saved = run.checkpoint()["step"]
    jobs.step(run)
    until(lambda: jobs.status(run).step == saved + 1 and state(run) == "paused")


def test_one_slot_a_device_first_come_first_served(queue):
    first, second, third = (jobs.start(recipe(), queue) for _ in range(3))
    until(lambda: state(first) == "running")
    assert [jobs.status(run).position for run in (first, second, third)] == [None, 0, 1]
    jobs.stop(first)
    until(lambda: state(second) == "running")
    assert state(third) == "queued"
    jobs.stop(third)
    assert state(third) == "stopped"


def test_paused_run_gives_its_place_to_the_next_and_comes_back(queue):
    first = jobs.start(recipe(), queue)
    until(lambda: jobs.status(first).step > 20)
    jobs.pause(first)
    until(lambda: state(first) == "paused")
    second = jobs.start(recipe(), queue)
    until(lambda: state(second) == "running")
    until(lambda: jobs._worker(first).get("over"))
    jobs.resume(first)
    assert state(first) == "queued"
    jobs.stop(second)
    until(lambda: state(first) == "running")


def test_killed_worker_is_noticed_and_its_run_resumes_to_the_same_weights(queue, tmp_path_factory, monkeypatch):
    config = recipe(steps=4000)
    whole = Run.create(config, tmp_path_factory.mktemp("whole"))
    from genlib.train import train

    for _ in train(whole):
        pass
    run = jobs.start(config, queue)
    until(lambda: jobs.status(run).step > 500)
    jobs.pause(run)
    until(lambda: state(run) == "paused")
    jobs.resume(run)
    step = jobs.status(run).step
    until(lambda: jobs.status(run).step > step)
    os.kill(worker(run), signal.SIGKILL)
    assert until(lambda: state(run) == "lost") < 2 * jobs.SILENCE
    assert "Resume goes on from the last checkpoint" in jobs.status(run).note
    jobs.resume(run)
    until(lambda: state(run) == "finished")
    weights, expected = run.load().state_dict(), whole.load().state_dict()
    assert all(torch.equal(weights[name], expected[name]) for name in expected)


def test_a_killed_worker_turned_a_knob_and_its_run_turns_it_again_where_it_was(queue, tmp_path_factory):
    config = recipe(steps=3000)
    run = jobs.start(config, queue)
    until(lambda: jobs.status(run).step > 300)
    jobs.turn(run, {"beta": 7.0})
    assert until(run.changes) < 1.0
    step = run.changes()[0].step
    until(lambda: jobs.status(run).step > step)
    os.kill(worker(run), signal.SIGKILL)
    until(lambda: state(run) == "lost")
    assert run.checkpoint()["step"] < step and not run.asked()
    before = run.changes()
    jobs.resume(run)
    until(lambda: state(run) == "finished")
    assert run.changes() == before and run.options_at()["beta"] == 7.0 and run.config == config
    from genlib.train import train

    whole = Run.create(config, tmp_path_factory.mktemp("whole"))
    whole.note("turned", step=step, options={"beta": 7.0}, before={"beta": 1.0})
    for _ in train(whole):
        pass
    weights, expected = run.load().state_dict(), whole.load().state_dict()
    assert all(torch.equal(weights[name], expected[name]) for name in expected)


def test_a_paused_run_takes_a_turned_knob_over_and_a_stopped_one_when_it_goes_on(queue):
    run = jobs.start(recipe(), queue)
    until(lambda: jobs.status(run).step > 20)
    jobs.pause(run)
    until(lambda: state(run) == "paused")
    step = run.checkpoint()["step"]
    jobs.turn(run, {"beta": 7.0})
    until(run.changes)
    assert [(change.step, change.text) for change in run.changes()] == [(step, "beta 1 → 7")]
    jobs.stop(run)
    until(lambda: state(run) == "stopped")
    jobs.turn(run, {"learning_rate": 0.002})
    assert run.asked() == [{"learning_rate": 0.002}]
    jobs.resume(run)
    until(lambda: not run.asked())
    assert run.changes()[1].step == step and run.options_at()["beta"] == 7.0


def test_silent_worker_counts_as_dead_even_if_its_number_lives(root, monkeypatch):
    run = Run.create(recipe(), root).claim()
    run.note("running")
    files.write_json(run.folder / "worker.json", {"token": run.token, "pid": os.getpid(), "host": "elsewhere", "beat": 7})
    assert state(run) == "running"
    monkeypatch.setattr(jobs, "SILENCE", 0.1)
    time.sleep(0.2)
    assert state(run) == "lost"
    files.write_json(run.folder / "worker.json", {"token": run.token, "pid": os.getpid(), "host": "elsewhere", "beat": 8})
    assert state(run) == "running"


def test_worker_outlives_its_server_and_is_adopted(tmp_path):
    code = (
        "import sys, time; from pathlib import Path; from genlib import jobs; from genlib.config import Config\n"
        "if __name__ == '__main__':\n"
        "    root = Path(sys.argv[1]); server = jobs.serve(root)\n"
        "    run = jobs.start(Config.create('ring', 'vae', {'width': 16}, latent_dim=2, batch_size=32, steps=100000), root)\n"
        "    while jobs.status(run).step < 20: time.sleep(0.05)\n"
        "    print(run.name)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, timeout=60, check=True)
    run = Run.find(done.stdout.split()[-1], tmp_path)
    step = jobs.status(run).step
    until(lambda: jobs.status(run).step > step)
    assert state(run) == "running"
    jobs.stop(run)
    assert until(lambda: state(run) == "stopped") < 0.5


def test_diverged_run_says_at_which_step_and_what_to_try(queue):
    config = Config.create("ring", "vae", {"width": 16, "learning_rate": 1e-2}, latent_dim=2, steps=1000)
    run = Run.create(config, queue).claim()
    checkpoint = poisoned(config)
    run.save(checkpoint)
    jobs.resume(Run(run.folder))
    until(lambda: state(run) == "failed")
    assert "became nan at step" in jobs.status(run).note
    assert "smaller learning rate" in jobs.status(run).note


def poisoned(config):
    """A checkpoint whose weights are no numbers: the next loss is none either."""
    from genlib.models import build
    from genlib.state import State

    saved = State(build(config, config.shape)).checkpoint()
    return saved | {
        "model": {
            name: torch.full_like(value, float("nan")) if value.is_floating_point() else value for name, value in saved["model"].items()
        }
    }


def test_command_of_another_executor_runs_the_same_folder(root):
    run = Run.create(recipe(steps=50), root).claim()
    subprocess.run(
        [sys.executable, "-m", "genlib.train", str(run.folder), run.token], check=True, timeout=60, cwd=Path(__file__).parent.parent
    )
    assert state(Run(run.folder)) == "finished"
    assert json.loads((run.folder / "worker.json").read_text())["over"] is True


def test_server_close_ends_the_nursery():
    nursery = computation.warm_up("torch")
    computation.close()
    assert not nursery.alive()


def test_deleted_run_is_gone_and_its_worker_leaves(queue):
    run = jobs.start(recipe(), queue)
    until(lambda: jobs.status(run).step > 20)
    number = worker(run)
    run.delete()
    until(lambda: not jobs._exists(number), 5)
    assert [path.name for path in queue.iterdir()] == [".queue"]
