"""The page of the job spec, from the schema that the service publishes."""

from typing import Any

from docs.schema_tables import sentence, table
from services.specs.schema.json_schema import job_schema

HEAD = """# The job spec

What `POST /api/v1/jobs` takes, key by key; an editor gets the same from `GET /api/v1/schema/job.json`. Only `data`
and `model` are required, and unknown keys are refused. An object with a `type` may be written as that word where no
other key is required: `"model": "mlp"` is `"model": {"type": "mlp"}`. What `auto` became is in the job's `spec`.
"""


def page() -> str:
    """Return the page: the spec itself, then each of its parts."""
    schema = job_schema()
    parts = schema["$defs"]
    order = list(dict.fromkeys(_named(schema["properties"], parts, [])))
    pages = {name: f"#{name.lower()}" for name in order}
    lines = [HEAD, *table(schema, pages)]
    for name in order:
        node = parts[name]
        lines += ["", f"## {name}", "", sentence(node), "", *_keys(node), *table(node, pages)]
    return "\n".join(lines) + "\n"


def _keys(node: dict[str, Any]) -> list[str]:
    """Return what the type of an object is called, for those that are told apart by it."""
    word = node.get("properties", {}).get("type", {}).get("const")
    return [f'`"type": "{word}"`', ""] if word else []


def _named(node: Any, parts: dict[str, Any], above: list[str]) -> list[str]:
    """Return the names of all parts below a node, in reading order."""
    if isinstance(node, list):
        return [name for part in node for name in _named(part, parts, above)]
    if not isinstance(node, dict):
        return []
    name = str(node["$ref"]).rsplit("/", 1)[1] if "$ref" in node else None
    if name and name not in above:
        return [name, *_named(parts[name], parts, [*above, name])]
    return [found for key, part in node.items() if key != "discriminator" for found in _named(part, parts, above)]
