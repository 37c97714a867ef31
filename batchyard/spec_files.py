"""Specs in files: YAML, TOML and JSON, with the line of each value, so that a fault can be shown where it is."""

import json
import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from batchyard.errors import InvalidTable


class Loader(yaml.SafeLoader):
    """YAML as of 1.2: `1e-3` is a number, `no` and `on` are texts, and a key stands once."""

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        """Return a mapping, unless a key stands twice in it: one of the two would be lost without a word."""
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {str(key.value)!r} appears twice", key.start_mark
                )
            if isinstance(key.value, str) and key.value != "<<":
                seen.add(key.value)
        return super().construct_mapping(node, deep=deep)


Loader.yaml_implicit_resolvers = {
    first: [
        (tag, pattern) for tag, pattern in found if tag not in {"tag:yaml.org,2002:bool", "tag:yaml.org,2002:float"}
    ]
    for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false|True|False|TRUE|FALSE)$"), "tTfF")
Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(
        r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$|^[-+]?\.(?:inf|Inf|INF)$|^\.(?:nan|NaN|NAN)$"
    ),
    "-+.0123456789",
)


@dataclass
class SpecFile:
    """A spec, and on which line each of its values stands."""

    name: str
    spec: dict[str, Any]
    lines: dict[str, int] = field(default_factory=dict)

    def line(self, pointer: str) -> int | None:
        """Return the line of a pointer, or of what is nearest above it."""
        path = pointer.removeprefix("#").rstrip("/")
        while path:
            if path in self.lines:
                return self.lines[path]
            path = path.rpartition("/")[0]
        return None


def read(text: str, name: str) -> SpecFile:
    """Read a spec by the ending of its name; without one, by what it looks like.

    Raises: InvalidTable with line and column.
    """
    ending = Path(name).suffix.lower()
    if not text.strip():
        raise InvalidTable(f"{name} is empty. Write one: batchyard init rows.csv --target COLUMN")
    if ending == ".toml":
        return _checked(SpecFile(name, _toml(text, name), _toml_lines(text)))
    if ending == ".json" or (ending not in {".yaml", ".yml"} and text.lstrip().startswith("{")):
        return _checked(SpecFile(name, _json(text, name), _lines(text)))
    return _checked(SpecFile(name, _yaml(text, name), _lines(text)))


def value(text: str) -> Any:
    """Return what a YAML text says. It can make nothing but plain values.

    Raises: yaml.YAMLError.
    """
    return Loader(text).get_single_data()


def _checked(found: SpecFile) -> SpecFile:
    if not isinstance(found.spec, dict):
        kind = type(found.spec).__name__
        raise InvalidTable(f"{found.name} holds a {kind}; a spec is keys with values, such as `model: mlp`.")
    return found


def _json(text: str, name: str) -> Any:
    doubled = False

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal doubled
        doubled |= len(dict(pairs)) < len(pairs)
        return dict(pairs)

    try:
        found = json.loads(text, object_pairs_hook=once)
    except ValueError as error:
        line, column = getattr(error, "lineno", 1), getattr(error, "colno", 1)
        said = getattr(error, "msg", str(error))
        raise _malformed(name, "JSON", f"line {line}, column {column}", said) from error
    # JSON is YAML, too, and that reader knows where the second one stands.
    return _yaml(text, name) if doubled else found


def _yaml(text: str, name: str) -> Any:
    try:
        return value(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"line {mark.line + 1}, column {mark.column + 1}" if mark else "somewhere"
        raise _malformed(name, "YAML", place, str(error.problem or error.context)) from error
    except yaml.YAMLError as error:
        raise InvalidTable(f"{name} is not valid YAML: {error}.") from error


def _toml(text: str, name: str) -> Any:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        said, _, place = str(error).removesuffix(")").partition(" (at ")
        raise _malformed(name, "TOML", place or "its end", said) from error


def _malformed(name: str, kind: str, place: str, said: str) -> InvalidTable:
    """Return the error of a file that can't be read, with what to do."""
    todo = "Indent with spaces" if "'\\t'" in said else "Correct it there"
    return InvalidTable(f"{name} is not valid {kind} at {place}: {said}. {todo}, and submit it again.")


def _lines(text: str) -> dict[str, int]:
    """Return the line of each value by its pointer; JSON is read as the YAML that it is, too."""
    try:
        node = yaml.compose(text, yaml.SafeLoader)
    except yaml.YAMLError:
        return {}
    found: dict[str, int] = {}

    def walk(node: Any, path: str) -> None:
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                inner = f"{path}/{_escaped(str(key.value))}"
                found[inner] = key.start_mark.line + 1
                walk(value, inner)
        elif isinstance(node, yaml.SequenceNode):
            for n, value in enumerate(node.value):
                found[f"{path}/{n}"] = value.start_mark.line + 1
                walk(value, f"{path}/{n}")

    walk(node, "")
    return found


def _toml_lines(text: str) -> dict[str, int]:
    found: dict[str, int] = {}
    table = ""
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*\[([^\[\]]+)\]\s*(?:#.*)?$", line):
            table = _dotted(header[1])
            found.setdefault(table, number)
        elif key := re.match(r"""\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=""", line):
            found.setdefault(table + _dotted(key[1]), number)
            for inner in re.finditer(r"[{,]\s*([\w-]+)\s*=", line):
                found.setdefault(f"{table}{_dotted(key[1])}/{_escaped(inner[1])}", number)
    return found


def _dotted(words: str) -> str:
    parts = re.findall(r"""[\w-]+|"[^"]*"|'[^']*'""", words)
    return "".join(f"/{_escaped(part.strip(chr(34) + chr(39)))}" for part in parts)


def _escaped(word: str) -> str:
    return word.replace("~", "~0").replace("/", "~1")
