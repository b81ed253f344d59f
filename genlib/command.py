"""The command line: `python -m genlib.train --dataset NAME --model NAME ...`, drawn from the same tables as the forms."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from pathlib import Path
from typing import Any, NoReturn

from genlib import choices, data
from genlib.config import Config
from genlib.diagnose import Facts, diagnose
from genlib.models import MODELS
from genlib.presets import PRESETS, presets_for
from genlib.runs import Run
from genlib.train import Progress
from genlib.worker import work


class Parser(argparse.ArgumentParser):
    """Argparse with one sentence for a mistake and exit status 2."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{message}\n")


def main(arguments: list[str] | None = None) -> int:
    """Train one run and print its summary as the last line; return the exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if len(given) == 2 and not given[0].startswith("-"):  # the form in which the app starts its workers
        return int(work(given[0], given[1]) == "failed")
    try:
        config, root = read(given)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    run = Run.create(config, root).claim()
    run.note("starting")
    bar = Bar(config)
    ending = work(str(run.folder), str(run.token), bar.show)
    bar.close()
    print(json.dumps(summary(run, ending)))
    return 0 if ending in ("finished", "stopped", "paused") else 1


def read(given: list[str]) -> tuple[Config, Path | None]:
    """Turn arguments into a recipe and the folder for the run. Raises ValueError with a sentence."""
    first, rest = parser(None, add_help=False).parse_known_args(given)
    if {"-h", "--help"} & set(rest):
        parser(first.model if first.model in MODELS else None).parse_args(["--help"])
    if not first.dataset or not first.model:
        raise ValueError(f"--dataset and --model are needed. Data sets: {', '.join(data.sources())}. Models: {', '.join(MODELS)}.")
    row = choices.pick("model", first.model, MODELS)
    source = choices.pick("data set", first.dataset, data.sources())
    asked = vars(parser(first.model).parse_args(given))
    presets = presets_for(first.dataset, source.kind, first.model)
    values: dict[str, Any] = dict(choices.pick("preset", asked["preset"], presets).values if asked["preset"] else {})
    options = dict(values.pop("options", {}))
    for table, target in ((Config, values), (row.options, options)):
        for name, knob in choices.knobs(table).items():
            if asked[name] is not None:
                target[name] = knob.parse(asked[name])
    config = Config.create(first.dataset, first.model, options, size=asked["size"], title=asked["title"] or "", **values)
    return config, Path(asked["runs"]) if asked["runs"] else None


def parser(model: str | None, add_help: bool = True) -> argparse.ArgumentParser:
    """Draw the parser; with a model's name its knobs are among the arguments."""
    made = Parser(
        prog="python -m genlib.train", add_help=add_help, allow_abbrev=False, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.description = "Train a model without the browser. The run's folder is the same, so the app lists it.\n\n" + tables()
    made.add_argument("--dataset", metavar="NAME")
    made.add_argument("--model", metavar="NAME", help="With --help, its knobs are listed too.")
    made.add_argument("--size", type=int, metavar="PIXELS", help="Side of the pictures; the data set's own if left out.")
    made.add_argument("--title", help="What the app calls the run.")
    made.add_argument("--preset", metavar="NAME", help="Start from settings known to work.")
    made.add_argument("--runs", metavar="DIR", help="Folder for the run; the app's own if left out.")
    if not add_help:
        return made
    for title, table in (("recipe", Config), (f"knobs of {model}", MODELS[model].options if model else None)):
        group = made.add_argument_group(title)
        for name, knob in choices.knobs(table).items() if table else ():
            text = f"{knob.sentence()} {knob.range().capitalize()}; {knob.default} if left out.".replace("%", "%%")
            group.add_argument(f"--{name.replace('_', '-')}", f"--{name}", dest=name, metavar="VALUE", help=text)
    return made


def tables() -> str:
    """List what can be named."""
    lines = ["data sets:", *(f"  {name:20}{row.why}" for name, row in data.sources().items())]
    lines += ["", "models:", *(f"  {name:20}{row.why}" for name, row in MODELS.items())]
    warnings = {name: f" Known to fail: {preset.fails}" if preset.fails else "" for name, preset in PRESETS.items()}
    return "\n".join([*lines, "", "presets:", *(f"  {name:20}{preset.why}{warnings[name]}" for name, preset in PRESETS.items())])


class Bar:
    """A progress bar on standard error."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self.last: Progress | None = None

    def show(self, progress: Progress) -> None:
        """Draw the bar anew: steps, the first metrics, and the trouble if there is any."""
        self.last = progress
        share = progress.step / progress.total
        figures = "  ".join(f"{name} {value:.4g}" for name, value in list(progress.metrics.items())[:3])
        bar = ("█" * round(24 * share)).ljust(24, "░")
        print(f"\r{bar} {progress.step}/{progress.total}  {figures}  {progress.trouble}\033[K", end="", file=sys.stderr, flush=True)

    def close(self) -> None:
        """Leave the bar's line."""
        print(file=sys.stderr)


def summary(run: Run, ending: str) -> dict[str, Any]:
    """What the last line says: folder, how it ended, steps, seconds, items a second, last metrics, what went wrong."""
    history = run.history()
    steps = int(history["step"][-1]) if history else 0
    seconds = float(history["seconds"][-1]) if history else 0.0
    last = {name: float(known[-1]) for name, column in history.items() if len(known := column[column == column])}
    metrics = {name: value for name, value in last.items() if name not in ("step", "seconds")}
    rate = steps * run.config.batch_size / seconds if seconds else 0.0
    return {
        "folder": str(run.folder),
        "state": ending,
        "steps": steps,
        "seconds": round(seconds, 3),
        "items_per_second": round(rate, 1),
        "metrics": metrics,
        "findings": [dataclasses.asdict(finding) for finding in diagnose(history, Facts.of(run.config, run.events()))],
        "recipe": dataclasses.asdict(run.config),
    }
