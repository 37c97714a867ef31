"""Which keys of a body belong together, said in JSON Schema. The checks themselves are in Python, with better words."""

from typing import Any

Node = dict[str, Any]


def rules(*nodes: Node) -> Node:
    """Return what a schema says further of an object.

    Below `allOf`, because the branches of a bare `oneOf` would pass for kinds of this object.
    """
    return {"allOf": list(nodes)}


def exactly_one(*groups: tuple[str, ...]) -> Node:
    """Say that of several groups of keys one is given, whole, and no other."""
    return {"oneOf": [given(*keys) for keys in groups]}


def given(*keys: str) -> Node:
    """Say that keys are there and not null."""
    return {"required": list(keys), "properties": {key: {"not": {"type": "null"}} for key in keys}}


def together(keys: tuple[str, ...], needs: tuple[str, ...] = ()) -> Node:
    """Say that keys are given all, with those that they need, or none of them."""
    return {"anyOf": [{"properties": {key: {"type": "null"} for key in keys}}, given(*keys, *needs)]}
