"""Where predictions go, and in which format: a file is there only when it is whole."""

import csv
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Protocol

from batchyard.answers import Predicted
from batchyard.commands import session
from batchyard.errors import InvalidTable

#: By the ending of a file; the first format is what is written where nothing is said.
ENDINGS = {".csv": "csv", ".json": "json", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet"}
FORMATS = tuple(dict.fromkeys(ENDINGS.values()))


class Writer(Protocol):
    """Takes predictions piece by piece."""

    def write(self, found: Predicted) -> None:
        """Write one piece."""

    def end(self) -> None:
        """Write what stands at the end."""


class CsvWriter:
    """CSV whose first column is `prediction`."""

    def __init__(self, file: IO[str], *, proba: bool) -> None:
        self.file, self.proba = file, proba
        self.lines = csv.writer(file, lineterminator="\n")
        self.is_first = True

    def write(self, found: Predicted) -> None:
        """Write one piece; above the first, the names of the columns."""
        if self.is_first:
            self.lines.writerow(_header(found, self.proba))
            self.is_first = False
        for n, value in enumerate(found.predictions):
            shares = found.probabilities[n] if self.proba and found.probabilities else []
            self.lines.writerow([*(value if isinstance(value, list) else [value]), *shares])
        self.file.flush()

    def end(self) -> None:
        """Write nothing."""


class JsonWriter:
    """JSON: a line a row, or all rows as one list."""

    def __init__(self, file: IO[str], *, proba: bool, as_lines: bool) -> None:
        self.file, self.proba, self.as_lines = file, proba, as_lines
        self.is_first = True

    def write(self, found: Predicted) -> None:
        """Write one piece."""
        for n, value in enumerate(found.predictions):
            row: dict[str, Any] = {"prediction": value}
            if self.proba and found.probabilities:
                row["probabilities"] = dict(zip(map(str, found.classes or []), found.probabilities[n], strict=False))
            before = "" if self.as_lines else "[\n" if self.is_first else ",\n"
            self.file.write(f"{before}{json.dumps(row, ensure_ascii=False)}{chr(10) if self.as_lines else ''}")
            self.is_first = False
        self.file.flush()

    def end(self) -> None:
        """Close the list."""
        if not self.as_lines:
            self.file.write("[]\n" if self.is_first else "\n]\n")


def format_of(said: str | None, output: str | None, *, by_json: str = "jsonl") -> str:
    """Return the format that is asked for, `by_json` with --json, the one of the file's ending, or CSV."""
    if said:
        return said
    if session.wants_json():
        return by_json
    return ENDINGS.get(Path(output).suffix.lower(), "csv") if output else "csv"


@contextmanager
def text_writer(output: str | None, kind: str, *, proba: bool) -> Iterator[Writer]:
    """Open where CSV or JSON goes."""
    with _file(output, "w") as file:
        writer: Writer = (
            CsvWriter(file, proba=proba) if kind == "csv" else JsonWriter(file, proba=proba, as_lines=kind == "jsonl")
        )
        yield writer
        writer.end()


def write_bytes(output: str | None, content: bytes) -> None:
    """Write a file that is no text.

    Raises: InvalidTable where it would go to a terminal.
    """
    if output is None:
        if sys.stdout.isatty():
            raise InvalidTable(
                "Parquet is binary and is not written to a terminal. Name a file: -o predictions.parquet"
            )
        stream = sys.stdout.buffer
        stream.write(content)
        stream.flush()
        return
    with _file(output, "wb") as file:
        file.write(content)


def write_text(output: str | None, text: str) -> None:
    """Write a text that is whole."""
    with _file(output, "w") as file:
        file.write(text)


@contextmanager
def _file(output: str | None, mode: str) -> Iterator[Any]:
    if output is None:
        yield sys.stdout
        return
    target = Path(output)
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with open(draft, mode, newline="" if mode == "w" else None) as file:
            yield file
        draft.replace(target)
        session.say(f"✓ {output}")
    finally:
        draft.unlink(missing_ok=True)


def _header(found: Predicted, proba: bool) -> list[str]:
    first = found.predictions[0]
    names = [f"prediction{n}" for n in range(len(first))] if isinstance(first, list) else ["prediction"]
    return names + [f"p_{label}" for label in found.classes or []] if proba else names
