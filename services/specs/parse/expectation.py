"""Says in words what a JSON Schema accepts, and finds the part of a schema that a place in the data answers to."""

from typing import Any

from services.specs.schema.fields import NAME

Node = dict[str, Any]

#: What a value of a type is called, one and many.
WORDS = {
    "integer": ("a whole number", "whole numbers"),
    "number": ("a number", "numbers"),
    "string": ("a text", "texts"),
    "boolean": ("true or false", "true or false"),
    "null": ("null", "null"),
    "object": ("an object", "objects"),
}
NAMES = " of 1 to 64 of the characters A-Z a-z 0-9 . _ -"
WIDE = 2**63  #: bounds from here on are those of 64 bits, which nobody has to be reminded of


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


def describe(node: Node, schema: Node, *, many: bool = False) -> str:
    """Return what a schema accepts, as words that follow "must be"; with `many` as words that follow "a list of"."""
    node = _resolved(node, schema)
    for union in ("anyOf", "oneOf"):
        if union in node:
            parts = list(dict.fromkeys(describe(part, schema, many=many) for part in _shown(node[union], schema)))
            return _either(parts)
    if "const" in node:
        return _literal(node["const"])
    if "enum" in node:
        return _either([_literal(word) for word in node["enum"]])
    kind = str(node.get("type"))
    if kind == "array":
        of = " of " + describe(node["items"], schema, many=True) if node.get("items") else ""
        return ("lists" if many else "a list") + of
    if kind == "string" and "pattern" in node:
        return ("texts" if many else "a text") + (NAMES if node["pattern"] == NAME else f" like {node['pattern']}")
    return WORDS.get(kind, WORDS["object"])[many] + (_range(node) if kind in {"integer", "number"} else "")


def _shown(branches: list[Node], schema: Node) -> list[Node]:
    """Return the branches of a union that say something: a number takes the whole numbers in."""
    kinds = [_resolved(branch, schema).get("type") for branch in branches]
    wide = any(kind == "number" and not _range(_resolved(branches[n], schema)) for n, kind in enumerate(kinds))
    return [branch for branch, kind in zip(branches, kinds, strict=True) if not (wide and kind == "integer")]


def _either(words: list[str]) -> str:
    return ", ".join(words[:-1]) + " or " + words[-1] if len(words) > 1 else words[0]


def branches_of(node: Node, schema: Node) -> list[Node]:
    """Return what a schema is made of: itself, or all that it is a union of."""
    node = _resolved(node, schema)
    parts = [part for union in ("anyOf", "oneOf") for part in node.get(union, [])]
    return [branch for part in parts for branch in branches_of(part, schema)] or [node]


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
    said = [text.format(node[name]) for name, text in bounds.items() if name in node and abs(node[name]) < WIDE]
    return (" " + " and ".join(said)) if said else ""
