"""JSON Schema as tables to read: a row for each key, with its type, its default and its sentence."""

import json
from typing import Any

Node = dict[str, Any]

BOUNDS = {
    "minimum": "≥ {}",
    "exclusiveMinimum": "> {}",
    "maximum": "≤ {}",
    "exclusiveMaximum": "< {}",
}
SIZES = {"string": ("minLength", "maxLength", "characters"), "array": ("minItems", "maxItems", "entries")}
WIDE = 2**53  #: bounds from here on are those of the machine's numbers


def table(node: Node, pages: dict[str, str]) -> list[str]:
    """Return the keys of an object; `pages` has the address of each named schema."""
    rows = ["| key | type | default | what it is |", "|---|---|---|---|"]
    needed = node.get("required", [])
    for name, entry in node.get("properties", {}).items():
        default = "required" if name in needed else value(entry["default"]) if "default" in entry else ""
        rows.append(f"| `{name}` | {kind(entry, pages)} | {default} | {sentence(entry)} |")
    return rows


def kind(node: Node, pages: dict[str, str]) -> str:
    """Return what a value is: types with their bounds, words, links to named schemas."""
    if "$ref" in node:
        return link(node["$ref"].rsplit("/", 1)[1], pages)
    for union in ("anyOf", "oneOf"):
        if union in node:
            parts = [kind(part, pages) for part in node[union] if not _is_short_form(part, node)]
            return " or ".join(dict.fromkeys(parts))
    if "const" in node:
        return value(node["const"])
    if "enum" in node:
        return ", ".join(value(word) for word in node["enum"])
    if node.get("type") == "array":
        return f"list{_size(node)} of {kind(node.get('items', {}), pages)}"
    if node.get("type") == "object" and isinstance(node.get("additionalProperties"), dict):
        return f"object of {kind(node['additionalProperties'], pages)}"
    return f"{node.get('type', 'any')}{_size(node)}{_bounds(node)}"


def link(name: str, pages: dict[str, str]) -> str:
    """Return a link to where a named schema is described."""
    return f"[{name}]({pages[name]})" if name in pages else name


def sentence(node: Node) -> str:
    """Return a description on one line."""
    return " ".join(str(node.get("description", "")).split()).replace("|", "\\|")


def value(found: Any) -> str:
    """Return a value as JSON."""
    text = json.dumps(found, ensure_ascii=False)
    return f"`{text}`" if len(text) <= 60 else "an object"


def _is_short_form(part: Node, whole: Node) -> bool:
    """Return whether a branch is the names that are short for the objects beside it."""
    return "enum" in part and any("discriminator" in other for other in whole.get("anyOf", []))


def _size(node: Node) -> str:
    """Return how long a text or a list may be."""
    least, most, many = SIZES.get(node.get("type", ""), ("", "", ""))
    low, high = node.get(least, 0), node.get(most)
    if high is None:
        return f" ({low} or more {many})" if low else ""
    return f" ({low} to {high} {many})" if low else f" (at most {high} {many})"


def _bounds(node: Node) -> str:
    told = [words.format(node[key]) for key, words in BOUNDS.items() if key in node and abs(node[key]) < WIDE]
    return f" {', '.join(told)}" if told else ""
