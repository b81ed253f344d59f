"""README tells the truth: it names every row of every table and every module, its links lead somewhere, and its code runs."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from genlib.cluster import CLUSTERERS
from genlib.data import DATASETS
from genlib.models import MODELS
from genlib.project import PROJECTORS

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text()
TABLES = {"data set": DATASETS, "model": MODELS, "projector": PROJECTORS, "clusterer": CLUSTERERS}
TREE = README.split("```\napp.py")[1].split("```")[0]
# In the tree a file stands below its folder: "genlib/ui/state.py" is "state.py", four spaces in.
MODULES = sorted(path.relative_to(ROOT) for path in ROOT.glob("genlib/**/*.py") if path.name != "__init__.py" and "parts" not in path.parts)


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


@pytest.mark.parametrize(("what", "name"), [(what, name) for what, table in TABLES.items() for name in table])
def test_every_table_row_is_named(what, name):
    assert f"| `{name}` |" in README


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_the_tree_has_a_line_for_every_module(path):
    depth = "  " * (len(path.parts) - 1)
    assert re.search(rf"^{depth}{re.escape(path.name)} +\S", TREE, re.MULTILINE)


def test_the_tree_names_nothing_that_is_not_there():
    for name in re.findall(r"^ *([a-z_/]+(?:\.py|/))", TREE, re.MULTILINE):
        assert any(ROOT.glob(f"**/{name.rstrip('/')}")), name


@pytest.mark.parametrize("page", sorted(ROOT.glob("pages/*.py")), ids=lambda path: path.stem)
def test_every_page_is_described(page):
    assert f"| {page.stem.capitalize()} |" in README


@pytest.mark.parametrize(
    "benchmark", [path for path in ROOT.glob("benchmarks/*.py") if "__main__" in path.read_text()], ids=lambda path: path.stem
)
def test_every_benchmark_is_named(benchmark):
    assert f"python -m benchmarks.{benchmark.stem}" in README


def test_links_and_pictures_lead_to_files():
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert target.startswith("https://") or (ROOT / target).exists(), target


def test_the_python_code_runs(home):
    code = "\n".join(blocks("python"))
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=250, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("line", [line for block in blocks("sh") for line in block.splitlines() if "genlib.train" in line])
def test_the_command_line_is_understood(line):
    arguments = line.split()[3:]
    if "--help" not in arguments:
        arguments[arguments.index("--steps") + 1] = "3"
    done = subprocess.run(
        [sys.executable, "-m", "genlib.train", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=250, check=False
    )
    assert done.returncode == 0, done.stderr
