"""Nothing that is read can run, and files stay short."""

import ast
from pathlib import Path

import pytest

from tests.rules.test_imports import ROOT, sources

UNSAFE = {"pickle", "dill", "cloudpickle", "joblib", "marshal", "shelve"}


def unsafe_calls(text: str) -> list[str]:
    """What in a source could run what it reads."""
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = {alias.name.split(".")[0] for alias in node.names}
            module = getattr(node, "module", None)
            found += sorted(names & UNSAFE) + ([module] if module in UNSAFE else [])
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            if name in {"yaml.load", "eval", "exec"}:
                found.append(name)
            only_weights = any(k.arg == "weights_only" and ast.unparse(k.value) == "True" for k in node.keywords)
            if name == "torch.load" and not only_weights:
                found.append(name)
            for keyword in node.keywords:
                if keyword.arg == "allow_pickle" and ast.unparse(keyword.value) != "False":
                    found.append(f"{name}(allow_pickle)")
            if name in {"np.load", "numpy.load"} and "allow_pickle" not in {k.arg for k in node.keywords}:
                found.append(f"{name} without allow_pickle=False")
    return found


@pytest.mark.parametrize("path", sorted(sources()), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_source_reads_nothing_that_could_run_and_is_short_enough(path: Path) -> None:
    assert unsafe_calls(path.read_text()) == []
    assert len(path.read_text().splitlines()) <= 300


@pytest.mark.parametrize(
    "planted",
    [
        "import pickle",
        "from joblib import load",
        "import torch\ntorch.load(f)",
        "import torch\ntorch.load(f, weights_only=False)",
        "np.load(f)",
        "np.load(f, allow_pickle=True)",
        "eval(text)",
    ],
)
def test_the_scan_finds_what_is_unsafe(planted: str) -> None:
    assert unsafe_calls(planted)


@pytest.mark.parametrize("path", sorted(sources()), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_source_begins_with_a_sentence(path: Path) -> None:
    words = ast.get_docstring(ast.parse(path.read_text()))

    assert words is not None or path.name == "__init__.py"
