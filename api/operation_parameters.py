"""The parameters of an operation as OpenAPI tells them: of the path, the headers and the query."""

from typing import Any

from pydantic import BaseModel

from api.query_types import BY_COMMA
from api.requests import MAX_KEY
from services.specs.schema.fields import NAME
from services.specs.schema.published import published

Node = dict[str, Any]

TEXT: Node = {"type": "string"}
#: What stands in a path, by the name of its parameter; others are any text without a slash.
PATH: dict[str, Node] = {
    "alias": {"type": "string", "pattern": NAME},
    "selector": {"type": "string", "pattern": r"^(best|last|epoch:[0-9]{1,9}|ckpt_[0-9a-z]+)$"},
    "version": {"type": "string", "pattern": r"^[1-9][0-9]{0,8}$"},
}
HEADER: dict[str, Node] = {
    "Idempotency-Key": {"type": "string", "minLength": 1, "maxLength": MAX_KEY},
    "Inference-Header-Content-Length": {"type": "string", "pattern": r"^[0-9]{1,11}$"},
}
SEGMENT: Node = {"type": "string", "pattern": r"^[^/\u0000]+$"}


def in_path(names: list[str], own: dict[str, Node]) -> list[Node]:
    """Return the parameters of a path; `own` are those that this path reads in its own way."""
    known = PATH | own
    return [{"name": name, "in": "path", "required": True, "schema": known.get(name, SEGMENT)} for name in names]


def in_headers(headers: dict[str, str]) -> list[Node]:
    """Return the headers that an operation reads, with what they do."""
    return [
        {"name": name, "in": "header", "description": words, "schema": HEADER.get(name, TEXT)}
        for name, words in headers.items()
    ]


def in_query(model: type[BaseModel]) -> list[Node]:
    """Return the parameters of a query; a list is repeated, unless it stands in one by comma."""
    schema = published({"query": model.model_json_schema()})["query"]
    kinds = {f"#/$defs/{name}": node for name, node in schema.get("$defs", {}).items()}
    required = set(schema.get("required", []))
    found = []
    for name, entry in schema.get("properties", {}).items():
        words = entry.pop("description", "")
        entry |= kinds.get(entry.pop("$ref", ""), {})  # the parameters of a document have no definitions of their own
        parameter = {"name": name, "in": "query", "description": words, "schema": _without_null(entry)}
        if name in required:
            parameter["required"] = True
        if entry.get("type") == "object":
            parameter |= {"style": "deepObject", "explode": True}
            entry["propertyNames"] = {"pattern": r"^[^\[\]\u0000]+$"}
        if BY_COMMA in model.model_fields[name].metadata:
            parameter |= {"style": "form", "explode": False}
        found.append(parameter)
    return found


def _without_null(entry: Node) -> Node:
    """Leave out null, which a query can't say: what is not said is not there."""
    branches = [branch for branch in entry.get("anyOf", []) if branch.get("type") != "null"]
    if len(branches) == len(entry.get("anyOf", [])):
        return entry
    about = {key: value for key, value in entry.items() if key != "anyOf" and not (key == "default" and value is None)}
    return about | (branches[0] if len(branches) == 1 else {"anyOf": branches})
