"""The bodies of answers about the service itself, as models."""

from typing import Any

from pydantic import ConfigDict

from api.schemas import Answer


class Caller(Answer):
    """Who asks: the owner of the key, what it allows, and its id."""

    owner: str
    scopes: list[str]
    key: str | None
    """None where no keys are asked for."""


class Service(Answer):
    """What this service is and what it allows."""

    object: str = "service"
    name: str
    version: str
    spec_versions: list[int]
    auth: str
    caller: Caller
    limits: dict[str, float]
    """The most of each; bytes, rows, seconds as the names say."""
    devices: list[str]
    """On which workers are online."""
    urls: dict[str, str]


class Catalog(Answer):
    """Everything that a spec can name, by kind: a list of entries with `type`, `doc` and `parameters`."""

    model_config = ConfigDict(extra="allow")

    object: str = "catalog"
    version: str
    __pydantic_extra__: dict[str, list[dict[str, Any]]]


class Health(Answer):
    """Whether this process answers."""

    status: str


class Document(Answer):
    """A document of another standard: JSON Schema or OpenAPI."""

    model_config = ConfigDict(extra="allow")
