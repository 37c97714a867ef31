"""The HTTP interface as a page, made from the OpenAPI document."""

from importlib.metadata import version
from typing import Any

from flask import Response, current_app

from api import openapi
from api.pages.blueprint import bp, page
from api.parts import api

MAX_DEPTH = 4  #: of schemas in schemas that are written out
GROUPS = (
    ("Jobs", "/api/v1/jobs"),
    ("Data sets", "/api/v1/datasets"),
    ("Queue and workers", "/api/v1/queue"),
    ("Queue and workers", "/api/v1/workers"),
    ("Webhooks", "/api/v1/webhooks"),
)


@bp.get("/docs")
def docs() -> Response:
    """Show every operation with its parameters, bodies and answers."""
    document = openapi.document(current_app, version("batchyard"), asks_for_keys=api().base.settings.auth == "keys")
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, methods in document["paths"].items():
        title = next((title for title, start in GROUPS if path.startswith(start)), "Service")
        for method, operation in methods.items():
            groups.setdefault(title, []).append(_operation(document, path, method, operation))
    order = ["Jobs", "Data sets", "Queue and workers", "Webhooks", "Service"]
    shown = {title: groups[title] for title in order if title in groups}
    return page("docs.html", groups=shown, info=document["info"])


def _operation(document: dict[str, Any], path: str, method: str, operation: dict[str, Any]) -> dict[str, Any]:
    body = operation.get("requestBody", {}).get("content", {})
    return {
        "id": operation["operationId"],
        "path": path,
        "method": method.upper(),
        "summary": operation["summary"],
        "description": operation.get("description", ""),
        "parameters": [{**one, "kind": _kind(one.get("schema", {}))} for one in operation["parameters"]],
        "body": [(media, _members(document, content.get("schema", {}))) for media, content in body.items()],
        "responses": [
            (
                status,
                response.get("description", ""),
                [(media, _members(document, one.get("schema", {}))) for media, one in _content(response)],
            )
            for status, response in operation["responses"].items()
        ],
    }


def _content(response: dict[str, Any]) -> list[tuple[str, Any]]:
    return list(response.get("content", {}).items())


def _members(document: dict[str, Any], schema: dict[str, Any], depth: int = 0) -> list[dict[str, Any]]:
    """Return the members of an object, those of inner objects below them."""
    schema = _resolved(document, schema)
    required = schema.get("required", [])
    return [
        {
            "name": name,
            "kind": _kind(inner),
            "required": name in required,
            "doc": inner.get("description", ""),
            "default": inner.get("default"),
            "members": _members(document, _inner(inner), depth + 1) if depth < MAX_DEPTH else [],
        }
        for name, inner in schema.get("properties", {}).items()
    ]


def _resolved(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in schema:
        found: dict[str, Any] = document["components"]["schemas"].get(schema["$ref"].rsplit("/", 1)[-1], {})
        return found
    return schema


def _inner(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the one object that a member holds, alone or in a list; nothing where there is a choice of several."""
    if "items" in schema:
        return _inner(schema["items"])
    refs = [branch for branch in schema.get("anyOf", [schema]) if "$ref" in branch]
    return refs[0] if len(refs) == 1 else {}


def _kind(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"].rsplit("/", 1)[-1])
    if branches := schema.get("anyOf") or schema.get("oneOf"):
        return " or ".join(dict.fromkeys(_kind(branch) for branch in branches))
    if "enum" in schema or "const" in schema:
        return " | ".join(str(value) for value in schema.get("enum", [schema.get("const")]))
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    return str(schema.get("type", "any"))
