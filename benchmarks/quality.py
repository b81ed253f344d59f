"""The figures of merit on fixed seeds, each beside its bar, written to benchmarks/results.md. Without ROW: all, one after the other."""

from __future__ import annotations

import argparse
import dataclasses
import platform
import re
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from benchmarks import adversaries, autoencoders, resume
from benchmarks.report import Figure, machine, show
from benchmarks.trained import Asked, Missing
from genlib import data

RESULTS = Path(__file__).with_name("results.md")
HEAD = """# Results

Written by `python -m benchmarks.quality`; means and standard deviations are over fixed seeds.
"""


@dataclass(frozen=True)
class Row:
    """One row of the table: what is measured, and how."""

    what: str
    measure: Callable[[Asked], list[Figure]]


ROWS = {
    "vae-mlp": Row("MLP VAE 784-400-20, Fashion-MNIST, 10 epochs", autoencoders.vae_mlp),
    "vae-best": Row("best VAE of ours, latent size 20, Fashion-MNIST, 60 s of training", autoencoders.vae_best),
    "ring": Row("ring of 8, default preset", adversaries.ring),
    "grid": Row("grid of 25, default preset", adversaries.grid),
    "ring-collapse": Row("plain GAN on the ring, the preset known to fail", adversaries.ring_collapse),
    "gan-conv": Row("Fashion-MNIST, conv GAN beside a VAE and PyTorch-GAN's MLP GAN, the same seconds each", adversaries.gan_conv),
    "clusters": Row("clusters of the Fashion-MNIST test pictures against their classes", autoencoders.clusters),
    "resume": Row("resume after SIGKILL, every model", resume.resume),
}


def measured(name: str, asked: Asked) -> list[Figure]:
    """Measure a row; where that is not possible here it has one empty figure that says why."""
    try:
        found = ROWS[name].measure(asked)
    except (Missing, data.DataMissing) as missing:
        found = [Figure(ROWS[name].what, None, why=str(missing))]
    return [dataclasses.replace(figure, row=name) for figure in found]


def section(name: str, figures: list[Figure], seconds: float, asked: Asked) -> str:
    """Write a row as a part of the results: what, the figures, where and in how long."""
    lines = [f"## {name}", "", f"{ROWS[name].what[0].upper()}{ROWS[name].what[1:]}.", ""]
    lines += ["| figure | value | bar | |", "|---|---|---|---|"]
    lines += [f"| {' | '.join(figure.cells()[1:])} |" for figure in figures]
    seeds = ", ".join(map(str, asked.seeds))
    return "\n".join([*lines, "", f"{machine()[:-1]}, {processor()}. Seeds {seeds}; {seconds / 60:.1f} minutes in all.", ""])


def processor() -> str:
    """The processor's name and how many threads torch was given."""
    try:
        found = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    except OSError:  # only Linux tells
        found = None
    return f"{found[1] if found else platform.processor() or 'processor unknown'}, {torch.get_num_threads()} threads"


def write(sections: dict[str, str], path: Path = RESULTS) -> None:
    """Put new sections in the place of the old ones; the others stay. In the order of ROWS."""
    old = path.read_text(encoding="utf-8") if path.exists() else ""
    kept = {part.split("\n", 1)[0]: f"## {part}".rstrip() + "\n" for part in re.split(r"^## ", old, flags=re.MULTILINE)[1:]}
    kept |= sections
    path.write_text("\n".join([HEAD, *(kept[name] for name in ROWS if name in kept)]), encoding="utf-8")


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"of {', '.join(ROWS)}")
    parser.add_argument("--seeds", type=int, default=3, help="how many, from 0")
    parser.add_argument("--seconds", type=float, default=300.0, help="of training for each model of gan-conv")
    given = parser.parse_args()
    unknown = [name for name in given.rows if name not in ROWS]
    if unknown:
        parser.error(f"no row {', '.join(unknown)}; there are {', '.join(ROWS)}")
    told = []
    for name in given.rows or ROWS:
        print(f"{name} ...", flush=True)
        with tempfile.TemporaryDirectory() as folder:
            asked, began = Asked(range(given.seeds), Path(folder), given.seconds), time.perf_counter()
            figures = measured(name, asked)
            write({name: section(name, figures, time.perf_counter() - began, asked)})
        told += figures
    show("Quality", told, [f"Written to {RESULTS.parent.name}/{RESULTS.name}."])


if __name__ == "__main__":
    main()
