"""The page of the HTTP interface, from the OpenAPI document."""

from types import ModuleType
from typing import Any

from flask import Blueprint, Flask

import api
from api import openapi
from docs.schema_tables import Node, kind, link, sentence, table, value

GROUPS = (
    ("Predictions", ("/predict",)),
    ("Jobs", ("/api/v1/jobs",)),
    ("Data sets", ("/api/v1/datasets",)),
    ("Models", ("/api/v1/models",)),
    ("Open Inference Protocol", ("/v2",)),
    ("Queue and workers", ("/api/v1/queue", "/api/v1/workers")),
    ("Webhooks", ("/api/v1/webhooks",)),
)
HEAD = """# The HTTP interface

Every operation of the service; a program gets the same from `GET /api/v1/openapi.json`, and `/docs` of a running
service shows it as a page. Bodies are UTF-8 JSON unless another media type is named. Times are RFC 3339 in UTC and end
in `Z`, durations are seconds, what is not known is `null`. A list has `object`, `url`, `data`, `has_more` and `next`,
the address of the page after it. Errors are `application/problem+json`; their codes: [Errors](errors.md).
"""
SPEC = "spec.md"


def page() -> str:
    """Return the page: the operations by what they are about, then the objects that they take and give."""
    document = openapi.document(views(), "", asks_for_keys=True)
    shapes = document["components"]["schemas"]
    used = sorted(_used(document["paths"], shapes))
    pages = {name: f"#{name.lower()}-object" for name in used} | {"JobSpec": SPEC}
    groups: dict[str, list[str]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            groups.setdefault(_group(path), []).extend(_operation(f"{method.upper()} {path}", operation, pages))
    lines = [HEAD]
    for title in [*dict(GROUPS), "Service"]:
        lines += [f"## {title}", "", *groups.get(title, [])]
    lines += ["## Objects", ""]
    for name in used:
        node = shapes[name]
        about = table(node, pages) if node.get("properties") else [f"{kind(node, pages)}."]
        lines += [f"### {name} object", "", sentence(node), "", *about, ""]
    return "\n".join(lines).rstrip() + "\n"


def views() -> Flask:
    """Return an application that has the views and nothing behind them."""
    app = Flask("batchyard")
    for module in [found for found in vars(api).values() if isinstance(found, ModuleType)]:
        if isinstance(views := getattr(module, "bp", None), Blueprint):
            app.register_blueprint(views)
    return app


def _group(path: str) -> str:
    for title, marks in GROUPS:
        if any(path.startswith(mark) or path.endswith(mark) for mark in marks):
            return title
    return "Service"


def _operation(heading: str, operation: Node, pages: dict[str, str]) -> list[str]:
    lines = [f"### {heading}", "", " ".join(operation["summary"].split()), ""]
    if words := operation.get("description"):
        lines += [" ".join(words.split()), ""]
    if operation["parameters"]:
        lines += ["| parameter | in | type | what it does |", "|---|---|---|---|"]
        lines += [_parameter(one, pages) for one in operation["parameters"]] + [""]
    if body := operation.get("requestBody"):
        lines += [f"Body: {_content(body['content'], pages)}.", ""]
    done = {status: one for status, one in operation["responses"].items() if status < "400"}
    lines += [
        f"- {status}: {_content(one['content'], pages) if 'content' in one else 'no body'}"
        for status, one in done.items()
    ]
    errors = [
        f"{status} {one['description'].rstrip('.')}"
        for status, one in operation["responses"].items()
        if status >= "400"
    ]
    return [*lines, f"- errors: {'; '.join(errors)}", ""]


def _parameter(one: dict[str, Any], pages: dict[str, str]) -> str:
    schema = one["schema"]
    default = f"Default {value(schema['default'])}." if schema.get("default") not in (None, "", [], {}) else ""
    needed = ", required" if one.get("required") and one["in"] != "path" else ""
    return f"| `{one['name']}` | {one['in']}{needed} | {kind(schema, pages)} | {f'{sentence(one)} {default}'.strip()} |"


def _content(content: dict[str, Any], pages: dict[str, str]) -> str:
    """Return the media types of a body, each with the object that it holds."""
    told = []
    for media, one in content.items():
        schema = one.get("schema", {})
        if "$ref" in schema:
            told.append(f"{link(schema['$ref'].rsplit('/', 1)[1], pages)} as `{media}`")
        elif media == "multipart/form-data":
            told.append(f"`{media}` with the parts {', '.join(f'`{name}`' for name in schema['properties'])}")
        else:
            told.append(f"`{media}`")
    return ", or ".join(told)


def _used(node: Any, shapes: dict[str, Any], found: set[str] | None = None) -> set[str]:
    """Return the names of the schemas below a node but for the job spec's parts, which have a page."""
    found = set() if found is None else found
    for part in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        _used(part, shapes, found)
    name = str(node["$ref"]).rsplit("/", 1)[1] if isinstance(node, dict) and "$ref" in node else None
    if name and name not in found and name != "JobSpec":
        found.add(name)
        _used(shapes[name], shapes, found)
    return found
