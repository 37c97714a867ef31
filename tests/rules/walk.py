"""What one call passes through: the project's files, the calls that go up, and the statements of its transaction."""

import sys
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import get_ident
from types import FrameType
from typing import Any

from sqlalchemy import Engine, event

from tests.rules.test_imports import ROOT, SERVER


@dataclass
class Walk:
    """What was seen."""

    files: list[str] = field(default_factory=list)  #: in the order in which they are entered
    calls: set[tuple[str, str]] = field(default_factory=set)  #: from a file of the project to another
    statements: list[str] = field(default_factory=list)  #: of transactions that may write
    reads: list[str] = field(default_factory=list)
    to_the_tables: set[str] = field(default_factory=set)  #: files that are being run while a statement is

    def upward(self) -> list[tuple[str, str]]:
        """The calls from a lower package to a higher one, by the layers of import-linter."""
        return sorted((a, b) for a, b in self.calls if _level(b) < _level(a))


def walked(run: Callable[[], Any], engine: Engine) -> Walk:
    """Return what a call passes through, in this thread."""
    walk = Walk()

    def look(frame: FrameType, what: str, _: Any) -> None:
        if what != "call" or (entered := _file(frame)) is None:
            return
        if entered not in walk.files:
            walk.files.append(entered)
        caller = frame.f_back
        while caller is not None and _file(caller) is None:  # past the libraries between
            caller = caller.f_back
        if caller is not None:
            walk.calls.add((str(_file(caller)), entered))

    with _statements(engine, walk):
        sys.setprofile(look)
        try:
            run()
        finally:
            sys.setprofile(None)
    return walk


@contextmanager
def _statements(engine: Engine, walk: Walk) -> Iterator[None]:
    here = get_ident()

    def note(connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if get_ident() == here and not statement.startswith("BEGIN"):
            reads = connection.get_execution_options().get("isolation_level") == "AUTOCOMMIT"
            (walk.reads if reads else walk.statements).append(statement)
            walk.to_the_tables |= set(_running())

    event.listen(engine, "before_cursor_execute", note)
    yield
    event.remove(engine, "before_cursor_execute", note)


def _running() -> Iterator[str]:
    """Return the files of the server whose functions are being run, but for what surrounds every request."""
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        path = _file(frame)
        if path is not None:
            yield path
        frame = frame.f_back


def _file(frame: FrameType) -> str | None:
    """Return a source of the project by its path from the root; None for anything else."""
    path = frame.f_code.co_filename
    if not path.startswith(f"{ROOT}/"):
        return None
    path = path[len(f"{ROOT}/") :]
    return path if path.split("/")[0] in SERVER else None


def _layers() -> list[list[str]]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    contracts = settings["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["name"] == "Arrows point down")
    return [[name.strip("() ") for name in layer.split("|")] for layer in layers]


LAYERS = _layers()


def _level(path: str) -> int:
    """Return how far down a file's layer is."""
    module = path.removesuffix(".py").replace("/", ".") + "."
    return next(n for n, layer in enumerate(LAYERS) if any(module.startswith(f"{name}.") for name in layer))
