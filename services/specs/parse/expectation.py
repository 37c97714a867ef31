"""Says in words what a JSON Schema accepts, and finds the part of a schema that a place in the data answers to."""

from typing import Any

Node = dict[str, Any]
MOST_KINDS = 4  #: what takes more kinds of values takes nearly all of them


def node_at(schema: Node, data: Any, path: tuple[str | int, ...], *, enter: bool = True) -> Node:
    """Return the schema of the place at `path`; {} where there is none.

    With `enter`, a union by `type` at the place itself is narrowed to the branch that the data names.
    """
    node = schema
    for part in path:
        node = _branch(_resolved(node, schema), data, schema)
        if isinstance(part, int):
            node = node.get("items", {})
            data = data[part] if isinstance(data, list) and part < len(data) else None
        else:
            node = node.get("properties", {}).get(part) or node.get("additionalProperties") or {}
            data = data.get(part) if isinstance(data, dict) else None
        node = _resolved(node, schema) if isinstance(node, dict) else {}
    return _branch(node, data, schema) if enter else _flat(node, schema)


def describe(node: Node, schema: Node) -> str:
    """Return what a schema accepts, as words that follow "must be"."""
    node = _resolved(node, schema)
    for union in ("anyOf", "oneOf"):
        if union in node:
            parts = list(dict.fromkeys(describe(part, schema) for part in node[union]))
            return ", ".join(parts[:-1]) + " or " + parts[-1] if len(parts) > 1 else parts[0]
    if "const" in node:
        return _literal(node["const"])
    if "enum" in node:
        words = [_literal(word) for word in node["enum"]]
        return ", ".join(words[:-1]) + " or " + words[-1]
    kind = node.get("type")
    if kind in {"integer", "number"}:
        return ("a whole number" if kind == "integer" else "a number") + _range(node)
    if kind == "array":
        return "a list" + (" of " + _several(node["items"], schema) if "items" in node else "")
    if kind == "string" and "pattern" in node:
        return f"a text like {node['pattern']}"
    return {"string": "a text", "boolean": "true or false", "null": "null"}.get(str(kind), "an object")


def _several(node: Node, schema: Node) -> str:
    """Return what the items of a list may be, in the plural, without their bounds."""
    node = _resolved(node, schema)
    branches = node.get("anyOf") or node.get("oneOf")
    if branches:
        parts = list(dict.fromkeys(_several(part, schema) for part in branches))
        if "numbers" in parts and "whole numbers" in parts:
            parts.remove("whole numbers")
        if len(parts) > MOST_KINDS:
            return "values"
        return ", ".join(parts[:-1]) + " or " + parts[-1] if len(parts) > 1 else parts[0]
    if "const" in node or "enum" in node:
        return describe(node, schema)
    if node.get("type") == "array":
        return "lists" + (" of " + _several(node["items"], schema) if "items" in node else "")
    words = {
        "integer": "whole numbers",
        "number": "numbers",
        "string": "texts",
        "boolean": "true or false",
        "null": "null",
    }
    return words.get(str(node.get("type")), "objects")


def _resolved(node: Node, schema: Node) -> Node:
    while "$ref" in node:
        node = schema["$defs"][node["$ref"].rsplit("/", 1)[1]]
    return node


def _flat(node: Node, schema: Node) -> Node:
    """Return a union whose unions are its own branches, so that every word it takes is seen."""
    if "anyOf" not in node:
        return node
    branches = [_resolved(branch, schema) for branch in node["anyOf"]]
    named = next((branch for branch in branches if "discriminator" in branch), None)
    if named is None:
        return {**node, "anyOf": branches}
    words = [branch["const"] for branch in branches if "const" in branch]
    mapping = {**dict.fromkeys(words, ""), **named["discriminator"]["mapping"]}
    return {"discriminator": {"mapping": mapping}}


def _branch(node: Node, data: Any, schema: Node) -> Node:
    """Return the branch of a union that the data means: by its `type`, else the one of its shape."""
    if "discriminator" in node:
        named = data.get("type") if isinstance(data, dict) else data
        ref = node["discriminator"]["mapping"].get(named) if isinstance(named, str) else None
        return _resolved({"$ref": ref}, schema) if ref else node
    if "anyOf" in node and isinstance(data, dict | list):
        wanted = "properties" if isinstance(data, dict) else "items"
        for branch in node["anyOf"]:
            inner = _branch(_resolved(branch, schema), data, schema)
            if wanted in inner:
                return inner
    return node


def _literal(word: Any) -> str:
    return {True: "true", False: "false"}[word] if isinstance(word, bool) else f'"{word}"'


def _range(node: Node) -> str:
    bounds = {
        "exclusiveMinimum": "above {}",
        "minimum": "of at least {}",
        "exclusiveMaximum": "below {}",
        "maximum": "of at most {}",
    }
    said = [text.format(node[name]) for name, text in bounds.items() if name in node]
    return (" " + " and ".join(said)) if said else ""
