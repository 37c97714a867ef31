"""Writes the pages of docs/reference that follow from the code: settings, errors, states, the catalog."""

from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

from api.problems import STATUS
from docs import command_reference, http_reference, spec_reference
from services.errors import BatchyardError
from services.settings import PREFIX, Settings
from services.specs.schema.catalog import catalog
from services.states import ALLOWED, FINAL, MOVES, JobState

REFERENCE = Path(__file__).parent / "reference"


def main() -> None:
    """Write every page."""
    for name, text in pages().items():
        (REFERENCE / name).write_text(text)


def pages() -> dict[str, str]:
    """Return the text of each generated page by its file name."""
    return {"settings.md": settings(), "errors.md": errors(), "states.md": states(), "catalog.md": names()} | {
        "command.md": command_reference.page(),
        "spec.md": spec_reference.page(),
        "http.md": http_reference.page(),
    }


def settings() -> str:
    """Return a table of every setting."""
    lines = ["# Settings", "", "Environment variables. `<NAME>_FILE` can name a file that contains the value.", ""]
    lines += ["| variable | default | what it does |", "|---|---|---|"]
    for known in fields(Settings):
        default = f"`{known.default}`" if str(known.default) else "empty"
        lines.append(f"| `{PREFIX}{known.name.upper()}` | {default} | {known.metadata['help']} |")
    return "\n".join(lines) + "\n"


def errors() -> str:
    """Return a table of every error that we raise on purpose."""
    lines = [
        "# Errors",
        "",
        "An error is answered as `application/problem+json` (RFC 9457) with one of these codes.",
        "",
    ]
    lines += ["| code | status | means |", "|---|---|---|"]
    known = {kind.code: kind for kind in reversed(kinds(BatchyardError))}
    for code, kind in sorted(known.items()):
        lines.append(f"| `{code}` | {STATUS.get(code, 'in a job')} | {kind.title()} |")
    return "\n".join(lines) + "\n"


def kinds(kind: type[BatchyardError]) -> list[type[BatchyardError]]:
    """Return a class of errors and all below it."""
    return [kind, *(below for child in kind.__subclasses__() for below in kinds(child))]


def states() -> str:
    """Return the states of a job and the moves between them, as a diagram and as a table."""
    lines = ["# The states of a job", "", "```mermaid", "stateDiagram-v2", "    [*] --> queued"]
    lines += [f"    {state} --> {move}" for state, moves in MOVES.items() for move in sorted(moves)]
    lines += [f"    {state} --> [*]" for state in sorted(FINAL)]
    lines += ["```", "", "| status | next state | what you can ask for |", "|---|---|---|"]
    for status, allowed in ALLOWED.items():
        moves = sorted(MOVES[JobState(status)]) if status in set(JobState) else ()
        lines.append(f"| `{status}` | {_listed(moves)} | {_listed(allowed)} |")
    lines += [
        "",
        "A running job shows as `pausing` or `cancelling` from the moment you ask until its trainer has stopped, and",
        "moves on from there as a running job does.",
    ]
    return "\n".join(lines) + "\n"


def _listed(words: Sequence[str]) -> str:
    return ", ".join(f"`{word}`" for word in words) or "–"


def names() -> str:
    """Return every name that a spec can use, with its parameters."""
    lines = ["# What a spec can name", ""]
    for kind, entries in catalog().items():
        lines += [f"## {kind}", ""]
        for entry in entries:
            lines.append(f"- `{entry['type']}`" + (f": {entry['doc']}" if entry.get("doc") else ""))
            for parameter in entry.get("parameters", []):
                default = f", default `{parameter['default']}`" if "default" in parameter else ""
                lines.append(f"    - `{parameter['name']}` ({parameter['type']}{default}): {parameter['doc']}")
        lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
