"""What makes a class a builder: a part of a spec with typed arguments, of which only those that are said are sent."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from difflib import get_close_matches
from enum import Enum
from functools import wraps
from typing import Any, TypeVar, dataclass_transform

T = TypeVar("T")


class Unsaid(Enum):
    """Stands for an argument that is left to the server, as null may be a value of its own."""

    UNSAID = "left to the server"

    def __repr__(self) -> str:
        return "UNSAID"


UNSAID: Any = Unsaid.UNSAID


@dataclass_transform(frozen_default=True)
def builder(kind: type[T]) -> type[T]:
    """Make a class with a `type` a frozen dataclass that refuses arguments which it has not, naming the nearest."""
    made: Any = dataclass(frozen=True, repr=False)(kind)
    names = [field.name for field in fields(made)]
    begin = made.__init__

    @wraps(begin)
    def checked(self: Any, *values: Any, **named: Any) -> None:
        for name in named:
            if name not in names:
                near = get_close_matches(name, names, 1)
                meant = f" Did you mean {near[0]!r}?" if near else f" It takes: {', '.join(names) or 'nothing'}."
                raise TypeError(f"batchyard: {kind.__name__} takes no {name!r}.{meant}")
        begin(self, *values, **named)

    def shown(self: Any) -> str:
        return f"{kind.__name__}({', '.join(f'{name}={value!r}' for name, value in said(self).items())})"

    made.__init__, made.__repr__ = checked, shown
    return made  # type: ignore[no-any-return]


def said(built: Any) -> Mapping[str, Any]:
    """Return the arguments of a builder that were said."""
    pairs = ((field.name, getattr(built, field.name)) for field in fields(built))
    return {name: value for name, value in pairs if value is not UNSAID}
