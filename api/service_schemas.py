"""The bodies of answers about the service itself, as models."""

from typing import Any

from pydantic import ConfigDict

from api.schemas import Answer


class Service(Answer):
    """What this service is and what it allows."""

    object: str = "service"
    name: str
    version: str
    spec_versions: list[int]
    auth: str
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
