"""Functions take few things and are short; a class that shows data is made of parts with names."""

import ast
from collections.abc import Iterator

import pytest

from tests.rules.test_imports import ROOT

PARAMETERS, LINES, FIELDS = 5, 60, 16
FOLDERS = ("services", "api", "worker", "local")
#: Functions that take more, and why each may.
WITH_MORE_PARAMETERS = {
    "services/accounts/quotas.py:_over": "the members of the one problem that it makes",
    "services/db/job_rows.py:add_event": "its parameters are the columns of the row that it inserts",
    "services/attempts/recorder.py:__init__": "three of them are the clock, the sleep and the disk, for tests",
    "services/datasets/csv_files.py:_batches": "one call, of what was found of one file",
    "services/predictions/decoder.py:_cell": "called for every cell of a request: an object for each would take time",
    "services/models/aliases.py:move": "the address of the alias, the body and the header of one request",
    "services/exports/files.py:keep": "the file, its address, and the members of its report, which come as one",
    "services/exports/shared_exports.py:keep": "the same",
    "services/training/build.py:build": "spec, columns and rows, and the two states that a training may begin with",
}
#: Classes with more members, and why each may.
WITH_MORE_FIELDS = {
    "services/settings.py:Settings": "a line for each setting",
    "services/datasets/column_scan.py:Scan": "the counters of one pass over a column",
    "services/batches/batch_views.py:BatchView": "a member for each column of the row that it copies",
    "services/training/loop/training.py:Training": "the state that is stored and resumed, in one place",
}
TABLES = ("services/db/", "services/specs/schema/")  #: a field for each column or key, as in `*schemas.py`


def functions() -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """Every function of the server, by its file and name."""
    for path, node in _nodes():
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{path}:{node.name}", node


def parameters(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    """What a caller may give."""
    taken = function.args
    return [it.arg for it in taken.posonlyargs + taken.args + taken.kwonlyargs if it.arg not in {"self", "cls"}]


def test_a_function_takes_at_most_five_things() -> None:
    more = {name for name, function in functions() if len(parameters(function)) > PARAMETERS}

    assert more == set(WITH_MORE_PARAMETERS)


def test_a_function_has_at_most_sixty_lines() -> None:
    assert [name for name, function in functions() if lines(function) > LINES] == []


def test_a_class_is_made_of_few_parts() -> None:
    more = {
        f"{path}:{node.name}"
        for path, node in _nodes()
        if isinstance(node, ast.ClassDef)
        and not path.startswith(TABLES)
        and not path.endswith("schemas.py")
        and len([part for part in node.body if isinstance(part, ast.AnnAssign)]) > FIELDS
    }

    assert more == set(WITH_MORE_FIELDS)


@pytest.mark.parametrize(
    ("source", "taken", "length"),
    [("def f(self, a, /, b, *, c=1):\n    return a", ["a", "b", "c"], 2), ("async def f(*more):\n    pass", [], 2)],
)
def test_the_scan_counts_parameters_and_lines(source: str, taken: list[str], length: int) -> None:
    function = ast.parse(source).body[0]
    assert isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)

    assert (parameters(function), lines(function)) == (taken, length)


def lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """How long a function is."""
    return (function.end_lineno or 0) - function.lineno + 1


def _nodes() -> Iterator[tuple[str, ast.AST]]:
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                yield path.relative_to(ROOT).as_posix(), node
