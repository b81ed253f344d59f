"""Train the runs that are bundled with the app, so that no page is ever empty: `python -m benchmarks.examples`."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import numpy as np

from genlib import ASSETS, files
from genlib.config import Config
from genlib.data import DATASETS
from genlib.presets import presets_for
from genlib.runs import Run
from genlib.worker import work

EXAMPLES = {
    "example-vae": ("fashion-mnist-mini", "vae", "Example: VAE on Fashion-MNIST"),
    "example-gan": ("fashion-mnist-mini", "gan", "Example: GAN on Fashion-MNIST"),
    "example-ring": ("ring", "gan", "Example: GAN on the ring of eight"),
}
MOMENTS = 5  # snapshots that stay: enough for the time bar, little enough for a repository
WORKING = ("checkpoint.pt", "previous.pt", "lease.json", "worker.json", "wish.json", "worker.log")


def main() -> None:
    """Train each example with the data set's default preset, thin it, and put it in its place."""
    for name, (dataset, model, title) in EXAMPLES.items():
        preset = next(iter(presets_for(dataset, DATASETS[dataset].kind, model).values()))
        with tempfile.TemporaryDirectory() as folder:
            run = Run.create(Config.create(dataset, model, title=title, **preset.values), Path(folder)).claim()
            ending = work(str(run.folder), str(run.token), lambda progress: print(f"\r{progress.step}/{progress.total}", end=""))
            print(f" {name} {ending}")
            thin(run)
            target = ASSETS / "runs" / name
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(run.folder, target)


def thin(run: Run) -> None:
    """Leave out what only training needs, and most moments."""
    steps = run.snapshots()
    kept = {steps[round(place)] for place in np.linspace(0, len(steps) - 1, MOMENTS)}
    for step in set(steps) - kept:
        for path in run.folder.glob(f"*/{step:08d}.*"):
            path.unlink()
    for name in WORKING:
        (run.folder / name).unlink(missing_ok=True)
    sums = files.read_json(run.folder / "sums.json")
    files.write_json(run.folder / "sums.json", {name: values for name, values in sums.items() if (run.folder / name).exists()})


if __name__ == "__main__":
    main()
