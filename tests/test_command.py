"""The command line."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from genlib import choices
from genlib.config import Config
from genlib.data import DATASETS
from genlib.models import MODELS
from genlib.runs import Run

PROJECT = Path(__file__).parent.parent


def command(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "genlib.train", *arguments], capture_output=True, text=True, timeout=120, cwd=PROJECT, check=False
    )


def test_command_trains_and_its_last_line_is_the_summary(tmp_path):
    done = command("--dataset", "ring", "--model", "vae", "--steps", "50", "--latent-dim", "2", "--beta", "2", "--runs", str(tmp_path))
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    run = Run.find(Path(told["folder"]).name, tmp_path)
    assert run.config.options["beta"] == 2 and run.config.latent_dim == 2
    assert told["steps"] == 50 and told["seconds"] > 0 and told["items_per_second"] > 0
    assert told["metrics"]["loss"] == run.history()["loss"][~(run.history()["loss"] != run.history()["loss"])][-1]
    assert "50/50" in done.stderr
    assert run.events()[-1]["event"] == "finished"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--dataset", "rnig", "--model", "vae"], "Did you mean ring?"),
        (["--dataset", "ring", "--model", "diffusion"], "Possible: vae, gan"),
        (["--dataset", "ring"], "--dataset and --model are needed"),
        (["--dataset", "ring", "--model", "vae", "--beta", "x"], "beta must be a number"),
        (["--dataset", "ring", "--model", "vae", "--betta", "1"], "--betta"),
        (["--dataset", "ring", "--model", "vae", "--steps", "-4"], "steps must be from 1"),
    ],
)
def test_mistake_exits_with_two_and_one_sentence(arguments, sentence, tmp_path, capsys):
    from genlib.command import main

    try:
        status = main([*arguments, "--runs", str(tmp_path)])
    except SystemExit as ending:
        status = ending.code
    told = capsys.readouterr().err
    assert status == 2
    assert sentence in told
    assert len(told.strip().splitlines()) == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("model", MODELS)
def test_help_is_drawn_from_the_tables(model, capsys):
    from genlib.command import main

    with pytest.raises(SystemExit) as ending:
        main(["--model", model, "--help"])
    told = "".join(capsys.readouterr().out.split())  # lines are broken at hyphens too
    assert ending.value.code == 0
    for name in [*DATASETS, *MODELS]:
        assert name in told
    for knob in [*choices.knobs(Config).values(), *choices.knobs(MODELS[model].options).values()]:
        assert "--" + knob.name.replace("_", "-") in told
        assert "".join(knob.sentence().split()) in told
    assert "Maybeturnedwhileittrains." in told
