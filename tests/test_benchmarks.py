"""The benchmarks' own parts: what they print, what they write, and that what they compare with is the same network."""

import json
import math

import numpy as np
import pytest
import torch

from benchmarks import plain, quality, resume, speed
from benchmarks.report import Figure, show
from benchmarks.trained import Asked, Missing, over_seeds, recipe, trained
from genlib.config import Config
from genlib.models import build


def count(network):
    return sum(parameter.numel() for parameter in network.parameters())


def test_the_last_line_is_one_json_object_with_row_figure_bar_and_reached(capsys):
    figures = [
        Figure("speed", 3.0, "times", 2.5, least=True, row="mlp"),
        Figure("loss", 250.0, "nats", 246, row="mlp"),
        Figure("on a GPU", None, bar=50, least=True, row="mlp", why="no GPU here"),
        Figure("seconds", math.nan, "s", 1),
    ]
    show("Title", figures)
    printed = capsys.readouterr().out.splitlines()
    told = json.loads(printed[-1])["figures"]
    assert [figure["reached"] for figure in told] == [True, False, None, False]
    assert told[0] | {"row": "mlp", "name": "speed", "value": 3.0, "bar": 2.5, "least": True} == told[0]
    assert told[2]["value"] is None and told[2]["why"] == "no GPU here" and told[3]["value"] is None
    assert any("empty: no GPU here" in line for line in printed)
    assert any("MISSED" in line and "loss" in line for line in printed)


@pytest.mark.parametrize("name", speed.ROWS)
def test_the_plain_network_is_as_large_as_ours(name):
    row = speed.ROWS[name]
    config = Config.create("fashion-mnist-mini", row.model, row.options, latent_dim=row.latent_dim)
    ours, theirs = build(config, config.shape), row.plain(int(config.options["width"]), row.latent_dim)
    assert count(ours) == count(theirs)


@pytest.mark.parametrize("make", [plain.mlp_vae, plain.conv_vae, plain.mlp_gan, plain.conv_gan])
def test_the_plain_loop_changes_every_weight(make):
    torch.manual_seed(0)
    network = make(8, 4)
    before = [parameter.clone() for parameter in network.parameters()]
    steps = network.train_on([(torch.rand(6, 1, 28, 28), torch.zeros(6))], torch.device("cpu"))
    next(steps)
    assert next(steps) == 6
    assert not any(torch.equal(old, new) for old, new in zip(before, network.parameters(), strict=True))


def test_rates_are_items_over_seconds():
    def slow():
        while True:
            torch.ones(1)
            yield 10

    found = speed.rate(slow(), 0.05, torch.device("cpu"))
    assert found > 10 / 0.05


def test_ratios_are_taken_within_a_round():
    found = {"ours": [300.0, 30.0, 90.0], "plain loop": [100.0, 10.0, 45.0], "limit": [300.0, 60.0, 100.0]}
    told = {figure.name: figure for figure in speed.figures("mlp-gan", "cpu", found)}
    assert told["ours / plain loop"].value == 3 and told["ours / plain loop"].reached
    assert told["share of the limit"].value == pytest.approx(90) and told["items a second, ours"].value == 90


def test_a_device_that_is_not_there_leaves_its_rows_empty():
    told = speed.empty("conv-vae", "cuda", "no GPU here")
    assert [figure.value for figure in told] == [None, None] and all(figure.why and figure.bar for figure in told)


def test_mean_and_spread_over_seeds():
    mean, spread = over_seeds("modes", [6, 8, 8, 8], "of 8", 8, least=True)
    assert mean.value == 7.5 and mean.reached is False and spread.value == pytest.approx(np.std([6, 8, 8, 8]))


def test_a_new_section_of_the_results_replaces_its_own_and_no_other(tmp_path):
    path = tmp_path / "results.md"
    asked = Asked(range(3), tmp_path, 1.0)
    for name, value in (("ring", 7.0), ("vae-mlp", 250.0), ("ring", 8.0)):
        quality.write({name: quality.section(name, [Figure("found", value, bar=8, least=True, row=name)], 90, asked)}, path)
    written = path.read_text()
    assert written.index("## vae-mlp") < written.index("## ring") and written.count("## ring") == 1
    assert "| found | 8 | ≥ 8 | reached |" in written and "250" in written and "| found | 7 |" not in written
    assert "1.5 minutes" in written and "Seeds 0, 1, 2" in written


def test_a_row_that_cannot_be_measured_is_empty_and_says_why(tmp_path, monkeypatch):
    def refuse(asked):
        raise Missing("it needs a GPU")

    monkeypatch.setitem(quality.ROWS, "ring", quality.Row("ring of 8", refuse))
    (figure,) = quality.measured("ring", Asked(range(1), tmp_path, 1.0))
    assert figure.value is None and figure.why == "it needs a GPU" and figure.row == "ring"


def test_training_for_some_seconds_gives_the_weights_of_its_last_step(tmp_path):
    threads = torch.get_num_threads()
    try:
        found = trained(recipe("ring", "modes-gan", 0, steps=1_000_000), tmp_path, seconds=0.3)
    finally:
        torch.set_num_threads(threads)
    saved = found.run.checkpoint()
    assert 0 < saved["step"] < 1_000_000 and found.seconds >= 0.3
    assert all(torch.equal(value, saved["averaged"][name]) for name, value in found.model.state_dict().items())


def test_waiting_for_what_never_comes_ends(monkeypatch):
    monkeypatch.setattr(resume, "PATIENCE", 0.05)
    with pytest.raises(TimeoutError):
        resume.wait_for("nothing", lambda: False)
