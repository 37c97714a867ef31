"""What a view says of itself for OpenAPI: the models of its query, body and answer, and its status codes."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import BaseModel

V = TypeVar("V", bound=Callable[..., Any])


@dataclass(frozen=True)
class Description:
    """One operation."""

    answer: Any = None  #: model of the body; None: not JSON
    answers: dict[int, Any] = field(default_factory=dict)  #: where the body is another with a status
    status: tuple[int, ...] = (200,)
    body: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    errors: tuple[int, ...] = ()  #: besides 404, 422, 500 and 503
    media: tuple[str, ...] = ("application/json",)
    problem: str = "application/problem+json"  #: media type of errors
    upload: tuple[str, ...] = ()  #: media types of a body that is no JSON
    parts: dict[str, str] = field(default_factory=dict)  #: of a body that is multipart/form-data, and what they are
    may_be_empty: bool = False  #: whether the body may be left out
    path: dict[str, dict[str, Any]] = field(default_factory=dict)  #: schemas of parameters of the path
    headers: dict[str, str] = field(default_factory=dict)  #: request headers and what they do


def described(**parts: Any) -> Callable[[V], V]:
    """Attach a description to a view."""

    def attach(view: V) -> V:
        view.description = Description(**parts)  # type: ignore[attr-defined]
        return view

    return attach
