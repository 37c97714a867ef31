"""Writes the builders of the client from the catalog: nets, optimizers, losses, schedulers, layers."""

import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

from services.specs.schema.catalog import catalog

ROOT = Path(__file__).parents[1]
HEAD = '''"""{doc}"""
# Generated from the catalog by `make client`: change services/specs/schema.

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

from batchyard.builder import UNSAID, builder
'''
TYPES = {
    "string": "str",
    "number": "float",
    "integer": "int",
    "boolean": "bool",
    "object": "dict[str, Any]",
    "null": "None",
}
#: The file of each kind, and what is in it.
FILES = {
    "models": ("nets", "Neural nets with typed arguments; what you leave out is left to the server."),
    "optimizers": ("optimizers", "Optimizers with typed arguments; what you leave out is left to the server."),
    "losses": ("losses", "Losses with typed arguments; what you leave out is left to the server."),
    "schedulers": ("schedulers", "Schedules of the step size with typed arguments."),
    "layers": ("layers", "Layers with typed arguments, for `batchyard.Layers`."),
}


def generated() -> dict[Path, str]:
    """Return the text of each file by its path."""
    found = catalog()
    return {
        ROOT / "batchyard" / f"{name}.py": _formatted(f"{name}.py", doc, found[kind])
        for kind, (name, doc) in FILES.items()
    }


def names() -> dict[str, str]:
    """Return the builders that `import batchyard` offers, and the file of each; layers have names of their own."""
    found = catalog()
    kinds = {kind: name for kind, (name, _) in FILES.items() if kind != "layers"}
    return {entry["title"]: name for kind, name in kinds.items() for entry in found[kind]}


def _formatted(name: str, doc: str, entries: list[dict[str, Any]]) -> str:
    text = HEAD.format(doc=doc) + "".join(_class(entry) for entry in entries)
    path = str(ROOT / "batchyard" / name)
    for command in (["check", "--fix-only", "--select", "I,F401", "-q"], ["format", "-q"]):
        ruff = [sys.executable, "-m", "ruff", *command, "--stdin-filename", path, "-"]
        text = subprocess.run(ruff, input=text, text=True, capture_output=True, check=True, cwd=ROOT).stdout
    return text


def _class(entry: dict[str, Any]) -> str:
    # What must be said stands first, so that it can be said without its name.
    parameters = sorted(entry["parameters"], key=lambda parameter: not parameter.get("required"))
    lines = [f'    type: ClassVar[str] = "{entry["type"]}"']
    for parameter in parameters:
        default = "" if parameter.get("required") else " = UNSAID"
        words = textwrap.wrap(parameter["doc"], 110)
        lines += [f"    #: {line}" for line in words]
        lines.append(f"    {parameter['name']}: {_type(parameter)}{default}")
    title = entry["title"].removesuffix("Layer")
    doc = entry["doc"].splitlines()[0] if entry["doc"] else title
    return f'\n\n@builder\nclass {title}:\n    """{doc}"""\n\n' + "\n".join(lines) + "\n"


def _type(parameter: dict[str, Any]) -> str:
    if "choices" in parameter:
        return f"Literal[{', '.join(map(repr, parameter['choices']))}]"
    items = TYPES.get(parameter.get("items", {}).get("type", ""), "Any")
    kinds = parameter["type"].split(" or ")
    return " | ".join(f"Sequence[{items}]" if kind == "array" else TYPES[kind] for kind in kinds)


def main() -> None:
    """Write every file."""
    for path, text in generated().items():
        path.write_text(text)


if __name__ == "__main__":
    main()
