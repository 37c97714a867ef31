"""Code that the operator installed: Python entry points by name, and what they raise, reported as the plug-in's error."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from services.errors import BatchyardError
from services.training_errors import PluginError


def found(group: str, name: str) -> EntryPoint:
    """Return the entry point of this name.

    Raises: PluginError when it is not installed here.
    """
    points = {point.name: point for point in entry_points(group=group)}
    if name not in points:
        raise PluginError(
            f"The plug-in {name!r} is not installed here. Its package belongs where the API and the workers run.",
            plugin=name,
        )
    return points[name]


@contextmanager
def guarded(name: str, doing: str = "", **members: Any) -> Iterator[None]:
    """Run code that is not ours: what it raises ends its job as the plug-in's error.

    `doing` says where it was, and `members` go with the error.
    Raises: PluginError; MemoryError, which is reported as a matter of the machine.
    """
    try:
        yield
    except (BatchyardError, MemoryError):
        raise
    except (Exception, SystemExit) as error:  # `sys.exit` would end the process in which the code runs
        where = f" {doing}" if doing else ""
        words = f"The plug-in {name!r} failed{where}: {type(error).__name__}: {error}"
        raise PluginError(words, plugin=name, **members) from error
