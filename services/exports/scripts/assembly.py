"""One script out of functions and classes that stand in several files: their own source, and that of all they use.

So what a bundle runs is what is tested here, and the script imports nothing of ours.
"""

import ast
import importlib.util
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

OURS = "services."


@dataclass(frozen=True)
class Module:
    """A file's lines, and the statement that gives each of its names."""

    name: str
    lines: list[str]
    given: dict[str, ast.stmt]


@dataclass
class Assembly:
    """What a script consists of so far: each definition after those that it uses."""

    imports: dict[str, set[str]] = field(default_factory=dict)  #: names by module; the empty name: the module itself
    constants: list[str] = field(default_factory=list)
    definitions: list[str] = field(default_factory=list)
    seen: dict[str, str] = field(default_factory=dict)  #: where each name comes from

    def add(self, module: str, name: str) -> None:
        """Add what a module calls so, and all that it uses.

        Raises: ValueError when the script has something else of this name.
        """
        home = _module(module)
        statement = home.given.get(name)
        if statement is None:
            return  # of Python's own
        if isinstance(statement, ast.ImportFrom) and str(statement.module).startswith(OURS):
            self.add(str(statement.module), name)
            return
        imported = isinstance(statement, ast.Import | ast.ImportFrom)
        if self.seen.get(name, module) != module and not imported:
            raise ValueError(f"{name} stands in {self.seen[name]} and in {module}")
        if name in self.seen:
            return
        self.seen[name] = module
        if isinstance(statement, ast.Import | ast.ImportFrom):
            self._import(statement, name)
            return
        for used in _names(statement):
            if used != name:
                self.add(module, used)
        text = "\n".join(home.lines[_first_line(statement) - 1 : statement.end_lineno])
        (self.constants if isinstance(statement, ast.Assign | ast.AnnAssign) else self.definitions).append(text)

    def add_for(self, text: str, homes: list[str]) -> None:
        """Add what a text of the script's own uses, each name from the first of some modules that has it."""
        for name in (name for statement in ast.parse(text).body for name in _names(statement)):
            home = next((home for home in homes if name in _module(home).given), None)
            if home is not None:
                self.add(home, name)

    def script(self, docstring: str, constants: list[str], definitions: list[str]) -> str:
        """Return the whole script; `constants` and `definitions` of its own come after those that were added."""
        parts = [f'"""{docstring.rstrip()}\n"""', *self._import_lines()]
        body = ["\n".join([*self.constants, *constants]), *self.definitions, *definitions]
        return "\n\n".join(parts) + "\n\n" + "\n\n\n".join(part for part in body if part) + "\n"

    def _import(self, statement: ast.Import | ast.ImportFrom, name: str) -> None:
        for alias in statement.names:
            if (alias.asname or alias.name) == name:
                said = f"{alias.name} as {alias.asname}" if alias.asname else alias.name
                if isinstance(statement, ast.Import):
                    self.imports.setdefault(said, set()).add("")
                else:
                    self.imports.setdefault(str(statement.module), set()).add(said)

    def _import_lines(self) -> list[str]:
        """Return two blocks of imports: the standard library's, and those of NumPy and torch."""
        blocks: tuple[list[str], list[str]] = ([], [])
        for module in sorted(self.imports, key=lambda name: (self.imports[name] != {""}, name)):
            names = sorted(self.imports[module] - {""}, key=lambda name: (name[0].islower(), name))
            block = blocks[module.split(".")[0].split(" ")[0] in {"numpy", "torch"}]
            if "" in self.imports[module]:
                block.append(f"import {module}")
            if names:
                block.append(f"from {module} import {', '.join(names)}")
        return ["\n".join(block) for block in blocks if block]


@cache
def _module(name: str) -> Module:
    found = importlib.util.find_spec(name)
    text = Path(str(found.origin if found else name)).read_text(encoding="utf-8")
    given: dict[str, ast.stmt] = {}
    for statement in ast.parse(text).body:
        for one in _given(statement):
            given[one] = statement
    return Module(name, text.splitlines(), given)


def _given(statement: ast.stmt) -> list[str]:
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        return [statement.name]
    if isinstance(statement, ast.Assign):
        return [target.id for target in statement.targets if isinstance(target, ast.Name)]
    if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
        return [statement.target.id]
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return [alias.asname or alias.name for alias in statement.names]
    return []


def _names(statement: ast.stmt) -> list[str]:
    """Return the names that a statement reads and does not give itself, in the order of the text."""
    names = [node for node in ast.walk(statement) if isinstance(node, ast.Name)]
    own = {node.id for node in names if not isinstance(node.ctx, ast.Load)}
    own |= {node.arg for node in ast.walk(statement) if isinstance(node, ast.arg)}
    read = sorted((node for node in names if node.id not in own), key=lambda node: (node.lineno, node.col_offset))
    return [node.id for node in read]


def _first_line(statement: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
    return min([statement.lineno, *(decorator.lineno for decorator in decorators)])
