"""The OpenAPI 3.1 document, made from the routes and what their views say of themselves."""

import re
from typing import Any

from flask import Flask
from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import models_json_schema

from api import permissions, schemas
from api.view_descriptions import Description
from services.accounts.scopes import ALL

REF = "#/components/schemas/{model}"
PROBLEMS = {
    400: "The request can't be read.",
    401: "This needs a key.",
    403: "This host or origin, or this key, is not allowed to do this.",
    404: "It does not exist.",
    406: "None of the accepted media types is available.",
    409: "The current state does not allow this.",
    412: "It has changed since it was read.",
    413: "Too large.",
    415: "This media type is not supported.",
    422: "The request is not valid; `errors` lists every fault.",
    429: "Too many requests; see Retry-After.",
    500: "A bug.",
    503: "Not available at the moment; see Retry-After.",
    507: "No room.",
}
ALWAYS = (400, 401, 403, 422, 429, 500, 503)
ANSWERS = {200: "Done.", 201: "Made.", 202: "Accepted.", 204: "No content.", 206: "A part.", 304: "Not changed."}


def document(app: Flask, version: str) -> dict[str, Any]:
    """Return the document of every route."""
    paths: dict[str, dict[str, Any]] = {}
    models: set[type[BaseModel]] = {schemas.Problem}
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        found: Description | None = getattr(view, "description", None)
        if found is None:
            continue
        path = re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", rule.rule)
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            names = sorted(rule.arguments)
            paths.setdefault(path, {})[method.lower()] = _operation(rule.endpoint, view, found, names, models)
    _, shapes = models_json_schema([(model, "validation") for model in sorted(models, key=str)], ref_template=REF)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Batchyard",
            "version": version,
            "description": "A training service: POST a table, get a model that predicts.",
        },
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": shapes["$defs"],
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer", "description": "Where keys are on."}},
        },
    }


def _operation(
    endpoint: str, view: Any, found: Description, names: list[str], models: set[type[BaseModel]]
) -> dict[str, Any]:
    words = (view.__doc__ or "").strip().split("\n\n", 1)
    operation: dict[str, Any] = {
        "operationId": endpoint.replace(".", "_"),
        "summary": words[0],
        "parameters": [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]
        + [
            {"name": name, "in": "header", "description": words, "schema": {"type": "string"}}
            for name, words in found.headers.items()
        ],
        "responses": {},
        "security": security(endpoint),
    }
    if len(words) > 1:
        operation["description"] = words[1].strip()
    if found.query:
        operation["parameters"] += _query(found.query)
    if found.body or found.upload:
        operation["requestBody"] = {"required": True, "content": _body(found, models)}
    for status in found.status:
        operation["responses"][str(status)] = {"description": ANSWERS[status]} | _content(found, status, models)
    problem = {found.problem: {"schema": {"$ref": REF.format(model="Problem")}}}
    missing = (404,) if names else ()
    for status in sorted({*ALWAYS, *missing, *found.errors}):
        operation["responses"][str(status)] = {"description": PROBLEMS[status], "content": problem}
    return operation


def security(endpoint: str) -> list[dict[str, list[str]]]:
    """Return what a route needs of a key, in OpenAPI's words: any one of these scopes; nothing where it is open."""
    needed = permissions.needed(endpoint) or frozenset()
    return (
        [{}] if not needed else [{"key": [str(scope)]} for scope in sorted(needed)] if needed != ALL else [{"key": []}]
    )


def _query(model: type[BaseModel]) -> list[dict[str, Any]]:
    schema = model.model_json_schema()
    parameters = []
    for name, entry in schema.get("properties", {}).items():
        style: dict[str, Any] = {"style": "deepObject", "explode": True} if entry.get("type") == "object" else {}
        parameters.append(
            {"name": name, "in": "query", "description": entry.pop("description", ""), "schema": entry, **style}
        )
    return parameters


def _body(found: Description, models: set[type[BaseModel]]) -> dict[str, Any]:
    content: dict[str, Any] = {media: {"schema": {}} for media in found.upload}
    if found.body:
        models.add(found.body)
        content["application/json"] = {"schema": {"$ref": REF.format(model=found.body.__name__)}}
    return content


def _content(found: Description, status: int, models: set[type[BaseModel]]) -> dict[str, Any]:
    if status in {204, 304}:
        return {}
    schema: dict[str, Any] = {}
    if found.answer is not None:
        schema = TypeAdapter(found.answer).json_schema(ref_template=REF)
        models.add(found.answer)
        schema = {"$ref": REF.format(model=_name(found.answer))}
    return {"content": {media: {"schema": schema if "json" in media else {}} for media in found.media}}


def _name(model: Any) -> str:
    # pydantic names `List[Event]` so in the components.
    return re.sub(r"[^A-Za-z0-9]+", "_", model.__name__)
