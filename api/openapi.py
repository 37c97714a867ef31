"""The OpenAPI 3.1 document, made from the routes and what their views say of themselves."""

import re
from typing import Any

from flask import Flask
from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from api import inference_schemas, permissions, schemas
from api.operation_parameters import in_headers, in_path, in_query
from api.view_descriptions import Description
from services.accounts.scopes import ALL
from services.specs.schema.published import published

REF = "#/components/schemas/{model}"
PROBLEMS = {
    400: "The request can't be read.",
    401: "This needs a key.",
    403: "This host or origin, or this key, is not allowed to do this.",
    404: "It does not exist.",
    406: "None of the accepted media types is available.",
    408: "The request body arrived too slowly.",
    409: "The current state does not allow this.",
    412: "It has changed since it was read.",
    413: "Too large.",
    415: "This media type is not supported.",
    416: "The range is not within the file.",
    422: "The request is not valid; `errors` lists every fault.",
    429: "Too many requests; see Retry-After.",
    500: "A bug.",
    503: "Not available at the moment; see Retry-After.",
    507: "No room.",
}
ALWAYS = (400, 401, 403, 422, 429, 500, 503)
ANSWERS = {200: "Done.", 201: "Made.", 202: "Accepted.", 204: "No content.", 206: "A part.", 304: "Not changed."}
#: Bodies that are no JSON.
TEXT, BYTES = {"type": "string"}, {"type": "string", "format": "binary"}


def document(app: Flask, version: str, *, asks_for_keys: bool) -> dict[str, Any]:
    """Return the document of every route; where no keys are asked for, none are demanded."""
    paths: dict[str, dict[str, Any]] = {}
    bodies: set[type[BaseModel]] = set()
    answers: set[type[BaseModel]] = {schemas.Problem, inference_schemas.Refusal}
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        found: Description | None = getattr(view, "description", None)
        if found is None:
            continue
        path = re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", rule.rule)
        bodies |= {found.body} if found.body else set()
        answers |= {model for model in (found.answer, *found.answers.values()) if model}
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            operation = _operation(rule.endpoint, view, found, sorted(rule.arguments))
            if asks_for_keys:
                operation["security"] = security(rule.endpoint)
            paths.setdefault(path, {})[method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Batchyard",
            "version": version,
            "description": "A training service: POST a table, get a model that predicts.",
        },
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": published(_shapes(bodies, "validation")) | _shapes(answers, "serialization"),
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer", "description": "Where keys are on."}},
        },
    }


def _shapes(models: set[type[BaseModel]], mode: JsonSchemaMode) -> dict[str, Any]:
    _, shapes = models_json_schema([(model, mode) for model in sorted(models, key=str)], ref_template=REF)
    found: dict[str, Any] = shapes["$defs"]
    return found


def _operation(endpoint: str, view: Any, found: Description, names: list[str]) -> dict[str, Any]:
    words = (view.__doc__ or "").strip().split("\n\n", 1)
    operation: dict[str, Any] = {
        "operationId": endpoint.replace(".", "_"),
        "summary": words[0],
        "parameters": in_path(names, found.path) + in_headers(found.headers),
        "responses": {},
    }
    if len(words) > 1:
        operation["description"] = words[1].strip()
    if found.query:
        operation["parameters"] += in_query(found.query)
    if found.body or found.upload or found.parts:
        operation["requestBody"] = {"required": not found.may_be_empty, "content": _body(found)}
    for status in found.status:
        operation["responses"][str(status)] = {"description": ANSWERS[status]} | _content(found, status)
    refusal = inference_schemas.Refusal if found.problem == "application/json" else schemas.Problem
    problem = {found.problem: {"schema": {"$ref": REF.format(model=refusal.__name__)}}}
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


def _body(found: Description) -> dict[str, Any]:
    # Raw bytes are of no type: whatever is sent is taken, and then read.
    content: dict[str, Any] = {media: {"schema": {}} for media in found.upload}
    if found.parts:
        properties = {name: BYTES | {"description": words} for name, words in found.parts.items()}
        schema = {"type": "object", "properties": properties, "required": list(found.parts)}
        content["multipart/form-data"] = {"schema": schema}
    if found.body:
        content["application/json"] = {"schema": {"$ref": REF.format(model=found.body.__name__)}}
    return content


def _content(found: Description, status: int) -> dict[str, Any]:
    if status in {204, 304}:
        return {}
    answer = found.answers.get(status, found.answer)
    shape = {"$ref": REF.format(model=_name(answer))} if answer else {}
    return {"content": {media: {"schema": _of_media(media, shape)} for media in found.media}}


def _of_media(media: str, shape: dict[str, Any]) -> dict[str, Any]:
    if media == "application/json":
        return shape
    return TEXT if _is_text(media) else BYTES


def _is_text(media: str) -> bool:
    return media.startswith("text/") or media == "application/x-ndjson"


def _name(model: Any) -> str:
    # pydantic names `List[Event]` so in the components.
    return re.sub(r"[^A-Za-z0-9]+", "_", model.__name__)
