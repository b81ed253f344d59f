"""Everything public in genlib says what it does: modules, classes, functions, methods. Read from the source, so nothing is imported."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FILES = sorted(ROOT.glob("genlib/**/*.py"))
EXPLAINED = {"property", "override"}  # decorators of what its name or its parent explains


def decorators(node):
    return {ast.unparse(decorator).rpartition(".")[2] for decorator in node.decorator_list}


def silent(text, inherited=frozenset()):
    """Name what is public in a module's text and has no docstring. A method that overrides an `inherited` name has its parent's."""
    tree = ast.parse(text)
    found = [] if ast.get_docstring(tree) or not tree.body else ["the module"]
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) or node.name.startswith("_"):
            continue
        if not ast.get_docstring(node):
            found.append(node.name)
        for method in node.body if isinstance(node, ast.ClassDef) else ():
            if not isinstance(method, ast.FunctionDef) or method.name.startswith("_") or ast.get_docstring(method):
                continue
            if not (decorators(method) & EXPLAINED or (node.bases and method.name in inherited)):
                found.append(f"{node.name}.{method.name}")
    return found


def documented_methods():
    """Collect the names of documented methods anywhere: what a child class overrides is explained there."""
    classes = (node for path in FILES for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ClassDef))
    return {method.name for node in classes for method in node.body if isinstance(method, ast.FunctionDef) and ast.get_docstring(method)}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_everything_public_is_documented(path):
    assert silent(path.read_text(), documented_methods() | {"error", "forward"}) == []  # of argparse, of torch


@pytest.mark.parametrize("text", ["x = 1", '"""M."""\ndef f(): ...', '"""M."""\nclass A:\n    """A."""\n    def f(self): ...'])
def test_what_is_silent_is_found(text):
    assert silent(text)
