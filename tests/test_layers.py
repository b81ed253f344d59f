"""Who may import whom, read from the source: the arrows of the design point down, and the heavy libraries stay in their places."""

import ast
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

# Each layer: its modules (a package counts with all that is in it), and the layers below that it may import. Top to bottom.
DATA = ("data", "dataset", "downloads", "pictures", "points", "shapes", "uploads")
BELOW = {
    "ground": {"genlib", "choices", "metrics", "files", "images", "tables", "presets", "computation", *DATA},
    "neighbours": {"neighbours"},
    "numbers": {"latent", "mixtures", "directions", "scores", "fidelity", "symptoms", "diagnose", "project", "cluster", "scenes", "maps"},
    "models": {"models"},
    "runs": {"config", "changes", "history", "runs"},
    "training": {"train", "state", "feed", "album", "checkup", "worker", "command", "jobs", "features", "invert"},
    "both": {"vectors", "film", "quality", "tasks"},
    "ui": {"ui"},
    "pages": {"pages"},
    "app": {"app"},
}
MAY_IMPORT = {
    "ground": {"ground"},
    "neighbours": {"ground", "neighbours"},
    "numbers": {"ground", "neighbours", "numbers"},
    "models": {"ground", "models"},
    "runs": {"ground", "models", "runs"},
    "training": {"ground", "models", "runs", "training"},
    "both": {"ground", "neighbours", "numbers", "models", "runs", "training", "both"},
    "ui": set(BELOW) - {"pages", "app"},
    "pages": set(BELOW) - {"pages", "app"},
    "app": set(BELOW) - {"app"},
}
SHARED = {"scores", "diagnose"}  # modules of the NumPy wing that the torch wing may use
# Where a library may be imported, and where only inside the function that needs it.
SCREEN, TORCH, NUMBERS = {"ui", "pages", "app"}, {"models", "runs", "training", "both"}, {"neighbours", "numbers", "both"}
LIBRARIES = {
    "streamlit": SCREEN,
    "plotly": SCREEN,
    "torch": TORCH,
    "torchvision": TORCH,
    "safetensors": TORCH,
    "sklearn": NUMBERS,
    "umap": NUMBERS,
    "openTSNE": NUMBERS,
}
LATE = {"torch": DATA, "torchvision": DATA, "sklearn": DATA}


@dataclass(frozen=True)
class Import:
    """`module` imports `target`; `function` is the innermost function in which it does, or "" at the top."""

    module: str
    target: str
    function: str = ""
    aside: bool = False  # for type checking alone, or only where the module is run as a command

    def __str__(self) -> str:
        return f"{self.module} imports {self.target}" + (f" in {self.function}()" if self.function else "")


def module_name(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def sources():
    files = [ROOT / "app.py", *ROOT.glob("pages/*.py"), *ROOT.glob("genlib/**/*.py")]
    return {module_name(path): path.read_text() for path in sorted(files) if path.exists()}


def imports_of(module, text, known):
    """List what a module imports, at the top and inside functions, with the names of modules in full."""
    found = []

    def visit(node, function, aside):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            function = node.name
        if isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "__name__ == '__main__'"):
            aside = True
        if isinstance(node, ast.Import):
            found.extend(Import(module, alias.name, function, aside) for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            assert not node.level, f"{module} has a relative import; write genlib.<module>"
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                found.append(Import(module, whole if whole in known else str(node.module), function, aside))
        for child in ast.iter_child_nodes(node):
            visit(child, function, aside)

    visit(ast.parse(text), "", False)
    return found


def part(module):
    """The name by which the layers know a module: its first part below genlib, or pages, or app."""
    first, _, rest = module.partition(".")
    return rest.partition(".")[0] or first if first == "genlib" else first


def layer(module):
    name = part(module)
    for layer_name, members in BELOW.items():
        if name in members:
            return layer_name
    raise AssertionError(f"{module} belongs to no layer: give it a place in tests/test_layers.py and README")


def ours(name):
    return name.partition(".")[0] in {"genlib", "pages", "app"}


def broken_rules(texts):
    """Return a sentence for each import that breaks a rule of the design."""
    broken, umap_functions = [], set()
    for module, text in texts.items():
        place = layer(module)
        for found in imports_of(module, text, set(texts)):
            library = found.target.partition(".")[0]
            if ours(found.target):
                below = layer(found.target)
                allowed = below in MAY_IMPORT[place] or (place in TORCH and part(found.target) in SHARED)
                if not allowed:
                    broken.append(f"{found}, which is not below it ({place} -> {below})")
            elif library in LIBRARIES and place not in LIBRARIES[library]:
                late = part(module) in LATE.get(library, ()) and (found.function or found.aside)
                if not late:
                    broken.append(f"{found}, which has no place in {place}")
            if library == "umap":
                umap_functions.add((module, found.function))
    if len(umap_functions) > 1 or any(not function for _, function in umap_functions):
        broken.append(f"umap is imported in {sorted(umap_functions)}, not only inside one function")
    return broken


def cycle(texts):
    """Return the modules of a circle of imports, or []; imports that stand aside do not count."""
    arrows = {
        module: {found.target for found in imports_of(module, text, set(texts)) if found.target in texts and not found.aside} - {module}
        for module, text in texts.items()
    }
    while arrows:
        imported = set().union(*arrows.values())
        inside = {module for module, targets in arrows.items() if targets & set(arrows) and module in imported}
        if len(inside) == len(arrows):
            return sorted(arrows)
        arrows = {module: arrows[module] for module in inside}
    return []


def test_arrows_point_down_and_libraries_stay_in_their_places():
    assert broken_rules(sources()) == []


def test_there_are_no_cycles():
    assert cycle(sources()) == []


@pytest.mark.parametrize("path", sorted(ROOT.glob("pages/*.py")), ids=lambda path: path.stem)
def test_a_page_is_short_and_has_no_classes(path):
    text = path.read_text()
    assert len(text.splitlines()) <= 120
    assert not [node.name for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ClassDef)]


@pytest.mark.parametrize(
    ("module", "text"),
    [
        ("genlib.latent", "import torch"),
        ("genlib.latent", "from genlib.models import build"),
        ("genlib.latent", "def f():\n    from genlib import runs"),
        ("genlib.data", "import torch"),
        ("genlib.data", "import sklearn.datasets"),
        ("genlib.data", "from genlib import runs"),
        ("genlib.models", "from genlib import latent"),
        ("genlib.models", "import sklearn"),
        ("genlib.runs", "import streamlit"),
        ("genlib.images", "import torch"),
        ("genlib.project", "import umap"),
        ("genlib.project", "def f():\n    import umap\ndef g():\n    from umap import umap_"),
        ("genlib.train", "from genlib.ui import state"),
        ("pages.home", "from pages import data"),
        ("pages.home", "import torch"),
        ("pages.home", "def f():\n    from sklearn import cluster"),
        ("genlib.ui.show", "import torch"),
    ],
)
def test_the_rules_can_be_broken(module, text):
    texts = dict.fromkeys(
        ("genlib.data", "genlib.latent", "genlib.models", "genlib.runs", "genlib.ui", "genlib.ui.state", "pages.data"), ""
    )
    assert broken_rules(texts | {module: text})


@pytest.mark.parametrize(
    ("module", "text"),
    [
        ("genlib.data", "def fetch():\n    import torchvision, torch"),
        ("genlib.models", "from genlib import scores"),
        ("genlib.runs", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from genlib.models import Model"),
        ("genlib.ui.show", "import streamlit\nfrom genlib import runs, latent"),
        ("genlib.project", "def f():\n    import umap"),
        ("pages.home", "import streamlit\nfrom genlib.ui import state"),
    ],
)
def test_what_is_allowed_is_allowed(module, text):
    texts = dict.fromkeys(("genlib.latent", "genlib.models", "genlib.runs", "genlib.scores", "genlib.ui", "genlib.ui.state"), "")
    assert broken_rules(texts | {module: text}) == []


def test_a_cycle_is_found():
    texts = {"genlib.a": "from genlib import b", "genlib.b": "def f():\n    from genlib import c", "genlib.c": "import genlib.a"}
    assert cycle(texts) == ["genlib.a", "genlib.b", "genlib.c"]


def test_the_home_page_opens_without_torch_and_umap(home):
    code = (
        "import sys\n"
        "from streamlit.testing.v1 import AppTest\n"
        f"shown = AppTest.from_file({str(ROOT / 'genlib/ui/frame.py')!r}, default_timeout=30).run()\n"
        "assert not shown.exception, shown.exception\n"
        "print(sorted({'torch', 'umap', 'sklearn', 'numba'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"
