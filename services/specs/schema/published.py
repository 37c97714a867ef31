"""What JSON Schema has to say of a body beyond what pydantic says of its fields: short forms, texts without NUL."""

from typing import Any

Node = dict[str, Any]

NO_NUL = r"^[^\u0000]*$"  #: databases keep no NUL in a text
LITERAL = {"default", "enum", "const", "examples", "required"}  #: keywords whose values are no schemas


def published(shapes: dict[str, Node]) -> dict[str, Node]:
    """Return the schemas of bodies, by name, as the service reads them.

    Where an object is told from others by its `type`, that has to stand there, and `"mlp"` is short for
    `{"type": "mlp"}` if no other key has to. A text holds no NUL.
    """
    told_by_type = {_name(ref) for node in _choices(shapes) for ref in node["discriminator"]["mapping"].values()}
    found = {name: _read(node, shapes) for name, node in shapes.items()}
    return {name: _typed(node) if name in told_by_type else node for name, node in found.items()}


def _choices(node: Any) -> list[Node]:
    """Return all nodes below one that choose an object by its `type`."""
    if isinstance(node, list):
        return [found for part in node for found in _choices(part)]
    if not isinstance(node, dict):
        return []
    below = [found for key, part in node.items() if key not in LITERAL for found in _choices(part)]
    return [node, *below] if _is_choice(node) else below


def _is_choice(node: Node) -> bool:
    return "oneOf" in node and "mapping" in node.get("discriminator", {})


def _typed(node: Node) -> Node:
    return node | {"required": ["type", *(name for name in node.get("required", []) if name != "type")]}


def _read(node: Any, shapes: dict[str, Node]) -> Any:
    if isinstance(node, list):
        return [_read(part, shapes) for part in node]
    if not isinstance(node, dict):
        return node
    found: Node = {}
    for key, part in node.items():
        if key == "properties":
            found[key] = {name: _read(one, shapes) for name, one in part.items()}
        else:
            found[key] = part if key in LITERAL else _read(part, shapes)
    if found.get("type") == "string" and not {"pattern", "enum", "const", "format"} & set(found):
        found["pattern"] = NO_NUL
    if isinstance(found.get("additionalProperties"), dict):
        found["propertyNames"] = {"pattern": NO_NUL}
    return _with_short_form(found, shapes) if _is_choice(found) else found


def _with_short_form(node: Node, shapes: dict[str, Node]) -> Node:
    mapping = node["discriminator"]["mapping"]
    bare = [name for name, ref in mapping.items() if set(shapes[_name(ref)].get("required", [])) <= {"type"}]
    about: Node = {key: node[key] for key in ("title", "description", "default") if key in node}
    objects = {key: part for key, part in node.items() if key not in about}
    return {**about, "anyOf": [objects, {"enum": sorted(bare), "type": "string"}]}


def _name(ref: str) -> str:
    return ref.rsplit("/", 1)[1]
